package bedrock_test

import (
	"testing"

	"weir/lib/fault"
	"weir/lib/provider/upstream/bedrock"
)

// What cannot be a model's name is not asked for: it would be a part of the path
// that is signed.
func TestNamesThatAreNoModels(t *testing.T) {
	environment(t)
	b, base := fake(t)
	for _, name := range []string{"", ".", "..", "a/../b", "/a", "a/", "a\nb", "a b", "a%2Fb", "a?b", "a#b", "é", "a\x00"} {
		_, err := transport(t).Send(t.Context(), target(base, name), outbound(bedrock.PathConverse, question), false)
		if fault.KindOf(err) != fault.TargetMissing {
			t.Errorf("%q: %v", name, err)
		}
	}
	if n := len(b.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
	for _, name := range []string{"arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2", "us.amazon.nova-pro-v1:0:300k", "imported_model"} {
		reply, err := transport(t).Send(t.Context(), target(base, name), outbound(bedrock.PathConverse, question), false)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		reply.Body.Close()
	}
	if n := len(b.Requests()); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

package anthropic_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/llm"
)

// Headers that choose an account at the vendor are never sent on, and told as
// lost.
func TestHeadersOfAccountsAreLost(t *testing.T) {
	in := llm.Inbound{
		Raw:    []byte(`{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}]}`),
		Header: http.Header{"Anthropic-Workspace-Id": {"wrkspc_1"}, "Anthropic-User-Profile-Id": {"p"}, "Anthropic-Version": {"2026-10-21"}},
	}
	req, err := anthropic.Front{}.Decode(llm.OpChat, in)
	if err != nil {
		t.Fatal(err)
	}
	var lost []string
	for _, l := range req.Loss {
		lost = append(lost, l.Field)
	}
	if diff := cmp.Diff([]string{"anthropic-user-profile-id", "anthropic-workspace-id"}, lost); diff != "" {
		t.Error(diff)
	}
	out, _, err := anthropic.Back{}.Relay(llm.OpChat, in, req, dialect.Target{Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	want := http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}, "Anthropic-Version": {"2026-10-21"}}
	if diff := cmp.Diff(want, out.Header); diff != "" {
		t.Error(diff)
	}
}

package sdktest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/testkit/fakeprovider"
)

// oddly is a good answer as a vendor might write it: odd spaces and numbers,
// escapes, an unknown member, members in another order.
const oddly = "{ \"usage\" : {\"prompt_tokens\":7,\"completion_tokens\" :2,\"total_tokens\":9, \"vendor_seconds\": 1.50e-3 },\n" +
	"  \"model\":\"gpt-4o\",\"created\":1795514700, \"id\":\"chatcmpl-odd\",\"object\":\"chat.completion\",\n" +
	"  \"choices\":[ {\"finish_reason\":\"stop\",\"message\":{\"content\":\"Gr\\u00fc\\u00dfe \\ud83c\\udf0a \\/\",\"role\":\"assistant\"},\"index\":0} ] ,\"vendor\":{\"a\":[1,null,\"\\u2028\"]} }  \n"

// oddStream is the same as a stream, with all that an event stream may have
// beside its payloads.
const oddStream = "\ufeff: hello\r\n\r\n" +
	"id: 1\r\nevent: message\r\nretry: 10\r\ndata: { \"id\":\"chatcmpl-odd\",\"object\":\"chat.completion.chunk\",\"created\":1795514700,\"model\":\"gpt-4o\", \"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}] }\r\n\r\n" +
	": PROCESSING\n\n" +
	"data:{\"id\":\"chatcmpl-odd\",\"object\":\"chat.completion.chunk\",\"created\":1795514700,\"model\":\"gpt-4o\",\"vendor\":1.50e-3,\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Gr\\u00fc\\u00dfe \\ud83c\\udf0a \\/\"},\"finish_reason\":null}]}\n\n" +
	"id: 2\ndata: {\"id\":\"chatcmpl-odd\",\"object\":\"chat.completion.chunk\",\"created\":1795514700,\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n" +
	"data: {\"id\":\"chatcmpl-odd\",\"object\":\"chat.completion.chunk\",\"created\":1795514700,\"model\":\"gpt-4o\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,\"total_tokens\":9}}\n\n" +
	"data: [DONE]\n\n"

// The application gets the provider's own bytes: a whole body as it is, and of
// a stream every payload as it is. The framing is the gateway's, because
// version 1 ends a stream at an id or a comment with a blank line behind it.
func TestRelayIsByteForByte(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	s.p.Model("oddly", fakeprovider.Answer{Body: oddly, ContentType: "application/json; charset=utf-8"})
	s.p.Model("odd-stream", fakeprovider.Answer{Body: oddStream, ContentType: "text/event-stream; charset=utf-8"})
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		got := turn(t, via, ask1("p/oddly", "hi"), false)
		if got.Choices[0].Content != "Grüße \U0001F30A /" || got.Usage.Total != 9 || got.ID != "chatcmpl-odd" {
			t.Errorf("%+v", got)
		}
		if via.last().body.String() != oddly || s.wire.received() != oddly {
			t.Errorf("got %q\nwant %q", via.last().body, oddly)
		}
		wantRow(t, s, via)

		a := ask1("p/odd-stream", "hi")
		a.usage = true
		in := via.stream(t.Context(), a, nil)
		if in.err != nil || in.refused || in.Choices[0].Content != "Grüße \U0001F30A /" || in.Usage.Total != 9 || len(in.chunks) != 4 {
			t.Errorf("%+v", in)
		}
		if diff := cmp.Diff(payloads(oddStream), via.last().payloads()); diff != "" {
			t.Errorf("(-provider +application):\n%s", diff)
		}
		for line := range strings.SplitSeq(via.last().body.String(), "\n") {
			if line != "" && !strings.HasPrefix(line, "data: ") {
				t.Errorf("line %q", line)
			}
		}
		wantRow(t, s, via)

		a.usage = false // the last chunk but [DONE] is now only the gateway's
		in = via.stream(t.Context(), a, nil)
		all := payloads(oddStream)
		if diff := cmp.Diff(append(all[:3:3], all[4]), via.last().payloads()); diff != "" || in.err != nil {
			t.Errorf("%v (-provider +application):\n%s", in.err, diff)
		}
		wantRow(t, s, via)
	})
}

func wantRow(t *testing.T, s *stage, via caller) {
	t.Helper()
	if row := s.row(via); row.Usage.Input != 7 || row.Usage.Output != 2 || row.UsageSource != "provider" {
		t.Errorf("row %+v", row)
	}
}

// The same for the provider's own answers, of every kind.
func TestRelayOfGoodAnswers(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		for name, a := range good() {
			turn(t, via, through(a), false)
			if via.last().body.String() != s.wire.received() || s.wire.received() == "" {
				t.Errorf("%s: got %q\nwant %q", name, via.last().body, s.wire.received())
			}
			a.usage = true
			turn(t, via, through(a), true)
			if diff := cmp.Diff(payloads(s.wire.received()), via.last().payloads()); diff != "" {
				t.Errorf("%s, streamed (-provider +application):\n%s", name, diff)
			}
		}
	})
}

// Version 1 alone cannot read a stream with comments as OpenRouter sends them;
// through the gateway both versions can.
func TestCommentsInTheProvidersStream(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		want := turn(t, s.via(v), ask1("p/gpt-4o", "How deep is the weir?"), true)
		got := turn(t, s.via(v), ask1("p/comments", "How deep is the weir?"), true)
		if diff := cmp.Diff(text(want), text(got)); diff != "" {
			t.Errorf("(-without +with comments):\n%s", diff)
		}
	})
}

package gateway_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What of an answer cannot be said in the caller's dialect is in the row, and
// in no header; who speaks the provider's dialect loses nothing.
func TestLossesOfAnAnswerAreInTheRow(t *testing.T) {
	const (
		chunk = `{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"hi"},"logprobs":{"content":[]},"finish_reason":"stop"}]}`
		usage = `{"id":"c","object":"chat.completion.chunk","model":"m","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}`
		whole = `{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"logprobs":{"content":[]},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}`
	)
	for path, want := range map[string][]string{chatPath: nil, messagesPath: {"logprobs"}} {
		for _, stream := range []bool{true, false} {
			r, c := withCanned(t)
			if c.answer(wholeType, whole); stream {
				c.answer(sseType, sseOf(false, chunk, usage, "[DONE]"))
			}
			a := r.Must(path, chats[path]("o", stream))
			row := r.Row(a.CallID())
			var got []string
			for _, l := range row.Losses {
				got = append(got, l.Field)
			}
			if diff := cmp.Diff(want, got); diff != "" || a.Status != 200 || a.Header.Get("X-Weir-Loss") != "" {
				t.Errorf("%s, streamed %v: status %d, header %q, losses -want +got:\n%s", path, stream, a.Status, a.Header.Get("X-Weir-Loss"), diff)
			}
		}
	}
}

package openaichat_test

import (
	"fmt"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/openaichat"
	"weir/lib/llm"
)

// A model that refuses max_tokens is sent the newer word, others what the
// caller wrote.
func TestRelayedMaxTokens(t *testing.T) {
	for _, tt := range []struct{ model, limit, want string }{
		{"o4-mini", `"max_tokens":7`, `"max_completion_tokens":7`},
		{"openai/gpt-5.4-mini", `"max_tokens":7`, `"max_completion_tokens":7`},
		{"gpt-10", `"max_tokens":7`, `"max_completion_tokens":7`},
		{"o4-mini", `"max_tokens":null`, `"max_tokens":null`},
		{"o4-mini", `"max_tokens":7,"max_completion_tokens":8`, `"max_tokens":7,"max_completion_tokens":8`},
		{"gpt-4o", `"max_tokens":7`, `"max_tokens":7`},
		{"gpt-oss-20b", `"max_tokens":7`, `"max_tokens":7`},
		{"solo1-7b", `"max_tokens":7`, `"max_tokens":7`},
	} {
		body := `{"model":"` + tt.model + `",%s,"messages":[{"role":"user","content":"hi"}]}`
		in := llm.Inbound{Raw: fmt.Appendf(nil, body, tt.limit)}
		req, err := openaichat.Front{}.Decode(llm.OpChat, in)
		if err != nil {
			t.Fatal(err)
		}
		out, losses, err := openaichat.Back{}.Relay(llm.OpChat, in, req, dialect.Target{Model: tt.model})
		if want := fmt.Sprintf(body, tt.want); err != nil || string(out.Body) != want || len(losses) > 0 {
			t.Errorf("%s, %s: %s, losses %v, %v; want %s", tt.model, tt.limit, out.Body, losses, err, want)
		}
	}
}

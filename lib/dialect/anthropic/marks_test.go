package anthropic_test

import (
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/llm"
)

// A host that refuses parts of cache marks, and marks at the top, gets marks on
// blocks that it takes.
func TestRelayedMarks(t *testing.T) {
	const (
		haiku  = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
		sonnet = "us.anthropic.claude-sonnet-4-20250514-v1:0"
		mark   = `"cache_control":{"type":"ephemeral"}`
	)
	for _, tt := range []struct{ name, model, before, after, loss string }{
		{
			name: "a string", model: haiku,
			before: `"cache_control":{"type":"ephemeral"},"messages":[{"role":"user","content":"h\u0069"}]`,
			after:  `"messages":[{"role":"user","content":[{"type":"text","text":"h\u0069",` + mark + `}]}]`,
		},
		{
			name: "the last block", model: haiku,
			before: `"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"tool_result","tool_use_id":"t","content":"r"},{"type":"text","text":" "}]}],"cache_control":{"type":"ephemeral","ttl":"1h","scope":"global"}`,
			after:  `"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"tool_result","tool_use_id":"t","content":"r","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":" "}]}]`,
		},
		{
			name: "a mark that is there", model: haiku,
			before: `"cache_control":{"type":"ephemeral"},"messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]`,
			after:  `"messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]`,
		},
		{
			name: "before a prefill", model: sonnet,
			before: `"cache_control":{"type":"ephemeral","ttl":"5m"},"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]`,
			after:  `"messages":[{"role":"user","content":[{"type":"text","text":"a",` + mark + `}]},{"role":"assistant","content":"b"}]`,
		},
		{
			name: "nothing", model: haiku,
			before: `"cache_control":null,"messages":[{"role":"user","content":"a"}]`,
			after:  `"messages":[{"role":"user","content":"a"}]`,
		},
		{
			name: "an hour at the top", model: sonnet, loss: "cache_control.ttl",
			before: `"cache_control":{"type":"ephemeral","ttl":"1h"},"messages":[{"role":"user","content":"a"}]`,
			after:  `"messages":[{"role":"user","content":[{"type":"text","text":"a",` + mark + `}]}]`,
		},
		{
			name: "scopes", model: haiku,
			before: `"tools":[{"name":"f","cache_control":{"type":"ephemeral","scope":"global"},"input_schema":{"type":"object"}}],"system":[{"type":"text","text":"s","cache_control":{"scope":"global","type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"r","cache_control":{"type":"ephemeral","scope":"global"}}]}]}]`,
			after:  `"tools":[{"name":"f",` + mark + `,"input_schema":{"type":"object"}}],"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"r",` + mark + `}]}]}]`,
		},
		{
			name: "lives", model: sonnet, loss: "system[0].cache_control.ttl",
			before: `"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"5m"}}]}]`,
			after:  `"system":[{"type":"text","text":"s",` + mark + `}],"messages":[{"role":"user","content":[{"type":"text","text":"a",` + mark + `}]}]`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw := `{"model":"claude","max_tokens":5,` + tt.before + `}`
			in := llm.Inbound{Raw: []byte(raw)}
			req, err := anthropic.Front{}.Decode(llm.OpChat, in)
			if err != nil {
				t.Fatal(err)
			}
			out, losses, err := anthropic.Back{}.Relay(llm.OpChat, in, req, dialect.Target{Model: tt.model, Quirks: dialect.Quirks{VersionInBody: "v"}})
			if want := `{"max_tokens":5,` + tt.after + `,"anthropic_version":"v"}`; err != nil || string(out.Body) != want {
				t.Errorf("%s, %v; want %s", out.Body, err, want)
			}
			var loss string
			for _, l := range losses {
				loss += l.Field
			}
			if loss != tt.loss {
				t.Errorf("lost %q, not %q", loss, tt.loss)
			}
			own, _, err := anthropic.Back{}.Relay(llm.OpChat, in, req, dialect.Target{Model: "claude"})
			if err != nil || string(own.Body) != raw {
				t.Errorf("the vendor itself: %s, %v", own.Body, err)
			}
		})
	}
}

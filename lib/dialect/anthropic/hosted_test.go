package anthropic_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/llm"
)

// A host that refuses hints is not sent them, and told the format by its newer
// name.
func TestRelayedHints(t *testing.T) {
	const schema = `{"type":"json_schema","schema":{"type":"object","properties":{}}}`
	for _, tt := range []struct{ before, after, loss string }{
		{`"speed":"standard",`, ``, ""},
		{`"speed":"fast",`, ``, "speed"},
		{`"speed":null,`, ``, ""},
		{`"diagnostics":{"previous_message_id":null},`, ``, "diagnostics"},
		{`"output_format":` + schema + `,`, `,"output_config":{"format":` + schema + `}`, ""},
		{`"output_format":null,`, ``, ""},
	} {
		rest := `"max_tokens":5,"messages":[{"role":"user","content":"hi"}]`
		raw := `{"model":"claude",` + tt.before + rest + `}`
		in := llm.Inbound{Raw: []byte(raw)}
		req, err := anthropic.Front{}.Decode(llm.OpChat, in)
		if err != nil {
			t.Fatal(err)
		}
		target := dialect.Target{Model: "m", Quirks: dialect.Quirks{VersionInBody: "v"}}
		out, losses, err := anthropic.Back{}.Relay(llm.OpChat, in, req, target)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{rest, strings.TrimPrefix(tt.after, ","), `"anthropic_version":"v"`} {
			if !strings.Contains(string(out.Body), part) {
				t.Errorf("%s: %s lacks %s", tt.before, out.Body, part)
			}
		}
		if want := len(`{` + rest + tt.after + `,"anthropic_version":"v"}`); len(out.Body) != want {
			t.Errorf("%s: %s has more", tt.before, out.Body)
		}
		if lost := fmt.Sprint(losses); (tt.loss == "") != (len(losses) == 0) || !strings.Contains(lost, tt.loss) {
			t.Errorf("%s: lost %s", tt.before, lost)
		}
		target.Strict = true
		if _, _, err := (anthropic.Back{}).Relay(llm.OpChat, in, req, target); (err != nil) != (tt.loss != "") {
			t.Errorf("%s, strict: %v", tt.before, err)
		}
	}
	in := llm.Inbound{Raw: []byte(`{"model":"claude","max_tokens":5,"output_config":{"effort":"low"},"output_format":` + schema + `,"messages":[{"role":"user","content":"hi"}]}`)}
	out, _, err := anthropic.Back{}.Relay(llm.OpChat, in, &llm.Request{}, dialect.Target{Model: "m", Quirks: dialect.Quirks{VersionInBody: "v"}})
	if want := `"output_config":{"effort":"low","format":` + schema + `}`; err != nil || !strings.Contains(string(out.Body), want) {
		t.Errorf("%s, %v; want %s", out.Body, err, want)
	}
}

// Strict tools go to the models that have them on Bedrock.
func TestRelayedStrictTools(t *testing.T) {
	const tools = `"tools":[{"name":"f","strict":true,"input_schema":{"type":"object"}},{"name":"g","strict":false,"input_schema":{"type":"object"}}]`
	const loose = `"tools":[{"name":"f","input_schema":{"type":"object"}},{"name":"g","input_schema":{"type":"object"}}]`
	for model, want := range map[string]string{
		"us.anthropic.claude-sonnet-4-5-20250929-v1:0":                             tools,
		"anthropic.claude-opus-4-6-v1":                                             tools,
		"us.anthropic.claude-opus-4-7":                                             loose,
		"global.anthropic.claude-opus-5-5":                                         loose,
		"us.anthropic.claude-sonnet-4-20250514-v1:0":                               loose,
		"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc": tools,
	} {
		in := llm.Inbound{Raw: []byte(`{"model":"claude",` + tools + `,"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}`)}
		req, err := anthropic.Front{}.Decode(llm.OpChat, in)
		if err != nil {
			t.Fatal(err)
		}
		target := dialect.Target{Model: model, Quirks: dialect.Quirks{VersionInBody: "v"}}
		out, losses, err := anthropic.Back{}.Relay(llm.OpChat, in, req, target)
		if err != nil || !strings.Contains(string(out.Body), want) {
			t.Errorf("%s: %s, %v", model, out.Body, err)
		}
		lost := ""
		for _, l := range losses {
			lost += l.Field
		}
		if wanted := map[string]string{tools: "", loose: "tools[0].strict"}[want]; lost != wanted {
			t.Errorf("%s: lost %q, not %q", model, lost, wanted)
		}
		target.Strict = true
		if _, _, err := (anthropic.Back{}).Relay(llm.OpChat, in, req, target); (err != nil) != (want == loose) {
			t.Errorf("%s, strict: %v", model, err)
		}
	}
}

// What a tool has for all at Anthropic asks for a beta where it is one.
func TestRelayedToolBetas(t *testing.T) {
	for _, tt := range []struct{ tools, asked, want string }{
		{`{"name":"f","input_schema":{"type":"object"}}`, "", ``},
		{`{"name":"f","defer_loading":false,"input_schema":{"type":"object"}}`, "", ``},
		{`{"type":"tool_search_tool_bm25_20251119","name":"tool_search_tool_bm25"},{"name":"f","defer_loading":true,"input_schema":{"type":"object"}}`, "", `"tool-search-tool-2025-10-19"`},
		{`{"name":"f","defer_loading":true,"input_schema":{"type":"object"}}`, "advanced-tool-use-2025-11-20", `"tool-search-tool-2025-10-19"`},
		{`{"name":"f","input_examples":[{"a":1}],"input_schema":{"type":"object"}},{"type":"memory_20250818","name":"memory"}`, "compact-2026-01-12", `"compact-2026-01-12","context-management-2025-06-27","tool-examples-2025-10-29"`},
	} {
		in := llm.Inbound{Header: http.Header{}, Raw: []byte(`{"model":"claude","max_tokens":5,"messages":[{"role":"user","content":"hi"}],"tools":[` + tt.tools + `]}`)}
		if tt.asked != "" {
			in.Header.Set("anthropic-beta", tt.asked)
		}
		req, err := anthropic.Front{}.Decode(llm.OpChat, in)
		if err != nil {
			t.Fatal(err)
		}
		out, losses, err := anthropic.Back{}.Relay(llm.OpChat, in, req, dialect.Target{Model: "us.anthropic.claude-sonnet-4-6", Quirks: dialect.Quirks{VersionInBody: "v"}})
		want := `"anthropic_version":"v"}`
		if tt.want != "" {
			want = `"anthropic_version":"v","anthropic_beta":[` + tt.want + `]}`
		}
		if err != nil || !strings.HasSuffix(string(out.Body), `"tools":[`+tt.tools+`],`+want) || len(losses) > 0 {
			t.Errorf("%s: %s, lost %v, %v; want %s", tt.tools, out.Body, losses, err, want)
		}
	}
}

package sdktest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"weir/lib/testkit/fakeprovider"
)

// members are the parts of a chat request that the SDKs can write, as JSON, and
// that other tests do not use.
func members() map[string]string {
	const (
		said = `"messages":[{"role":"user","content":"hi"},`
		tool = `"tools":[{"type":"custom","custom":{"name":"sql","description":"d","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: \"a\""}}}},` +
			`{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}},"strict":true}}]`
	)
	return map[string]string{
		"sampling":          `"temperature":0.70,"top_p":1.0,"frequency_penalty":-0.5,"presence_penalty":2,"logit_bias":{"1731":-100},"seed":9007199254740993`,
		"older limit":       `"max_tokens":7`,
		"accounts":          `"user":"u","safety_identifier":"s","metadata":{"a":"b"},"store":false`,
		"stored":            `"store":true,"metadata":{"use_case":"faq"}`,
		"tier":              `"service_tier":"auto"`,
		"effort":            `"reasoning_effort":"none","verbosity":"high"`,
		"caching":           `"prompt_cache_key":"k","prompt_cache_retention":"24h","prompt_cache_options":{"mode":"explicit","ttl":"30m"}`,
		"prediction":        `"prediction":{"type":"content","content":[{"type":"text","text":"func main() {}"}]}`,
		"web search":        `"web_search_options":{"search_context_size":"low","user_location":{"type":"approximate","approximate":{"country":"DE"}}}`,
		"moderation":        `"moderation":{"model":"omni-moderation-latest"}`,
		"audio out":         `"modalities":["text","audio"],"audio":{"voice":"alloy","format":"mp3"}`,
		"audio in":          said + `{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}]}]`,
		"a file":            said + `{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}]}]`,
		"cache breakpoint":  said + `{"role":"user","content":[{"type":"text","text":"a","prompt_cache_breakpoint":{"mode":"explicit","ttl":"12h"}}]}]`,
		"names":             `"messages":[{"role":"system","content":"s","name":"boss"},{"role":"user","content":"hi","name":"bob"}]`,
		"parts":             `"messages":[{"role":"developer","content":[{"type":"text","text":"s"}]},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]`,
		"refused before":    said + `{"role":"assistant","content":[{"type":"refusal","refusal":"no"}]},{"role":"assistant","refusal":"no","content":null},{"role":"user","content":"why?"}]`,
		"tool parts":        said + `{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":""}}]},{"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"42"}]}]`,
		"odd arguments":     said + `{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{not json"}}]},{"role":"tool","tool_call_id":"c","content":""}]`,
		"older functions":   `"functions":[{"name":"f","parameters":{"type":"object","properties":{}}}],"function_call":{"name":"f"}`,
		"older history":     said + `{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"42"}]`,
		"custom tool":       tool + `,"parallel_tool_calls":true`,
		"custom tool named": tool + `,"tool_choice":{"type":"custom","custom":{"name":"sql"}}`,
		"allowed tools":     tool + `,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}}`,
		"custom tool used":  tool + `,` + said + `{"role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{"name":"sql","input":"select 1"}}]},{"role":"tool","tool_call_id":"c","content":"1"}]`,
		"formats":           `"response_format":{"type":"json_object"}`,
		"text format":       `"response_format":{"type":"text"}`,
	}
}

// Whatever the SDKs can write, the vendor gets it, byte for byte; and what the
// vendor does not take is the vendor's to refuse.
func TestEveryMember(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{provider: fakeprovider.Options{Allow: []string{"moderation", "prompt_cache_options", "prompt_cache_breakpoint"}}})
	each(t, func(t *testing.T, v version) {
		for name, text := range members() {
			t.Run(name, func(t *testing.T) {
				via := s.via(v)
				var extra map[string]json.RawMessage
				if err := json.Unmarshal([]byte("{"+text+"}"), &extra); err != nil {
					t.Fatal(err)
				}
				model := "gpt-4o"
				if strings.Contains(text, "reasoning_effort") {
					model = "o4-mini"
				}
				a := ask1("p/"+model, "hi")
				a.extra = map[string]any{}
				for member, raw := range extra {
					a.extra[member] = raw
				}
				turn(t, via, a, false)
				sent, _ := s.p.Last()
				if string(sent.Body) != string(upstreamBody(via.last().request, model)) {
					t.Errorf("the vendor got %s\nthe SDK sent %s", sent.Body, via.last().request)
				}
				if loss := via.last().header.Get("X-Weir-Loss"); loss != "" {
					t.Errorf("lost: %s", loss)
				}
				turn(t, via, a, true)
			})
		}
	})
}

// Ids of state that a provider holds for somebody are not passed on: nobody
// knows yet whose they are.
func TestUpstreamState(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		for param, extra := range map[string]map[string]any{
			"messages[0].content[0].file.file_id": {"messages": json.RawMessage(`[{"role":"user","content":[{"type":"file","file":{"file_id":"file-abc"}}]}]`)},
			"messages[1].audio.id":                {"messages": json.RawMessage(`[{"role":"user","content":"a"},{"role":"assistant","audio":{"id":"audio_abc"}},{"role":"user","content":"b"}]`)},
			"previous_response_id":                {"previous_response_id": "resp_abc"},
		} {
			via := s.patient(v)
			a := ask1("p/gpt-4o", "hi")
			a.extra = extra
			_, err := via.chat(t.Context(), a)
			if f, ok := via.failure(err); !ok || f.Status != 400 || f.Type != invalid || f.Param != param || strings.Contains(f.Message, "abc") {
				t.Errorf("%s: %+v (%v)", param, f, err)
			}
		}
	})
	if n := len(s.p.Requests()); n > 0 {
		t.Errorf("the provider was asked %d times", n)
	}
}

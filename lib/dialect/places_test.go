package dialect_test

import (
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/hubtest"
)

// unwritten are names that stand for what the caller did not write: a default
// that the target has to be told, or what came by a header.
var unwritten = map[string]bool{
	"tools":          true, // declared because the history calls them
	"anthropic-beta": true, // a header
}

// What a caller is told of, in a loss or in a refusal, is a member that they
// wrote, under the name by which they wrote it: for every feature, for what
// goes wrong between messages, and for the requests of the fronts' own tests.
func TestLossesNameWhatTheCallerWrote(t *testing.T) {
	for _, l := range lanes {
		for _, f := range features {
			if body, ok := f.request(l); ok {
				namesIn(t, l, f.name, body)
			}
		}
		for name, body := range sections(t, l.front.Name(), "decode", "request.json") {
			namesIn(t, l, name, string(body))
		}
		for name, messages := range troubles[l.front.Name()] {
			if !namesIn(t, l, name, `{"model":"m","max_tokens":4000,`+messages+`}`) {
				t.Errorf("%s is not read by %s", name, l.front.Name())
			}
		}
	}
}

// namesIn checks what a caller of l is told of one request; read says that it
// is a request.
func namesIn(t *testing.T, l lane, name, body string) (read bool) {
	t.Helper()
	req, err := l.front.Decode(llm.OpChat, llm.Inbound{Raw: []byte(body)})
	if err != nil {
		return false // shown by the front's own tests
	}
	written := hubtest.Places(t, []byte(body))
	for _, strict := range []bool{false, true} {
		_, losses, err := l.back.Encode(llm.OpChat, req, dialect.Target{Model: l.model, Path: l.path, Strict: strict, MaxOutput: 64_000})
		for _, loss := range append(losses, req.Loss...) {
			if !written[loss.Field] && !unwritten[loss.Field] {
				t.Errorf("%s, %s: the loss names %q, which the caller did not write: %s", name, l.name, loss.Field, loss.Why)
			}
		}
		if e := fault.Of(err); e != nil && !written[e.Param] && !unwritten[e.Param] {
			t.Errorf("%s, %s: the refusal names %q, which the caller did not write: %s", name, l.name, e.Param, e.Public)
		}
	}
	return true
}

// troubles are histories with something to be said about a place in them, by
// front: what is merged, moved or added moves all places behind it.
var troubles = map[string]map[string]string{
	openaichat.Name: {
		"system texts everywhere":     `"messages":[{"role":"system","content":"a"},{"role":"user","content":"b"},{"role":"system","content":"c"},{"role":"user","content":"d"},{"role":"system","content":"e"}]`,
		"the assistant first":         `"messages":[{"role":"system","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]`,
		"nothing but system":          `"messages":[{"role":"system","content":"a"}]`,
		"blank texts":                 `"messages":[{"role":"user","content":"  "},{"role":"assistant","content":"a"},{"role":"user","content":[{"type":"text","text":" "},{"type":"text","text":"b"}]},{"role":"assistant","content":" "},{"role":"user","content":""}]`,
		"names":                       `"messages":[{"role":"user","name":"ann","content":"a"},{"role":"user","name":"bob","content":"b"},{"role":"assistant","name":"carl","content":"c"},{"role":"user","content":"d"}]`,
		"a call without a result":     `"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"t2","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t1","content":"r"},{"role":"user","content":"b"}]`,
		"a result without a call":     `"messages":[{"role":"user","content":"a"},{"role":"tool","tool_call_id":"t1","content":"r"}]`,
		"two results":                 `"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t1","content":"r"},{"role":"tool","tool_call_id":"t1","content":"r"}]`,
		"two calls of one id":         `"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"t1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t1","content":"r"}]`,
		"arguments that are no JSON":  `"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"x","tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{"}}]},{"role":"tool","tool_call_id":"t1","content":"r"}]`,
		"tools that only history has": `"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t1","content":"r"}]`,
		"an image of another type":    `"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":[{"type":"text","text":"c"},{"type":"image_url","image_url":{"url":"data:image/gif;base64,iVBORw0KGgo="}},{"type":"image_url","image_url":{"url":"data:image/tiff;base64,SUkqAA=="}}]}]`,
		"many marks":                  `"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}},"cache_control":{"type":"ephemeral","ttl":"5m"}}],"messages":[{"role":"system","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]},{"role":"user","content":"b","cache_control":{"type":"ephemeral"}},{"role":"assistant","content":"c","cache_control":{"type":"ephemeral","ttl":"2h"}},{"role":"user","content":[{"type":"text","text":"d","cache_control":{"type":"ephemeral"}},{"type":"text","text":"e","cache_control":{"type":"ephemeral"}}]}]`,
		"reasoning that cannot be":    `"reasoning_effort":"odd","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"required","messages":[{"role":"user","content":"a"}]`,
		"thinking by its own member":  `"thinking":{"type":"enabled","budget_tokens":60000},"messages":[{"role":"user","content":"a"}]`,
		"a schema with bounds":        `"response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{"type":"object","properties":{"a":{"type":"integer","minimum":1},"b":{"type":"array","minItems":2,"items":{"type":"string","maxLength":3}}},"additionalProperties":true}}},"messages":[{"role":"user","content":"a"}]`,
		"too much":                    `"max_completion_tokens":100000,"temperature":1.9,"top_p":0.5,"stop":["a"," "],"messages":[{"role":"user","content":"a"}]`,
		"odd names of tools":          `"tools":[{"type":"function","function":{"name":"a.b c","parameters":{"type":"object"}}}],"messages":[{"role":"user","content":"a"}]`,
	},
	anthropic.Name: {
		"the assistant first":         `"messages":[{"role":"assistant","content":"b"},{"role":"user","content":"c"}]`,
		"system texts":                `"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":" "}],"messages":[{"role":"user","content":"b"},{"role":"system","content":"c"},{"role":"user","content":"d"}]`,
		"blank texts":                 `"messages":[{"role":"user","content":"  "},{"role":"assistant","content":"a"},{"role":"user","content":[{"type":"text","text":" "},{"type":"text","text":"b"}]},{"role":"assistant","content":" "},{"role":"user","content":""}]`,
		"a call without a result":     `"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{}},{"type":"tool_use","id":"t2","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"r"}]}]`,
		"a result without a call":     `"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"r"}]}]`,
		"two results":                 `"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"r"},{"type":"tool_result","tool_use_id":"t1","content":"r"}]}]`,
		"media in a result":           `"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{}}]},{"role":"user","content":[{"type":"text","text":"x"},{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[{"type":"text","text":"r"},{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}},{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0xLjQ="}}]}]}]`,
		"tools that only history has": `"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"a.b","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"r"}]}]`,
		"blocks on the wrong side":    `"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"thinking","thinking":"hm","signature":"s"}]},{"role":"assistant","content":[{"type":"text","text":"b"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]},{"role":"user","content":"c"}]`,
		"a call of the user's":        `"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"tool_use","id":"t1","name":"f","input":{}}]}]`,
		"citations":                   `"messages":[{"role":"user","content":[{"type":"document","title":"t","context":"c","citations":{"enabled":true},"source":{"type":"text","media_type":"text/plain","data":"d"}}]},{"role":"assistant","content":[{"type":"text","text":"x"},{"type":"text","text":"a","citations":[{"type":"char_location","cited_text":"d","document_index":0,"document_title":"t","start_char_index":0,"end_char_index":1}]}]},{"role":"user","content":"b"}]`,
		"marks":                       `"cache_control":{"type":"ephemeral","ttl":"1h"},"tools":[{"name":"f","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral","ttl":"5m"}}],"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"d","cache_control":{"type":"ephemeral"}},{"type":"text","text":"e","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]`,
		"thinking in turns":           `"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"max"},"temperature":1,"top_k":5,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"redacted_thinking","data":"e"}]},{"role":"user","content":"b"}]`,
		"a schema with bounds":        `"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"a":{"type":"integer","minimum":1},"b":{"type":"array","minItems":2,"items":{"type":"string","maxLength":3}}},"additionalProperties":true}}},"messages":[{"role":"user","content":"a"}]`,
		"a forced tool, thinking":     `"thinking":{"type":"enabled","budget_tokens":2000},"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"any","disable_parallel_tool_use":true},"messages":[{"role":"user","content":"a"}]`,
		"thinking off":                `"thinking":{"type":"disabled"},"metadata":{"user_id":"ann bob!"},"stop_sequences":["a"," "],"messages":[{"role":"user","content":"a"}]`,
	},
}

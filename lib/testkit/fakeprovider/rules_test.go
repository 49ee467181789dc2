package fakeprovider_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/testkit/fakeprovider"
)

// refusal is the error of an answer, as a client reads it.
type refusal struct {
	Status        int
	Message, Type string
	Param, Code   *string
}

// send posts a body to a Provider that is not served.
func send(t *testing.T, p *fakeprovider.Provider, path, body string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+fakeprovider.Key)
	maps.Copy(r.Header, header)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func decodeRefusal(t *testing.T, w *httptest.ResponseRecorder) refusal {
	t.Helper()
	var got struct{ Error refusal }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("body %q: %v", w.Body, err)
	}
	got.Error.Status = w.Code
	return got.Error
}

const hi = `"messages":[{"role":"user","content":"hi"}]`

// chatRefusals: what is sent, and the parameter, code and words that come
// back.
var chatRefusals = []struct{ name, body, param, code, message string }{
	{"no JSON", `{"model":`, "", "", "could not parse the JSON"},
	{"no object", `[]`, "", "", "could not parse the JSON"},
	{"two values", `{} {}`, "", "", "could not parse the JSON"},
	{"no model", `{` + hi + `}`, "", "", "you must provide a model parameter"},
	{"model of another type", `{"model":1,` + hi + `}`, "", "", "you must provide a model parameter"},
	{"no messages", `{"model":"gpt-4o"}`, "messages", "missing_required_parameter", "Missing required"},
	{"messages of another type", `{"model":"gpt-4o","messages":"hi"}`, "messages", "invalid_type", "expected an array of objects, but got a string"},
	{"empty messages", `{"model":"gpt-4o","messages":[]}`, "messages", "empty_array", "empty array"},
	{"message of another type", `{"model":"gpt-4o","messages":["hi"]}`, "messages[0]", "invalid_type", "expected an object"},
	{"no role", `{"model":"gpt-4o","messages":[{"content":"hi"}]}`, "messages[0].role", "missing_required_parameter", "Missing"},
	{"unknown role", `{"model":"gpt-4o","messages":[{"role":"robot","content":"hi"}]}`, "messages[0].role", "invalid_value", "'robot'"},
	{"no content", `{"model":"gpt-4o","messages":[{"role":"user"}]}`, "messages[0].content", "missing_required_parameter", "Missing"},
	{"null content", `{"model":"gpt-4o","messages":[{"role":"user","content":null}]}`, "messages.[0].content", "", "expected a string, got null"},
	{"content of another type", `{"model":"gpt-4o","messages":[{"role":"user","content":7}]}`, "messages[0].content", "invalid_type", "an integer"},
	{"name with a blank", `{"model":"gpt-4o","messages":[{"role":"user","content":"hi","name":"a b"}]}`, "messages[0].name", "invalid_value", "pattern"},

	{"unknown member", `{"model":"gpt-4o","top_k":1,` + hi + `}`, "", "", "Unrecognized request argument supplied: top_k"},
	{"two unknown members", `{"model":"gpt-4o","top_k":1,"min_p":1,` + hi + `}`, "", "", "Unrecognized request arguments supplied: min_p, top_k"},
	{"gateway's thinking", `{"model":"gpt-4o","thinking":{"type":"enabled"},` + hi + `}`, "", "", "Unrecognized request argument supplied: thinking"},
	{"gateway's reasoning_content", `{"model":"gpt-4o","messages":[{"role":"assistant","content":"a","reasoning_content":"b"}]}`, "messages[0].reasoning_content", "unknown_parameter", "Unknown parameter"},
	{"gateway's thinking_blocks", `{"model":"gpt-4o","messages":[{"role":"assistant","content":"a","thinking_blocks":[]}]}`, "messages[0].thinking_blocks", "unknown_parameter", "Unknown parameter"},
	{"gateway's cache_control on a message", `{"model":"gpt-4o","messages":[{"role":"user","content":"a","cache_control":{}}]}`, "messages[0].cache_control", "unknown_parameter", "Unknown parameter"},
	{"gateway's cache_control on a part", `{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{}}]}]}`, "messages[0].content[0].cache_control", "unknown_parameter", "Unknown parameter"},
	{"gateway's cache_control on a tool", `{"model":"gpt-4o","tools":[{"type":"function","function":{"name":"f"},"cache_control":{}}],` + hi + `}`, "tools[0].cache_control", "unknown_parameter", "Unknown parameter"},

	{"part of another type", `{"model":"gpt-4o","messages":[{"role":"user","content":["a"]}]}`, "messages[0].content[0]", "invalid_type", "a string"},
	{"part without type", `{"model":"gpt-4o","messages":[{"role":"user","content":[{"text":"a"}]}]}`, "messages[0].content[0].type", "missing_required_parameter", "Missing"},
	{"Anthropic's image part", `{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"image","source":{}}]}]}`, "messages[0].content[0].type", "invalid_value", "'image'"},
	{"image as a string", `{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"image_url","image_url":"https://x/y.png"}]}]}`, "messages[0].content[0].image_url", "invalid_type", "expected an object, but got a string"},
	{"image without URL", `{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}`, "messages[0].content[0].image_url.url", "missing_required_parameter", "Missing"},
	{"image of another format", `{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/tiff;base64,AAAA"}}]}]}`, "", "invalid_image_format", "unsupported image"},
	{"image detail", `{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"fine"}}]}]}`, "messages[0].content[0].image_url.detail", "invalid_value", "'fine'"},
	{"image from the system", `{"model":"gpt-4o","messages":[{"role":"system","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]}`, "messages[0].content[0].type", "invalid_value", "only support"},
	{"audio format", `{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"ogg"}}]}]}`, "messages[0].content[0].input_audio.format", "invalid_value", "'ogg'"},

	{"tool message first", `{"model":"gpt-4o","messages":[{"role":"tool","tool_call_id":"c1","content":"a"}]}`, "messages.[0].role", "", "must be a response to"},
	{"tool message after user", `{"model":"gpt-4o","messages":[` + call("c1") + `,` + result("c1") + `,{"role":"user","content":"a"},` + result("c1") + `]}`, "messages.[3].role", "", "must be a response to"},
	{"tool message without id", `{"model":"gpt-4o","messages":[` + call("c1") + `,{"role":"tool","content":"a"}]}`, "messages[1].tool_call_id", "missing_required_parameter", "Missing"},
	{"unknown call id", `{"model":"gpt-4o","messages":[` + call("c1") + `,` + result("c2") + `]}`, "messages.[1].tool_call_id", "", "'c2' not found"},
	{"call answered twice", `{"model":"gpt-4o","messages":[` + call("c1") + `,` + result("c1") + `,` + result("c1") + `]}`, "messages.[2].tool_call_id", "", "'c1' not found"},
	{"call without answer", `{"model":"gpt-4o","messages":[` + call("c1") + `]}`, "messages.[1].role", "", "did not have response messages: c1"},
	{"one call of two without answer", `{"model":"gpt-4o","messages":[` + call("c1", "c2") + `,` + result("c1") + `,{"role":"user","content":"a"}]}`, "messages.[2].role", "", "did not have response messages: c2"},
	{"empty calls", `{"model":"gpt-4o","messages":[{"role":"assistant","content":"a","tool_calls":[]}]}`, "messages[0].tool_calls", "empty_array", "empty array"},
	{"name of a call", `{"model":"gpt-4o","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"a.b","arguments":"{}"}}]}]}`, "messages[0].tool_calls[0].function.name", "invalid_value", "pattern"},
	{"arguments as an object", `{"model":"gpt-4o","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"a","arguments":{}}}]}]}`, "messages[0].tool_calls[0].function.arguments", "invalid_type", "expected a string, but got an object"},
	{"call without type", `{"model":"gpt-4o","messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"a","arguments":"{}"}}]}]}`, "messages[0].tool_calls[0].type", "missing_required_parameter", "Missing"},

	{"both limits", `{"model":"gpt-4o","max_tokens":1,"max_completion_tokens":1,` + hi + `}`, "max_tokens", "invalid_parameter_combination", "at the same time"},
	{"temperature for a model that thinks", `{"model":"o4-mini","temperature":0.5,` + hi + `}`, "temperature", "unsupported_value", "does not support 0.5"},
	{"top_p for a model that thinks", `{"model":"o4-mini","top_p":0.5,` + hi + `}`, "top_p", "unsupported_parameter", "'top_p' is not supported"},
	{"effort for a model that does not", `{"model":"gpt-4o","reasoning_effort":"low",` + hi + `}`, "", "", "supplied: reasoning_effort"},
	{"max_tokens for a model that thinks", `{"model":"o4-mini","max_tokens":1,` + hi + `}`, "max_tokens", "unsupported_parameter", "max_completion_tokens"},
	{"no tokens", `{"model":"gpt-4o","max_completion_tokens":0,` + hi + `}`, "max_completion_tokens", "integer_below_min_value", ">= 1, but got 0"},
	{"half a token", `{"model":"gpt-4o","max_tokens":1.5,` + hi + `}`, "max_tokens", "invalid_type", "a decimal"},
	{"n of 0", `{"model":"gpt-4o","n":0,` + hi + `}`, "n", "integer_below_min_value", ">= 1"},
	{"n of 129", `{"model":"gpt-4o","n":129,` + hi + `}`, "n", "integer_above_max_value", "<= 128, but got 129"},
	{"n as a string", `{"model":"gpt-4o","n":"2",` + hi + `}`, "n", "invalid_type", "a string"},
	{"stream_options without stream", `{"model":"gpt-4o","stream_options":{"include_usage":true},` + hi + `}`, "stream_options", "", "only allowed when 'stream' is enabled"},
	{"stream_options for a whole answer", `{"model":"gpt-4o","stream":false,"stream_options":{},` + hi + `}`, "stream_options", "", "only allowed when 'stream' is enabled"},
	{"unknown stream option", `{"model":"gpt-4o","stream":true,"stream_options":{"usage":true},` + hi + `}`, "stream_options.usage", "unknown_parameter", "Unknown"},
	{"stream as a string", `{"model":"gpt-4o","stream":"true",` + hi + `}`, "stream", "invalid_type", "a boolean"},
	{"temperature", `{"model":"gpt-4o","temperature":2.1,` + hi + `}`, "temperature", "decimal_above_max_value", "<= 2, but got 2.1"},
	{"penalty", `{"model":"gpt-4o","presence_penalty":-3,` + hi + `}`, "presence_penalty", "decimal_below_min_value", ">= -2, but got -3"},
	{"candidates without probabilities", `{"model":"gpt-4o","top_logprobs":2,` + hi + `}`, "top_logprobs", "", "only allowed when 'logprobs'"},
	{"21 candidates", `{"model":"gpt-4o","logprobs":true,"top_logprobs":21,` + hi + `}`, "top_logprobs", "integer_above_max_value", "<= 20, but got 21"},
	{"five stops", `{"model":"gpt-4o","stop":["a","b","c","d","e"],` + hi + `}`, "stop", "array_above_max_length", "length 5"},

	{"empty tools", `{"model":"gpt-4o","tools":[],` + hi + `}`, "tools", "empty_array", "empty array"},
	{"tool without type", `{"model":"gpt-4o","tools":[{"function":{"name":"f"}}],` + hi + `}`, "tools[0].type", "missing_required_parameter", "Missing"},
	{"Anthropic's tool", `{"model":"gpt-4o","tools":[{"name":"f","input_schema":{}}],` + hi + `}`, "tools[0].type", "missing_required_parameter", "Missing"},
	{"tool without name", `{"model":"gpt-4o","tools":[{"type":"function","function":{}}],` + hi + `}`, "tools[0].function.name", "missing_required_parameter", "Missing"},
	{"tool name with a dot", `{"model":"gpt-4o","tools":[{"type":"function","function":{"name":"a.b"}}],` + hi + `}`, "tools[0].function.name", "invalid_value", "^[a-zA-Z0-9_-]+$"},
	{"long tool name", `{"model":"gpt-4o","tools":[{"type":"function","function":{"name":"` + strings.Repeat("a", 65) + `"}}],` + hi + `}`, "tools[0].function.name", "string_above_max_length", "length 65"},
	{"schema of another type", `{"model":"gpt-4o","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"array"}}}],` + hi + `}`, "tools[0].function.parameters", "invalid_function_parameters", "got 'type: \"array\"'"},
	{"tool_choice without tools", `{"model":"gpt-4o","tool_choice":"auto",` + hi + `}`, "tool_choice", "", "only allowed when 'tools'"},
	{"parallel_tool_calls without tools", `{"model":"gpt-4o","parallel_tool_calls":true,` + hi + `}`, "parallel_tool_calls", "", "only allowed when 'tools'"},
	{"Anthropic's tool_choice", `{"model":"gpt-4o","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"any",` + hi + `}`, "tool_choice", "invalid_value", "'any'"},
	{"tool_choice of an absent tool", `{"model":"gpt-4o","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"g"}},` + hi + `}`, "tool_choice", "", "'g'"},
	{"response_format without type", `{"model":"gpt-4o","response_format":{},` + hi + `}`, "response_format.type", "missing_required_parameter", "Missing"},
	{"unknown response_format", `{"model":"gpt-4o","response_format":{"type":"xml"},` + hi + `}`, "response_format.type", "invalid_value", "'xml'"},
	{"json_schema without schema", `{"model":"gpt-4o","response_format":{"type":"json_schema"},` + hi + `}`, "response_format.json_schema", "missing_required_parameter", "Missing"},
	{"json_schema without name", `{"model":"gpt-4o","response_format":{"type":"json_schema","json_schema":{"schema":{}}},` + hi + `}`, "response_format.json_schema.name", "missing_required_parameter", "Missing"},
	{"schema in the wrong place", `{"model":"gpt-4o","response_format":{"type":"json_object","schema":{}},` + hi + `}`, "response_format.schema", "unknown_parameter", "Unknown"},
}

func call(ids ...string) string {
	calls := make([]string, len(ids))
	for i, id := range ids {
		calls[i] = `{"id":"` + id + `","type":"function","function":{"name":"f","arguments":"{}"}}`
	}
	return `{"role":"assistant","content":null,"tool_calls":[` + strings.Join(calls, ",") + `]}`
}

func result(id string) string { return `{"role":"tool","tool_call_id":"` + id + `","content":"42"}` }

func TestChatRefuses(t *testing.T) {
	p := fakeprovider.New(fakeprovider.Options{})
	for _, tt := range chatRefusals {
		t.Run(tt.name, func(t *testing.T) { checkRefusal(t, p, "/v1/chat/completions", tt.body, tt.param, tt.code, tt.message) })
	}
	if got := p.Totals(); len(got) > 0 {
		t.Errorf("totals %v of refused requests, want none", got)
	}
}

// checkRefusal sends body and compares the refusal.
func checkRefusal(t *testing.T, p *fakeprovider.Provider, path, body, param, code, message string) {
	t.Helper()
	w := send(t, p, path, body, nil)
	got := decodeRefusal(t, w)
	null := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	want := refusal{Status: http.StatusBadRequest, Type: "invalid_request_error", Message: got.Message, Param: null(param), Code: null(code)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(got.Message, message) {
		t.Errorf("message %q, want one with %q", got.Message, message)
	}
	last, _ := p.Last()
	if last.Error == nil || last.Error.Message != got.Message || last.Status != w.Code || string(last.Body) != body {
		t.Errorf("recorded %+v, want this refusal", last)
	}
}

// What clients send every day is taken.
func TestChatTakes(t *testing.T) {
	p := fakeprovider.New(fakeprovider.Options{})
	image := `{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo=","detail":"low"}}`
	for name, body := range map[string]string{
		"least":      `{"model":"gpt-4o",` + hi + `}`,
		"nulls":      `{"model":"gpt-4o","n":null,"stop":null,"stream_options":null,"max_tokens":null,"response_format":null,"tools":null,` + hi + `}`,
		"every role": `{"model":"gpt-4o","messages":[{"role":"developer","content":"a"},{"role":"system","content":[{"type":"text","text":"b"}]},{"role":"user","content":"c","name":"d"},{"role":"assistant","content":"e","refusal":null}]}`,
		"tool turn":  `{"model":"gpt-4o","messages":[{"role":"user","content":"a"},` + call("c1", "c2") + `,` + result("c2") + `,` + result("c1") + `,{"role":"user","content":"b"}]}`,
		"media":      `{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"text","text":"a"},` + image + `,{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}},{"type":"file","file":{"file_id":"f"}}]}]}`,
		"tools":      `{"model":"gpt-4o","tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{}},"strict":true}}],"tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,` + hi + `}`,
		"schema":     `{"model":"gpt-4o","response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object"}}},` + hi + `}`,
		"reasoning":  `{"model":"o4-mini","temperature":1,"reasoning_effort":"low",` + hi + `}`,
		"all else":   `{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"temperature":2,"top_p":1,"stop":["a"],"seed":1,"user":"u","logprobs":true,"top_logprobs":2,"logit_bias":{"1":2},"metadata":{"a":"b"},"store":false,"service_tier":"auto","prompt_cache_key":"k","safety_identifier":"s","verbosity":"low","modalities":["text"],` + hi + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			if w := send(t, p, "/v1/chat/completions", body, nil); w.Code != http.StatusOK {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

func TestEmbeddingsRefuses(t *testing.T) {
	p := fakeprovider.New(fakeprovider.Options{})
	for _, tt := range []struct{ name, body, param, code, message string }{
		{"no model", `{"input":"a"}`, "", "", "you must provide a model parameter"},
		{"no input", `{"model":"text-embedding-3-small"}`, "input", "missing_required_parameter", "Missing"},
		{"empty text", `{"model":"text-embedding-3-small","input":""}`, "", "", "'$.input' is invalid"},
		{"empty list", `{"model":"text-embedding-3-small","input":[]}`, "", "", "'$.input' is invalid"},
		{"empty text in a list", `{"model":"text-embedding-3-small","input":["a",""]}`, "", "", "'$.input' is invalid"},
		{"empty token list", `{"model":"text-embedding-3-small","input":[[]]}`, "", "", "'$.input' is invalid"},
		{"object", `{"model":"text-embedding-3-small","input":{}}`, "", "", "'$.input' is invalid"},
		{"too many", `{"model":"text-embedding-3-small","input":["a"` + strings.Repeat(`,"a"`, 2048) + `]}`, "", "", "'$.input' is invalid"},
		{"format", `{"model":"text-embedding-3-small","input":"a","encoding_format":"hex"}`, "encoding_format", "invalid_value", "'hex'"},
		{"dimensions", `{"model":"text-embedding-3-small","input":"a","dimensions":0}`, "dimensions", "integer_below_min_value", ">= 1"},
		{"unknown member", `{"model":"text-embedding-3-small","input":"a","stream":true}`, "", "", "Unrecognized request argument supplied: stream"},
	} {
		t.Run(tt.name, func(t *testing.T) { checkRefusal(t, p, "/v1/embeddings", tt.body, tt.param, tt.code, tt.message) })
	}
}

func TestOtherRefusals(t *testing.T) {
	p := fakeprovider.New(fakeprovider.Options{Forbid: []string{"stream_options"}, Allow: []string{"reasoning_content", "thinking"}})
	good := `{"model":"gpt-4o",` + hi + `}`
	for _, tt := range []struct {
		name, path, body, auth string
		status                 int
		message                string
	}{
		{"no key", "/v1/chat/completions", good, "", http.StatusUnauthorized, "didn't provide an API key"},
		{"no bearer", "/v1/chat/completions", good, fakeprovider.Key, http.StatusUnauthorized, "didn't provide an API key"},
		{"wrong key", "/v1/chat/completions", good, "Bearer sk-weir-0123456789abcdef", http.StatusUnauthorized, "Incorrect API key provided: sk-weir*************cdef."},
		{"unknown model", "/v1/chat/completions", `{"model":"gpt-9",` + hi + `}`, "Bearer " + fakeprovider.Key, http.StatusNotFound, "`gpt-9` does not exist"},
		{"unknown model of embeddings", "/v1/embeddings", `{"model":"gpt-9","input":"a"}`, "Bearer " + fakeprovider.Key, http.StatusNotFound, "`gpt-9` does not exist"},
		{"unknown path", "/v1/responses", good, "Bearer " + fakeprovider.Key, http.StatusNotFound, "Unknown request URL: POST /v1/responses"},
		{"path without /v1", "/chat/completions", good, "Bearer " + fakeprovider.Key, http.StatusNotFound, "Unknown request URL"},
		{"forbidden member", "/v1/chat/completions", `{"model":"gpt-4o","stream":true,"stream_options":{},` + hi + `}`, "Bearer " + fakeprovider.Key, http.StatusBadRequest, "Unrecognized request argument supplied: stream_options"},
		{"allowed members", "/v1/chat/completions", `{"model":"gpt-4o","thinking":{},"messages":[{"role":"assistant","content":"a","reasoning_content":"b"}]}`, "Bearer " + fakeprovider.Key, http.StatusOK, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := send(t, p, tt.path, tt.body, http.Header{"Authorization": {tt.auth}})
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.message) {
				t.Errorf("%d %s, want %d with %q", w.Code, w.Body, tt.status, tt.message)
			}
		})
	}
	open := fakeprovider.New(fakeprovider.Options{Key: "none"})
	if w := send(t, open, "/v1/chat/completions", good, http.Header{"Authorization": {""}}); w.Code != http.StatusOK {
		t.Errorf("without a key: %d, want 200", w.Code)
	}
}

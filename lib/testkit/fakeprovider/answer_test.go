package fakeprovider_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/testkit/fakeprovider"
)

const twoTools = `"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}},{"type":"function","function":{"name":"time"}}],`

// A streamed answer says, costs and records what the whole one does.
func TestStreamedAndWholeAgree(t *testing.T) {
	for _, tt := range []struct{ name, model, members string }{
		{"text", "gpt-4o-mini", ""},
		{"three choices", "gpt-4o", `"n":3,`},
		{"cut at the limit", "gpt-4o", `"max_completion_tokens":2,`},
		{"hidden reasoning", "o4-mini", ""},
		{"shown reasoning", "deepseek-reasoner", ""},
		{"audio", "gpt-4o-audio-preview", ""},
		{"cached", "cached", ""},
		{"refusal", "refusal", ""},
		{"all tools", "tools", twoTools},
		{"interleaved tools", "interleaved-tools", twoTools},
		{"no parallel tools", "tools", twoTools + `"parallel_tool_calls":false,`},
		{"required tool", "gpt-4o", twoTools + `"tool_choice":"required",`},
		{"named tool", "gpt-4o", twoTools + `"tool_choice":{"type":"function","function":{"name":"time"}},`},
		{"no tool", "tools", twoTools + `"tool_choice":"none",`},
		{"schema", "gpt-4o", `"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"ok":{"type":"boolean"},"kind":{"type":"string","enum":["a","b"]}}}}},`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := fakeprovider.New(fakeprovider.Options{})
			body := `{"model":"` + tt.model + `",` + tt.members + `"messages":[{"role":"user","content":[{"type":"text","text":"How deep is the weir?"}]}]`
			want := whole(t, send(t, p, "/v1/chat/completions", body+`}`, nil).Body.Bytes())
			got := streamed(t, send(t, p, "/v1/chat/completions", body+`,"stream":true,"stream_options":{"include_usage":true}}`, nil).Body.Bytes())
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-whole +streamed):\n%s", diff)
			}
			if diff := cmp.Diff(map[string]fakeprovider.Tokens{tt.model: want.Usage.Plus(got.Usage)}, p.Totals()); diff != "" {
				t.Errorf("totals (-want +got):\n%s", diff)
			}
			if want.Usage.Prompt == 0 || want.Usage.Completion == 0 || want.Usage.Input() <= 0 || want.Usage.Output() < want.Usage.Reasoning {
				t.Errorf("usage %+v", want.Usage)
			}
			for _, c := range want.Choices {
				for _, call := range c.ToolCalls {
					if !json.Valid([]byte(call.Function.Arguments)) {
						t.Errorf("arguments %q", call.Function.Arguments)
					}
				}
			}
		})
	}
}

// Each token has its probability, in a stream beside the piece that it is.
func TestProbabilities(t *testing.T) {
	p := fakeprovider.New(fakeprovider.Options{})
	type token struct {
		Token string
		Bytes []int
		Top   []struct{ Token string } `json:"top_logprobs"`
	}
	type choices struct {
		Choices []struct {
			Logprobs *struct{ Content, Refusal []token }
		}
	}
	for model, text := range map[string]string{"gpt-4o": "You said: hi", "refusal": "I'm sorry, I can't help with that."} {
		for _, stream := range []string{"false", "true"} {
			var got string
			body := send(t, p, "/v1/chat/completions", `{"model":"`+model+`","stream":`+stream+`,"logprobs":true,"top_logprobs":2,`+hi+`}`, nil).Body.String()
			for line := range strings.SplitSeq(body, "\n") {
				var in choices
				if json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &in) != nil || len(in.Choices) == 0 || in.Choices[0].Logprobs == nil {
					continue
				}
				for _, tk := range append(in.Choices[0].Logprobs.Content, in.Choices[0].Logprobs.Refusal...) {
					got += tk.Token
					if len(tk.Top) != 2 || tk.Top[0].Token != tk.Token || len(tk.Bytes) != len(tk.Token) {
						t.Errorf("%s, stream %s: token %+v", model, stream, tk)
					}
				}
			}
			if got != text {
				t.Errorf("%s, stream %s: the tokens say %q, want %q", model, stream, got, text)
			}
		}
	}
	if body := send(t, p, "/v1/chat/completions", `{"model":"gpt-4o",`+hi+`}`, nil).Body.String(); !strings.Contains(body, `"logprobs":null`) {
		t.Errorf("unasked: %s", body)
	}
}

func TestWhatIsSaid(t *testing.T) {
	p := fakeprovider.New(fakeprovider.Options{})
	say := func(body string) message {
		t.Helper()
		a := whole(t, send(t, p, "/v1/chat/completions", body, nil).Body.Bytes())
		if len(a.Choices) == 0 {
			t.Fatalf("no choice for %s", body)
		}
		return a.Choices[0]
	}
	if m := say(`{"model":"gpt-4o","messages":[{"role":"user","content":"first"},{"role":"assistant","content":"x"},{"role":"user","content":"How deep?"}]}`); m.Content != "You said: How deep?" || m.Finish != "stop" {
		t.Errorf("%+v", m)
	}
	if m := say(`{"model":"gpt-4o","max_tokens":2,` + hi + `}`); m.Content != "You said: " || m.Finish != "length" {
		t.Errorf("%+v", m)
	}
	if m := say(`{"model":"refusal",` + hi + `}`); m.Refusal == "" || m.Content != "" {
		t.Errorf("%+v", m)
	}
	if m := say(`{"model":"gpt-4o","response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"n":{"type":"integer"}}}}},` + hi + `}`); m.Content != `{"n":1}` {
		t.Errorf("%+v", m)
	}
	m := say(`{"model":"tools",` + twoTools + hi + `}`)
	if len(m.ToolCalls) != 2 || m.Finish != "tool_calls" || m.ToolCalls[1].ID != "call_2" || m.ToolCalls[1].Function.Name != "time" || m.ToolCalls[0].Function.Arguments != `{"call":1,"city":"text"}` {
		t.Errorf("%+v", m)
	}
	if m := say(`{"model":"tools",` + twoTools + `"messages":[` + call("c1") + `,` + result("c1") + `]}`); len(m.ToolCalls) > 0 || m.Content == "" {
		t.Errorf("after the tool's answer: %+v", m)
	}
}

// Fragments of parallel calls alternate where that is asked for.
func TestInterleaving(t *testing.T) {
	p := fakeprovider.New(fakeprovider.Options{})
	order := func(model string) string {
		body := send(t, p, "/v1/chat/completions", `{"model":"`+model+`","stream":true,`+twoTools+hi+`}`, nil).Body.String()
		var s strings.Builder
		for rest := body; ; {
			_, after, ok := strings.Cut(rest, `"tool_calls":[{"index":`)
			if !ok {
				return s.String()
			}
			s.WriteString(after[:1])
			rest = after
		}
	}
	if got := order("tools"); strings.Contains(got, "10") || !strings.Contains(got, "01") {
		t.Errorf("one after the other: order %s", got)
	}
	if got := order("interleaved-tools"); !strings.HasPrefix(got, "010101") {
		t.Errorf("interleaved: order %s", got)
	}
}

func TestUsageOfStreams(t *testing.T) {
	for _, tt := range []struct {
		model         string
		asked         bool
		reports       int
		wholeReported bool
	}{
		{"gpt-4o", false, 0, true},
		{"gpt-4o", true, 1, true},
		{"usage-always", false, 1, true},
		{"usage-on-finish", false, 1, true},
		{"usage-on-finish", true, 1, true},
		{"usage-on-every", false, 5, true}, // role, three pieces, finish
		{"usage-never", true, 0, false},
	} {
		p := fakeprovider.New(fakeprovider.Options{})
		options := ""
		if tt.asked {
			options = `"stream_options":{"include_usage":true},`
		}
		a := streamed(t, send(t, p, "/v1/chat/completions", `{"model":"`+tt.model+`","stream":true,`+options+hi+`}`, nil).Body.Bytes())
		last, _ := p.Last()
		if a.Reports != tt.reports || last.Reported != (tt.reports > 0) || last.Usage != a.Usage || !last.Stream {
			t.Errorf("%s, asked %v: %d reports, recorded %+v; want %d", tt.model, tt.asked, a.Reports, last.Usage, tt.reports)
		}
		w := whole(t, send(t, p, "/v1/chat/completions", `{"model":"`+tt.model+`",`+hi+`}`, nil).Body.Bytes())
		if (w.Reports == 1) != tt.wholeReported || tt.reports > 0 && w.Usage != a.Usage {
			t.Errorf("%s: usage %+v of a whole answer, %+v of a stream", tt.model, w.Usage, a.Usage)
		}
	}
}

func TestBrokenAnswers(t *testing.T) {
	p := fakeprovider.New(fakeprovider.Options{})
	get := func(model string) (*httptest.ResponseRecorder, answer) {
		t.Helper()
		w := send(t, p, "/v1/chat/completions", `{"model":"`+model+`","stream":true,`+hi+`}`, nil)
		if strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") {
			return w, streamed(t, w.Body.Bytes())
		}
		return w, answer{}
	}
	if w, a := get("no-done"); w.Code != 200 || a.Done || a.Choices[0].Finish != "stop" {
		t.Errorf("no-done: %+v", a)
	}
	if _, a := get("error-in-stream"); a.Done || !strings.Contains(a.Err, "server had an error") || a.Choices[0].Content != "You said: " {
		t.Errorf("error-in-stream: %+v", a)
	}
	if w, _ := get("whole"); w.Header().Get("Content-Type") != "application/json" || whole(t, w.Body.Bytes()).Choices[0].Content == "" {
		t.Errorf("whole: %s", w.Body)
	}
	if w, _ := get("error-200"); w.Code != 200 || decodeRefusal(t, w).Message == "" {
		t.Errorf("error-200: %d %s", w.Code, w.Body)
	}
	if w, _ := get("html"); w.Code != 200 || w.Header().Get("Content-Type") != "text/html" {
		t.Errorf("html: %d %s", w.Code, w.Header())
	}
	if w, _ := get("garbage"); w.Code != 200 || json.Valid(w.Body.Bytes()) {
		t.Errorf("garbage: %d %s", w.Code, w.Body)
	}
	if w, a := get("comments"); !strings.HasPrefix(w.Body.String(), ": PROCESSING\n\n") || !a.Done {
		t.Errorf("comments: %s", w.Body)
	}
	if w := send(t, p, "/v1/chat/completions", `{"model":"cut-clean","stream":true,`+hi+`}`, nil); w.Body.Len() != 400 {
		t.Errorf("cut-clean: %d bytes, want 400", w.Body.Len())
	}
}

func TestStatuses(t *testing.T) {
	p := fakeprovider.New(fakeprovider.Options{})
	for _, tt := range []struct {
		model        string
		status       int
		kind, code   string
		header, want string
	}{
		{"status-400", 400, "invalid_request_error", "", "", ""},
		{"status-401", 401, "invalid_request_error", "invalid_api_key", "", ""},
		{"status-403", 403, "request_forbidden", "unsupported_country_region_territory", "", ""},
		{"status-404", 404, "invalid_request_error", "model_not_found", "", ""},
		{"status-408", 408, "invalid_request_error", "", "", ""},
		{"status-429", 429, "tokens", "rate_limit_exceeded", "Retry-After", "2"},
		{"status-500", 500, "server_error", "", "X-Should-Retry", "true"},
		{"status-503", 503, "service_unavailable_error", "server_is_overloaded", "X-Should-Retry", "true"},
		{"no-quota", 429, "insufficient_quota", "insufficient_quota", "", ""},
		{"context-length", 400, "invalid_request_error", "context_length_exceeded", "", ""},
		{"content-policy", 400, "invalid_request_error", "invalid_prompt", "", ""},
	} {
		w := send(t, p, "/v1/chat/completions", `{"model":"`+tt.model+`",`+hi+`}`, nil)
		got := decodeRefusal(t, w)
		code := ""
		if got.Code != nil {
			code = *got.Code
		}
		if got.Status != tt.status || got.Type != tt.kind || code != tt.code || tt.header != "" && w.Header().Get(tt.header) != tt.want {
			t.Errorf("%s: %+v, code %q, header %v", tt.model, got, code, w.Header())
		}
		if w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s: no request id", tt.model)
		}
	}
}

func TestScript(t *testing.T) {
	p := fakeprovider.New(fakeprovider.Options{})
	p.Model("mine", fakeprovider.Answer{Text: "mine"})
	p.Script("mine",
		fakeprovider.Answer{Status: 502, Body: "<html>", ContentType: "text/html", Header: http.Header{"retry-after": {"7"}}},
		fakeprovider.Answer{Status: 409, Error: fakeprovider.NoQuota()},
		fakeprovider.Answer{Calls: []fakeprovider.Call{{ID: "x", Name: "f", Arguments: "not JSON"}}, Usage: &fakeprovider.Tokens{Prompt: 5, Completion: 6}, Finish: "stop"},
	)
	ask := func(body string) *httptest.ResponseRecorder {
		return send(t, p, "/v1/chat/completions", body, nil)
	}
	good := `{"model":"mine",` + hi + `}`
	if w := ask(`{"model":"mine","messages":[]}`); w.Code != 400 {
		t.Errorf("a bad request: %d", w.Code)
	}
	if w := ask(good); w.Code != 502 || w.Body.String() != "<html>" || w.Header().Get("Retry-After") != "7" {
		t.Errorf("first: %d %s", w.Code, w.Body)
	}
	if w := ask(good); w.Code != 409 || decodeRefusal(t, w).Type != "insufficient_quota" {
		t.Errorf("second: %d %s", w.Code, w.Body)
	}
	a := whole(t, ask(good).Body.Bytes())
	if c := a.Choices[0]; c.ToolCalls[0].ID != "x" || c.ToolCalls[0].Function.Arguments != "not JSON" || c.Finish != "stop" || a.Usage.Completion != 6 {
		t.Errorf("third: %+v", a)
	}
	if a := whole(t, ask(good).Body.Bytes()); a.Choices[0].Content != "mine" {
		t.Errorf("after the script: %+v", a)
	}
	p.Script("new", fakeprovider.Answer{Text: "new"})
	if a := whole(t, ask(`{"model":"new",`+hi+`}`).Body.Bytes()); a.Choices[0].Content != "new" {
		t.Errorf("a model known by its script: %+v", a)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/models", nil)
	r.Header.Set("Authorization", "Bearer "+fakeprovider.Key)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), `"id":"mine"`) || !strings.Contains(w.Body.String(), `"id":"gpt-4o-mini"`) {
		t.Errorf("models: %s", w.Body)
	}
}

func TestEmbeddings(t *testing.T) {
	p := fakeprovider.New(fakeprovider.Options{})
	embed := func(members string) (vectors []json.RawMessage) {
		t.Helper()
		w := send(t, p, "/v1/embeddings", `{"model":"text-embedding-3-small",`+members+`}`, nil)
		var got struct {
			Data []struct {
				Index     int
				Embedding json.RawMessage
			}
			Usage usage
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if last, _ := p.Last(); last.Usage != got.Usage.tokens() || last.Usage.Prompt == 0 {
			t.Errorf("usage %+v, recorded %+v", got.Usage, last.Usage)
		}
		for i, d := range got.Data {
			if d.Index != i {
				t.Errorf("index %d at %d", d.Index, i)
			}
			vectors = append(vectors, d.Embedding)
		}
		return vectors
	}
	numbers := embed(`"input":["a b","c",[1,2]],"dimensions":5`)
	packed := embed(`"input":["a b"],"dimensions":5,"encoding_format":"base64"`)
	if len(numbers) != 3 || bytes.Equal(numbers[0], numbers[1]) {
		t.Fatalf("vectors %s", numbers)
	}
	if one := embed(`"input":"a b","dimensions":5`); !bytes.Equal(one[0], numbers[0]) {
		t.Errorf("the same text has two vectors: %s, %s", one[0], numbers[0])
	}
	if ids := embed(`"input":[1,2],"dimensions":5`); len(ids) != 1 || !bytes.Equal(ids[0], numbers[2]) {
		t.Errorf("token list: %s, want %s", ids, numbers[2])
	}
	var v []float32
	var s string
	if err := errors.Join(json.Unmarshal(numbers[0], &v), json.Unmarshal(packed[0], &s)); err != nil {
		t.Fatal(err)
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != 20 {
		t.Fatalf("%q: %v", s, err)
	}
	sum := 0.0
	for i, f := range v {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])); got != f {
			t.Errorf("component %d: %v packed, %v as a number", i, got, f)
		}
		sum += float64(f) * float64(f)
	}
	if math.Abs(sum-1) > 1e-5 {
		t.Errorf("squared length %v, want 1", sum)
	}
}

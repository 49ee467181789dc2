package sdktest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"weir/lib/admission/keys"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

// wrong is a call that must fail, and how the SDK must show it.
type wrong struct {
	name   string
	model  string // empty: one that answers by script
	script fakeprovider.Answer
	edit   func(*ask)

	status            int
	kind, code, param string
	verbatim          *fakeprovider.APIError // the vendor's own words, to the byte
	requests          int                    // at the provider, where the SDK would try three times
	wait              bool                   // retry-after is there
	outcome           string                 // of the row; empty: no row
}

const (
	invalid = "invalid_request_error"
	server  = "server_error"
)

// wrongs fail before the first content, so whole and streamed alike.
func wrongs() []wrong {
	status := func(n int) fakeprovider.Answer { return fakeprovider.Answer{Status: n} }
	vendor := func(e *fakeprovider.APIError) fakeprovider.Answer { return fakeprovider.Answer{Error: e} }
	body := func(contentType, text string) fakeprovider.Answer {
		return fakeprovider.Answer{ContentType: contentType, Body: text}
	}
	cut := func(after int, how fakeprovider.CutHow) fakeprovider.Answer {
		return fakeprovider.Answer{Cut: &fakeprovider.Cut{After: after, How: how}}
	}
	context, policy := fakeprovider.ContextLength(8192, 9000), fakeprovider.ContentPolicy()
	tall := &fakeprovider.APIError{Status: 422, Message: "Cannot do that.", Param: "messages[0]", Code: "odd"}
	return []wrong{
		{name: "unknown model", model: "nobody", status: 404, kind: invalid, code: "model_not_found", param: "model"},
		{name: "no model", model: "-", edit: func(a *ask) { a.model = "" }, status: 400, kind: invalid, param: "model"},
		{name: "no messages", model: "p/gpt-4o", edit: func(a *ask) { a.messages = nil }, status: 400, kind: invalid, code: "missing_required_parameter", param: "messages"},
		{name: "empty messages", model: "p/gpt-4o", edit: func(a *ask) { a.messages = []message{} }, status: 400, kind: invalid, code: "empty_array", param: "messages"},
		{name: "wrong member", model: "p/gpt-4o", edit: func(a *ask) { a.n = 500 }, status: 400, kind: invalid, param: "n"},
		{name: "no price", model: "unpriced/any", status: 400, kind: invalid, code: "model_not_priced", param: "model"},

		{name: "context length", script: vendor(context), verbatim: context, status: 400, kind: invalid, code: "context_length_exceeded", param: "messages", requests: 1, outcome: "client_error"},
		{name: "content policy", script: vendor(policy), verbatim: policy, status: 400, kind: invalid, code: "invalid_prompt", requests: 1, outcome: "client_error"},
		{name: "vendor's 400", model: "p/gpt-4o", edit: func(a *ask) { a.extra = map[string]any{"temperature": 3} }, status: 400, kind: invalid, code: "decimal_above_max_value", param: "temperature", requests: 1, outcome: "client_error"},
		{name: "vendor's 422", script: vendor(tall), verbatim: tall, status: 422, kind: invalid, code: "odd", param: "messages[0]", requests: 1, outcome: "client_error"},

		{name: "vendor's 401", script: status(401), status: 502, kind: server, code: "provider_refused", requests: 1, outcome: "upstream_error"},
		{name: "vendor's 403", script: status(403), status: 502, kind: server, code: "provider_refused", requests: 1, outcome: "upstream_error"},
		{name: "no money left", script: vendor(fakeprovider.NoQuota()), status: 502, kind: server, code: "provider_refused", requests: 1, outcome: "upstream_error"},
		{name: "vendor's 404", script: status(404), status: 404, kind: invalid, code: "model_not_found", requests: 1, outcome: "upstream_error"},
		{name: "unknown to the vendor", model: "p/nobody", status: 404, kind: invalid, code: "model_not_found", requests: 1, outcome: "upstream_error"},
		{name: "vendor's 429", script: status(429), status: 503, kind: server, code: "provider_throttled", requests: 3, wait: true, outcome: "upstream_error"},
		{name: "vendor's 500", script: status(500), status: 502, kind: server, code: "provider_error", requests: 3, outcome: "upstream_error"},
		{name: "vendor's 502", script: status(502), status: 502, kind: server, code: "provider_error", requests: 3, outcome: "upstream_error"},
		{name: "vendor's 503", script: status(503), status: 503, kind: server, code: "provider_throttled", requests: 3, outcome: "upstream_error"},
		{name: "vendor's 504", script: status(504), status: 504, kind: server, code: "provider_timeout", requests: 3, outcome: "timeout"},
		{name: "vendor's 302", script: fakeprovider.Answer{Status: 302, Header: http.Header{"Location": {"https://example.com/"}}}, status: 502, kind: server, code: "provider_error", requests: 3, outcome: "upstream_error"},
		{name: "nobody listens", model: "down/any", status: 502, kind: server, code: "provider_error", outcome: "upstream_error"},

		{name: "web page with 200", script: body("text/html", "<html><body>Sign in</body></html>"), status: 502, kind: server, code: "provider_error", requests: 3, outcome: "upstream_error"},
		{name: "web page with 503", script: fakeprovider.Answer{Status: 503, ContentType: "text/html", Body: "<h1>Bad gateway nginx</h1>"}, status: 502, kind: server, code: "provider_error", requests: 3, outcome: "upstream_error"},
		{name: "error with 200", script: fakeprovider.Answer{Status: 200, Error: fakeprovider.Failure(500)}, status: 502, kind: server, code: "provider_error", requests: 3, outcome: "upstream_error"},
		{name: "throttled with 200", script: fakeprovider.Answer{Status: 200, Error: fakeprovider.Failure(429)}, status: 503, kind: server, code: "provider_throttled", requests: 3, outcome: "upstream_error"},
		{name: "garbage", script: body("", `{"id":"chatcmpl-1","choices":[{"ind`), status: 502, kind: server, code: "provider_error", requests: 3, outcome: "upstream_error"},
		{name: "garbage in events", script: body("text/event-stream", "data: {\"id\":\"chatcmpl-1\",\"choi\n\n"), status: 502, kind: server, code: "provider_error", requests: 3, outcome: "upstream_error"},
		{name: "nothing", script: body("", " "), status: 502, kind: server, code: "provider_error", requests: 3, outcome: "upstream_error"},
		{name: "no choices", script: body("", `{"id":"chatcmpl-1","object":"chat.completion","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`), status: 502, kind: server, code: "provider_error", requests: 3, outcome: "upstream_error"},
		{name: "not JSON's top", script: body("", `[]`), status: 502, kind: server, code: "provider_error", requests: 3, outcome: "upstream_error"},
		{name: "cut before all", script: cut(0, fakeprovider.CutAbort), status: 502, kind: server, code: "answer_truncated", requests: 3, outcome: "truncated"},
		{name: "cut early", script: cut(100, fakeprovider.CutAbort), status: 502, kind: server, code: "answer_truncated", requests: 3, outcome: "truncated"},
	}
}

// Every way in which a call can fail reaches the application as the SDK's own
// type of error, with the vendor's own words where they are about the
// application's request and with ours where they are about our account; and
// the SDK tries again what can succeed, and nothing else.
func TestErrors(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		for _, w := range wrongs() {
			t.Run(w.name, func(t *testing.T) {
				for _, stream := range []bool{false, true} {
					s.fails(t, v, w, stream)
				}
			})
		}
	})
}

func (s *stage) fails(t *testing.T, v version, w wrong, stream bool) {
	t.Helper()
	via := s.patient(v)
	a := ask1(w.model, "How deep is the weir?")
	if w.model == "" {
		a.model = "p/" + slug(w.name)
		s.p.Model(slug(w.name), w.script)
	}
	if w.edit != nil {
		w.edit(&a)
	}
	before := len(s.p.Requests())
	var err error
	if stream {
		got := via.stream(t.Context(), a, nil)
		if len(got.chunks) > 0 {
			t.Errorf("stream %v: chunks before the error: %v", stream, got.chunks)
		}
		err = got.err
	} else {
		_, err = via.chat(t.Context(), a)
	}
	f, ok := via.failure(err)
	if !ok || f.inStream {
		t.Fatalf("stream %v: %v (%T), want an API error with a status", stream, err, err)
	}
	w.check(t, f)
	if w.verbatim != nil {
		want, err := json.Marshal(w.verbatim)
		if err != nil || via.last().body.String() != string(want)+"\n" {
			t.Errorf("the body is %q, the vendor's %q", via.last().body, want)
		}
	}
	if n := len(s.p.Requests()) - before; n != w.requests {
		t.Errorf("stream %v: %d requests at the provider, want %d", stream, n, w.requests)
	}
	tries := 1
	if w.requests == 3 || w.model == "down/any" {
		tries = 3
	}
	if n := len(via.exchanges()); n != tries {
		t.Errorf("stream %v: the SDK tried %d times, want %d (x-should-retry %q)", stream, n, tries, f.header.Get("X-Should-Retry"))
	}
	s.failedRow(t, via, w, stream)
}

// slug makes a model's name of a case's.
func slug(name string) string { return strings.ReplaceAll(name, " ", "-") }

// check compares an error with what it must be. Nothing of the provider's
// account may be in it.
func (w wrong) check(t *testing.T, f failure) {
	t.Helper()
	if f.Status != w.status || f.Type != w.kind || f.Param != w.param || w.code != "" && f.Code != w.code || f.Message == "" {
		t.Errorf("%d %q code %q param %q %q; want %d %q code %q param %q", f.Status, f.Type, f.Code, f.Param, f.Message, w.status, w.kind, w.code, w.param)
	}
	if wait := f.header.Get("Retry-After"); (wait != "") != w.wait {
		t.Errorf("retry-after %q", wait)
	}
	if again, tries := f.header.Get("X-Should-Retry"), w.requests == 3 || w.model == "down/any"; (again == "false") == tries {
		t.Errorf("x-should-retry %q", again)
	}
	for _, name := range []string{"X-Weir-Call-Id", "X-Request-Id"} {
		if f.header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	for _, secret := range []string{"sk-fake", rig.Secret, "org-fake", "127.0.0.1", "nginx", "TPM", "goroutine", ".go:"} {
		if strings.Contains(f.raw, secret) {
			t.Errorf("%q is in %s", secret, f.raw)
		}
	}
}

// failedRow checks what the ledger keeps of a call that failed before its
// first content: it costs nothing.
func (s *stage) failedRow(t *testing.T, via caller, w wrong, stream bool) {
	t.Helper()
	id := via.last().header.Get("X-Weir-Call-Id")
	row, found, err := s.Ledger.Get(t.Context(), id)
	if err != nil || found != (w.outcome != "") {
		t.Errorf("row %v, %v; want one: %v", found, err, w.outcome != "")
	}
	if !found {
		return
	}
	if row.Outcome != w.outcome || row.UsageSource != "none" || row.Cost != 0 || row.Stream != stream || len(row.Attempts) != 1 {
		t.Errorf("stream %v: row %s %s %d %+v, want %s and no cost", stream, row.Outcome, row.UsageSource, row.Cost, row.Attempts, w.outcome)
	}
}

// A key that is no key, or nobody's, is a 401 that names no provider.
func TestBadKeys(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	stranger := setUp(t, scene{}).Key // of another store
	record, revoked, err := s.Keys.Create(t.Context(), keys.Spec{Team: "search", App: "old"})
	if err == nil {
		err = s.Keys.Revoke(t.Context(), record.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, v version) {
		for _, tt := range []struct{ name, key, code string }{
			{"another vendor's", "sk-proj-0123456789abcdef", keys.CodeMissing},
			{"mistyped", s.Key[:len(s.Key)-1] + other(s.Key), keys.CodeMistyped},
			{"cut", s.Key[:20], keys.CodeMalformed},
			{"unknown", stranger, "invalid_api_key"},
			{"revoked", revoked.Reveal(), keys.CodeRevoked},
		} {
			t.Run(tt.name, func(t *testing.T) {
				c := s.open(v, s.URL+"/v1", tt.key, 2)
				_, err := c.chat(t.Context(), ask1("p/gpt-4o", "hi"))
				streamErr := c.stream(t.Context(), ask1("p/gpt-4o", "hi"), nil).err
				_, embedErr := c.embed(t.Context(), embedAsk{model: "p/text-embedding-3-small", input: []string{"a"}})
				_, listErr := c.models(t.Context())
				_, getErr := c.model(t.Context(), "p/gpt-4o")
				for _, err := range []error{err, streamErr, embedErr, listErr, getErr} {
					if f, ok := c.failure(err); !ok || f.Status != 401 || f.Type != invalid || f.Code != tt.code || strings.Contains(f.Message, tt.key[8:]) {
						t.Errorf("%+v (%v)", f, err)
					}
				}
				if n := len(c.exchanges()); n != 5 {
					t.Errorf("the SDK tried 5 calls %d times", n)
				}
			})
		}
	})
	if n := len(s.p.Requests()); n > 0 {
		t.Errorf("the provider was asked %d times", n)
	}
	if rows := s.Rows(); len(rows) > 0 {
		t.Errorf("%d rows", len(rows))
	}
}

// A request that is too large is told so, and not cut off while it is sent:
// the SDK would take that for a broken connection and try again.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{settings: "  max_body: 64KiB\n"})
	huge := ask1("p/gpt-4o", strings.Repeat("water ", 1<<20/6))
	each(t, func(t *testing.T, v version) {
		via := s.patient(v)
		_, err := via.chat(t.Context(), huge)
		for _, err := range []error{err, via.stream(t.Context(), huge, nil).err} {
			if f, ok := via.failure(err); !ok || f.Status != 413 || f.Type != invalid || f.Code != "request_too_large" {
				t.Errorf("%+v (%v)", f, err)
			}
		}
		if n := len(via.exchanges()); n != 2 {
			t.Errorf("the SDK tried 2 calls %d times", n)
		}
	})
}

// other is a character that s does not end in.
func other(s string) string {
	if strings.HasSuffix(s, "0") {
		return "1"
	}
	return "0"
}

package anthropic_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire/sse"
)

func TestErrors(t *testing.T) {
	own := []byte("{\"type\":\"error\",\n \"error\":{\"type\":\"invalid_request_error\",\"message\":\"theirs\"},\"request_id\":\"req_1\"}")
	upstream := func(k fault.Kind, status int, name, retry string) error {
		return &fault.Error{Kind: k, Public: "ours", Upstream: &fault.Upstream{Dialect: name, Status: status, ContentType: "application/json; charset=utf-8", Body: own, ShouldRetry: retry}}
	}
	body := func(kind, message string) string {
		return `{"type":"error","error":{"type":"` + kind + `","message":"` + message + `"},"request_id":"0199"}`
	}
	tests := []struct {
		name   string
		err    error
		status int
		header map[string]string
		body   string
	}{
		{"invalid", &fault.Error{Kind: fault.Invalid, Public: "bad \"x\"\n", Param: "x"}, 400, map[string]string{"X-Should-Retry": "false"}, body("invalid_request_error", `bad \"x\"\n`)},
		{
			"a code of the vendor's", &fault.Error{Kind: fault.Invalid, Public: "no", Code: "thread_unsupported_request"}, 400,
			map[string]string{"X-Should-Retry": "false"},
			`{"type":"error","error":{"type":"invalid_request_error","message":"no","details":{"error_code":"thread_unsupported_request"}},"request_id":"0199"}`,
		},
		{"a code of another vendor's", &fault.Error{Kind: fault.Invalid, Public: "no", Code: "unsupported_parameter"}, 400, map[string]string{"X-Should-Retry": "false"}, body("invalid_request_error", "no")},
		{"no key", fault.New(fault.Unauthenticated, "", ""), 401, map[string]string{"X-Should-Retry": "false"}, body("authentication_error", "No valid key was given.")},
		{"forbidden", fault.New(fault.Forbidden, "", "no"), 403, map[string]string{"X-Should-Retry": "false"}, body("permission_error", "no")},
		{"no model", fault.New(fault.ModelNotFound, "", "no"), 404, map[string]string{"X-Should-Retry": "false"}, body("not_found_error", "no")},
		{"too large", fault.New(fault.TooLarge, "", "no"), 413, map[string]string{"X-Should-Retry": "false"}, body("request_too_large", "no")},
		{"rate", &fault.Error{Kind: fault.RateLimited, Public: "slow", RetryAfter: 1500 * time.Millisecond}, 429, map[string]string{"Retry-After": "2"}, body("rate_limit_error", "slow")},
		{"budget", fault.New(fault.OverBudget, "", "spent"), 402, map[string]string{"X-Should-Retry": "false"}, body("billing_error", "spent")},
		{"throttled", fault.New(fault.TargetThrottled, "", "busy"), 529, nil, body("overloaded_error", "busy")},
		{"timeout", fault.New(fault.TargetTimeout, "", "late"), 504, nil, body("timeout_error", "late")},
		{"unclassified", errors.New("secret"), 500, nil, body("api_error", "The gateway failed to handle this request.")},
		{"nothing", nil, 500, nil, body("api_error", "The gateway failed to handle this request.")},
		{
			"the provider's own words", upstream(fault.Invalid, 400, anthropic.Name, ""), 400,
			map[string]string{"X-Should-Retry": "false", "Content-Type": "application/json; charset=utf-8"},
			string(own),
		},
		{
			"the provider's own status and advice", upstream(fault.ContextLength, 413, anthropic.Name, "true"), 413,
			map[string]string{"X-Should-Retry": "true", "Content-Type": "application/json; charset=utf-8"},
			string(own),
		},
		{"another dialect's words", upstream(fault.Invalid, 400, "openaichat", ""), 400, map[string]string{"X-Should-Retry": "false"}, body("invalid_request_error", "ours")},
		{"the provider's words about our account", upstream(fault.TargetRefused, 401, anthropic.Name, ""), 502, map[string]string{"X-Should-Retry": "false"}, body("api_error", "ours")},
		{"an error inside a 2xx", upstream(fault.Invalid, 200, anthropic.Name, ""), 400, map[string]string{"X-Should-Retry": "false"}, body("invalid_request_error", "ours")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, h, got := anthropic.Front{}.Error(tt.err, "0199")
			want := http.Header{"Content-Type": {"application/json"}}
			for k, v := range tt.header {
				want.Set(k, v)
			}
			if status != tt.status || string(got) != tt.body {
				t.Errorf("got %d %s\nwant %d %s", status, got, tt.status, tt.body)
			}
			if diff := cmp.Diff(want, h); diff != "" {
				t.Error(diff)
			}
			frames := anthropic.Front{}.Fail(tt.err, "0199")
			if len(frames) != 1 || frames[0].Dialect != anthropic.Name || frames[0].Name != "error" {
				t.Fatalf("Fail: %+v", frames)
			}
			var in struct {
				Type  string
				Error struct{ Type, Message string }
			}
			if err := json.Unmarshal(frames[0].Data, &in); err != nil || in.Type != "error" || in.Error.Type == "" || in.Error.Message == "" || strings.Contains(string(frames[0].Data), "\n") {
				t.Errorf("Fail: %s (%v)", frames[0].Data, err)
			}
		})
	}
}

func TestEveryKindIsAnError(t *testing.T) {
	for k := fault.Internal; k.String() != "internal" || k == fault.Internal; k++ {
		status, _, body := anthropic.Front{}.Error(fault.New(k, "x", ""), "")
		if status < 400 || !json.Valid(body) || !strings.HasSuffix(string(body), `"request_id":null}`) {
			t.Errorf("%s: %d %s", k, status, body)
		}
	}
}

// The keep-alive is an event that SDKs know, and no half of one.
func TestIdle(t *testing.T) {
	idle := anthropic.Front{}.Idle()
	if got := string(idle); got != "event: ping\ndata: {\"type\": \"ping\"}\n\n" {
		t.Errorf("got %q", got)
	}
	for f, err := range sse.Frames(strings.NewReader(string(idle)), maxEvent) {
		if err != nil || f.Name != "ping" {
			t.Errorf("read as %q, %v", f.Name, err)
		}
	}
}

func TestModels(t *testing.T) {
	models := []dialect.Model{{ID: "claude-sonnet", OwnedBy: "anthropic", Created: time.Unix(1795514700, 0)}, {ID: "echo/é"}}
	const (
		rest   = `,"lifecycle":"active","line":null,"capabilities":null,"max_input_tokens":null,"max_tokens":null,"deprecated_at":null,"retires_at":null}`
		sonnet = `{"type":"model","id":"claude-sonnet","display_name":"claude-sonnet","created_at":"2026-11-24T10:05:00Z"` + rest
	)
	got := string(anthropic.Front{}.Models(models))
	want := `{"data":[` + sonnet + `,{"type":"model","id":"echo/é","display_name":"echo/é","created_at":"1970-01-01T00:00:00Z"` + rest + `],"has_more":false,"first_id":"claude-sonnet","last_id":"echo/é"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(anthropic.Front{}.Models(nil)); got != `{"data":[],"has_more":false,"first_id":null,"last_id":null}` {
		t.Errorf("empty: %s", got)
	}
	if got := string(anthropic.Front{}.Model(models[0])); got != sonnet {
		t.Errorf("one: %s", got)
	}
}

func TestRoutes(t *testing.T) {
	mux := http.NewServeMux()
	ops := map[string]llm.Op{}
	for _, r := range (anthropic.Front{}).Routes() {
		pattern := r.Method + " " + r.Pattern
		mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
		ops[pattern] = r.Op
	}
	for path, op := range map[string]llm.Op{"/v1/messages": llm.OpChat, "/v1/messages?beta=true": llm.OpChat, "/v1/messages/count_tokens": llm.OpCount} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, pattern := mux.Handler(r); ops[pattern] != op {
			t.Errorf("%s is served by %q", path, pattern)
		}
	}
	if _, err := (anthropic.Front{}).Decode(llm.OpEmbed, llm.Inbound{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("embeddings: %v", err)
	}
}

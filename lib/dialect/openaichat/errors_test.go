package openaichat_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/dialect"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
)

func TestErrorBodies(t *testing.T) {
	own := []byte("{\n \"error\": {\"message\": \"theirs\"}\n}")
	upstream := func(k fault.Kind, status int, d string) error {
		return &fault.Error{Kind: k, Public: "ours", Upstream: &fault.Upstream{Dialect: d, Status: status, ContentType: "application/json; charset=utf-8", Body: own}}
	}
	tests := []struct {
		name   string
		err    error
		status int
		header map[string]string
		body   string
	}{
		{
			"our own, with a parameter", &fault.Error{Kind: fault.Invalid, Public: `bad "x" <b>`, Param: "messages[2].content", Code: "invalid_type"}, 400,
			map[string]string{"X-Should-Retry": "false"},
			`{"error":{"message":"bad \"x\" <b>","type":"invalid_request_error","param":"messages[2].content","code":"invalid_type"}}`,
		},
		{
			"standard text", fault.New(fault.Unauthenticated, "x", ""), 401,
			map[string]string{"X-Should-Retry": "false"},
			`{"error":{"message":"No valid key was given.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`,
		},
		{
			"rate limit", &fault.Error{Kind: fault.RateLimited, RetryAfter: 1200 * time.Millisecond}, 429,
			map[string]string{"Retry-After": "2"},
			`{"error":{"message":"A rate limit of this key is reached.","type":"requests","param":null,"code":"rate_limit_exceeded"}}`,
		},
		{
			"throttled target is not the caller's limit", &fault.Error{Kind: fault.TargetThrottled, RetryAfter: time.Millisecond}, 503,
			map[string]string{"Retry-After": "1"},
			`{"error":{"message":"The provider is limiting requests; try again shortly.","type":"server_error","param":null,"code":"provider_throttled"}}`,
		},
		{
			"an error without a kind tells nothing but the call", errors.New("secret at 10.0.0.7"), 500, nil,
			`{"error":{"message":"The gateway failed to handle this request. Call: 0199.","type":"server_error","param":null,"code":null}}`,
		},
		{
			"the provider's words about the caller's own request", upstream(fault.Invalid, 400, openaichat.Name), 400,
			map[string]string{"X-Should-Retry": "false", "Content-Type": "application/json; charset=utf-8"},
			string(own),
		},
		{
			"the provider's own status", upstream(fault.ContextLength, 413, openaichat.Name), 413,
			map[string]string{"X-Should-Retry": "false", "Content-Type": "application/json; charset=utf-8"},
			string(own),
		},
		{
			"another dialect's words are not this one's", upstream(fault.Invalid, 400, "anthropic"), 400,
			map[string]string{"X-Should-Retry": "false"},
			`{"error":{"message":"ours","type":"invalid_request_error","param":null,"code":null}}`,
		},
		{
			"the provider's words about our account", upstream(fault.TargetRefused, 401, openaichat.Name), 502,
			map[string]string{"X-Should-Retry": "false"},
			`{"error":{"message":"ours","type":"server_error","param":null,"code":"provider_refused"}}`,
		},
		{
			"an error inside a 2xx keeps our status", upstream(fault.Invalid, 200, openaichat.Name), 400,
			map[string]string{"X-Should-Retry": "false"},
			`{"error":{"message":"ours","type":"invalid_request_error","param":null,"code":null}}`,
		},
		{"nothing", nil, 500, nil, `{"error":{"message":"The gateway failed to handle this request. Call: 0199.","type":"server_error","param":null,"code":null}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, h, body := openaichat.Front{}.Error(tt.err, "0199")
			want := http.Header{"Content-Type": {"application/json"}}
			for k, v := range tt.header {
				want.Set(k, v)
			}
			if status != tt.status || string(body) != tt.body {
				t.Errorf("got %d %s\nwant %d %s", status, body, tt.status, tt.body)
			}
			if diff := cmp.Diff(want, h); diff != "" {
				t.Error(diff)
			}
			frames := openaichat.Front{}.Fail(tt.err, "0199")
			if len(frames) != 1 || frames[0].Dialect != openaichat.Name {
				t.Fatalf("Fail: %d frames", len(frames))
			}
			var in struct{ Error struct{ Message string } }
			if err := json.Unmarshal(frames[0].Data, &in); err != nil || in.Error.Message == "" || strings.Contains(string(frames[0].Data), "\n") {
				t.Errorf("Fail: %s (%v)", frames[0].Data, err)
			}
		})
	}
}

func TestEveryKindIsAnError(t *testing.T) {
	for k := fault.Internal; k.String() != "internal" || k == fault.Internal; k++ {
		status, _, body := openaichat.Front{}.Error(fault.New(k, "x", ""), "")
		if status < 400 || !json.Valid(body) {
			t.Errorf("%s: %d %s", k, status, body)
		}
	}
}

func TestIdle(t *testing.T) {
	// One newline: with two, some SDKs take the comment for an empty event.
	if got := string(openaichat.Front{}.Idle()); got != ": keep-alive\n" {
		t.Errorf("got %q", got)
	}
}

func TestModels(t *testing.T) {
	created := time.Unix(1795514700, 0)
	models := []dialect.Model{{ID: "gpt-4o", OwnedBy: "openai", Created: created}, {ID: "echo/é", OwnedBy: "echo"}}
	got := string(openaichat.Front{}.Models(models))
	want := `{"object":"list","data":[{"id":"gpt-4o","object":"model","created":1795514700,"owned_by":"openai"},{"id":"echo/é","object":"model","created":0,"owned_by":"echo"}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(openaichat.Front{}.Models(nil)); got != `{"object":"list","data":[]}` {
		t.Errorf("empty: %s", got)
	}
	if got := string(openaichat.Front{}.Model(models[0])); got != `{"id":"gpt-4o","object":"model","created":1795514700,"owned_by":"openai"}` {
		t.Errorf("one: %s", got)
	}
}

func TestRoutes(t *testing.T) {
	mux := http.NewServeMux()
	for _, r := range (openaichat.Front{}).Routes() {
		mux.HandleFunc(r.Method+" "+r.Pattern, func(http.ResponseWriter, *http.Request) {})
	}
	for _, path := range []string{"/v1/chat/completions", "/v1/embeddings"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, pattern := mux.Handler(r); pattern != "POST "+path {
			t.Errorf("%s is served by %q", path, pattern)
		}
	}
}

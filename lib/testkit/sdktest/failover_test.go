package sdktest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/testkit/fakeprovider"
)

// failing is a first target that fails before its first content.
type failing struct {
	model   string // of provider p, or provider/model
	script  *fakeprovider.Answer
	outcome string // of the attempt
	status  int
	only    string // whole or stream; empty: both
	timeout string
}

func failings() []failing {
	answer := func(a fakeprovider.Answer) *fakeprovider.Answer { return &a }
	const role = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}` + "\n\n"
	events := func(body string) *fakeprovider.Answer {
		return &fakeprovider.Answer{Body: body, ContentType: "text/event-stream"}
	}
	return []failing{
		{model: "status-401", outcome: "target_refused", status: 401},
		{model: "status-403", outcome: "target_refused", status: 403},
		{model: "status-404", outcome: "target_missing", status: 404},
		{model: "nobody-knows", outcome: "target_missing", status: 404},
		{model: "status-429", outcome: "target_throttled", status: 429},
		{model: "no-quota", outcome: "target_refused", status: 429},
		{model: "status-500", outcome: "target_failed", status: 500},
		{model: "status-503", outcome: "target_throttled", status: 503},
		{model: "status-504", outcome: "target_timeout", status: 504},
		{model: "down/any", outcome: "target_failed"},
		{model: "html", outcome: "target_failed", status: 200},
		{model: "garbage", outcome: "target_failed", status: 200},
		{model: "empty", outcome: "target_failed", status: 200},
		{model: "error-200", outcome: "target_failed", status: 200},
		{model: "cut-early", script: answer(fakeprovider.Answer{Cut: &fakeprovider.Cut{After: 100, How: fakeprovider.CutAbort}}), outcome: "truncated", status: 200},
		{model: "cut-late", script: answer(fakeprovider.Answer{Cut: &fakeprovider.Cut{After: 300, How: fakeprovider.CutAbort}}), outcome: "truncated", status: 200, only: "whole"},
		{model: "role-then-end", script: events(role), outcome: "truncated", status: 200, only: "stream"},
		{model: "role-then-error", script: events(role + `data: {"error":{"message":"overloaded","type":"server_error"}}` + "\n\n"), outcome: "target_failed", status: 200, only: "stream"},
		{model: "done-at-once", script: events("data: [DONE]\n\n"), outcome: "target_failed", status: 200, only: "stream"},
		{model: "stall-head", outcome: "target_timeout", only: "whole", timeout: "total: 1s"},
		{model: "stall-head", outcome: "target_timeout", only: "stream", timeout: "first_token: 100ms"},
		{model: "stall-role", outcome: "target_timeout", status: 200, only: "stream", timeout: "first_token: 100ms"},
	}
}

// target is f in gateway.yaml.
func (f failing) target() string {
	provider, model, ok := strings.Cut(f.model, "/")
	if !ok {
		provider, model = "p", f.model
	}
	if f.timeout == "" {
		return provider + "/" + model
	}
	return fmt.Sprintf("{ provider: %s, model: %s, timeout: { %s } }", provider, model, f.timeout)
}

// A target that fails before its first content is invisible to the
// application: it gets the second target's answer as if that had been asked
// alone, and only the second is billed.
func TestFailover(t *testing.T) {
	t.Parallel()
	var models strings.Builder
	for i, f := range failings() {
		fmt.Fprintf(&models, "  route-%d: { strategy: fallback, targets: [%s, q/gpt-4o] }\n", i, f.target())
	}
	s := setUp(t, scene{models: models.String()})
	each(t, func(t *testing.T, v version) {
		via := s.patient(v)
		a := ask1("q/gpt-4o", "How deep is the weir?")
		a.usage = true
		want := map[bool]streamed{true: via.stream(t.Context(), a, nil)}
		wantRow := s.row(via)
		want[false] = streamed{answer: turn(t, via, ask1("q/gpt-4o", "How deep is the weir?"), false)}
		for i, f := range failings() {
			if f.script != nil {
				s.p.Model(f.model, *f.script)
			}
			for _, stream := range []bool{false, true} {
				if stream && f.only == "whole" || !stream && f.only == "stream" {
					continue
				}
				t.Run(fmt.Sprintf("%s, stream %v", f.model, stream), func(t *testing.T) {
					a := ask1(fmt.Sprintf("route-%d", i), "How deep is the weir?")
					before := len(via.exchanges())
					var got streamed
					if a.usage = stream; stream {
						got = via.stream(t.Context(), a, nil)
					} else {
						got.answer, got.err = via.chat(t.Context(), a)
					}
					compareStreams(t, want[stream], got)
					e, row := via.last(), s.row(via)
					if len(via.exchanges()) != before+1 || e.header.Get("X-Weir-Provider") != "q" || e.header.Get("X-Weir-Attempts") != "2" || e.header.Get("X-Weir-Model") != "gpt-4o" {
						t.Errorf("%d tries, head %v", len(via.exchanges())-before, e.header)
					}
					if row.Outcome != "ok" || row.Provider != "q" || row.Model != "gpt-4o" || row.RequestedModel != a.model || row.Cost != wantRow.Cost || len(row.Attempts) != 2 {
						t.Fatalf("row %+v", row)
					}
					if first, second := row.Attempts[0], row.Attempts[1]; first.Outcome != f.outcome || first.Status != f.status || second.Outcome != "ok" || second.Status != 200 || second.Provider != "q" {
						t.Errorf("attempts %+v, want %s %d first", row.Attempts, f.outcome, f.status)
					}
				})
			}
		}
	})
}

// What is wrong with the request is wrong everywhere: no second target is
// asked. Neither is one once the first has said something.
func TestNoFailover(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{models: `
  route-1: { targets: [p/context-length, q/gpt-4o] }
  route-2: { targets: [p/content-policy, q/gpt-4o] }
  route-3: { targets: [p/error-in-stream, q/gpt-4o] }
  route-4: { targets: [p/gpt-4o, q/gpt-4o] }
`})
	each(t, func(t *testing.T, v version) {
		for _, tt := range []struct {
			model, code string
			edit        func(*ask)
			inStream    bool
		}{
			{"route-1", "context_length_exceeded", nil, false},
			{"route-2", "invalid_prompt", nil, false},
			{"route-3", "provider_error", nil, true},
			{"route-4", "decimal_above_max_value", func(a *ask) { a.extra = map[string]any{"temperature": 3} }, false},
		} {
			via := s.patient(v)
			a := ask1(tt.model, "How deep is the weir?")
			if tt.edit != nil {
				tt.edit(&a)
			}
			got := via.stream(t.Context(), a, nil)
			if f, ok := via.failure(got.err); !ok || f.Code != tt.code || f.inStream != tt.inStream {
				t.Errorf("%s: %+v (%v)", tt.model, f, got.err)
			}
			if row := s.row(via); len(row.Attempts) != 1 || row.Provider != "p" {
				t.Errorf("%s: attempts %+v", tt.model, row.Attempts)
			}
		}
	})
	if n := len(s.q.Requests()); n > 0 {
		t.Errorf("the second provider was asked %d times", n)
	}
}

// When every target fails the application sees the last one's failure, and the
// row has them all.
func TestAllTargetsFail(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{models: `
  route: { targets: [p/status-401, down/any, p/garbage, q/status-429] }
`})
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		_, err := via.chat(t.Context(), ask1("route", "hi"))
		streamErr := via.stream(t.Context(), ask1("route", "hi"), nil).err
		for _, err := range []error{err, streamErr} {
			f, ok := via.failure(err)
			if !ok || f.Status != 503 || f.Code != "provider_throttled" || f.header.Get("Retry-After") != "2" || f.header.Get("X-Weir-Attempts") != "4" {
				t.Errorf("%+v (%v)", f, err)
			}
		}
		var outcomes []string
		for _, a := range s.row(via).Attempts {
			outcomes = append(outcomes, a.Outcome)
		}
		if want := []string{"target_refused", "target_failed", "target_failed", "target_throttled"}; !slices.Equal(outcomes, want) {
			t.Errorf("attempts %v (%s)", outcomes, cmp.Diff(want, outcomes))
		}
	})
}

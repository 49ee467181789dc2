package gateway_test

import (
	"strings"
	"testing"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

// failures are the ways in which a target fails before its first content, each
// with the word that its attempt gets.
var failures = map[string]struct {
	answer  fakeprovider.Answer
	outcome string
	// streamed, whole: whether the way exists there.
	streamed, whole bool
}{
	"500":               {fakeprovider.Answer{Status: 500}, "target_failed", true, true},
	"503":               {fakeprovider.Answer{Status: 503}, "target_throttled", true, true},
	"429":               {fakeprovider.Answer{Status: 429}, "target_throttled", true, true},
	"401":               {fakeprovider.Answer{Status: 401}, "target_refused", true, true},
	"403":               {fakeprovider.Answer{Status: 403}, "target_refused", true, true},
	"no quota":          {fakeprovider.Answer{Error: fakeprovider.NoQuota()}, "target_refused", true, true},
	"404":               {fakeprovider.Answer{Status: 404}, "target_missing", true, true},
	"redirect":          {fakeprovider.Answer{Status: 302}, "target_failed", true, true},
	"html":              {fakeprovider.Answer{Body: "<html>Sign in</html>", ContentType: "text/html"}, "target_failed", true, true},
	"garbage":           {fakeprovider.Answer{Body: `{"id":"chatcmpl-1","choices":[{"ind`}, "target_failed", true, true},
	"error with 200":    {fakeprovider.Answer{Status: 200, Error: fakeprovider.Failure(500)}, "target_failed", true, true},
	"cut in the head":   {fakeprovider.Answer{Cut: &fakeprovider.Cut{After: 1, How: fakeprovider.CutAbort}}, "truncated", true, true},
	"reset in the head": {fakeprovider.Answer{Cut: &fakeprovider.Cut{After: 1, How: fakeprovider.CutReset}}, "truncated", true, true},
	"silent":            {fakeprovider.Answer{HeadDelay: fakeprovider.Forever}, "target_timeout", true, true},
	"silent after role": {fakeprovider.Answer{RoleDelay: fakeprovider.Forever}, "target_timeout", true, false},
}

const failoverModels = `
  route:
    strategy: fallback
    targets:
      - { provider: p, model: first, timeout: { first_token: 150ms, between_tokens: 150ms, total: 1s } }
      - q/gpt-4o
  only: { strategy: fallback, targets: [{ provider: p, model: first, timeout: { first_token: 150ms, between_tokens: 150ms, total: 1s } }] }
`

func failover(t *testing.T) (*rig.Rig, *fakeprovider.Provider) {
	t.Helper()
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	return rig.Start(t, rig.Options{Config: config(p.URL, failoverModels, "")}), p
}

func TestATargetThatFailsBeforeContentIsNotNoticed(t *testing.T) {
	for name, c := range failures {
		for _, stream := range []bool{false, true} {
			if stream && !c.streamed || !stream && !c.whole {
				continue
			}
			mode := map[bool]string{false: "/whole", true: "/streamed"}[stream]
			t.Run(name+mode, func(t *testing.T) {
				t.Parallel()
				r, p := failover(t)
				p.Script("first", c.answer)
				a := r.Must(chatPath, ask("route", stream))
				if a.Status != 200 || !strings.Contains(a.Body, "hello") || stream != strings.HasSuffix(a.Body, "data: [DONE]\n\n") {
					t.Fatalf("status %d: %s", a.Status, a.Body)
				}
				if a.Header.Get("X-Weir-Provider") != "q" || a.Header.Get("X-Weir-Attempts") != "2" {
					t.Errorf("headers %v", a.Header)
				}
				row := r.Row(a.CallID())
				if row.Outcome != "ok" || row.Provider != "q" || len(row.Attempts) != 2 || row.Attempts[0].Outcome != c.outcome || row.Attempts[1].Outcome != "ok" {
					t.Errorf("row %+v", row)
				}
				if want := row.Usage.Input*2000 + row.Usage.Output*8000; int64(row.Cost) != want {
					t.Errorf("cost %d, want q's price %d", row.Cost, want)
				}
			})
		}
	}
}

func TestTheLastTargetsErrorIsTold(t *testing.T) {
	status := map[string]struct {
		status  int
		code    string
		outcome string
	}{
		"target_failed":    {502, "provider_error", "upstream_error"},
		"target_throttled": {503, "provider_throttled", "upstream_error"},
		"target_refused":   {502, "provider_refused", "upstream_error"},
		"target_missing":   {404, "model_not_found", "upstream_error"},
		"truncated":        {502, "answer_truncated", "truncated"},
		"target_timeout":   {504, "provider_timeout", "timeout"},
	}
	for name, c := range failures {
		for _, stream := range []bool{false, true} {
			if stream && !c.streamed || !stream && !c.whole {
				continue
			}
			mode := map[bool]string{false: "/whole", true: "/streamed"}[stream]
			t.Run(name+mode, func(t *testing.T) {
				t.Parallel()
				r, p := failover(t)
				p.Script("first", c.answer)
				a := r.Must(chatPath, ask("only", stream))
				want := status[c.outcome]
				wantError(t, a, want.status, want.code)
				row := r.Row(a.CallID())
				if row.State != ledger.Settled || row.Outcome != want.outcome || row.UsageSource != ledger.UsageNone || row.Cost != 0 {
					t.Errorf("row %+v", row)
				}
				private(t, r.Log())
			})
		}
	}
}

// What the caller did wrong is not tried elsewhere, and reads as the vendor
// wrote it.
func TestTheCallersMistakesAreNotSentToASecondTarget(t *testing.T) {
	for name, c := range map[string]struct {
		answer fakeprovider.Answer
		status int
	}{
		"context length": {fakeprovider.Answer{Error: fakeprovider.ContextLength(8192, 9000)}, 400},
		"content policy": {fakeprovider.Answer{Error: fakeprovider.ContentPolicy()}, 400},
		"400":            {fakeprovider.Answer{Status: 400}, 400},
		"422":            {fakeprovider.Answer{Status: 422}, 422},
		"413":            {fakeprovider.Answer{Status: 413}, 413},
	} {
		t.Run(name, func(t *testing.T) {
			r, p := failover(t)
			p.Script("first", c.answer)
			a := r.Must(chatPath, ask("route", true))
			wantError(t, a, c.status, "")
			if a.Header.Get("X-Should-Retry") != "false" {
				t.Errorf("x-should-retry is %q", a.Header.Get("X-Should-Retry"))
			}
			if n := len(p.Requests()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			if row := r.Row(a.CallID()); row.Outcome != "client_error" || len(row.Attempts) != 1 {
				t.Errorf("row %+v", row)
			}
		})
	}
}

func TestAfterTheFirstContentTheChoiceIsFinal(t *testing.T) {
	for name, answer := range map[string]fakeprovider.Answer{
		"stall":           {StallAfter: 1},
		"cut":             {Cut: &fakeprovider.Cut{After: 600, How: fakeprovider.CutAbort}},
		"clean cut":       {Cut: &fakeprovider.Cut{After: 600, How: fakeprovider.CutClean}},
		"no DONE":         {NoDone: true},
		"error in stream": {ErrorAfter: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, p := failover(t)
			p.Script("first", answer)
			a := r.Must(chatPath, ask("route", true))
			if a.Status != 200 || strings.Contains(a.Body, "[DONE]") || !strings.Contains(a.Body, `data: {"error":`) {
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
			if n := len(p.Requests()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			row := r.Row(a.CallID())
			if row.State != ledger.Settled || row.Outcome == "ok" || row.UsageSource == ledger.UsageNone || row.Cost == 0 {
				t.Errorf("row %+v: what was sent must be billed", row)
			}
			private(t, a.Body+r.Log())
		})
	}
}

// A unary answer may take longer than first_token: it is one chunk, and its
// first is its last.
func TestFirstTokenDoesNotBindWholeAnswers(t *testing.T) {
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	models := `
  slow: { strategy: fallback, targets: [{ provider: p, model: slow, timeout: { first_token: 100ms } }, q/gpt-4o] }
  last: { strategy: fallback, targets: [{ provider: p, model: slow, timeout: { first_token: 100ms } }] }
`
	r := rig.Start(t, rig.Options{Config: config(p.URL, models, "")})
	for model, stream := range map[string]bool{"slow": false, "last": true} { // the fake takes 300 ms
		a := r.Must(chatPath, ask(model, stream))
		if a.Status != 200 || a.Header.Get("X-Weir-Provider") != "p" || a.Header.Get("X-Weir-Attempts") != "1" {
			t.Errorf("%s: status %d, %v: %s", model, a.Status, a.Header, a.Body)
		}
	}
}

// The head of a stream waits for the first content, but not for ever; failover
// goes on behind the keep-alives, and what fails is told in band.
func TestTheHeadLeavesBeforeASlowFirstToken(t *testing.T) {
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	r := rig.Start(t, rig.Options{Config: config(p.URL, failoverModels, "  head_wait: 100ms\n"), KeepAlive: 20 * time.Millisecond})
	p.Script("first", fakeprovider.Answer{HeadDelay: fakeprovider.Forever}, fakeprovider.Answer{HeadDelay: fakeprovider.Forever})
	a := r.Must(chatPath, ask("route", true))
	if a.Status != 200 || !strings.HasPrefix(a.Body, ": keep-alive\n") || !strings.HasSuffix(a.Body, "data: [DONE]\n\n") || a.Header.Get("X-Weir-Provider") != "" {
		t.Errorf("status %d, headers %v: %q", a.Status, a.Header, a.Body)
	}
	if row := r.Row(a.CallID()); row.Provider != "q" || len(row.Attempts) != 2 {
		t.Errorf("row %+v", row)
	}
	a = r.Must(chatPath, ask("only", true))
	if a.Status != 200 || !strings.Contains(a.Body, `data: {"error":`) || strings.Contains(a.Body, "[DONE]") {
		t.Errorf("status %d: %q", a.Status, a.Body)
	}
	if row := r.Row(a.CallID()); row.Outcome != "timeout" {
		t.Errorf("row %+v", row)
	}
}

func TestASilentStreamIsKeptAlive(t *testing.T) {
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	p.Model("dozing", fakeprovider.Answer{PieceDelay: 10 * time.Second}) // 100 ms each
	r := rig.Start(t, rig.Options{Config: config(p.URL, `  "p/*": p/*`, ""), KeepAlive: 15 * time.Millisecond})
	a := r.Must(chatPath, ask("p/dozing", true))
	if !strings.Contains(a.Body, "}\n\n: keep-alive\n") || !strings.HasSuffix(a.Body, "data: [DONE]\n\n") {
		t.Errorf("%q", a.Body)
	}
}

// A provider that answers a streamed request with one body has answered; the
// caller gets a stream.
func TestAWholeAnswerToAStreamedRequestIsStreamed(t *testing.T) {
	r, p := with(t, "")
	p.Script("gpt-4o", fakeprovider.Answer{Whole: true}, fakeprovider.Answer{Whole: true, Calls: []fakeprovider.Call{{Name: "f", Arguments: `{"a":1}`}}})
	for _, want := range []string{"hello there", `"arguments"`} {
		a := r.Must(chatPath, ask("p/gpt-4o", true))
		if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/event-stream") || !strings.HasSuffix(a.Body, "data: [DONE]\n\n") || !strings.Contains(a.Body, want) {
			t.Errorf("%v %s", a.Header, a.Body)
		}
		if row := r.Row(a.CallID()); row.Outcome != "ok" || row.UsageSource != ledger.UsageProvider || row.Cost == 0 {
			t.Errorf("row %+v", row)
		}
	}
}

// An unreachable provider fails over like any other.
func TestAnUnreachableProviderFailsOver(t *testing.T) {
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	cfg := strings.Replace(config(p.URL, failoverModels, ""), "p: { kind: openai, base_url: "+p.URL, "p: { kind: openai, base_url: http://127.0.0.1:1/v1", 1)
	r := rig.Start(t, rig.Options{Config: cfg})
	if a := r.Must(chatPath, ask("route", false)); a.Status != 200 || a.Header.Get("X-Weir-Attempts") != "2" {
		t.Errorf("status %d %v: %s", a.Status, a.Header, a.Body)
	}
	wantError(t, r.Must(chatPath, ask("only", false)), 502, "provider_error")
	private(t, r.Log())
}

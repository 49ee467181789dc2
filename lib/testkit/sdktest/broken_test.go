package sdktest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/lib/testkit/fakeprovider"
)

// long is a text of many pieces.
var long = strings.TrimSpace(strings.Repeat("The water stands at the mark. ", 8))

// brokenStreams break after their first content.
func brokenStreams() []wrong {
	say := func(edit func(*fakeprovider.Answer)) fakeprovider.Answer {
		a := fakeprovider.Answer{Text: long}
		edit(&a)
		return a
	}
	cut := func(how fakeprovider.CutHow) fakeprovider.Answer {
		return say(func(a *fakeprovider.Answer) { a.Cut = &fakeprovider.Cut{After: 1500, How: how} })
	}
	event := func(e *fakeprovider.APIError) fakeprovider.Answer {
		return say(func(a *fakeprovider.Answer) { a.ErrorAfter, a.Error = 3, e })
	}
	context, policy := fakeprovider.ContextLength(8192, 9000), fakeprovider.ContentPolicy()
	const chunk = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"The water "},"finish_reason":null}]}` + "\n\n"
	raw := func(rest string) fakeprovider.Answer {
		return fakeprovider.Answer{ContentType: "text/event-stream", Body: chunk + rest}
	}
	return []wrong{
		{name: "cut between two bytes, body ends", script: cut(fakeprovider.CutClean), code: "answer_truncated", outcome: "truncated"},
		{name: "cut between two bytes, connection ends", script: cut(fakeprovider.CutAbort), code: "answer_truncated", outcome: "truncated"},
		{name: "cut between two events", script: raw(""), code: "answer_truncated", outcome: "truncated"},
		{name: "cut before the blank line", script: raw(strings.TrimSuffix(chunk, "\n")), code: "answer_truncated", outcome: "truncated"},
		{name: "no done", script: say(func(a *fakeprovider.Answer) { a.NoDone = true }), code: "answer_truncated", outcome: "truncated"},
		{name: "aborted by the model's server", script: say(func(a *fakeprovider.Answer) { a.Finish = "abort" }), code: "answer_truncated", outcome: "truncated"},
		{name: "vendor's failure", script: event(nil), kind: server, code: "provider_error", outcome: "upstream_error"},
		{name: "vendor's limit", script: event(fakeprovider.Failure(429)), code: "provider_throttled", outcome: "upstream_error"},
		{name: "vendor's account", script: event(fakeprovider.NoQuota()), code: "provider_refused", outcome: "upstream_error"},
		{name: "context length", script: event(context), verbatim: context, kind: invalid, code: "context_length_exceeded", param: "messages", outcome: "client_error"},
		{name: "content policy", script: event(policy), verbatim: policy, kind: invalid, code: "invalid_prompt", outcome: "client_error"},
		{name: "failed by its finish reason", script: say(func(a *fakeprovider.Answer) { a.Finish = "error" }), code: "provider_error", outcome: "upstream_error"},
		{name: "garbage", script: raw("data: {\"id\":\"c\",\"cho\n\n"), code: "provider_error", outcome: "upstream_error"},
		{name: "another kind of JSON", script: raw("data: [1]\n\n"), code: "provider_error", outcome: "upstream_error"},
		{name: "web page", script: raw("<html><body>Bad gateway nginx</body></html>\n\n"), code: "answer_truncated", outcome: "truncated"},
		{name: "silence", model: "quiet", script: say(func(a *fakeprovider.Answer) { a.StallAfter = 3 }), code: "provider_timeout", outcome: "timeout"},
	}
}

// A stream that breaks is an error for the application, never a short answer:
// neither SDK minds a missing [DONE], so the error stands in the stream. What
// was said is billed.
func TestBrokenStreams(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{models: `
  quiet: { targets: [{ provider: p, model: silence, timeout: { between_tokens: 200ms } }] }
`})
	each(t, func(t *testing.T, v version) {
		for _, w := range brokenStreams() {
			t.Run(w.name, func(t *testing.T) {
				if w.model == "" {
					w.model = "p/" + slug(w.name)
				}
				s.p.Model(slug(w.name), w.script)
				via := s.patient(v)
				got := via.stream(t.Context(), ask1(w.model, "How high is the water?"), nil)
				s.broken(t, via, w, got)
			})
		}
	})
}

func (s *stage) broken(t *testing.T, via caller, w wrong, got streamed) {
	t.Helper()
	f, ok := via.failure(got.err)
	if !ok || !f.inStream {
		t.Fatalf("%v (%T) after %d chunks, want the error inside the stream", got.err, got.err, len(got.chunks))
	}
	if w.kind == "" {
		w.kind = server
	}
	if f.Code != w.code || f.Type != w.kind || f.Param != w.param || f.Message == "" {
		t.Errorf("%+v, want %s %s %s", f, w.kind, w.code, w.param)
	}
	for _, word := range []string{"nginx", "sk-", "org-fake", "TPM", "127.0.0.1"} {
		if strings.Contains(f.raw, word) {
			t.Errorf("%q is in %s", word, f.raw)
		}
	}
	if w.verbatim != nil {
		want, err := json.Marshal(w.verbatim)
		if all := via.last().payloads(); err != nil || all[len(all)-1] != string(want) {
			t.Errorf("the last event is %q, the vendor's error %q", all[len(all)-1], want)
		}
	}
	if len(got.Choices) != 1 || got.Choices[0].Content == "" || !strings.HasPrefix(long, strings.TrimSpace(got.Choices[0].Content)) {
		t.Errorf("the answer so far: %+v", got.Choices)
	}
	if strings.Contains(via.last().body.String(), "[DONE]") {
		t.Error("[DONE] after an error")
	}
	if n := len(via.exchanges()); n != 1 {
		t.Errorf("the SDK tried %d times", n)
	}
	row := s.row(via)
	if row.Outcome != w.outcome || row.Usage.Input == 0 || row.Usage.Output == 0 || row.Cost == 0 {
		t.Errorf("row %s, %s %+v, cost %d; want %s and what was said", row.Outcome, row.UsageSource, row.Usage, row.Cost, w.outcome)
	}
}

// A connection that is reset may take what it had delivered with it, so the
// error comes before or after the first content; it always comes.
func TestResets(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		for _, after := range []int{0, 100, 700, 1500} {
			name := fmt.Sprintf("reset-%d", after)
			s.p.Model(name, fakeprovider.Answer{Text: long, Cut: &fakeprovider.Cut{After: after, How: fakeprovider.CutReset}})
			via := s.via(v)
			a := ask1("p/"+name, "How high is the water?")
			got := via.stream(t.Context(), a, nil)
			if f, ok := via.failure(got.err); !ok || f.Status != 502 && !f.inStream || f.Type != server || f.Code != "answer_truncated" && f.Code != "provider_error" {
				t.Errorf("%s, streamed: %+v (%v)", name, f, got.err)
			}
			if after > 200 { // a whole answer is longer than that
				continue
			}
			_, err := via.chat(t.Context(), a)
			if f, ok := via.failure(err); !ok || f.Status != 502 || f.Type != server {
				t.Errorf("%s, whole: %+v (%v)", name, f, err)
			}
		}
	})
}

// A provider that never answers is a 504, which the SDK may try again. The
// calls wait side by side.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{models: `
  stuck: { targets: [{ provider: p, model: stall-head, timeout: { total: 1s } }] }
  mute: { targets: [{ provider: p, model: stall-role, timeout: { total: 1s } }] }
`})
	type try struct {
		caller
		model   string
		stream  bool
		retries int
		err     error
	}
	var tries []*try
	for _, v := range versions {
		for _, c := range []try{{model: "stuck"}, {model: "stuck", stream: true, retries: 1}, {model: "mute", stream: true}} {
			c.caller = s.open(v, s.URL+"/v1", s.Key, c.retries)
			tries = append(tries, &c)
		}
	}
	var wg sync.WaitGroup
	for _, c := range tries {
		wg.Go(func() {
			if a := ask1(c.model, "hi"); c.stream {
				c.err = c.caller.stream(t.Context(), a, nil).err
			} else {
				_, c.err = c.chat(t.Context(), a)
			}
		})
	}
	wg.Wait()
	for _, c := range tries {
		f, ok := c.failure(c.err)
		if !ok || f.Status != 504 || f.Type != server || f.Code != "provider_timeout" || f.header.Get("X-Should-Retry") == "false" {
			t.Errorf("%s, stream %v: %+v (%v)", c.model, c.stream, f, c.err)
		}
		if n := len(c.exchanges()); n != c.retries+1 {
			t.Errorf("%s, stream %v: the SDK tried %d times", c.model, c.stream, n)
		}
		if row := s.row(c.caller); row.Outcome != "timeout" || row.UsageSource != "none" || row.Cost != 0 {
			t.Errorf("row %+v", row)
		}
	}
	s.p.Wait() // the provider saw that nobody waits any more
	for _, r := range s.p.Requests() {
		if r.Gone.IsZero() {
			t.Errorf("the provider was left waiting: %+v", r)
		}
	}
}

// A stream of many choices is not silent while any of them speaks, though each
// waits long for its turn.
func TestChoicesTakeTurns(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{models: `
  choir: { targets: [{ provider: p, model: choir, timeout: { between_tokens: 1500ms } }] }
`})
	s.p.Model("choir", fakeprovider.Answer{Text: "one two", PieceDelay: 6 * time.Second}) // 60 ms
	got := make([]streamed, len(versions))
	var wg sync.WaitGroup
	for i, v := range versions {
		wg.Go(func() {
			a := ask1("choir", "hi")
			a.n = 30 // which take 1.8 s for a round
			got[i] = s.via(v).stream(t.Context(), a, nil)
		})
	}
	wg.Wait()
	for i, v := range versions {
		if got[i].err != nil || len(got[i].Choices) != 30 || got[i].Choices[29].Content != "one two" {
			t.Errorf("%s: %v, %d choices", v.name, got[i].err, len(got[i].Choices))
		}
	}
}

package sdktest_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"weir/lib/accounting/ledger"
)

// streams are scenarios of how a stream goes, and breaks.
func streams() []scenario {
	many := strings.TrimSpace(strings.Repeat("deep ", 200))
	var out []scenario
	for _, name := range []string{"failed", "limited", "context_length"} {
		out = append(out, scenario{name: "mid_stream_error_" + name, not: inStreams, run: func(c *cell) {
			c.answers(script{text: long, wrong: name, after: 3})
			c.breaks(name)
		}})
	}
	return append(append(out, rows(
		one{name: "two_hundred_deltas", wish: asks(ask0), s: script{text: many}},
		one{name: "calls_in_many_pieces", wish: withTools(), s: script{calls: []call{{ID: "call_1", Name: "level", Arguments: `{"where":"` + strings.Repeat("Zürich \U0001F30A ", 100) + `"}`}}}},
		one{name: "noise_between_events", not: func(c *cell) string {
			if c.to.provider == "bedrock" {
				return neverSaid
			}
			return inStreams(c)
		}, wish: withTools(), s: script{text: many, calls: []call{levelCall}, noise: true}},
	)...),
		scenario{name: "cut_stream", not: inStreams, run: func(c *cell) {
			c.answers(script{text: long, cut: 1900})
			c.breaks("cut")
		}},
		scenario{name: "cut_answer", not: inWhole, run: func(c *cell) {
			c.answers(script{text: long, cut: 150})
			r := c.ask(asks(ask0))
			c.failed(r, 502)
			if row := c.closed(r.header.Get("X-Weir-Call-Id")); row.Outcome != "truncated" {
				c.Errorf("row %s", row.Outcome)
			}
		}},
		scenario{name: "silence_in_mid_stream", not: inStreams, tense: true, run: func(c *cell) {
			c.answers(script{text: long, stall: 6})
			c.breaks("silence")
		}},
		scenario{name: "kept_alive_before_the_first_content", not: inStreams, tense: true, run: func(c *cell) {
			c.staysAlive(func(d time.Duration) script { return script{text: depth, late: 4 * d} })
		}},
		scenario{name: "kept_alive_between_pieces", not: inStreams, tense: true, run: func(c *cell) {
			c.staysAlive(func(d time.Duration) script { return script{text: "Two metres", delay: d} })
		}},
		scenario{name: "client_closes_the_stream", not: inStreams, run: func(c *cell) { c.leaves(false) }},
		scenario{name: "client_cancels_in_mid_stream", not: inStreams, run: func(c *cell) { c.leaves(true) }},
		scenario{name: "client_cancels_before_the_answer", run: (*cell).cancels},
	)
}

// staysAlive asks for an answer that takes its time: keep-alives in the form of
// the caller's API stand in it, and change nothing of what the SDK reads. Where
// the machine is so busy that none was due, it is asked again, of a slower
// provider.
func (c *cell) staysAlive(slow func(d time.Duration) script) {
	c.Helper()
	want := alive
	if c.who.front == "messages" {
		want = "event: ping\ndata: {\"type\": \"ping\"}\n"
	}
	for d := 60 * time.Millisecond; ; d *= 4 {
		c.as(c.to.model)
		s := slow(d)
		c.answers(s)
		r := c.ask(asks(ask0))
		if r.err != nil {
			c.Fatal(r.err)
		}
		c.says(r, s)
		c.booked(r, s, 1)
		if strings.Contains(r.body.String(), want) {
			return
		}
		if d > 900*time.Millisecond {
			c.Fatalf("no keep-alive in %s", r.body)
		}
	}
}

// brokenBy are the codes of Chat and types of Messages, and the row's outcome,
// of streams that broke.
var brokenBy = map[string][3]string{
	"failed":         {"provider_error", "api_error", "upstream_error"},
	"limited":        {"provider_throttled", "overloaded_error", "upstream_error"},
	"context_length": {"context_length_exceeded", invalid, "client_error"},
	"cut":            {"answer_truncated", "api_error", "truncated"},
	"silence":        {"provider_timeout", "timeout_error", "timeout"},
}

// breaks asks for a stream that breaks: the SDK raises, and what was said is
// billed.
func (c *cell) breaks(how string) {
	c.Helper()
	r := c.ask(asks(ask0))
	want := brokenBy[how]
	if r.problem == nil || r.problem.status != 0 {
		c.Fatalf("%v (%T): %+v, want an error inside the stream", r.err, r.err, r.problem)
	}
	if c.who.front == "chat" && r.problem.code != want[0] || c.who.front == "messages" && r.problem.kind != want[1] || r.problem.message == "" {
		c.Errorf("%+v, want %v", r.problem, want)
	}
	for _, secret := range secrets {
		if strings.Contains(r.problem.raw, secret) {
			c.Errorf("%q is in %s", secret, r.problem.raw)
		}
	}
	if r.text == "" || !strings.HasPrefix(long, strings.TrimSpace(r.text)) || r.end != "" || strings.Contains(r.body.String(), "[DONE]") || strings.Contains(r.body.String(), "message_stop") {
		c.Errorf("so far %q, which ended by %q", r.text, r.end)
	}
	row := c.closed(r.header.Get("X-Weir-Call-Id"))
	if row.Outcome != want[2] || row.Usage.Input == 0 || row.Usage.Output == 0 || row.Cost == 0 {
		c.Errorf("row %s, %+v, cost %s; want %s and what was said", row.Outcome, row.Usage, row.Cost, want[2])
	}
}

// leaves reads a part of a slow stream, and goes: by its context, or by
// closing the stream.
func (c *cell) leaves(byContext bool) {
	c.Helper()
	s := script{text: long, delay: 2 * time.Millisecond}
	c.answers(s)
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	r := c.via.ask(ctx, c.to.provider+"/"+c.model, asks(ask0), true, func(events int) bool {
		if events == 4 && byContext {
			cancel()
		}
		return events < 4 || byContext
	})
	if byContext != errors.Is(r.err, context.Canceled) {
		c.Errorf("the SDK says %v", r.err)
	}
	c.gone(r.header.Get("X-Weir-Call-Id"), s)
}

// gone holds the row of a call that was left to what the provider reported: it
// is heard out, for the bill.
func (c *cell) gone(id string, s script) {
	c.Helper()
	row, u := c.closed(id), s.spent()
	if row.Outcome != "client_gone" || row.UsageSource != ledger.UsageDrained || row.Usage.Input != u.Input || row.Usage.Output != u.Output || row.Cost == 0 || len(row.Attempts) != 1 {
		c.Errorf("row %s, usage %+v from %s, cost %s", row.Outcome, row.Usage, row.UsageSource, row.Cost)
	}
	if asked := c.asked(); len(asked) != 1 || asked[0].gone {
		c.Errorf("the provider was asked %d times, and left", len(asked))
	}
}

// cancels goes before the answer begins. Where the machine is so busy that the
// answer was faster, it is asked again, of a slower provider.
func (c *cell) cancels() {
	for late := 150 * time.Millisecond; ; late *= 5 {
		c.as(c.to.model)
		s := script{text: depth, late: late}
		c.answers(s)
		before := len(c.calls.all())
		r := c.cancelled()
		if errors.Is(r.err, context.Canceled) {
			c.gone(c.callID(before), s)
			return
		}
		if r.err != nil || late > 10*time.Second {
			c.Fatalf("the SDK says %v", r.err)
		}
	}
}

// cancelled asks, and cancels when the provider has been asked.
func (c *cell) cancelled() reply {
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	left := make(chan struct{})
	go func() { // ends when the provider has the request, or with the call
		defer close(left)
		for len(c.asked()) == 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond) //nolint:forbidigo // a provider tells nobody that it was asked
		}
		cancel()
	}()
	r := c.via.ask(ctx, c.to.provider+"/"+c.model, asks(ask0), c.streamed, nil)
	cancel()
	<-left
	return r
}

// callID is the id of the cell's only call, which is none of the first so
// many; its client never saw it.
func (c *cell) callID(before int) string {
	c.Helper()
	for _, id := range c.calls.all()[before:] {
		row, found, err := c.Ledger.Get(c.Context(), id)
		if err != nil {
			c.Fatal(err)
		}
		if found && row.RequestedModel == c.to.provider+"/"+c.model {
			return id
		}
	}
	c.Fatal("no row")
	return ""
}

package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/accounting/meter"
	"weir/lib/catalog"
	"weir/lib/fault"
	"weir/lib/llm"
)

// How long a settle may take, and how long the end of an answer waits for it.
const (
	settleTime = 10 * time.Second
	settleWait = 2 * time.Second
)

// finish ends a call: the row is settled, then the caller is told. The end of
// the answer waits for the row, so that who has seen it can read the row, and
// so that on Lambda nothing is left to do after the last byte; but not for
// longer than settleWait.
func (g *Gateway) finish(caller context.Context, c *call, out *responder, end tail, err error) {
	ending := c.ending(err)
	if c.gone.Load() && err != nil && fault.KindOf(err) != fault.ShuttingDown {
		err = fault.Wrap(fault.ClientGone, "gateway.finish", err)
	}
	s := g.settlement(caller, c, ending, err)
	g.startSettling(caller, c, s)
	defer func() { <-c.settling }() // also when the answer panics
	wait := time.NewTimer(settleWait)
	defer wait.Stop()
	select {
	case <-c.settling:
	case <-wait.C:
	}
	status := g.reply(c, out, s, end, err)
	<-c.settling
	g.log(caller, c, s, status, err)
}

// startSettling begins to close the row, once; finish waits for it.
func (g *Gateway) startSettling(caller context.Context, c *call, s ledger.Settlement) {
	if c.settling != nil {
		return
	}
	c.settling = make(chan struct{})
	if !c.row {
		close(c.settling)
		return
	}
	go func() {
		defer close(c.settling)
		g.settle(caller, c, s)
	}()
}

// settle closes the row. It is the last thing that must happen, so it has a
// context of its own.
func (g *Gateway) settle(caller context.Context, c *call, s ledger.Settlement) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(caller), settleTime)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			g.cfg.Log.LogAttrs(ctx, slog.LevelError, "panic while a row was settled",
				slog.String("call_id", c.id), slog.String("at", panicSite()))
		}
	}()
	err := g.cfg.Ledger.Settle(ctx, c.id, s)
	if missing := fault.KindOf(err) == fault.NotFound; err != nil && (c.opened || !missing) {
		g.cfg.Log.LogAttrs(ctx, slog.LevelError, "row not settled; it stays open until it is reaped",
			slog.String("call_id", c.id), slog.String("error", err.Error()))
	}
}

// ending is how the answer ended, for its bill. What a provider failed to send
// to a caller who had left is a failure as any other; what was cut because
// the caller had left is billed by the policy.
func (c *call) ending(err error) meter.Ending {
	switch {
	case err == nil:
		return meter.Complete
	case fault.KindOf(err) == fault.ClientGone && c.snap.Settings.AbortedCalls != catalog.AbortCancel:
		return meter.Gone
	}
	return meter.Failed
}

// settlement sums up the call.
func (g *Gateway) settlement(ctx context.Context, c *call, ending meter.Ending, err error) ledger.Settlement {
	now := g.cfg.Now()
	s := ledger.Settlement{
		Outcome: fault.OutcomeOK, UsageSource: ledger.UsageNone, SettledAt: now,
		FirstToken: c.first, Duration: now.Sub(c.started), Attempts: c.attempts, Losses: c.losses,
	}
	s.Gateway = max(s.Duration-c.waited, 0)
	if err != nil {
		s.Outcome = fault.KindOf(err).Disposition().Outcome
	}
	if n := len(c.attempts); n > 0 {
		s.Provider, s.Model = c.attempts[n-1].Provider, c.attempts[n-1].Model
	}
	if c.answer != nil {
		s.Provider, s.Model, s.UpstreamRequestID = c.answer.Target.Endpoint.Name, c.answer.Target.Model, c.answer.requestID
		s.Losses = append(append([]llm.Loss{}, c.answer.losses...), c.losses...)
	}
	if c.meter != nil {
		g.price(ctx, c, ending, &s)
	}
	return s
}

// price puts usage and cost into s. An answer whose price is not known is
// unpriced, which is not the same as free.
func (g *Gateway) price(ctx context.Context, c *call, ending meter.Ending, s *ledger.Settlement) {
	s.PriceVersion = c.snap.Prices.Version()
	s.Usage, s.UsageSource = c.meter.Result(ending)
	if s.UsageSource == ledger.UsageNone || c.tries == 0 {
		return
	}
	ch := c.newest
	if c.answer != nil {
		ch = c.answer.Choice
	}
	p, ok := c.snap.Prices.Find(priceQuery(c, ch, s.Usage))
	if ok {
		var err error
		if s.Cost, ok, err = p.Cost(s.Usage); err != nil {
			ok = false
			g.cfg.Log.LogAttrs(ctx, slog.LevelError, "cost out of range",
				slog.String("call_id", c.id), slog.String("error", err.Error()))
		}
	}
	s.Unpriced = !ok
}

// reply sends the end of the answer, or the error, and returns the status that
// the caller saw. It does so also where the caller is said to have gone: one who
// has only closed the way to us still reads, and must not take silence for an
// answer that is whole and empty.
func (g *Gateway) reply(c *call, out *responder, s ledger.Settlement, end tail, err error) int {
	out.hush() // a head that leaves now would leave without the error
	status := g.tell(c, out, s, end, err)
	if c.gone.Load() {
		return fault.ClientGone.Disposition().Status
	}
	return status
}

// tell writes for reply.
func (g *Gateway) tell(c *call, out *responder, s ledger.Settlement, end tail, err error) int {
	switch {
	case err == nil && end.body == nil:
		_ = out.frames(c, end.frames) // nobody is left to be told of a failed last write
		return http.StatusOK
	case err == nil:
		h := jsonHeader()
		if c.row {
			h.Set("X-Weir-Cost-Usd", costHeader(s))
		}
		c.describe(h)
		_ = out.whole(http.StatusOK, h, end.body)
		return http.StatusOK
	case out.streaming():
		frames := []llm.Frame{}
		if end.fail != nil {
			frames = append(frames, *end.fail)
		} else {
			frames = c.front.Fail(err, c.id)
		}
		_ = out.frames(c, frames)
		return http.StatusOK
	}
	status, h, body := c.front.Error(err, c.id)
	if c.tries > 0 {
		h.Set("X-Weir-Attempts", strconv.Itoa(c.tries))
	}
	_ = out.whole(status, h, body)
	return status
}

// fail answers a request that became no call.
func (g *Gateway) fail(w http.ResponseWriter, r *http.Request, e endpoint, id string, err error) {
	status, h, body := e.front.Error(err, id)
	if e.methods != nil && fault.KindOf(err) == fault.MethodNotAllowed {
		h.Set("Allow", e.allow())
	}
	_ = newResponder(w, e.front).whole(status, h, body)
	g.cfg.Log.LogAttrs(r.Context(), slog.LevelInfo, "refused", slog.String("call_id", id),
		slog.Int("status", status), slog.String("kind", fault.KindOf(err).String()))
}

// log writes one line per call. It holds no prompt, no key and no address.
func (g *Gateway) log(ctx context.Context, c *call, s ledger.Settlement, status int, err error) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("call_id", c.id), slog.String("op", string(c.op)), slog.Int("status", status),
		slog.String("outcome", s.Outcome), slog.String("team", c.caller.Team), slog.String("app", c.caller.App),
		slog.String("key_id", c.caller.KeyID), slog.Int64("duration_ms", s.Duration.Milliseconds()),
	}
	if c.req != nil {
		attrs = append(attrs, slog.String("requested_model", c.req.Facts.Model), slog.Bool("stream", c.req.Facts.Stream))
	}
	if s.Provider != "" {
		attrs = append(attrs, slog.String("provider", s.Provider), slog.String("model", s.Model), slog.Int("attempts", len(c.attempts)))
		if c.row { // what only counts tokens buys none
			attrs = append(attrs, slog.Int64("input_tokens", s.Usage.Input), slog.Int64("output_tokens", s.Usage.Output), slog.String("cost_usd", costHeader(s)))
		}
	}
	if err != nil {
		f := fault.Of(err)
		attrs = append(attrs, slog.String("kind", f.Kind.String()), slog.String("error", logText(f)))
		if f.Kind == fault.Internal || f.Kind == fault.StoreDown {
			level = slog.LevelError
		}
	}
	g.cfg.Log.LogAttrs(ctx, level, "call", attrs...)
}

// logText is an error without what a caller sent: public texts may quote a
// request, so only the place and the cause are logged.
func logText(f *fault.Error) string {
	if f.Err != nil {
		return f.Op + ": " + f.Err.Error()
	}
	return f.Op
}

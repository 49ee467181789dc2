package gateway

import (
	"net/http"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/routing"
)

// count answers how many tokens a request has. It costs nothing, so there is
// no row and no reservation; who asks, and for which model, is checked as for
// a call. Where no target counts, or the last one does not count this model
// (Bedrock counts some of its models under some of their names), the gateway's
// own estimate is the answer.
func (g *Gateway) count(f dialect.Front) handler {
	return func(w http.ResponseWriter, r *http.Request, id string) {
		c := g.newCall(f, llm.OpCount, id)
		out := newResponder(w, f)
		defer out.stop()
		defer g.guard(r.Context(), c, out)
		err := g.prepare(r, c)
		if err == nil {
			err = g.resolveCount(c)
		}
		if err == nil && len(c.plan) == 0 {
			g.estimate(c, out)
			return
		}
		var end tail
		if err == nil {
			ctx, cancel := g.callContext(r.Context(), c)
			defer cancel()
			end, err = g.pump(ctx, c, out)
		}
		if fault.KindOf(err) == fault.TargetMissing && !c.gone.Load() {
			g.estimate(c, out)
			return
		}
		g.finish(r.Context(), c, out, end, err)
	}
}

// resolveCount plans as for the call whose tokens are counted, and keeps the
// targets that count.
func (g *Gateway) resolveCount(c *call) error {
	f := c.req.Facts
	route, ok := c.snap.Resolve(f.Model)
	if !ok {
		return noModel(f.Model)
	}
	f.Op = llm.OpChat
	choices, err := routing.Plan(route, c.caller, c.front.Name(), f)
	if err != nil {
		return err
	}
	for _, ch := range choices {
		// Bedrock takes Claude's calls in Anthropic's dialect and counts in its
		// own, which cannot say what only the caller's can.
		ch.Offer, ok = ch.Target.Offer(llm.OpCount, c.front.Name())
		if ok && (len(f.Native) == 0 || ch.Offer.Dialect == c.front.Name()) {
			c.plan = append(c.plan, ch)
			c.budget = max(c.budget, ch.Target.Timeouts.Total)
		}
	}
	return nil
}

// estimate answers with the estimate by which the gateway reserves.
func (g *Gateway) estimate(c *call, out *responder) {
	enc := c.front.Answer(c.req, dialect.Head{CallID: c.id, Model: c.req.Facts.Model, Created: c.started})
	frames, _ := enc.Event(llm.Counted{Input: c.req.Facts.InputTokens, Estimated: true})
	frames = append(frames, enc.End()...)
	if len(frames) != 1 {
		status, h, body := c.front.Error(fault.New(fault.Internal, "gateway.estimate", ""), c.id)
		_ = out.whole(status, h, body)
		return
	}
	h := jsonHeader()
	h.Set("X-Weir-Loss", "count_tokens: estimated")
	_ = out.whole(http.StatusOK, h, frames[0].Data)
}

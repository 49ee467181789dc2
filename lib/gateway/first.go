package gateway

import (
	"context"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/routing"
)

// first yields the answer of the first target that has content. It is where
// failover happens; once it has yielded a chunk the choice is final.
func (g *Gateway) first(ctx context.Context, c *call) llm.Stream {
	return func(yield func(llm.Chunk, error) bool) {
		var (
			held llm.Chunk
			err  error
		)
		for i, p := range c.plan {
			var committed bool
			if committed, held, err = g.ask(ctx, c, p, i == len(c.plan)-1, yield); committed {
				return
			}
			if !fault.Failover(err) || c.gone.Load() || ctx.Err() != nil {
				break
			}
		}
		yield(held, err)
	}
}

// ask tries one target, and once more without seals where it refuses one: the
// history is the caller's, who cannot know which target reads which seal. A
// caller who wants nothing dropped gets the refusal.
func (g *Gateway) ask(ctx context.Context, c *call, p routing.Choice, last bool, yield func(llm.Chunk, error) bool) (committed bool, held llm.Chunk, err error) {
	a := &attempt{g: g, c: c, p: p, last: last}
	committed, held, err = a.try(ctx, yield)
	if committed || err == nil || fault.Of(err).Code != dialect.CodeSealRefused || c.labels.strict || c.gone.Load() || ctx.Err() != nil {
		return committed, held, err
	}
	if changed, failed := c.unseal(g.backs[p.Offer.Dialect]); !changed || failed != nil {
		return committed, held, err
	}
	a = &attempt{g: g, c: c, p: p, last: last}
	return a.try(ctx, yield)
}

// unseal takes the seals out of the request, for this attempt and those after
// it; changed is false where there is none.
func (c *call) unseal(back dialect.Back) (changed bool, err error) {
	req := *c.req
	var losses []llm.Loss
	if u, ok := back.(dialect.Unsealer); ok && back.Name() == c.front.Name() {
		in, lost, err := u.Unseal(c.in)
		if err != nil {
			return false, err
		}
		c.in, losses = in, lost
	}
	if chat, ok := req.Body.(*llm.Chat); ok {
		bare, lost := llm.Unseal(chat)
		req.Body = bare
		if len(losses) == 0 {
			losses = lost
		}
	}
	req.Loss = append(append([]llm.Loss{}, c.req.Loss...), losses...)
	c.req = &req
	return len(losses) > 0, nil
}

package llm

import "cmp"

// Unseal returns c without any seal, and what is lost by that. It is what a
// target is sent that refuses a seal: a provider refuses its own seal when the
// block around it, or what stands before it, has changed on the way, when
// another model or account issued it, or when it has expired.
//
// Thinking that is nothing but its seal is left out. Thinking with a text
// stays, unsigned; whether it can be sent so is for the target's dialect to
// say. c is not changed; what is the same in both is shared. Without a seal in
// it, c itself is returned and nothing is lost.
func Unseal(c *Chat) (*Chat, []Loss) {
	out := *c
	var changed bool
	out.System, changed = unsealed(c.System)
	copied := false
	for i, t := range c.Turns {
		blocks, was := unsealed(t.Blocks)
		if !was {
			continue
		}
		if !copied {
			out.Turns, copied = append([]Turn(nil), c.Turns...), true
		}
		out.Turns[i].Blocks = blocks
	}
	if !changed && !copied {
		return c, nil
	}
	return &out, refusedSeals(c)
}

// refusedSeals names each block whose seal is left out, by its place in the
// caller's request.
func refusedSeals(c *Chat) []Loss {
	var all []Loss
	told := map[string]bool{}
	name := func(blocks []Block) {
		for _, b := range blocks {
			if clean, keep := bare(b); keep && clean == b {
				continue
			}
			if field := cmp.Or(MarkOf(b).At, "thinking.signature"); !told[field] {
				told[field] = true
				all = append(all, Loss{Field: field, Why: "the provider refused its signature, so that it was asked again without"})
			}
		}
	}
	name(c.System)
	for _, t := range c.Turns {
		name(t.Blocks)
	}
	return all
}

// unsealed returns blocks without seals; was is false where there were none.
func unsealed(blocks []Block) (out []Block, was bool) {
	for i, b := range blocks {
		clean, keep := bare(b)
		if keep && clean == b {
			if was {
				out = append(out, b)
			}
			continue
		}
		if !was {
			out, was = append(make([]Block, 0, len(blocks)), blocks[:i]...), true
		}
		if keep {
			out = append(out, clean)
		}
	}
	if !was {
		return blocks, false
	}
	return out, true
}

// bare returns b without its seal, b itself where it has none. keep is false
// where nothing of it is left.
func bare(b Block) (clean Block, keep bool) {
	switch b := b.(type) {
	case *Thinking:
		if b.Redacted {
			return b, false
		}
		if b.Seal != nil {
			c := *b
			c.Seal = nil
			return &c, c.Text != ""
		}
	case *Text:
		if b.Seal != nil {
			c := *b
			c.Seal = nil
			return &c, true
		}
	case *ToolUse:
		if b.Seal != nil {
			c := *b
			c.Seal = nil
			return &c, true
		}
	case *Media:
		if b.Seal != nil {
			c := *b
			c.Seal = nil
			return &c, true
		}
	case *ToolResult:
		content, was := unsealed(b.Content)
		if was || b.Seal != nil {
			c := *b
			c.Seal, c.Content = nil, content
			return &c, true
		}
	case *Opaque:
		if b.Seal != nil {
			c := *b
			c.Seal = nil
			return &c, true
		}
	}
	return b, true
}

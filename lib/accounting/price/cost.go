package price

import (
	"fmt"

	"weir/lib/llm"
	"weir/lib/money"
)

// Covers reports whether p prices what an operation always uses: input, and
// for a chat output. A price that does not cover a call leaves it unpriced.
func (p Price) Covers(op llm.Op) bool {
	return p.Input != nil && (p.Output != nil || op != llm.OpChat)
}

// Cost returns what u costs, in nano-dollars: all buckets summed in 128 bits
// and rounded once, half up. u.Tier is not read, because p was found for it.
//
// A prompt longer than a threshold is priced as a whole by that threshold. A
// bucket that was used and has no price of its own:
//
//   - cache reads cost as input, which no vendor undercuts;
//   - cache writes cost as input where p prices no cache writes at all: such
//     vendors do not charge for them. Where only the one-hour price is known,
//     it also covers five minutes, as the dearer; the other way round the cost
//     is unknown;
//   - for everything else (input, output, audio, units) the cost is unknown.
//
// priced is false where the cost is unknown. Reasoning is part of Output and
// is not priced again. A negative count or price, and a cost over 63 bits, are
// errors.
func (p Price) Cost(u llm.Usage) (cost money.NanoUSD, priced bool, err error) {
	p = p.at(u.Input + u.CacheRead + u.CacheWrite5m + u.CacheWrite1h + u.AudioIn)
	var sum money.Sum
	for _, b := range [...]struct {
		tokens int64
		price  *money.PerMillion
	}{
		{u.Input, p.Input},
		{u.CacheRead, first(p.CacheRead, p.Input)},
		{u.CacheWrite5m, p.write5m()},
		{u.CacheWrite1h, p.write1h()},
		{u.AudioIn, p.AudioInput},
		{u.Output, p.Output},
		{u.AudioOut, p.AudioOutput},
	} {
		switch {
		case b.tokens == 0:
		case b.price == nil:
			return 0, false, nil
		default:
			if err := sum.Add(b.tokens, *b.price); err != nil {
				return 0, false, fmt.Errorf("price: %w", err)
			}
		}
	}
	for name, n := range u.Units {
		each, ok := p.Units[name]
		switch {
		case n == 0:
		case !ok:
			return 0, false, nil
		default:
			if err := sum.AddUnits(n, each); err != nil {
				return 0, false, fmt.Errorf("price: %s: %w", name, err)
			}
		}
	}
	cost, err = sum.Total()
	if err != nil {
		return 0, false, fmt.Errorf("price: %w", err)
	}
	return cost, true, nil
}

// at returns the price for a prompt of so many tokens.
func (p Price) at(prompt int64) Price {
	best := p
	for _, t := range p.Above {
		if prompt <= t.Tokens {
			break
		}
		best = t.Price
		best.AudioInput = first(best.AudioInput, p.AudioInput)
		best.AudioOutput = first(best.AudioOutput, p.AudioOutput)
		if best.Units == nil {
			best.Units = p.Units
		}
	}
	return best
}

func (p Price) write5m() *money.PerMillion {
	return first(p.CacheWrite5m, p.CacheWrite1h, p.Input)
}

func (p Price) write1h() *money.PerMillion {
	if p.CacheWrite1h == nil && p.CacheWrite5m == nil {
		return p.Input
	}
	return p.CacheWrite1h
}

// first returns the first price that is known.
func first(ps ...*money.PerMillion) *money.PerMillion {
	for _, p := range ps {
		if p != nil {
			return p
		}
	}
	return nil
}

package costs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/table"
	"weir/lib/table/layout"
)

// patience is how long one step waits for a store that is throttled, contended
// or does not answer, before its events are handed back.
const patience = 5 * time.Second

// maxTries bounds refusals of a row for which no reason is found.
const maxTries = 5

// repeat is table.Repeat with patience.
func repeat(ctx context.Context, step func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return table.Repeat(ctx, step)
}

// book books packs, one transaction each. When the store does not serve, the
// entries that are left are handed back.
func (r *round) book(ctx context.Context, packs [][]*entry) {
	for len(packs) > 0 {
		rest, err := r.step(ctx, packs[0])
		packs = append(rest, packs[1:]...)
		if err != nil {
			for _, p := range packs {
				for _, e := range p {
					r.fail(err, e.at...)
				}
			}
			return
		}
	}
}

// step tries to book a pack and returns what is left to do of it. An error
// says that the store does not serve, and that nothing of the rest was booked
// as far as is known.
func (r *round) step(ctx context.Context, p []*entry) (rest [][]*entry, err error) {
	ws, err := writes(p)
	if err == nil {
		err = r.transact(ctx, ws)
	}
	var refused *table.ConditionError
	switch {
	case err == nil:
		r.b.stats.booked.Add(int64(len(p)))
		r.b.stats.rowWrites.Add(int64(len(p)))
		r.b.stats.cellWrites.Add(int64(len(ws) - len(p)))
		return nil, nil
	case errors.As(err, &refused):
		if p = r.resolve(ctx, p, refused); len(p) == 0 {
			return nil, nil
		}
		return [][]*entry{p}, nil
	case !unfit(err):
		return [][]*entry{p}, fmt.Errorf("costs: booking: %w", err)
	case len(p) > 1:
		// Something has no place in its cell. It is parted from the others
		// until it stands alone.
		half := len(p) / 2
		return [][]*entry{p[:half:half], p[half:]}, nil
	}
	if err := r.isolate(ctx, p[0], err); err != nil {
		return [][]*entry{p}, fmt.Errorf("costs: booking: %w", err)
	}
	return nil, nil
}

// transact sends a transaction until there is an answer. One that was applied
// although its answer was lost is refused when it comes again, because its
// rows are booked then.
func (r *round) transact(ctx context.Context, ws []table.Write) error {
	return repeat(ctx, func(ctx context.Context) error {
		r.b.stats.transactions.Add(1)
		return r.b.t.Transact(ctx, ws)
	})
}

// unfit reports whether one of the writes is at fault, and not the store or
// the moment.
func unfit(err error) bool {
	return errors.Is(err, ErrOverflow) || errors.Is(err, table.ErrOverflow) ||
		errors.Is(err, table.ErrInvalid) || errors.Is(err, table.ErrTooLarge)
}

// resolve takes the rows that refused a transaction out of a pack, all at
// once, and returns the others. A row that only waits for a limit stays, in
// the form that leaves it live.
func (r *round) resolve(ctx context.Context, p []*entry, refused *table.ConditionError) []*entry {
	gone := map[int]bool{}
	for _, f := range refused.Failed {
		if f.Index >= len(p) {
			continue // a cell has no condition: the store's own, and another try
		}
		gone[f.Index] = r.refusal(ctx, p[f.Index], ledger.BookRefusal(f.Old))
	}
	kept := make([]*entry, 0, len(p))
	for i, e := range p {
		if !gone[i] {
			kept = append(kept, e)
		}
	}
	return kept
}

// refusal deals with a row that was refused and reports whether nothing is
// left to do about it.
func (r *round) refusal(ctx context.Context, e *entry, why ledger.Refusal) (gone bool) {
	e.tries++
	switch why {
	case ledger.RefusedBooked:
		r.b.stats.repeated.Add(1)
		return true
	case ledger.RefusedMissing:
		r.letter(ctx, e.CallID, "there is no row of this call in the ledger", e.body, e.at...)
		return true
	case ledger.RefusedOpen:
		r.letter(ctx, e.CallID, "the row of this call is open: only what is closed can be booked", e.body, e.at...)
		return true
	case ledger.RefusedUnreleased:
		e.later = true
	case ledger.RefusedNot:
		e.later = false
	}
	if e.tries >= maxTries {
		r.fail(fmt.Errorf("costs: the store refuses row %s and shows no reason", e.CallID), e.at...)
		return true
	}
	return false
}

// isolate puts a row aside that cannot be booked because of what is in it or
// in its cells. An error says that the store is at fault after all.
func (r *round) isolate(ctx context.Context, e *entry, cause error) error {
	if !errors.Is(cause, table.ErrOverflow) {
		broken, err := r.broken(ctx, e)
		switch {
		case err != nil:
			return err
		case broken == nil:
			return cause
		}
		cause = broken
	}
	r.letter(ctx, e.CallID, cause.Error(), e.body, e.at...)
	return nil
}

// broken says what is wrong with the cells of e, if they can be read and
// something is.
func (r *round) broken(ctx context.Context, e *entry) (broken, err error) {
	for _, k := range e.cells() {
		var it table.Item
		err := repeat(ctx, func(ctx context.Context) (err error) {
			it, err = r.b.t.Get(ctx, layout.Costs, k, true)
			return err
		})
		if err != nil {
			return nil, err
		}
		if _, err := decode(it); err != nil {
			return err, nil
		}
	}
	return nil, nil
}

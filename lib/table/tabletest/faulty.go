package tabletest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"weir/lib/table"
)

// Fault is what a Faulty store does to a call.
type Fault uint8

// The faults. A lost answer is table.ErrUnknown; whether the write happened is
// what the caller does not know.
const (
	None       Fault = iota
	Throttled        // table.ErrThrottled: nothing happened
	Conflict         // table.ErrConflict: nothing happened; for reads as Throttled
	LostBefore       // table.ErrUnknown, and nothing happened
	LostAfter        // table.ErrUnknown, after the call was done, or refused
)

// Call is what a Plan decides about. Op is Get, Do, DoNew, Transact or Query;
// Writes is empty for reads. N counts the calls of the store from 0.
type Call struct {
	Op     string
	N      int
	Table  string
	Writes []table.Write
}

// IsWrite reports whether the call writes.
func (c Call) IsWrite() bool { return len(c.Writes) > 0 }

// Plan decides which fault a call gets. It is called by one goroutine at a
// time.
type Plan func(c Call) Fault

// Writes is the plan that gives these faults to the first writes, in turn, and
// none to the calls after them. Reads go through.
func Writes(faults ...Fault) Plan {
	return func(c Call) Fault {
		if !c.IsWrite() || len(faults) == 0 {
			return None
		}
		f := faults[0]
		faults = faults[1:]
		return f
	}
}

// Calls is the plan that gives these faults to the first calls, reads and
// writes, in turn.
func Calls(faults ...Fault) Plan {
	return func(Call) Fault {
		if len(faults) == 0 {
			return None
		}
		f := faults[0]
		faults = faults[1:]
		return f
	}
}

// Often is the plan that gives every call one of all faults with the given
// probability. The same seed gives the same plan, as long as the calls come in
// the same order.
func Often(seed uint64, probability float64) Plan {
	rnd := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // a test's dice
	return func(Call) Fault {
		if rnd.Float64() >= probability {
			return None
		}
		return []Fault{Throttled, Conflict, LostBefore, LostAfter}[rnd.IntN(4)]
	}
}

// Faulty is a store that fails on purpose, around one that works. It is safe
// for concurrent use.
type Faulty struct {
	inner table.Table

	mu   sync.Mutex
	plan Plan
	n    int
	hurt int
}

var _ table.Table = (*Faulty)(nil)

// NewFaulty returns a store that fails by plan; nil never fails.
func NewFaulty(inner table.Table, plan Plan) *Faulty {
	f := &Faulty{inner: inner}
	f.Set(plan)
	return f
}

// Set changes the plan, from the next call on; nil never fails.
func (f *Faulty) Set(plan Plan) {
	if plan == nil {
		plan = Calls()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = plan
}

// Count returns how many calls were made, and how many of them got a fault.
func (f *Faulty) Count() (calls, faults int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n, f.hurt
}

// Inner returns the store around which this one stands.
func (f *Faulty) Inner() table.Table { return f.inner }

// call runs do with the fault that the plan gives.
func (f *Faulty) call(c Call, do func() error) error {
	f.mu.Lock()
	c.N = f.n
	f.n++
	fault := f.plan(c)
	if fault != None {
		f.hurt++
	}
	f.mu.Unlock()
	switch {
	case fault == Throttled, fault == Conflict && !c.IsWrite():
		return fmt.Errorf("%w: on purpose, call %d", table.ErrThrottled, c.N)
	case fault == Conflict:
		return fmt.Errorf("%w: on purpose, call %d", table.ErrConflict, c.N)
	case fault == LostBefore:
		return fmt.Errorf("%w: on purpose, before call %d", table.ErrUnknown, c.N)
	case fault == LostAfter:
		err := do()
		return fmt.Errorf("%w: on purpose, after call %d (%s)", table.ErrUnknown, c.N, KindOf(err))
	default:
		return do()
	}
}

// Get returns an item.
func (f *Faulty) Get(ctx context.Context, name string, k table.Key, fresh bool) (it table.Item, err error) {
	err = f.call(Call{Op: "Get", Table: name}, func() error {
		var err error
		it, err = f.inner.Get(ctx, name, k, fresh)
		return err
	})
	if err != nil {
		return nil, err
	}
	return it, nil
}

// Do applies w.
func (f *Faulty) Do(ctx context.Context, w table.Write) error {
	return f.call(Call{Op: "Do", Table: w.Table, Writes: []table.Write{w}}, func() error { return f.inner.Do(ctx, w) })
}

// DoNew applies w and returns the item after it.
func (f *Faulty) DoNew(ctx context.Context, w table.Write) (it table.Item, err error) {
	err = f.call(Call{Op: "DoNew", Table: w.Table, Writes: []table.Write{w}}, func() error {
		var err error
		it, err = f.inner.DoNew(ctx, w)
		return err
	})
	if err != nil {
		return nil, err
	}
	return it, nil
}

// Transact applies all writes or none.
func (f *Faulty) Transact(ctx context.Context, ws []table.Write) error {
	c := Call{Op: "Transact", Writes: ws}
	if len(ws) > 0 {
		c.Table = ws[0].Table
	}
	return f.call(c, func() error { return f.inner.Transact(ctx, ws) })
}

// Query returns one page.
func (f *Faulty) Query(ctx context.Context, q table.Query) (p table.Page, err error) {
	err = f.call(Call{Op: "Query", Table: q.Table}, func() error {
		var err error
		p, err = f.inner.Query(ctx, q)
		return err
	})
	if err != nil {
		return table.Page{}, err
	}
	return p, nil
}

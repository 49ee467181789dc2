package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// troubles are what a store may do to the writes of one step before it serves.
var troubles = map[string][]tabletest.Fault{
	"no trouble":                    nil,
	"throttled":                     {tabletest.Throttled, tabletest.Throttled},
	"a conflict":                    {tabletest.Conflict},
	"lost before it happened":       {tabletest.LostBefore},
	"lost after it happened":        {tabletest.LostAfter},
	"lost twice after it happened":  {tabletest.LostAfter, tabletest.LostAfter},
	"lost before, throttled, after": {tabletest.LostBefore, tabletest.Throttled, tabletest.LostAfter},
}

// TestFaults: each call has one row with its own figures, whatever answers are
// lost, at every step.
func TestFaults(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		store := tabletest.NewFaulty(tb, nil)
		l := ledger.New(store)
		n := 0
		for name, faults := range troubles {
			t.Run(name, func(t *testing.T) {
				step := func(what string, do func() error) {
					t.Helper()
					before, _ := store.Count()
					store.Set(tabletest.Writes(faults...))
					if err := do(); err != nil {
						t.Fatalf("%s: %v", what, err)
					}
					store.Set(nil)
					if after, _ := store.Count(); after-before != len(faults)+1 {
						t.Errorf("%s: %d calls of the store, want one and one for each fault", what, after-before)
					}
				}
				n += 2
				r, refused := opened(n), opened(n+1)
				step("open", func() error { return l.Open(t.Context(), r) })
				wantRow(t, l, r)
				step("settle", func() error { return l.Settle(t.Context(), r.CallID, settlement()) })
				wantRow(t, l, closed(r, ledger.Settled, settlement()))

				mustOpen(t, l, refused)
				step("refuse", func() error { return l.Refuse(t.Context(), refused.CallID, "over_budget", noon) })
				wantRow(t, l, closed(refused, ledger.Refused, ledger.Settlement{Outcome: "over_budget", UsageSource: ledger.UsageNone, SettledAt: noon}))
			})
		}
		t.Run("reads", func(t *testing.T) {
			r := mustOpen(t, l, opened(100))
			store.Set(tabletest.Calls(tabletest.Throttled, tabletest.LostAfter))
			wantRow(t, l, r)
			store.Set(tabletest.Often(1, 0.3))
			wantFound(t, l, ledger.Filter{Since: r.StartedAt, Until: r.StartedAt.Add(time.Millisecond)}, r.CallID)
			wantFound(t, l, ledger.Filter{State: ledger.Open, Since: r.StartedAt, Until: r.StartedAt.Add(time.Millisecond)}, r.CallID)
		})
	})
}

// TestManyCallsInTrouble: 64 calls at once, settled by two each, on a store
// that fails every third time.
func TestManyCallsInTrouble(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		l := ledger.New(tabletest.NewFaulty(tb, tabletest.Often(7, 0.35)))
		together(64, func(i int) {
			r := opened(i)
			s := settlement()
			s.Provider = fmt.Sprintf("provider-%d", i)
			if err := l.Open(t.Context(), r); err != nil {
				t.Errorf("open %d: %v", i, err)
			}
			together(2, func(int) {
				if err := l.Settle(t.Context(), r.CallID, s); err != nil {
					t.Errorf("settle %d: %v", i, err)
				}
			})
		})
		l = ledger.New(tb)
		for i := range 64 {
			s := settlement()
			s.Provider = fmt.Sprintf("provider-%d", i)
			wantRow(t, l, closed(opened(i), ledger.Settled, s))
		}
		wantFound(t, l, ledger.Filter{State: ledger.Open})
	})
}

// TestStoreAway: a store that does not come back is StoreDown, and the step
// can be taken later.
func TestStoreAway(t *testing.T) {
	always := func(f tabletest.Fault) tabletest.Plan {
		return func(tabletest.Call) tabletest.Fault { return f }
	}
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		n := 0
		for name, f := range map[string]tabletest.Fault{
			"throttled": tabletest.Throttled, "lost before": tabletest.LostBefore, "lost after": tabletest.LostAfter,
		} {
			t.Run(name, func(t *testing.T) {
				n++
				r := opened(n)
				store := tabletest.NewFaulty(tb, always(f))
				l := ledger.New(store)
				down := func(what string, do func(ctx context.Context) error) {
					t.Helper()
					ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
					defer cancel()
					store.Set(always(f))
					if err := do(ctx); fault.KindOf(err) != fault.StoreDown {
						t.Errorf("%s: %v, want one of kind StoreDown", what, err)
					}
					store.Set(nil)
				}
				down("open", func(ctx context.Context) error { return l.Open(ctx, r) })
				mustOpen(t, l, r)
				down("settle", func(ctx context.Context) error { return l.Settle(ctx, r.CallID, settlement()) })
				mustSettle(t, l, r.CallID, settlement())
				down("get", func(ctx context.Context) error { _, _, err := l.Get(ctx, r.CallID); return err })
				down("recent", func(ctx context.Context) error {
					_, err := l.Recent(ctx, ledger.Filter{Until: noon.Add(time.Hour)})
					return err
				})
				wantRow(t, l, closed(r, ledger.Settled, settlement()))
			})
		}
	})
}

// TestMayBeOpen: after an Open that failed, the row is there only where
// MayBeOpen said that it may be, and Settle tells.
func TestMayBeOpen(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		n := 0
		for name, c := range map[string]struct {
			fault     tabletest.Fault
			may, open bool
		}{
			"throttled":   {tabletest.Throttled, false, false},
			"lost before": {tabletest.LostBefore, true, false},
			"lost after":  {tabletest.LostAfter, true, true},
		} {
			t.Run(name, func(t *testing.T) {
				n++
				r := opened(n)
				store := tabletest.NewFaulty(tb, func(tabletest.Call) tabletest.Fault { return c.fault })
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				defer cancel()
				err := ledger.New(store).Open(ctx, r)
				if err == nil || ledger.MayBeOpen(err) != c.may {
					t.Errorf("open: %v, may be open %v, want %v", err, ledger.MayBeOpen(err), c.may)
				}
				err = ledger.New(tb).Settle(t.Context(), r.CallID, settlement())
				if open := fault.KindOf(err) != fault.NotFound; open != c.open {
					t.Errorf("settle: %v, row there %v, want %v", err, open, c.open)
				}
			})
		}
	})
	if ledger.MayBeOpen(nil) {
		t.Error("an Open that succeeded leaves nothing unknown")
	}
}

package reaper_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/accounting/reaper"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// TestFaults: at every call of the store that a pass makes, whatever goes wrong
// there; and a store that goes away in the middle of a pass. Another pass
// finishes the work, and each row is as if nothing had been.
func TestFaults(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		store := tabletest.NewFaulty(tb, nil)
		w := newWorld(t, tb, store)
		at := noon.Add(16 * minute)
		round := 0
		// try prepares one row of each kind, lets a pass meet the plan and
		// others finish, and checks the rows. What passes is over in time for
		// the first pass not to notice. It returns how many calls that made.
		try := func(t *testing.T, plan tabletest.Plan, passes bool) int {
			t.Helper()
			round++
			dead, lost, booked := fmt.Sprintf("dead-%d", round), fmt.Sprintf("lost-%d", round), fmt.Sprintf("booked-%d", round)
			w.openAs(dead, noon)
			w.settle(w.openAs(lost, noon))
			w.book(w.settle(w.openAs(booked, noon)), false)
			odd := w.edit(w.openAs(fmt.Sprintf("odd-%d", round), noon), table.Item{"v": int64(2)})

			w.clock.set(at)
			before, _ := store.Count()
			store.Set(plan)
			patience := 5 * time.Millisecond
			if passes {
				patience = 20 * time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if _, err := w.reaper.Pass(ctx); err != nil && passes {
				t.Error(err)
			}
			store.Set(nil)
			after, _ := store.Count()
			for range 200 { // the index may lag
				if _, err := w.reaper.Pass(t.Context()); err != nil {
					t.Fatal(err)
				}
				if r := w.row(dead); r.State == ledger.Settled && w.row(lost).Emit > 0 && !w.live(booked) && w.item(odd)["live_sk"] == layout.LiveSK(at.Add(reaper.Quiet), odd) {
					break
				}
			}
			if r := w.row(dead); r.Outcome != fault.OutcomeAbandoned || r.Emit != 0 {
				t.Errorf("the dead call is %s, asked for %d times", r.Outcome, r.Emit)
			}
			if r := w.row(lost); r.Emit != 1 || r.Cost != 7 {
				t.Errorf("the lost row was asked for %d times, and costs %v", r.Emit, r.Cost)
			}
			if w.live(booked) || w.row(booked).Emit != 0 {
				t.Error("the booked row is still in the index, or was asked for")
			}
			if it := w.item(odd); it["state"] != "open" || it["emit"] != nil || it["live_sk"] != layout.LiveSK(at.Add(reaper.Quiet), odd) {
				t.Errorf("the odd row is %v", it)
			}
			for _, id := range []string{dead, lost, odd} {
				w.edit(id, table.Item{"live_pk": nil}) // out of the next round
			}
			return after - before
		}
		calls := try(t, nil, true)
		for name, f := range map[string]tabletest.Fault{
			"throttled": tabletest.Throttled, "conflict": tabletest.Conflict, "lost before": tabletest.LostBefore, "lost after": tabletest.LostAfter,
		} {
			t.Run(name, func(t *testing.T) {
				for k := range calls {
					n := 0
					try(t, func(tabletest.Call) tabletest.Fault {
						if n++; n == k+1 {
							return f
						}
						return tabletest.None
					}, true)
				}
			})
			if f == tabletest.Conflict || f == tabletest.LostBefore {
				continue // as throttled
			}
			t.Run(name+" for good", func(t *testing.T) {
				for k := range calls {
					n := 0
					try(t, func(tabletest.Call) tabletest.Fault {
						if n++; n > k {
							return f
						}
						return tabletest.None
					}, false)
				}
			})
		}
	})
}

// TestAStoreThatIsAway: a pass says so, and does not wait for it row by row.
func TestAStoreThatIsAway(t *testing.T) {
	tb := tabletest.SQLite(t)
	store := tabletest.NewFaulty(tb, nil)
	w := newWorld(t, tb, store)
	for _, id := range inShard(4, 3) {
		w.openAs(id, noon)
	}
	w.clock.set(noon.Add(20 * minute))
	for _, op := range []string{"Query", "Get", "Do"} {
		store.Set(func(c tabletest.Call) tabletest.Fault {
			if c.Op == op {
				return tabletest.Throttled
			}
			return tabletest.None
		})
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		got, err := w.reaper.Pass(ctx)
		cancel()
		if !errors.Is(err, table.ErrThrottled) || fault.KindOf(err) != fault.StoreDown {
			t.Errorf("%s: error %v, want one of kind StoreDown", op, err)
		}
		if want := map[string]int{"Do": 1}[op]; got.Failed != want || got.Looked != want || got.Abandoned != 0 {
			t.Errorf("%s: %+v", op, got)
		}
		if !strings.Contains(w.log.String(), "level=WARN msg=reaped") {
			t.Errorf("the log does not say so:\n%s", w.log)
		}
	}
}

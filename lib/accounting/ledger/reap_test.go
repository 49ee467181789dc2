package ledger_test

import (
	"context"
	"testing"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

const quiet = 15 * time.Minute

func TestAbandon(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		l := ledger.New(tb)
		abandonAt := func(t *testing.T, id string, at time.Time, want bool) {
			t.Helper()
			if got, err := l.Abandon(t.Context(), id, at); err != nil || got != want {
				t.Errorf("abandoned %v, %v, want %v", got, err, want)
			}
		}
		t.Run("not before the deadline, whatever the clock did", func(t *testing.T) {
			r := mustOpen(t, l, opened(4000))
			for _, at := range []time.Time{r.Deadline, r.StartedAt, r.Deadline.Add(-time.Hour)} {
				abandonAt(t, r.CallID, at, false)
				wantRow(t, l, r)
			}
			abandonAt(t, r.CallID, r.Deadline.Add(time.Millisecond), true)
		})
		t.Run("once", func(t *testing.T) {
			r := mustOpen(t, l, opened(4001))
			abandonAt(t, r.CallID, late, true)
			abandonAt(t, r.CallID, late.Add(time.Second), false)
			abandonAt(t, r.CallID, late, true) // so much as the same step again
			wantRow(t, l, givenUp(r))
			if it := item(t, tb, r.CallID); it["live_pk"] == nil {
				t.Error("it has left the index, and is not booked")
			}
		})
		t.Run("not what is closed", func(t *testing.T) {
			r, refused := mustOpen(t, l, opened(4002)), mustOpen(t, l, opened(4003))
			mustSettle(t, l, r.CallID, settlement())
			abandonAt(t, r.CallID, late, false)
			wantRow(t, l, closed(r, ledger.Settled, settlement()))
			if err := l.Refuse(t.Context(), refused.CallID, "over_budget", noon); err != nil {
				t.Fatal(err)
			}
			before := item(t, tb, refused.CallID)
			abandonAt(t, refused.CallID, late, false)
			if !item(t, tb, refused.CallID).Equal(before) {
				t.Error("a refused row was changed")
			}
		})
		t.Run("not a row of a newer program", func(t *testing.T) {
			r := mustOpen(t, l, opened(4004))
			edit(t, tb, r.CallID, table.Item{"v": int64(2)})
			abandonAt(t, r.CallID, late, false)
			if it := item(t, tb, r.CallID); it["state"] != "open" {
				t.Errorf("it is %v", it["state"])
			}
		})
		t.Run("a race with the call leaves its figures", func(t *testing.T) {
			corrections := 0
			for i := range 20 {
				r := mustOpen(t, l, opened(4100+i))
				together(4, func(i int) {
					var err error
					if i%2 == 0 {
						_, err = ledger.New(tb).Abandon(t.Context(), r.CallID, late)
					} else {
						err = ledger.New(tb).Settle(t.Context(), r.CallID, settlement())
					}
					if err != nil {
						t.Errorf("step %d: %v", i, err)
					}
				})
				row, _, err := l.Get(t.Context(), r.CallID)
				if err != nil {
					t.Fatal(err)
				}
				if row.Outcome == fault.OutcomeAbandoned {
					corrections++
					wantRow(t, l, givenUp(r))
					wantRow(t, l, corrected(r, settlement()))
					continue
				}
				wantRow(t, l, closed(r, ledger.Settled, settlement()))
				if c, ok, err := l.Get(t.Context(), r.CallID+"~1"); ok || err != nil {
					t.Errorf("a correction of a row that was settled in time: %v, %v", c, err)
				}
			}
			t.Logf("%d of 20 were corrected", corrections)
		})
	})
}

func TestEmitAgain(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		l, n := ledger.New(tb), 4200
		settledAt := settlement().SettledAt
		emit := func(t *testing.T, id string, now time.Time, want bool) {
			t.Helper()
			if got, err := l.EmitAgain(t.Context(), id, now, quiet); err != nil || got != want {
				t.Errorf("emitted %v, %v, want %v", got, err, want)
			}
		}
		settled := func(t *testing.T) ledger.Row {
			t.Helper()
			n++
			r := mustOpen(t, l, opened(n))
			mustSettle(t, l, r.CallID, settlement())
			return closed(r, ledger.Settled, settlement())
		}
		t.Run("15 minutes after the call, and each 15 minutes again", func(t *testing.T) {
			r := settled(t)
			at := settledAt.Add(quiet)
			emit(t, r.CallID, at.Add(-time.Millisecond), false)
			wantRow(t, l, r)
			for i := range 3 {
				emit(t, r.CallID, at, true)
				r.Emit, r.EmittedAt = int64(i+1), at
				wantRow(t, l, r)
				emit(t, r.CallID, at, true) // the same step again counts once
				emit(t, r.CallID, at.Add(quiet-time.Millisecond), false)
				wantRow(t, l, r)
				if got, want := item(t, tb, r.CallID)["live_sk"], layout.LiveSK(at.Add(quiet), r.CallID); got != want {
					t.Errorf("due at %v, want %v", got, want)
				}
				at = at.Add(quiet)
			}
		})
		t.Run("a clock that jumps back waits", func(t *testing.T) {
			r := settled(t)
			at := settledAt.Add(24 * time.Hour)
			emit(t, r.CallID, at, true)
			for _, back := range []time.Duration{time.Second, time.Hour, 20 * time.Hour, 48 * time.Hour} {
				emit(t, r.CallID, at.Add(-back), false)
			}
			r.Emit, r.EmittedAt = 1, at
			wantRow(t, l, r)
			emit(t, r.CallID, at.Add(quiet), true)
		})
		for name, tc := range map[string]struct {
			set    table.Item
			remove string
			want   bool
		}{
			"a row that is open":     {set: table.Item{"state": "open"}},
			"a row that is booked":   {set: table.Item{"booked": true}},
			"a row that is held":     {remove: "released"},
			"a row without a state":  {remove: "state"},
			"a row without its end":  {remove: "settled_at", want: true},
			"a newer program's row":  {set: table.Item{"v": int64(2)}, want: true},
			"a row that is unread":   {set: table.Item{"output": "many"}, want: true},
			"a row of another state": {set: table.Item{"state": "gone"}, want: true},
		} {
			t.Run(name, func(t *testing.T) {
				r := settled(t)
				if tc.set != nil {
					edit(t, tb, r.CallID, tc.set)
				}
				if tc.remove != "" {
					strip(t, tb, r.CallID, tc.remove)
				}
				emit(t, r.CallID, late, tc.want)
				if got := item(t, tb, r.CallID)["emit"] == int64(1); got != tc.want {
					t.Errorf("counted %v, want %v", got, tc.want)
				}
			})
		}
		t.Run("booked since is not emitted, also at this very time", func(t *testing.T) {
			r := settled(t)
			emit(t, r.CallID, late, true)
			if err := tb.Do(t.Context(), ledger.Book(r.CallID, "", true)); err != nil {
				t.Fatal(err)
			}
			emit(t, r.CallID, late, false)
		})
		t.Run("64 at once count once", func(t *testing.T) {
			r := settled(t)
			together(64, func(i int) {
				if _, err := ledger.New(tb).EmitAgain(t.Context(), r.CallID, late.Add(time.Duration(i)*time.Second), quiet); err != nil {
					t.Errorf("emit %d: %v", i, err)
				}
			})
			if got := item(t, tb, r.CallID)["emit"]; got != int64(1) {
				t.Errorf("counted %v times", got)
			}
		})
	})
}

func TestTakeOut(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		l, n := ledger.New(tb), 4400
		for name, tc := range map[string]struct {
			set    table.Item
			remove []string
			want   bool
		}{
			"booked and released":     {set: table.Item{"booked": true}, want: true},
			"not booked":              {},
			"not released":            {set: table.Item{"booked": true}, remove: []string{"released"}},
			"out already":             {set: table.Item{"booked": true}, remove: []string{"live_pk", "live_sk"}, want: true},
			"booked, of a newer form": {set: table.Item{"booked": true, "v": int64(2)}, want: true},
		} {
			t.Run(name, func(t *testing.T) {
				n++
				r := mustOpen(t, l, opened(n))
				mustSettle(t, l, r.CallID, settlement())
				if tc.set != nil {
					edit(t, tb, r.CallID, tc.set)
				}
				if tc.remove != nil {
					strip(t, tb, r.CallID, tc.remove...)
				}
				for range 2 {
					if got, err := l.TakeOut(t.Context(), r.CallID); err != nil || got != tc.want {
						t.Errorf("out %v, %v, want %v", got, err, tc.want)
					}
				}
				if _, live := item(t, tb, r.CallID)["live_pk"]; live == tc.want {
					t.Errorf("in the index %v", live)
				}
			})
		}
	})
}

func TestReaperStepsWithoutARow(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		l := ledger.New(tb)
		for _, id := range []string{opened(4500).CallID, "", "a b"} {
			_, abandoned := l.Abandon(t.Context(), id, late)
			_, emitted := l.EmitAgain(t.Context(), id, late, quiet)
			_, out := l.TakeOut(t.Context(), id)
			for step, err := range map[string]error{"abandon": abandoned, "emit": emitted, "take out": out} {
				if fault.KindOf(err) != fault.NotFound {
					t.Errorf("%s %q: %v, want one of kind NotFound", step, id, err)
				}
			}
			if id != "" && id != "a b" && item(t, tb, id) != nil {
				t.Error("a step made a row")
			}
		}
	})
}

// TestReaperStepsInTrouble: a step whose answer is lost is taken again, and
// has its effect once.
func TestReaperStepsInTrouble(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		store := tabletest.NewFaulty(tb, nil)
		l, n := ledger.New(store), 4600
		for name, faults := range troubles {
			t.Run(name, func(t *testing.T) {
				n++
				r := mustOpen(t, l, opened(n))
				step := func(what string, do func(ctx context.Context) (bool, error)) {
					t.Helper()
					store.Set(tabletest.Writes(faults...))
					if done, err := do(t.Context()); err != nil || !done {
						t.Errorf("%s: %v, %v", what, done, err)
					}
					store.Set(nil)
				}
				step("abandon", func(ctx context.Context) (bool, error) { return l.Abandon(ctx, r.CallID, late) })
				r = givenUp(r)
				wantRow(t, l, r)
				at := late.Add(quiet)
				step("emit", func(ctx context.Context) (bool, error) { return l.EmitAgain(ctx, r.CallID, at, quiet) })
				r.Emit, r.EmittedAt = 1, at
				wantRow(t, l, r)
				if err := tb.Do(t.Context(), ledger.Book(r.CallID, "", false)); err != nil {
					t.Fatal(err)
				}
				r.Booked = true
				step("take out", func(ctx context.Context) (bool, error) { return l.TakeOut(ctx, r.CallID) })
				wantRow(t, l, r)
				if item(t, tb, r.CallID)["live_pk"] != nil {
					t.Error("it is still in the index")
				}
			})
		}
	})
}

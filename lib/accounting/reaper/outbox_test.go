package reaper_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/accounting/costs"
	"weir/lib/accounting/ledger"
	"weir/lib/accounting/publisher"
	"weir/lib/bus"
	"weir/lib/bus/letters"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// sums are figures of rows, or of cells.
type sums struct{ Calls, Errors, Refused, Cost int64 }

// cells adds up the cells of a period.
func cells(t *testing.T, tb table.Table, period string) (s sums) {
	t.Helper()
	q := table.Query{Table: layout.Costs, PK: period}
	for {
		p, err := tb.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range p.Items {
			d := table.Decode(it)
			s.Calls += d.Int("calls")
			s.Errors += d.Int("errors")
			s.Refused += d.Int("refused")
			s.Cost += d.Int("cost_nano_usd")
		}
		if q.Cursor = p.Cursor; q.Cursor == "" {
			return s
		}
	}
}

// calls makes n calls of every kind and returns the ids of all rows, and what
// finance must see of them once the dead ones are given up.
func (w *world) calls(n int) (ids []string, want sums) {
	w.t.Helper()
	for i := range n {
		id := w.open(noon)
		ids = append(ids, id)
		var err error
		switch i % 6 {
		case 0: // its process dies
			want.Calls++
			want.Errors++
		case 1:
			err = w.ledger.Refuse(w.t.Context(), id, "over_budget", noon)
			want.Refused++
		case 2: // given up, and settled after all
			if _, err = w.ledger.Abandon(w.t.Context(), id, noon.Add(12*minute)); err == nil {
				w.settle(id)
				ids = append(ids, id+"~1")
			}
			want.Calls++
			want.Cost += 7
		case 3:
			s := answered
			s.Outcome, s.Cost, s.SettledAt = fault.OutcomeTimeout, 3, noon
			err = w.ledger.Settle(w.t.Context(), id, s)
			want.Calls++
			want.Errors++
			want.Cost += 3
		default:
			w.settle(id)
			want.Calls++
			want.Cost += 7
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return ids, want
}

// unbooked are the rows that are open, not booked, or still in the index.
func (w *world) unbooked(ids []string) (out []string) {
	w.t.Helper()
	for _, id := range ids {
		if r := w.row(id); r.State == ledger.Open || !r.Booked || w.live(id) {
			out = append(out, id)
		}
	}
	return out
}

// drops is a sink that loses changes on the way: a stream that was trimmed.
func drops(s table.Sink, share float64) table.Sink {
	rnd := rand.New(rand.NewPCG(3, 4))
	return func(ctx context.Context, cs []table.Change) (int, error) {
		var kept []table.Change
		for _, c := range cs {
			if rnd.Float64() >= share {
				kept = append(kept, c)
			}
		}
		if _, err := s(ctx, kept); err != nil {
			return 0, err
		}
		return len(cs), nil
	}
}

// TestTheRowIsTheOutbox: whatever is lost between the ledger and the cells,
// the reaper makes up for it, and every call is counted once.
func TestTheRowIsTheOutbox(t *testing.T) {
	for name, tc := range map[string]struct {
		away  bool    // the publisher, until all changes of the calls are gone
		lost  float64 // share of the changes
		step  time.Duration
		wrap  func(table.Sink) table.Sink
		fails float64 // share of the store's answers
	}{
		"all is well":                      {step: 16 * minute},
		"half of the changes are lost":     {lost: 0.5, step: 16 * minute},
		"the publisher is away for 2 days": {away: true, step: 48 * time.Hour},
		"shuffled, twice, and half lost": {lost: 0.5, step: 16 * minute, wrap: func(s table.Sink) table.Sink {
			return tabletest.Shuffled(s, 11)
		}},
		"the store is in trouble": {lost: 0.3, step: 16 * minute, fails: 0.1},
	} {
		t.Run(name, func(t *testing.T) {
			drivers.EachFed(t, func(t *testing.T, tb table.Table, feed table.Feeder) {
				store := tabletest.NewFaulty(tb, tabletest.Often(9, tc.fails))
				w := newWorld(t, tb, store)
				quiet := slog.New(slog.DiscardHandler)
				box := letters.New(tb)
				booker := costs.New(store, box, w.clock.now, quiet)
				sink := drops(publisher.New(bus.NewDirect(booker.Book), box, w.clock.now, quiet).Take, tc.lost)
				if tc.wrap != nil {
					sink = tc.wrap(sink)
				}
				ids, want := w.calls(36)
				if tc.away {
					lose(t, tb, feed)
				}

				// The publisher runs beside the reaper, as in a program.
				ctx, stop := context.WithCancel(t.Context())
				var feeding sync.WaitGroup
				feeding.Go(func() {
					if err := feed.Feed(ctx, layout.Ledger, "publisher", sink); !errors.Is(err, context.Canceled) {
						t.Errorf("the feed ended with %v", err)
					}
				})
				defer feeding.Wait()
				defer stop()
				left := ids
				for range 200 {
					w.clock.set(w.clock.now().Add(tc.step))
					if _, err := w.reaper.Pass(t.Context()); err != nil {
						t.Fatal(err)
					}
					if left = w.stillUnbooked(left); len(left) == 0 {
						break
					}
				}
				if len(left) > 0 {
					t.Fatalf("never booked: %v", left)
				}
				for _, period := range []string{"2026-11-22", "2026-11"} {
					if diff := cmp.Diff(want, cells(t, tb, period)); diff != "" {
						t.Errorf("cells of %s (-want +got):\n%s", period, diff)
					}
				}
				if page, err := box.List(t.Context(), "", 10); err != nil || len(page.Letters) > 0 {
					t.Errorf("letters %+v, %v", page.Letters, err)
				}
				if r := w.row(ids[1]); tc.away && r.Emit == 0 {
					t.Error("what was lost was booked without being asked for again")
				}
			})
		})
	}
}

// stillUnbooked gives the feed a moment, and returns those of ids that are not
// booked after it.
func (w *world) stillUnbooked(ids []string) []string {
	w.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 10 {
		if ids = w.unbooked(ids); len(ids) == 0 {
			break
		}
		<-tick.C
	}
	return ids
}

// lose takes the publisher's place until all changes so far are gone.
func lose(t *testing.T, tb table.Table, feed table.Feeder) {
	t.Helper()
	mark := table.Key{PK: "mark", SK: "mark"}
	if err := tb.Do(t.Context(), table.Write{Table: layout.Ledger, Key: mark}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := feed.Feed(ctx, layout.Ledger, "publisher", func(_ context.Context, cs []table.Change) (int, error) {
		for _, c := range cs {
			if c.Key == mark {
				cancel()
			}
		}
		return len(cs), nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

package costs_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"weir/lib/accounting/costs"
	"weir/lib/bus"
	"weir/lib/table"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// TestManyUseCases books 600 use cases of one team in one month by four
// aggregators at once: exactly 500 have cells of their own, the others are
// "other", and no figure is lost.
func TestManyUseCases(t *testing.T) {
	const many = 600
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		calls := some(many, 0, func(n int) call {
			c := plain(n)
			c.dims.UseCase = fmt.Sprintf("case #%d %%", n)
			return c
		})
		open(t, tb, calls...)
		es := eventsOf(t, calls...)
		var wg sync.WaitGroup
		bookers := make([]*costs.Booker, 4)
		for i := range bookers {
			bookers[i] = booker(tb, &dead{})
			share := []bus.Event{}
			for n := i; n < many; n += len(bookers) {
				share = append(share, es[n])
			}
			wg.Go(func() {
				if failed, err := bookers[i].Book(t.Context(), share); err != nil || len(failed) > 0 {
					t.Errorf("booker %d: %v, %v", i, failed, err)
				}
			})
		}
		wg.Wait()
		calls = asBooked(t, tb, calls)
		wantBooked(t, tb, calls...)
		own, other := 0, 0
		for _, c := range calls {
			if c.booked == "" {
				own++
			} else {
				other++
			}
		}
		if own != costs.MaxUseCases || other != many-costs.MaxUseCases {
			t.Errorf("%d use cases have cells of their own and %d have not, want %d and %d", own, other, costs.MaxUseCases, many-costs.MaxUseCases)
		}
		t.Run("decisions do not change", func(t *testing.T) { decided(t, tb, calls) })
		t.Run("other teams and months have room of their own", func(t *testing.T) { elsewhere(t, tb, calls) })
	})
}

// asBooked takes over from the rows under which use case they are booked.
func asBooked(t *testing.T, tb table.Table, calls []call) []call {
	t.Helper()
	out := make([]call, len(calls))
	for i, c := range calls {
		it, err := tb.Get(t.Context(), "ledger", rowKey(c.id()), true)
		if err != nil {
			t.Fatal(err)
		}
		c.booked, _ = it["cell_use_case"].(string)
		out[i] = c
	}
	return out
}

// decided books a second call of some use cases by an aggregator that
// remembers nothing.
func decided(t *testing.T, tb table.Table, first []call) {
	var again []call
	for i, c := range first {
		if i%50 == 0 || c.booked != "" && len(again) < 20 {
			c.n += 1000
			again = append(again, c)
		}
	}
	none, other := plain(1900), plain(1901) // these need no room
	none.dims.UseCase, other.dims.UseCase = "", "other"
	again = append(again, none, other)
	open(t, tb, again...)
	b := booker(tb, &dead{})
	mustBook(t, b, eventsOf(t, again...))
	wantBooked(t, tb, append(again, first...)...)
	// Each use case that has room, and the first that has none, is asked for;
	// then everything is known.
	if got := b.Stats().Admissions; got > 14 {
		t.Errorf("%d admissions for %d calls: a full month is not remembered", got, len(again))
	}
}

func elsewhere(t *testing.T, tb table.Table, first []call) {
	var calls []call
	for _, c := range first {
		if c.booked == "" || len(calls) == 2 {
			continue
		}
		c.n += 2000
		if len(calls) == 0 {
			c.dims.Team = "ads"
		} else {
			c.day = "2026-12-01"
		}
		c.booked = ""
		calls = append(calls, c)
	}
	open(t, tb, calls...)
	mustBook(t, booker(tb, &dead{}), eventsOf(t, calls...))
	for _, c := range asBooked(t, tb, calls) {
		if c.booked != "" {
			t.Errorf("%+v is booked under %s: the room of another team or month is full, not its own", c.dims, c.booked)
		}
	}
}

// TestAdmissionInTrouble: a use case counts once, whatever answers are lost.
func TestAdmissionInTrouble(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		calls := some(40, 0, func(n int) call {
			c := plain(n)
			c.dims.UseCase = fmt.Sprintf("case-%d", n/2)
			return c
		})
		open(t, tb, calls...)
		store := tabletest.NewFaulty(tb, tabletest.Often(3, 0.4))
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if failed, err := booker(store, &dead{}).Book(t.Context(), eventsOf(t, calls...)); err != nil || len(failed) > 0 {
					t.Errorf("%v, %v", failed, err)
				}
			})
		}
		wg.Wait()
		wantBooked(t, tb, calls...)
		page, err := tb.Query(t.Context(), table.Query{Table: "state", PK: "use_cases#2026-11#search"})
		if err != nil {
			t.Fatal(err)
		}
		var count any
		markers := 0
		for _, it := range page.Items {
			if sk, _ := it["sk"].(string); strings.HasPrefix(sk, "case#") {
				markers++
			} else {
				count = it["n"]
			}
		}
		if markers != 20 || count != int64(20) {
			t.Errorf("%d markers, counted %v, want 20 and 20", markers, count)
		}
	})
}

// TestUseCasesAreForgotten: an aggregator that lives for long remembers a
// bounded number of use cases, and asks again for those it forgot.
func TestUseCasesAreForgotten(t *testing.T) {
	store := &admitAll{}
	b := booker(store, &dead{})
	const many, batch = 20_100, 300
	for first := 0; first < many; first += batch {
		mustBook(t, b, eventsOf(t, some(batch, first, func(n int) call {
			c := plain(n)
			c.dims.Team, c.dims.UseCase = fmt.Sprintf("team-%d", n%200), fmt.Sprintf("case-%d", n)
			return c
		})...))
	}
	before := b.Stats().Admissions
	early := plain(many)
	early.dims.Team, early.dims.UseCase = "team-0", "case-0"
	mustBook(t, b, eventsOf(t, early))
	if got := b.Stats().Admissions; got != before+1 || before != many {
		t.Errorf("%d admissions for %d use cases, and %d for the first again, want 1: nothing was forgotten", before, many, got-before)
	}
}

// admitAll is a store in which every transaction succeeds.
type admitAll struct{ table.Table }

func (admitAll) Transact(context.Context, []table.Write) error { return nil }

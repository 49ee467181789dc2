package costs_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
)

func unreleased(t *testing.T, tb table.Table) {
	calls := some(6, 0, plain)
	open(t, tb, calls...)
	for _, c := range calls[:2] {
		edit(t, tb, layout.Ledger, rowKey(c.id()), nil, "released")
	}
	mustBook(t, booker(tb, &dead{}), eventsOf(t, calls...))
	wantBooked(t, tb, calls...)
	for i, c := range calls {
		it, err := tb.Get(t.Context(), layout.Ledger, rowKey(c.id()), true)
		if err != nil {
			t.Fatal(err)
		}
		if _, live := it["live_pk"]; live != (i < 2) {
			t.Errorf("row %d: live %v; a row leaves the index of live rows when it is booked, unless a limit waits", i, live)
		}
	}
	mustBook(t, booker(tb, &dead{}), eventsOf(t, calls...))
	wantBooked(t, tb, calls...)
}

func noRow(t *testing.T, tb table.Table) {
	letters := &dead{}
	calls := some(40, 0, mixed)
	missing, stillOpen := plain(1000), plain(1001)
	open(t, tb, append(calls, stillOpen)...)
	edit(t, tb, layout.Ledger, rowKey(stillOpen.id()), table.Item{"state": "open"})
	es := eventsOf(t, slices.Concat(calls[:20], []call{missing}, calls[20:], []call{stillOpen})...)
	for range 2 { // a letter that is written again replaces the first
		mustBook(t, booker(tb, letters), es)
		wantBooked(t, tb, calls...)
		letters.want(t, missing.id(), stillOpen.id())
	}
	if got := letters.put[missing.id()]; string(got.Body) != string(es[20].Detail) || !strings.Contains(got.Reason, "no row") {
		t.Errorf("letter %+v", got)
	}
	letters.away = true
	failed, err := booker(tb, letters).Book(t.Context(), es)
	if diff := gocmp.Diff([]int{20, 41}, failedAt(failed)); err != nil || diff != "" {
		t.Errorf("%v; without dead letters nothing may be lost: handed back (-want +got):\n%s", err, diff)
	}
}

// TestRefusedWithoutReason: a store that refuses a row and shows nothing that
// stands against it is asked a few times, and then the row is handed back.
func TestRefusedWithoutReason(t *testing.T) {
	tb, calls := tabletest.SQLite(t), some(3, 0, plain)
	open(t, tb, calls...)
	b := booker(refusing{Table: tb, id: calls[1].id()}, &dead{})
	failed, err := b.Book(t.Context(), eventsOf(t, calls...))
	if diff := gocmp.Diff([]int{1}, failedAt(failed)); err != nil || diff != "" {
		t.Errorf("%v, handed back (-want +got):\n%s", err, diff)
	}
	wantBooked(t, tb, calls[0], calls[2])
	if got := b.Stats().Transactions; got > 10 {
		t.Errorf("%d transactions for a row that is always refused", got)
	}
}

// refusing is a store that refuses one row for no reason.
type refusing struct {
	table.Table
	id string
}

func (r refusing) Transact(ctx context.Context, ws []table.Write) error {
	for i, w := range ws {
		if w.Key.PK == r.id {
			it, err := r.Get(ctx, w.Table, w.Key, true)
			if err != nil {
				return err
			}
			return &table.ConditionError{Failed: []table.Failed{{Index: i, Key: w.Key, Old: it}}}
		}
	}
	return r.Table.Transact(ctx, ws)
}

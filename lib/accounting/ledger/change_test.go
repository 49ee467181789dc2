package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// TestEmits: what is told on, by old and new image.
func TestEmits(t *testing.T) {
	open, settled, refused := table.Item{"state": "open"}, table.Item{"state": "settled"}, table.Item{"state": "refused"}
	with := func(it table.Item, attr string, v any) table.Item {
		it = it.Clone()
		it[attr] = v
		return it
	}
	for i, tc := range []struct {
		old, new table.Item
		want     bool
	}{
		{nil, open, false},
		{nil, settled, true},
		{nil, refused, true},
		{open, settled, true},
		{open, refused, true},
		{open, open, false},
		{open, with(open, "emit", int64(1)), false},
		{settled, settled, false},
		{settled, with(settled, "booked", true), false},
		{refused, with(refused, "booked", true), false},
		{settled, with(settled, "emit", int64(1)), true},
		{refused, with(refused, "emit", int64(1)), true},
		{with(settled, "emit", int64(1)), with(settled, "emit", int64(2)), true},
		{with(settled, "emit", int64(2)), with(settled, "emit", int64(2)), false},
		{with(settled, "emit", int64(2)), with(settled, "emit", int64(1)), false},
		{with(settled, "emit", "x"), with(settled, "emit", "y"), false},
		{settled, nil, false},
		{open, nil, false},
		{settled, open, false},
		// What cannot be read must not be missed.
		{open, table.Item{"state": "gone"}, true},
		{open, table.Item{}, true},
		{nil, table.Item{"state": int64(1)}, true},
		{table.Item{"state": "gone"}, settled, true},
	} {
		c := table.Change{Table: layout.Ledger, Key: table.Key{PK: "id", SK: "call"}, Old: tc.old, New: tc.new}
		if got := ledger.Emits(c); got != tc.want {
			t.Errorf("%d: %v → %v: %v, want %v", i, tc.old, tc.new, got, tc.want)
		}
		for what, c := range map[string]table.Change{
			"another table": {Table: layout.State, Key: c.Key, Old: c.Old, New: c.New},
			"another item":  {Table: c.Table, Key: table.Key{PK: "id", SK: "scope"}, Old: c.Old, New: c.New},
		} {
			if ledger.Emits(c) {
				t.Errorf("%d: %s is told on", i, what)
			}
		}
	}
}

func TestFromItem(t *testing.T) {
	tb := tabletest.SQLite(t)
	l := ledger.New(tb)
	r := mustOpen(t, l, opened(0))
	got, err := ledger.FromItem(item(t, tb, r.CallID))
	if diff := cmp.Diff(r, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := ledger.FromItem(table.Item{"pk": "id", "sk": "call", "v": int64(9)}); err == nil {
		t.Error("an unknown version is read")
	}
}

func TestDayOf(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 30, 23, 30, 0, 0, time.UTC)
	for want, zone := range map[string]*time.Location{"2026-11-30": nil, "2026-12-01": berlin} {
		if got := ledger.DayOf(at, zone); got != want {
			t.Errorf("in %v it is %s, want %s", zone, got, want)
		}
	}
	t.Run("a row without a day has that of its start in UTC", func(t *testing.T) {
		drivers.Each(t, func(t *testing.T, tb table.Table) {
			l := ledger.New(tb)
			for i, day := range []string{"", "2026-11-23"} {
				r := opened(i)
				r.Day = day
				mustOpen(t, l, r)
				mustOpen(t, l, r)
				if day == "" {
					r.Day = "2026-11-22"
				}
				wantRow(t, l, r)
			}
			old := mustOpen(t, l, opened(2))
			strip(t, tb, old.CallID, "day")
			wantRow(t, l, old)
		})
	})
	t.Run("the same call on another day is another call", func(t *testing.T) {
		l := ledger.New(tabletest.SQLite(t))
		r := mustOpen(t, l, opened(0))
		r.Day = "2026-11-23"
		wantKind(t, l.Open(t.Context(), r), fault.Internal)
	})
	t.Run("a day that is none is refused", func(t *testing.T) {
		l := ledger.New(tabletest.SQLite(t))
		for i, day := range []string{"today", "2026-13-01", "2026-1-1", fmt.Sprint(noon)} {
			r := opened(i)
			r.Day = day
			wantKind(t, l.Open(t.Context(), r), fault.Internal)
		}
	})
}

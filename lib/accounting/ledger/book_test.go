package ledger_test

import (
	"errors"
	"testing"

	"weir/lib/accounting/ledger"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest/drivers"
)

// TestBook: a row is booked once, only when it is closed, and leaves the index
// of live rows with its release.
func TestBook(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		l, n := ledger.New(tb), 2000
		// refusal books a row and says why not.
		refusal := func(w table.Write) (ledger.Refusal, bool) {
			t.Helper()
			err := tb.Transact(t.Context(), []table.Write{w})
			if err == nil {
				return 0, false
			}
			var c *table.ConditionError
			if !errors.As(err, &c) || len(c.Failed) != 1 {
				t.Fatal(err)
			}
			return ledger.BookRefusal(c.Failed[0].Old), true
		}
		live := func(id string) bool { _, ok := item(t, tb, id)["live_pk"]; return ok }
		for name, tc := range map[string]struct {
			settle bool
			remove string // taken off the row behind the ledger's back
			set    table.Item
			twice  bool
			first  ledger.Refusal // of the form with released; 0: booked
			second ledger.Refusal // of the other
		}{
			"a settled row":       {settle: true},
			"an open row":         {first: ledger.RefusedOpen, second: ledger.RefusedOpen},
			"a booked row":        {settle: true, twice: true, first: ledger.RefusedBooked, second: ledger.RefusedBooked},
			"not released":        {settle: true, remove: "released", first: ledger.RefusedUnreleased},
			"without a state":     {settle: true, remove: "state", first: ledger.RefusedMissing, second: ledger.RefusedMissing},
			"of a newer program":  {settle: true, set: table.Item{"v": int64(2)}},
			"booked some day ago": {settle: true, set: table.Item{"booked": "2026-11-22"}, first: ledger.RefusedBooked, second: ledger.RefusedBooked},
		} {
			for form, want := range map[bool]ledger.Refusal{true: tc.first, false: tc.second} {
				t.Run(name+map[bool]string{true: ", first form", false: ", second form"}[form], func(t *testing.T) {
					n++
					r := mustOpen(t, l, opened(n))
					if tc.settle {
						mustSettle(t, l, r.CallID, settlement())
					}
					if tc.remove != "" {
						strip(t, tb, r.CallID, tc.remove)
					}
					if tc.set != nil {
						edit(t, tb, r.CallID, tc.set)
					}
					if tc.twice {
						if why, refused := refusal(ledger.Book(r.CallID, "", false)); refused {
							t.Fatalf("the first time: %v", why)
						}
					}
					before := item(t, tb, r.CallID)
					why, refused := refusal(ledger.Book(r.CallID, "other", form))
					if refused != (want != 0) || why != want {
						t.Fatalf("refused %v: %v, want %v", refused, why, want)
					}
					after := item(t, tb, r.CallID)
					switch {
					case refused && !after.Equal(before):
						t.Errorf("a refused booking changed\n%v to\n%v", before, after)
					case refused:
					case after["booked"] != true || after["cell_use_case"] != "other" || after["use_case"] != "faq":
						t.Errorf("booked as %v, under %v, of %v", after["booked"], after["cell_use_case"], after["use_case"])
					case live(r.CallID) == form:
						t.Errorf("in the index of live rows: %v", !form)
					}
				})
			}
		}
		t.Run("no row", func(t *testing.T) {
			id := opened(2999).CallID
			for _, form := range []bool{true, false} {
				if why, refused := refusal(ledger.Book(id, "", form)); !refused || why != ledger.RefusedMissing {
					t.Errorf("%v, %v", why, refused)
				}
			}
			if it := item(t, tb, id); it != nil {
				t.Errorf("booking made a row: %v", it)
			}
		})
		t.Run("of a row that can be booked nothing is said", func(t *testing.T) {
			r := mustOpen(t, l, opened(2998))
			mustSettle(t, l, r.CallID, settlement())
			if why := ledger.BookRefusal(item(t, tb, r.CallID)); why != ledger.RefusedNot {
				t.Error(why)
			}
		})
		t.Run("a booked row is read as one", func(t *testing.T) {
			r := mustOpen(t, l, opened(2997))
			mustSettle(t, l, r.CallID, settlement())
			if why, refused := refusal(ledger.Book(r.CallID, "other", true)); refused {
				t.Fatal(why)
			}
			want := closed(r, ledger.Settled, settlement())
			want.Booked, want.CellUseCase = true, "other"
			wantRow(t, l, want)
		})
	})
}

// strip removes attributes of a stored row.
func strip(t *testing.T, tb table.Table, id string, attrs ...string) {
	t.Helper()
	err := tb.Do(t.Context(), table.Write{Kind: table.Update, Table: layout.Ledger, Key: table.Key{PK: id, SK: "call"}, Remove: attrs})
	if err != nil {
		t.Fatal(err)
	}
}

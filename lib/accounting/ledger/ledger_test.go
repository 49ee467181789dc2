package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest/drivers"
)

// TestLedger is the contract suite of the ledger: its promises on every store.
func TestLedger(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		for _, p := range []struct {
			name string
			test func(t *testing.T, tb table.Table)
		}{
			{"a row opens once", opensOnce},
			{"a row is settled once", settlesOnce},
			{"64 at once leave one row", together64},
			{"the reaper's rows are told from the call's own", reaped},
			{"a refused call", refusedCall},
			{"what has no row", noRow},
			{"what cannot be a row", badRows},
			{"indexes", indexed},
			{"rows of other programs", otherPrograms},
		} {
			t.Run(p.name, func(t *testing.T) { p.test(t, tb) })
		}
	})
}

func opensOnce(t *testing.T, tb table.Table) {
	l := ledger.New(tb)
	r := mustOpen(t, l, opened(100))
	wantRow(t, l, r)

	t.Run("opening it again is success", func(t *testing.T) {
		mustOpen(t, l, r)
		wantRow(t, l, r)
	})
	t.Run("another call does not get its id", func(t *testing.T) {
		other := r
		other.Team = "ads"
		wantKind(t, l.Open(t.Context(), other), fault.Internal)
		wantRow(t, l, r)
	})
	t.Run("opening it again when it is settled changes nothing", func(t *testing.T) {
		mustSettle(t, l, r.CallID, settlement())
		mustOpen(t, l, r)
		wantRow(t, l, closed(r, ledger.Settled, settlement()))
	})
}

func settlesOnce(t *testing.T, tb table.Table) {
	l := ledger.New(tb)
	r := mustOpen(t, l, opened(200))
	first := settlement()
	mustSettle(t, l, r.CallID, first)
	want := closed(r, ledger.Settled, first)
	wantRow(t, l, want)
	if it := item(t, tb, r.CallID); it["released"] != true {
		t.Errorf("released is %v: nothing waits for the limits of this call", it["released"])
	}

	t.Run("settling it again is success and keeps the first figures", func(t *testing.T) {
		second := first
		second.Cost, second.Usage.Output = 1, 1
		for _, s := range []ledger.Settlement{first, second} {
			mustSettle(t, l, r.CallID, s)
		}
		wantRow(t, l, want)
	})
	t.Run("what nothing is known of is settled, too", func(t *testing.T) {
		r := mustOpen(t, l, opened(201))
		s := ledger.Settlement{Outcome: fault.OutcomeClientError, UsageSource: ledger.UsageNone, SettledAt: noon}
		mustSettle(t, l, r.CallID, s)
		wantRow(t, l, closed(r, ledger.Settled, s))
	})
	t.Run("an unknown price is not a cost of zero", func(t *testing.T) {
		r := mustOpen(t, l, opened(202))
		s := settlement()
		s.Cost, s.Unpriced = 0, true
		mustSettle(t, l, r.CallID, s)
		wantRow(t, l, closed(r, ledger.Settled, s))
		if cost, ok := item(t, tb, r.CallID)["cost_nano_usd"]; ok {
			t.Errorf("the row has a cost of %v", cost)
		}
	})
}

func together64(t *testing.T, tb table.Table) {
	const n = 64
	l := ledger.New(tb)
	r := opened(300)
	together(n, func(i int) {
		if err := ledger.New(tb).Open(t.Context(), r); err != nil {
			t.Errorf("open %d: %v", i, err)
		}
	})
	wantRow(t, l, r)

	together(n, func(i int) {
		s := settlement()
		s.Provider, s.Usage.Input = fmt.Sprintf("provider-%d", i), int64(1000+i)
		if err := ledger.New(tb).Settle(t.Context(), r.CallID, s); err != nil {
			t.Errorf("settle %d: %v", i, err)
		}
	})
	got, _, err := l.Get(t.Context(), r.CallID)
	if err != nil {
		t.Fatal(err)
	}
	var winner int64
	if _, err := fmt.Sscanf(got.Provider, "provider-%d", &winner); err != nil {
		t.Fatal(err)
	}
	if got.Usage.Input != 1000+winner {
		t.Errorf("the row has provider %s and input %d: two settlements are mixed", got.Provider, got.Usage.Input)
	}
}

func reaped(t *testing.T, tb table.Table) {
	l := ledger.New(tb)
	abandoned := ledger.Settlement{Outcome: fault.OutcomeAbandoned, UsageSource: ledger.UsageNone, SettledAt: noon.Add(time.Hour)}

	t.Run("a call that comes late corrects it", func(t *testing.T) {
		r := mustOpen(t, l, opened(400))
		mustSettle(t, l, r.CallID, abandoned)
		mustSettle(t, l, r.CallID, settlement())
		wantRow(t, l, closed(r, ledger.Settled, abandoned))
		wantRow(t, l, corrected(r, settlement()))
		mustSettle(t, l, r.CallID, abandoned) // the reaper again
	})
	t.Run("a limit that comes late learns of it", func(t *testing.T) {
		r := mustOpen(t, l, opened(402))
		mustSettle(t, l, r.CallID, abandoned)
		want := closed(r, ledger.Settled, abandoned)
		err := l.Refuse(t.Context(), r.CallID, "over_budget", noon)
		var c *ledger.ClosedError
		if !errors.As(err, &c) || !errors.Is(err, ledger.ErrClosed) {
			t.Fatalf("error %v, want a *ClosedError", err)
		}
		if diff := cmp.Diff(want, c.Row); diff != "" {
			t.Errorf("row of the error (-want +got):\n%s", diff)
		}
		wantRow(t, l, want)
	})
	t.Run("a reaper that comes late changes nothing", func(t *testing.T) {
		r := mustOpen(t, l, opened(401))
		mustSettle(t, l, r.CallID, settlement())
		mustSettle(t, l, r.CallID, abandoned)
		wantRow(t, l, closed(r, ledger.Settled, settlement()))
	})
}

func refusedCall(t *testing.T, tb table.Table) {
	l := ledger.New(tb)
	at := noon.Add(time.Second)
	refusal := ledger.Settlement{Outcome: "over_budget", UsageSource: ledger.UsageNone, SettledAt: at}

	t.Run("is closed by the limit's kind, once", func(t *testing.T) {
		r := mustOpen(t, l, opened(500))
		for range 2 {
			if err := l.Refuse(t.Context(), r.CallID, "over_budget", at); err != nil {
				t.Fatal(err)
			}
		}
		wantRow(t, l, closed(r, ledger.Refused, refusal))
		if err := l.Settle(t.Context(), r.CallID, settlement()); !errors.Is(err, ledger.ErrClosed) {
			t.Errorf("settling it: %v, want ErrClosed", err)
		}
		wantRow(t, l, closed(r, ledger.Refused, refusal))
	})
	t.Run("may open refused", func(t *testing.T) {
		r := closed(opened(501), ledger.Refused, refusal)
		for range 2 {
			mustOpen(t, l, r)
		}
		wantRow(t, l, r)
	})
	t.Run("is not one that was settled", func(t *testing.T) {
		r := mustOpen(t, l, opened(502))
		mustSettle(t, l, r.CallID, settlement())
		if err := l.Refuse(t.Context(), r.CallID, "over_budget", at); !errors.Is(err, ledger.ErrClosed) {
			t.Errorf("refusing it: %v, want ErrClosed", err)
		}
		wantRow(t, l, closed(r, ledger.Settled, settlement()))
	})
}

func noRow(t *testing.T, tb table.Table) {
	l := ledger.New(tb)
	for name, id := range map[string]string{
		"an unknown id": opened(600).CallID,
		"no id":         "",
		"a long id":     strings.Repeat("x", 5000),
		"not UTF-8":     "\xff\xfe",
		"a path":        "../ öä",
	} {
		t.Run(name, func(t *testing.T) {
			if r, ok, err := l.Get(t.Context(), id); ok || err != nil {
				t.Errorf("got %v, %v, %v", r, ok, err)
			}
			wantKind(t, l.Settle(t.Context(), id, settlement()), fault.NotFound)
			wantKind(t, l.Refuse(t.Context(), id, "over_budget", noon), fault.NotFound)
			if r, ok, err := l.Get(t.Context(), id); ok || err != nil {
				t.Errorf("settling made a row: %v, %v, %v", r, ok, err)
			}
		})
	}
}

func badRows(t *testing.T, tb table.Table) {
	l := ledger.New(tb)
	for name, spoil := range map[string]func(*ledger.Row){
		"no id":                     func(r *ledger.Row) { r.CallID = "" },
		"an id with a space":        func(r *ledger.Row) { r.CallID = "a b" },
		"settled from the start":    func(r *ledger.Row) { r.State = ledger.Settled },
		"without a start":           func(r *ledger.Row) { r.StartedAt = time.Time{} },
		"without a deadline":        func(r *ledger.Row) { r.Deadline = time.Time{} },
		"a deadline before it":      func(r *ledger.Row) { r.Deadline = r.StartedAt.Add(-1) },
		"a year that does not sort": func(r *ledger.Row) { r.Deadline = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		t.Run(name, func(t *testing.T) {
			r := opened(700)
			spoil(&r)
			wantKind(t, l.Open(t.Context(), r), fault.Internal)
			if got, ok, err := l.Get(t.Context(), opened(700).CallID); ok || err != nil {
				t.Errorf("there is a row: %v, %v", got, err)
			}
		})
	}
}

// indexed tests that a row stays where reaper and booking look for it.
func indexed(t *testing.T, tb table.Table) {
	l := ledger.New(tb)
	r := mustOpen(t, l, opened(800))
	shard := layout.Shard(r.CallID)
	want := table.Item{
		"live_pk": layout.LivePK(shard), "live_sk": "2026-11-22T12:11:00.800Z#" + r.CallID,
		"hour_pk": fmt.Sprintf("2026-11-22T12#%02d", shard), "hour_sk": r.CallID,
	}
	check := func() {
		t.Helper()
		it := item(t, tb, r.CallID)
		for attr, v := range want {
			if it[attr] != v {
				t.Errorf("%s is %v, want %v", attr, it[attr], v)
			}
		}
	}
	check()
	mustSettle(t, l, r.CallID, settlement())
	check() // not booked yet
}

func otherPrograms(t *testing.T, tb table.Table) {
	l := ledger.New(tb)
	for name, tc := range map[string]struct {
		n    int
		set  table.Item
		want []string // in the error; none: it is read
	}{
		"unknown attributes are ignored":    {n: 900, set: table.Item{"scopes": "[]", "emit": int64(1)}},
		"a newer version is named":          {n: 901, set: table.Item{"v": int64(2)}, want: []string{"version 2", "newer"}},
		"a number that is a text":           {n: 902, set: table.Item{"output": "many"}, want: []string{"output", "string"}},
		"a text that is a number":           {n: 903, set: table.Item{"team": int64(1)}, want: []string{"team", "int64"}},
		"a version that is a text":          {n: 904, set: table.Item{"v": "1"}, want: []string{"attribute v"}},
		"a state that is none":              {n: 905, set: table.Item{"state": "gone"}, want: []string{"state", "gone"}},
		"a time that is none":               {n: 906, set: table.Item{"started_at": "noon"}, want: []string{"started_at", "noon"}},
		"a list that is none":               {n: 907, set: table.Item{"attempts": "{"}, want: []string{"attempts"}},
		"a list of something else":          {n: 908, set: table.Item{"losses": `["x"]`}, want: []string{"losses"}},
		"a flag that is a number":           {n: 909, set: table.Item{"unpriced": int64(1)}, want: []string{"unpriced"}},
		"the first of two faults is enough": {n: 910, set: table.Item{"app": true, "tags": "["}, want: []string{"app"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := mustOpen(t, l, opened(tc.n))
			edit(t, tb, r.CallID, tc.set)
			_, ok, err := l.Get(t.Context(), r.CallID)
			if len(tc.want) == 0 {
				if err != nil || !ok {
					t.Errorf("not read: %v, %v", ok, err)
				}
				return
			}
			wantKind(t, err, fault.Internal)
			for _, w := range append(tc.want, r.CallID) {
				if err != nil && !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
			if got := errors.Is(err, ledger.ErrVersion); got != (tc.n == 901) {
				t.Errorf("ErrVersion is %v of %v", got, err)
			}
		})
	}
}

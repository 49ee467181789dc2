package costs_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"weir/lib/accounting/costs"
	"weir/lib/accounting/ledger"
	"weir/lib/bus"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// TestBooks is the contract suite of booking: its promises on every store.
func TestBooks(t *testing.T) {
	for _, p := range []struct {
		name string
		test func(t *testing.T, tb table.Table)
	}{
		{"each row is in one day cell and one month cell", bookedOnce},
		{"batches come twice and shuffled", shuffled},
		{"repetitions in a batch", repeatedInBatch},
		{"a transaction holds what it can", packed},
		{"four at once in trouble", fourAtOnce},
		{"a store that is throttled hands back what was not sent", throttled},
		{"what is handed back can be booked later", handedBack},
		{"rows that wait for a limit", unreleased},
		{"rows that cannot be booked", noRow},
		{"corrections", corrections},
		{"names of every kind", names},
	} {
		t.Run(p.name, func(t *testing.T) { drivers.Each(t, p.test) })
	}
}

func bookedOnce(t *testing.T, tb table.Table) {
	letters := &dead{}
	calls := some(120, 0, mixed)
	open(t, tb, calls...)
	b := booker(tb, letters)
	mustBook(t, b, eventsOf(t, calls[:70]...))
	mustBook(t, b, eventsOf(t, calls[70:]...)) // days are in no order: a clock may jump back
	wantBooked(t, tb, calls...)
	letters.want(t)
	if got := b.Stats(); got.Events != 120 || got.Booked != 120 || got.RowWrites != 120 || got.Repeated+got.Failed+got.Letters+got.Ignored != 0 {
		t.Errorf("stats %+v", got)
	}
}

func shuffled(t *testing.T, tb table.Table) {
	letters := &dead{}
	calls := some(90, 0, mixed)
	open(t, tb, calls...)
	rnd := rand.New(rand.NewPCG(5, 5))
	es := eventsOf(t, slices.Concat(calls, calls)...)
	rnd.Shuffle(len(es), func(i, j int) { es[i], es[j] = es[j], es[i] })
	b := booker(tb, letters)
	for len(es) > 0 {
		n := 1 + rnd.IntN(len(es))
		mustBook(t, b, es[:n])
		if rnd.IntN(3) > 0 { // else the batch comes again, cut otherwise
			es = es[n:]
		}
	}
	wantBooked(t, tb, calls...)
	letters.want(t)

	mustBook(t, booker(tb, letters), eventsOf(t, calls...)) // years later, by a stranger
	wantBooked(t, tb, calls...)
}

func repeatedInBatch(t *testing.T, tb table.Table) {
	c, other := plain(0), plain(1)
	open(t, tb, c, other)
	b := booker(tb, &dead{})
	mustBook(t, b, eventsOf(t, c, other, c, c, other))
	wantBooked(t, tb, c, other)
	if got := b.Stats(); got.Booked != 2 || got.Repeated != 3 || got.Transactions != 1 {
		t.Errorf("stats %+v, want 2 rows booked in one transaction, and 3 repetitions", got)
	}
}

// packed checks that no transaction is larger than the store takes, and that
// rows which share cells share transactions.
func packed(t *testing.T, tb table.Table) {
	each := func(n int) call { // a model for every call: 3 writes a row
		c := plain(n)
		c.dims.Model = fmt.Sprintf("model-%04d", n)
		return c
	}
	pairs := func(n int) call { // two calls a model, far apart in the batch: 4 writes for two rows
		c := plain(n)
		c.dims.Model = fmt.Sprintf("pair-%04d", n%60)
		return c
	}
	days := func(n int) call { // one month cell, a day cell for every call
		c := plain(n)
		c.day, c.dims.Team = fmt.Sprintf("2026-10-%02d", 1+n%30), "ads"
		return c
	}
	for _, tc := range []struct {
		name         string
		calls        []call
		transactions int64
		cells        int64
	}{
		{"one cell", some(196, 0, plain), 2, 4},
		{"a cell each", some(66, 200, each), 2, 132},
		{"one too many", some(34, 300, each), 2, 68},
		{"two a cell", some(120, 400, pairs), 3, 0},
		{"a month and its days", some(30, 600, days), 1, 31},
	} {
		open(t, tb, tc.calls...)
		b := booker(tb, &dead{})
		mustBook(t, b, eventsOf(t, tc.calls...))
		got := b.Stats()
		if got.Transactions != tc.transactions || got.RowWrites != int64(len(tc.calls)) {
			t.Errorf("%s: %+v, want %d transactions", tc.name, got, tc.transactions)
		}
		if tc.cells > 0 && got.CellWrites != tc.cells {
			t.Errorf("%s: %d writes of cells, want %d", tc.name, got.CellWrites, tc.cells)
		}
	}
}

// fourAtOnce lets four Bookers work on the same events, each in an order of
// its own, on a store that fails every fourth time, as a queue would: what
// fails comes again.
func fourAtOnce(t *testing.T, tb table.Table) {
	letters := &dead{}
	calls := some(160, 0, mixed)
	open(t, tb, calls...)
	var wg sync.WaitGroup
	for i := range uint64(4) {
		es := eventsOf(t, calls...)
		wg.Go(func() {
			b := booker(tabletest.NewFaulty(tb, tabletest.Often(i, 0.25)), letters)
			rnd := rand.New(rand.NewPCG(i, 1))
			rnd.Shuffle(len(es), func(i, j int) { es[i], es[j] = es[j], es[i] })
			for len(es) > 0 {
				n := min(len(es), 1+rnd.IntN(60))
				failed, err := b.Book(t.Context(), es[:n])
				if err != nil {
					t.Error(err)
				}
				again := []bus.Event{}
				for _, f := range failed {
					again = append(again, es[f.Index])
				}
				es = append(es[n:], again...)
			}
		})
	}
	wg.Wait()
	wantBooked(t, tb, calls...)
	letters.want(t)
}

func throttled(t *testing.T, tb table.Table) {
	calls := some(250, 0, plain) // three transactions
	open(t, tb, calls...)
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	n := 0
	store := tabletest.NewFaulty(tb, func(c tabletest.Call) tabletest.Fault {
		if c.Op == "Transact" && c.Table == layout.Ledger {
			if n++; n > 3 {
				giveUp() // the others need not wait as long as a Booker would
			}
			if n > 1 {
				return tabletest.Throttled
			}
		}
		return tabletest.None
	})
	b := booker(store, &dead{})
	es := eventsOf(t, calls...)
	failed, err := b.Book(ctx, es)
	if err != nil {
		t.Fatal(err)
	}
	at := failedAt(failed)
	if len(at) != 250-98 || !slices.IsSorted(at) || len(slices.Compact(slices.Clone(at))) != len(at) {
		t.Errorf("%d events were handed back: %v, want 152 in order", len(at), at)
	}
	store.Set(nil)
	again := []bus.Event{}
	for _, i := range at {
		again = append(again, es[i])
	}
	mustBook(t, b, again)
	wantBooked(t, tb, calls...)
	if got := b.Stats(); got.Booked != 250 || got.Repeated != 0 || got.Failed != 152 {
		t.Errorf("stats %+v: what was handed back had not been booked", got)
	}
}

// handedBack checks every way in which a store may fail all the time: all
// events come back, and are booked once it serves.
func handedBack(t *testing.T, tb table.Table) {
	for i, f := range []tabletest.Fault{tabletest.Throttled, tabletest.Conflict, tabletest.LostBefore, tabletest.LostAfter} {
		calls := some(3, 100*i, plain)
		for i := range calls {
			calls[i].day = fmt.Sprintf("2026-10-%02d", 1+int(f))
			calls[i].dims.UseCase = fmt.Sprintf("new in trouble %d", f) // needs to be admitted
		}
		open(t, tb, calls...)
		for _, first := range []string{layout.State, layout.Ledger} {
			store := tabletest.NewFaulty(tb, func(c tabletest.Call) tabletest.Fault {
				if c.Table == first {
					return f
				}
				return tabletest.None
			})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			failed, err := booker(store, &dead{}).Book(ctx, eventsOf(t, calls...))
			cancel()
			if diff := gocmp.Diff([]int{0, 1, 2}, failedAt(failed)); err != nil || diff != "" {
				t.Errorf("fault %d in %s: %v, handed back (-want +got):\n%s", f, first, err, diff)
			}
		}
		mustBook(t, booker(tb, &dead{}), eventsOf(t, calls...))
		cells := cellsOf(t, calls...)
		for _, it := range cellItems(t, tb, calls[0].day) {
			if c := cellOf(t, it); c != cells[fmt.Sprintf("%s %q", c.Period, c.Dims)] {
				t.Errorf("fault %d: cell %+v, want one of %+v", f, c, cells)
			}
		}
	}
}

// corrections add differences and no calls.
func corrections(t *testing.T, tb table.Table) {
	letters := &dead{}
	given := plain(0) // was given up, and came to an end after all
	given.dims.Provider, given.dims.Model, given.usage, given.cost = "", "", llm.Usage{}, 0
	given.outcome, given.source = fault.OutcomeAbandoned, ledger.UsageNone
	open(t, tb, given)

	late := plain(2)
	correct := late.event()
	correct.CallID, correct.Corrects = given.id()+"~1", given.id()
	less := late.event() // and a figure that was too high
	less.CallID, less.Corrects, less.Outcome = given.id()+"~2", given.id(), "timeout"
	less.Tokens.Input, less.CostNanoUSD = -400, new(int64(-300_000))
	it, err := tb.Get(t.Context(), layout.Ledger, rowKey(given.id()), true)
	if err != nil {
		t.Fatal(err)
	}
	delete(it, "pk")
	delete(it, "sk")
	for _, id := range []string{correct.CallID, less.CallID} {
		if err := tb.Do(t.Context(), table.Write{Table: layout.Ledger, Key: rowKey(id), Set: it}); err != nil {
			t.Fatal(err)
		}
	}
	es := []bus.Event{event(t, less), event(t, given.event()), event(t, correct)}
	for range 2 {
		mustBook(t, booker(tb, letters), es)
	}
	letters.want(t)
	rep, err := costs.NewReader(tb).Report(t.Context(), costs.Filter{Day: "2026-11-22"}, []string{"provider"})
	if err != nil {
		t.Fatal(err)
	}
	answered := late.sums()
	answered.Calls, answered.Errors = 0, -1
	second := answered
	second.Errors, second.Input, second.Cost = 0, -400, -300_000
	if err := answered.Add(second); err != nil {
		t.Fatal(err)
	}
	want := []costs.Row{
		{Sums: costs.Sums{Calls: 1, Errors: 1}},
		{Dims: costs.Dims{Provider: "openai"}, Sums: answered},
	}
	if diff := gocmp.Diff(want, rep.Rows); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if rep.Total.Calls != 1 || rep.Total.Errors != 0 || rep.Total.Cost != late.cost-300_000 {
		t.Errorf("total %+v, want one call without an error", rep.Total)
	}
}

// names checks that names which look like keys, or like each other, have cells
// of their own.
func names(t *testing.T, tb table.Table) {
	odd := []string{
		"a", "a#b", "a%23b", "a%2523b", "a%", "%", "#", "##", "", " ", "\t\n", "ä", "a\u0308", "日本語", "👩‍👩‍👧‍👦", "a/b", "A", "\u0000", "~", "%~",
		strings.Repeat("x", 160), strings.Repeat("x", 161), strings.Repeat("x", 162), strings.Repeat("👩", 128), strings.Repeat("👩", 127) + "b", strings.Repeat("#", 128),
	}
	var calls []call
	for i, name := range odd {
		team, app, model := plain(3*i), plain(3*i+1), plain(3*i+2)
		team.dims.Team = "t" + name
		app.dims.App, app.dims.UseCase = name, strings.ToValidUTF8(name, "")
		model.dims.Provider, model.dims.Model = name, odd[len(odd)-1-i]
		calls = append(calls, team, app, model)
	}
	long, longer := plain(3*len(odd)), plain(3*len(odd)+1) // in every name at once
	name := strings.Repeat("#", 128)
	long.dims = costs.Dims{Team: name, App: name, UseCase: name, Provider: name, Model: name}
	longer.dims = long.dims
	longer.dims.Model = name + "#"
	calls = append(calls, long, longer)
	open(t, tb, calls...)
	mustBook(t, booker(tb, &dead{}), eventsOf(t, calls...))
	wantBooked(t, tb, calls...)
	r := costs.NewReader(tb)
	for _, c := range calls {
		is := map[string]string{}
		for _, name := range costs.Dimensions() {
			is[name] = c.dims.Get(name)
		}
		rep, err := r.Report(t.Context(), costs.Filter{Month: "2026-11", Is: is}, nil)
		if err != nil || rep.Total.Calls != 1 {
			t.Errorf("%q: %d calls, %v, want 1", c.dims, rep.Total.Calls, err)
		}
	}
}

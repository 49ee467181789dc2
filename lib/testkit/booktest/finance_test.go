package booktest

import (
	"log/slog"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // so that the tests know the zones on every machine

	"weir/lib/accounting/costs"
	"weir/lib/accounting/ledger"
	"weir/lib/accounting/publisher"
	"weir/lib/accounting/reaper"
	"weir/lib/bus"
	"weir/lib/bus/letters"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/sqlite"
	"weir/lib/table/tabletest"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

// 2,000 mixed calls of several customers, and two kill -9 at random moments
// among them. The rows, added up by hand, are the cells of days and the cells
// of months: once when the program has ended in order, and again when the
// calls that died with it are given up, after which no row is open.
func TestTheLedgerIsTheCells(t *testing.T) {
	t.Parallel()
	seed := chosenSeed(t)
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	p.Model("cut-late", fakeprovider.Answer{Cut: &fakeprovider.Cut{After: 1100, How: fakeprovider.CutAbort}})
	zone := elsewhere(t)
	b := &books{
		t: t, p: p, kills: 2, killed: map[int]bool{}, calls: make([]seen, 2000),
		weir: newProgram(t, config(p.URL, "  billing_zone: "+zone.String()+"\n  timeouts: { between_tokens: 400ms, total: 30s }")),
	}
	b.dress = customers(b.weir)
	b.stop(b.traffic(rand.New(rand.NewPCG(seed, 0)), seed))
	b.collect()
	b.checkCalls()
	b.checkOpen()
	b.checkUsage("provider", "drained", "estimated", "none")
	before := b.checkCosts(zone)

	db := tabletest.OpenSQLite(t, filepath.Join(b.weir.dir, "store"), layout.All())
	open := len(b.weir.rows("open"))
	b.giveUp(db, open)
	if left := b.weir.rows("open"); len(left) > 0 {
		t.Errorf("%d rows are open after their deadline", len(left))
	}
	was := b.rows
	b.collect()
	after := b.checkCosts(zone)
	b.checkAbandoned(was)
	b.checkBooked(db)
	// Finance sees the calls that were given up, and pays nothing for them.
	before["calls"] += int64(open)
	before["errors"] += int64(open)
	for _, name := range figureNames {
		if before[name] != after[name] {
			t.Errorf("%s: %d after %d calls were given up, want %d", name, after[name], open, before[name])
		}
	}
	if after["calls"] != int64(len(b.rows)) || after["unpriced_calls"] == 0 || after["estimated_nano_usd"] == 0 || after["cost_nano_usd"] == 0 || open == 0 {
		t.Errorf("%d rows, %d of them given up, and the sums are %v", len(b.rows), open, after)
	}
}

// elsewhere is a zone in which today is not today in UTC, and will not be for
// an hour, or has not been for one.
func elsewhere(t *testing.T) *time.Location {
	t.Helper()
	name := "Pacific/Pago_Pago" // UTC-11
	if time.Now().UTC().Hour() >= 11 {
		name = "Pacific/Kiritimati" // UTC+14
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// customers spreads calls over keys of several teams and applications, over
// use cases, and over a provider that has no prices.
func customers(p *program) func(kind, *rand.Rand) kind {
	keys := []string{""} // the development key
	for _, of := range [][2]string{{"search", "web"}, {"search", "mobile"}, {"R&D #1 (50%)", "web"}, {"日本", "a/b#c"}} {
		var made struct{ Key string }
		p.cli(&made, "keys", "create", "--team", of[0], "--app", of[1])
		keys = append(keys, made.Key)
	}
	tags := []string{"", "use_case=faq", "use_case=docs%20%231", "use_case=other,env=prod", "env=prod"}
	return func(k kind, dice *rand.Rand) kind {
		if k.key == "" {
			k.key = keys[dice.IntN(len(keys))]
		}
		k.tags = tags[dice.IntN(len(tags))]
		if dice.IntN(5) == 0 {
			k.body = strings.Replace(k.body, `"p/`, `"u/`, 1)
		}
		return k
	}
}

// checkCosts compares the rows, added up by hand, with what weir costs says of
// their days and months, and of today in UTC; it returns the sum.
func (b *books) checkCosts(zone *time.Location) sums {
	b.t.Helper()
	want := fold(accountsOf(b.t, b.raw), zone)
	periods := want.periods()
	periods[time.Now().UTC().Format(time.DateOnly)] = true
	got := b.weir.costs(slices.Sorted(maps.Keys(periods))...)
	wantCells(b.t, want, got)
	b.t.Logf("%d cells in %v: %v", len(got), slices.Sorted(maps.Keys(want.periods())), got.total(true))
	return got.total(true)
}

// giveUp lets the deadlines of all calls pass, and takes the rows that the
// reaper closes the way to the cells on which the program would take them.
func (b *books) giveUp(db *sqlite.DB, open int) {
	b.t.Helper()
	later := func() time.Time { return time.Now().Add(2 * time.Minute) } // total, and a minute
	quiet := slog.New(slog.DiscardHandler)
	r := reaper.New(ledger.New(db), later, quiet)
	var sum reaper.Report
	for more := true; more; {
		got, err := r.Pass(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		sum.Abandoned += got.Abandoned
		sum.Emitted += got.Emitted
		sum.TakenOut += got.TakenOut
		more = got.Abandoned > 0
	}
	if want := (reaper.Report{Abandoned: open}); sum != want {
		b.t.Errorf("the reaper did %+v, want %+v", sum, want)
	}
	box := letters.New(db)
	booker := costs.New(db, box, later, quiet)
	sink := publisher.New(bus.NewDirect(booker.Book), box, later, quiet).Take
	if err := db.CatchUp(b.t.Context(), layout.Ledger, "publisher", sink); err != nil { // as the program calls it
		b.t.Fatal(err)
	}
	if s := booker.Stats(); s.Booked != int64(open) || s.Events != int64(open) {
		b.t.Errorf("%d events came and %d rows were booked, want the %d that were given up: the program had not booked the others", s.Events, s.Booked, open)
	}
	if got, err := r.Pass(b.t.Context()); err != nil || got != (reaper.Report{}) {
		b.t.Errorf("and then the reaper finds %+v, %v", got, err)
	}
}

// checkAbandoned checks what became of the rows that were open, and that the
// others are as they were.
func (b *books) checkAbandoned(was map[int]row) {
	b.t.Helper()
	for n, r := range b.rows {
		if was[n].State == "settled" {
			if *was[n].Outcome != *r.Outcome || r.State != "settled" {
				b.t.Errorf("call %d was %s and is %s, %s", n, *was[n].Outcome, r.State, *r.Outcome)
			}
			continue
		}
		if r.State != "settled" || *r.Outcome != "abandoned" || *r.UsageSource != "none" || r.CostNanoUSD == nil || *r.CostNanoUSD != 0 {
			b.t.Errorf("call %d was open and is %s", n, b.raw[r.CallID])
		}
	}
	if len(was) != len(b.rows) {
		b.t.Errorf("there were %d rows, and now %d", len(was), len(b.rows))
	}
}

// checkBooked checks that every row says so, that none waits, and that nothing
// lies in the dead letters.
func (b *books) checkBooked(db table.Table) {
	b.t.Helper()
	now := time.Now()
	found, err := ledger.New(db).Recent(b.t.Context(), ledger.Filter{Since: now.Add(-time.Hour), Until: now, Limit: 5000})
	if err != nil || len(found.Rows) != len(b.rows) || len(found.Unreadable) > 0 {
		b.t.Errorf("%d rows, %d unreadable, %v", len(found.Rows), len(found.Unreadable), err)
	}
	for _, r := range found.Rows {
		if !r.Booked || !r.Released || r.Emit != 0 || r.CellUseCase != "" {
			b.t.Errorf("row %s: booked %v, released %v, asked for %d times, under %q", r.CallID, r.Booked, r.Released, r.Emit, r.CellUseCase)
		}
	}
	for shard := range layout.Shards {
		page, err := db.Query(b.t.Context(), table.Query{Table: layout.Ledger, Index: layout.Live, PK: layout.LivePK(shard)})
		if err != nil || len(page.Items) > 0 {
			b.t.Errorf("%d rows of shard %d are live, %v", len(page.Items), shard, err)
		}
	}
	var dead []any
	if b.weir.cli(&dead, "usage", "dead-letters"); len(dead) > 0 {
		b.t.Errorf("dead letters: %v", dead)
	}
}

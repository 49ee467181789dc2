package costs_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"weir/events"
	"weir/lib/accounting/costs"
	"weir/lib/accounting/ledger"
	"weir/lib/bus"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/money"
	"weir/lib/table"
	"weir/lib/table/layout"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

// call is one row of a test, with all that becomes of it.
type call struct {
	n        int
	day      string
	dims     costs.Dims // the use case is the call's own
	outcome  string
	usage    llm.Usage
	source   ledger.UsageSource
	cost     money.NanoUSD
	unpriced bool
	refused  bool
	booked   string // use case of its cells, where that is not its own
}

// plain is the n-th call of a test, of the ordinary kind.
func plain(n int) call {
	return call{
		n: n, day: "2026-11-22", outcome: fault.OutcomeOK, source: ledger.UsageProvider,
		dims:  costs.Dims{Team: "search", App: "web", UseCase: "faq", Provider: "openai", Model: "gpt-4o-mini"},
		usage: llm.Usage{Input: 1000, CacheRead: 10, CacheWrite5m: 20, CacheWrite1h: 30, AudioIn: 40, Output: 500, AudioOut: 50, Reasoning: 60},
		cost:  1_000_000 + money.NanoUSD(n),
	}
}

// mixed is the n-th call of a test with something of everything: several
// days, teams and models, failures, refusals, estimates, unknown prices.
func mixed(n int) call {
	c := plain(n)
	c.day = []string{"2026-11-30", "2026-12-01", "2026-11-22"}[n%3]
	c.dims.Team = []string{"search", "ads"}[n/3%2]
	c.dims.Model = fmt.Sprintf("model-%d", n%5)
	c.dims.UseCase = []string{"faq", "", "chat"}[n/2%3]
	c.usage.Output += int64(n)
	switch n % 7 {
	case 1:
		c.outcome, c.source = fault.OutcomeTimeout, ledger.UsageEstimated
	case 2:
		c.unpriced, c.cost = true, 0
	case 3:
		c.refused, c.outcome = true, "over_budget"
		c.dims.Provider, c.dims.Model, c.usage, c.source, c.cost = "", "", llm.Usage{}, ledger.UsageNone, 0
	case 4:
		c.outcome, c.source = fault.OutcomeAbandoned, ledger.UsageNone
		c.dims.Provider, c.dims.Model, c.usage, c.cost = "", "", llm.Usage{}, 0
	}
	return c
}

// some returns n calls from first on, as form makes them.
func some(n, first int, form func(n int) call) []call {
	calls := []call{}
	for i := range n {
		calls = append(calls, form(first+i))
	}
	return calls
}

func (c call) id() string { return fmt.Sprintf("0193a0b1-%04x-7000-8000-%012x", c.n&0xffff, c.n) }

// sums is what the call adds to each of its two cells.
func (c call) sums() costs.Sums {
	u := c.usage
	s := costs.Sums{
		Input: u.Input, CacheRead: u.CacheRead, CacheWrite5m: u.CacheWrite5m, CacheWrite1h: u.CacheWrite1h,
		AudioInput: u.AudioIn, Output: u.Output, AudioOutput: u.AudioOut, Reasoning: u.Reasoning, Cost: c.cost,
	}
	if c.refused {
		s.Refused = 1
		return s
	}
	s.Calls = 1
	if c.outcome != "ok" {
		s.Errors = 1
	}
	if c.source == "estimated" {
		s.Estimated = c.cost
	}
	if c.unpriced {
		s.Unpriced = 1
	}
	return s
}

// cellsOf are the cells that calls make, by key.
func cellsOf(t testing.TB, calls ...call) map[string]costs.Cell {
	t.Helper()
	all := map[string]costs.Cell{}
	for _, c := range calls {
		d := c.dims
		d.UseCase = cmp.Or(c.booked, d.UseCase)
		for _, period := range []string{c.day, c.day[:7]} {
			name := fmt.Sprintf("%s %q", period, d)
			cell := all[name]
			cell.Period, cell.Dims = period, d
			if err := cell.Add(c.sums()); err != nil {
				t.Fatal(err)
			}
			all[name] = cell
		}
	}
	return all
}

// wantCells checks that the cells of the periods in which calls lie are those
// that they make, and no others.
func wantCells(t testing.TB, tb table.Table, calls ...call) {
	t.Helper()
	periods := map[string]bool{"2026-11-22": true, "2026-11": true}
	for _, c := range calls {
		periods[c.day], periods[c.day[:7]] = true, true
	}
	got := map[string]costs.Cell{}
	for _, it := range cellItems(t, tb, slices.Sorted(maps.Keys(periods))...) {
		c := cellOf(t, it)
		name := fmt.Sprintf("%s %q", c.Period, c.Dims)
		if _, dup := got[name]; dup {
			t.Errorf("two cells are %s", name)
		}
		got[name] = c
	}
	if diff := gocmp.Diff(cellsOf(t, calls...), got); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
}

// wantBooked checks that these calls are in their cells, alone and once, and
// that their rows say so.
func wantBooked(t testing.TB, tb table.Table, calls ...call) {
	t.Helper()
	wantCells(t, tb, calls...)
	l := ledger.New(tb)
	for _, c := range calls {
		r, ok, err := l.Get(t.Context(), c.id())
		if err != nil || !ok {
			t.Errorf("row %s: %v, %v", c.id(), ok, err)
		}
		if !r.Booked || r.CellUseCase != c.booked {
			t.Errorf("row %s: booked %v under the use case %q, want true and %q", c.id(), r.Booked, r.CellUseCase, c.booked)
		}
	}
}

// cellOf reads a cell by the names of its attributes.
func cellOf(t testing.TB, it table.Item) costs.Cell {
	t.Helper()
	text := func(name string) string { s, _ := it[name].(string); return s }
	number := func(name string) int64 {
		n, ok := it[name].(int64)
		if !ok {
			t.Errorf("cell %v/%v has no number %s", it["pk"], it["sk"], name)
		}
		return n
	}
	return costs.Cell{
		Period: text("pk"),
		Dims:   costs.Dims{Team: text("team"), App: text("app"), UseCase: text("use_case"), Provider: text("provider"), Model: text("model")},
		Sums: costs.Sums{
			Calls: number("calls"), Refused: number("refused"), Errors: number("errors"), CacheHits: number("cache_hits"),
			Input: number("input"), CacheRead: number("cache_read"), CacheWrite5m: number("cache_write_5m"), CacheWrite1h: number("cache_write_1h"),
			AudioInput: number("audio_input"), Output: number("output"), AudioOutput: number("audio_output"), Reasoning: number("reasoning"),
			Cost: money.NanoUSD(number("cost_nano_usd")), Saved: money.NanoUSD(number("saved_nano_usd")),
			Estimated: money.NanoUSD(number("estimated_nano_usd")), Unpriced: number("unpriced_calls"),
		},
	}
}

// cellItems reads all cells of periods, as they are stored.
func cellItems(t testing.TB, tb table.Table, periods ...string) []table.Item {
	t.Helper()
	var all []table.Item
	for _, p := range periods {
		for q := (table.Query{Table: layout.Costs, PK: p}); ; {
			page, err := tb.Query(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, page.Items...)
			if q.Cursor = page.Cursor; q.Cursor == "" {
				break
			}
		}
	}
	return all
}

// open writes the rows of calls that are over. The ledger makes them, in
// memory, and they are stored many at a time.
func open(t testing.TB, tb table.Table, calls ...call) {
	t.Helper()
	m := memory{}
	var ws []table.Write
	for _, c := range calls {
		if err := openOne(t.Context(), ledger.New(m), c); err != nil {
			t.Fatalf("row %s: %v", c.id(), err)
		}
		it := m[rowKey(c.id())]
		delete(it, table.PK)
		delete(it, table.SK)
		ws = append(ws, table.Write{Table: layout.Ledger, Key: rowKey(c.id()), Set: it})
	}
	for part := range slices.Chunk(ws, table.MaxTransactWrites) {
		if err := tb.Transact(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
}

// memory is a store of single writes to one table.
type memory map[table.Key]table.Item

func (m memory) Do(_ context.Context, w table.Write) error {
	after, err := table.Apply(m[w.Key], w)
	if err == nil {
		m[w.Key] = after
	}
	return err
}

func (memory) Get(context.Context, string, table.Key, bool) (table.Item, error) { panic("unused") }
func (memory) DoNew(context.Context, table.Write) (table.Item, error)           { panic("unused") }
func (memory) Transact(context.Context, []table.Write) error                    { panic("unused") }
func (memory) Query(context.Context, table.Query) (table.Page, error)           { panic("unused") }

func openOne(ctx context.Context, l *ledger.Ledger, c call) error {
	r := ledger.Row{
		CallID: c.id(), State: ledger.Open, Team: c.dims.Team, App: c.dims.App, KeyID: "0123456789AB", UseCase: c.dims.UseCase,
		Op: llm.OpChat, Dialect: "openaichat", RequestedModel: "fast", StartedAt: noon, Day: c.day, Deadline: noon.Add(time.Minute),
	}
	if err := l.Open(ctx, r); err != nil {
		return err
	}
	if c.refused {
		return l.Refuse(ctx, c.id(), c.outcome, noon)
	}
	return l.Settle(ctx, c.id(), ledger.Settlement{
		Outcome: c.outcome, Provider: c.dims.Provider, Model: c.dims.Model, Usage: c.usage, UsageSource: c.source,
		Cost: c.cost, Unpriced: c.unpriced, PriceVersion: "2026-11-22", SettledAt: noon,
	})
}

// edit changes a stored item behind everybody's back.
func edit(t testing.TB, tb table.Table, name string, k table.Key, set table.Item, remove ...string) {
	t.Helper()
	if err := tb.Do(t.Context(), table.Write{Kind: table.Update, Table: name, Key: k, Set: set, Remove: remove}); err != nil {
		t.Fatal(err)
	}
}

func rowKey(id string) table.Key { return table.Key{PK: id, SK: "call"} }

// usage is what the event of a call's row says.
func (c call) event() events.UsageRecordedV1 {
	u := c.usage
	e := events.UsageRecordedV1{
		Version: 1, CallID: c.id(), State: events.StateSettled, Outcome: c.outcome, Day: c.day,
		Team: c.dims.Team, App: c.dims.App, KeyID: "0123456789AB", UseCase: c.dims.UseCase,
		Op: "chat", RequestedModel: "fast", Provider: c.dims.Provider, Model: c.dims.Model,
		Tokens: events.Tokens{
			Input: u.Input, CacheRead: u.CacheRead, CacheWrite5m: u.CacheWrite5m, CacheWrite1h: u.CacheWrite1h,
			AudioInput: u.AudioIn, Output: u.Output, AudioOutput: u.AudioOut, Reasoning: u.Reasoning,
		},
		UsageSource: string(c.source), PriceVersion: "2026-11-22", ConfigHash: "0123456789ab",
		StartedAt: "2026-11-22T12:00:00.000Z", SettledAt: "2026-11-22T12:00:01.000Z", DurationMS: 1000, Attempts: 1,
	}
	if c.refused {
		e.State = events.StateRefused
	}
	if !c.unpriced {
		e.CostNanoUSD = new(int64(c.cost))
	}
	return e
}

func event(t testing.TB, u events.UsageRecordedV1) bus.Event {
	t.Helper()
	detail, err := json.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	return bus.Event{Source: events.Source, Type: events.TypeUsageRecordedV1, Time: noon, Detail: detail}
}

func eventsOf(t testing.TB, calls ...call) []bus.Event {
	t.Helper()
	es := make([]bus.Event, len(calls))
	for i, c := range calls {
		es[i] = event(t, c.event())
	}
	return es
}

func booker(tb table.Table, letters bus.DeadLetters) *costs.Booker {
	return costs.New(tb, letters, clock, slog.New(slog.DiscardHandler))
}

// mustBook books a batch of which nothing may fail.
func mustBook(t testing.TB, b *costs.Booker, es []bus.Event) {
	t.Helper()
	failed, err := b.Book(t.Context(), es)
	if err != nil || len(failed) > 0 {
		t.Fatalf("booking: %v, %v", failed, err)
	}
}

// failedAt are the places of the events that were handed back.
func failedAt(failed []bus.Failure) []int {
	var at []int
	for _, f := range failed {
		at = append(at, f.Index)
	}
	return at
}

// dead are dead letters in memory.
type dead struct {
	mu   sync.Mutex
	put  map[string]bus.Letter
	away bool
}

var errAway = errors.New("the dead letters are away")

func (d *dead) Put(_ context.Context, l bus.Letter) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away {
		return errAway
	}
	if d.put == nil {
		d.put = map[string]bus.Letter{}
	}
	d.put[l.Key] = l
	return nil
}

// want checks that there are letters of these keys and no others.
func (d *dead) want(t testing.TB, keys ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if diff := gocmp.Diff(slices.Sorted(slices.Values(keys)), slices.Sorted(maps.Keys(d.put)), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
	for _, l := range d.put {
		if l.From != "aggregator" || l.Reason == "" || len(l.Body) == 0 || !l.At.Equal(noon) {
			t.Errorf("letter %+v lacks something", l)
		}
	}
}

func diffCells(want, got map[string]costs.Cell) string { return gocmp.Diff(want, got) }

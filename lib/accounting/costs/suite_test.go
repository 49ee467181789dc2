package costs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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

// call is one row of a test: what is known of it at its start and its end.
type call struct {
	n        int
	day      string
	dims     costs.Dims
	outcome  string
	usage    llm.Usage
	source   ledger.UsageSource
	cost     money.NanoUSD
	unpriced bool
	refused  bool
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

func (c call) id() string { return fmt.Sprintf("0193a0b1-%04x-7000-8000-%012x", c.n&0xffff, c.n) }

// dead are dead letters in memory.
type dead struct {
	mu   sync.Mutex
	put  map[string]bus.Letter
	fail error
}

func (d *dead) Put(_ context.Context, l bus.Letter) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return d.fail
	}
	if d.put == nil {
		d.put = map[string]bus.Letter{}
	}
	d.put[l.Key] = l
	return nil
}

// want checks that there are letters of these keys and no others.
func (d *dead) want(t *testing.T, keys ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	got := map[string]bool{}
	for k := range d.put {
		got[k] = true
	}
	want := map[string]bool{}
	for _, k := range keys {
		want[k] = true
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
}

// open writes the rows of calls that are over.
func open(t testing.TB, tb table.Table, calls ...call) {
	t.Helper()
	l := ledger.New(tb)
	for _, c := range calls {
		r := ledger.Row{
			CallID: c.id(), State: ledger.Open, Team: c.dims.Team, App: c.dims.App, KeyID: "0123456789AB", UseCase: c.dims.UseCase,
			Op: llm.OpChat, Dialect: "openaichat", RequestedModel: "fast", StartedAt: noon, Day: c.day, Deadline: noon.Add(time.Minute),
		}
		if err := l.Open(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		var err error
		if c.refused {
			err = l.Refuse(t.Context(), c.id(), c.outcome, noon)
		} else {
			err = l.Settle(t.Context(), c.id(), ledger.Settlement{
				Outcome: c.outcome, Provider: c.dims.Provider, Model: c.dims.Model, Usage: c.usage, UsageSource: c.source,
				Cost: c.cost, Unpriced: c.unpriced, PriceVersion: "2026-11-22", SettledAt: noon,
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// usage is the event of a call's row.
func (c call) usageEvent() events.UsageRecordedV1 {
	e := events.UsageRecordedV1{
		Version: 1, CallID: c.id(), State: string(ledger.Settled), Outcome: c.outcome, Day: c.day,
		Team: c.dims.Team, App: c.dims.App, KeyID: "0123456789AB", UseCase: c.dims.UseCase,
		Op: "chat", RequestedModel: "fast", Provider: c.dims.Provider, Model: c.dims.Model,
		Tokens: events.Tokens{
			Input: c.usage.Input, CacheRead: c.usage.CacheRead, CacheWrite5m: c.usage.CacheWrite5m, CacheWrite1h: c.usage.CacheWrite1h,
			AudioInput: c.usage.AudioIn, Output: c.usage.Output, AudioOutput: c.usage.AudioOut, Reasoning: c.usage.Reasoning,
		},
		UsageSource: string(c.source), PriceVersion: "2026-11-22", ConfigHash: "0123456789ab",
		StartedAt: "2026-11-22T12:00:00.000Z", SettledAt: "2026-11-22T12:00:01.000Z", DurationMS: 1000, Attempts: 1,
	}
	if c.refused {
		e.State, e.UsageSource = string(ledger.Refused), string(ledger.UsageNone)
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
		es[i] = event(t, c.usageEvent())
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

// cells reads all cells.
func cells(t testing.TB, tb table.Table, periods ...string) []table.Item {
	t.Helper()
	var all []table.Item
	for _, p := range periods {
		q := table.Query{Table: layout.Costs, PK: p}
		for {
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

package booktest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/lib/accounting/costs"
	"weir/lib/accounting/ledger"
	"weir/lib/accounting/publisher"
	"weir/lib/accounting/reaper"
	"weir/lib/bus"
	"weir/lib/bus/letters"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/money"
	"weir/lib/table"
	"weir/lib/table/layout"
)

// newYear is when the calls of these tests begin: in one month and in the next.
var newYear = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

var yearPeriods = []string{"2026-12-31", "2026-12", "2027-01-01", "2027-01"}

// hands is a clock that is set by hand.
type hands struct{ at atomic.Pointer[time.Time] }

func (h *hands) now() time.Time { return *h.at.Load() }

func (h *hands) set(at time.Time) { h.at.Store(&at) }

// office is what carries rows from a ledger to the cells: a reaper, and a sink
// of the ledger's changes that leads through publisher and bus to the
// aggregator.
type office struct {
	reaper *reaper.Reaper
	sink   table.Sink
	booker *costs.Booker
}

func newOffice(tb table.Table, now func() time.Time) office {
	quiet := slog.New(slog.DiscardHandler)
	box := letters.New(tb)
	booker := costs.New(tb, box, now, quiet)
	return office{
		reaper: reaper.New(ledger.New(tb), now, quiet), booker: booker,
		sink: publisher.New(bus.NewDirect(booker.Book), box, now, quiet).Take,
	}
}

// ends is in how many ways the calls of these tests end.
const ends = 8

// begin opens the n-th call of a team.
func begin(ctx context.Context, l *ledger.Ledger, team string, n int) (ledger.Row, error) {
	at := newYear.Add(time.Duration(n%7-3) * time.Second)
	r := ledger.Row{
		CallID: fmt.Sprintf("%s-%03d", team, n), State: ledger.Open, Team: team, App: []string{"web", "a#b"}[n%2],
		UseCase: []string{"", "faq", "50%"}[n%3], Op: llm.OpChat, RequestedModel: "fast",
		StartedAt: at, Deadline: at.Add(11 * time.Minute),
	}
	if n%ends == 3 {
		r.State, r.Outcome, r.UsageSource, r.SettledAt = ledger.Refused, "over_budget", ledger.UsageNone, at
	}
	return r, l.Open(ctx, r)
}

// end ends it, unless it was refused.
func end(ctx context.Context, l *ledger.Ledger, r ledger.Row, n int) error {
	s := ledger.Settlement{
		Outcome: fault.OutcomeOK, Provider: "openai", Model: fmt.Sprintf("model-%d", n%2), UsageSource: ledger.UsageProvider,
		Usage: llm.Usage{Input: int64(n), CacheRead: 2, CacheWrite5m: 3, CacheWrite1h: 4, AudioIn: 5, Output: 6, AudioOut: 7, Reasoning: 1},
		Cost:  money.NanoUSD(1000 + n), SettledAt: r.StartedAt.Add(time.Second),
	}
	switch n % ends {
	case 0:
		s.Outcome = fault.OutcomeClientGone
	case 1:
		s.UsageSource = ledger.UsageEstimated
	case 2:
		s.Unpriced, s.Cost = true, 0
	case 3, 4:
		return nil // refused; and its process is dead
	case 5: // it was given up
		if _, err := l.Abandon(ctx, r.CallID, r.Deadline.Add(time.Minute)); err != nil {
			return err
		}
	}
	return l.Settle(ctx, r.CallID, s)
}

// makeCalls makes n calls of a team, one after the other.
func makeCalls(t *testing.T, l *ledger.Ledger, team string, n int) {
	t.Helper()
	for i := range n {
		r, err := begin(t.Context(), l, team, i)
		if err == nil {
			err = end(t.Context(), l, r, i)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// rowsOf are the rows of a team's n calls, and of their corrections.
func rowsOf(t *testing.T, l *ledger.Ledger, team string, n int) (rows []ledger.Row) {
	t.Helper()
	for i := range n {
		id := fmt.Sprintf("%s-%03d", team, i)
		c, ok, err := l.Corrected(t.Context(), id)
		if err != nil || !ok {
			t.Fatalf("row %s: %v, %v", id, ok, err)
		}
		rows = append(rows, c.Row)
		if c.Correction != nil {
			rows = append(rows, *c.Correction)
		}
	}
	return rows
}

// done reports whether all rows are closed and booked, and none is live.
func done(t *testing.T, tb table.Table, rows []ledger.Row) bool {
	t.Helper()
	for _, r := range rows {
		if r.State == ledger.Open || !r.Booked {
			return false
		}
		it, err := tb.Get(t.Context(), layout.Ledger, table.Key{PK: r.CallID, SK: "call"}, true)
		if err != nil {
			t.Fatal(err)
		}
		if it["live_pk"] != nil {
			return false
		}
	}
	return true
}

// wantTeams checks that the cells of teams are what the rows add up to, and
// what the calls were: a call is dead, refused, or costs what it says.
func wantTeams(t *testing.T, tb table.Table, calls int, teams ...string) {
	t.Helper()
	l := ledger.New(tb)
	var accounts []account
	for _, team := range teams {
		for _, r := range rowsOf(t, l, team, calls) {
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			accounts = append(accounts, accountsOf(t, map[string]json.RawMessage{"": text})...)
		}
	}
	kept := stored(t, tb, yearPeriods...)
	maps.DeleteFunc(kept, func(name string, _ sums) bool {
		return !slices.ContainsFunc(teams, func(team string) bool { return strings.Contains(name, fmt.Sprintf("[%q ", team)) })
	})
	wantCells(t, fold(accounts, time.UTC), kept)
	want := sums{}
	for n := range calls {
		switch one := (sums{"calls": 1, "cost_nano_usd": int64(1000 + n), "input": int64(n), "reasoning": 1}); n % ends {
		case 0:
			one["errors"] = 1
			want.add(one)
		case 2:
			one["cost_nano_usd"], one["unpriced_calls"] = 0, 1
			want.add(one)
		case 3:
			want.add(sums{"refused": 1})
		case 4:
			want.add(sums{"calls": 1, "errors": 1})
		default:
			want.add(one)
		}
	}
	got := kept.total(true)
	for name, v := range want {
		if got[name] != v*int64(len(teams)) {
			t.Errorf("%s: %d, want %d", name, got[name], v*int64(len(teams)))
		}
	}
	if page, err := letters.New(tb).List(t.Context(), "", 10); err != nil || len(page.Letters) > 0 {
		t.Errorf("dead letters %+v, %v", page.Letters, err)
	}
}

// mortal is a store of a process that dies before its n-th step.
type mortal struct {
	table.Table

	lives atomic.Int64
	kill  context.CancelFunc
}

func (m *mortal) step(do func() error) error {
	if m.lives.Add(-1) >= 0 {
		return do()
	}
	m.kill()
	return fmt.Errorf("%w: the process is dead", table.ErrUnknown)
}

func (m *mortal) Get(ctx context.Context, name string, k table.Key, fresh bool) (it table.Item, err error) {
	err = m.step(func() (err error) { it, err = m.Table.Get(ctx, name, k, fresh); return err })
	return it, err
}

func (m *mortal) Do(ctx context.Context, w table.Write) error {
	return m.step(func() error { return m.Table.Do(ctx, w) })
}

func (m *mortal) Transact(ctx context.Context, ws []table.Write) error {
	return m.step(func() error { return m.Table.Transact(ctx, ws) })
}

func (m *mortal) Query(ctx context.Context, q table.Query) (p table.Page, err error) {
	err = m.step(func() (err error) { p, err = m.Table.Query(ctx, q); return err })
	return p, err
}

// remembers takes one step more, after a batch and before the feed remembers
// that it was taken.
func (m *mortal) remembers(s table.Sink) table.Sink {
	return func(ctx context.Context, cs []table.Change) (done int, err error) {
		if done, err = s(ctx, cs); err != nil {
			return done, err
		}
		if err = m.step(func() error { return nil }); err != nil {
			done = 0
		}
		return done, err
	}
}

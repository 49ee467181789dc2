package reaper_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/accounting/ledger"
	"weir/lib/accounting/reaper"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// clock is set by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// world is a store with a reaper and its clock.
type world struct {
	t      *testing.T
	tb     table.Table
	ledger *ledger.Ledger
	clock  *clock
	log    *bytes.Buffer
	reaper *reaper.Reaper
	n      int
}

// newWorld makes one in which the ledger's rows are seen and changed through
// under, such as a store that fails on purpose.
func newWorld(t *testing.T, tb, under table.Table) *world {
	w := &world{t: t, tb: tb, ledger: ledger.New(tb), clock: &clock{at: noon}, log: &bytes.Buffer{}}
	w.reaper = reaper.New(ledger.New(under), w.clock.now, slog.New(slog.NewTextHandler(&safe{b: w.log}, nil)))
	return w
}

// safe is a buffer that shards may write to at once.
type safe struct {
	mu sync.Mutex
	b  *bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// open opens a row that begins at the given time and has 11 minutes.
func (w *world) open(at time.Time) string {
	w.t.Helper()
	w.n++
	return w.openAs(fmt.Sprintf("call-%05d", w.n), at)
}

func (w *world) openAs(id string, at time.Time) string {
	w.t.Helper()
	err := w.ledger.Open(w.t.Context(), ledger.Row{
		CallID: id, State: ledger.Open, Team: "search", App: "web", UseCase: "faq", Op: "chat",
		StartedAt: at, Day: "2026-11-22", Deadline: at.Add(11 * time.Minute),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

var answered = ledger.Settlement{Outcome: fault.OutcomeOK, Provider: "echo", Model: "m", UsageSource: ledger.UsageProvider, Cost: 7}

// settle settles a row three seconds after noon.
func (w *world) settle(id string) string {
	w.t.Helper()
	s := answered
	s.SettledAt = noon.Add(3 * time.Second)
	if err := w.ledger.Settle(w.t.Context(), id, s); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// book marks a row as booked; with released it also leaves the index.
func (w *world) book(id string, released bool) string {
	w.t.Helper()
	if err := w.tb.Do(w.t.Context(), ledger.Book(id, "", released)); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// edit changes a row behind the ledger's back; nil removes an attribute.
func (w *world) edit(id string, set table.Item) string {
	w.t.Helper()
	wr := table.Write{Kind: table.Update, Table: layout.Ledger, Key: table.Key{PK: id, SK: "call"}, Set: table.Item{}}
	for attr, v := range set {
		if v == nil {
			wr.Remove = append(wr.Remove, attr)
		} else {
			wr.Set[attr] = v
		}
	}
	if err := w.tb.Do(w.t.Context(), wr); err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) item(id string) table.Item {
	w.t.Helper()
	it, err := w.tb.Get(w.t.Context(), layout.Ledger, table.Key{PK: id, SK: "call"}, true)
	if err != nil {
		w.t.Fatal(err)
	}
	return it
}

func (w *world) row(id string) ledger.Row {
	w.t.Helper()
	r, ok, err := w.ledger.Get(w.t.Context(), id)
	if err != nil || !ok {
		w.t.Fatalf("row %s: %v, %v", id, ok, err)
	}
	return r
}

// live reports whether a row is in the index.
func (w *world) live(id string) bool { return w.item(id)["live_pk"] != nil }

// pass lets the reaper work at the given time until it has found want. The
// index may lag, so it may have to look again; what it found until then adds
// up, but for the rows it merely looked at.
func (w *world) pass(at time.Time, want reaper.Report) {
	w.t.Helper()
	w.clock.set(at)
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	var sum reaper.Report
	for {
		got, err := w.reaper.Pass(ctx)
		if err != nil {
			w.t.Fatal(err)
		}
		sum.Abandoned += got.Abandoned
		sum.Emitted += got.Emitted
		sum.TakenOut += got.TakenOut
		sum.PutOff += got.PutOff
		sum.Failed += got.Failed
		sum.Waiting, sum.More, sum.Looked = got.Waiting, got.More, 0
		diff := cmp.Diff(want, sum)
		if diff == "" {
			return
		}
		select {
		case <-ctx.Done():
			w.t.Fatalf("report (-want +got):\n%s", diff)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

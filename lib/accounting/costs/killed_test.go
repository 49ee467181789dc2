package costs_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"weir/lib/accounting/costs"
	"weir/lib/bus"
	"weir/lib/table"
	"weir/lib/table/tabletest/drivers"
)

// mortal is the store and the dead letters of a process that dies before its
// n-th step. From then on nothing happens any more.
type mortal struct {
	table.Table
	letters *dead
	n       int64 // how many steps it does
	kill    context.CancelFunc
	steps   atomic.Int64
}

// step does one step of the process, while it lives.
func (m *mortal) step(do func() error) error {
	if m.steps.Add(1) <= m.n {
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

func (m *mortal) Put(ctx context.Context, l bus.Letter) error {
	return m.step(func() error { return m.letters.Put(ctx, l) })
}

// TestKilledAtEveryStep kills the aggregator between any two of its steps, and
// lets another take the whole batch: each row is booked once, each trouble has
// its letter, whatever was done before.
func TestKilledAtEveryStep(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		for n := int64(0); ; n++ {
			if done := killedAfter(t, tb, n); done {
				if n < 10 {
					t.Errorf("a batch has %d steps: too few to show anything", n)
				}
				return
			}
			if t.Failed() {
				t.Fatalf("killed after %d steps", n)
			}
		}
	})
}

// trouble is a batch with everything in it that takes a step of its own.
func trouble(t *testing.T, tb table.Table, team string, first int) (good []call, missing, full call, es []bus.Event) {
	t.Helper()
	good = some(36, first, func(n int) call { // more than a transaction holds
		c := plain(n)
		c.dims.Team, c.dims.Model = team, fmt.Sprintf("model-%02d", (n-first)/2*(n%2)) // some share cells
		c.dims.UseCase = []string{"faq", "chat", ""}[n%3]
		return c
	})
	missing, full = plain(first+40), plain(first+41)
	missing.dims.Team = team
	full.dims.Team, full.dims.Model, full.cost = team, "model-02", 1<<63-1 // its cell has no room for it
	open(t, tb, append(slices.Clone(good), full)...)
	edit(t, tb, "ledger", rowKey(good[5].id()), nil, "released")
	es = eventsOf(t, append(slices.Clone(good), missing, full)...)
	es = append(es, bus.Event{Type: "usage.recorded.v7", Detail: []byte(`{"call_id":"newer-` + team + `"}`)})
	return good, missing, full, es
}

// killedAfter reports whether the process came to its end before it was
// killed.
func killedAfter(t *testing.T, tb table.Table, n int64) (done bool) {
	t.Helper()
	first := int(n) * 50
	team := fmt.Sprintf("team-%d", n)
	good, missing, full, es := trouble(t, tb, team, first)
	// What fills the cell comes first, so that full is the one without room.
	mustBook(t, booker(tb, &dead{}), eventsOf(t, filler(t, tb, &good, team, first+42)))

	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	m := &mortal{Table: tb, letters: &dead{}, n: n, kill: kill}
	if _, err := booker(m, m).Book(ctx, es); err != nil {
		t.Error(err)
	}
	done = ctx.Err() == nil
	mustBook(t, booker(tb, m.letters), es)
	m.letters.want(t, missing.id(), full.id(), "newer-"+team)
	wantTeam(t, tb, team, good...)
	return done
}

// filler is a call in the cell of which full has no place any more.
func filler(t *testing.T, tb table.Table, good *[]call, team string, n int) call {
	t.Helper()
	c := plain(n)
	c.dims.Team, c.dims.Model = team, "model-02"
	open(t, tb, c)
	*good = append(*good, c)
	return c
}

// wantTeam checks the cells of one team, in reports of its day and its month.
func wantTeam(t *testing.T, tb table.Table, team string, calls ...call) {
	t.Helper()
	want := cellsOf(t, calls...)
	got := map[string]costs.Cell{}
	is := map[string]string{"team": team}
	for _, f := range []costs.Filter{{Day: "2026-11-22", Is: is}, {Month: "2026-11", Is: is}} {
		rep, err := costs.NewReader(tb).Report(t.Context(), f, costs.Dimensions())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rep.Rows {
			period := f.Day + f.Month
			got[fmt.Sprintf("%s %q", period, r.Dims)] = costs.Cell{Period: period, Dims: r.Dims, Sums: r.Sums}
		}
	}
	if diff := diffCells(want, got); diff != "" {
		t.Errorf("cells of %s (-want +got):\n%s", team, diff)
	}
}

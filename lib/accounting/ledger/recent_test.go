package ledger_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// TestRecent is the contract suite of the list of rows.
func TestRecent(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		t.Run("newest first, in bounds and by team and state", func(t *testing.T) { lists(t, tb) })
		t.Run("any rows, any filter", func(t *testing.T) { anyFilter(t, tb) })
	})
	drivers.Each(t, openRows)
	drivers.Each(t, unreadable)
}

func lists(t *testing.T, tb table.Table) {
	l := ledger.New(tb)
	// One row a minute over more than three hours: every hour has rows in
	// most shards, and most shards have several.
	const n = 200
	ids := make([]string, n)
	start := time.Date(2026, 3, 1, 21, 30, 0, 0, time.UTC) // past midnight
	at := func(i int) time.Time { return start.Add(time.Duration(i) * time.Minute) }
	for i := range n {
		r := opened(i)
		r.StartedAt, r.Deadline, r.CallID = at(i), at(i).Add(time.Minute), idAt(at(i), i)
		r.Team = fmt.Sprintf("team-%d", i%2)
		ids[n-1-i] = mustOpen(t, l, r).CallID
		if i%5 == 0 {
			mustSettle(t, l, r.CallID, settlement())
		}
	}
	every := func(step, from int) (out []string) {
		for i := from; i < n; i += step {
			out = append(out, ids[n-1-i])
		}
		slices.Reverse(out)
		return out
	}
	end := at(n)
	wantFound(t, l, ledger.Filter{Until: end}, ids[:20]...)
	wantFound(t, l, ledger.Filter{Until: end, Limit: 1}, ids[0])
	found := wantFound(t, l, ledger.Filter{Since: start, Until: end, Limit: n + 1}, ids...)
	if found.Bounded {
		t.Error("a search that was done says it was not")
	}
	wantFound(t, l, ledger.Filter{Since: at(10), Until: at(n - 10), Limit: n}, ids[10:n-10]...)
	wantFound(t, l, ledger.Filter{Since: start, Until: end, Team: "team-1", Limit: n}, every(2, 1)...)
	wantFound(t, l, ledger.Filter{Since: start, Until: end, State: ledger.Settled, Limit: n}, every(5, 0)...)
	wantFound(t, l, ledger.Filter{Since: start, Until: end, State: ledger.Settled, Team: "team-1", Limit: 2}, every(10, 5)[:2]...)
	wantFound(t, l, ledger.Filter{Since: start, Until: end, State: ledger.Refused})
	wantFound(t, l, ledger.Filter{Since: end, Until: end.Add(time.Hour)})
}

// anyFilter compares Recent with a model.
func anyFilter(t *testing.T, tb table.Table) {
	l := ledger.New(tb)
	base := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		base = base.Add(24 * time.Hour) // each check has hours of its own
		minutes := rapid.IntRange(0, 299)
		var rows []ledger.Row
		for i := range rapid.IntRange(0, 60).Draw(t, "rows") {
			r := opened(i)
			r.StartedAt = base.Add(time.Duration(minutes.Draw(t, "minute")) * time.Minute)
			r.Deadline, r.CallID = r.StartedAt, idAt(r.StartedAt, i)
			r.Team = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "team")
			r.State = rapid.SampledFrom([]ledger.State{ledger.Open, ledger.Refused}).Draw(t, "state")
			if err := l.Open(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			rows = append(rows, r)
		}
		from := minutes.Draw(t, "since")
		f := ledger.Filter{
			Since: base.Add(time.Duration(from) * time.Minute),
			Until: base.Add(time.Duration(rapid.IntRange(from+1, 300).Draw(t, "until")) * time.Minute),
			Team:  rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "of team"),
			State: rapid.SampledFrom([]ledger.State{"", ledger.Refused}).Draw(t, "in state"),
			Limit: rapid.IntRange(1, 70).Draw(t, "limit"),
		}
		slices.SortFunc(rows, func(x, y ledger.Row) int { return cmp.Compare(y.CallID, x.CallID) })
		var want []string
		for _, r := range rows {
			if !r.StartedAt.Before(f.Since) && r.StartedAt.Before(f.Until) && (f.Team == "" || f.Team == r.Team) &&
				(f.State == "" || f.State == r.State) && len(want) < f.Limit {
				want = append(want, r.CallID)
			}
		}
		found, err := l.Recent(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range found.Rows {
			got = append(got, r.CallID)
		}
		if !slices.Equal(want, got) {
			t.Errorf("filter %+v found\n%s\nwant\n%s", f, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// openRows needs a store without other rows.
func openRows(t *testing.T, tb table.Table) {
	l := ledger.New(tb)
	const n = 300
	var ids []string
	for i := range n {
		r := opened(i)
		r.Deadline = r.StartedAt.Add(time.Duration(n-i) * time.Hour) // the first has the latest
		mustOpen(t, l, r)
		switch i % 3 {
		case 0:
			ids = append(ids, r.CallID)
		case 1:
			mustSettle(t, l, r.CallID, settlement())
		default:
			if err := l.Refuse(t.Context(), r.CallID, "over_budget", noon); err != nil {
				t.Fatal(err)
			}
		}
	}
	f := ledger.Filter{State: ledger.Open, Limit: n}
	wantFound(t, l, f, ids...)
	f.Team = "ads"
	wantFound(t, l, f)
	wantFound(t, l, ledger.Filter{State: ledger.Open}, ids[:20]...)
	wantFound(t, l, ledger.Filter{State: ledger.Open, Since: opened(3).StartedAt, Until: opened(6).StartedAt}, ids[1])
}

func unreadable(t *testing.T, tb table.Table) {
	l := ledger.New(tb)
	for i := range 3 {
		mustOpen(t, l, opened(i))
	}
	newer := opened(1).CallID
	edit(t, tb, newer, table.Item{"v": int64(2)})
	f := ledger.Filter{Until: noon.Add(time.Hour), Since: noon}
	found := wantFound(t, l, f, opened(2).CallID, opened(0).CallID)
	if len(found.Unreadable) != 1 || !errors.Is(found.Unreadable[0], ledger.ErrVersion) || !strings.Contains(found.Unreadable[0].Error(), newer) {
		t.Errorf("the row of a newer program is not reported: %v", found.Unreadable)
	}
}

func TestRecentRefusesFilters(t *testing.T) {
	l := ledger.New(tabletest.SQLite(t))
	for name, f := range map[string]ledger.Filter{
		"an unknown state":    {Until: noon, State: "closed"},
		"a negative limit":    {Until: noon, Limit: -1},
		"no end":              {Since: noon},
		"an end before start": {Since: noon, Until: noon.Add(-1)},
		"nothing between":     {Since: noon, Until: noon},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := l.Recent(t.Context(), f)
			wantKind(t, err, fault.Invalid)
			if msg := fault.Of(err).Message(); msg == fault.Invalid.Disposition().Text {
				t.Errorf("the message does not say what is wrong: %s", msg)
			}
		})
	}
}

// counted counts queries.
type counted struct {
	table.Table
	queries atomic.Int64
}

func (c *counted) Query(ctx context.Context, q table.Query) (table.Page, error) {
	c.queries.Add(1)
	return c.Table.Query(ctx, q)
}

func TestRecentLooksBackAMonthAtMost(t *testing.T) {
	c := &counted{Table: tabletest.SQLite(t)}
	l := ledger.New(c)
	old := opened(0)
	mustOpen(t, l, old)
	found, err := l.Recent(t.Context(), ledger.Filter{Until: noon.Add(32 * 24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if !found.Bounded || len(found.Rows) > 0 {
		t.Errorf("found %d rows, bounded %v", len(found.Rows), found.Bounded)
	}
	if got, most := c.queries.Load(), int64(31*24*layout.Shards); got != most {
		t.Errorf("%d queries, want %d", got, most)
	}
	c.queries.Store(0)
	wantFound(t, l, ledger.Filter{Until: noon.Add(30 * 24 * time.Hour), Limit: 1}, old.CallID)
}

// endless has ever more rows, of a team nobody asks for. Every second page is
// empty.
type endless struct {
	table.Table
	row         table.Item
	pages, gets atomic.Int64
}

func (e *endless) Query(_ context.Context, q table.Query) (table.Page, error) {
	n := e.pages.Add(1)
	p := table.Page{Cursor: "more"}
	if n%2 == 0 {
		return p, nil
	}
	for i := range q.Limit {
		id := fmt.Sprintf("%s-%d-%d", q.PK, n, i)
		p.Items = append(p.Items, table.Item{table.PK: id, table.SK: "call", "live_sk": id, "hour_sk": id})
	}
	return p, nil
}

func (e *endless) Get(context.Context, string, table.Key, bool) (table.Item, error) {
	e.gets.Add(1)
	return e.row, nil
}

func TestRecentReadsABoundedNumberOfRows(t *testing.T) {
	tb := tabletest.SQLite(t)
	r := mustOpen(t, ledger.New(tb), opened(0))
	for _, state := range []ledger.State{"", ledger.Open} {
		e := &endless{Table: tb, row: item(t, tb, r.CallID)}
		found, err := ledger.New(e).Recent(t.Context(), ledger.Filter{Until: noon.Add(time.Minute), Team: "ads", State: state})
		if err != nil {
			t.Fatal(err)
		}
		if !found.Bounded || len(found.Rows) > 0 {
			t.Errorf("state %q: found %d rows, bounded %v", state, len(found.Rows), found.Bounded)
		}
		if got := e.gets.Load(); got < 20_000 || got > 20_032 {
			t.Errorf("state %q: read %d rows, want 20,000", state, got)
		}
	}
}

package ledger_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// shardOf returns rows of one shard, so that a test has an order to look at.
func shardOf(shard, n int, from int) (rows []ledger.Row) {
	for i := from; len(rows) < n; i++ {
		if r := opened(i); layout.Shard(r.CallID) == shard {
			rows = append(rows, r)
		}
	}
	return rows
}

const shard = 7

// due reads all pages of that shard; the index may lag.
func due(t *testing.T, l *ledger.Ledger, before time.Time, limit int, want ...string) []ledger.Due {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		var rows []ledger.Due
		next := ""
		for {
			p, err := l.Due(ctx, shard, before, next, limit)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Rows) > limit {
				t.Errorf("a page of %d rows, at most %d", len(p.Rows), limit)
			}
			rows = append(rows, p.Rows...)
			if next = p.Next; next == "" {
				break
			}
		}
		var ids []string
		for _, d := range rows {
			ids = append(ids, d.CallID)
		}
		diff := cmp.Diff(want, ids, cmpopts.EquateEmpty())
		if diff == "" {
			return rows
		}
		select {
		case <-ctx.Done():
			t.Fatalf("due (-want +got):\n%s", diff)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestDue(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		l := ledger.New(tb)
		rows := shardOf(shard, 9, 5000)
		var ids []string
		for i, r := range rows {
			r.Deadline = noon.Add(time.Duration(i+1) * time.Minute)
			rows[i] = mustOpen(t, l, r)
			ids = append(ids, r.CallID)
		}
		mustOpen(t, l, shardOf(shard+1, 1, 5000)[0]) // of another shard

		for _, limit := range []int{1, 4, 100} {
			found := due(t, l, late, limit, ids...)
			for i, d := range found {
				if diff := cmp.Diff(rows[i], d.Row); diff != "" || d.Err != nil {
					t.Errorf("row %d: %v (-want +got):\n%s", i, d.Err, diff)
				}
			}
		}
		due(t, l, rows[3].Deadline, 100, ids[:3]...)
		due(t, l, rows[3].Deadline.Add(time.Millisecond), 100, ids[:4]...)
		due(t, l, noon.Add(-time.Hour), 100)

		t.Run("a row that cannot be read is named", func(t *testing.T) {
			edit(t, tb, ids[0], table.Item{"v": int64(2)})
			d := due(t, l, late, 100, ids...)[0]
			if d.Err == nil || !strings.Contains(d.Err.Error(), ids[0]) || d.Row.CallID != "" {
				t.Errorf("%+v", d)
			}
		})
		t.Run("what is put off comes later", func(t *testing.T) {
			found := due(t, l, late, 100, ids...)
			for _, d := range found[:2] {
				for range 2 { // the second time it has left the place
					if err := l.PutOff(t.Context(), d, late.Add(time.Hour)); err != nil {
						t.Fatal(err)
					}
				}
			}
			due(t, l, late, 100, ids[2:]...)
			later := append(slices.Clone(ids[2:]), ids[:2]...)
			due(t, l, late.Add(2*time.Hour), 100, later...)
			if err := l.PutOff(t.Context(), found[0], noon); err != nil {
				t.Fatal(err)
			}
			due(t, l, late.Add(2*time.Hour), 100, later...)
		})
		t.Run("what is booked and released is not due", func(t *testing.T) {
			mustSettle(t, l, ids[2], settlement())
			if err := tb.Do(t.Context(), ledger.Book(ids[2], "", true)); err != nil {
				t.Fatal(err)
			}
			due(t, l, late, 100, ids[3:]...)
			if _, err := l.EmitAgain(t.Context(), ids[2], late, quiet); err != nil {
				t.Fatal(err)
			}
			due(t, l, late.Add(24*time.Hour), 100, append(slices.Clone(ids[3:]), ids[:2]...)...)
		})
		t.Run("throttled reads are repeated, a store that is away is told", func(t *testing.T) {
			store := tabletest.NewFaulty(tb, tabletest.Often(3, 0.3))
			due(t, ledger.New(store), late, 2, ids[3:]...)
			for n := range 2 {
				store.Set(func(c tabletest.Call) tabletest.Fault {
					if n == 0 || c.Op == "Get" {
						return tabletest.Throttled
					}
					return tabletest.None
				})
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				defer cancel()
				if _, err := ledger.New(store).Due(ctx, shard, late, "", 10); fault.KindOf(err) != fault.StoreDown {
					t.Errorf("error %v, want one of kind StoreDown", err)
				}
			}
		})
	})
}

// TestDueByValue: an index that lags shows rows that are no longer due.
func TestDueByValue(t *testing.T) {
	tb := tabletest.SQLite(t)
	l := ledger.New(lagging{tb})
	rows := shardOf(3, 3, 6000)
	for _, r := range rows {
		mustOpen(t, l, r)
	}
	ids := []string{rows[0].CallID, rows[1].CallID, rows[2].CallID}
	strip(t, tb, ids[0], "live_pk", "live_sk")
	edit(t, tb, ids[1], table.Item{"live_sk": layout.LiveSK(late.Add(time.Hour), ids[1])})
	err := tb.Do(t.Context(), table.Write{Kind: table.Delete, Table: layout.Ledger, Key: table.Key{PK: ids[2], SK: "call"}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := l.Due(t.Context(), 3, late, "", 10)
	if err != nil || len(p.Rows) != 0 || p.Next == "" {
		t.Errorf("%+v, %v", p, err)
	}
}

// lagging is a store whose index of live rows always shows the three rows of
// TestDueByValue and promises another page.
type lagging struct{ table.Table }

func (l lagging) Query(context.Context, table.Query) (p table.Page, err error) {
	for _, r := range shardOf(3, 3, 6000) {
		p.Items = append(p.Items, table.Item{"pk": r.CallID, "sk": "call"})
	}
	p.Cursor = "more"
	return p, nil
}

// TestSizeOnTheWay: what is written after the call keeps the row within its
// bound.
func TestSizeOnTheWay(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		l := ledger.New(tb)
		r, s := longest(7000), settlement()
		s.Attempts, s.Losses = attempts(500), losses(1000)
		mustOpen(t, l, r)
		mustSettle(t, l, r.CallID, s)
		for i := range 100 {
			if done, err := l.EmitAgain(t.Context(), r.CallID, late.Add(time.Duration(i)*quiet), quiet); err != nil || !done {
				t.Fatal(done, err)
			}
		}
		if err := tb.Do(t.Context(), ledger.Book(r.CallID, text(128), true)); err != nil {
			t.Fatal(err)
		}
		if n := item(t, tb, r.CallID).Size(); n > maxRow {
			t.Errorf("the item has %d bytes", n)
		}
		late := longest(7001)
		mustOpen(t, l, late)
		if _, err := l.Abandon(t.Context(), late.CallID, late.Deadline.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		mustSettle(t, l, late.CallID, s)
		if n := item(t, tb, late.CallID+"~1").Size(); n > maxRow {
			t.Errorf("the correction has %d bytes", n)
		}
	})
}

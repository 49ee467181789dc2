package tabletest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/table"
)

// queries tests reading a partition in order, in ranges and by pages.
func queries(t *testing.T, h Harness) {
	k := key(t, "")
	other := table.Key{PK: k.PK + "!", SK: "a"} // a neighbour that must not be seen
	put(t, h.Table, other, nil)
	keys := []string{"A", "a", "a#1", "a#1#x", "a#10", "a#2", "a%", "b", "é", "\U0001F600"} // bytewise order
	for _, i := range []int{3, 0, 9, 7, 1, 8, 2, 6, 5, 4} {
		k.SK = keys[i]
		put(t, h.Table, k, table.Item{"n": int64(i)})
	}
	for _, c := range []struct {
		name string
		q    table.Query
		want []string
	}{
		{"all", table.Query{}, keys},
		{"prefix", table.Query{Prefix: "a#1"}, []string{"a#1", "a#1#x", "a#10"}},
		{"prefix that nothing has", table.Query{Prefix: "c"}, nil},
		{"prefix of one character of four bytes", table.Query{Prefix: "\U0001F600"}, []string{"\U0001F600"}},
		{"from", table.Query{From: "a%"}, []string{"a%", "b", "é", "\U0001F600"}},
		{"to", table.Query{To: "a#1"}, []string{"A", "a", "a#1"}},
		{"between, both included", table.Query{From: "a#1#x", To: "b"}, []string{"a#1#x", "a#10", "a#2", "a%", "b"}},
		{"between two that are not there", table.Query{From: "a#11", To: "a#3"}, []string{"a#2"}},
		{"between one and itself", table.Query{From: "b", To: "b"}, []string{"b"}},
	} {
		c.q.Table, c.q.PK = items, k.PK
		for _, desc := range []bool{false, true} {
			want := slices.Clone(c.want)
			if desc {
				slices.Reverse(want)
			}
			c.q.Desc = desc
			for _, limit := range []int{0, 1, 2, 3, 100} {
				c.q.Limit = limit
				t.Run(fmt.Sprintf("%s, desc %v, limit %d", c.name, desc, limit), func(t *testing.T) {
					got := sortKeys(All(t, h.Table, c.q), table.SK)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("sort keys (-want +got):\n%s", diff)
					}
				})
			}
		}
	}
	t.Run("items are whole", func(t *testing.T) {
		p, err := h.Table.Query(t.Context(), table.Query{Table: items, PK: k.PK, Prefix: "b"})
		want := []table.Item{{table.PK: k.PK, table.SK: "b", "n": int64(7)}}
		if diff := cmp.Diff(want, p.Items); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
	t.Run("a partition that is not there is empty", func(t *testing.T) {
		p, err := h.Table.Query(t.Context(), table.Query{Table: items, PK: "nobody"})
		if err != nil || len(p.Items) > 0 || p.Cursor != "" {
			t.Errorf("%+v, %v, want an empty page", p, err)
		}
	})
	t.Run("pages end at a megabyte", func(t *testing.T) { largePages(t, h.Table) })
	t.Run("writes between pages", func(t *testing.T) { movingPages(t, h.Table) })
	t.Run("bad queries", func(t *testing.T) { badQueries(t, h.Table) })
}

// All returns the items of all pages of a query.
func All(t *testing.T, tb table.Table, q table.Query) []table.Item {
	t.Helper()
	var out []table.Item
	for pages := 0; ; pages++ {
		p, err := tb.Query(t.Context(), q)
		if err != nil {
			t.Fatalf("page %d: %v", pages, err)
		}
		if q.Limit > 0 && len(p.Items) > q.Limit {
			t.Fatalf("page %d has %d items, limit %d", pages, len(p.Items), q.Limit)
		}
		out = append(out, p.Items...)
		if p.Cursor == "" {
			return out
		}
		if pages > 1000 || p.Cursor == q.Cursor {
			t.Fatal("the cursor does not move")
		}
		q.Cursor = p.Cursor
	}
}

func sortKeys(its []table.Item, attr string) []string {
	var out []string
	for _, it := range its {
		s, _ := it[attr].(string)
		out = append(out, s)
	}
	return out
}

func largePages(t *testing.T, tb table.Table) {
	const n = 5
	for i := range n {
		put(t, tb, key(t, fmt.Sprint(i)), table.Item{"text": strings.Repeat("x", 390<<10)})
	}
	q := table.Query{Table: items, PK: t.Name()}
	p, err := tb.Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Items) == n || p.Cursor == "" {
		t.Errorf("a page of %d items of 390 KB, want at most about 1 MB", len(p.Items))
	}
	if got := len(All(t, tb, q)); got != n {
		t.Errorf("%d items on all pages, want %d", got, n)
	}
}

// movingPages tests that a cursor is a place between keys and not a number.
func movingPages(t *testing.T, tb table.Table) {
	for _, sk := range []string{"b", "d", "f"} {
		put(t, tb, key(t, sk), nil)
	}
	q := table.Query{Table: items, PK: t.Name(), Limit: 2}
	p, err := tb.Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	mustDo(t, tb, table.Write{Kind: table.Delete, Table: items, Key: key(t, "d")}) // the cursor's own item
	put(t, tb, key(t, "a"), nil)
	put(t, tb, key(t, "e"), nil)
	q.Cursor = p.Cursor
	if diff := cmp.Diff([]string{"e", "f"}, sortKeys(All(t, tb, q), table.SK)); diff != "" {
		t.Errorf("second page (-want +got):\n%s", diff)
	}
}

func badQueries(t *testing.T, tb table.Table) {
	for sk := range 3 {
		put(t, tb, key(t, fmt.Sprint(sk)), nil)
	}
	p, err := tb.Query(t.Context(), table.Query{Table: items, PK: t.Name(), Limit: 1})
	if err != nil || p.Cursor == "" {
		t.Fatalf("%+v, %v, want a cursor", p, err)
	}
	for name, q := range map[string]table.Query{
		"no such table":             {Table: "nothing", PK: "a"},
		"no such index":             {Table: items, Index: "nothing", PK: "a"},
		"no partition":              {Table: items},
		"prefix and from":           {Table: items, PK: "a", Prefix: "x", From: "y"},
		"prefix and to":             {Table: items, PK: "a", Prefix: "x", To: "y"},
		"from after to":             {Table: items, PK: "a", From: "y", To: "x"},
		"a negative limit":          {Table: items, PK: "a", Limit: -1},
		"no cursor of ours":         {Table: items, PK: "a", Cursor: "!"},
		"half a cursor":             {Table: items, PK: t.Name(), Cursor: p.Cursor[:len(p.Cursor)/2]},
		"another partition's":       {Table: items, PK: "a", Cursor: p.Cursor},
		"a cursor outside of range": {Table: items, PK: t.Name(), From: "1", Cursor: p.Cursor},
		"a cursor outside of it":    {Table: items, PK: t.Name(), Prefix: "2", Cursor: p.Cursor},
		"not UTF-8":                 {Table: items, PK: "\xff"},
	} {
		_, err := tb.Query(t.Context(), q)
		if KindOf(err) != "invalid" {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	_, err = tb.Query(t.Context(), table.Query{Table: items, PK: strings.Repeat("x", table.MaxPKBytes+1)})
	wantErr(t, err, table.ErrTooLarge)
}

// indexes tests sparse indexes, of keys only and of whole items.
func indexes(t *testing.T, h Harness) {
	tb := h.Table
	t.Run("sparse", func(t *testing.T) {
		k := key(t, "1")
		group := table.Query{Table: items, Index: byGroup, PK: t.Name()}
		entry := table.Item{table.PK: k.PK, table.SK: "1", "group_pk": t.Name(), "group_sk": "x"}
		put(t, tb, k, table.Item{"group_pk": t.Name(), "n": int64(1)})
		wantIndex(t, tb, group)
		mustDo(t, tb, table.Write{Kind: table.Update, Table: items, Key: k, Set: table.Item{"group_sk": "x"}})
		wantIndex(t, tb, group, entry)
		mustDo(t, tb, table.Write{Kind: table.Update, Table: items, Key: k, Add: map[string]int64{"n": 1}})
		wantIndex(t, tb, group, entry)
		entry["group_sk"] = "y"
		mustDo(t, tb, table.Write{Kind: table.Update, Table: items, Key: k, Set: table.Item{"group_sk": "y"}})
		wantIndex(t, tb, group, entry)
		mustDo(t, tb, table.Write{Kind: table.Update, Table: items, Key: k, Remove: []string{"group_sk"}})
		wantIndex(t, tb, group)
		put(t, tb, k, table.Item{"group_pk": t.Name(), "group_sk": "y"})
		wantIndex(t, tb, group, entry)
		mustDo(t, tb, table.Write{Kind: table.Delete, Table: items, Key: k})
		wantIndex(t, tb, group)
	})
	t.Run("whole items", func(t *testing.T) {
		it := table.Item{"rank_pk": t.Name(), "rank_sk": "x", "n": int64(1), "raw": []byte{1}}
		put(t, tb, key(t, "1"), it)
		wantIndex(t, tb, table.Query{Table: items, Index: byRank, PK: t.Name()}, whole(key(t, "1"), it))
	})
	t.Run("an item may be in two indexes", func(t *testing.T) {
		it := table.Item{"rank_pk": t.Name(), "rank_sk": "r", "group_pk": t.Name(), "group_sk": "g"}
		put(t, tb, key(t, "1"), it)
		wantIndex(t, tb, table.Query{Table: items, Index: byRank, PK: t.Name()}, whole(key(t, "1"), it))
		wantIndex(t, tb, table.Query{Table: items, Index: byGroup, PK: t.Name()},
			table.Item{table.PK: t.Name(), table.SK: "1", "group_pk": t.Name(), "group_sk": "g"})
	})
	t.Run("items that share an index key are all found", func(t *testing.T) { sharedKeys(t, tb) })
	t.Run("ranges", func(t *testing.T) {
		for i, sk := range []string{"2026-11-24", "2026-11-25", "2026-12-01"} {
			put(t, tb, key(t, fmt.Sprint(i)), table.Item{"rank_pk": t.Name(), "rank_sk": sk})
		}
		q := table.Query{Table: items, Index: byRank, PK: t.Name()}
		wantRanks(t, tb, q, "2026-11-24", "2026-11-25", "2026-12-01")
		q.Prefix = "2026-11"
		wantRanks(t, tb, q, "2026-11-24", "2026-11-25")
		q.Prefix, q.To = "", "2026-11-25"
		wantRanks(t, tb, q, "2026-11-24", "2026-11-25")
		q.From, q.Desc = "2026-11-24", true
		wantRanks(t, tb, q, "2026-11-25", "2026-11-24")
	})
}

// wantIndex checks all items that an index query finds, in any order.
func wantIndex(t *testing.T, tb table.Table, q table.Query, want ...table.Item) {
	t.Helper()
	byKey := func(a, b table.Item) int {
		return strings.Compare(fmt.Sprint(a[table.PK], a[table.SK]), fmt.Sprint(b[table.PK], b[table.SK]))
	}
	slices.SortFunc(want, byKey)
	eventually(t, func() string {
		got := All(t, tb, q)
		slices.SortFunc(got, byKey)
		return cmp.Diff(want, got)
	})
}

func wantRanks(t *testing.T, tb table.Table, q table.Query, want ...string) {
	t.Helper()
	eventually(t, func() string { return cmp.Diff(want, sortKeys(All(t, tb, q), "rank_sk")) })
}

// sharedKeys tests paging over items with the same index key: a cursor that
// held the index key alone would skip or repeat some.
func sharedKeys(t *testing.T, tb table.Table) {
	var want []table.Item
	for i := range 7 {
		k := table.Key{PK: fmt.Sprintf("%s/%d", t.Name(), i%3), SK: fmt.Sprint(i)}
		put(t, tb, k, table.Item{"group_pk": t.Name(), "group_sk": "same"})
		want = append(want, table.Item{table.PK: k.PK, table.SK: k.SK, "group_pk": t.Name(), "group_sk": "same"})
	}
	for _, limit := range []int{1, 2, 3, 7, 0} {
		for _, desc := range []bool{false, true} {
			wantIndex(t, tb, table.Query{Table: items, Index: byGroup, PK: t.Name(), Limit: limit, Desc: desc}, want...)
		}
	}
}

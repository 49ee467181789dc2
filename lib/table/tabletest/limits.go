package tabletest

import (
	"fmt"
	"strings"
	"testing"

	"weir/lib/table"
)

// limits tests that DynamoDB's limits are refused, with the same error by
// every driver, and that what is just inside them is taken.
func limits(t *testing.T, h Harness) {
	t.Run("refused writes", func(t *testing.T) { refusedWrites(t, h.Table) })
	t.Run("just inside", func(t *testing.T) { justInside(t, h.Table) })
	t.Run("an item that grows too large", func(t *testing.T) {
		k := key(t, "1")
		it := table.Item{"a": strings.Repeat("x", 300<<10)}
		put(t, h.Table, k, it)
		w := table.Write{Kind: table.Update, Table: items, Key: k, Set: table.Item{"b": strings.Repeat("x", 110<<10)}}
		wantErr(t, h.Table.Do(t.Context(), w), table.ErrTooLarge)
		wantErr(t, h.Table.Transact(t.Context(), []table.Write{w}), table.ErrTooLarge)
		wantItem(t, h.Table, k, it)
		w.Remove = []string{"a"}
		mustDo(t, h.Table, w)
	})
	t.Run("bad reads", func(t *testing.T) {
		for name, c := range map[string]struct {
			table string
			key   table.Key
			want  error
		}{
			"no such table": {"nothing", table.Key{PK: "a", SK: "b"}, table.ErrInvalid},
			"no pk":         {items, table.Key{SK: "b"}, table.ErrInvalid},
			"no sk":         {items, table.Key{PK: "a"}, table.ErrInvalid},
			"long pk":       {items, table.Key{PK: strings.Repeat("x", 2049), SK: "b"}, table.ErrTooLarge},
			"long sk":       {items, table.Key{PK: "a", SK: strings.Repeat("x", 1025)}, table.ErrTooLarge},
			"not UTF-8":     {items, table.Key{PK: "a\xff", SK: "b"}, table.ErrInvalid},
		} {
			_, err := h.Table.Get(t.Context(), c.table, c.key, true)
			if KindOf(err) != KindOf(c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
	})
}

// write is a Write to a key of the test; change makes it bad.
func write(t *testing.T, k table.Kind, change func(*table.Write)) table.Write {
	w := table.Write{Kind: k, Table: items, Key: key(t, "1")}
	if k == table.Update {
		w.Set = table.Item{"a": "x"}
	}
	change(&w)
	return w
}

func refusedWrites(t *testing.T, tb table.Table) {
	type W = *table.Write
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct {
		name   string
		kind   table.Kind
		change func(w W)
		want   error
	}{
		{"no such table", table.Put, func(w W) { w.Table = "nothing" }, table.ErrInvalid},
		{"no such kind", table.Kind(9), func(W) {}, table.ErrInvalid},
		{"empty pk", table.Put, func(w W) { w.Key.PK = "" }, table.ErrInvalid},
		{"empty sk", table.Delete, func(w W) { w.Key.SK = "" }, table.ErrInvalid},
		{"pk of 2049 bytes", table.Put, func(w W) { w.Key.PK = long(2049) }, table.ErrTooLarge},
		{"sk of 1025 bytes", table.Update, func(w W) { w.Key.SK = long(1025) }, table.ErrTooLarge},
		{"key that is not UTF-8", table.Put, func(w W) { w.Key.SK = "\xc3" }, table.ErrInvalid},
		{"item over 400 KB", table.Put, func(w W) { w.Set = table.Item{"a": long(400 << 10)} }, table.ErrTooLarge},
		{"update over 400 KB", table.Update, func(w W) { w.Set = table.Item{"a": long(400 << 10)} }, table.ErrTooLarge},
		{"pk in Set", table.Put, func(w W) { w.Set = table.Item{"pk": "a"} }, table.ErrInvalid},
		{"sk in Add", table.Update, func(w W) { w.Add = map[string]int64{"sk": 1} }, table.ErrInvalid},
		{"sk in Remove", table.Update, func(w W) { w.Remove = []string{"sk"} }, table.ErrInvalid},
		{"attribute without a name", table.Put, func(w W) { w.Set = table.Item{"": "a"} }, table.ErrInvalid},
		{"name that is not UTF-8", table.Put, func(w W) { w.Set = table.Item{"\xff": "a"} }, table.ErrInvalid},
		{"name of 64 KB", table.Put, func(w W) { w.Set = table.Item{long(1 << 16): "a"} }, table.ErrTooLarge},
		{"int", table.Put, func(w W) { w.Set = table.Item{"a": 1} }, table.ErrInvalid},
		{"float", table.Put, func(w W) { w.Set = table.Item{"a": 1.5} }, table.ErrInvalid},
		{"nil", table.Update, func(w W) { w.Set = table.Item{"a": nil} }, table.ErrInvalid},
		{"nil bytes", table.Update, func(w W) { w.Set = table.Item{"a": []byte(nil)} }, table.ErrInvalid},
		{"list", table.Put, func(w W) { w.Set = table.Item{"a": []string{"a"}} }, table.ErrInvalid},
		{"text that is not UTF-8", table.Put, func(w W) { w.Set = table.Item{"a": "\xff"} }, table.ErrInvalid},
		{"empty key of an index", table.Put, func(w W) { w.Set = table.Item{"group_pk": ""} }, table.ErrInvalid},
		{"number as key of an index", table.Update, func(w W) { w.Set = table.Item{"group_sk": int64(1)} }, table.ErrInvalid},
		{"adding to the key of an index", table.Update, func(w W) { w.Add = map[string]int64{"group_sk": 1} }, table.ErrInvalid},
		{"long pk of an index", table.Put, func(w W) { w.Set = table.Item{"group_pk": long(2049)} }, table.ErrTooLarge},
		{"long sk of an index", table.Put, func(w W) { w.Set = table.Item{"group_sk": long(1025)} }, table.ErrTooLarge},
		{"update of nothing", table.Update, func(w W) { w.Set = nil }, table.ErrInvalid},
		{"set and add", table.Update, func(w W) { w.Add = map[string]int64{"a": 1} }, table.ErrInvalid},
		{"set and remove", table.Update, func(w W) { w.Remove = []string{"a"} }, table.ErrInvalid},
		{"add and remove", table.Update, func(w W) { w.Add, w.Remove = map[string]int64{"b": 1}, []string{"b"} }, table.ErrInvalid},
		{"remove twice", table.Update, func(w W) { w.Remove = []string{"b", "b"} }, table.ErrInvalid},
		{"put that adds", table.Put, func(w W) { w.Add = map[string]int64{"a": 1} }, table.ErrInvalid},
		{"put that removes", table.Put, func(w W) { w.Remove = []string{"a"} }, table.ErrInvalid},
		{"delete that sets", table.Delete, func(w W) { w.Set = table.Item{"a": "x"} }, table.ErrInvalid},
		{"check alone", table.Check, func(w W) { w.If = []table.Test{{Attr: "a", Op: table.Exists}} }, table.ErrInvalid},
		{"test without value", table.Put, func(w W) { w.If = []table.Test{{Attr: "a", Op: table.Eq}} }, table.ErrInvalid},
		{"test with int", table.Put, func(w W) { w.If = []table.Test{{Attr: "a", Op: table.Eq, Val: 1}} }, table.ErrInvalid},
		{"test without attribute", table.Put, func(w W) { w.If = []table.Test{{Op: table.Absent}} }, table.ErrInvalid},
		{"exists with value", table.Put, func(w W) { w.If = []table.Test{{Attr: "a", Op: table.Exists, Val: "x"}} }, table.ErrInvalid},
		{"exists or absent", table.Put, func(w W) { w.If = []table.Test{{Attr: "a", Op: table.Exists, OrAbsent: true}} }, table.ErrInvalid},
		{"ordered booleans", table.Put, func(w W) { w.If = []table.Test{{Attr: "a", Op: table.Lt, Val: true}} }, table.ErrInvalid},
		{"no such comparison", table.Put, func(w W) { w.If = []table.Test{{Attr: "a", Op: "LIKE", Val: "x"}} }, table.ErrInvalid},
		{"pk against a number", table.Put, func(w W) { w.If = []table.Test{{Attr: "pk", Op: table.Eq, Val: int64(1)}} }, table.ErrInvalid},
		{"too many tests", table.Put, func(w W) { w.If = manyTests(table.MaxTests + 1) }, table.ErrTooLarge},
		{"too many clauses", table.Update, func(w W) { w.Set = manyAttrs(table.MaxClauses + 1) }, table.ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := write(t, c.kind, c.change)
			if err := tb.Do(t.Context(), w); KindOf(err) != KindOf(c.want) {
				t.Errorf("Do: %v, want %v", err, c.want)
			}
			if c.kind == table.Check {
				return
			}
			if err := tb.Transact(t.Context(), []table.Write{w}); KindOf(err) != KindOf(c.want) {
				t.Errorf("Transact: %v, want %v", err, c.want)
			}
			wantItem(t, tb, key(t, "1"), nil)
		})
	}
}

func manyTests(n int) []table.Test {
	tests := make([]table.Test, n)
	for i := range tests {
		tests[i] = table.Test{Attr: fmt.Sprintf("a rather long name of an attribute, number %d", i), Op: table.Ne, Val: "x", OrAbsent: true}
	}
	return tests
}

func manyAttrs(n int) table.Item {
	it := table.Item{}
	for i := range n {
		it[fmt.Sprintf("a rather long name of an attribute, number %d", i)] = "x"
	}
	return it
}

func justInside(t *testing.T, tb table.Table) {
	t.Run("keys", func(t *testing.T) {
		k := table.Key{PK: strings.Repeat("p", 2048), SK: strings.Repeat("s", 1024)}
		put(t, tb, k, table.Item{"group_pk": k.PK, "group_sk": k.SK})
		wantItem(t, tb, k, table.Item{"group_pk": k.PK, "group_sk": k.SK})
	})
	t.Run("item", func(t *testing.T) {
		k := key(t, "1")
		rest := table.Item{table.PK: k.PK, table.SK: k.SK, "a": "", "n": int64(12345), "ok": true}.Size()
		text := strings.Repeat("x", table.MaxItemBytes-rest)
		it := table.Item{"a": text, "n": int64(12345), "ok": true}
		put(t, tb, k, it)
		wantItem(t, tb, k, it)
		it["a"] = text + "x"
		wantErr(t, tb.Do(t.Context(), table.Write{Table: items, Key: k, Set: it}), table.ErrTooLarge)
	})
	t.Run("tests and clauses", func(t *testing.T) {
		mustDo(t, tb, write(t, table.Put, func(w *table.Write) { w.If = manyTests(table.MaxTests) }))
		mustDo(t, tb, write(t, table.Update, func(w *table.Write) { w.Set = manyAttrs(table.MaxClauses) }))
		mustDo(t, tb, write(t, table.Update, func(w *table.Write) {
			w.Set, w.Add = nil, map[string]int64{}
			for i := range table.MaxTests {
				w.Add[fmt.Sprint("sum", i)] = -1
			}
		}))
	})
}

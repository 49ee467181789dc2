package tabletest

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"weir/lib/table"
)

// transactions tests that all writes happen or none.
func transactions(t *testing.T, h Harness) {
	tb := h.Table
	t.Run("every kind of write", func(t *testing.T) {
		put(t, tb, key(t, "update"), table.Item{"n": int64(1)})
		put(t, tb, key(t, "delete"), nil)
		put(t, tb, key(t, "check"), table.Item{"ok": true})
		err := tb.Transact(t.Context(), []table.Write{
			{Kind: table.Put, Table: items, Key: key(t, "put"), Set: table.Item{"a": "x"}},
			{Kind: table.Update, Table: items, Key: key(t, "update"), Add: map[string]int64{"n": 1}},
			{Kind: table.Delete, Table: items, Key: key(t, "delete")},
			{Kind: table.Check, Table: items, Key: key(t, "check"), If: []table.Test{{Attr: "ok", Op: table.Eq, Val: true}}},
			{Kind: table.Put, Table: feeding, Key: key(t, "other table")},
		})
		if err != nil {
			t.Fatal(err)
		}
		wantItem(t, tb, key(t, "put"), table.Item{"a": "x"})
		wantItem(t, tb, key(t, "update"), table.Item{"n": int64(2)})
		wantItem(t, tb, key(t, "delete"), nil)
		wantItem(t, tb, key(t, "check"), table.Item{"ok": true})
	})
	t.Run("one refusal undoes all", func(t *testing.T) {
		err := tb.Transact(t.Context(), []table.Write{
			{Kind: table.Put, Table: items, Key: key(t, "a")},
			{Kind: table.Check, Table: items, Key: key(t, "b"), If: []table.Test{{Attr: "ok", Op: table.Exists}}},
			{Kind: table.Update, Table: items, Key: key(t, "c"), Add: map[string]int64{"n": 1}},
		})
		wantRefused(t, err, table.Failed{Index: 1, Key: key(t, "b")})
		wantItem(t, tb, key(t, "a"), nil)
		wantItem(t, tb, key(t, "c"), nil)
	})
	t.Run("every refused write is listed with its item", func(t *testing.T) { allRefusals(t, tb) })
	t.Run("a sum past int64 undoes all", func(t *testing.T) {
		put(t, tb, key(t, "full"), table.Item{"n": int64(math.MaxInt64)})
		err := tb.Transact(t.Context(), []table.Write{
			{Kind: table.Put, Table: items, Key: key(t, "a")},
			{Kind: table.Update, Table: items, Key: key(t, "full"), Add: map[string]int64{"n": 1}},
		})
		wantErr(t, err, table.ErrOverflow)
		wantItem(t, tb, key(t, "a"), nil)
	})
	t.Run("refusals are told before other errors", func(t *testing.T) {
		full := key(t, "full")
		put(t, tb, full, table.Item{"n": int64(math.MaxInt64)})
		err := tb.Transact(t.Context(), []table.Write{
			{Kind: table.Update, Table: items, Key: full, Add: map[string]int64{"n": 1}},
			{Kind: table.Delete, Table: items, Key: key(t, "x"), If: []table.Test{{Attr: table.PK, Op: table.Exists}}},
		})
		wantRefused(t, err, table.Failed{Index: 1, Key: key(t, "x")})
	})
	t.Run("a hundred writes", func(t *testing.T) {
		if err := tb.Transact(t.Context(), manyPuts(t, table.MaxTransactWrites, 10)); err != nil {
			t.Fatal(err)
		}
		if got := len(All(t, tb, table.Query{Table: items, PK: t.Name()})); got != table.MaxTransactWrites {
			t.Errorf("%d items, want %d", got, table.MaxTransactWrites)
		}
	})
	t.Run("refused transactions", func(t *testing.T) {
		k := key(t, "1")
		for name, c := range map[string]struct {
			ws   []table.Write
			want error
		}{
			"no writes":           {nil, table.ErrInvalid},
			"101 writes":          {manyPuts(t, table.MaxTransactWrites+1, 10), table.ErrTooLarge},
			"4 MB":                {manyPuts(t, 11, 390<<10), table.ErrTooLarge},
			"one key twice":       {[]table.Write{{Table: items, Key: k}, {Kind: table.Delete, Table: items, Key: k}}, table.ErrInvalid},
			"a check of nothing":  {[]table.Write{{Kind: table.Check, Table: items, Key: k}}, table.ErrInvalid},
			"one bad write":       {[]table.Write{{Table: items, Key: k}, {Kind: table.Update, Table: items, Key: key(t, "2")}}, table.ErrInvalid},
			"a check that writes": {[]table.Write{{Kind: table.Check, Table: items, Key: k, Set: table.Item{"a": "x"}}}, table.ErrInvalid},
		} {
			if err := tb.Transact(t.Context(), c.ws); KindOf(err) != KindOf(c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		wantItem(t, tb, k, nil)
	})
}

func manyPuts(t *testing.T, n, size int) []table.Write {
	ws := make([]table.Write, n)
	for i := range ws {
		ws[i] = table.Write{Kind: table.Put, Table: items, Key: key(t, fmt.Sprint(i)), Set: table.Item{"a": strings.Repeat("x", size)}}
	}
	return ws
}

// allRefusals books a batch of which several were booked before.
func allRefusals(t *testing.T, tb table.Table) {
	fresh := []table.Test{{Attr: "booked", Op: table.Absent}, {Attr: "state", Op: table.Eq, Val: "settled"}}
	var ws []table.Write
	var want []table.Failed
	for i := range 10 {
		k, it := key(t, fmt.Sprint(i)), table.Item{"state": "settled"}
		switch i {
		case 2, 9:
			it["booked"] = true
		case 5:
			it["state"] = "open"
		}
		if i != 7 {
			put(t, tb, k, it)
		} else {
			it = nil
		}
		ws = append(ws, table.Write{Kind: table.Update, Table: items, Key: k, If: fresh, Set: table.Item{"booked": true}})
		if i == 2 || i == 5 || i == 7 || i == 9 {
			want = append(want, table.Failed{Index: i, Key: k, Old: whole(k, it)})
		}
	}
	ws = append(ws, table.Write{Kind: table.Update, Table: items, Key: key(t, "cell"), Add: map[string]int64{"calls": 10}})
	wantRefused(t, tb.Transact(t.Context(), ws), want...)
	wantItem(t, tb, key(t, "cell"), nil)
}

package tabletest

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/table"
)

// comparisons tests every comparison on every type, on attributes of that type,
// of another one, and absent ones.
func comparisons(t *testing.T, h Harness) {
	values := map[string][3]any{ // low, middle, high
		"string": {"a", "b", "ba"},
		"number": {int64(math.MinInt64), int64(-1), int64(math.MaxInt64)},
		"bytes":  {[]byte{}, []byte{1}, []byte{1, 0}},
	}
	passes := map[table.Op][3]bool{ // stored middle against low, middle, high
		table.Eq: {false, true, false}, table.Ne: {true, false, true},
		table.Lt: {false, false, true}, table.Le: {false, true, true},
		table.Gt: {true, false, false}, table.Ge: {true, true, false},
	}
	k := key(t, "all")
	stored := table.Item{"yes": true}
	for name, vs := range values {
		stored[name] = vs[1]
	}
	put(t, h.Table, k, stored)
	try := func(want bool, tests ...table.Test) {
		t.Helper()
		w := table.Write{Kind: table.Put, Table: items, Key: k, Set: stored, If: tests}
		err := h.Table.Do(t.Context(), w)
		if want && err != nil {
			t.Errorf("%+v: %v, want no error", tests, err)
		}
		if !want {
			wantRefused(t, err, table.Failed{Key: k, Old: whole(k, stored)})
		}
	}
	for name, vs := range values {
		for op, want := range passes {
			for i, v := range vs {
				try(want[i], table.Test{Attr: name, Op: op, Val: v})
				try(want[i], table.Test{Attr: name, Op: op, Val: v, OrAbsent: true})
				try(op == table.Ne, table.Test{Attr: "none", Op: op, Val: v})
				try(true, table.Test{Attr: "none", Op: op, Val: v, OrAbsent: true})
				try(op == table.Ne, table.Test{Attr: "yes", Op: op, Val: v}) // another type
				try(op == table.Ne, table.Test{Attr: "yes", Op: op, Val: v, OrAbsent: true})
			}
		}
	}
	for _, c := range []struct {
		test table.Test
		want bool
	}{
		{table.Test{Attr: "yes", Op: table.Eq, Val: true}, true},
		{table.Test{Attr: "yes", Op: table.Eq, Val: false}, false},
		{table.Test{Attr: "yes", Op: table.Ne, Val: false}, true},
		{table.Test{Attr: "string", Op: table.Ne, Val: true}, true},
		{table.Test{Attr: "string", Op: table.Exists}, true},
		{table.Test{Attr: "none", Op: table.Exists}, false},
		{table.Test{Attr: "string", Op: table.Absent}, false},
		{table.Test{Attr: "none", Op: table.Absent}, true},
		{table.Test{Attr: table.PK, Op: table.Exists}, true},
		{table.Test{Attr: table.SK, Op: table.Eq, Val: "all"}, true},
	} {
		try(c.want, c.test)
	}
	try(true, table.Test{Attr: "string", Op: table.Eq, Val: "b"}, table.Test{Attr: "number", Op: table.Lt, Val: int64(0)})
	try(false, table.Test{Attr: "string", Op: table.Eq, Val: "b"}, table.Test{Attr: "number", Op: table.Gt, Val: int64(0)})
}

// writes tests what each kind of write leaves behind.
func writes(t *testing.T, h Harness) {
	tb := h.Table
	everything := table.Item{
		"text": "grüße #%\x00 \U0001F600", "empty": "", "n": int64(-5), "min": int64(math.MinInt64), "max": int64(math.MaxInt64),
		"thousands": int64(1000000), "yes": true, "no": false, "raw": []byte{0, 255}, "nothing": []byte{}, "a b.c:d#e": "name",
	}
	t.Run("every type comes back as it was", func(t *testing.T) {
		put(t, tb, key(t, "1"), everything)
		wantItem(t, tb, key(t, "1"), everything)
	})
	t.Run("put replaces the whole item", func(t *testing.T) {
		put(t, tb, key(t, "1"), everything)
		put(t, tb, key(t, "1"), table.Item{"n": int64(1)})
		wantItem(t, tb, key(t, "1"), table.Item{"n": int64(1)})
		put(t, tb, key(t, "1"), nil)
		wantItem(t, tb, key(t, "1"), table.Item{})
	})
	t.Run("update creates, sets, adds, removes and keeps the rest", func(t *testing.T) {
		w := table.Write{Kind: table.Update, Table: items, Key: key(t, "1"), Set: table.Item{"a": "x", "b": "y"}, Add: map[string]int64{"n": 2}}
		mustDo(t, tb, w)
		wantItem(t, tb, w.Key, table.Item{"a": "x", "b": "y", "n": int64(2)})
		w.Set, w.Remove = table.Item{"a": int64(7)}, []string{"b", "never there"}
		mustDo(t, tb, w)
		wantItem(t, tb, w.Key, table.Item{"a": int64(7), "n": int64(4)})
	})
	t.Run("an update that only removes creates the item, too", func(t *testing.T) {
		mustDo(t, tb, table.Write{Kind: table.Update, Table: items, Key: key(t, "1"), Remove: []string{"x"}})
		wantItem(t, tb, key(t, "1"), table.Item{})
	})
	t.Run("delete deletes, again without error", func(t *testing.T) {
		w := table.Write{Kind: table.Delete, Table: items, Key: key(t, "1")}
		put(t, tb, w.Key, everything)
		mustDo(t, tb, w)
		wantItem(t, tb, w.Key, nil)
		mustDo(t, tb, w)
	})
	t.Run("a refused write changes nothing and shows what refused", func(t *testing.T) {
		put(t, tb, key(t, "1"), table.Item{"n": int64(1)})
		never := []table.Test{{Attr: "n", Op: table.Eq, Val: int64(2)}}
		for _, w := range []table.Write{
			{Kind: table.Put, Set: table.Item{"n": int64(9)}},
			{Kind: table.Update, Set: table.Item{"n": int64(9)}},
			{Kind: table.Delete},
		} {
			w.Table, w.Key, w.If = items, key(t, "1"), never
			wantRefused(t, tb.Do(t.Context(), w), table.Failed{Key: w.Key, Old: whole(w.Key, table.Item{"n": int64(1)})})
			w.Key = key(t, "absent")
			wantRefused(t, tb.Do(t.Context(), w), table.Failed{Key: w.Key})
		}
		wantItem(t, tb, key(t, "1"), table.Item{"n": int64(1)})
		wantItem(t, tb, key(t, "absent"), nil)
	})
	t.Run("put once", func(t *testing.T) {
		w := table.Write{Kind: table.Put, Table: items, Key: key(t, "1"), Set: table.Item{"n": int64(1)}, If: []table.Test{{Attr: table.PK, Op: table.Absent}}}
		mustDo(t, tb, w)
		wantErr(t, tb.Do(t.Context(), w), table.ErrCondition)
	})
	t.Run("DoNew returns the item after the write", func(t *testing.T) {
		doNew(t, tb)
	})
}

func doNew(t *testing.T, tb table.Table) {
	k := key(t, "1")
	got, err := tb.DoNew(t.Context(), table.Write{Kind: table.Put, Table: items, Key: k, Set: table.Item{"a": "x", "raw": []byte{}}})
	if diff := cmp.Diff(whole(k, table.Item{"a": "x", "raw": []byte{}}), got); err != nil || diff != "" {
		t.Errorf("put: %v (-want +got):\n%s", err, diff)
	}
	got, err = tb.DoNew(t.Context(), table.Write{Kind: table.Update, Table: items, Key: k, Add: map[string]int64{"n": 3}, Remove: []string{"a"}})
	if diff := cmp.Diff(whole(k, table.Item{"n": int64(3), "raw": []byte{}}), got); err != nil || diff != "" {
		t.Errorf("update: %v (-want +got):\n%s", err, diff)
	}
	got, err = tb.DoNew(t.Context(), table.Write{
		Kind: table.Update, Table: items, Key: k, Add: map[string]int64{"n": 1}, If: []table.Test{{Attr: "n", Op: table.Lt, Val: int64(3)}},
	})
	wantRefused(t, err, table.Failed{Key: k, Old: whole(k, table.Item{"n": int64(3), "raw": []byte{}})})
	if got != nil {
		t.Errorf("a refused write returned %v", got)
	}
	_, err = tb.DoNew(t.Context(), table.Write{Kind: table.Delete, Table: items, Key: k})
	wantErr(t, err, table.ErrInvalid)
}

// sums tests that Add never leaves int64 and never becomes anything else.
func sums(t *testing.T, h Harness) {
	for _, c := range []struct {
		name  string
		old   table.Item // nil: no item
		delta int64
		want  any // int64, or the error
	}{
		{"absent counts as 0", nil, 5, int64(5)},
		{"absent attribute counts as 0", table.Item{"m": int64(1)}, -5, int64(-5)},
		{"nothing to absent", nil, 0, int64(0)},
		{"up to the top", table.Item{"n": int64(math.MaxInt64 - 5)}, 5, int64(math.MaxInt64)},
		{"past the top", table.Item{"n": int64(math.MaxInt64 - 5)}, 6, table.ErrOverflow},
		{"far past the top", table.Item{"n": int64(math.MaxInt64)}, math.MaxInt64, table.ErrOverflow},
		{"down to the bottom", table.Item{"n": int64(math.MinInt64 + 5)}, -5, int64(math.MinInt64)},
		{"past the bottom", table.Item{"n": int64(math.MinInt64 + 5)}, -6, table.ErrOverflow},
		{"the smallest to absent", nil, math.MinInt64, int64(math.MinInt64)},
		{"the smallest to below zero", table.Item{"n": int64(-1)}, math.MinInt64, table.ErrOverflow},
		{"no digit is lost", table.Item{"n": int64(9007199254740993)}, 9000000000000000000, int64(9009007199254740993)},
		{"to text", table.Item{"n": "1"}, 1, table.ErrInvalid},
		{"to a boolean", table.Item{"n": true}, 1, table.ErrInvalid},
		{"nothing to text", table.Item{"n": "1"}, 0, table.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := key(t, "1")
			if c.old != nil {
				put(t, h.Table, k, c.old)
			}
			w := table.Write{Kind: table.Update, Table: items, Key: k, Add: map[string]int64{"n": c.delta}}
			got, err := h.Table.DoNew(t.Context(), w)
			if want, ok := c.want.(error); ok {
				wantErr(t, err, want)
				wantItem(t, h.Table, k, c.old)
				wantErr(t, h.Table.Transact(t.Context(), []table.Write{w}), want)
				wantItem(t, h.Table, k, c.old)
				return
			}
			if err != nil || got["n"] != c.want {
				t.Errorf("%v, %v, want %v", got, err, c.want)
			}
		})
	}
	t.Run("a condition comes before the sum", func(t *testing.T) {
		k, old := key(t, "1"), table.Item{"n": int64(math.MaxInt64)}
		put(t, h.Table, k, old)
		err := h.Table.Do(t.Context(), table.Write{
			Kind: table.Update, Table: items, Key: k, Add: map[string]int64{"n": 1}, If: []table.Test{{Attr: "n", Op: table.Lt, Val: int64(7)}},
		})
		wantRefused(t, err, table.Failed{Key: k, Old: whole(k, old)})
	})
	t.Run("a condition that allows more than the sum can hold", func(t *testing.T) {
		k := key(t, "1")
		put(t, h.Table, k, table.Item{"n": int64(math.MaxInt64)})
		err := h.Table.Do(t.Context(), table.Write{
			Kind: table.Update, Table: items, Key: k, Add: map[string]int64{"n": 1}, If: []table.Test{{Attr: "n", Op: table.Le, Val: int64(math.MaxInt64)}},
		})
		wantErr(t, err, table.ErrOverflow)
	})
}

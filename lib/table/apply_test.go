package table_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/table"
)

func TestSizesFollowDynamoDB(t *testing.T) {
	for _, c := range []struct {
		it   table.Item
		want int
	}{
		{nil, 0},
		{table.Item{"a": ""}, 1},
		{table.Item{"name": "value"}, 9},
		{table.Item{"é": "é"}, 4}, // bytes, not characters
		{table.Item{"a": []byte{1, 2, 3}}, 4},
		{table.Item{"a": true, "b": false}, 4},
		{table.Item{"n": int64(0)}, 2},
		{table.Item{"n": int64(7)}, 3},
		{table.Item{"n": int64(27)}, 3},     // two digits a byte, and one more
		{table.Item{"n": int64(270000)}, 3}, // trailing zeros are an exponent
		{table.Item{"n": int64(271)}, 4},    //
		{table.Item{"n": int64(-27)}, 4},    // a sign is a byte
		{table.Item{"n": int64(100001)}, 5}, //
		{table.Item{"n": int64(math.MaxInt64)}, 12},
		{table.Item{"n": int64(math.MinInt64)}, 13},
	} {
		if got := c.it.Size(); got != c.want {
			t.Errorf("%v has %d bytes, want %d", c.it, got, c.want)
		}
	}
}

func TestApplyLeavesItsInputsAlone(t *testing.T) {
	old := table.Item{table.PK: "p", table.SK: "s", "n": int64(1), "gone": "x", "raw": []byte{1}}
	before, raw := old.Clone(), []byte{2}
	w := table.Write{
		Kind: table.Update, Key: table.Key{PK: "p", SK: "s"},
		Set: table.Item{"new": raw}, Add: map[string]int64{"n": 1}, Remove: []string{"gone"},
	}
	got, err := table.Apply(old, w)
	if err != nil {
		t.Fatal(err)
	}
	raw[0] = 9
	want := table.Item{table.PK: "p", table.SK: "s", "n": int64(2), "new": []byte{2}, "raw": []byte{1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("item (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, old); diff != "" {
		t.Errorf("the old item was changed (-before +after):\n%s", diff)
	}
}

func TestApplyTellsTheSameErrorEveryTime(t *testing.T) {
	old := table.Item{"a": int64(math.MaxInt64), "b": "text", "c": true}
	w := table.Write{Kind: table.Update, Add: map[string]int64{"a": 1, "b": 1, "c": 1}}
	for range 50 { // maps have no order
		if _, err := table.Apply(old, w); !errors.Is(err, table.ErrOverflow) {
			t.Fatalf("%v, want the first by name, ErrOverflow", err)
		}
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b table.Item
		want bool
	}{
		{nil, nil, true},
		{nil, table.Item{}, false},
		{table.Item{}, table.Item{}, true},
		{table.Item{"a": []byte{1}, "b": true}, table.Item{"a": []byte{1}, "b": true}, true},
		{table.Item{"a": int64(1)}, table.Item{"a": int64(2)}, false},
		{table.Item{"a": int64(1)}, table.Item{"a": "1"}, false},
		{table.Item{"a": int64(1)}, table.Item{"b": int64(1)}, false},
		{table.Item{"a": int64(1)}, table.Item{"a": int64(1), "b": int64(1)}, false},
		{table.Item{"a": true}, table.Item{"a": false}, false},
	} {
		if c.a.Equal(c.b) != c.want || c.b.Equal(c.a) != c.want {
			t.Errorf("%v equal to %v: want %v", c.a, c.b, c.want)
		}
	}
}

func TestTransactionSize(t *testing.T) {
	check, err := table.NewChecker([]table.Schema{{Name: "items"}})
	if err != nil {
		t.Fatal(err)
	}
	ws := make([]table.Write, 11)
	for i := range ws {
		ws[i] = table.Write{Table: "items", Key: table.Key{PK: strings.Repeat("p", i+1), SK: "s"}, Set: table.Item{"a": strings.Repeat("x", 372<<10)}}
	}
	if err := check.Transact(ws); err != nil {
		t.Errorf("%d bytes: %v", 11*372<<10, err)
	}
	ws[0].Set["a"] = strings.Repeat("x", 399<<10)
	if err := check.Transact(ws[:10]); err != nil {
		t.Error(err)
	}
	if err := check.Transact(ws); !errors.Is(err, table.ErrTooLarge) {
		t.Errorf("%v, want ErrTooLarge", err)
	}
}

func FuzzCursor(f *testing.F) {
	check, err := table.NewChecker([]table.Schema{{Name: "items", Indexes: []table.Index{{Name: "index", PK: "a", SK: "b"}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(table.Position{Sort: "s", Key: table.Key{PK: "p", SK: "x"}}.Cursor())
	f.Add("AAAA")
	f.Add("_____w")
	f.Fuzz(func(t *testing.T, cursor string) {
		_, p, err := check.Query(table.Query{Table: "items", Index: "index", PK: "p", Cursor: cursor})
		if err != nil {
			if !errors.Is(err, table.ErrInvalid) {
				t.Errorf("%q: %v, want ErrInvalid", cursor, err)
			}
			return
		}
		if p == nil {
			return
		}
		_, again, err := check.Query(table.Query{Table: "items", Index: "index", PK: "p", Cursor: p.Cursor()})
		if err != nil || *again != *p {
			t.Errorf("%+v comes back as %+v, %v", p, again, err)
		}
	})
}

package tabletest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"weir/lib/table"
	"weir/lib/table/tabletest"
)

func TestShuffledKeepsTheOrderOfEachKey(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var in []table.Change
		last := map[table.Key]int{}
		for i, k := range rapid.SliceOfN(rapid.IntRange(0, 3), 1, 30).Draw(rt, "keys") {
			key := table.Key{PK: "p", SK: fmt.Sprint(k)}
			in = append(in, table.Change{Key: key, Seq: fmt.Sprint(i)})
			last[key] = i
		}
		fails := rapid.IntRange(0, 2).Draw(rt, "failures")
		seen := map[table.Key][]int{}
		sink := tabletest.Shuffled(func(_ context.Context, cs []table.Change) (int, error) {
			if fails > 0 {
				fails--
				return 0, errors.New("not now")
			}
			for _, c := range cs {
				var n int
				if _, err := fmt.Sscan(c.Seq, &n); err != nil {
					rt.Fatal(err)
				}
				seen[c.Key] = append(seen[c.Key], n)
			}
			return rapid.IntRange(1, len(cs)).Draw(rt, "done"), nil
		}, rapid.Uint64().Draw(rt, "seed"))
		for {
			done, err := sink(t.Context(), in)
			if err == nil && done == len(in) {
				break
			}
			if done != 0 {
				rt.Fatalf("took %d of %d with %v: what was mixed may only be taken as a whole", done, len(in), err)
			}
		}
		// A change may come again, with those after it, but none is skipped and
		// the last one is last.
		for k, ns := range seen {
			if ns[len(ns)-1] != last[k] {
				rt.Fatalf("key %s ends with %v, want %d last", k.SK, ns, last[k])
			}
		}
		for i, c := range in {
			if !covered(in[:i], seen[c.Key], c) {
				rt.Fatalf("change %s of key %s came before one that precedes it, or not at all: %v", c.Seq, c.Key.SK, seen[c.Key])
			}
		}
	})
}

// covered reports whether c's first coming is after the first comings of the
// changes of its key before it.
func covered(before []table.Change, seen []int, c table.Change) bool {
	at := first(seen, c.Seq)
	for _, b := range before {
		if b.Key == c.Key && first(seen, b.Seq) > at {
			return false
		}
	}
	return at >= 0
}

func first(seen []int, seq string) int {
	for i, n := range seen {
		if fmt.Sprint(n) == seq {
			return i
		}
	}
	return -1
}

func TestFaultyCountsAndFollowsItsPlan(t *testing.T) {
	f := tabletest.NewFaulty(tabletest.SQLite(t), tabletest.Calls(tabletest.Throttled, tabletest.None, tabletest.Conflict, tabletest.LostBefore))
	k := table.Key{PK: "p", SK: "s"}
	var got []string
	for range 6 {
		_, err := f.Get(t.Context(), "state", k, true)
		got = append(got, tabletest.KindOf(err))
	}
	_, err := f.Query(t.Context(), table.Query{Table: "state", PK: "p"})
	got = append(got, tabletest.KindOf(err))
	if want := "[throttled ok throttled unknown ok ok ok]"; fmt.Sprint(got) != want {
		t.Errorf("answers %v, want %s", got, want)
	}
	if calls, faults := f.Count(); calls != 7 || faults != 3 {
		t.Errorf("%d calls with %d faults, want 7 with 3", calls, faults)
	}
}

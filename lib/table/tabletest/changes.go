package tabletest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"weir/lib/table"
)

// changes tests the feed. Its subtests share a store, and so a feed: each has
// a consumer of its own and looks at its own keys.
func changes(t *testing.T, h Harness) {
	t.Run("every write is one change with both images", func(t *testing.T) { everyChange(t, h) })
	t.Run("what changes nothing is no change", func(t *testing.T) { noChange(t, h) })
	t.Run("the order holds for each key", func(t *testing.T) { keyOrder(t, h) })
	t.Run("what a sink did not take comes again", func(t *testing.T) { partly(t, h) })
	t.Run("a consumer goes on where it was", func(t *testing.T) { goesOn(t, h) })
	t.Run("consumers are apart", func(t *testing.T) { apart(t, h) })
	t.Run("a shuffled feed leads to the same items", func(t *testing.T) { shuffledFeed(t, h) })
	t.Run("a table without feed has none", func(t *testing.T) {
		err := h.Feeder.Feed(t.Context(), items, "x", func(context.Context, []table.Change) (int, error) { return 0, nil })
		wantErr(t, err, table.ErrInvalid)
	})
}

// collector is a sink that keeps the changes of one partition.
type collector struct {
	pk   string
	noop bool // skip changes of nothing
	want int
	stop context.CancelFunc

	mu  sync.Mutex
	got []table.Change
}

func (c *collector) sink(_ context.Context, cs []table.Change) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ch := range cs {
		if ch.Key.PK == c.pk && !(c.noop && ch.Old.Equal(ch.New)) {
			c.got = append(c.got, ch)
		}
	}
	if len(c.got) >= c.want {
		c.stop()
	}
	return len(cs), nil
}

// collect feeds until there are n changes of the test's partition; wrap, where
// given, stands before the collecting sink.
func collect(t *testing.T, h Harness, consumer string, n int, wrap func(table.Sink) table.Sink) []table.Change {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := &collector{pk: t.Name(), noop: h.NoopChanges, want: n, stop: cancel}
	sink := table.Sink(c.sink)
	if wrap != nil {
		sink = wrap(sink)
	}
	if err := h.Feeder.Feed(ctx, feeding, consumer, sink); !errors.Is(err, context.Canceled) {
		t.Fatalf("the feed ended with %v after %d of %d changes", err, len(c.got), n)
	}
	return c.got
}

func feedPut(t *testing.T, h Harness, sk string, n int64) {
	t.Helper()
	mustDo(t, h.Table, table.Write{Table: feeding, Key: key(t, sk), Set: table.Item{"n": n}})
}

// state is a change's images, by their attribute n.
func state(c table.Change) string {
	return fmt.Sprintf("%s: %v → %v", c.Key.SK, c.Old["n"], c.New["n"])
}

func states(cs []table.Change) []string {
	var out []string
	for _, c := range cs {
		out = append(out, state(c))
	}
	return out
}

func everyChange(t *testing.T, h Harness) {
	k := key(t, "1")
	first := table.Item{"text": "x", "n": int64(1), "yes": true, "raw": []byte{0, 1}, "nothing": []byte{}, "empty": ""}
	mustDo(t, h.Table, table.Write{Table: feeding, Key: k, Set: first})
	mustDo(t, h.Table, table.Write{Kind: table.Update, Table: feeding, Key: k, Add: map[string]int64{"n": 1}})
	err := h.Table.Transact(t.Context(), []table.Write{
		{Kind: table.Delete, Table: feeding, Key: k},
		{Kind: table.Put, Table: feeding, Key: key(t, "2")},
	})
	if err != nil {
		t.Fatal(err)
	}
	second := first.Clone()
	second["n"] = int64(2)
	k2 := key(t, "2")
	want := []table.Change{
		{Table: feeding, Key: k, New: whole(k, first)},
		{Table: feeding, Key: k, Old: whole(k, first), New: whole(k, second)},
		{Table: feeding, Key: k, Old: whole(k, second)},
		{Table: feeding, Key: k2, New: whole(k2, table.Item{})},
	}
	got := collect(t, h, t.Name(), len(want), nil)
	slices.SortStableFunc(got, func(a, b table.Change) int { return cmpString(a.Key.SK, b.Key.SK) })
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(table.Change{}, "Seq")); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	seen := map[string]bool{}
	for _, c := range got {
		if c.Seq == "" || seen[c.Seq] {
			t.Errorf("sequence number %q is empty or not its own", c.Seq)
		}
		seen[c.Seq] = true
	}
}

func cmpString(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func noChange(t *testing.T, h Harness) {
	feedPut(t, h, "1", 1)
	wantErr(t, h.Table.Do(t.Context(), table.Write{
		Table: feeding, Key: key(t, "1"), Set: table.Item{"n": int64(9)}, If: []table.Test{{Attr: "n", Op: table.Absent}},
	}), table.ErrCondition)
	mustDo(t, h.Table, table.Write{Kind: table.Update, Table: feeding, Key: key(t, "1"), Set: table.Item{"n": int64(1)}})
	mustDo(t, h.Table, table.Write{Kind: table.Update, Table: feeding, Key: key(t, "1"), Add: map[string]int64{"n": 0}})
	mustDo(t, h.Table, table.Write{Kind: table.Delete, Table: feeding, Key: key(t, "never there")})
	wantErr(t, h.Table.Transact(t.Context(), []table.Write{
		{Table: feeding, Key: key(t, "2"), Set: table.Item{"n": int64(1)}},
		{Kind: table.Check, Table: feeding, Key: key(t, "1"), If: []table.Test{{Attr: "n", Op: table.Eq, Val: int64(7)}}},
	}), table.ErrCondition)
	feedPut(t, h, "1", 2)
	got := states(collect(t, h, t.Name(), 2, nil))
	if diff := cmp.Diff([]string{"1: <nil> → 1", "1: 1 → 2"}, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func keyOrder(t *testing.T, h Harness) {
	const keys, each = 8, 10
	var wg sync.WaitGroup
	defer wg.Wait()
	for k := range keys {
		wg.Go(func() {
			for i := range int64(each) {
				err := h.Table.Do(t.Context(), table.Write{Table: feeding, Key: key(t, fmt.Sprint(k)), Set: table.Item{"n": i}})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	got := collect(t, h, t.Name(), keys*each, nil)
	next := map[string]int64{}
	for _, c := range got {
		if c.New["n"] != next[c.Key.SK] {
			t.Errorf("%s, want → %d", state(c), next[c.Key.SK])
		}
		next[c.Key.SK]++
	}
}

// partly takes one change at a time and fails before every other one.
func partly(t *testing.T, h Harness) {
	const n = 6
	for i := range int64(n) {
		feedPut(t, h, "1", i)
	}
	calls := 0
	fails := func(inner table.Sink) table.Sink {
		return func(ctx context.Context, cs []table.Change) (int, error) {
			if i := slices.IndexFunc(cs, func(c table.Change) bool { return c.Key.PK == t.Name() }); i != 0 {
				if i < 0 {
					i = len(cs)
				}
				return inner(ctx, cs[:i]) // changes of other tests
			}
			calls++
			if calls%3 == 0 {
				return 0, errors.New("not now")
			}
			done, err := inner(ctx, cs[:1])
			if err == nil && calls%3 == 1 {
				err = errors.New("no more than one")
			}
			return done, err
		}
	}
	got := states(collect(t, h, t.Name(), n, fails))
	want := []string{"1: <nil> → 0", "1: 0 → 1", "1: 1 → 2", "1: 2 → 3", "1: 3 → 4", "1: 4 → 5"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func goesOn(t *testing.T, h Harness) {
	feedPut(t, h, "1", 1)
	feedPut(t, h, "1", 2)
	first := states(collect(t, h, t.Name(), 2, nil))
	feedPut(t, h, "1", 3)
	second := states(collect(t, h, t.Name(), 1, nil))
	want := [][]string{{"1: <nil> → 1", "1: 1 → 2"}, {"1: 2 → 3"}}
	if diff := cmp.Diff(want, [][]string{first, second}); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func apart(t *testing.T, h Harness) {
	// A consumer that is known keeps what it has not seen, however far another
	// one has come.
	feedPut(t, h, "1", 1)
	collect(t, h, t.Name()+"/slow", 1, nil)
	feedPut(t, h, "1", 2)
	collect(t, h, t.Name()+"/fast", 1, nil) // a new one need not see what all others have
	got := states(collect(t, h, t.Name()+"/slow", 1, nil))
	if diff := cmp.Diff([]string{"1: 1 → 2"}, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func shuffledFeed(t *testing.T, h Harness) {
	const keys, each = 5, 6
	for i := range int64(each) {
		for k := range keys {
			feedPut(t, h, fmt.Sprint(k), i)
		}
	}
	// Behind Shuffled changes may come twice, so the sink keeps the newest by
	// what it has seen of the key.
	latest := map[string]int64{}
	mixed := func(inner table.Sink) table.Sink {
		count := Shuffled(func(_ context.Context, cs []table.Change) (int, error) {
			for _, c := range cs {
				n, _ := c.New["n"].(int64)
				if c.Key.PK == t.Name() && n >= latest[c.Key.SK] {
					latest[c.Key.SK] = n
				}
			}
			return len(cs), nil
		}, 7)
		return func(ctx context.Context, cs []table.Change) (int, error) {
			if done, err := count(ctx, cs); err != nil {
				return done, err
			}
			return inner(ctx, cs)
		}
	}
	collect(t, h, t.Name(), keys*each, mixed)
	for k := range keys {
		if got := latest[fmt.Sprint(k)]; got != each-1 {
			t.Errorf("key %d ends with %d, want %d", k, got, each-1)
		}
	}
}

package tabletest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"weir/lib/table"
)

// writers is how many write at once.
const writers = 64

// concurrency tests that conditions hold under many writers.
func concurrency(t *testing.T, h Harness) {
	t.Run("a limit admits exactly what it allows", func(t *testing.T) {
		const each, limit, amount = 10, 480, 1
		k := key(t, "scope")
		var admitted atomic.Int64
		together(func(i int) {
			for j := range each {
				w := table.Write{
					Kind: table.Update, Table: items, Key: k,
					If: []table.Test{
						{Attr: "used", Op: table.Le, Val: int64(limit - amount), OrAbsent: true},
						{Attr: fmt.Sprintf("call-%d-%d", i, j), Op: table.Absent},
					},
					Add: map[string]int64{"used": amount},
				}
				switch err := retry(t.Context(), func() error { return h.Table.Do(t.Context(), w) }); {
				case err == nil:
					admitted.Add(amount)
				case !errors.Is(err, table.ErrCondition):
					t.Errorf("writer %d: %v, want nil or ErrCondition", i, err)
				}
			}
		})
		if got := admitted.Load(); got != limit {
			t.Errorf("admitted %d, want %d", got, limit)
		}
		wantItem(t, h.Table, k, table.Item{"used": int64(limit)})
	})
	t.Run("one of many puts wins", func(t *testing.T) {
		k := key(t, "lease")
		var won atomic.Int64
		together(func(i int) {
			err := retry(t.Context(), func() error {
				return h.Table.Do(t.Context(), table.Write{
					Kind: table.Put, Table: items, Key: k, Set: table.Item{"owner": int64(i)}, If: []table.Test{{Attr: table.PK, Op: table.Absent}},
				})
			})
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, table.ErrCondition) {
				t.Errorf("writer %d: %v, want nil or ErrCondition", i, err)
			}
		})
		if got := won.Load(); got != 1 {
			t.Errorf("%d puts won, want 1", got)
		}
	})
	t.Run("every addition counts, in transactions too", func(t *testing.T) {
		k := key(t, "sum")
		together(func(i int) {
			err := retry(t.Context(), func() error {
				return h.Table.Transact(t.Context(), []table.Write{
					{Kind: table.Put, Table: items, Key: key(t, fmt.Sprint("marker", i)), If: []table.Test{{Attr: table.PK, Op: table.Absent}}},
					{Kind: table.Update, Table: items, Key: k, Add: map[string]int64{"n": 2}},
				})
			})
			if err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
		wantItem(t, h.Table, k, table.Item{"n": int64(2 * writers)})
	})
	t.Run("each writer sees its own write", func(t *testing.T) {
		var seen sync.Map
		k := key(t, "tickets")
		together(func(i int) {
			it, err := h.Table.DoNew(t.Context(), table.Write{Kind: table.Update, Table: items, Key: k, Add: map[string]int64{"next": 1}})
			if err != nil {
				t.Errorf("writer %d: %v", i, err)
				return
			}
			if other, dup := seen.LoadOrStore(it["next"], i); dup {
				t.Errorf("writers %d and %v both got %v", i, other, it["next"])
			}
		})
	})
}

// together runs f for every writer at once.
func together(f func(i int)) {
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// retry repeats what did not happen because the store was busy.
func retry(ctx context.Context, f func() error) error {
	return table.Repeat(ctx, func(context.Context) error {
		err := f()
		if errors.Is(err, table.ErrUnknown) {
			return errors.New("tabletest: lost answer: " + err.Error()) // not to be repeated here
		}
		return err
	})
}

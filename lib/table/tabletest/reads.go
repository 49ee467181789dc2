package tabletest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/table"
)

// reads tests Get.
func reads(t *testing.T, h Harness) {
	t.Run("nothing there is no error", func(t *testing.T) {
		wantItem(t, h.Table, key(t, "1"), nil)
	})
	t.Run("a fresh read sees the write before", func(t *testing.T) {
		for i := range int64(20) {
			put(t, h.Table, key(t, "1"), table.Item{"n": i})
			wantItem(t, h.Table, key(t, "1"), table.Item{"n": i})
		}
	})
	t.Run("a read that is not fresh sees it some time", func(t *testing.T) {
		put(t, h.Table, key(t, "1"), table.Item{"n": int64(1)})
		eventually(t, func() string {
			got, err := h.Table.Get(t.Context(), items, key(t, "1"), false)
			if err != nil {
				t.Fatal(err)
			}
			return cmp.Diff(whole(key(t, "1"), table.Item{"n": int64(1)}), got)
		})
	})
	t.Run("items belong to the caller", func(t *testing.T) {
		k := key(t, "1")
		raw := []byte{1}
		put(t, h.Table, k, table.Item{"raw": raw, "n": int64(1)})
		raw[0] = 9
		got, err := h.Table.Get(t.Context(), items, k, true)
		if err != nil {
			t.Fatal(err)
		}
		if raw, ok := got["raw"].([]byte); ok {
			raw[0] = 8
		}
		got["n"] = "changed"
		wantItem(t, h.Table, k, table.Item{"raw": []byte{1}, "n": int64(1)})
	})
	t.Run("tables are apart", func(t *testing.T) {
		mustDo(t, h.Table, table.Write{Table: feeding, Key: key(t, "1"), Set: table.Item{"n": int64(1)}})
		wantItem(t, h.Table, key(t, "1"), nil)
	})
}

// timeToLive tests that expiry is a value to be compared and nothing else: an
// expired item may be there or not, and a write whose condition is about the
// value works in both cases.
func timeToLive(t *testing.T, h Harness) {
	now := time.Now().Unix()
	takeOver := []table.Test{{Attr: table.TTLAttr, Op: table.Lt, Val: now, OrAbsent: true}}
	t.Run("what has expired can be taken over", func(t *testing.T) {
		k := key(t, "1")
		put(t, h.Table, k, table.Item{table.TTLAttr: now - 3600, "owner": "a"})
		it, err := h.Table.Get(t.Context(), items, k, true)
		if err != nil || it != nil && it["owner"] != "a" {
			t.Fatalf("%v, %v, want the item or nothing", it, err)
		}
		w := table.Write{Kind: table.Update, Table: items, Key: k, Set: table.Item{table.TTLAttr: now + 3600, "owner": "b"}, If: takeOver}
		mustDo(t, h.Table, w)
		wantItem(t, h.Table, k, table.Item{table.TTLAttr: now + 3600, "owner": "b"})
		wantErr(t, h.Table.Do(t.Context(), w), table.ErrCondition)
	})
	t.Run("a time to live that is no number is none", func(t *testing.T) {
		put(t, h.Table, key(t, "1"), table.Item{table.TTLAttr: "soon"})
		wantItem(t, h.Table, key(t, "1"), table.Item{table.TTLAttr: "soon"})
	})
}

// contexts tests that a call whose context has ended does nothing and says so.
func contexts(t *testing.T, h Harness) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	k := key(t, "1")
	w := table.Write{Table: items, Key: k}
	_, getErr := h.Table.Get(ctx, items, k, true)
	_, newErr := h.Table.DoNew(ctx, w)
	_, queryErr := h.Table.Query(ctx, table.Query{Table: items, PK: k.PK})
	for name, err := range map[string]error{
		"Get": getErr, "Do": h.Table.Do(ctx, w), "DoNew": newErr, "Query": queryErr,
		"Transact": h.Table.Transact(ctx, []table.Write{w}),
	} {
		if !errors.Is(err, context.Canceled) || errors.Is(err, table.ErrUnknown) {
			t.Errorf("%s: %v, want the context's error alone", name, err)
		}
	}
	wantItem(t, h.Table, k, nil)
}

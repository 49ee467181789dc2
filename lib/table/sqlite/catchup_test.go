package sqlite_test

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/sqlite"
)

func TestCatchUpDeliversWhatIsLeftAndReturns(t *testing.T) {
	db, err := sqlite.Open(t.TempDir(), layout.All(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const rows = 250 // more than two batches
	for i := range rows {
		w := table.Write{Kind: table.Put, Table: layout.Ledger, Key: table.Key{PK: strconv.Itoa(i), SK: "call"}, Set: table.Item{"n": int64(i)}}
		if err := db.Do(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	got := 0
	take := func(_ context.Context, cs []table.Change) (int, error) {
		got += len(cs)
		return len(cs), nil
	}
	broken := errors.New("broken")
	fail := func(context.Context, []table.Change) (int, error) { return 1, broken }
	if err := db.CatchUp(t.Context(), layout.Ledger, "c", fail); !errors.Is(err, broken) {
		t.Errorf("a failing sink: %v, want its error", err)
	}
	if err := db.CatchUp(t.Context(), layout.Ledger, "c", take); err != nil || got != rows-1 {
		t.Errorf("%d changes, %v; want the %d that the failing sink left", got, err, rows-1)
	}
	if err := db.CatchUp(t.Context(), layout.Ledger, "c", take); err != nil || got != rows-1 {
		t.Errorf("again: %d changes, %v; want none more", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.CatchUp(ctx, layout.Ledger, "other", take); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
	if err := db.CatchUp(t.Context(), layout.State, "c", take); !errors.Is(err, table.ErrInvalid) {
		t.Errorf("a table without a feed: %v", err)
	}
}

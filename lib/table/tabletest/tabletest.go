// Package tabletest is the contract suite of the table port: what Table and
// Feeder promise, as subtests that every driver passes. It also holds what the
// suites of other packages use: a fresh SQLite store, a store that fails on
// purpose, and a feed that shuffles.
package tabletest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/table"
)

// Harness is an open, empty store.
type Harness struct {
	Table  table.Table
	Feeder table.Feeder
	// NoopChanges says that the feed also tells of writes that changed nothing,
	// as one emulator does; DynamoDB does not.
	NoopChanges bool
}

// Open opens an empty store of these tables and closes it when the test ends.
type Open func(t *testing.T, schemas []table.Schema) Harness

// Tables of the suite.
const (
	items   = "items" // no feed, so that emulators stay fast
	feeding = "feeding"
	byGroup = "by_group" // keys only
	byRank  = "by_rank"  // whole items
)

// Schemas returns the tables that the suite asks for.
func Schemas() []table.Schema {
	return []table.Schema{
		{Name: items, TTL: true, Indexes: []table.Index{
			{Name: byGroup, PK: "group_pk", SK: "group_sk"},
			{Name: byRank, PK: "rank_pk", SK: "rank_sk", Full: true},
		}},
		{Name: feeding, Feed: true},
	}
}

// Run tests the promises of the port on the stores that open returns. Each
// group of promises gets a store of its own; within one, tests use keys of
// their own.
func Run(t *testing.T, open Open) {
	groups := []struct {
		name string
		run  func(t *testing.T, h Harness)
	}{
		{"comparisons", comparisons},
		{"writes", writes},
		{"sums", sums},
		{"concurrent writers", concurrency},
		{"queries", queries},
		{"indexes", indexes},
		{"transactions", transactions},
		{"limits", limits},
		{"reads", reads},
		{"time to live", timeToLive},
		{"changes", changes},
		{"lost answers", lostAnswers},
		{"contexts", contexts},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) { g.run(t, open(t, Schemas())) })
	}
}

// key returns the key that a test has for itself.
func key(t *testing.T, sk string) table.Key { return table.Key{PK: t.Name(), SK: sk} }

func mustDo(t *testing.T, tb table.Table, w table.Write) {
	t.Helper()
	if err := tb.Do(t.Context(), w); err != nil {
		t.Fatal(err)
	}
}

// put stores an item.
func put(t *testing.T, tb table.Table, k table.Key, it table.Item) {
	t.Helper()
	mustDo(t, tb, table.Write{Kind: table.Put, Table: items, Key: k, Set: it})
}

// wantItem checks what is stored under k; pk and sk are added to want.
func wantItem(t *testing.T, tb table.Table, k table.Key, want table.Item) {
	t.Helper()
	got, err := tb.Get(t.Context(), items, k, true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole(k, want), got); diff != "" {
		t.Errorf("item %s/%s (-want +got):\n%s", k.PK, k.SK, diff)
	}
}

// whole adds the key to an item.
func whole(k table.Key, it table.Item) table.Item {
	if it == nil {
		return nil
	}
	it = it.Clone()
	it[table.PK], it[table.SK] = k.PK, k.SK
	return it
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// wantRefused checks that err lists exactly these refused writes.
func wantRefused(t *testing.T, err error, want ...table.Failed) {
	t.Helper()
	var cond *table.ConditionError
	if !errors.As(err, &cond) || !errors.Is(err, table.ErrCondition) {
		t.Errorf("error %v, want a *ConditionError", err)
		return
	}
	if diff := cmp.Diff(want, cond.Failed); diff != "" {
		t.Errorf("refused writes (-want +got):\n%s", diff)
	}
}

// KindOf returns the name of the port's error in err: "ok" where there is
// none, and the text of what is not of the port.
func KindOf(err error) string {
	if err == nil {
		return "ok"
	}
	for _, k := range []struct {
		name string
		err  error
	}{
		{"condition", table.ErrCondition},
		{"conflict", table.ErrConflict},
		{"throttled", table.ErrThrottled},
		{"unknown", table.ErrUnknown},
		{"too large", table.ErrTooLarge},
		{"overflow", table.ErrOverflow},
		{"invalid", table.ErrInvalid},
	} {
		if errors.Is(err, k.err) {
			return k.name
		}
	}
	return fmt.Sprintf("not of the port: %v", err)
}

// patience bounds waits for what comes in its own time.
const patience = 30 * time.Second

// eventually calls f until it returns nothing to complain about: indexes and
// feeds may lag.
func eventually(t *testing.T, f func() (complaint string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		complaint := f()
		if complaint == "" {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("still after %v: %s", patience, complaint)
		}
	}
}

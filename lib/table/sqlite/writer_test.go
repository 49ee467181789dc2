package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"weir/lib/table"
)

var testSchemas = []table.Schema{
	{Name: "items", Feed: true, TTL: true, Indexes: []table.Index{{Name: "by_team", PK: "team", SK: "at"}}},
	{Name: "others"},
}

func openTest(t *testing.T, dir string, o Options) *DB {
	t.Helper()
	db, err := Open(dir, testSchemas, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func put(pk string) table.Write {
	return table.Write{Table: "items", Key: table.Key{PK: pk, SK: "x"}, Set: table.Item{"n": int64(1)}}
}

func wantThere(t *testing.T, db *DB, pk string, want bool) {
	t.Helper()
	it, err := db.Get(t.Context(), "items", table.Key{PK: pk, SK: "x"}, true)
	if err != nil || (it != nil) != want {
		t.Errorf("item %s is %v, %v, want it there: %v", pk, it, err, want)
	}
}

// lock takes the file's write lock as another process would.
func lock(t *testing.T, dir string) (unlock func()) {
	t.Helper()
	c, err := openConn("file:" + dir + "/" + fileName)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.once("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		if err := errors.Join(c.once("ROLLBACK"), c.close()); err != nil {
			t.Error(err)
		}
	})
}

// waitQueue waits until n calls wait for the writer.
func waitQueue(t *testing.T, db *DB, n int) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		db.writer.mu.Lock()
		got := len(db.writer.queue)
		db.writer.mu.Unlock()
		if got == n {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%d calls wait for the writer, want %d", got, n)
		case <-time.After(time.Millisecond):
		}
	}
}

func TestLockedByAnotherProcessIsThrottled(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir, Options{LockWait: 20 * time.Millisecond})
	unlock := lock(t, dir)
	if err := db.Do(t.Context(), put("a")); !errors.Is(err, table.ErrThrottled) {
		t.Errorf("write: %v, want ErrThrottled", err)
	}
	if err := db.Transact(t.Context(), []table.Write{put("a")}); !errors.Is(err, table.ErrThrottled) {
		t.Errorf("transaction: %v, want ErrThrottled", err)
	}
	wantThere(t, db, "a", false) // and reads go on
	unlock()
	if err := db.Do(t.Context(), put("a")); err != nil {
		t.Error(err)
	}
}

func TestContextEndsTheWaitForTheLock(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir, Options{})
	unlock := lock(t, dir)
	defer unlock()
	// The first to write leads and asks for the lock, the others queue behind.
	type call struct {
		cancel context.CancelFunc
		done   chan error
	}
	calls := make([]call, 4)
	for i := range calls {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		calls[i] = call{cancel, make(chan error, 1)}
		go func() { calls[i].done <- db.Do(ctx, put(fmt.Sprint(i))) }()
		waitQueue(t, db, i+1)
	}
	for left, i := range []int{2, 0} { // one who waits, and the leader
		calls[i].cancel()
		if err := <-calls[i].done; !errors.Is(err, context.Canceled) || errors.Is(err, table.ErrUnknown) {
			t.Errorf("call %d: %v, want the context's error alone", i, err)
		}
		waitQueue(t, db, 3-left)
	}
	unlock()
	for _, i := range []int{1, 3} {
		if err := <-calls[i].done; err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	for i := range calls {
		wantThere(t, db, fmt.Sprint(i), i%2 == 1)
	}
}

func TestGroupsKeepCallsApart(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir, Options{})
	unlock := lock(t, dir)
	// All of these wait for one lock, so they are written as groups.
	const n = 3 * maxGroup / 2
	done := make([]chan error, n)
	for i := range done {
		done[i] = make(chan error, 1)
		go func() {
			w := put(fmt.Sprint(i))
			if i%3 == 0 {
				w.If = []table.Test{{Attr: "n", Op: table.Exists}} // is refused
			}
			done[i] <- db.Do(t.Context(), w)
		}()
	}
	waitQueue(t, db, n)
	unlock()
	for i := range done {
		err := <-done[i]
		if refused := i%3 == 0; refused != errors.Is(err, table.ErrCondition) || !refused && err != nil {
			t.Errorf("call %d: %v", i, err)
		}
		wantThere(t, db, fmt.Sprint(i), i%3 != 0)
	}
}

func TestFullDiskUndoesTheGroup(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	if err := db.Do(t.Context(), put("before")); err != nil {
		t.Fatal(err)
	}
	// The engine's own bound on pages stands for the disk's end.
	if err := db.writer.c.once("PRAGMA max_page_count = 1"); err != nil {
		t.Fatal(err)
	}
	w := put("big")
	w.Set = table.Item{"text": string(make([]byte, 300<<10))}
	err := db.Transact(t.Context(), []table.Write{put("small"), w})
	if !errors.Is(err, table.ErrThrottled) {
		t.Errorf("%v, want ErrThrottled: nothing happened", err)
	}
	wantThere(t, db, "small", false)
	wantThere(t, db, "big", false)
	wantThere(t, db, "before", true)
	if err := db.writer.c.once("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	if err := db.Do(t.Context(), w); err != nil {
		t.Error(err)
	}
}

// clock is a time that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// feedUntil feeds a consumer until it has n changes.
func feedUntil(t *testing.T, db *DB, consumer string, n int) []table.Change {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var got []table.Change
	err := db.Feed(ctx, "items", consumer, func(_ context.Context, cs []table.Change) (int, error) {
		if got = append(got, cs...); len(got) >= n {
			cancel()
		}
		return len(cs), nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("feed of %s: %v after %d changes, want %d", consumer, err, len(got), n)
	}
	return got
}

func kept(t *testing.T, db *DB) int {
	t.Helper()
	var n []string
	err := db.read(t.Context(), func(c *conn) error {
		var err error
		n, err = c.strings(`SELECT pk FROM "c:items"`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(n)
}

func TestChangesAreTrimmed(t *testing.T) {
	dir := t.TempDir()
	now := &clock{now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	db := openTest(t, dir, Options{Now: now.Now})
	do := func(pks ...string) {
		t.Helper()
		for _, pk := range pks {
			if err := db.Do(t.Context(), put(pk)); err != nil {
				t.Fatal(err)
			}
		}
	}
	wantKept := func(want int) {
		t.Helper()
		if got := kept(t, db); got != want {
			t.Errorf("%d changes kept, want %d", got, want)
		}
	}
	do("a")
	feedUntil(t, db, "fast", 1)
	wantKept(0) // nobody else is known
	do("b")
	feedUntil(t, db, "slow", 1)
	do("c")
	feedUntil(t, db, "fast", 2)
	wantKept(1) // for the slow one
	now.add(23 * time.Hour)
	do("d")
	feedUntil(t, db, "fast", 1)
	wantKept(2)
	now.add(2 * time.Hour)
	do("e")
	feedUntil(t, db, "fast", 1)
	wantKept(2) // c is gone: 25 hours old
	if got := feedUntil(t, db, "slow", 2); got[0].Key.PK != "d" || got[1].Key.PK != "e" {
		t.Errorf("the slow consumer gets %v, want d and e", got)
	}
	do("f")
	now.add(25 * time.Hour)
	openTest(t, dir, Options{Now: now.Now})
	wantKept(0) // opening drops what is too old, too
}

func TestExpiredItemsGo(t *testing.T) {
	now := &clock{now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	db := openTest(t, t.TempDir(), Options{Now: now.Now})
	for pk, ttl := range map[string]any{
		"old": now.Now().Add(-time.Second).Unix(), "young": now.Now().Add(5 * time.Hour).Unix(), "never": "text",
	} {
		w := put(pk)
		w.Set = table.Item{table.TTLAttr: ttl}
		if err := db.Do(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	feedUntil(t, db, "all", 3)
	now.add(2 * time.Hour)
	if err := db.Do(t.Context(), put("trigger")); err != nil {
		t.Fatal(err)
	}
	wantThere(t, db, "old", false)
	wantThere(t, db, "young", true)
	wantThere(t, db, "never", true)
	got := feedUntil(t, db, "all", 2)
	if !got[1].Expired || got[1].Key.PK != "old" || got[1].New != nil || got[1].Old == nil {
		t.Errorf("the change is %+v, want one that says expired", got[1])
	}
	if got[0].Expired {
		t.Errorf("the change %+v says expired", got[0])
	}
}

func TestDamagedItemIsAnError(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	if err := db.Do(t.Context(), put("a")); err != nil {
		t.Fatal(err)
	}
	if err := db.writer.c.once(`UPDATE "t:items" SET item = x'01ff'`); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Get(t.Context(), "items", table.Key{PK: "a", SK: "x"}, true); !errors.Is(err, table.ErrUnknown) {
		t.Errorf("Get: %v, want ErrUnknown", err)
	}
	if err := db.writer.c.once(`UPDATE "c:items" SET new = x'01ff'`); err != nil {
		t.Fatal(err)
	}
	err := db.Feed(t.Context(), "items", "x", func(context.Context, []table.Change) (int, error) { return 1, nil })
	if !errors.Is(err, errItem) {
		t.Errorf("Feed: %v, want an end that says why", err)
	}
}

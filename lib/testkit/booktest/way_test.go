package booktest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/accounting/reaper"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/sqlite"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// follow feeds a sink until ctx ends.
func follow(ctx context.Context, t *testing.T, feed table.Feeder, consumer string, sink table.Sink) {
	t.Helper()
	if err := feed.Feed(ctx, layout.Ledger, consumer, sink); !errors.Is(err, context.Canceled) {
		t.Errorf("the feed ended with %v", err)
	}
}

// work feeds a sink until over says that it is enough, or ctx ends.
func work(ctx context.Context, t *testing.T, feed table.Feeder, sink table.Sink, over func() bool) {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	var feeding sync.WaitGroup
	feeding.Go(func() { follow(ctx, t, feed, "publisher", sink) })
	defer feeding.Wait()
	defer stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(60 * time.Second)
	for !over() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		case <-late:
			t.Fatal("rows are not booked, and nothing happens any more")
		}
	}
}

// A process is killed before each of its steps in turn, from the reaper's first
// look to the feed's memory of the last batch, and another goes on: every call
// is in its cells, once.
func TestKilledAnywhereOnTheWay(t *testing.T) {
	t.Parallel()
	drivers.EachFed(t, func(t *testing.T, tb table.Table, feed table.Feeder) {
		for n := int64(0); ; n++ {
			killed := killedBefore(t, tb, feed, n)
			if t.Failed() {
				t.Fatalf("killed after %d steps", n)
			}
			if !killed {
				if t.Logf("the way has %d steps", n); n < 20 {
					t.Error("too few to show anything")
				}
				return
			}
		}
	})
}

func killedBefore(t *testing.T, tb table.Table, feed table.Feeder, step int64) (killed bool) {
	t.Helper()
	clock := &hands{}
	clock.set(newYear.Add(12 * time.Minute)) // after all deadlines
	l, team := ledger.New(tb), fmt.Sprintf("team-%d", step)
	makeCalls(t, l, team, ends)
	over := func() bool { return done(t, tb, rowsOf(t, l, team, ends)) }

	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	m := &mortal{Table: tb, kill: kill}
	m.lives.Store(step)
	o := newOffice(m, clock.now)
	if _, err := o.reaper.Pass(ctx); err == nil {
		work(ctx, t, feed, m.remembers(o.sink), over)
	}
	killed = m.lives.Load() < 0

	o = newOffice(tb, clock.now)
	if _, err := o.reaper.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	work(t.Context(), t, feed, o.sink, over)
	wantTeams(t, tb, ends, team)
	return killed
}

// Four processes at once, each with a publisher, an aggregator and a reaper, on
// a store that fails again and again, whose changes are mixed, come twice or
// are lost, by clocks that are apart and jump back; while calls begin and end,
// some of them after they were given up.
func TestFourOfEverything(t *testing.T) {
	t.Parallel()
	const processes, calls = 4, 5 * ends
	drivers.EachFed(t, func(t *testing.T, tb table.Table, feed table.Feeder) {
		seed := chosenSeed(t)
		clock := &hands{}
		clock.set(newYear)
		ctx, stop := context.WithCancel(t.Context())
		var making, working sync.WaitGroup
		defer working.Wait()
		defer stop()
		var teams []string
		for i := range processes {
			team := fmt.Sprintf("team-%d", i)
			teams = append(teams, team)
			making.Go(func() { live(t, ledger.New(tb), team, calls, seed) })

			apart := func() time.Time { return clock.now().Add(time.Duration(i) * 3 * time.Minute) }
			o := newOffice(tabletest.NewFaulty(tb, tabletest.Often(seed+uint64(i), 0.1)), apart)
			sink := tabletest.Shuffled(forgets(o.sink, rand.New(rand.NewPCG(seed, uint64(i)))), seed+uint64(i))
			working.Go(func() { follow(ctx, t, feed, fmt.Sprintf("publisher-%d", i), sink) })
			working.Go(func() { reap(ctx, t, o.reaper) })
		}
		for round := range 15 { // while calls are made
			move(clock, round)
		}
		making.Wait()
		for round := 0; unfinished(t, tb, calls, teams) > 0; round++ {
			if round > 3000 {
				t.Fatalf("%d of %d teams are not booked", unfinished(t, tb, calls, teams), len(teams))
			}
			move(clock, round)
		}
		stop()
		working.Wait()
		wantTeams(t, tb, calls, teams...)
	})
}

// move moves a clock on by more than the reaper's patience, and each fourth
// time back.
func move(clock *hands, round int) {
	step := reaper.Quiet + time.Minute
	if round%4 == 3 {
		step = -10 * time.Minute
	}
	clock.set(clock.now().Add(step))
	<-time.After(10 * time.Millisecond)
}

// reap passes over the rows that are due until ctx ends.
func reap(ctx context.Context, t *testing.T, r *reaper.Reaper) {
	t.Helper()
	for ctx.Err() == nil {
		if _, err := r.Pass(ctx); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		<-time.After(3 * time.Millisecond)
	}
}

// live lets calls of a team begin and end, some at the same time.
func live(t *testing.T, l *ledger.Ledger, team string, calls int, seed uint64) {
	t.Helper()
	var ending sync.WaitGroup
	defer ending.Wait()
	for n := range calls {
		r, err := begin(t.Context(), l, team, n)
		if err != nil {
			t.Error(err)
			return
		}
		dice := rand.New(rand.NewPCG(seed, uint64(n)))
		ending.Go(func() {
			<-time.After(time.Duration(dice.IntN(100)) * time.Millisecond)
			if err := end(t.Context(), l, r, n); err != nil {
				t.Errorf("call %d: %v", n, err)
			}
		})
	}
}

// unfinished is how many teams have rows that are not booked.
func unfinished(t *testing.T, tb table.Table, calls int, teams []string) (n int) {
	t.Helper()
	for _, team := range teams {
		if !done(t, tb, rowsOf(t, ledger.New(tb), team, calls)) {
			n++
		}
	}
	return n
}

// forgets loses every third change.
func forgets(s table.Sink, dice *rand.Rand) table.Sink {
	var mu sync.Mutex
	return func(ctx context.Context, cs []table.Change) (int, error) {
		mu.Lock()
		kept := slices.DeleteFunc(slices.Clone(cs), func(table.Change) bool { return dice.IntN(3) == 0 })
		mu.Unlock()
		if _, err := s(ctx, kept); err != nil {
			return 0, err
		}
		return len(cs), nil
	}
}

// A program that is away for two days finds none of the changes that it
// missed: they were kept for one. Its reaper asks for the rows again.
func TestAwayForTwoDays(t *testing.T) {
	t.Parallel()
	clock, dir := &hands{}, t.TempDir()
	clock.set(newYear)
	open := func() *sqlite.DB {
		db, err := sqlite.Open(dir, layout.All(), sqlite.Options{Now: clock.now})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	closed := func(db *sqlite.DB) {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	db := open()
	makeCalls(t, ledger.New(db), "search", 4*ends)
	closed(db)

	clock.set(newYear.Add(48 * time.Hour))
	db = open()
	defer closed(db)
	o := newOffice(db, clock.now)
	catchUp := func(want int64) {
		t.Helper()
		if err := db.CatchUp(t.Context(), layout.Ledger, "publisher", o.sink); err != nil {
			t.Fatal(err)
		}
		if got := o.booker.Stats().Booked; got != want {
			t.Errorf("%d rows are booked, want %d", got, want)
		}
	}
	catchUp(0)
	got, err := o.reaper.Pass(t.Context())
	const dead, corrections = 4, 4
	const over = 4*ends + corrections - dead
	if err != nil || got.Abandoned != dead || got.Emitted != over {
		t.Fatalf("the reaper did %+v, %v, want %d given up and %d asked for again", got, err, dead, over)
	}
	catchUp(over + dead)
	wantTeams(t, db, 4*ends, "search")
	if got, err := o.reaper.Pass(t.Context()); err != nil || got != (reaper.Report{}) {
		t.Errorf("and then the reaper finds %+v, %v", got, err)
	}
}

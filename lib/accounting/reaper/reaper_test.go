package reaper_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/accounting/reaper"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest/drivers"
)

const minute = time.Minute

// TestPass: what becomes of each kind of row, at the time at which it does.
func TestPass(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		w := newWorld(t, tb, tb)
		none := reaper.Report{}
		dead := w.open(noon)
		lost := w.settle(w.open(noon))
		booked := w.book(w.settle(w.open(noon)), false)
		done := w.book(w.settle(w.open(noon)), true)
		refused := w.open(noon)
		if err := w.ledger.Refuse(t.Context(), refused, "over_budget", noon.Add(3*time.Second)); err != nil {
			t.Fatal(err)
		}
		running := w.open(noon.Add(10 * minute))

		w.pass(noon.Add(11*minute), none) // not past the deadline, but at it
		w.pass(noon.Add(11*minute+time.Millisecond), reaper.Report{Abandoned: 1, TakenOut: 1, Waiting: 2})
		if r := w.row(dead); r.Outcome != fault.OutcomeAbandoned || r.State != ledger.Settled || r.Cost != 0 || r.UsageSource != ledger.UsageNone ||
			!r.SettledAt.Equal(noon.Add(11*minute+time.Millisecond)) {
			t.Errorf("the dead call's row is %+v", r)
		}
		if w.live(booked) || w.live(done) || !w.live(dead) || !w.live(lost) {
			t.Errorf("in the index: booked %v, done %v, dead %v, lost %v", w.live(booked), w.live(done), w.live(dead), w.live(lost))
		}
		if !strings.Contains(w.log.String(), "call_id="+dead) {
			t.Errorf("the log does not tell of the dead call:\n%s", w.log)
		}

		w.pass(noon.Add(15*minute), reaper.Report{Waiting: 3})
		w.pass(noon.Add(15*minute+3*time.Second), reaper.Report{Emitted: 2, Waiting: 1}) // lost, refused
		for _, id := range []string{lost, refused} {
			if r := w.row(id); r.Emit != 1 || !r.EmittedAt.Equal(noon.Add(15*minute+3*time.Second)) {
				t.Errorf("%s was asked for %d times, at %v", id, r.Emit, r.EmittedAt)
			}
		}
		w.pass(noon.Add(20*minute), reaper.Report{Waiting: 1})
		w.book(dead, true)
		w.book(refused, false)
		w.pass(noon.Add(22*minute), reaper.Report{Abandoned: 1}) // running
		w.pass(noon.Add(31*minute), reaper.Report{Emitted: 1, TakenOut: 1, Waiting: 1})
		if r := w.row(lost); r.Emit != 2 {
			t.Errorf("it was asked for %d times, want twice", r.Emit)
		}
		w.book(lost, true)
		w.book(running, true)
		w.pass(noon.Add(48*time.Hour), none)
		for _, id := range []string{dead, lost, booked, done, refused, running} {
			if w.live(id) {
				t.Errorf("%s is still in the index", id)
			}
		}
	})
}

// TestAClockThatJumpsBack delays, and never does anything early.
func TestAClockThatJumpsBack(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		w := newWorld(t, tb, tb)
		open, lost := w.open(noon.Add(24*time.Hour)), w.settle(w.open(noon))
		w.pass(noon.Add(24*time.Hour), reaper.Report{Emitted: 1})
		for _, at := range []time.Duration{23 * time.Hour, time.Hour, 12 * minute, -48 * time.Hour, 24*time.Hour + 10*minute} {
			w.pass(noon.Add(at), reaper.Report{})
		}
		if r := w.row(open); r.State != ledger.Open {
			t.Errorf("the call in time is %s", r.State)
		}
		if r := w.row(lost); r.Emit != 1 {
			t.Errorf("it was asked for %d times", r.Emit)
		}
		w.pass(noon.Add(24*time.Hour+16*minute), reaper.Report{Emitted: 1, Abandoned: 1})
	})
}

// TestRowsThatCannotBeReaped are told of, put off, and stand in nobody's way.
func TestRowsThatCannotBeReaped(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		for name, tc := range map[string]struct {
			set  table.Item
			book bool
			open bool
			want reaper.Report
			log  string
		}{
			"a newer version, open":                {set: table.Item{"v": int64(2)}, open: true, want: reaper.Report{PutOff: 1}, log: "version 2"},
			"a newer version, closed":              {set: table.Item{"v": int64(2)}, want: reaper.Report{Emitted: 1}},
			"a newer version, booked":              {set: table.Item{"v": int64(2)}, book: true, want: reaper.Report{TakenOut: 1}},
			"a figure that is a text":              {set: table.Item{"output": "many"}, want: reaper.Report{Emitted: 1}},
			"no state":                             {set: table.Item{"state": nil}, want: reaper.Report{PutOff: 1}, log: "state"},
			"an unknown state":                     {set: table.Item{"state": "gone"}, want: reaper.Report{Emitted: 1}},
			"a count that is a text":               {set: table.Item{"emit": "x"}, want: reaper.Report{PutOff: 1}, log: "attribute emit"},
			"a limit that waits":                   {set: table.Item{"released": nil}, want: reaper.Report{PutOff: 1}, log: "waits for an answer"},
			"a limit that waits, and it is booked": {set: table.Item{"released": nil}, book: true, want: reaper.Report{PutOff: 1}, log: "waits for an answer"},
			"a count that is full":                 {set: table.Item{"emit": int64(1<<63 - 1)}, want: reaper.Report{PutOff: 1, Failed: 1}, log: "out of range"},
		} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, tb, tb)
				id := w.openAs("odd-"+strings.ReplaceAll(name, " ", "-"), noon)
				if !tc.open {
					w.settle(id)
				}
				if tc.book {
					w.book(id, false)
				}
				w.edit(id, tc.set)
				at := noon.Add(16 * minute)
				if tc.want.Failed > 0 {
					w.clock.set(at)
					got, err := w.reaper.Pass(t.Context())
					if got.Looked = 0; got != tc.want || err == nil || !strings.Contains(err.Error(), id) {
						t.Errorf("%+v, %v", got, err)
					}
				} else {
					w.pass(at, tc.want)
				}
				if !strings.Contains(w.log.String(), tc.log) {
					t.Errorf("no %q in the log:\n%s", tc.log, w.log)
				}
				w.pass(at.Add(reaper.Quiet-time.Millisecond), reaper.Report{}) // its place is later
				if !w.live(id) {
					return
				}
				if got, want := w.item(id)["live_sk"], layout.LiveSK(at.Add(reaper.Quiet), id); got != want {
					t.Errorf("it is due at %v, want %v", got, want)
				}
				w.edit(id, table.Item{"live_pk": nil})
			})
		}
	})
}

// inShard makes n ids of one shard.
func inShard(shard, n int) (ids []string) {
	for i := 0; len(ids) < n; i++ {
		if id := fmt.Sprintf("s-%06d", i); layout.Shard(id) == shard {
			ids = append(ids, id)
		}
	}
	return ids
}

// TestAPassHasABound, and what it leaves comes next, also behind rows that
// nothing can be done about.
func TestAPassHasABound(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		w := newWorld(t, tb, tb)
		const n = 230
		ids := inShard(5, n)
		var fill sync.WaitGroup
		for part := range 8 {
			fill.Go(func() {
				for i := part; i < n; i += 8 {
					w.openAs(ids[i], noon.Add(time.Duration(i)*time.Millisecond))
					if i < 220 {
						w.edit(ids[i], table.Item{"v": int64(2)}) // a newer program's, and open
					}
				}
			})
		}
		fill.Wait()
		w.clock.set(noon.Add(12 * minute))
		var sum reaper.Report
		for range 100 {
			got, err := w.reaper.Pass(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.Looked > 200 || got.More && got.Looked < 200 {
				t.Errorf("looked at %d rows of a shard, more %v", got.Looked, got.More)
			}
			sum.PutOff += got.PutOff
			sum.Abandoned += got.Abandoned
			if sum.More = sum.More || got.More; sum.Abandoned == 10 {
				break
			}
		}
		if want := (reaper.Report{PutOff: 220, Abandoned: 10, More: true}); sum != want {
			t.Errorf("in all %+v, want %+v", sum, want)
		}
		w.pass(noon.Add(13*minute), reaper.Report{Waiting: 10}) // closed, and not yet booked
	})
}

// TestAllShards: no shard is forgotten.
func TestAllShards(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		w := newWorld(t, tb, tb)
		for shard := range layout.Shards {
			w.openAs(inShard(shard, 1)[0], noon)
		}
		w.pass(noon.Add(12*minute), reaper.Report{Abandoned: 16, Waiting: 16})
	})
}

// TestManyReapers at once, beside calls that settle late: each step is done
// once, and no figure is lost.
func TestManyReapers(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		w := newWorld(t, tb, tb)
		const reapers, rows = 6, 48
		var ids []string
		for i := range rows {
			id := w.open(noon)
			if i%3 == 0 {
				w.settle(id)
			}
			if i%6 == 0 {
				w.book(id, false)
			}
			ids = append(ids, id)
		}
		reports := make([]reaper.Report, reapers)
		var all sync.WaitGroup
		for i := range reapers {
			all.Go(func() {
				at := noon.Add(20*minute + time.Duration(i)*time.Millisecond)
				r := newWorld(t, tb, tb)
				r.clock.set(at)
				for range 6 { // the index may lag
					got, err := r.reaper.Pass(t.Context())
					if err != nil {
						t.Error(err)
					}
					reports[i].Abandoned += got.Abandoned
					reports[i].Emitted += got.Emitted
				}
			})
		}
		all.Go(func() {
			for i, id := range ids {
				if i%3 == 1 { // a call that was thought dead
					if err := w.ledger.Settle(t.Context(), id, answered); err != nil {
						t.Error(err)
					}
				}
			}
		})
		all.Wait()
		var sum reaper.Report
		for _, r := range reports {
			sum.Abandoned += r.Abandoned
			sum.Emitted += r.Emitted
		}
		abandoned, cost := 0, int64(0)
		for i, id := range ids {
			r := w.row(id)
			cost += int64(r.Cost)
			switch {
			case r.Outcome == fault.OutcomeAbandoned:
				abandoned++
				c, ok, err := w.ledger.Get(t.Context(), id+"~1")
				if err != nil || ok != (i%3 == 1) {
					t.Errorf("correction of %s: %v, %v", id, ok, err)
				}
				cost += int64(c.Cost)
			case i%3 == 2:
				t.Errorf("the dead call %s is %s, %s", id, r.State, r.Outcome)
			case i%6 == 3 && r.Emit != 1:
				t.Errorf("%s was asked for %d times", id, r.Emit)
			case i%6 == 0 && w.live(id):
				t.Errorf("%s is booked and in the index", id)
			}
		}
		if want := int64(rows / 3 * 2 * 7); cost != want {
			t.Errorf("rows and corrections cost %d, want %d", cost, want)
		}
		if sum.Abandoned != abandoned {
			t.Errorf("%d rows were abandoned, and %d reported", abandoned, sum.Abandoned)
		}
		if want := rows / 6; sum.Emitted < want {
			t.Errorf("%d rows were asked for again, want %d", sum.Emitted, want)
		}
	})
}

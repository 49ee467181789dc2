package publisher_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/events"
	"weir/lib/accounting/ledger"
	"weir/lib/accounting/publisher"
	"weir/lib/bus"
	"weir/lib/bus/letters"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

const patience = 60 * time.Second

// listener is a bus that fails as it likes and tells when it has all that it
// waits for.
type listener struct {
	fails float64 // how often it does not take an event

	mu   sync.Mutex
	rnd  *rand.Rand
	want map[string]bool // still missing: id, and "#n" behind it where it was asked for again
	got  map[string]int
	all  context.CancelFunc
}

func (l *listener) Publish(_ context.Context, es []bus.Event) (failed []bus.Failure, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	down := l.rnd.Float64() < l.fails/4
	for i, e := range es {
		u, err := events.DecodeUsageRecordedV1(e.Detail)
		if err != nil {
			return nil, err
		}
		if l.rnd.Float64() < l.fails {
			failed = append(failed, bus.Failure{Index: i, Err: errors.New("busy on purpose")})
			continue
		}
		id := u.CallID
		if u.Emit > 0 {
			id = fmt.Sprintf("%s#%d", id, u.Emit)
		}
		l.got[id]++ // also where the answer is lost below
		delete(l.want, id)
	}
	if len(l.want) == 0 {
		l.all()
	}
	if down {
		return nil, errors.New("no answer, on purpose")
	}
	return failed, nil
}

// listen feeds a publisher until the bus has taken an event of each id, and
// returns all that it took.
func listen(t *testing.T, feed table.Feeder, box bus.DeadLetters, fails float64, wrap func(table.Sink) table.Sink, ids ...string) map[string]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	l := &listener{fails: fails, rnd: rand.New(rand.NewPCG(1, 2)), want: map[string]bool{}, got: map[string]int{}, all: cancel}
	for _, id := range ids {
		l.want[id] = true
	}
	p := publisher.New(l, box, time.Now, logger(t))
	if err := feed.Feed(ctx, layout.Ledger, "publisher", wrap(p.Take)); !errors.Is(err, context.Canceled) {
		t.Fatalf("the feed ended with %v; missing are %v", err, l.want)
	}
	return l.got
}

func plainly(s table.Sink) table.Sink { return s }

// call opens the n-th row.
func call(t *testing.T, l *ledger.Ledger, n int) string {
	t.Helper()
	at := noon.Add(time.Duration(n) * time.Second)
	r := ledger.Row{
		CallID: fmt.Sprintf("call-%03d", n), State: ledger.Open, Team: "search", App: "web", Op: "chat",
		StartedAt: at, Day: "2026-11-22", Deadline: at.Add(11 * time.Minute),
	}
	if err := l.Open(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r.CallID
}

// mixed makes n calls of every end and returns the ids of the rows that must be
// told of. One in six stays open.
func mixed(t *testing.T, l *ledger.Ledger, from, n int) (told []string) {
	t.Helper()
	late := noon.Add(time.Hour)
	ok := ledger.Settlement{Outcome: fault.OutcomeOK, UsageSource: ledger.UsageProvider, Cost: 7, SettledAt: noon}
	for i := from; i < from+n; i++ {
		id := call(t, l, i)
		var err error
		switch i % 6 {
		case 0:
			continue
		case 1:
			err = l.Refuse(t.Context(), id, "over_budget", noon)
		case 2:
			_, err = l.Abandon(t.Context(), id, late)
		case 3:
			if _, err = l.Abandon(t.Context(), id, late); err == nil {
				err = l.Settle(t.Context(), id, ok)
				told = append(told, id+"~1")
			}
		default:
			err = l.Settle(t.Context(), id, ok)
		}
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, id)
	}
	return told
}

// TestEveryClosedRowIsToldOf: in whatever order changes come, however often,
// and whatever the bus and the box of letters do.
func TestEveryClosedRowIsToldOf(t *testing.T) {
	for name, tc := range map[string]struct {
		fails float64
		wrap  func(table.Sink) table.Sink
	}{
		"in good times":              {wrap: plainly},
		"twice and shuffled":         {wrap: func(s table.Sink) table.Sink { return tabletest.Shuffled(s, 7) }},
		"with a bus in trouble":      {fails: 0.3, wrap: plainly},
		"shuffled, a bus in trouble": {fails: 0.3, wrap: func(s table.Sink) table.Sink { return tabletest.Shuffled(s, 8) }},
		"a sink that forgets":        {wrap: forgetful},
	} {
		t.Run(name, func(t *testing.T) {
			drivers.EachFed(t, func(t *testing.T, tb table.Table, feed table.Feeder) {
				l := ledger.New(tb)
				told := mixed(t, l, 0, 30)
				unread := call(t, l, 40)
				edit(t, tb, unread, table.Item{"v": int64(2), "state": "settled"})
				told = append(told, mixed(t, l, 50, 30)...)
				again := told[3]
				if done, err := l.EmitAgain(t.Context(), again, noon.Add(2*time.Hour), time.Minute); !done || err != nil {
					t.Fatal(done, err)
				}
				told = append(told, again+"#1")

				box := letters.New(tabletest.NewFaulty(tb, tabletest.Often(5, tc.fails)))
				got := listen(t, feed, box, tc.fails, tc.wrap, told...)
				var ids []string
				for id := range got {
					ids = append(ids, id)
				}
				slices.Sort(ids)
				slices.Sort(told)
				if diff := cmp.Diff(told, ids); diff != "" {
					t.Errorf("told of (-want +got):\n%s", diff)
				}
				wantLetter(t, tb, unread)
			})
		})
	}
}

// forgetful takes a batch, and says of half of it that it was not taken.
func forgetful(s table.Sink) table.Sink {
	return func(ctx context.Context, cs []table.Change) (int, error) {
		done, err := s(ctx, cs)
		return (done + 1) / 2, err
	}
}

// edit changes a row behind the ledger's back.
func edit(t *testing.T, tb table.Table, id string, set table.Item) {
	t.Helper()
	err := tb.Do(t.Context(), table.Write{Kind: table.Update, Table: layout.Ledger, Key: table.Key{PK: id, SK: "call"}, Set: set})
	if err != nil {
		t.Fatal(err)
	}
}

// wantLetter checks that one letter is there, about the row id.
func wantLetter(t *testing.T, tb table.Table, id string) {
	t.Helper()
	page, err := letters.New(tb).List(t.Context(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Letters) != 1 || page.Letters[0].Key != id || !strings.Contains(page.Letters[0].Reason, "version 2") || !strings.Contains(string(page.Letters[0].Body), `"team":"search"`) {
		t.Errorf("letters %+v, want one about %s with its body", page.Letters, id)
	}
}

// TestAPublisherThatStops: the next one goes on where the last one was.
func TestAPublisherThatStops(t *testing.T) {
	drivers.EachFed(t, func(t *testing.T, tb table.Table, feed table.Feeder) {
		l := ledger.New(tb)
		told := mixed(t, l, 0, 60)
		got := map[string]int{}
		for part := range slices.Chunk(told, 7) {
			wait := missing(part, got)
			if len(wait) == 0 {
				continue
			}
			for id, n := range listen(t, feed, letters.New(tb), 0.2, plainly, wait...) {
				got[id] += n
			}
		}
		if left := missing(told, got); len(left) > 0 {
			t.Errorf("never told of %v", left)
		}
	})
}

// missing are the ids that were not told of.
func missing(ids []string, got map[string]int) (out []string) {
	for _, id := range ids {
		if got[id] == 0 {
			out = append(out, id)
		}
	}
	return out
}

package sdktest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/testkit/fakeprovider"
)

// leave is where an application cancels its context.
type leave struct {
	name   string
	stream bool
	model  string
	after  int  // chunks; 0: before the answer has begun
	close  bool // the stream is closed instead
}

// slowly takes 0.3 s to the head, and as long for the pieces of a stream.
var slowly = fakeprovider.Answer{Text: "The water stands at the mark.", HeadDelay: 30 * time.Second, PieceDelay: 6 * time.Second}

// An application that cancels, or closes its stream, is let go at once. Its
// answer is read to the end all the same, so that the row has the provider's
// own figure. All leave at once, as the answers take their time.
func TestCancelDrained(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	s.p.Model("slowly", slowly)
	trickle := slowly
	trickle.HeadDelay = 0
	s.p.Model("trickle", trickle)
	gone := s.leaving(t, []leave{
		{"whole", false, "slowly", 0, false},
		{"streamed, before the head", true, "slowly", 0, false},
		{"streamed, behind the role", true, "trickle", 1, false},
		{"streamed, in the middle", true, "trickle", 2, false},
		{"closed in the middle", true, "trickle", 2, true},
	})
	s.p.Wait() // its records are complete only then
	sent := map[string]fakeprovider.Request{}
	for _, r := range s.p.Requests() {
		sent[r.ID] = r
	}
	for _, l := range gone {
		r, found := sent[l.row.UpstreamRequestID]
		if !found || l.row.UsageSource != "drained" || l.row.Cost == 0 || l.row.Usage.Input != r.Usage.Input() || l.row.Usage.Output != r.Usage.Output() || !r.Gone.IsZero() {
			t.Errorf("%s: row %s %+v, the provider said %+v", l.name, l.row.UsageSource, l.row.Usage, r.Usage)
		}
	}
}

// left is a call that was left.
type left struct {
	leave
	row ledger.Row
}

// leaving makes calls with every version of the SDK at once, leaves them, and
// returns them with their rows.
func (s *stage) leaving(t *testing.T, how []leave) []left {
	t.Helper()
	var gone []left
	var wg sync.WaitGroup
	for _, v := range versions {
		for _, l := range how {
			l.name = v.name + ", " + l.name
			gone = append(gone, left{leave: l})
			wg.Go(func() { s.leaves(t, v, l) })
		}
	}
	wg.Wait()
	rows := s.Settled()
	for i, l := range gone {
		at := slices.IndexFunc(rows, func(r ledger.Row) bool { return r.EndUser == l.name })
		if at < 0 {
			t.Fatalf("%s: no row", l.name)
		}
		gone[i].row = rows[at]
		if row := rows[at]; row.Outcome != "client_gone" || row.Stream != l.stream || len(row.Attempts) != 1 {
			t.Errorf("%s: row %+v", l.name, row)
		}
	}
	return gone
}

// leaves makes a call and leaves it.
func (s *stage) leaves(t *testing.T, v version, l leave) {
	via := s.patient(v)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a := ask1("p/"+l.model, "How deep is the weir?")
	a.extra = map[string]any{"user": l.name}
	if l.after == 0 {
		go func() { // ends when the provider has the request, which it will have
			defer cancel()
			s.arrived(l.name)
		}()
	}
	var err error
	if l.stream {
		got := via.stream(ctx, a, func(chunks int) bool {
			if chunks == l.after && !l.close {
				cancel()
			}
			return chunks != l.after || !l.close
		})
		if err = got.err; len(got.chunks) < l.after || strings.Contains(strings.Join(got.chunks, ""), "stop") {
			t.Errorf("%s: %d chunks", l.name, len(got.chunks))
		}
	} else {
		_, err = via.chat(ctx, a)
	}
	if l.close != (err == nil) || err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("%s: the SDK says %v", l.name, err)
	}
	if n := len(via.exchanges()); n != 1 {
		t.Errorf("%s: the SDK tried %d times", l.name, n)
	}
}

// arrived waits until the provider has the request of an end user.
func (s *stage) arrived(user string) {
	for n := 1; ; n++ {
		s.p.Await(n)
		for _, r := range s.p.Requests() {
			if strings.Contains(string(r.Body), user) {
				return
			}
		}
	}
}

// Where the policy says so, the provider is left when the application leaves,
// and what was sent until then is billed by estimate; under cancel, the prompt
// of an answer that had not begun is not.
func TestCancelCancels(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"bill_estimated", "cancel"} {
		t.Run(policy, func(t *testing.T) {
			s := setUp(t, scene{settings: "  aborted_calls: " + policy + "\n"})
			for _, l := range s.leaving(t, []leave{
				{"whole", false, "stall-head", 0, false},
				{"streamed, before the head", true, "stall-head", 0, false},
				{"streamed, in the middle", true, "stall", 3, false},
				{"closed in the middle", true, "stall", 3, true},
			}) {
				source := ledger.UsageEstimated
				if policy == "cancel" && l.after == 0 { // nothing was metered so far
					source = ledger.UsageNone
				}
				billed := source != ledger.UsageNone
				if row := l.row; row.UsageSource != source || (row.Usage.Input > 0) != billed || (row.Usage.Output > 0) != (l.after > 0) || (row.Cost > 0) != billed {
					t.Errorf("%s: row %s %+v %d, want %s", l.name, row.UsageSource, row.Usage, row.Cost, source)
				}
			}
			s.p.Wait()
			for _, r := range s.p.Requests() {
				if r.Gone.IsZero() || r.Reported {
					t.Errorf("the provider was not left: %+v", r)
				}
			}
		})
	}
}

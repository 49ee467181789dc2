package sdktest_test

import (
	"context"
	"errors"
	"strings"
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

// An application that cancels, or closes its stream, is let go at once. Its answer is read
// to the end all the same, so that the row has the provider's own figure.
func TestCancelDrained(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	s.p.Model("slowly", slowly)
	trickle := slowly
	trickle.HeadDelay = 0
	s.p.Model("trickle", trickle)
	each(t, func(t *testing.T, v version) {
		for _, l := range []leave{
			{"whole", false, "slowly", 0, false},
			{"streamed, before the head", true, "slowly", 0, false},
			{"streamed, behind the role", true, "trickle", 1, false},
			{"streamed, in the middle", true, "trickle", 2, false},
			{"closed in the middle", true, "trickle", 2, true},
		} {
			t.Run(l.name, func(t *testing.T) {
				t.Parallel()
				row := s.leaves(t, v, l)
				s.p.Wait() // its records are complete only then
				var sent *fakeprovider.Request
				for _, r := range s.p.Requests() {
					if r.ID != "" && r.ID == row.UpstreamRequestID {
						sent = &r
					}
				}
				if sent == nil {
					t.Fatalf("no request %q at the provider", row.UpstreamRequestID)
				}
				if row.UsageSource != "drained" || row.Cost == 0 || row.Usage.Input != sent.Usage.Input() || row.Usage.Output != sent.Usage.Output() || !sent.Gone.IsZero() {
					t.Errorf("row %s %+v, the provider said %+v", row.UsageSource, row.Usage, sent.Usage)
				}
			})
		}
	})
}

// leaves makes a call, leaves it, and returns its row once it is settled.
func (s *stage) leaves(t *testing.T, v version, l leave) ledger.Row {
	t.Helper()
	via := s.patient(v)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a := ask1("p/"+l.model, "How deep is the weir?")
	a.extra = map[string]any{"user": t.Name()}
	if l.after == 0 {
		go func() { // ends when the provider has the request, which it will have
			defer cancel()
			s.arrived(t.Name())
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
			t.Errorf("%d chunks", len(got.chunks))
		}
	} else {
		_, err = via.chat(ctx, a)
	}
	if l.close != (err == nil) || err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("the SDK says %v", err)
	}
	if n := len(via.exchanges()); n != 1 {
		t.Errorf("the SDK tried %d times", n)
	}
	for _, row := range s.Settled() {
		if row.EndUser == t.Name() {
			if row.Outcome != "client_gone" || row.Stream != l.stream || len(row.Attempts) != 1 {
				t.Errorf("row %+v", row)
			}
			return row
		}
	}
	t.Fatal("no row")
	return ledger.Row{}
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
			t.Parallel()
			s := setUp(t, scene{settings: "  aborted_calls: " + policy + "\n"})
			each(t, func(t *testing.T, v version) {
				for _, l := range []leave{
					{"whole", false, "stall-head", 0, false},
					{"streamed, before the head", true, "stall-head", 0, false},
					{"streamed, in the middle", true, "stall", 3, false},
					{"closed in the middle", true, "stall", 3, true},
				} {
					t.Run(l.name, func(t *testing.T) {
						row := s.leaves(t, v, l)
						source := ledger.UsageEstimated
						if policy == "cancel" && l.after == 0 { // nothing was metered so far
							source = ledger.UsageNone
						}
						billed := source != ledger.UsageNone
						if row.UsageSource != source || (row.Usage.Input > 0) != billed || (row.Usage.Output > 0) != (l.after > 0) || (row.Cost > 0) != billed {
							t.Errorf("row %s %+v %d, want %s", row.UsageSource, row.Usage, row.Cost, source)
						}
						s.p.Wait()
						if last, _ := s.p.Last(); last.Gone.IsZero() || last.Reported {
							t.Errorf("the provider was not left: %+v", last)
						}
					})
				}
			})
		})
	}
}

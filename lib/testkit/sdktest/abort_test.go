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
	after  int // chunks; 0: before the answer has begun
}

// slowly takes 0.3 s to the head, and as long for the pieces of a stream.
var slowly = fakeprovider.Answer{Text: long, HeadDelay: 30 * time.Second, PieceDelay: 600 * time.Millisecond}

// An application that cancels gets its own error at once. Its answer is read
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
			{"whole", false, "slowly", 0},
			{"streamed, before the head", true, "slowly", 0},
			{"streamed, behind the role", true, "trickle", 1},
			{"streamed, in the middle", true, "trickle", 5},
		} {
			t.Run(l.name, func(t *testing.T) {
				t.Parallel()
				row := s.leaves(t, v, l)
				var sent *fakeprovider.Request
				for _, r := range s.p.Requests() {
					if r.ID != "" && r.ID == row.UpstreamRequestID {
						sent = &r
					}
				}
				if sent == nil {
					t.Fatalf("no request %q at the provider", row.UpstreamRequestID)
				}
				if row.UsageSource != "drained" || row.Usage.Input != sent.Usage.Input() || row.Usage.Output != sent.Usage.Output() || !sent.Gone.IsZero() {
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
		got := via.stream(ctx, a, func(chunks int) {
			if chunks == l.after {
				cancel()
			}
		})
		if err = got.err; len(got.chunks) < l.after || strings.Contains(strings.Join(got.chunks, ""), "stop") {
			t.Errorf("%d chunks", len(got.chunks))
		}
	} else {
		_, err = via.chat(ctx, a)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the SDK says %v", err)
	}
	if n := len(via.exchanges()); n != 1 {
		t.Errorf("the SDK tried %d times", n)
	}
	for _, row := range s.Settled() {
		if row.EndUser == t.Name() {
			if row.Outcome != "client_gone" || row.Usage.Input == 0 || row.Cost == 0 || row.Stream != l.stream || len(row.Attempts) != 1 {
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
// and what was sent until then is billed by estimate.
func TestCancelCancels(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"bill_estimated", "cancel"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			s := setUp(t, scene{settings: "  aborted_calls: " + policy + "\n"})
			each(t, func(t *testing.T, v version) {
				for _, l := range []leave{
					{"whole", false, "stall-head", 0},
					{"streamed, before the head", true, "stall-head", 0},
					{"streamed, in the middle", true, "stall", 3},
				} {
					t.Run(l.name, func(t *testing.T) {
						row := s.leaves(t, v, l)
						if row.UsageSource != "estimated" || (row.Usage.Output > 0) != (l.after > 0) {
							t.Errorf("row %s %+v", row.UsageSource, row.Usage)
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

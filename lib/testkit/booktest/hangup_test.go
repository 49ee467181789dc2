package booktest

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/testkit/fakeprovider"
)

// policies are what settings.aborted_calls may say.
func policy(name string) setting { return setting{settings: "  aborted_calls: " + name + "\n"} }

// slowly is an answer of ten words, one a second, after ten seconds.
var slowly = fakeprovider.Answer{Text: "one two three four five six seven eight nine ten", HeadDelay: 10 * time.Second, PieceDelay: time.Second}

// moments are when a caller hangs up.
var moments = map[string]struct {
	stream  bool
	content bool // the gateway has seen some by then
	wait    time.Duration
}{
	"whole":                {false, false, 5 * time.Second},
	"before content":       {true, false, 5 * time.Second},
	"in the middle":        {true, true, 14*time.Second + time.Second/2},
	"before the last word": {true, true, 18*time.Second + time.Second/2},
}

// A caller who leaves is billed for what the provider says, and the provider
// sees its answer read to the end.
func TestHangUpDrained(t *testing.T) {
	for name, m := range moments {
		t.Run(name, func(t *testing.T) {
			play(t, policy("bill_drained"), func(t *testing.T, s *scene) {
				s.p.Model("slowly", slowly)
				began := time.Now()
				leave := s.send(ask("slowly", m.stream))
				pass(m.wait)
				leave()
				s.Settled()
				row := s.only()
				wantRow(t, row, "client_gone", ledger.UsageDrained)
				q := last(t, s)
				wantUsage(t, row, q)
				if !q.Gone.IsZero() {
					t.Errorf("the provider's answer was cut after %v", q.Gone.Sub(began))
				}
				if row.UpstreamRequestID != q.ID {
					t.Errorf("upstream request %q, want %q", row.UpstreamRequestID, q.ID)
				}
			})
		})
	}
}

// With the other policies the provider's answer is cut at once. An estimate
// bills the prompt that the provider was given and the words that came; cancel
// bills nothing where nothing had come.
func TestHangUpCut(t *testing.T) {
	for _, name := range []string{"bill_estimated", "cancel"} {
		for moment, m := range moments {
			t.Run(name+"/"+moment, func(t *testing.T) {
				play(t, policy(name), func(t *testing.T, s *scene) {
					s.p.Model("slowly", slowly)
					leave := s.send(ask("slowly", m.stream))
					pass(m.wait)
					leave()
					left := time.Now()
					s.p.Wait()
					if q := last(t, s); q.Gone.IsZero() || q.Gone.After(left) || q.Reported {
						t.Errorf("the provider saw %v, reported %v, want its answer cut at %v", q.Gone, q.Reported, left)
					}
					row := s.only()
					if name == "cancel" && !m.content {
						wantRow(t, row, "client_gone", ledger.UsageNone)
						wantNothing(t, row)
						return
					}
					wantRow(t, row, "client_gone", ledger.UsageEstimated)
					if row.Usage.Input == 0 || m.content != (row.Usage.Output > 0) {
						t.Errorf("estimated %+v", row.Usage)
					}
				})
			})
		}
	}
}

// A figure that the provider gave before the cut is taken as it is.
func TestHangUpCutAfterAReport(t *testing.T) {
	for _, name := range []string{"bill_estimated", "cancel"} {
		t.Run(name, func(t *testing.T) {
			play(t, policy(name), func(t *testing.T, s *scene) {
				on := slowly
				on.Report = fakeprovider.ReportOnEvery
				s.p.Model("slowly", on)
				leave := s.send(ask("slowly", true))
				pass(14*time.Second + time.Second/2)
				leave()
				row := s.only()
				if row.Outcome != "client_gone" || row.UsageSource == ledger.UsageEstimated || row.UsageSource == ledger.UsageNone {
					t.Errorf("row is %s by %s", row.Outcome, row.UsageSource)
				}
				wantUsage(t, row, last(t, s))
			})
		})
	}
}

// Draining ends after 30 s, never past the total timeout, and after 1 MiB.
func TestDrainingHasBounds(t *testing.T) {
	long := fakeprovider.Answer{Text: strings.Repeat("word ", 30), PieceDelay: 5 * time.Second}
	for name, c := range map[string]struct {
		model setting
		left  time.Duration
		most  time.Duration // after the caller left
	}{
		"30 seconds": {setting{}, 7 * time.Second, 30 * time.Second},
		"the total timeout": {
			setting{models: "  p/long: { strategy: fallback, targets: [{ provider: p, model: long, timeout: { total: 20s } }] }\n"},
			7 * time.Second, 13 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, c.model, func(t *testing.T, s *scene) {
				s.p.Model("long", long)
				leave := s.send(ask("long", true))
				pass(c.left)
				leave()
				left := time.Now()
				s.p.Wait()
				if q := last(t, s); q.Gone.Sub(left) != c.most {
					t.Errorf("the answer was cut after %v, want %v", q.Gone.Sub(left), c.most)
				}
				s.Settled()
				row := s.only()
				wantRow(t, row, "client_gone", ledger.UsageEstimated)
				if words := int64((c.left+c.most)/(5*time.Second)) + 1; row.Usage.Output < words/2 || row.Usage.Output > 2*words {
					t.Errorf("%d tokens are estimated for %d words", row.Usage.Output, words)
				}
			})
		})
	}
	for mode, stream := range modes {
		t.Run("1 MiB/"+mode, func(t *testing.T) {
			play(t, setting{}, func(t *testing.T, s *scene) {
				big := fakeprovider.Answer{Text: strings.Repeat("word ", 8_000) + strings.Repeat("x", 2<<20), HeadDelay: time.Second}
				s.p.Model("big", big)
				leave := s.send(ask("big", stream))
				pass(time.Second / 2)
				leave()
				s.p.Wait()
				s.Settled()
				q := last(t, s)
				if q.Reported || q.Sent < 1<<20 || q.Sent > 3<<20 {
					t.Errorf("the provider sent %d bytes, reported %v; want it cut after 1 MiB", q.Sent, q.Reported)
				}
				wantRow(t, s.only(), "client_gone", ledger.UsageEstimated)
			})
		})
	}
}

// A caller who leaves before the provider was called does not have it called.
func TestHangUpBeforeTheProviderIsCalled(t *testing.T) {
	for mode, stream := range modes {
		t.Run(mode, func(t *testing.T) {
			play(t, setting{}, func(t *testing.T, s *scene) {
				open := make(chan struct{})
				s.store.at(stepOpen, held(open))
				leave := s.send(ask("gpt-4o-mini", stream))
				synctest.Wait()
				leave()
				close(open)
				synctest.Wait()
				s.Settled()
				row := s.only()
				wantRow(t, row, "client_gone", ledger.UsageNone)
				wantNothing(t, row)
				if n := len(s.p.Requests()); n != 0 || len(row.Attempts) != 0 {
					t.Errorf("%d requests, %d attempts for a caller who had left", n, len(row.Attempts))
				}
			})
		})
	}
}

// A caller who left is not billed for an answer that never came: what the
// provider refuses or fails to send costs nothing, and is not tried elsewhere.
func TestHangUpBeforeTheProviderFails(t *testing.T) {
	models := "  two: { strategy: fallback, targets: [p/first, p/second] }\n"
	for name, answer := range map[string]fakeprovider.Answer{
		"500": {Status: 500, HeadDelay: 10 * time.Second},
		"400": {Status: 400, HeadDelay: 10 * time.Second},
		"cut": {HeadDelay: 10 * time.Second, Cut: &fakeprovider.Cut{After: 10, How: fakeprovider.CutAbort}},
	} {
		for mode, stream := range modes {
			t.Run(name+"/"+mode, func(t *testing.T) {
				play(t, setting{models: models}, func(t *testing.T, s *scene) {
					s.p.Model("first", answer)
					s.p.Model("second", fakeprovider.Answer{})
					leave := s.send(strings.Replace(ask("", stream), "p/", "two", 1))
					pass(5 * time.Second)
					leave()
					s.p.Wait()
					s.Settled()
					row := s.only()
					wantRow(t, row, "client_gone", ledger.UsageNone)
					wantNothing(t, row)
					if n := len(s.p.Requests()); n != 1 {
						t.Errorf("%d requests, want 1", n)
					}
				})
			})
		}
	}
}

// deaf is a host that tells a hang-up by failing writes only, as a pipe does.
type deaf struct {
	header http.Header
	left   int // writes until the caller is gone
}

func (d *deaf) Header() http.Header { return d.header }
func (d *deaf) WriteHeader(int)     {}
func (d *deaf) Write(p []byte) (int, error) {
	if d.left--; d.left < 0 {
		return 0, http.ErrAbortHandler
	}
	return len(p), nil
}

// The policy holds also where a hang-up shows in a failed write alone.
func TestHangUpSeenByAWrite(t *testing.T) {
	for name, source := range map[string]ledger.UsageSource{
		"bill_drained": ledger.UsageDrained, "bill_estimated": ledger.UsageEstimated, "cancel": ledger.UsageEstimated,
	} {
		t.Run(name, func(t *testing.T) {
			play(t, policy(name), func(t *testing.T, s *scene) {
				s.p.Model("slowly", slowly)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, chat, strings.NewReader(ask("slowly", true)))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+s.Key)
				s.Gateway.ServeHTTP(&deaf{header: http.Header{}, left: 3}, req)
				row := s.only()
				wantRow(t, row, "client_gone", source)
				q := last(t, s)
				if drained := source == ledger.UsageDrained; drained != q.Gone.IsZero() || drained != q.Reported {
					t.Errorf("the provider saw a hang-up at %v, reported %v", q.Gone, q.Reported)
				}
			})
		})
	}
}

// A host that ends at a time, as Lambda does: draining ends three seconds
// before it, so that the row can be settled.
func TestDrainingEndsBeforeTheHost(t *testing.T) {
	play(t, setting{}, func(t *testing.T, s *scene) {
		s.p.Model("slowly", slowly)
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 17*time.Second+time.Second/2)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, chat, strings.NewReader(ask("slowly", true)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.Key)
		s.Gateway.ServeHTTP(&deaf{header: http.Header{}, left: 3}, req)
		if q := last(t, s); q.Gone.Sub(began) != 14*time.Second+time.Second/2 {
			t.Errorf("the answer was cut after %v, want 3s before the end of the host", q.Gone.Sub(began))
		}
		wantRow(t, s.only(), "client_gone", ledger.UsageEstimated)
	})
}

// A caller who leaves when all is said has had its answer.
func TestHangUpAtTheEnd(t *testing.T) {
	play(t, setting{}, func(t *testing.T, s *scene) {
		open := make(chan struct{})
		s.store.at(stepSettle, held(open))
		e := s.begin(ask("gpt-4o-mini", true))
		e.until(`"finish_reason":"stop"`)
		synctest.Wait() // the gateway is at the settle
		e.leave()
		close(open)
		s.Settled()
		row := s.only()
		wantRow(t, row, "ok", ledger.UsageProvider)
		wantUsage(t, row, last(t, s))
	})
}

package booktest

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/testkit/fakeprovider"
)

// drain begins to drain the gateway and returns a channel that has its result
// when it is over.
func (s *scene) drain(grace time.Duration) <-chan error {
	ended := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), grace)
		defer cancel()
		ended <- s.Gateway.Drain(ctx)
	}()
	synctest.Wait()
	return ended
}

// While the gateway drains, new calls are refused with a 503 that may be tried
// again and have no row; those under way come to their end.
func TestDrainFinishesCallsUnderWay(t *testing.T) {
	for mode, stream := range modes {
		t.Run(mode, func(t *testing.T) {
			play(t, setting{}, func(t *testing.T, s *scene) {
				s.p.Model("slowly", slowly)
				answer := make(chan string, 1)
				go func() { answer <- s.Must(chat, ask("slowly", stream)).Body }()
				pass(5 * time.Second)
				ended := s.drain(time.Minute)
				for _, path := range []string{chat, "/v1/embeddings"} {
					a := s.Must(path, ask("gpt-4o-mini", stream))
					s.wantError(a, http.StatusServiceUnavailable, "shutting_down")
					if a.Header.Get("X-Should-Retry") == "false" {
						t.Error("the caller is told not to try again")
					}
				}
				s.wantError(s.Must("/v1/models", ""), http.StatusServiceUnavailable, "shutting_down")
				if a := s.Must("/healthz", ""); a.Status != http.StatusOK {
					t.Errorf("/healthz: %d", a.Status)
				}
				select {
				case err := <-ended:
					t.Fatalf("drained with a call under way: %v", err)
				default:
				}
				if err := <-ended; err != nil {
					t.Errorf("drain: %v", err)
				}
				row := s.only() // the row is settled when Drain returns
				wantRow(t, row, "ok", ledger.UsageProvider)
				wantUsage(t, row, last(t, s))
				if body := <-answer; stream && !whole(body) {
					t.Errorf("the answer ended with %q", body)
				}
			})
		})
	}
}

// What is not over at the end of the grace is cancelled, told and settled.
func TestDrainCancelsAfterTheGrace(t *testing.T) {
	for name, c := range map[string]struct {
		model  string
		stream bool
		inBand bool
		source ledger.UsageSource
	}{
		"whole":          {"stall-head", false, false, ledger.UsageNone},
		"before content": {"stall-role", true, false, ledger.UsageNone},
		"in the middle":  {"stall", true, true, ledger.UsageEstimated},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, setting{}, func(t *testing.T, s *scene) {
				s.p.Model("stall", fakeprovider.Answer{Text: slowly.Text, StallAfter: 3})
				answer := make(chan func(), 1)
				go func() {
					a := s.Must(chat, ask(c.model, c.stream))
					answer <- func() {
						if c.inBand {
							s.wantFailedStream(a.Body, "shutting_down")
						} else {
							s.wantError(a, http.StatusServiceUnavailable, "shutting_down")
						}
					}
				}()
				synctest.Wait()
				began := time.Now()
				err := <-s.drain(10 * time.Second)
				if took := time.Since(began); err == nil || took.Round(time.Second) != 10*time.Second {
					t.Errorf("drain: %v after %v, want the grace to end after 10s", err, took)
				}
				wantRow(t, s.only(), "internal_error", c.source)
				s.p.Wait()
				if last(t, s).Gone.IsZero() {
					t.Error("the provider's answer was not cut")
				}
				(<-answer)()
			})
		})
	}
}

// The end of the process does not hide that the caller had left before.
func TestDrainCancelsWhatIsReadForCallersWhoLeft(t *testing.T) {
	for name, source := range map[string]ledger.UsageSource{"bill_drained": ledger.UsageEstimated, "cancel": ledger.UsageEstimated} {
		t.Run(name, func(t *testing.T) {
			play(t, policy(name), func(t *testing.T, s *scene) {
				s.p.Model("stall", fakeprovider.Answer{Text: slowly.Text, StallAfter: 3})
				leave := s.send(ask("stall", true))
				synctest.Wait()
				leave()
				if err := <-s.drain(10 * time.Second); (err == nil) != (name == "cancel") {
					t.Errorf("drain: %v", err)
				}
				wantRow(t, s.only(), "client_gone", source)
			})
		})
	}
}

// Drain waits for rows: a store that is slow at the end of a call holds it up.
func TestDrainWaitsForRows(t *testing.T) {
	play(t, setting{}, func(t *testing.T, s *scene) {
		open := make(chan struct{})
		s.store.at(stepSettle, held(open))
		go s.Must(chat, ask("gpt-4o-mini", false))
		synctest.Wait()
		ended := s.drain(5 * time.Second)
		pass(7 * time.Second) // the grace is over, the settle time is not
		select {
		case err := <-ended:
			t.Fatalf("drained before the row was settled: %v", err)
		default:
		}
		close(open)
		if err := <-ended; err == nil {
			t.Error("drain says that nothing was cancelled, although its grace was over")
		}
		wantRow(t, s.only(), "ok", ledger.UsageProvider)
	})
}

// The end of weir local: listener, calls, and no row left open, whatever the
// calls are doing.
func TestStopLeavesNoOpenRow(t *testing.T) {
	play(t, setting{}, func(t *testing.T, s *scene) {
		s.p.Model("slowly", slowly)
		s.p.Model("slowly-left", slowly)
		s.p.Model("stall", fakeprovider.Answer{Text: slowly.Text, StallAfter: 3})
		outcomes := map[string]string{
			"slowly": "ok", "stall": "internal_error", "stall-head": "internal_error", "stall-role": "internal_error", "slowly-left": "client_gone",
		}
		for _, model := range []string{"slowly", "stall", "stall-head", "stall-role"} {
			go func() { _, _ = s.Do(t.Context(), chat, ask(model, true)) }() // ends with the gateway
		}
		unread := s.begin(ask("gpt-4o", true)) // a caller who does not read
		leave := s.send(ask("slowly-left", true))
		pass(time.Second)
		leave()
		began := time.Now()
		s.Stop()
		if took := time.Since(began); took < 30*time.Second || took > 40*time.Second {
			t.Errorf("stopped after %v, want the grace of 30s and a little more", took)
		}
		for _, row := range s.closed(len(outcomes) + 1) {
			model := row.RequestedModel[len("p/"):]
			if want, ok := outcomes[model]; ok && row.Outcome != want {
				t.Errorf("%s: %s, want %s", model, row.Outcome, want)
			}
		}
		_ = unread.resp.Body.Close()
		unread.cancel()
	})
}

package booktest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/lib/accounting/ledger"
)

var modes = map[string]bool{"whole": false, "streamed": true}

// What the store refuses or leaves unanswered for a while is not noticed by
// callers, and no row is lost or written twice.
func TestPassingTroubleIsNotNoticed(t *testing.T) {
	for name, troubles := range map[string][]trouble{
		"throttled":                     {throttled, throttled, throttled},
		"a conflict":                    {conflict},
		"lost before it happened":       {lostBefore, lostBefore},
		"lost after it happened":        {lostAfter, lostAfter},
		"lost before, throttled, after": {lostBefore, throttled, lostAfter, throttled},
	} {
		for mode, stream := range modes {
			for _, where := range []step{stepKey, stepOpen, stepSettle} {
				t.Run(name+"/"+mode+"/"+string(where), func(t *testing.T) {
					play(t, setting{}, func(t *testing.T, s *scene) {
						s.store.at(where, fine, troubles...)
						a := s.Must(chat, ask("gpt-4o-mini", stream))
						if a.Status != 200 || stream && !whole(a.Body) {
							t.Fatalf("status %d: %s", a.Status, a.Body)
						}
						if n := s.store.count(where); n != len(troubles)+1 {
							t.Errorf("%d tries, want one for each trouble and one that succeeds", n)
						}
						row := s.only()
						wantRow(t, row, "ok", ledger.UsageProvider)
						wantUsage(t, row, last(t, s))
					})
				})
			}
		}
	}
}

// Many calls on a store that fails two times out of five, in every way.
func TestManyCallsOnABadStore(t *testing.T) {
	play(t, setting{}, func(t *testing.T, s *scene) {
		const calls = 60
		dice := rand.New(rand.NewPCG(1, 2))
		for _, where := range []step{stepOpen, stepSettle} {
			s.store.plannedAt(where, func(int) trouble {
				return []trouble{throttled, conflict, lostBefore, lostAfter, fine, fine, fine, fine, fine, fine}[dice.IntN(10)]
			})
		}
		answers := make(chan string, calls)
		for i := range calls {
			go func() {
				a, err := s.Do(t.Context(), chat, ask("gpt-4o-mini", i%2 == 0))
				if err != nil || a.Status != 200 {
					t.Errorf("status %d, %v: %s", a.Status, err, a.Body)
				}
				answers <- a.CallID()
			}()
		}
		seen := map[string]bool{}
		for range calls {
			seen[<-answers] = true
		}
		s.store.heal()
		if len(seen) != calls || len(s.p.Requests()) != calls {
			t.Fatalf("%d ids and %d requests for %d calls", len(seen), len(s.p.Requests()), calls)
		}
		for _, row := range s.closed(calls) {
			wantRow(t, row, "ok", ledger.UsageProvider)
			if !seen[row.CallID] {
				t.Errorf("row %s is nobody's", row.CallID)
			}
		}
	})
}

// A store that does not come back is a 503 that may be tried again, and the
// provider is not called.
func TestAStoreThatIsAwayBeforeTheCall(t *testing.T) {
	for name, c := range map[string]struct {
		where step
		what  trouble
		rows  int
	}{
		"look-up throttled":          {stepKey, throttled, 0},
		"look-up unanswered":         {stepKey, lostBefore, 0},
		"look-up hangs":              {stepKey, hangs, 0},
		"open throttled":             {stepOpen, throttled, 0},
		"open lost before":           {stepOpen, lostBefore, 0},
		"open lost after":            {stepOpen, lostAfter, 1},
		"open hangs":                 {stepOpen, hangs, 0},
		"open hangs after one write": {stepOpen, nil, 1},
	} {
		for mode, stream := range modes {
			t.Run(name+"/"+mode, func(t *testing.T) {
				play(t, setting{}, func(t *testing.T, s *scene) {
					if c.what == nil {
						s.store.at(c.where, hangs, lostAfter)
					} else {
						s.store.at(c.where, c.what)
					}
					a := s.Must(chat, ask("gpt-4o-mini", stream))
					s.wantError(a, 503, "store_unavailable")
					if a.Header.Get("X-Should-Retry") == "false" {
						t.Error("the caller is told not to try again")
					}
					synctest.Wait()
					if n := len(s.p.Requests()); n != 0 {
						t.Errorf("the provider got %d requests without a row", n)
					}
					// A row that was written although nobody said so is closed, too.
					for _, row := range s.closed(c.rows) {
						wantRow(t, row, "internal_error", ledger.UsageNone)
						wantNothing(t, row)
						if row.CallID != a.CallID() {
							t.Errorf("row %s, want the caller's %s", row.CallID, a.CallID())
						}
					}
				})
			})
		}
	}
}

// A store that is locked for a while, and then serves, delays the call only.
func TestALockedStore(t *testing.T) {
	for mode, stream := range modes {
		for where, lock := range map[step]time.Duration{stepKey: 4 * time.Second, stepOpen: 4 * time.Second, stepSettle: time.Second} {
			t.Run(mode+"/"+string(where), func(t *testing.T) {
				play(t, setting{}, func(t *testing.T, s *scene) {
					open := make(chan struct{})
					time.AfterFunc(lock, func() { close(open) })
					s.store.at(where, held(open))
					began := time.Now()
					a := s.Must(chat, ask("gpt-4o-mini", stream))
					if took := time.Since(began); a.Status != 200 || took < lock {
						t.Errorf("status %d after %v: %s", a.Status, took, a.Body)
					}
					wantRow(t, s.only(), "ok", ledger.UsageProvider)
				})
			})
		}
	}
}

// The end of an answer does not wait for a slow store for longer than two
// seconds, and the row is settled afterwards.
func TestTheEndOfAnAnswerWaitsForTheRowTwoSeconds(t *testing.T) {
	for mode, stream := range modes {
		for _, model := range []string{"gpt-4o-mini", "status-500"} {
			t.Run(mode+"/"+model, func(t *testing.T) {
				play(t, setting{}, func(t *testing.T, s *scene) {
					open := make(chan struct{})
					s.store.at(stepSettle, held(open))
					began := time.Now()
					e := s.begin(ask(model, stream))
					size := int(e.resp.ContentLength)
					switch {
					case size >= 0:
						if _, err := e.r.Peek(size); err != nil {
							t.Fatalf("the answer's %d bytes: %v", size, err)
						}
					default:
						e.until("[DONE]")
					}
					if took := time.Since(began); took != 2*time.Second {
						t.Errorf("the end came after %v, want 2s", took)
					}
					if row := s.Row(e.id()); row.State != ledger.Open {
						t.Errorf("the row is %s although the store is held", row.State)
					}
					close(open)
					e.rest()
					s.Settled()
					s.only()
				})
			})
		}
	}
}

// A store that is away at the end of a call: the caller has the answer, and
// the row is settled once the store is back within the settle time.
func TestAStoreThatIsAwayAtTheEnd(t *testing.T) {
	for name, what := range map[string]trouble{"throttled": throttled, "lost before": lostBefore, "lost after": lostAfter} {
		for mode, stream := range modes {
			t.Run(name+"/"+mode, func(t *testing.T) {
				play(t, setting{}, func(t *testing.T, s *scene) {
					back := time.Now().Add(8 * time.Second)
					s.store.plannedAt(stepSettle, func(int) trouble {
						if time.Now().Before(back) {
							return what
						}
						return fine
					})
					a := s.Must(chat, ask("gpt-4o-mini", stream))
					if a.Status != 200 || stream && !whole(a.Body) {
						t.Fatalf("status %d: %s", a.Status, a.Body)
					}
					s.Settled()
					if late := time.Since(back); name != "lost after" && (late < 0 || late > 2*time.Second) {
						t.Errorf("settled %v after the store was back", late)
					}
					row := s.only()
					wantRow(t, row, "ok", ledger.UsageProvider)
					wantUsage(t, row, last(t, s))
				})
			})
		}
	}
}

// When the store does not come back in time, the row stays open, and the log
// says so.
func TestARowThatCannotBeSettledStaysOpen(t *testing.T) {
	for name, what := range map[string]trouble{"throttled": throttled, "hangs": hangs} {
		t.Run(name, func(t *testing.T) {
			play(t, setting{}, func(t *testing.T, s *scene) {
				s.store.at(stepSettle, what)
				a := s.Must(chat, ask("gpt-4o-mini", true))
				if !whole(a.Body) {
					t.Fatalf("status %d: %s", a.Status, a.Body)
				}
				if row := s.Row(a.CallID()); row.State != ledger.Open {
					t.Errorf("the row is %s", row.State)
				}
				if log := s.Log(); !strings.Contains(log, "row not settled") || !strings.Contains(log, a.CallID()) {
					t.Errorf("the log does not say that the row is open:\n%s", log)
				}
				s.store.heal()
				if u := s.Must("/v1/usage/"+a.CallID(), ""); u.Status != 200 || !strings.Contains(u.Body, `"state":"open"`) {
					t.Errorf("usage of an open call: %d %s", u.Status, u.Body)
				}
			})
		})
	}
}

// Reading a row while the store is away is a 503, not a call that does not
// exist.
func TestUsageWhileTheStoreIsAway(t *testing.T) {
	play(t, setting{}, func(t *testing.T, s *scene) {
		a := s.Must(chat, ask("gpt-4o-mini", false))
		s.store.at("", throttled)
		began := time.Now()
		s.wantError(s.Must("/v1/usage/"+a.CallID(), ""), 503, "store_unavailable")
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("the error came after %v", took)
		}
		s.store.heal()
		if u := s.Must("/v1/usage/"+a.CallID(), ""); u.Status != 200 || !strings.Contains(u.Body, fmt.Sprintf(`"call_id":%q`, a.CallID())) {
			t.Errorf("usage: %d %s", u.Status, u.Body)
		}
	})
}

package keys_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"weir/lib/admission/keys"
	"weir/lib/fault"
	"weir/lib/table/tabletest"
)

// records is a store that counts, and may wait or fail.
type records struct {
	known map[string]keys.Record
	asked atomic.Int64
	get   func(ctx context.Context) error // nil: at once
}

func (s *records) Get(ctx context.Context, id string) (keys.Record, bool, error) {
	s.asked.Add(1)
	if s.get != nil {
		if err := s.get(ctx); err != nil {
			return keys.Record{}, false, err
		}
	}
	r, ok := s.known[id]
	return r, ok, nil
}

// population makes n keys and the records of them.
func population(t *testing.T, n int) ([]string, *records) {
	t.Helper()
	c := newClock()
	s := keys.NewStore(tabletest.SQLite(t), c.now)
	out, from := make([]string, n), &records{known: map[string]keys.Record{}}
	for i := range out {
		r, secret := create(t, s, search)
		out[i], from.known[r.ID] = secret.Reveal(), r
	}
	return out, from
}

func TestMemoryIsBounded(t *testing.T) {
	c := newClock()
	all, from := population(t, 100)
	a := keys.NewAuthenticator(from, keys.Options{MaxEntries: 20}, c.now)
	asks := func(some []string) int64 {
		before := from.asked.Load()
		for _, key := range some {
			if _, err := a.Authenticate(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
		return from.asked.Load() - before
	}
	if got := asks(all); got != 100 {
		t.Fatalf("asked %d times for 100 keys", got)
	}
	if got := asks(all[82:]); got != 0 { // 18 of 20: two are for unknown ids
		t.Errorf("asked %d times for the last 18", got)
	}
	if got := asks(all[81:82]); got != 1 {
		t.Error("the 19th is remembered")
	}
	if got := asks(all[:81]); got != 81 {
		t.Errorf("asked %d times for the first 81", got)
	}
	// Those that are used stay: of 18, the first is used before each new one.
	asks(all[:18])
	for _, key := range all[18:60] {
		if got := asks(all[:1]); got != 0 {
			t.Fatal("a key in use was forgotten")
		}
		asks([]string{key})
	}
	// Inventing ids does not push keys out.
	for range 500 {
		_, err := a.Authenticate(t.Context(), generate(t, rand.Reader).Reveal())
		wantRefusal(t, err, "", true)
	}
	if got := asks(all[:1]); got != 0 {
		t.Error("unknown ids pushed a key out")
	}
}

func TestManyCallsAskOnce(t *testing.T) {
	all, from := population(t, 1)
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		from.get = func(context.Context) error { <-answer; return nil }
		a := keys.NewAuthenticator(from, keys.Options{}, time.Now)
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				if _, err := a.Authenticate(t.Context(), all[0]); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(answer)
		wg.Wait()
		if got := from.asked.Load(); got != 1 {
			t.Errorf("asked %d times", got)
		}
	})
}

func TestAFailureIsSharedAndForgotten(t *testing.T) {
	all, from := population(t, 1)
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan error)
		from.get = func(context.Context) error { return <-answer }
		a := keys.NewAuthenticator(from, keys.Options{}, time.Now)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := a.Authenticate(t.Context(), all[0])
				wantKind(t, err, fault.StoreDown)
			})
		}
		synctest.Wait()
		answer <- fault.Wrap(fault.StoreDown, "test", errors.New("away"))
		wg.Wait()
		from.get = nil
		if _, err := a.Authenticate(t.Context(), all[0]); err != nil {
			t.Error(err)
		}
		if got := from.asked.Load(); got != 2 {
			t.Errorf("asked %d times, want once for all and once more", got)
		}
	})
}

// TestACallerWhoGoesTakesNobodyAlong: the call that asks for many hangs up, or
// dies; the others ask again.
func TestACallerWhoGoesTakesNobodyAlong(t *testing.T) {
	all, from := population(t, 1)
	for name, end := range map[string]func(ctx context.Context) error{
		"it hangs up": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"it panics":   func(ctx context.Context) error { <-ctx.Done(); panic("on purpose") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				from.asked.Store(0)
				var first atomic.Bool
				from.get = func(ctx context.Context) error {
					if first.CompareAndSwap(false, true) {
						return end(ctx)
					}
					return nil
				}
				a := keys.NewAuthenticator(from, keys.Options{}, time.Now)
				ctx, hangUp := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				wg.Go(func() {
					defer func() { _ = recover() }()
					if _, err := a.Authenticate(ctx, all[0]); err == nil {
						t.Error("the call that hung up is authenticated")
					}
				})
				synctest.Wait()
				for range 8 {
					wg.Go(func() {
						if _, err := a.Authenticate(t.Context(), all[0]); err != nil {
							t.Error(err)
						}
					})
				}
				impatient, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := a.Authenticate(impatient, all[0])
				wantKind(t, err, fault.StoreDown) // who waits in vain does so for as long as it wants
				hangUp()
				wg.Wait()
				if got := from.asked.Load(); got != 2 {
					t.Errorf("asked %d times, want 2", got)
				}
			})
		})
	}
}

// TestAnAnswerIsAsOldAsItsQuestion: what the store takes to answer does not
// make a revoked key live longer.
func TestAnAnswerIsAsOldAsItsQuestion(t *testing.T) {
	all, from := population(t, 1)
	synctest.Test(t, func(t *testing.T) {
		from.get = func(context.Context) error {
			timer := time.NewTimer(4 * time.Second)
			<-timer.C
			return nil
		}
		a := keys.NewAuthenticator(from, keys.Options{}, time.Now)
		began := time.Now()
		for time.Since(began) < 10*time.Second {
			if _, err := a.Authenticate(t.Context(), all[0]); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Second)
		}
		if got := from.asked.Load(); got != 1 {
			t.Errorf("asked %d times within 10 seconds of the question", got)
		}
		if _, err := a.Authenticate(t.Context(), all[0]); err != nil || from.asked.Load() != 2 {
			t.Errorf("asked %d times after 10 seconds, want 2 (%v)", from.asked.Load(), err)
		}
	})
}

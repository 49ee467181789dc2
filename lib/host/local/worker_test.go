package local_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"weir/lib/host/local"
)

// diary takes notes in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(s string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, s)
}

func (d *diary) Write(p []byte) (int, error) {
	d.note(string(p))
	return len(p), nil
}

func TestWorkersStopInOrderAfterTheCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		worker := func(name string) local.Worker {
			return local.Worker{Name: name, Run: func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(time.Second) //nolint:forbidigo // work that takes its time, on the bubble's clock
				d.note(name)
				return nil
			}}
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- local.Serve(ctx, newPipes(), local.Config{
				Drain:   func(context.Context) error { d.note("calls"); return nil },
				Log:     slog.New(slog.DiscardHandler),
				Workers: []local.Worker{worker("reaper"), worker("feed")},
			})
		}()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if want := []string{"calls", "reaper", "feed"}; !slices.Equal(d.lines, want) {
			t.Errorf("stopped in the order %v, want %v", d.lines, want)
		}
	})
}

func TestAWorkerThatFailsOrPanicsGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log diary
		runs := 0
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error)
		go func() {
			done <- local.Serve(ctx, newPipes(), local.Config{
				Drain: func(context.Context) error { return nil },
				Log:   slog.New(slog.NewTextHandler(&log, nil)),
				Workers: []local.Worker{{Name: "w", Run: func(ctx context.Context) error {
					switch runs++; runs {
					case 1:
						return errors.New("no luck")
					case 2:
						panic("canary")
					case 3:
						return nil
					}
					<-ctx.Done()
					return ctx.Err()
				}}},
			})
		}()
		time.Sleep(time.Hour) //nolint:forbidigo // lets the bubble's clock run
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		text := strings.Join(log.lines, "")
		if runs != 4 || strings.Count(text, "worker failed") != 3 || strings.Contains(text, "canary") || strings.Contains(text, "work left") {
			t.Errorf("%d runs, log:\n%s", runs, text)
		}
	})
}

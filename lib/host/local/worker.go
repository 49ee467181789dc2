package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Worker is something that runs beside the calls, such as the feed of the
// ledger or the reaper.
type Worker struct {
	Name string
	// Run works until ctx ends, finishes what it must, and returns. An error
	// before that is logged, and Run is called again after a pause.
	Run func(ctx context.Context) error
}

// restPause is the pause after a worker failed; it grows up to restMax.
const (
	restPause = time.Second
	restMax   = time.Minute
)

// workers are running workers.
type workers struct {
	running []runner
}

type runner struct {
	stop context.CancelFunc
	done *sync.WaitGroup
}

// start runs ws until stop.
func start(ctx context.Context, ws []Worker, log *slog.Logger) *workers {
	all := &workers{}
	for _, w := range ws {
		ctx, cancel := context.WithCancel(ctx)
		r := runner{stop: cancel, done: &sync.WaitGroup{}}
		r.done.Go(func() { work(ctx, w, log) }) // ends with stop, which waits
		all.running = append(all.running, r)
	}
	return all
}

// stop ends the workers one after the other, in the order in which they were
// given: each may still count on those behind it.
func (ws *workers) stop() {
	for _, r := range ws.running {
		r.stop()
		r.done.Wait()
	}
}

// work runs w until ctx ends, whatever happens to it.
func work(ctx context.Context, w Worker, log *slog.Logger) {
	for pause := restPause; ; pause = min(2*pause, restMax) {
		err := guarded(ctx, w)
		if ctx.Err() != nil {
			if err != nil && !errors.Is(err, context.Canceled) {
				log.LogAttrs(context.WithoutCancel(ctx), slog.LevelWarn, "worker stopped with work left",
					slog.String("worker", w.Name), slog.String("error", err.Error()))
			}
			return
		}
		if err == nil {
			err = errors.New("it ended by itself")
		}
		log.LogAttrs(ctx, slog.LevelError, "worker failed; it goes on after a pause",
			slog.String("worker", w.Name), slog.Duration("pause", pause), slog.String("error", err.Error()))
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// guarded runs w once and makes an error of a panic; its value may hold
// anything, so only its type is told.
func guarded(ctx context.Context, w Worker) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic of type %T", v)
		}
	}()
	return w.Run(ctx)
}

package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	lib "modernc.org/sqlite/lib"

	"weir/lib/table"
)

// maxGroup bounds the writes of one transaction, so that the first of a group
// does not wait for ever more of them.
const maxGroup = 64

// writer owns the one connection that writes. Calls that come while another
// one writes are put together into one transaction: whoever finds nobody
// writing leads, runs everything that waits, commits once and hands on. There
// is no goroutine of its own, and a single call costs no switch to another.
type writer struct {
	db *DB

	mu      sync.Mutex
	queue   []*job
	leading bool
	closed  bool
	idle    sync.Cond // leading became false

	c *conn // the leader's
}

// job is one call's writes. run fails before it has written anything, or with
// an engine's error that undoes the whole group.
type job struct {
	run   func(c *conn) error
	since time.Time
	lead  chan struct{} // closed: it is your turn to lead
	done  chan struct{} // closed: err is set
	err   error
}

func newWriter(db *DB, c *conn) *writer {
	w := &writer{db: db, c: c}
	w.idle.L = &w.mu
	return w
}

func (w *writer) close() error {
	w.mu.Lock()
	w.closed = true
	for w.leading {
		w.idle.Wait()
	}
	w.mu.Unlock()
	return w.c.close()
}

// do runs run in a transaction. A context's error means that nothing happened.
func (w *writer) do(ctx context.Context, run func(c *conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{run: run, since: time.Now()}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return errClosed
	}
	w.queue = append(w.queue, j)
	if !w.leading {
		w.leading = true
		w.mu.Unlock()
		return w.leadGroup(ctx, j)
	}
	j.lead, j.done = make(chan struct{}), make(chan struct{})
	w.mu.Unlock()
	select {
	case <-j.done:
		return j.err
	case <-j.lead:
		return w.leadGroup(ctx, j)
	case <-ctx.Done():
		return w.leave(ctx, j)
	}
}

// leave takes j back; where a leader has it already, its fate is that of the
// group.
func (w *writer) leave(ctx context.Context, j *job) error {
	w.mu.Lock()
	queued := w.remove(j)
	led := false
	select {
	case <-j.lead:
		led = true
	default:
	}
	if led {
		w.handOn()
	}
	w.mu.Unlock()
	if queued {
		return ctx.Err()
	}
	<-j.done
	return j.err
}

// remove takes j out of the queue, if it is there. The lock is held.
func (w *writer) remove(j *job) bool {
	for i, q := range w.queue {
		if q == j {
			w.queue = append(w.queue[:i], w.queue[i+1:]...)
			return true
		}
	}
	return false
}

// handOn lets the first in the queue lead. The lock is held.
func (w *writer) handOn() {
	if len(w.queue) > 0 {
		close(w.queue[0].lead)
		return
	}
	w.leading = false
	w.idle.Broadcast()
}

// leadGroup commits one group, own among it, and hands on.
func (w *writer) leadGroup(ctx context.Context, own *job) error {
	if err := w.begin(ctx, own.since); err != nil {
		w.mu.Lock()
		w.remove(own)
		w.handOn()
		w.mu.Unlock()
		return err
	}
	w.mu.Lock()
	n := min(len(w.queue), maxGroup)
	group := append([]*job(nil), w.queue[:n]...)
	w.queue = append(w.queue[:0], w.queue[n:]...)
	w.mu.Unlock()

	w.runGroup(group)

	w.mu.Lock()
	w.handOn()
	w.mu.Unlock()
	for _, j := range group {
		if j != own {
			close(j.done)
		}
	}
	return own.err
}

func (w *writer) runGroup(group []*job) {
	for _, j := range group {
		j.err = j.run(w.c)
		if j.err == nil || isPort(j.err) {
			continue
		}
		w.fail(group, j.err)
		return
	}
	if err := w.c.exec("COMMIT"); err != nil {
		w.fail(group, err)
	}
}

// fail undoes the transaction and tells every job that would have succeeded.
func (w *writer) fail(group []*job, err error) {
	// The engine may have rolled back already; then this one fails, and that
	// is as good.
	undone := w.c.exec("ROLLBACK") == nil || code(err) == lib.SQLITE_FULL
	for _, j := range group {
		if j.err == nil || !isPort(j.err) {
			j.err = failed(err, undone)
		}
	}
}

// begin takes the file's write lock. It asks again until another process has
// let go, ctx ends or the wait is over.
func (w *writer) begin(ctx context.Context, since time.Time) error {
	const first, last = 100 * time.Microsecond, 5 * time.Millisecond
	for pause := first; ; pause = min(2*pause, last) {
		err := w.c.exec("BEGIN IMMEDIATE")
		if err == nil {
			return nil
		}
		if code(err) != lib.SQLITE_BUSY {
			return failed(err, true)
		}
		if time.Since(since) > w.db.opts.LockWait {
			return fmt.Errorf("%w: another process has kept the store locked for %v: %w",
				table.ErrThrottled, w.db.opts.LockWait, err)
		}
		timer := time.NewTimer(pause/2 + rand.N(pause)) //nolint:gosec // jitter
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

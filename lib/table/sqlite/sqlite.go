// Package sqlite is the table port on one SQLite file: the store of a gateway
// that runs on one machine. It promises what table/dynamo promises, by the
// same suite, and beyond it that reads are always consistent.
//
// Several processes may open one folder. A write that returned is kept over a
// kill -9 of the process; a power cut may lose the last writes (never older
// ones, and never half a write) unless Options.Durable is set.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"weir/lib/table"
)

// Options may be left zero.
type Options struct {
	// LockWait is how long a write waits for other processes before it is
	// ErrThrottled. 5 s by default.
	LockWait time.Duration
	// Readers is the number of reads at a time. 4 by default.
	Readers int
	// Durable makes every write wait for the disk, so that it survives a power
	// cut. It costs a disk flush for each group of writes.
	Durable bool
	// Now is the clock for the age of changes and the time to live; time.Now
	// by default.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.LockWait <= 0 {
		o.LockWait = 5 * time.Second
	}
	if o.Readers <= 0 {
		o.Readers = 4
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// DB is an open store. It is safe for concurrent use.
type DB struct {
	opts    Options
	check   *table.Checker
	tables  map[string]*tableSQL
	writer  *writer
	readers chan *conn // every reader, when it is not in use

	mu      sync.Mutex
	feeds   map[string][]chan struct{} // table → wake-ups of its running feeds
	expired map[string]time.Time       // table → when expired items were last deleted
	closed  bool
}

var (
	_ table.Table  = (*DB)(nil)
	_ table.Feeder = (*DB)(nil)
)

// errClosed is what calls on a closed store get: nothing happened.
var errClosed = fmt.Errorf("%w: the store is closed", table.ErrThrottled)

// Close waits for the calls under way and closes the file. Feeds must have
// ended before. Later calls are refused as ErrThrottled.
func (db *DB) Close() error {
	db.mu.Lock()
	wasClosed := db.closed
	db.closed = true
	db.mu.Unlock()
	if wasClosed {
		return nil
	}
	var errs []error
	for range db.opts.Readers {
		errs = append(errs, (<-db.readers).close())
	}
	close(db.readers)
	errs = append(errs, db.writer.close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("sqlite: closing the store: %w", err)
	}
	return nil
}

// read runs f with a reader's connection.
func (db *DB) read(ctx context.Context, f func(c *conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case c, ok := <-db.readers:
		if !ok {
			return errClosed
		}
		defer func() { db.readers <- c }()
		return failed(f(c), false)
	case <-ctx.Done():
		return ctx.Err()
	}
}

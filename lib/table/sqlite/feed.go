package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"time"

	"weir/lib/table"
)

const (
	feedBatch = 100                    // changes a sink gets at once
	feedPoll  = 250 * time.Millisecond // for what other processes wrote
	// A sink that fails is asked again after a pause that grows up to this.
	feedRetry = 5 * time.Second
)

// Feed delivers the changes of a table in the order of their commits, from
// where this consumer's cursor stands, until ctx ends; then it returns the
// context's error. A new consumer begins with the oldest change that is kept.
//
// Changes are kept until every consumer of the table has them, at most 24
// hours: what a consumer did not fetch by then is lost to it, as on DynamoDB.
// One Feed for a consumer at a time is meant to run; two would both be given
// the same changes.
func (db *DB) Feed(ctx context.Context, name, consumer string, sink table.Sink) error {
	f, err := db.feed(name, consumer, sink)
	if err != nil {
		return err
	}
	wake := db.subscribe(name)
	defer db.unsubscribe(name, wake)
	poll := time.NewTicker(feedPoll)
	defer poll.Stop()
	pause := time.Duration(0)
	for ctx.Err() == nil {
		done, err := f.step(ctx)
		if done > 0 {
			pause = 0
		}
		if errors.Is(err, errItem) {
			return err
		}
		if err != nil {
			pause = min(max(2*pause, feedPoll/4), feedRetry)
			wait(ctx, pause)
			continue
		}
		if done > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-poll.C:
		}
	}
	return ctx.Err()
}

// CatchUp delivers the changes that this consumer has not had yet, and returns
// nil when there are none left. An error of the sink ends it. It is meant for
// an orderly stop, after the consumer's Feed has ended.
func (db *DB) CatchUp(ctx context.Context, name, consumer string, sink table.Sink) error {
	f, err := db.feed(name, consumer, sink)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		if done, err := f.step(ctx); done == 0 || err != nil {
			return err
		}
	}
	return ctx.Err()
}

// feed checks what Feed and CatchUp are asked for.
func (db *DB) feed(name, consumer string, sink table.Sink) (*feed, error) {
	t, ok := db.tables[name]
	if !ok || !t.schema.Feed {
		return nil, fmt.Errorf("%w: table %q has no feed", table.ErrInvalid, name)
	}
	if consumer == "" {
		return nil, fmt.Errorf("%w: a consumer without a name", table.ErrInvalid)
	}
	return &feed{db: db, t: t, consumer: consumer, sink: sink}, nil
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// feed is one running Feed.
type feed struct {
	db       *DB
	t        *tableSQL
	consumer string
	sink     table.Sink
	known    bool  // the cursor's row is there
	at       int64 // last change done
}

// step delivers one batch and returns how much of it was taken.
func (f *feed) step(ctx context.Context) (done int, err error) {
	if !f.known {
		if err := f.register(ctx); err != nil {
			return 0, err
		}
	}
	seqs, changes, err := f.batch(ctx)
	if err != nil || len(changes) == 0 {
		return 0, err
	}
	done, err = f.sink(ctx, changes)
	done = max(0, min(done, len(changes)))
	if done == 0 {
		if err == nil {
			err = fmt.Errorf("sqlite: consumer %s took none of %d changes", f.consumer, len(changes))
		}
		return 0, err
	}
	return done, errors.Join(err, f.move(ctx, seqs[done-1]))
}

// register makes the cursor durable before the first delivery, so that nothing
// is trimmed before this consumer has seen it.
func (f *feed) register(ctx context.Context) error {
	err := f.db.writer.do(ctx, func(c *conn) error {
		if err := c.exec("INSERT INTO cursors (tbl, consumer, seq) VALUES (?, ?, 0) ON CONFLICT DO NOTHING",
			f.t.schema.Name, f.consumer); err != nil {
			return err
		}
		return c.query("SELECT seq FROM cursors WHERE tbl = ? AND consumer = ?", func(row []driver.Value) (bool, error) {
			f.at, _ = row[0].(int64)
			return false, nil
		}, f.t.schema.Name, f.consumer)
	})
	f.known = err == nil
	return err
}

// batch reads what follows the cursor.
func (f *feed) batch(ctx context.Context) (seqs []int64, changes []table.Change, err error) {
	err = f.db.read(ctx, func(c *conn) error {
		return c.query("SELECT seq, pk, sk, old, new, expired FROM "+changeName(f.t.schema)+
			" WHERE seq > ? ORDER BY seq LIMIT ?", func(row []driver.Value) (bool, error) {
			seq, ch, err := change(row)
			ch.Table = f.t.schema.Name
			seqs, changes = append(seqs, seq), append(changes, ch)
			return true, err
		}, f.at, int64(feedBatch))
	})
	return seqs, changes, err
}

func change(row []driver.Value) (int64, table.Change, error) {
	seq, _ := row[0].(int64)
	var ch table.Change
	ch.Seq = strconv.FormatInt(seq, 10)
	ch.Key.PK, _ = row[1].(string)
	ch.Key.SK, _ = row[2].(string)
	for i, to := range []*table.Item{&ch.Old, &ch.New} {
		blob, ok := row[3+i].([]byte)
		if !ok {
			continue
		}
		it, err := decode(blob, ch.Key)
		if err != nil {
			return 0, ch, err
		}
		*to = it
	}
	expired, _ := row[5].(int64)
	ch.Expired = expired == 1
	return seq, ch, nil
}

// move advances the cursor and drops what no consumer needs any more.
func (f *feed) move(ctx context.Context, seq int64) error {
	// A change that was delivered shall be marked so although ctx has ended
	// meanwhile: it would be delivered again.
	ctx = context.WithoutCancel(ctx)
	before := f.db.opts.Now().Add(-changeAge)
	err := f.db.writer.do(ctx, func(c *conn) error {
		err := c.exec("UPDATE cursors SET seq = max(seq, ?) WHERE tbl = ? AND consumer = ?", seq, f.t.schema.Name, f.consumer)
		if err != nil {
			return err
		}
		return trim(c, f.t, before)
	})
	if err == nil {
		f.at = seq
	}
	return err
}

// trim drops the changes of a table that every consumer has seen, and those
// from before the given time.
func trim(c *conn, t *tableSQL, before time.Time) error {
	changes := changeName(t.schema)
	err := c.exec("DELETE FROM "+changes+" WHERE seq <= (SELECT min(seq) FROM cursors WHERE tbl = ?)", t.schema.Name)
	if err != nil {
		return err
	}
	// Age follows seq but for clocks of several processes apart, so the scan
	// may end at the first one that is young enough.
	return c.exec("DELETE FROM "+changes+" WHERE seq < coalesce((SELECT seq FROM "+changes+
		" WHERE at >= ? ORDER BY seq LIMIT 1), 9223372036854775807)", before.UnixMilli())
}

// subscribe returns a channel that gets a signal after writes to the table.
func (db *DB) subscribe(name string) chan struct{} {
	wake := make(chan struct{}, 1)
	db.mu.Lock()
	db.feeds[name] = append(db.feeds[name], wake)
	db.mu.Unlock()
	return wake
}

func (db *DB) unsubscribe(name string, wake chan struct{}) {
	db.mu.Lock()
	defer db.mu.Unlock()
	for i, w := range db.feeds[name] {
		if w == wake {
			db.feeds[name] = append(db.feeds[name][:i], db.feeds[name][i+1:]...)
			return
		}
	}
}

// wrote wakes the feeds of a table that was written.
func (db *DB) wrote(ctx context.Context, t *tableSQL) {
	if t.schema.TTL {
		db.expire(ctx, t)
	}
	if !t.schema.Feed {
		return
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, wake := range db.feeds[t.schema.Name] {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

package sqlite

import (
	"context"
	"database/sql/driver"
	"time"

	"weir/lib/table"
)

// Items past their time to live are housekeeping: they go some time after an
// hour has passed, a few at a time, along with writes to their table. Nobody
// may rely on it; see table.Schema.
const (
	expireAfter = time.Hour
	expireEvery = time.Minute
	expireBatch = 100
)

// expire deletes some expired items of a table, if it is time to.
func (db *DB) expire(ctx context.Context, t *tableSQL) {
	now := db.opts.Now()
	db.mu.Lock()
	due := now.Sub(db.expired[t.schema.Name]) >= expireEvery
	if due {
		db.expired[t.schema.Name] = now
	}
	db.mu.Unlock()
	if !due {
		return
	}
	// The caller's write is done: what becomes of this is not its concern, and
	// what is left is deleted another time.
	_ = db.writer.do(context.WithoutCancel(ctx), func(c *conn) error { return db.expireBatch(c, t, now) })
}

func (db *DB) expireBatch(c *conn, t *tableSQL, now time.Time) error {
	var keys []table.Key
	err := c.query(t.expired, func(row []driver.Value) (bool, error) {
		var k table.Key
		k.PK, _ = row[0].(string)
		k.SK, _ = row[1].(string)
		keys = append(keys, k)
		return true, nil
	}, now.Add(-expireAfter).Unix(), int64(expireBatch))
	if err != nil {
		return err
	}
	for _, k := range keys {
		s := step{t: t, key: k, ttl: true}
		if err := s.load(c); err != nil {
			return err
		}
		if err := db.store(c, s); err != nil {
			return err
		}
	}
	return nil
}

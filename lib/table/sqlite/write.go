package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"weir/lib/table"
)

// Do applies w.
func (db *DB) Do(ctx context.Context, w table.Write) error {
	if err := db.check.Write(w); err != nil {
		return err
	}
	_, err := db.one(ctx, w)
	return err
}

// DoNew applies w and returns the item after it.
func (db *DB) DoNew(ctx context.Context, w table.Write) (table.Item, error) {
	if err := db.check.WriteNew(w); err != nil {
		return nil, err
	}
	return db.one(ctx, w)
}

func (db *DB) one(ctx context.Context, w table.Write) (table.Item, error) {
	t := db.tables[w.Table]
	var after table.Item
	err := db.writer.do(ctx, func(c *conn) error {
		s, err := prepareStep(c, t, w)
		if err != nil {
			return err
		}
		after = s.after
		return db.store(c, s)
	})
	if err != nil {
		return nil, err
	}
	db.wrote(ctx, t)
	return after, nil
}

// Transact applies all writes or none.
func (db *DB) Transact(ctx context.Context, ws []table.Write) error {
	if err := db.check.Transact(ws); err != nil {
		return err
	}
	err := db.writer.do(ctx, func(c *conn) error {
		steps, err := db.prepareSteps(c, ws)
		if err != nil {
			return err
		}
		for _, s := range steps {
			if err := db.store(c, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, w := range ws {
		db.wrote(ctx, db.tables[w.Table])
	}
	return nil
}

// prepareSteps works out every write before the first one is stored. Refused
// conditions come before other errors, and all of them together.
func (db *DB) prepareSteps(c *conn, ws []table.Write) ([]step, error) {
	steps := make([]step, 0, len(ws))
	refused := &table.ConditionError{}
	var first error
	size := 0
	for i, w := range ws {
		s, err := prepareStep(c, db.tables[w.Table], w)
		var cond *table.ConditionError
		switch {
		case errors.As(err, &cond):
			f := cond.Failed[0]
			f.Index = i
			refused.Failed = append(refused.Failed, f)
		case err != nil && !isPort(err):
			return nil, err
		case err != nil && first == nil:
			first = fmt.Errorf("write %d: %w", i, err)
		}
		size += s.after.Size()
		steps = append(steps, s)
	}
	if len(refused.Failed) > 0 {
		return nil, refused
	}
	if first != nil {
		return nil, first
	}
	return steps, table.CheckTransactSize(size)
}

// step is one write worked out: what was there and what shall be.
type step struct {
	t      *tableSQL
	key    table.Key
	id     int64 // row, 0 where there is none
	blob   []byte
	before table.Item
	after  table.Item
	ttl    bool // deleted by time to live
}

func prepareStep(c *conn, t *tableSQL, w table.Write) (step, error) {
	s := step{t: t, key: w.Key}
	if err := s.load(c); err != nil {
		return s, err
	}
	after, err := table.Apply(s.before, w)
	s.after = after
	return s, err
}

// load reads what is there.
func (s *step) load(c *conn) error {
	err := c.query(s.t.load, func(row []driver.Value) (bool, error) {
		s.id, _ = row[0].(int64)
		s.blob, _ = row[1].([]byte)
		return false, nil
	}, s.key.PK, s.key.SK)
	if err != nil || s.id == 0 {
		return err
	}
	s.before, err = decode(s.blob, s.key)
	return err
}

// store writes a step. A step that changes nothing is not written and is no
// change, as on DynamoDB.
func (db *DB) store(c *conn, s step) error {
	if s.before.Equal(s.after) {
		return nil
	}
	var blob []byte
	var err error
	switch {
	case s.after == nil:
		err = c.exec(s.t.remove, s.id)
	case s.before == nil:
		blob = encode(nil, s.after)
		args := []any{s.key.PK, s.key.SK, blob}
		for _, a := range s.t.attrs {
			args = append(args, s.t.column(s.after, a))
		}
		err = c.exec(s.t.insert, args...)
	case s.sameColumns():
		blob = encode(make([]byte, 0, len(s.blob)+64), s.after)
		err = c.exec(s.t.update, blob, s.id)
	default:
		blob = encode(make([]byte, 0, len(s.blob)+64), s.after)
		err = c.exec(s.t.reindex, s.t.reindexArgs(s.after, blob, s.id)...)
	}
	if err != nil || s.t.change == "" {
		return err
	}
	expired := int64(0)
	if s.ttl {
		expired = 1
	}
	return c.exec(s.t.change, s.key.PK, s.key.SK, orNil(s.blob), orNil(blob), expired, db.opts.Now().UnixMilli())
}

// sameColumns reports whether the attributes with columns stay as they are, so
// that the engine need not look at the indexes.
func (s *step) sameColumns() bool {
	for _, a := range s.t.attrs {
		if s.t.column(s.before, a) != s.t.column(s.after, a) {
			return false
		}
	}
	return true
}

func orNil(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

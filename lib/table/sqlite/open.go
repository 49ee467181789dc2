package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	lib "modernc.org/sqlite/lib"

	"weir/lib/table"
)

// fileName is the store's file in its folder; beside it stand "-wal" and
// "-shm" while it is open.
const fileName = "weir.db"

// Open opens the store in the folder dir and makes both where they are
// missing. Its errors are written for whoever started the program: they name
// the file and say what to do.
func Open(dir string, schemas []table.Schema, opts Options) (*DB, error) {
	check, err := table.NewChecker(schemas)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	path, err := filepath.Abs(filepath.Join(dir, fileName))
	if err != nil {
		return nil, fmt.Errorf("sqlite: folder %s: %w", dir, err)
	}
	if err := prepare(path); err != nil {
		return nil, err
	}
	db := &DB{
		opts: opts.withDefaults(), check: check, tables: map[string]*tableSQL{},
		feeds: map[string][]chan struct{}{}, expired: map[string]time.Time{},
	}
	for _, s := range schemas {
		db.expired[s.Name] = db.opts.Now()
		db.tables[s.Name] = newTableSQL(s)
	}
	if err := db.connect(path); err != nil {
		return nil, explain(path, err)
	}
	return db, nil
}

// prepare makes the folder and the file, readable by their owner only: the
// store holds key hashes and what was called.
func prepare(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the store's folder %s cannot be made (%w): choose another one or create it yourself", dir, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator names the folder
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("the store %s cannot be written (%w): make the folder and the file writable for this user, or choose another folder", path, err)
		}
		return fmt.Errorf("the store %s cannot be opened (%w): choose another folder", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("the store %s cannot be opened: %w", path, err)
	}
	// SQLite keeps its log and its locks beside the file.
	probe, err := os.CreateTemp(dir, ".weir-probe-*")
	if err != nil {
		return fmt.Errorf("the store's folder %s cannot be written (%w): make it writable for this user, or choose another folder", dir, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func (db *DB) connect(path string) (err error) {
	uri := (&url.URL{Scheme: "file", Path: path}).String()
	sync := "synchronous = NORMAL"
	if db.opts.Durable {
		sync = "synchronous = FULL"
	}
	// While opening, the engine itself waits for locks; later the writer does.
	wait := fmt.Sprintf("busy_timeout = %d", db.opts.LockWait.Milliseconds())
	w, err := openConn(uri, wait, "journal_mode = WAL", sync, "wal_autocheckpoint = 4000", "cache_size = -16000")
	if err != nil {
		return err
	}
	db.writer = newWriter(db, w)
	db.readers = make(chan *conn, db.opts.Readers)
	defer func() {
		if err == nil {
			return
		}
		err = errors.Join(err, db.writer.c.close())
		for len(db.readers) > 0 {
			err = errors.Join(err, (<-db.readers).close())
		}
	}()
	if err := db.migrate(w); err != nil {
		return err
	}
	if err := w.once("PRAGMA busy_timeout = 0"); err != nil {
		return err
	}
	for range db.opts.Readers {
		r, err := openConn(uri, wait, "query_only = 1", "cache_size = -8000")
		if err != nil {
			return err
		}
		db.readers <- r
	}
	return db.dropOld(context.Background())
}

// errNewer is a file of a later format.
var errNewer = errors.New("it was written by a newer version of this program")

// migrate brings the file to what the schemas need, in one transaction.
func (db *DB) migrate(c *conn) error {
	if err := c.once("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	version := int64(0)
	err := c.query("PRAGMA user_version", func(row []driver.Value) (bool, error) {
		version, _ = row[0].(int64)
		return false, nil
	})
	if err == nil && version > formatVersion {
		err = errNewer
	}
	if err == nil {
		err = create(c, db.tables)
	}
	if err != nil {
		return errors.Join(err, c.once("ROLLBACK"))
	}
	return c.once("COMMIT")
}

// explain turns an engine's error into one that says what to do.
func explain(path string, err error) error {
	switch {
	case errors.Is(err, errNewer):
		return fmt.Errorf("the store %s cannot be used: %w: update this program, or choose another folder", path, err)
	case errors.Is(err, errItem):
		return fmt.Errorf("the store %s is damaged (%w): move it away or restore a copy", path, err)
	}
	switch code(err) {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fmt.Errorf("%w: the store %s is locked by another program: wait until it is done, or stop it (%w)",
			table.ErrThrottled, path, err)
	case lib.SQLITE_NOTADB:
		return fmt.Errorf("the store %s is not a SQLite file (%w): move it away, or choose another folder", path, err)
	case lib.SQLITE_CORRUPT:
		return fmt.Errorf("the store %s is damaged (%w): move it and its -wal and -shm files away, or restore a copy", path, err)
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		return fmt.Errorf("the store %s cannot be written (%w): make the folder and all weir.db files writable for this user, or choose another folder", path, err)
	case lib.SQLITE_FULL:
		return fmt.Errorf("the store %s cannot grow (%w): make room on the disk", path, err)
	}
	return fmt.Errorf("the store %s cannot be opened: %w", path, err)
}

// dropOld drops changes that no consumer may ask for any more; see Feed.
func (db *DB) dropOld(ctx context.Context) error {
	before := db.opts.Now().Add(-changeAge)
	return db.writer.do(ctx, func(c *conn) error {
		for _, t := range db.tables {
			if !t.schema.Feed {
				continue
			}
			if err := trim(c, t, before); err != nil {
				return err
			}
		}
		return nil
	})
}

// changeAge is how long changes are kept for a consumer that does not come, as
// DynamoDB streams keep them.
const changeAge = 24 * time.Hour

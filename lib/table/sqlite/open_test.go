package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/sqlite"
)

// raw opens the store's file beside the driver.
func raw(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "weir.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execSQL(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestOpenSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, dir string) string // returns the folder to open
		want    []string
	}{
		{"folder is a file", func(t *testing.T, dir string) string {
			f := filepath.Join(dir, "file")
			writeFile(t, f, "")
			return f
		}, []string{"folder", "choose another one"}},
		{"folder is read-only", func(t *testing.T, dir string) string {
			if os.Geteuid() == 0 {
				t.Skip("root may write everywhere")
			}
			if err := os.Chmod(dir, 0o500); err != nil {
				t.Fatal(err)
			}
			return dir
		}, []string{"cannot be written", "make the folder", "writable"}},
		{"file is a folder", func(t *testing.T, dir string) string {
			if err := os.Mkdir(filepath.Join(dir, "weir.db"), 0o700); err != nil {
				t.Fatal(err)
			}
			return dir
		}, []string{"weir.db cannot be opened", "choose another folder"}},
		{"file is something else", func(t *testing.T, dir string) string {
			writeFile(t, filepath.Join(dir, "weir.db"), strings.Repeat("not a database ", 100))
			return dir
		}, []string{"not a SQLite file", "move it away"}},
		{"file is damaged", damaged, []string{"damaged", "move it"}},
		{"file is newer", func(t *testing.T, dir string) string {
			execSQL(t, raw(t, dir), "PRAGMA user_version = 99")
			return dir
		}, []string{"newer version", "update this program"}},
		{"file is locked", func(t *testing.T, dir string) string {
			execSQL(t, raw(t, dir), "CREATE TABLE x (y)", "PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE")
			return dir
		}, []string{"locked by another program", "wait until"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := c.prepare(t, t.TempDir())
			db, err := sqlite.Open(dir, layout.All(), sqlite.Options{LockWait: 20 * time.Millisecond})
			if err == nil {
				t.Fatal("opened", db.Close())
			}
			for _, want := range append(c.want, dir) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// damaged makes a store whose schema page is overwritten.
func damaged(t *testing.T, dir string) string {
	t.Helper()
	db, err := sqlite.Open(dir, layout.All(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "weir.db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 100; i < len(b); i++ {
		b[i] = 0xa5
	}
	writeFile(t, path, string(b))
	return dir
}

func TestOpenMakesTheFolderPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b?c#d e")
	db, err := sqlite.Open(dir, layout.All(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Do(t.Context(), table.Write{Table: layout.State, Key: table.Key{PK: "a", SK: "b"}}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 || !strings.HasPrefix(e.Name(), "weir.db") {
			t.Errorf("%s has mode %v, %v, want a private weir.db", e.Name(), info.Mode(), err)
		}
	}
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"Do":  db.Do(t.Context(), table.Write{Table: layout.State, Key: table.Key{PK: "a", SK: "b"}}),
		"Get": get(t, db),
	} {
		if !errors.Is(err, table.ErrThrottled) {
			t.Errorf("%s after Close: %v, want ErrThrottled", name, err)
		}
	}
}

func get(t *testing.T, db *sqlite.DB) error {
	_, err := db.Get(t.Context(), layout.State, table.Key{PK: "a", SK: "b"}, true)
	return err
}

func TestSchemasAreChecked(t *testing.T) {
	for name, s := range map[string][]table.Schema{
		"a table twice":       {{Name: "items"}, {Name: "items"}},
		"a bad table name":    {{Name: "a table"}},
		"a bad index name":    {{Name: "items", Indexes: []table.Index{{Name: "x", PK: "a", SK: "b"}}}},
		"an index twice":      {{Name: "items", Indexes: []table.Index{{Name: "one", PK: "a", SK: "b"}, {Name: "one", PK: "c", SK: "d"}}}},
		"an index over pk":    {{Name: "items", Indexes: []table.Index{{Name: "one", PK: "pk", SK: "b"}}}},
		"an index of nothing": {{Name: "items", Indexes: []table.Index{{Name: "one", PK: "a"}}}},
	} {
		if _, err := sqlite.Open(t.TempDir(), s, sqlite.Options{}); !errors.Is(err, table.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

// TestIndexesFollowTheSchemas opens one file with changing schemas, as
// upgrades do.
func TestIndexesFollowTheSchemas(t *testing.T) {
	dir := t.TempDir()
	index := table.Index{Name: "by_team", PK: "team", SK: "at"}
	with := []table.Schema{{Name: "items", Indexes: []table.Index{index}}}
	without := []table.Schema{{Name: "items"}}
	put := func(db *sqlite.DB, sk, team string) {
		t.Helper()
		w := table.Write{Table: "items", Key: table.Key{PK: "p", SK: sk}, Set: table.Item{"team": team, "at": sk}}
		if err := db.Do(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	session := func(schemas []table.Schema, f func(db *sqlite.DB)) {
		t.Helper()
		db, err := sqlite.Open(dir, schemas, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		f(db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	teamOf := func(db *sqlite.DB, team string) []string {
		p, err := db.Query(t.Context(), table.Query{Table: "items", Index: "by_team", PK: team})
		if err != nil {
			t.Fatal(err)
		}
		var sks []string
		for _, it := range p.Items {
			sks = append(sks, fmt.Sprint(it["sk"]))
		}
		return sks
	}
	session(without, func(db *sqlite.DB) { put(db, "1", "red"); put(db, "2", "blue") })
	session(with, func(db *sqlite.DB) {
		if diff := cmp.Diff([]string{"1"}, teamOf(db, "red")); diff != "" {
			t.Errorf("an index that is new misses items (-want +got):\n%s", diff)
		}
	})
	session(without, func(db *sqlite.DB) { put(db, "1", "blue") })
	session(with, func(db *sqlite.DB) {
		if got := teamOf(db, "red"); got != nil {
			t.Errorf("an index that was away holds the old entry %v", got)
		}
		if diff := cmp.Diff([]string{"1", "2"}, teamOf(db, "blue")); diff != "" {
			t.Errorf("blue (-want +got):\n%s", diff)
		}
	})
}

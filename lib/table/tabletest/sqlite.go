package tabletest

import (
	"testing"

	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/sqlite"
)

// SQLite returns a fresh store with the gateway's tables in a temporary file.
// It is closed when the test ends, so feeds must have ended by then.
func SQLite(t testing.TB) table.Table {
	t.Helper()
	return OpenSQLite(t, t.TempDir(), layout.All())
}

// OpenSQLite opens a store in the folder dir. It is closed when the test ends.
func OpenSQLite(t testing.TB, dir string, schemas []table.Schema) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(dir, schemas, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

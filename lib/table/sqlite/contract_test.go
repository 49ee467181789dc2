package sqlite_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"weir/lib/table"
	"weir/lib/table/tabletest"
)

// TestMain also is the program of the tests that need a second process.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir, os.Getenv(childTask)))
	}
	goleak.VerifyTestMain(m)
}

func open(t *testing.T, schemas []table.Schema) tabletest.Harness {
	db := tabletest.OpenSQLite(t, t.TempDir(), schemas)
	return tabletest.Harness{Table: db, Feeder: db}
}

func TestContract(t *testing.T) { tabletest.Run(t, open) }

func TestRandom(t *testing.T) { tabletest.Random(t, open) }

package sqlite_test

import (
	"testing"

	"go.uber.org/goleak"

	"weir/lib/table"
	"weir/lib/table/tabletest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, schemas []table.Schema) tabletest.Harness {
	db := tabletest.OpenSQLite(t, t.TempDir(), schemas)
	return tabletest.Harness{Table: db, Feeder: db}
}

func TestContract(t *testing.T) { tabletest.Run(t, open) }

func TestRandom(t *testing.T) { tabletest.Random(t, open) }

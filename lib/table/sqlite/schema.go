package sqlite

import (
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	"weir/lib/table"
)

// The file's tables. A table of the port is "t:NAME": its key, its item as a
// blob (see codec.go), and a column "a:ATTR" for each attribute that an index
// reads; the engine keeps the sparse indexes from those. "c:NAME" holds the
// changes of a table that has a feed, "cursors" how far each consumer is.
//
// Rows keep an integer key of their own: items of 1 KB inside the nodes of the
// key's tree would leave four to a page and make it deep.
const formatVersion = 1

// names and statements of one table.
type tableSQL struct {
	schema  table.Schema
	attrs   []string // that have a column
	get     string
	load    string
	insert  string
	update  string // item only
	reindex string // item and columns
	remove  string
	change  string
	expired string
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func tableName(s table.Schema) string  { return quote("t:" + s.Name) }
func changeName(s table.Schema) string { return quote("c:" + s.Name) }
func attrColumn(attr string) string    { return quote("a:" + attr) }

func indexName(s table.Schema, x table.Index) string { return quote("x:" + s.Name + ":" + x.Name) }

// attrs returns the attributes of s that have a column, in a fixed order.
func attrs(s table.Schema) []string {
	var as []string
	for _, x := range s.Indexes {
		as = append(as, x.PK, x.SK)
	}
	if s.TTL {
		as = append(as, table.TTLAttr)
	}
	slices.Sort(as)
	return slices.Compact(as)
}

func newTableSQL(s table.Schema) *tableSQL {
	t := &tableSQL{schema: s, attrs: attrs(s)}
	name := tableName(s)
	cols, marks, sets := "", "", ""
	for _, a := range t.attrs {
		cols += ", " + attrColumn(a)
		marks += ", ?"
		sets += ", " + attrColumn(a) + " = ?"
	}
	const byKey = " WHERE pk = ? AND sk = ?"
	t.get = "SELECT item FROM " + name + byKey
	t.load = "SELECT id, item FROM " + name + byKey
	t.insert = "INSERT INTO " + name + " (pk, sk, item" + cols + ") VALUES (?, ?, ?" + marks + ")"
	t.update = "UPDATE " + name + " SET item = ? WHERE id = ?"
	t.reindex = "UPDATE " + name + " SET item = ?" + sets + " WHERE id = ?"
	t.remove = "DELETE FROM " + name + " WHERE id = ?"
	if s.Feed {
		t.change = "INSERT INTO " + changeName(s) + " (pk, sk, old, new, expired, at) VALUES (?, ?, ?, ?, ?, ?)"
	}
	if s.TTL {
		col := attrColumn(table.TTLAttr)
		t.expired = "SELECT pk, sk FROM " + name + " WHERE " + col + " < ? ORDER BY " + col + " LIMIT ?"
	}
	return t
}

// column returns what an item has in the column of attr: nil unless the type
// is the column's.
func (t *tableSQL) column(it table.Item, attr string) any {
	v := it[attr]
	if t.schema.TTL && attr == table.TTLAttr {
		if n, ok := v.(int64); ok {
			return n
		}
		return nil
	}
	if s, ok := v.(string); ok {
		return s
	}
	return nil
}

// create makes what the schemas need and the file lacks, and drops the indexes
// that no schema names any more. It runs inside a transaction.
func create(c *conn, tables map[string]*tableSQL) error {
	statements := []string{`CREATE TABLE IF NOT EXISTS cursors (
		tbl TEXT NOT NULL, consumer TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tbl, consumer)) WITHOUT ROWID`}
	for _, t := range tables {
		statements = append(statements, `CREATE TABLE IF NOT EXISTS `+tableName(t.schema)+` (
			id INTEGER PRIMARY KEY, pk TEXT NOT NULL, sk TEXT NOT NULL, item BLOB NOT NULL)`,
			`CREATE UNIQUE INDEX IF NOT EXISTS `+quote("k:"+t.schema.Name)+` ON `+tableName(t.schema)+` (pk, sk)`)
		if t.schema.Feed {
			statements = append(statements, `CREATE TABLE IF NOT EXISTS `+changeName(t.schema)+` (
				seq INTEGER PRIMARY KEY AUTOINCREMENT, pk TEXT NOT NULL, sk TEXT NOT NULL,
				old BLOB, new BLOB, expired INTEGER NOT NULL, at INTEGER NOT NULL)`)
		}
	}
	statements = append(statements, fmt.Sprintf("PRAGMA user_version = %d", formatVersion))
	for _, s := range statements {
		if err := c.once(s); err != nil {
			return err
		}
	}
	for _, t := range tables {
		if err := createIndexes(c, t); err != nil {
			return fmt.Errorf("table %s: %w", t.schema.Name, err)
		}
	}
	return nil
}

func createIndexes(c *conn, t *tableSQL) error {
	if err := dropIndexes(c, t); err != nil {
		return err
	}
	if err := addColumns(c, t); err != nil {
		return err
	}
	name := tableName(t.schema)
	for _, x := range t.schema.Indexes {
		pk, sk := attrColumn(x.PK), attrColumn(x.SK)
		if err := c.once("CREATE INDEX IF NOT EXISTS " + indexName(t.schema, x) + " ON " + name +
			" (" + pk + ", " + sk + ", pk, sk) WHERE " + pk + " IS NOT NULL AND " + sk + " IS NOT NULL"); err != nil {
			return err
		}
	}
	if t.schema.TTL {
		col := attrColumn(table.TTLAttr)
		return c.once("CREATE INDEX IF NOT EXISTS " + quote("ttl:"+t.schema.Name) + " ON " + name +
			" (" + col + ") WHERE " + col + " IS NOT NULL")
	}
	return nil
}

// strings runs a query of one text column.
func (c *conn) strings(sql string, args ...any) ([]string, error) {
	var out []string
	err := c.query(sql, func(row []driver.Value) (bool, error) {
		s, _ := row[0].(string)
		out = append(out, s)
		return true, nil
	}, args...)
	return out, err
}

// dropIndexes drops indexes and columns that the schema does not name: this
// process would not keep them, and a later one would read stale entries.
func dropIndexes(c *conn, t *tableSQL) error {
	have, err := c.strings(`SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND name LIKE 'x:%'`,
		"t:"+t.schema.Name)
	if err != nil {
		return err
	}
	for _, name := range have {
		wanted := slices.ContainsFunc(t.schema.Indexes, func(x table.Index) bool {
			return "x:"+t.schema.Name+":"+x.Name == name
		})
		if wanted {
			continue
		}
		if err := c.once("DROP INDEX " + quote(name)); err != nil {
			return err
		}
	}
	cols, err := columns(c, t)
	if err != nil {
		return err
	}
	for _, col := range cols {
		attr, isAttr := strings.CutPrefix(col, "a:")
		if !isAttr || slices.Contains(t.attrs, attr) {
			continue
		}
		if err := c.once("ALTER TABLE " + tableName(t.schema) + " DROP COLUMN " + quote(col)); err != nil {
			return err
		}
	}
	return nil
}

func columns(c *conn, t *tableSQL) ([]string, error) {
	return c.strings("SELECT name FROM pragma_table_info(?)", "t:"+t.schema.Name)
}

// addColumns adds the columns that are missing and fills them from the items
// that are there.
func addColumns(c *conn, t *tableSQL) error {
	have, err := columns(c, t)
	if err != nil {
		return err
	}
	added := false
	for _, a := range t.attrs {
		if slices.Contains(have, "a:"+a) {
			continue
		}
		kind := "TEXT"
		if t.schema.TTL && a == table.TTLAttr {
			kind = "INTEGER"
		}
		if err := c.once("ALTER TABLE " + tableName(t.schema) + " ADD COLUMN " + attrColumn(a) + " " + kind); err != nil {
			return err
		}
		added = true
	}
	if !added {
		return nil
	}
	return refill(c, t)
}

// refill writes the columns of every item anew.
func refill(c *conn, t *tableSQL) error {
	var ids []int64
	err := c.query("SELECT id FROM "+tableName(t.schema), func(row []driver.Value) (bool, error) {
		id, _ := row[0].(int64)
		ids = append(ids, id)
		return true, nil
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		var blob []byte
		err := c.query("SELECT item FROM "+tableName(t.schema)+" WHERE id = ?", func(row []driver.Value) (bool, error) {
			blob, _ = row[0].([]byte)
			return false, nil
		}, id)
		if err != nil {
			return err
		}
		it, err := decode(blob, table.Key{})
		if err != nil {
			return err
		}
		if err := c.exec(t.reindex, t.reindexArgs(it, blob, id)...); err != nil {
			return err
		}
	}
	return nil
}

func (t *tableSQL) reindexArgs(it table.Item, blob []byte, id int64) []any {
	args := []any{blob}
	for _, a := range t.attrs {
		args = append(args, t.column(it, a))
	}
	return append(args, id)
}

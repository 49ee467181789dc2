package ledger

import (
	"weir/lib/table"
	"weir/lib/table/layout"
)

// FromItem reads a row from its item, as a table.Change has it. Attributes it
// does not know are ignored. A row of an unknown version is ErrVersion, and an
// attribute that cannot be read is named.
func FromItem(it table.Item) (Row, error) { return decode(it) }

// Emits reports whether a change must be told on: it closed a row, or the
// reaper asked for it again. It looks at as little as it can, so that rows
// which cannot be read are told on, too. Changes of other tables and items, and
// removals, are no one's business.
func Emits(c table.Change) bool {
	if c.Table != layout.Ledger || c.Key.SK != rowSK || c.New == nil || c.New[attrState] == string(Open) {
		return false
	}
	closed := c.Old != nil && (c.Old[attrState] == string(Settled) || c.Old[attrState] == string(Refused))
	return !closed || count(c.New) > count(c.Old)
}

// count is how often the reaper asked for a row again.
func count(it table.Item) int64 {
	n, _ := it[attrEmit].(int64)
	return n
}

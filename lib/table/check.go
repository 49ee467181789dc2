package table

import (
	"fmt"
	"strings"
)

// Attributes of the primary key.
const (
	PK = "pk"
	SK = "sk"
	// TTLAttr is the time to live of tables that have one, in unix seconds.
	TTLAttr = "ttl"
)

// Checker refuses calls that DynamoDB would refuse, before a driver acts on
// them. It knows the schemas of a store and nothing of its items; what depends
// on an item is in Apply. It is immutable and safe for concurrent use.
type Checker struct {
	schemas map[string]Schema
	keys    map[string]map[string]int // table → index key attribute → its limit in bytes
}

// NewChecker returns the checker for a store of these tables. An error says
// what is wrong with the schemas.
func NewChecker(schemas []Schema) (*Checker, error) {
	c := &Checker{schemas: map[string]Schema{}, keys: map[string]map[string]int{}}
	for _, s := range schemas {
		if err := checkName("table", s.Name); err != nil {
			return nil, err
		}
		if _, dup := c.schemas[s.Name]; dup {
			return nil, fmt.Errorf("%w: two tables are called %s", ErrInvalid, s.Name)
		}
		keys, err := indexKeys(s)
		if err != nil {
			return nil, err
		}
		c.schemas[s.Name], c.keys[s.Name] = s, keys
	}
	return c, nil
}

func indexKeys(s Schema) (map[string]int, error) {
	keys, names := map[string]int{}, map[string]bool{}
	for _, x := range s.Indexes {
		if err := checkName("index", x.Name); err != nil {
			return nil, fmt.Errorf("table %s: %w", s.Name, err)
		}
		if names[x.Name] {
			return nil, fmt.Errorf("%w: table %s has two indexes called %s", ErrInvalid, s.Name, x.Name)
		}
		names[x.Name] = true
		for attr, limit := range map[string]int{x.PK: MaxPKBytes, x.SK: MaxSKBytes} {
			if attr == "" || attr == PK || attr == SK || len(attr) > maxKeyAttrBytes || x.PK == x.SK {
				return nil, fmt.Errorf("%w: index %s of table %s needs two attributes of its own, not %q and %q",
					ErrInvalid, x.Name, s.Name, x.PK, x.SK)
			}
			if old, ok := keys[attr]; ok {
				limit = min(limit, old)
			}
			keys[attr] = limit
		}
	}
	return keys, nil
}

// checkName accepts what DynamoDB accepts in names: letters, digits, _ - and .
func checkName(what, name string) error {
	ok := len(name) >= 3 && len(name) <= maxSchemaNameBytes
	for _, r := range name {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-.", r))
	}
	if !ok {
		return fmt.Errorf("%w: %s name %q: use 3 to %d letters, digits, underscores, hyphens and points",
			ErrInvalid, what, name, maxSchemaNameBytes)
	}
	return nil
}

// Schema returns the schema of a table.
func (c *Checker) Schema(table string) (Schema, error) {
	s, ok := c.schemas[table]
	if !ok {
		return Schema{}, fmt.Errorf("%w: no table %q in this store", ErrInvalid, table)
	}
	return s, nil
}

// Index returns an index of a table; the name "" is the table itself, by pk
// and sk.
func (c *Checker) Index(table, name string) (Index, error) {
	s, err := c.Schema(table)
	if err != nil {
		return Index{}, err
	}
	if name == "" {
		return Index{PK: PK, SK: SK, Full: true}, nil
	}
	for _, x := range s.Indexes {
		if x.Name == name {
			return x, nil
		}
	}
	return Index{}, fmt.Errorf("%w: table %s has no index %q", ErrInvalid, table, name)
}

// Key checks the key of a read.
func (c *Checker) Key(table string, k Key) error {
	if _, err := c.Schema(table); err != nil {
		return err
	}
	if err := checkKeyString(PK, k.PK, MaxPKBytes); err != nil {
		return err
	}
	return checkKeyString(SK, k.SK, MaxSKBytes)
}

// Write checks a write for Do.
func (c *Checker) Write(w Write) error {
	if w.Kind == Check {
		return fmt.Errorf("%w: Check is for transactions only", ErrInvalid)
	}
	return c.write(w)
}

// WriteNew checks a write for DoNew.
func (c *Checker) WriteNew(w Write) error {
	if w.Kind != Put && w.Kind != Update {
		return fmt.Errorf("%w: only Put and Update have an item after the write", ErrInvalid)
	}
	return c.write(w)
}

// Transact checks a transaction.
func (c *Checker) Transact(ws []Write) error {
	if len(ws) == 0 {
		return fmt.Errorf("%w: a transaction without writes", ErrInvalid)
	}
	if len(ws) > MaxTransactWrites {
		return fmt.Errorf("%w: %d writes in a transaction, at most %d", ErrTooLarge, len(ws), MaxTransactWrites)
	}
	type place struct {
		table string
		key   Key
	}
	seen, size := make(map[place]bool, len(ws)), 0
	for i, w := range ws {
		if err := c.write(w); err != nil {
			return fmt.Errorf("write %d: %w", i, err)
		}
		p := place{w.Table, w.Key}
		if seen[p] {
			return fmt.Errorf("%w: two writes of one transaction to %s %s/%s", ErrInvalid, w.Table, w.Key.PK, w.Key.SK)
		}
		seen[p] = true
		size += len(PK) + len(w.Key.PK) + len(SK) + len(w.Key.SK) + w.Set.Size()
	}
	return CheckTransactSize(size)
}

// CheckTransactSize checks the size of all items of a transaction together.
func CheckTransactSize(size int) error {
	if size > MaxTransactBytes {
		return fmt.Errorf("%w: transaction of %d bytes, at most %d", ErrTooLarge, size, MaxTransactBytes)
	}
	return nil
}

func (c *Checker) write(w Write) error {
	if err := c.Key(w.Table, w.Key); err != nil {
		return err
	}
	if err := checkShape(w); err != nil {
		return err
	}
	if err := checkTests(w); err != nil {
		return err
	}
	return c.checkClauses(w)
}

// checkShape checks that a write has the parts its kind takes.
func checkShape(w Write) error {
	clauses := len(w.Set) + len(w.Add) + len(w.Remove)
	switch w.Kind {
	case Put:
		if len(w.Add)+len(w.Remove) > 0 {
			return fmt.Errorf("%w: Put takes Set only: it replaces the item", ErrInvalid)
		}
	case Update:
		if clauses == 0 {
			return fmt.Errorf("%w: an Update without Set, Add or Remove", ErrInvalid)
		}
		if clauses > MaxClauses {
			return fmt.Errorf("%w: an Update of %d attributes, at most %d", ErrTooLarge, clauses, MaxClauses)
		}
	case Delete, Check:
		if clauses > 0 {
			return fmt.Errorf("%w: Delete and Check take no Set, Add or Remove", ErrInvalid)
		}
		if w.Kind == Check && len(w.If) == 0 {
			return fmt.Errorf("%w: a Check without a test", ErrInvalid)
		}
	default:
		return fmt.Errorf("%w: no kind %d of write", ErrInvalid, w.Kind)
	}
	return nil
}

func checkTests(w Write) error {
	if n := len(w.If) + len(w.Add); n > MaxTests {
		return fmt.Errorf("%w: %d tests and adds in one write, at most %d", ErrTooLarge, n, MaxTests)
	}
	for _, t := range w.If {
		if err := checkTest(t); err != nil {
			return err
		}
	}
	return nil
}

func checkTest(t Test) error {
	if err := checkAttr(t.Attr); err != nil {
		return err
	}
	switch t.Op {
	case Exists, Absent:
		if t.Val != nil || t.OrAbsent {
			return fmt.Errorf("%w: test %s %s takes neither a value nor OrAbsent", ErrInvalid, t.Attr, t.Op)
		}
		return nil
	case Eq, Ne, Lt, Le, Gt, Ge:
	default:
		return fmt.Errorf("%w: no comparison %q", ErrInvalid, t.Op)
	}
	if err := checkValue(t.Attr, t.Val); err != nil {
		return err
	}
	if _, isBool := t.Val.(bool); isBool && t.Op != Eq && t.Op != Ne {
		return fmt.Errorf("%w: test %s %s: booleans have no order", ErrInvalid, t.Attr, t.Op)
	}
	if t.Attr == PK || t.Attr == SK {
		if s, ok := t.Val.(string); !ok || s == "" {
			return fmt.Errorf("%w: test of %s needs a string that is not empty", ErrInvalid, t.Attr)
		}
	}
	return nil
}

// checkClauses checks Set, Add and Remove, by attribute.
func (c *Checker) checkClauses(w Write) error {
	keys := c.keys[w.Table]
	for name, v := range w.Set {
		if err := checkClause(name); err != nil {
			return err
		}
		if err := checkValue(name, v); err != nil {
			return err
		}
		if limit, ok := keys[name]; ok {
			if err := checkIndexKey(name, v, limit); err != nil {
				return err
			}
		}
	}
	for name := range w.Add {
		if err := checkClause(name); err != nil {
			return err
		}
		if _, ok := keys[name]; ok {
			return fmt.Errorf("%w: %s is the key of an index: nothing can be added to it", ErrInvalid, name)
		}
	}
	if err := checkDisjoint(w); err != nil {
		return err
	}
	if w.Kind == Put {
		return checkItemSize(putItem(w))
	}
	if n := w.Set.Size() + len(PK) + len(w.Key.PK) + len(SK) + len(w.Key.SK); n > MaxItemBytes {
		return fmt.Errorf("%w: item of more than %d bytes, at most %d", ErrTooLarge, n, MaxItemBytes)
	}
	return nil
}

func checkIndexKey(name string, v any, limit int) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("%w: %s is the key of an index: a string, not a %T", ErrInvalid, name, v)
	}
	return checkKeyString(name+", the key of an index,", s, limit)
}

func checkClause(name string) error {
	if name == PK || name == SK {
		return fmt.Errorf("%w: %s is part of the key: it goes into Key and cannot be changed", ErrInvalid, name)
	}
	return checkAttr(name)
}

// checkDisjoint checks that an attribute occurs in one clause only, and once.
func checkDisjoint(w Write) error {
	for name := range w.Add {
		if _, dup := w.Set[name]; dup {
			return fmt.Errorf("%w: %s is both set and added to", ErrInvalid, name)
		}
	}
	for i, name := range w.Remove {
		if err := checkClause(name); err != nil {
			return err
		}
		_, set := w.Set[name]
		_, add := w.Add[name]
		dup := false
		for _, other := range w.Remove[:i] {
			dup = dup || other == name
		}
		if set || add || dup {
			return fmt.Errorf("%w: %s is removed and in another clause, too", ErrInvalid, name)
		}
	}
	return nil
}

package table

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
)

// Apply returns the item after w, given the one before it; nil stands for no
// item, on both sides. It does not change old, and it is the whole meaning of
// a Write: the SQLite driver runs it, the DynamoDB driver
// reads refusals by it, and the tests' model is made of it.
//
// w has passed a Checker. The errors are a *ConditionError, ErrOverflow,
// ErrInvalid (an Add to what is not a number) and ErrTooLarge. Conditions come
// first: where one refuses, nothing else is said.
func Apply(old Item, w Write) (Item, error) {
	for _, t := range w.If {
		if !t.holds(old) {
			return nil, &ConditionError{Failed: []Failed{{Key: w.Key, Old: old}}}
		}
	}
	switch w.Kind {
	case Put:
		return putItem(w), nil
	case Update:
		return update(old, w)
	case Delete:
		return nil, nil
	default:
		return old, nil
	}
}

func putItem(w Write) Item {
	it := make(Item, len(w.Set)+2)
	it[PK], it[SK] = w.Key.PK, w.Key.SK
	set(it, w.Set)
	return it
}

func update(old Item, w Write) (Item, error) {
	it := make(Item, max(len(old), 2)+len(w.Set)+len(w.Add))
	maps.Copy(it, old)
	it[PK], it[SK] = w.Key.PK, w.Key.SK
	for _, name := range w.Remove {
		delete(it, name)
	}
	set(it, w.Set)
	var failed error
	first := "" // of several sums that fail, the first by name is told
	for name, delta := range w.Add {
		sum, err := add(it[name], delta)
		if err != nil && (failed == nil || name < first) {
			failed = fmt.Errorf("%s %s/%s: adding %d to %s: %w", w.Table, w.Key.PK, w.Key.SK, delta, name, err)
			first = name
		}
		it[name] = sum
	}
	if failed != nil {
		return nil, failed
	}
	if err := checkItemSize(it); err != nil {
		return nil, err
	}
	return it, nil
}

// set copies bytes, so that an item shares nothing with the write it came from.
func set(it, from Item) {
	for name, v := range from {
		if b, ok := v.([]byte); ok {
			v = bytes.Clone(b)
		}
		it[name] = v
	}
}

func add(old any, delta int64) (int64, error) {
	if old == nil {
		return delta, nil
	}
	n, ok := old.(int64)
	if !ok {
		return 0, fmt.Errorf("%w: it is a %T, not a number", ErrInvalid, old)
	}
	if delta > 0 && n > math.MaxInt64-delta || delta < 0 && n < math.MinInt64-delta {
		return 0, fmt.Errorf("%w: it is %d", ErrOverflow, n)
	}
	return n + delta, nil
}

func (t Test) holds(it Item) bool {
	v, ok := it[t.Attr]
	switch {
	case t.Op == Exists:
		return ok
	case t.Op == Absent:
		return !ok
	case !ok:
		return t.OrAbsent || t.Op == Ne
	}
	order, same := compare(v, t.Val)
	if !same {
		return t.Op == Ne
	}
	switch t.Op {
	case Eq:
		return order == 0
	case Ne:
		return order != 0
	case Lt:
		return order < 0
	case Le:
		return order <= 0
	case Gt:
		return order > 0
	default:
		return order >= 0
	}
}

// compare orders two values of one type; same is false where the types differ.
func compare(a, b any) (order int, same bool) {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return cmp.Compare(a, b), true
		}
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b), true
		}
	case []byte:
		if b, ok := b.([]byte); ok {
			return bytes.Compare(a, b), true
		}
	case bool:
		if b, ok := b.(bool); ok {
			if a == b {
				return 0, true
			}
			return 1, true
		}
	}
	return 0, false
}

// Equal reports whether two items are the same, nil and all. A write that
// leaves an item equal to what it was is no Change.
func (it Item) Equal(other Item) bool {
	if (it == nil) != (other == nil) || len(it) != len(other) {
		return false
	}
	for name, v := range it {
		order, same := compare(v, other[name])
		if !same || order != 0 {
			return false
		}
	}
	return true
}

// Clone returns a copy that shares nothing with it.
func (it Item) Clone() Item {
	if it == nil {
		return nil
	}
	c := make(Item, len(it))
	set(c, it)
	return c
}

package table

import (
	"fmt"
	"unicode/utf8"
)

// The store's limits. They are DynamoDB's, and every driver enforces them
// through a Checker, so that what works on a laptop works on AWS.
//
// Source: docs.aws.amazon.com/amazondynamodb/latest/developerguide, pages
// ServiceQuotas, Constraints and CapacityUnitCalculations (item sizes), read
// 2026-11-25.
const (
	MaxItemBytes        = 400 << 10 // an item with its keys and attribute names
	MaxPKBytes          = 2048      // partition key, of the table or an index
	MaxSKBytes          = 1024      // sort key, of the table or an index
	MaxAttrBytes        = 65535     // attribute name; 255 where it is a key
	MaxTransactWrites   = 100
	MaxTransactBytes    = 4 << 20 // all items of a transaction
	MaxPageBytes        = 1 << 20 // items read for one page
	maxSchemaNameBytes  = 200     // 255 on DynamoDB, less room for a prefix
	maxKeyAttrBytes     = 255
	maxNumberBytes      = 21
	digitsPerNumberByte = 2
)

// Limits of one write's expressions. DynamoDB allows 4 KB a text and 300
// operators; these counts stay below both whatever the attributes are called,
// since a driver writes short aliases for names.
const (
	MaxTests   = 64  // If and Add together: an Add brings a test against overflow
	MaxClauses = 200 // Set, Add and Remove of an Update
)

// Size returns the size of the item by DynamoDB's rules: names and strings in
// UTF-8, bytes as they are, a bool one byte, a number about one byte for two
// significant digits plus one.
func (it Item) Size() int {
	n := 0
	for name, v := range it {
		n += len(name) + valueSize(v)
	}
	return n
}

func valueSize(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []byte:
		return len(v)
	case int64:
		return numberSize(v)
	default:
		return 1
	}
}

// numberSize counts significant digits only: trailing zeros are an exponent.
func numberSize(v int64) int {
	if v == 0 {
		return 1
	}
	size := 1
	if v < 0 {
		size++
	}
	for v%10 == 0 {
		v /= 10
	}
	digits := 0
	for ; v != 0; v /= 10 {
		digits++
	}
	return min(size+(digits+digitsPerNumberByte-1)/digitsPerNumberByte, maxNumberBytes)
}

// checkValue accepts the four types of the port. Strings must be UTF-8: the
// wire to DynamoDB is JSON, which would replace anything else without a word.
func checkValue(attr string, v any) error {
	switch v := v.(type) {
	case int64, bool:
		return nil
	case []byte:
		if v == nil {
			return fmt.Errorf("%w: %s is a nil []byte: use an empty one or leave it out", ErrInvalid, attr)
		}
		return nil
	case string:
		if !utf8.ValidString(v) {
			return fmt.Errorf("%w: %s is not UTF-8: store it as []byte", ErrInvalid, attr)
		}
		return nil
	default:
		return fmt.Errorf("%w: %s is a %T: use string, int64, bool or []byte", ErrInvalid, attr, v)
	}
}

func checkAttr(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: an attribute without a name", ErrInvalid)
	case len(name) > MaxAttrBytes:
		return fmt.Errorf("%w: attribute name of %d bytes, at most %d", ErrTooLarge, len(name), MaxAttrBytes)
	case !utf8.ValidString(name):
		return fmt.Errorf("%w: attribute name %q is not UTF-8", ErrInvalid, name)
	}
	return nil
}

// checkKeyString checks one part of a key; what says whose it is.
func checkKeyString(what, s string, limit int) error {
	switch {
	case s == "":
		return fmt.Errorf("%w: %s is empty", ErrInvalid, what)
	case len(s) > limit:
		return fmt.Errorf("%w: %s of %d bytes, at most %d", ErrTooLarge, what, len(s), limit)
	case !utf8.ValidString(s):
		return fmt.Errorf("%w: %s is not UTF-8", ErrInvalid, what)
	}
	return nil
}

func checkItemSize(it Item) error {
	if n := it.Size(); n > MaxItemBytes {
		return fmt.Errorf("%w: item of %d bytes, at most %d", ErrTooLarge, n, MaxItemBytes)
	}
	return nil
}

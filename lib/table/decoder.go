package table

import "fmt"

// Decoder reads an item's attributes into Go values. An attribute that is
// absent reads as zero; one of another type is an error that names the item
// and the attribute, and the first such error is kept. Attributes nobody asks
// for are ignored, so that older programs read what newer ones wrote.
type Decoder struct {
	it  Item
	err error
}

// Decode returns a Decoder of it.
func Decode(it Item) *Decoder { return &Decoder{it: it} }

// String returns the attribute attr, or "".
func (d *Decoder) String(attr string) string { return decode[string](d, attr) }

// Int returns the attribute attr, or 0.
func (d *Decoder) Int(attr string) int64 { return decode[int64](d, attr) }

// Bool returns the attribute attr, or false.
func (d *Decoder) Bool(attr string) bool { return decode[bool](d, attr) }

// Bytes returns the attribute attr, or nil.
func (d *Decoder) Bytes(attr string) []byte { return decode[[]byte](d, attr) }

// Fail records that attr cannot be read because of err; nil is no failure.
func (d *Decoder) Fail(attr string, err error) {
	if err != nil && d.err == nil {
		d.err = fmt.Errorf("item %v/%v: attribute %s: %w", d.it[PK], d.it[SK], attr, err)
	}
}

// Err returns the first error.
func (d *Decoder) Err() error { return d.err }

func decode[T any](d *Decoder, attr string) T {
	var want T
	v, ok := d.it[attr]
	if !ok {
		return want
	}
	got, ok := v.(T)
	if !ok {
		d.Fail(attr, fmt.Errorf("it is a %T, not a %T", v, want))
	}
	return got
}

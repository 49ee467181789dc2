package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"

	"weir/lib/table"
)

// An item is stored as one blob: a version, the number of attributes, then
// for each its name, the type of its value and the value. The primary key is
// in columns of its own and not repeated. Names are in no order.
const codecVersion = 1

const (
	tagString byte = 's'
	tagInt    byte = 'n'
	tagTrue   byte = 't'
	tagFalse  byte = 'f'
	tagBytes  byte = 'b'
)

var errItem = errors.New("sqlite: stored item cannot be read")

// encode appends it to b. Values are of the port's types: a table.Checker has
// seen them.
func encode(b []byte, it table.Item) []byte {
	n := 0
	for name := range it {
		if name != table.PK && name != table.SK {
			n++
		}
	}
	b = append(b, codecVersion)
	b = binary.AppendUvarint(b, uint64(n))
	for name, v := range it {
		if name == table.PK || name == table.SK {
			continue
		}
		b = appendString(b, name)
		switch v := v.(type) {
		case string:
			b = appendString(append(b, tagString), v)
		case int64:
			b = binary.AppendVarint(append(b, tagInt), v)
		case bool:
			tag := tagFalse
			if v {
				tag = tagTrue
			}
			b = append(b, tag)
		case []byte:
			b = append(b, tagBytes)
			b = binary.AppendUvarint(b, uint64(len(v)))
			b = append(b, v...)
		}
	}
	return b
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// decode returns the item in blob with its key. Strings share one copy of the
// blob.
func decode(blob []byte, k table.Key) (table.Item, error) {
	if len(blob) == 0 || blob[0] != codecVersion {
		return nil, fmt.Errorf("%w: %s/%s: unknown version", errItem, k.PK, k.SK)
	}
	d := decoder{s: string(blob[1:])}
	n := d.uvarint()
	if n > uint64(len(d.s)) {
		d.bad = true
		n = 0
	}
	it := make(table.Item, n+2)
	for range n {
		name := d.string()
		it[name] = d.value()
		if d.bad {
			break
		}
	}
	if d.bad || d.s != "" {
		return nil, fmt.Errorf("%w: %s/%s: broken", errItem, k.PK, k.SK)
	}
	it[table.PK], it[table.SK] = k.PK, k.SK
	return it, nil
}

// decoder reads from the front of s; bad is set once something does not fit.
type decoder struct {
	s   string
	bad bool
}

func (d *decoder) value() any {
	if d.s == "" {
		d.bad = true
		return nil
	}
	tag := d.s[0]
	d.s = d.s[1:]
	switch tag {
	case tagString:
		return d.string()
	case tagInt:
		u := d.uvarint()
		return int64(u>>1) ^ -int64(u&1) // zigzag, as binary.AppendVarint writes it
	case tagTrue, tagFalse:
		return tag == tagTrue
	case tagBytes:
		return []byte(d.string())
	default:
		d.bad = true
		return nil
	}
}

func (d *decoder) string() string {
	n := d.uvarint()
	if n > uint64(len(d.s)) {
		d.bad = true
		return ""
	}
	s := d.s[:n]
	d.s = d.s[n:]
	return s
}

func (d *decoder) uvarint() uint64 {
	var v uint64
	for i := 0; i < len(d.s) && i < binary.MaxVarintLen64; i++ {
		c := d.s[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.s = d.s[i+1:]
			return v
		}
	}
	d.bad = true
	d.s = ""
	return 0
}

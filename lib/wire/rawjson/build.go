package rawjson

import (
	"encoding/json"
	"strconv"
)

// Builder writes JSON by hand, in the order of the calls; commas come by
// themselves. It checks nothing: brackets must be paired, and a name must be
// followed by one value. The zero Builder is ready. Not safe for concurrent
// use.
type Builder struct{ buf []byte }

// Bytes is what was written. It is valid until the next call.
func (b *Builder) Bytes() []byte { return b.buf }

// Take returns what was written and starts anew with fresh memory.
func (b *Builder) Take() []byte {
	out := b.buf
	b.buf = nil
	return out
}

// sep writes a comma where a value stands before.
func (b *Builder) sep() {
	if n := len(b.buf); n > 0 {
		switch b.buf[n-1] {
		case '{', '[', ':', ',':
		default:
			b.buf = append(b.buf, ',')
		}
	}
}

// Open begins an object ('{') or an array ('[').
func (b *Builder) Open(bracket byte) *Builder {
	b.sep()
	b.buf = append(b.buf, bracket)
	return b
}

// Close ends an object ('}') or an array (']').
func (b *Builder) Close(bracket byte) *Builder {
	b.buf = append(b.buf, bracket)
	return b
}

// Name writes a member's name; its value comes next.
func (b *Builder) Name(name string) *Builder {
	b.sep()
	b.buf = AppendString(b.buf, name)
	b.buf = append(b.buf, ':')
	return b
}

// Str writes a string.
func (b *Builder) Str(s string) *Builder {
	b.sep()
	b.buf = AppendString(b.buf, s)
	return b
}

// Int writes an integer.
func (b *Builder) Int(n int64) *Builder {
	b.sep()
	b.buf = strconv.AppendInt(b.buf, n, 10)
	return b
}

// Float writes a number in its shortest form. It must be finite.
func (b *Builder) Float(f float64) *Builder {
	b.sep()
	b.buf = strconv.AppendFloat(b.buf, f, 'g', -1, 64)
	return b
}

// Bool writes a boolean.
func (b *Builder) Bool(v bool) *Builder {
	b.sep()
	b.buf = strconv.AppendBool(b.buf, v)
	return b
}

// Null writes null.
func (b *Builder) Null() *Builder { return b.Raw([]byte("null")) }

// Raw writes a value that is JSON already, null where it is empty.
func (b *Builder) Raw(raw json.RawMessage) *Builder {
	if len(raw) == 0 {
		return b.Null()
	}
	b.sep()
	b.buf = append(b.buf, raw...)
	return b
}

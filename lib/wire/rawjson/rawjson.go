// Package rawjson reads JSON strictly and edits it in place of re-encoding it:
// what an edit does not touch stays byte for byte, numbers and escapes
// included.
//
// A document is checked in one pass and kept as a flat list of offsets into
// the caller's bytes; nothing is decoded before it is asked for. Checked are
// RFC 8259's grammar, UTF-8, the nesting (MaxDepth), the number of values
// (MaxValues), and that no object repeats a name, because parsers differ on
// whether the first or the last one counts. See Options for what may be left
// out.
//
// Differences from encoding/json: invalid UTF-8 is an error instead of a
// replacement character, repeated names are an error instead of last wins,
// names match exactly instead of in any case, and the depth limit is lower.
// Lone surrogates (\ud800) are accepted and kept; decoded, they are U+FFFD
// in both.
package rawjson

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
	"strconv"
)

// MaxDepth is how deep objects and arrays may nest. JSON Schemas in tool
// definitions use some two levels per property level; 128 is far above what
// any provider takes and small enough for a stack of fixed size.
const MaxDepth = 128

// MaxValues is how many values a document may hold outside opaque members.
// It bounds memory: a value costs 16 bytes. A prompt of 300,000 token ids, the
// most that OpenAI's embeddings take, fits three times.
const MaxValues = 1 << 20

// Options say what is not checked. The zero Options are the strict reading.
type Options struct {
	// Lenient accepts repeated names (Get takes the last one, as most parsers
	// do) and invalid UTF-8. It is for answers, which are relayed as they are.
	Lenient bool
	// Opaque lists names of members whose values are only checked to be valid
	// JSON, wherever they stand: tool schemas, inputs, vectors. Such a value
	// keeps its Kind and Raw and has no members and no elements; what must be
	// read inside has to be parsed on its own.
	Opaque []string
}

// Kind is the type of a JSON value.
type Kind uint8

// The kinds. Absent is the kind of the zero Value.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// String returns the kind's name as it reads in an error message.
func (k Kind) String() string {
	return [...]string{"nothing", "null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// node is one value, or the name of a member that stands before its value.
type node struct {
	kind    Kind
	escaped bool // a string with a backslash in it
	opaque  bool
	start   uint32
	end     uint32
	next    uint32 // index behind this value's subtree
}

// Doc is a parsed document. Reading it is safe for concurrent use.
type Doc struct {
	data  []byte
	nodes []node
}

// Parse checks data and returns it as a document that refers to it: data must
// not change as long as the Doc is in use. Errors are of type *Error.
func Parse(data []byte, o Options) (*Doc, error) {
	d := &Doc{nodes: make([]node, 0, 16+len(data)/24)}
	if err := d.Parse(data, o); err != nil {
		return nil, err
	}
	return d, nil
}

// Parse replaces d's content and reuses its memory. Values of the former
// content become invalid.
func (d *Doc) Parse(data []byte, o Options) error {
	p := parser{data: data, nodes: d.nodes[:0], opts: o}
	err := p.document()
	d.data, d.nodes = data, p.nodes
	if err != nil {
		d.nodes = d.nodes[:0]
	}
	return err
}

// Valid reports whether data is one JSON value under o.
func Valid(data []byte, o Options) bool {
	var d Doc
	return d.Parse(data, o) == nil
}

// Root is the document's value.
func (d *Doc) Root() Value { return d.value(0) }

// Bytes is the document as it was given.
func (d *Doc) Bytes() []byte { return d.data }

func (d *Doc) value(i uint32) Value {
	if int(i) >= len(d.nodes) {
		return Value{}
	}
	return Value{d: d, i: i}
}

// Value is one value of a document. The zero Value is absent; all methods work
// on it.
type Value struct {
	d *Doc
	i uint32
}

// Member is one member of an object.
type Member struct {
	name  uint32
	Value Value
}

// Name is the member's name, decoded. The bytes must not be changed.
func (m Member) Name() []byte {
	return m.Value.d.text(m.name)
}

// Offset is where the member's name begins.
func (m Member) Offset() int { return int(m.Value.d.nodes[m.name].start) }

// Kind is v's type; Absent for the zero Value.
func (v Value) Kind() Kind {
	if v.d == nil {
		return Absent
	}
	return v.d.nodes[v.i].kind
}

// Exists reports whether v is there and is not null.
func (v Value) Exists() bool { return v.Kind() > Null }

// Raw is v as it stands in the document, without surrounding space.
func (v Value) Raw() json.RawMessage {
	if v.d == nil {
		return nil
	}
	n := &v.d.nodes[v.i]
	return json.RawMessage(v.d.data[n.start:n.end:n.end])
}

// Offset is where v begins in the document; 0 for the zero Value.
func (v Value) Offset() int {
	if v.d == nil {
		return 0
	}
	return int(v.d.nodes[v.i].start)
}

// Bytes is the decoded text of a string, nil for all else. It is part of the
// document where the string has no escapes, and must not be changed.
func (v Value) Bytes() []byte {
	if v.Kind() != String {
		return nil
	}
	return v.d.text(v.i)
}

// Text is the decoded text of a string; ok is false for all else.
func (v Value) Text() (s string, ok bool) {
	if v.Kind() != String {
		return "", false
	}
	return string(v.d.text(v.i)), true
}

// Is reports whether v is the string s.
func (v Value) Is(s string) bool {
	return v.Kind() == String && string(v.d.text(v.i)) == s
}

// Bool is a boolean's value; ok is false for all else.
func (v Value) Bool() (b, ok bool) {
	if v.Kind() != Bool {
		return false, false
	}
	return v.Raw()[0] == 't', true
}

// Int is a number's value where it is an integer that fits, however it is
// written (12, 12.0, 1.2e1); ok is false for all else.
func (v Value) Int() (n int64, ok bool) {
	if v.Kind() != Number {
		return 0, false
	}
	raw := v.Raw()
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err == nil {
		return n, true
	}
	if !bytes.ContainsAny(raw, ".eE") {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f != float64(int64(f)) || f < -(1<<53) || f > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// Float is a number's value; ok is false for all else and for what float64
// cannot hold.
func (v Value) Float() (f float64, ok bool) {
	if v.Kind() != Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(v.Raw()), 64)
	return f, err == nil
}

// Get is the member of an object by its exact name; the last one in a lenient
// document that repeats it. It is absent where there is none or v is no object.
func (v Value) Get(name string) Value {
	if v.Kind() != Object {
		return Value{}
	}
	var found Value
	for i, end := v.i+1, v.d.nodes[v.i].next; i < end; i = v.d.nodes[i+1].next {
		if v.d.named(i, name) {
			found = Value{d: v.d, i: i + 1}
		}
	}
	return found
}

// At is the element of an array by its index from 0; absent where there is
// none.
func (v Value) At(index int) Value {
	for i, e := range v.Elems() {
		if i == index {
			return e
		}
	}
	return Value{}
}

// Len counts the members of an object or the elements of an array.
func (v Value) Len() int {
	n := 0
	switch v.Kind() {
	case Object:
		for range v.Members() {
			n++
		}
	case Array:
		for range v.Elems() {
			n++
		}
	case Absent, Null, Bool, Number, String:
	}
	return n
}

// Members are an object's members in the order of the document.
func (v Value) Members() iter.Seq[Member] {
	return func(yield func(Member) bool) {
		if v.Kind() != Object {
			return
		}
		for i, end := v.i+1, v.d.nodes[v.i].next; i < end; i = v.d.nodes[i+1].next {
			if !yield(Member{name: i, Value: Value{d: v.d, i: i + 1}}) {
				return
			}
		}
	}
}

// Elems are an array's elements with their indexes.
func (v Value) Elems() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if v.Kind() != Array {
			return
		}
		n := 0
		for i, end := v.i+1, v.d.nodes[v.i].next; i < end; i = v.d.nodes[i].next {
			if !yield(n, Value{d: v.d, i: i}) {
				return
			}
			n++
		}
	}
}

// text is the decoded text of the string node i.
func (d *Doc) text(i uint32) []byte {
	n := &d.nodes[i]
	s := d.data[n.start+1 : n.end-1]
	if n.escaped {
		return appendUnquoted(make([]byte, 0, len(s)), s)
	}
	return slices.Clip(s)
}

// named reports whether the string node i reads name.
func (d *Doc) named(i uint32, name string) bool {
	n := &d.nodes[i]
	if n.escaped {
		return string(d.text(i)) == name
	}
	return string(d.data[n.start+1:n.end-1]) == name
}

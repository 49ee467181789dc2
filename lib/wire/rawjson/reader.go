package rawjson

import "math"

// Words say what is wrong with a document in the terms of those who wrote it.
// Each returns an error that names the member at path, which is as Value.Path
// has it.
type Words struct {
	// WrongType: it is of type got; want says what it has to be ("a string").
	WrongType func(path, want string, got Kind) error
	// Missing: it has to be there.
	Missing func(path string) error
	// Range: it is n, and has to be between least and most. most is
	// math.MaxInt64 where there is no upper end.
	Range func(path string, n, least, most int64) error
}

// Reader reads members by their types, strictly, and keeps the first thing that
// is wrong. Reading goes on after that, with zero values, so that its users need
// not check after each member: they ask for Err at the end. Absent and null are
// the same to it, but for what has to be there. Not safe for concurrent use.
type Reader struct {
	words Words
	err   error
}

// NewReader returns a Reader whose errors are those of words.
func NewReader(words Words) Reader { return Reader{words: words} }

// Err is the first thing that is wrong, nil where nothing is.
func (r *Reader) Err() error { return r.err }

// Fail notes err, unless something is wrong already.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// WrongType notes that v is not what it has to be.
func (r *Reader) WrongType(v Value, want string) {
	if r.err == nil { // a path costs a walk
		r.err = r.words.WrongType(v.Path(), want, v.Kind())
	}
}

// Missing notes that a member of parent is not there.
func (r *Reader) Missing(parent Value, name string) {
	if r.err == nil {
		r.err = r.words.Missing(Join(parent.Path(), name))
	}
}

// Object reports whether v is an object; want says what it may be.
func (r *Reader) Object(v Value, want string) bool { return r.is(v, Object, want) }

// Array reports whether v is an array.
func (r *Reader) Array(v Value, want string) bool { return r.is(v, Array, want) }

func (r *Reader) is(v Value, k Kind, want string) bool {
	if v.Exists() && v.Kind() != k {
		r.WrongType(v, want)
	}
	return v.Kind() == k
}

// Str is a string, empty where it is not there.
func (r *Reader) Str(v Value) string {
	s, ok := v.Text()
	if !ok && v.Exists() {
		r.WrongType(v, "a string")
	}
	return s
}

// NeedStr is a member of parent that has to be a string.
func (r *Reader) NeedStr(parent Value, name string) string {
	v := parent.Get(name)
	if v.Kind() == Absent {
		r.Missing(parent, name)
		return ""
	}
	s, ok := v.Text()
	if !ok {
		r.WrongType(v, "a string")
	}
	return s
}

// Bool is true or false, nil where it is not there.
func (r *Reader) Bool(v Value) *bool {
	b, ok := v.Bool()
	if !ok {
		if v.Exists() {
			r.WrongType(v, "a boolean")
		}
		return nil
	}
	return &b
}

// Flag is Bool, false where it is not there.
func (r *Reader) Flag(v Value) bool {
	b := r.Bool(v)
	return b != nil && *b
}

// Float is a number, nil where it is not there.
func (r *Reader) Float(v Value) *float64 {
	if !v.Exists() {
		return nil
	}
	f, ok := v.Float()
	if !ok {
		r.WrongType(v, "a number")
		return nil
	}
	return &f
}

// Int is an integer between least and most, nil where it is not there. A most
// of math.MaxInt64 is no upper end.
func (r *Reader) Int(v Value, least, most int64) *int64 {
	if !v.Exists() {
		return nil
	}
	n, ok := v.Int()
	switch {
	case !ok:
		r.WrongType(v, "an integer")
		return nil
	case n < least || n > most && most < math.MaxInt64:
		if r.err == nil {
			r.err = r.words.Range(v.Path(), n, least, most)
		}
		return nil
	}
	return &n
}

// Join is the path of a member of the object at parent.
func Join(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "." + name
}

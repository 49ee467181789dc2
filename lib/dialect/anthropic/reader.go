package anthropic

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"weir/lib/fault"
	"weir/lib/wire/rawjson"
)

// reader reads members of a request and keeps the first thing that is wrong,
// worded as the vendor does: the path in dots, then what was expected. Reading
// goes on after that, so that readers need not check after each member; the
// caller asks for err at the end.
type reader struct {
	op  string
	err error
}

// fail notes what is wrong at path, which is in the form of rawjson's.
func (r *reader) fail(path, format string, args ...any) {
	if r.err == nil {
		r.err = &fault.Error{Kind: fault.Invalid, Op: r.op, Param: path, Public: dotted(path) + ": " + fmt.Sprintf(format, args...)}
	}
}

// dotted writes messages[2].content as the vendor does: messages.2.content.
func dotted(path string) string {
	return strings.NewReplacer("[", ".", "]", "").Replace(path)
}

func (r *reader) wrongType(v rawjson.Value, want string) {
	if r.err == nil {
		r.fail(v.Path(), "expected %s, but got %s", want, v.Kind())
	}
}

func (r *reader) missing(parent rawjson.Value, name string) {
	if r.err == nil {
		r.fail(join(parent.Path(), name), "this field is required")
	}
}

func join(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "." + name
}

// invalidJSON tells a caller what is wrong with the body.
func invalidJSON(op string, err error) error {
	f := &fault.Error{Kind: fault.Invalid, Op: op, Err: err, Public: "The request body cannot be read: " + err.Error() + "."}
	var e *rawjson.Error
	if !errors.As(err, &e) {
		return f
	}
	f.Param = e.Path
	switch {
	case errors.Is(err, rawjson.ErrDuplicate):
		f.Public = fmt.Sprintf("%s: this field occurs twice (the second at byte %d); send it once", dotted(e.Path), e.Offset)
	case errors.Is(err, rawjson.ErrCase):
		f.Public = fmt.Sprintf("%s: no such field, names are case-sensitive: %s", dotted(e.Path), e.Detail)
	default:
		shown := *e
		shown.Path = dotted(e.Path)
		f.Public = "The request body cannot be read: " + shown.Error() + "."
	}
	return f
}

// object reports whether v is an object; absent and null are not, without an
// error.
func (r *reader) object(v rawjson.Value) bool {
	if !v.Exists() {
		return false
	}
	if v.Kind() != rawjson.Object {
		r.wrongType(v, "an object")
		return false
	}
	return true
}

// str is an optional string.
func (r *reader) str(v rawjson.Value) string {
	s, ok := v.Text()
	if !ok && v.Exists() {
		r.wrongType(v, "a string")
	}
	return s
}

// needStr is a string that must be there.
func (r *reader) needStr(parent rawjson.Value, name string) string {
	v := parent.Get(name)
	if v.Kind() == rawjson.Absent {
		r.missing(parent, name)
		return ""
	}
	s, ok := v.Text()
	if !ok {
		r.wrongType(v, "a string")
	}
	return s
}

func (r *reader) boolean(v rawjson.Value) *bool {
	b, ok := v.Bool()
	if !ok {
		if v.Exists() {
			r.wrongType(v, "a boolean")
		}
		return nil
	}
	return &b
}

func (r *reader) flag(v rawjson.Value) bool {
	b := r.boolean(v)
	return b != nil && *b
}

func (r *reader) float(v rawjson.Value) *float64 {
	if !v.Exists() {
		return nil
	}
	f, ok := v.Float()
	if !ok {
		r.wrongType(v, "a number")
		return nil
	}
	return &f
}

// integer is an optional integer between least and most.
func (r *reader) integer(v rawjson.Value, least, most int64) *int64 {
	if !v.Exists() {
		return nil
	}
	n, ok := v.Int()
	switch {
	case !ok:
		r.wrongType(v, "an integer")
		return nil
	case n < least && r.err == nil:
		r.fail(v.Path(), "expected an integer of at least %d, but got %d", least, n)
		return nil
	case n > most && most < math.MaxInt64 && r.err == nil:
		r.fail(v.Path(), "expected an integer of at most %d, but got %d", most, n)
		return nil
	}
	return &n
}

// array reports whether v is an array; absent and null are not, without an
// error.
func (r *reader) array(v rawjson.Value) bool {
	if !v.Exists() {
		return false
	}
	if v.Kind() != rawjson.Array {
		r.wrongType(v, "an array")
		return false
	}
	return true
}

// word reads a string that must be one of words.
func (r *reader) word(parent rawjson.Value, name string, words ...string) string {
	s := r.needStr(parent, name)
	if !slices.Contains(words, s) && r.err == nil {
		r.fail(join(parent.Path(), name), "expected '%s', but got '%s'", strings.Join(words, "', '"), clip(s, 64))
	}
	return s
}

package openaichat

import (
	"errors"
	"fmt"
	"math"

	"weir/lib/fault"
	"weir/lib/wire/rawjson"
)

// reader reads members of a request and keeps the first thing that is wrong.
// Reading goes on after that, so that readers need not check after each
// member; the caller asks for err at the end.
type reader struct {
	op  string
	err error
}

// Codes of OpenAI's error bodies for requests that are wrong.
const (
	codeType    = "invalid_type"
	codeValue   = "invalid_value"
	codeMissing = "missing_required_parameter"
	codeEmpty   = "empty_array"
	codeLong    = "string_above_max_length"
	codeUnknown = "unknown_parameter"
)

func (r *reader) fail(path, code, format string, args ...any) {
	if r.err == nil {
		r.err = &fault.Error{Kind: fault.Invalid, Op: r.op, Public: fmt.Sprintf(format, args...), Param: path, Code: code}
	}
}

func (r *reader) wrongType(v rawjson.Value, want string) {
	if r.err != nil {
		return // a path costs a walk
	}
	path := v.Path()
	r.fail(path, codeType, "Invalid type for '%s': expected %s, but got %s instead.", path, want, v.Kind())
}

// invalid says what is wrong with the value of v; why ends with a stop.
func (r *reader) invalid(v rawjson.Value, why string) {
	if r.err == nil {
		path := v.Path()
		r.fail(path, codeValue, "Invalid value for '%s': %s", path, why)
	}
}

func (r *reader) missing(parent rawjson.Value, name string) {
	if r.err != nil {
		return
	}
	path := join(parent.Path(), name)
	r.fail(path, codeMissing, "Missing required parameter: '%s'.", path)
}

func join(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "." + name
}

// invalidJSON tells a caller what is wrong with the body.
func invalidJSON(op string, err error) error {
	f := &fault.Error{Kind: fault.Invalid, Op: op, Err: err, Public: "The body cannot be read: " + err.Error() + "."}
	var e *rawjson.Error
	if !errors.As(err, &e) {
		return f
	}
	f.Param = e.Path
	switch {
	case errors.Is(err, rawjson.ErrDuplicate):
		f.Code, f.Public = "duplicate_parameter", fmt.Sprintf("The parameter '%s' occurs twice (the second at byte %d). Send it once.", e.Path, e.Offset)
	case errors.Is(err, rawjson.ErrCase):
		f.Code, f.Public = codeUnknown, fmt.Sprintf("Unknown parameter: '%s'. Names are case-sensitive: %s", e.Path, e.Detail)
	}
	return f
}

// object reports whether v is an object; absent and null are not, without an
// error.
func (r *reader) object(v rawjson.Value, want string) bool {
	if !v.Exists() {
		return false
	}
	if v.Kind() != rawjson.Object {
		r.wrongType(v, want)
		return false
	}
	return true
}

// unknown returns the members of v that f does not list.
func (r *reader) unknown(f *rawjson.Fields, v rawjson.Value) []rawjson.Member {
	rest, err := f.Unknown(v)
	if err != nil && r.err == nil {
		r.err = invalidJSON(r.op, err)
	}
	return rest
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
	if !ok {
		r.wrongType(v, "an integer")
		return nil
	}
	if n < least || n > most {
		bounds := fmt.Sprintf("at least %d", least)
		if most < math.MaxInt64 {
			bounds = fmt.Sprintf("between %d and %d", least, most)
		}
		r.invalid(v, fmt.Sprintf("expected an integer %s, but got %d instead.", bounds, n))
		return nil
	}
	return &n
}

// array yields the elements of an optional array.
func (r *reader) array(v rawjson.Value, want string) []rawjson.Value {
	if !v.Exists() {
		return nil
	}
	if v.Kind() != rawjson.Array {
		r.wrongType(v, want)
		return nil
	}
	out := make([]rawjson.Value, 0, v.Len())
	for _, e := range v.Elems() {
		out = append(out, e)
	}
	return out
}

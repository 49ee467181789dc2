package openaichat

import (
	"errors"
	"fmt"
	"math"

	"weir/lib/fault"
	"weir/lib/wire/rawjson"
)

// reader reads members of a request, and words what is wrong as the vendor
// does.
type reader struct {
	rawjson.Reader

	op string
}

func newReader(op string) reader {
	r := reader{op: op}
	r.Reader = rawjson.NewReader(rawjson.Words{
		WrongType: func(path, want string, got rawjson.Kind) error {
			return r.wrong(path, codeType, fmt.Sprintf("Invalid type for '%s': expected %s, but got %s instead.", path, want, got))
		},
		Missing: func(path string) error {
			return r.wrong(path, codeMissing, fmt.Sprintf("Missing required parameter: '%s'.", path))
		},
		Range: func(path string, n, least, most int64) error {
			bounds := fmt.Sprintf("at least %d", least)
			if most < math.MaxInt64 {
				bounds = fmt.Sprintf("between %d and %d", least, most)
			}
			return r.wrong(path, codeValue, fmt.Sprintf("Invalid value for '%s': expected an integer %s, but got %d instead.", path, bounds, n))
		},
	})
	return r
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

func (r *reader) wrong(path, code, public string) error {
	return &fault.Error{Kind: fault.Invalid, Op: r.op, Public: public, Param: path, Code: code}
}

func (r *reader) fail(path, code, format string, args ...any) {
	if r.Err() == nil {
		r.Fail(r.wrong(path, code, fmt.Sprintf(format, args...)))
	}
}

// invalid says what is wrong with the value of v; why ends with a stop.
func (r *reader) invalid(v rawjson.Value, why string) {
	if r.Err() == nil {
		path := v.Path()
		r.fail(path, codeValue, "Invalid value for '%s': %s", path, why)
	}
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

// unknown returns the members of v that f does not list.
func (r *reader) unknown(f *rawjson.Fields, v rawjson.Value) []rawjson.Member {
	rest, err := f.Unknown(v)
	if err != nil {
		r.Fail(invalidJSON(r.op, err))
	}
	return rest
}

// array yields the elements of an optional array.
func (r *reader) array(v rawjson.Value, want string) []rawjson.Value {
	if !r.Array(v, want) {
		return nil
	}
	out := make([]rawjson.Value, 0, v.Len())
	for _, e := range v.Elems() {
		out = append(out, e)
	}
	return out
}

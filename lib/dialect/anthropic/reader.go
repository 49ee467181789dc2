package anthropic

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"weir/lib/fault"
	"weir/lib/wire/rawjson"
)

// reader reads members of a request, and words what is wrong as the vendor
// does: the path in dots, then what was expected.
type reader struct {
	rawjson.Reader

	op string
}

func newReader(op string) reader {
	r := reader{op: op}
	r.Reader = rawjson.NewReader(rawjson.Words{
		WrongType: func(path, want string, got rawjson.Kind) error {
			return r.wrong(path, fmt.Sprintf("expected %s, but got %s", want, got))
		},
		Missing: func(path string) error { return r.wrong(path, "this field is required") },
		Range: func(path string, n, least, most int64) error {
			if n < least {
				return r.wrong(path, fmt.Sprintf("expected an integer of at least %d, but got %d", least, n))
			}
			return r.wrong(path, fmt.Sprintf("expected an integer of at most %d, but got %d", most, n))
		},
	})
	return r
}

func (r *reader) wrong(path, why string) error {
	return &fault.Error{Kind: fault.Invalid, Op: r.op, Param: path, Public: dotted(path) + ": " + why}
}

// fail notes what is wrong at path, which is in the form of rawjson's.
func (r *reader) fail(path, format string, args ...any) {
	if r.Err() == nil {
		r.Fail(r.wrong(path, fmt.Sprintf(format, args...)))
	}
}

// dotted writes messages[2].content as the vendor does: messages.2.content.
func dotted(path string) string {
	return strings.NewReplacer("[", ".", "]", "").Replace(path)
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
func (r *reader) object(v rawjson.Value) bool { return r.Object(v, "an object") }

// array is object for arrays.
func (r *reader) array(v rawjson.Value) bool { return r.Array(v, "an array") }

// word reads a string that must be one of words.
func (r *reader) word(parent rawjson.Value, name string, words ...string) string {
	s := r.NeedStr(parent, name)
	if !slices.Contains(words, s) && r.Err() == nil {
		r.fail(rawjson.Join(parent.Path(), name), "expected '%s', but got '%s'", strings.Join(words, "', '"), clip(s, 64))
	}
	return s
}

package rawjson

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What can be wrong with a document; see Error.
var (
	ErrSyntax    = errors.New("not valid JSON")
	ErrTrailing  = errors.New("data behind the JSON value")
	ErrUTF8      = errors.New("not valid UTF-8")
	ErrDepth     = fmt.Errorf("nested deeper than %d levels", MaxDepth)
	ErrTooMany   = fmt.Errorf("more than %d values", MaxValues)
	ErrTooLarge  = errors.New("more than 2 GiB of JSON")
	ErrDuplicate = errors.New("name occurs twice in one object")
	ErrCase      = errors.New("name differs from a known one only in case")
)

// Error is what is wrong with a document, and where.
type Error struct {
	Err    error  // one of the errors above
	Path   string // such as messages[2].content; empty at the top
	Offset int    // in bytes from 0
	Detail string // what was found or expected; may be empty
}

// Error returns a text that a caller may read.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Err.Error())
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Path != "" {
		b.WriteString(" in " + e.Path)
	}
	b.WriteString(" at byte " + strconv.Itoa(e.Offset))
	return b.String()
}

// Unwrap returns the kind of error.
func (e *Error) Unwrap() error { return e.Err }

// maxShown bounds how much of a name is repeated in a path, and maxPath how
// long a path may be: what follows is an ellipsis.
const (
	maxShown = 64
	maxPath  = 200
)

// appendName adds a member's name to a path: path.name, or path["a name"].
func appendName(path, name []byte) []byte {
	if len(name) > maxShown {
		cut := maxShown
		for cut > 0 && !utf8.RuneStart(name[cut]) {
			cut--
		}
		name = append(name[:cut:cut], "…"...)
	}
	if !plain(name) {
		path = append(path, '[')
		path = AppendString(path, string(name))
		return append(path, ']')
	}
	if len(path) > 0 {
		path = append(path, '.')
	}
	return append(path, name...)
}

func appendIndex(path []byte, i int) []byte {
	path = append(path, '[')
	path = strconv.AppendInt(path, int64(i), 10)
	return append(path, ']')
}

func plain(name []byte) bool {
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '$':
		default:
			return false
		}
	}
	return len(name) > 0
}

// Index is the path of element i of the array at path, in the form of Path and
// without a walk through the document.
func Index(path string, i int) string {
	return string(appendIndex(append(make([]byte, 0, len(path)+8), path...), i))
}

// Path is where v stands in its document, such as messages[2].content; empty
// for the root. It walks the document and is meant for messages.
func (v Value) Path() string {
	if v.d == nil {
		return ""
	}
	var path []byte
	for at := v.d.Root(); at.i != v.i; {
		if len(path) > maxPath {
			return string(path) + "…"
		}
		step := at
		for m := range at.Members() {
			if v.i < v.d.nodes[m.Value.i].next {
				path, step = appendName(path, m.Name()), m.Value
				break
			}
		}
		for i, e := range at.Elems() {
			if v.i < v.d.nodes[e.i].next {
				path, step = appendIndex(path, i), e
				break
			}
		}
		if step.i == at.i {
			break // not reached: v is in the document
		}
		at = step
	}
	return string(path)
}

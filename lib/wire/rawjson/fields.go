package rawjson

import "strings"

// Fields is a fixed set of member names that a reader knows in one kind of
// object. It is read-only and safe for concurrent use.
type Fields struct {
	names []string
	set   map[string]struct{}
}

// NewFields returns the set of names.
func NewFields(names ...string) *Fields {
	f := &Fields{names: names, set: make(map[string]struct{}, len(names))}
	for _, n := range names {
		f.set[n] = struct{}{}
	}
	return f
}

// Unknown returns the members of v whose names are not in f, in order. A
// member whose name differs from one in f only in case is an *Error of kind
// ErrCase: a parser that ignores case would read it as that one.
func (f *Fields) Unknown(v Value) ([]Member, error) {
	var rest []Member
	for m := range v.Members() {
		name := m.Name()
		if _, ok := f.set[string(name)]; ok {
			continue
		}
		if known, ok := f.variant(string(name)); ok {
			return nil, &Error{Err: ErrCase, Path: m.Value.Path(), Offset: m.Offset(), Detail: "did you mean " + known + "?"}
		}
		rest = append(rest, m)
	}
	return rest, nil
}

func (f *Fields) variant(name string) (string, bool) {
	for _, n := range f.names {
		if strings.EqualFold(n, name) {
			return n, true
		}
	}
	return "", false
}

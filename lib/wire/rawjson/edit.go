package rawjson

import (
	"bytes"
	"errors"
	"slices"
)

// ErrNoObject is what Set returns where a path leads through something that is
// neither an object nor null nor absent.
var ErrNoObject = errors.New("rawjson: the path leads through a value that is no object")

// Edits collects changes of one strictly parsed document and applies them to
// its bytes. What is not named stays byte for byte. Not safe for concurrent
// use.
type Edits struct {
	doc     *Doc
	cuts    []cut
	removed map[uint32][]uint32 // object → names of the members that go
	added   map[uint32][]addition
}

// cut replaces data[from:to].
type cut struct {
	from, to int
	with     []byte
}

type addition struct {
	name string
	raw  []byte
}

// Edit begins changes of d.
func (d *Doc) Edit() *Edits { return &Edits{doc: d} }

// Replace puts raw, which must be valid JSON, in place of v.
func (e *Edits) Replace(v Value, raw []byte) {
	n := &e.doc.nodes[v.i]
	e.cuts = append(e.cuts, cut{int(n.start), int(n.end), raw})
}

// Rename gives the member name of obj another name. It does nothing where
// there is no such member.
func (e *Edits) Rename(obj Value, name, to string) {
	if v := obj.Get(name); v.d != nil {
		n := &e.doc.nodes[v.i-1]
		e.cuts = append(e.cuts, cut{int(n.start), int(n.end), AppendString(nil, to)})
	}
}

// Remove takes the member name out of obj, and reports whether it was there.
func (e *Edits) Remove(obj Value, name string) bool {
	v := obj.Get(name)
	if v.d == nil {
		return false
	}
	if e.removed == nil {
		e.removed = map[uint32][]uint32{}
	}
	if !slices.Contains(e.removed[obj.i], v.i-1) {
		e.removed[obj.i] = append(e.removed[obj.i], v.i-1)
	}
	return true
}

// Put sets the member name of obj to raw, which must be valid JSON: in its
// place where the member is there, else at the end. A member that Remove took
// out stays out, and a second Put of a new member is a second member.
func (e *Edits) Put(obj Value, name string, raw []byte) {
	if v := obj.Get(name); v.d != nil {
		e.Replace(v, raw)
		return
	}
	if e.added == nil {
		e.added = map[uint32][]addition{}
	}
	e.added[obj.i] = append(e.added[obj.i], addition{name, raw})
}

// Set puts raw at the end of a path of names from the root. Objects that are
// missing on the way, or null, are made.
func (e *Edits) Set(raw []byte, path ...string) error {
	at := e.doc.Root()
	for i, name := range path {
		if at.Kind() != Object || e.doc.nodes[at.i].opaque {
			return ErrNoObject
		}
		next := at.Get(name)
		last := i == len(path)-1
		if last || next.Kind() <= Null {
			e.Put(at, name, nest(raw, path[i+1:]))
			return nil
		}
		at = next
	}
	return ErrNoObject
}

// nest wraps raw into an object for each name of path.
func nest(raw []byte, path []string) []byte {
	for _, name := range slices.Backward(path) {
		b := AppendString([]byte{'{'}, name)
		b = append(b, ':')
		b = append(b, raw...)
		raw = append(b, '}')
	}
	return raw
}

// Apply returns the document with all changes. Without changes it is the
// document's own bytes. A change inside something that is replaced or removed
// has no effect.
func (e *Edits) Apply() []byte {
	cuts := slices.Clone(e.cuts)
	for obj := range e.removed {
		cuts = e.removals(cuts, obj)
	}
	for obj, adds := range e.added {
		cuts = append(cuts, e.insertion(obj, adds))
	}
	if len(cuts) == 0 {
		return e.doc.data
	}
	slices.SortFunc(cuts, func(a, b cut) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to // the outer one first
	})
	size := len(e.doc.data)
	for _, c := range cuts {
		size += len(c.with)
	}
	out := bytes.NewBuffer(make([]byte, 0, size))
	at := 0
	for _, c := range cuts {
		if c.from < at {
			continue // inside one that is done
		}
		out.Write(e.doc.data[at:c.from])
		out.Write(c.with)
		at = c.to
	}
	out.Write(e.doc.data[at:])
	return out.Bytes()
}

// removals cuts members with one comma each: the one before, or, where no
// member before stays, the one behind.
func (e *Edits) removals(cuts []cut, obj uint32) []cut {
	nodes, gone := e.doc.nodes, e.removed[obj]
	kept, prevEnd := false, 0
	for i, end := obj+1, nodes[obj].next; i < end; i = nodes[i+1].next {
		from, to, next := int(nodes[i].start), int(nodes[i+1].end), nodes[i+1].next
		switch {
		case !slices.Contains(gone, i):
			kept = true
		case kept:
			cuts = append(cuts, cut{from: prevEnd, to: to})
		case next < end:
			cuts = append(cuts, cut{from: from, to: int(nodes[next].start)})
		default:
			cuts = append(cuts, cut{from: from, to: to})
		}
		prevEnd = to
	}
	return cuts
}

// insertion adds members before the closing brace of obj.
func (e *Edits) insertion(obj uint32, adds []addition) cut {
	n := &e.doc.nodes[obj]
	left := Value{d: e.doc, i: obj}.Len() - len(e.removed[obj])
	var b []byte
	for _, a := range adds {
		if left > 0 {
			b = append(b, ',')
		}
		left++
		b = AppendString(b, a.name)
		b = append(b, ':')
		b = append(b, a.raw...)
	}
	return cut{int(n.end) - 1, int(n.end) - 1, b}
}

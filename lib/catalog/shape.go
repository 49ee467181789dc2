package catalog

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// A shape is what a value of the file may look like. It reads one and
// describes all: parser, JSON Schema and reference page come from the same
// shapes.
type shape[T any] struct {
	about about
	// read reads n into to. It reports what is wrong and leaves to as it was.
	read func(d *decoder, n *yaml.Node, to *T)
	// fill gives to the defaults of what the file leaves out; nil: none.
	fill func(to *T)
}

// about describes a shape.
type about struct {
	What   string         // for people: "a duration such as 20s"
	Plain  map[string]any // JSON Schema of a scalar
	Object *objectAbout
	Item   *about  // of a list
	Key    *about  // of names, with Value
	Value  *about  // of what stands under them
	Either []about // forms to choose from
	Unique bool    // a list without repetitions
	Least  int     // entries of a list or of names
	Range  string  // bounds of a scalar, for people
}

// objectAbout describes a mapping with known keys.
type objectAbout struct {
	Name   string // in the schema and on the page
	Doc    string
	Fields []fieldAbout
	Extra  []map[string]any // JSON Schema that binds fields together
	// Aliases are keys that people try, with the one they mean.
	Aliases map[string]string
}

// fieldAbout describes one key.
type fieldAbout struct {
	Key, Doc, Default string
	Required          bool
	About             about
}

// placed is a value with its place in the file. The zero value was not given.
type placed[T any] struct {
	V     T
	At    place
	Given bool // in the file, or by a caller; a default is not
	Bad   bool // it is there, and was reported
}

// put is a value that comes from no file.
func put[T any](v T) placed[T] { return placed[T]{V: v, Given: true} }

// withPlace reads what s reads and keeps the place.
func withPlace[T any](s shape[T]) shape[placed[T]] {
	return shape[placed[T]]{
		about: s.about,
		read: func(d *decoder, n *yaml.Node, to *placed[T]) {
			before := len(d.problems)
			v := to.V
			s.read(d, n, &v)
			good := len(d.problems) == before && !poisoned(n)
			*to = placed[T]{V: v, At: at(n), Given: good, Bad: !good}
		},
	}
}

// field is one key of an object.
type field[T any] struct {
	about fieldAbout
	read  func(d *decoder, n *yaml.Node, to *T)
	fill  func(to *T)
}

// key is a field that may be left out.
func key[T, V any](name string, s shape[V], part func(*T) *V, doc string) field[T] {
	f := field[T]{
		about: fieldAbout{Key: name, Doc: doc, About: s.about},
		read:  func(d *decoder, n *yaml.Node, to *T) { s.read(d, n, part(to)) },
	}
	if s.fill != nil {
		f.fill = func(to *T) { s.fill(part(to)) }
	}
	return f
}

// required makes f a key that must be there.
func (f field[T]) required() field[T] {
	f.about.Required = true
	return f
}

// or gives f the default text, written as the file would write it. A default
// that the shape refuses is a mistake of the table, and a test finds it.
func (f field[T]) or(text string) field[T] {
	f.about.Default = text
	f.fill = func(to *T) {
		f.read(&decoder{}, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}, to)
	}
	return f
}

// object is a mapping of known keys. check, where it is not nil, looks at the
// whole once all keys are read.
func object[T any](name, doc string, check func(d *decoder, n *yaml.Node, to *T), fields ...field[T]) shape[T] {
	o := &objectAbout{Name: name, Doc: doc}
	for _, f := range fields {
		o.Fields = append(o.Fields, f.about)
	}
	s := shape[T]{about: about{What: "a mapping of keys", Object: o}}
	s.fill = func(to *T) {
		for _, f := range fields {
			if f.fill != nil {
				f.fill(to)
			}
		}
	}
	s.read = func(d *decoder, n *yaml.Node, to *T) {
		if !d.expect(n, yaml.MappingNode, s.about.What) {
			return
		}
		given := readFields(d, n, to, fields, o.Aliases)
		for _, f := range fields {
			if f.about.Required && !given[f.about.Key] {
				d.errorf(at(n), "%s is missing%s", d.under(f.about.Key), example(f.about))
			}
		}
		if check != nil {
			check(d, n, to)
		}
	}
	return s
}

// example shows how to write a missing key, where there is one way only.
func example(f fieldAbout) string {
	if v, ok := f.About.Plain["const"]; ok {
		return fmt.Sprintf("; write %s: %v", f.Key, v)
	}
	return ""
}

// readFields reads n's keys into to and returns those it found.
func readFields[T any](d *decoder, n *yaml.Node, to *T, fields []field[T], aliases map[string]string) map[string]bool {
	known := make([]string, len(fields))
	byKey := map[string]field[T]{}
	for i, f := range fields {
		known[i] = f.about.Key
		byKey[f.about.Key] = f
	}
	given := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, v := n.Content[i], n.Content[i+1]
		if poisoned(name) {
			continue
		}
		f, ok := byKey[name.Value]
		if !ok {
			d.errorf(at(name), "unknown key %s in %s%s", quote(name.Value), d.here(), advise(name.Value, known, aliases))
			continue
		}
		given[name.Value] = true
		d.in(name.Value, func() { f.read(d, v, to) })
	}
	return given
}

// expect reports a node of another kind than want. Poisoned nodes were
// reported before.
func (d *decoder) expect(n *yaml.Node, want yaml.Kind, what string) bool {
	if n.Kind == want {
		return true
	}
	if !poisoned(n) {
		d.errorf(at(n), "%s must be %s, not %s", d.here(), what, nodeKind(n))
	}
	return false
}

// entry is one name of a dict with its value.
type entry[T any] struct {
	Name  placed[string]
	Value T
}

// dict is a mapping of names that people choose, in file order.
func dict[T any](name shape[string], value shape[T], least int) shape[[]entry[T]] {
	s := shape[[]entry[T]]{about: about{What: "a mapping of names", Key: &name.about, Value: &value.about, Least: least}}
	s.read = func(d *decoder, n *yaml.Node, to *[]entry[T]) {
		if !d.expect(n, yaml.MappingNode, s.about.What) {
			return
		}
		if len(n.Content) < 2*least {
			d.errorf(at(n), "%s is empty; it needs at least one entry", d.here())
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			if poisoned(k) {
				continue
			}
			d.in(k.Value, func() {
				e := entry[T]{Name: placed[string]{V: k.Value, At: at(k), Given: true}}
				before := len(d.problems)
				name.read(d, k, &e.Name.V)
				e.Name.Given = len(d.problems) == before
				if value.fill != nil {
					value.fill(&e.Value)
				}
				value.read(d, v, &e.Value)
				*to = append(*to, e)
			})
		}
	}
	return s
}

// list is a sequence.
func list[T any](item shape[T], least int) shape[[]T] {
	s := shape[[]T]{about: about{What: "a list", Item: &item.about, Least: least}}
	s.read = func(d *decoder, n *yaml.Node, to *[]T) {
		if !d.expect(n, yaml.SequenceNode, s.about.What) {
			return
		}
		if len(n.Content) < least {
			d.errorf(at(n), "%s is empty; it needs at least one entry", d.here())
		}
		for _, c := range n.Content {
			var v T
			if item.fill != nil {
				item.fill(&v)
			}
			item.read(d, c, &v)
			*to = append(*to, v)
		}
	}
	return s
}

// either is a scalar in the short form and a mapping in the long one.
func either[T any](short, long shape[T]) shape[T] {
	s := shape[T]{about: about{What: short.about.What + ", or " + long.about.What, Either: []about{short.about, long.about}}, fill: long.fill}
	s.read = func(d *decoder, n *yaml.Node, to *T) {
		switch {
		case n.Kind == yaml.ScalarNode:
			short.read(d, n, to)
		case d.expect(n, yaml.MappingNode, s.about.What):
			long.read(d, n, to)
		}
	}
	return s
}

package members

import (
	"fmt"
	"go/ast"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Member is one line of a list: where it stands, and the smallest document that
// has it.
type Member struct{ Path, Body string }

// item is a type that stands at a path; wrap makes a whole document of a value
// of it.
type item struct {
	path, name string
	typ        ast.Expr
	doc        string // what the SDK says about it
	wrap       func(string) string
}

// walk lists the members of the type named root, the shallow ones first. A type
// is walked where it is met first, so that each of its members is listed once.
func (s *source) walk(root string) []Member {
	var out []Member
	queue := []item{{typ: ast.NewIdent(root), wrap: func(v string) string { return v }}}
	done := map[string]bool{}
	for len(queue) > 0 {
		it := queue[0]
		queue = queue[1:]
		typ, open, end, step := s.plain(it.typ)
		it.path += step
		around := it.wrap
		it.wrap = func(v string) string { return around(open + v + end) }
		name := nameOf(typ)
		if done[name] {
			continue
		}
		next := s.forms(it, s.union(name))
		if next == nil {
			next = s.parts(it, s.fields(name))
		}
		done[name] = next != nil
		for _, n := range next {
			out = append(out, Member{n.path, n.wrap(s.sample(n.typ, n.name, n.doc, 0))})
		}
		queue = append(queue, next...)
	}
	return out
}

// forms are the variants of a union that stands at it.
func (s *source) forms(it item, union []variant) (out []item) {
	for _, v := range union {
		next := item{path: it.path + s.label(v), name: it.name, typ: v.typ, wrap: it.wrap}
		if v.name != "" {
			next.wrap = func(x string) string { return it.wrap(`{"` + v.name + `":` + x + `}`) }
		}
		out = append(out, next)
	}
	return out
}

// parts are the members of an object that stands at it, but for constants.
func (s *source) parts(it item, fields []field) (out []item) {
	for _, f := range fields {
		if s.isConstant(f.typ) {
			continue
		}
		out = append(out, item{
			path: strings.TrimPrefix(it.path+"."+f.name, "."), name: f.name, typ: f.typ, doc: f.doc,
			wrap: func(v string) string { return it.wrap(s.object(fields, f.name, v, 0)) },
		})
	}
	return out
}

// plain is a type without what is around it: pointers, options, lists, maps.
func (s *source) plain(t ast.Expr) (inner ast.Expr, open, end, step string) {
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr: // param.Opt[T]
			t = x.Index
		case *ast.ArrayType:
			if nameOf(x.Elt) == "byte" {
				return t, open, end, step
			}
			open, end, step, t = open+"[", "]"+end, step+"[]", x.Elt
		case *ast.MapType:
			open, end, step, t = open+`{"mark":`, "}"+end, step+".*", x.Value
		case *ast.Ident, *ast.SelectorExpr:
			next, ok := s.types[nameOf(t)]
			if !ok || s.words[nameOf(t)] != nil || s.isConstant(t) {
				return t, open, end, step
			}
			switch next.(type) {
			case *ast.ArrayType, *ast.MapType, *ast.Ident, *ast.SelectorExpr:
				t = next
			default:
				return t, open, end, step
			}
		default:
			return t, open, end, step
		}
	}
}

// nameOf names a type as source does.
func nameOf(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.Ident:
		return t.Name
	case *ast.SelectorExpr:
		if id, ok := t.X.(*ast.Ident); ok && id.Name == "constant" {
			return "constant." + t.Sel.Name
		}
		return t.Sel.Name
	}
	return ""
}

func (s *source) isConstant(t ast.Expr) bool { return s.always[nameOf(t)] != "" }

// union returns the variants of a type; none where it is no union. Unions of
// requests are structs of fields that begin with Of.
func (s *source) union(name string) []variant {
	if vs := s.variants[name]; len(vs) > 0 {
		return vs
	}
	st, ok := s.types[name].(*ast.StructType)
	if !ok {
		return nil
	}
	var vs []variant
	for _, f := range st.Fields.List {
		if len(f.Names) == 1 && strings.HasPrefix(f.Names[0].Name, "Of") && f.Tag != nil && strings.Contains(f.Tag.Value, "inline") {
			vs = append(vs, variant{"", f.Type})
		}
	}
	return vs
}

// label tells variants of a union apart: {text}, by the constant that they
// have, or by their type.
func (s *source) label(v variant) string {
	if v.name != "" {
		return "{" + v.name + "}"
	}
	typ, _, _, step := s.plain(v.typ)
	for _, f := range s.fields(nameOf(typ)) {
		if text := s.always[nameOf(f.typ)]; text != "" && (f.name == "type" || f.name == "role" || f.name == "object") {
			return "{" + strings.Trim(text, `"`) + step + "}"
		}
	}
	return "{" + nameOf(typ) + step + "}"
}

// field is a member of an object.
type field struct {
	name, doc string
	typ       ast.Expr
	required  bool
}

// fields are the members of an object, in the SDK's order. Those of AWS have no
// tags and are all as good as required.
func (s *source) fields(name string) []field {
	st, ok := s.types[name].(*ast.StructType)
	if !ok {
		return nil
	}
	var out []field
	for _, f := range st.Fields.List {
		if len(f.Names) != 1 || !f.Names[0].IsExported() || f.Names[0].Name == "ResultMetadata" {
			continue
		}
		x := field{name: lowerFirst(f.Names[0].Name), typ: f.Type, doc: f.Doc.Text()}
		if f.Tag != nil {
			text, err := strconv.Unquote(f.Tag.Value)
			if err != nil {
				continue
			}
			tag := reflect.StructTag(text)
			x.name, _, _ = strings.Cut(tag.Get("json"), ",")
			x.required = tag.Get("api") == "required" || tag.Get("default") != ""
			if x.name == "-" || x.name == "" {
				continue
			}
		} else {
			x.required = strings.Contains(x.doc, "This member is required.")
		}
		out = append(out, x)
	}
	return out
}

// object is the smallest object of these fields that has the one named with.
func (s *source) object(fields []field, with, value string, depth int) string {
	var b strings.Builder
	b.WriteByte('{')
	for _, f := range fields {
		text := value
		switch {
		case f.name == with:
		case f.required && !(s.lean && (s.composite(f) || f.name == "refusal")):
			text = s.sample(f.typ, f.name, f.doc, depth+1)
		default:
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(f.name) + ":" + text)
	}
	return b.String() + "}"
}

// composite reports whether a member holds others that a document is one
// without.
func (s *source) composite(f field) bool {
	typ, _, _, step := s.plain(f.typ)
	name := nameOf(typ)
	return !slices.Contains(backbone, f.name) && (step != "" || len(s.union(name)) > 0 || len(s.fields(name)) > 0)
}

// backbone are the members without which an answer is none.
var backbone = []string{"content", "choices", "message", "delta", "content_block", "usage", "output", "function", "custom"}

// maxDepth ends types that hold themselves.
const maxDepth = 12

// anyOf is how SDKs document the words of a plain string.
var anyOf = regexp.MustCompile(`Any of\s+"([^"]+)"`)

// sample is the smallest value of a type.
func (s *source) sample(t ast.Expr, name, doc string, depth int) string {
	typ, open, end, _ := s.plain(t)
	if depth > maxDepth {
		return "null"
	}
	id := nameOf(typ)
	if text := s.always[id]; text != "" {
		return open + text + end
	}
	if vs := s.union(id); len(vs) > 0 {
		text := s.sample(vs[0].typ, name, doc, depth+1)
		if vs[0].name != "" {
			text = `{"` + vs[0].name + `":` + text + `}`
		}
		return open + text + end
	}
	if fields := s.fields(id); len(fields) > 0 {
		return open + s.object(fields, "", "", depth) + end
	}
	if m := anyOf.FindStringSubmatch(doc); m != nil && id == "string" {
		return open + strconv.Quote(m[1]) + end
	}
	return open + s.scalar(typ, id, name) + end
}

// scalar is a value of a plain type, in the form that the member's name calls
// for.
func (s *source) scalar(typ ast.Expr, id, name string) string {
	if words := s.words[id]; len(words) > 0 && name != "model" {
		return strconv.Quote(words[0])
	}
	if under := nameOf(s.types[id]); under != "" {
		id = under
	}
	if at, ok := typ.(*ast.ArrayType); ok && nameOf(at.Elt) == "byte" {
		return `"bWFyaw=="`
	}
	switch id {
	case "string":
		return strconv.Quote(text(name))
	case "int64", "int32", "int":
		if name == "index" || name == "contentBlockIndex" {
			return "0"
		}
		return "1"
	case "float64", "float32":
		return "0.5"
	case "bool":
		return "true"
	case "Time":
		return `"2026-11-25T00:00:00Z"`
	}
	if name == "input_schema" || name == "schema" || name == "parameters" {
		return `{"type":"object"}`
	}
	return fmt.Sprintf(`{"mark":%q}`, name)
}

// text is a string that is valid for a member of that name.
func text(name string) string {
	switch {
	case name == "model":
		return "m"
	case name == "tool_choice":
		return "auto"
	case name == "data":
		return "bWFyaw=="
	case name == "file_data":
		return "data:application/pdf;base64,bWFyaw=="
	case name == "arguments":
		return `{"mark":1}`
	case strings.HasSuffix(name, "url") || name == "uri":
		return "https://example.com/mark"
	}
	return "mark"
}

// Package members lists what the vendors' own SDKs can write and read: every
// member of a request, every kind of block, every event of an answer, each with
// the smallest document that has it, and the words that members may hold. The
// lists are read from the SDKs' sources, and kept beside the dialects
// (lib/dialect/testdata/members), whose tests hold each line to its promise: a
// newer SDK shows here what is new, and there what becomes of it.
package members

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// source is what is read of an SDK's packages. A type is named as its package
// names it; types of package constant have that before them, and those of AWS's
// operations "op.".
type source struct {
	types    map[string]ast.Expr
	words    map[string][]string  // values of a named string
	always   map[string]string    // the one value of a type of package constant
	variants map[string][]variant // of a union
	lean     bool                 // for answers, whose members are all as good as required
}

// variant is one form of a union. name is empty where the value is its own.
type variant struct {
	name string
	typ  ast.Expr
}

// read reads the packages in dirs.
func read(dirs ...string) (*source, error) {
	s := &source{
		types: map[string]ast.Expr{}, words: map[string][]string{},
		always: map[string]string{}, variants: map[string][]variant{},
	}
	for _, dir := range dirs {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(names) == 0 {
			return nil, fmt.Errorf("members: no package in %s: %w", dir, fs.ErrNotExist)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(filepath.Clean(name))
			if err != nil {
				return nil, err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			s.file(file)
		}
	}
	return s, nil
}

func (s *source) file(f *ast.File) {
	prefix := ""
	switch f.Name.Name {
	case "constant":
		prefix = "constant."
	case "bedrockruntime": // whose operations have names of types, too
		prefix = "op."
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					s.typed(prefix+spec.Name.Name, spec)
				case *ast.ValueSpec:
					s.value(spec)
				}
			}
		case *ast.FuncDecl:
			s.method(prefix, d)
		}
	}
}

// typed takes a type. AWS's unions are interfaces, whose variants are named
// after them.
func (s *source) typed(name string, spec *ast.TypeSpec) {
	union, member, ok := strings.Cut(name, "Member")
	if st, is := spec.Type.(*ast.StructType); ok && is && member != "" && len(st.Fields.List) > 0 && len(st.Fields.List[0].Names) > 0 {
		s.variants[union] = append(s.variants[union], variant{lowerFirst(member), st.Fields.List[0].Type})
		return
	}
	s.types[name] = spec.Type
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// value takes a constant of a named string.
func (s *source) value(spec *ast.ValueSpec) {
	id, ok := spec.Type.(*ast.Ident)
	if !ok || len(spec.Values) != 1 {
		return
	}
	if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if text, err := strconv.Unquote(lit.Value); err == nil && !slices.Contains(s.words[id.Name], text) {
			s.words[id.Name] = append(s.words[id.Name], text)
		}
	}
}

// method takes what a constant is, and the variants of a union of answers:
// func (u Union) AsVariant() (v Type).
func (s *source) method(prefix string, d *ast.FuncDecl) {
	if d.Recv == nil || len(d.Recv.List) != 1 || d.Body == nil {
		return
	}
	recv, ok := d.Recv.List[0].Type.(*ast.Ident)
	if !ok {
		return
	}
	name := prefix + recv.Name
	switch {
	case prefix == "constant." && d.Name.Name == "Default":
		if ret, ok := d.Body.List[0].(*ast.ReturnStmt); ok && len(ret.Results) == 1 {
			if lit, ok := ret.Results[0].(*ast.BasicLit); ok {
				s.always[name] = lit.Value
			}
		}
	case strings.HasPrefix(d.Name.Name, "As") && d.Name.Name != "AsAny" && d.Type.Results != nil && len(d.Type.Results.List) == 1 && len(d.Type.Params.List) == 0:
		s.variants[name] = append(s.variants[name], variant{"", d.Type.Results.List[0].Type})
	}
}

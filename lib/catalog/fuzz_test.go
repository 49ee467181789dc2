package catalog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"weir/lib/catalog"
	"weir/lib/provider"
)

// Whatever the bytes: no panic, an answer one way or the other, problems in
// the order of the file and inside it, and a schema that is never stricter
// than the parser.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"sample.yaml", "testdata/contract.yaml"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	broken, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range broken {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, ".yaml") {
				f.Add(file.Data)
			}
		}
	}
	f.Add([]byte(bomb(9)))
	schema := compile(f, provider.Rows())
	f.Fuzz(func(t *testing.T, data []byte) {
		snap, problems := catalog.Parse(t.Context(), "g.yaml", data, noKeys())
		if (snap == nil) != (problems.Err() != nil) {
			t.Fatalf("snapshot %v with problems %v", snap, problems)
		}
		lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + 1
		for i, p := range problems {
			if p.Line < 0 || p.Line > lines || (p.Line > 0) != (p.Column > 0) || p.Message == "" {
				t.Fatalf("%d lines, problem %+v", lines, p)
			}
			if i > 0 && (p.Line < problems[i-1].Line || p.Line == problems[i-1].Line && p.Column < problems[i-1].Column) {
				t.Fatalf("out of order:\n%s", problems.Error())
			}
		}
		if snap == nil {
			return
		}
		if v, ok := asJSON(data); !ok {
			t.Fatal("the parser takes what is no JSON value")
		} else if err := schema.Validate(v); err != nil {
			t.Fatalf("the schema refuses what the parser takes: %v", err)
		}
		for _, r := range snap.Routes {
			if len(r.Targets) == 0 {
				t.Fatalf("route %q has no targets", r.Name)
			}
		}
	})
}

// bomb is a file whose aliases, written out, are 10^n entries.
func bomb(n int) string {
	var b strings.Builder
	b.WriteString("version: 1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range n {
		from, to := string(rune('0'+i)), string(rune('1'+i))
		b.WriteString("a" + to + ": &a" + to + " [" + strings.Repeat("*a"+from+", ", 9) + "*a" + from + "]\n")
	}
	return b.String()
}

// Aliases are refused where they stand and never followed.
func TestAliasBomb(t *testing.T) {
	snap, problems := catalog.Parse(t.Context(), "g.yaml", []byte(bomb(8)), noKeys())
	if snap != nil || len(problems) > 200 {
		t.Errorf("snapshot %v, %d problems", snap, len(problems))
	}
	if !strings.Contains(problems.Error(), "aliases (*) are not supported") {
		t.Error(problems.Error())
	}
}

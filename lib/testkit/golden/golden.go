// Package golden runs tests over fixtures that are txtar files: each file is
// one case, each of its sections an input or an expected output. `go test
// -update` of a package that uses it rewrites the expected outputs.
//
// A pattern without files and a section that is not there fail the test, so
// that no case is skipped in silence.
package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"
)

// update is a flag of the test binary and can only be registered here.
var update = flag.Bool("update", false, "rewrite the expected outputs of txtar fixtures")

// Fixture is one txtar file. Its methods may be called from parallel subtests.
type Fixture struct {
	// Name is the file's name without folder and extension.
	Name string
	// Comment is the text before the first section.
	Comment string

	t    testing.TB
	path string

	mu      sync.Mutex
	archive *txtar.Archive
	written map[string]output // sections that -update rewrites
}

// output is what a test wrote into a section.
type output struct {
	text string
	// diff describes how text differs from what the section held; empty when
	// it does not.
	diff func(want string) (string, error)
}

// Each runs test once for each file that matches pattern, as a subtest named
// after the file.
func Each(t *testing.T, pattern string, test func(t *testing.T, fx *Fixture)) {
	t.Helper()
	fixtures, err := load(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, fx := range fixtures {
		t.Run(fx.Name, func(t *testing.T) {
			fx.t = t
			t.Cleanup(func() { fx.save(t) })
			test(t, fx)
		})
	}
}

func load(pattern string) ([]*Fixture, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("golden: pattern %q: %w", pattern, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("golden: no file matches %q", pattern)
	}
	fixtures := make([]*Fixture, 0, len(paths))
	for _, path := range paths {
		data, err := os.ReadFile(path) //nolint:gosec // a fixture of the test's own
		if err != nil {
			return nil, fmt.Errorf("golden: %w", err)
		}
		a := txtar.Parse(data)
		seen := map[string]bool{}
		for _, f := range a.Files {
			if seen[f.Name] {
				return nil, fmt.Errorf("golden: %s has two sections %q", path, f.Name)
			}
			seen[f.Name] = true
		}
		fixtures = append(fixtures, &Fixture{
			Name:    strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)),
			Comment: string(a.Comment),
			path:    path,
			archive: a,
			written: map[string]output{},
		})
	}
	return fixtures, nil
}

// Has reports whether there is a section of that name.
func (fx *Fixture) Has(name string) bool {
	fx.mu.Lock()
	defer fx.mu.Unlock()
	return fx.index(name) >= 0
}

// Names lists the sections in the order of the file.
func (fx *Fixture) Names() []string {
	fx.mu.Lock()
	defer fx.mu.Unlock()
	names := make([]string, len(fx.archive.Files))
	for i, f := range fx.archive.Files {
		names[i] = f.Name
	}
	return names
}

// Bytes returns a section as it stands in the file, final newline and blank
// lines included, and fails the fixture's test when it is not there.
func (fx *Fixture) Bytes(name string) []byte {
	fx.t.Helper()
	fx.mu.Lock()
	defer fx.mu.Unlock()
	i := fx.index(name)
	if i < 0 {
		fx.t.Fatalf("%s has no section %q", fx.path, name)
	}
	return bytes.Clone(fx.archive.Files[i].Data)
}

// JSON compares got, marshalled, with a section. Both are compared as values:
// order of members and white space do not count, numbers are compared as they
// are written. A got of type []byte or json.RawMessage is JSON already.
func (fx *Fixture) JSON(t testing.TB, name string, got any) {
	t.Helper()
	text, err := pretty(got)
	if err != nil {
		t.Fatalf("%s: %q cannot be written as JSON: %v", fx.path, name, err)
	}
	fx.compare(t, name, output{text, func(want string) (string, error) {
		w, err := decode([]byte(want))
		if err != nil {
			return "", fmt.Errorf("the fixture's section is no JSON: %w", err)
		}
		g, err := decode([]byte(text))
		if err != nil {
			return "", err
		}
		if cmp.Equal(w, g) {
			return "", nil
		}
		wt, err := pretty(w)
		if err != nil {
			return "", err
		}
		gt, err := pretty(g)
		return cmp.Diff(wt, gt), err
	}})
}

// Text compares got with a section byte for byte. txtar ends every section in
// a newline, so one that got lacks at its end is not counted.
func (fx *Fixture) Text(t testing.TB, name, got string) {
	t.Helper()
	if got != "" && !strings.HasSuffix(got, "\n") {
		got += "\n"
	}
	fx.compare(t, name, output{got, func(want string) (string, error) { return cmp.Diff(want, got), nil }})
}

// compare fails t when the section differs from out, or, under -update, notes
// out as the section's new content.
func (fx *Fixture) compare(t testing.TB, name string, out output) {
	t.Helper()
	fx.mu.Lock()
	defer fx.mu.Unlock()
	if *update {
		if before, ok := fx.written[name]; ok && before.text != out.text {
			t.Errorf("%s: %q has two values in one run (-first +now):\n%s", fx.path, name, cmp.Diff(before.text, out.text))
			return
		}
		fx.written[name] = out
		return
	}
	i := fx.index(name)
	if i < 0 {
		t.Fatalf("%s has no section %q; `go test -update` would write:\n%s", fx.path, name, out.text)
	}
	d, err := out.diff(string(fx.archive.Files[i].Data))
	switch {
	case err != nil:
		t.Errorf("%s: %q: %v", fx.path, name, err)
	case d != "":
		t.Errorf("%s: %q (-want +got; accept with `go test -update`):\n%s", fx.path, name, d)
	}
}

// save writes the sections that -update changed. A section whose value is
// still the same keeps its form.
func (fx *Fixture) save(t testing.TB) {
	t.Helper()
	fx.mu.Lock()
	defer fx.mu.Unlock()
	changed := false
	for _, name := range slices.Sorted(maps.Keys(fx.written)) {
		out, i := fx.written[name], fx.index(name)
		if i < 0 {
			fx.archive.Files = append(fx.archive.Files, txtar.File{Name: name})
			i = len(fx.archive.Files) - 1
		} else if d, err := out.diff(string(fx.archive.Files[i].Data)); err == nil && d == "" {
			continue
		}
		fx.archive.Files[i].Data = []byte(out.text)
		changed = true
	}
	if !changed || t.Failed() {
		return
	}
	data := txtar.Format(fx.archive)
	if !cmp.Equal(txtar.Parse(data), fx.archive, cmpopts.EquateEmpty()) {
		t.Errorf("%s: an output holds a line that txtar takes for a section's head; nothing was written", fx.path)
		return
	}
	if err := os.WriteFile(fx.path, data, 0o644); err != nil { //nolint:gosec // a source file, readable as the others
		t.Error(err)
	}
}

// index returns the place of a section, or -1; the lock is held.
func (fx *Fixture) index(name string) int {
	return slices.IndexFunc(fx.archive.Files, func(f txtar.File) bool { return f.Name == name })
}

// pretty writes v as indented JSON with a final newline.
func pretty(v any) (string, error) {
	var raw []byte
	switch v := v.(type) {
	case []byte:
		raw = v
	case json.RawMessage:
		raw = v
	default:
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return "", err
		}
		raw = b.Bytes()
	}
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(raw), "", "  "); err != nil {
		return "", err
	}
	return b.String() + "\n", nil
}

// decode reads exactly one JSON value and keeps its numbers as written.
func decode(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return v, nil
}

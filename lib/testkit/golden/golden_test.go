package golden

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorder is a testing.TB that keeps its failures to itself.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper()      {}
func (r *recorder) Failed() bool { return len(r.failures) > 0 }
func (r *recorder) Error(args ...any) {
	r.failures = append(r.failures, fmt.Sprint(args...))
}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// failures runs test with a recorder and returns what failed.
func failures(t *testing.T, test func(r *recorder)) []string {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(r)
	}()
	<-done
	return r.failures
}

func sample(t *testing.T) *Fixture {
	t.Helper()
	fixtures, err := load("testdata/*.txtar")
	if err != nil || len(fixtures) != 1 {
		t.Fatalf("%d fixtures, %v", len(fixtures), err)
	}
	return fixtures[0]
}

func TestEach(t *testing.T) {
	runs := 0
	Each(t, "testdata/*.txtar", func(t *testing.T, fx *Fixture) {
		runs++
		if t.Name() != "TestEach/sample" || fx.Name != "sample" || !strings.HasPrefix(fx.Comment, "A sample") {
			t.Errorf("%s, %q, %q", t.Name(), fx.Name, fx.Comment)
		}
		if got := string(fx.Bytes("stream.sse")); got != "data: one\n\ndata: two\n\n" {
			t.Errorf("section %q", got)
		}
		if diff := cmp.Diff([]string{"request.json", "stream.sse", "empty"}, fx.Names()); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
		if !fx.Has("empty") || fx.Has("other") {
			t.Error("Has is wrong")
		}
		t.Run("in a subtest", func(t *testing.T) {
			t.Parallel()
			fx.JSON(t, "request.json", map[string]any{"a": []int{1, 2}, "b": json.Number("1.0")})
		})
	})
	if runs != 1 {
		t.Errorf("%d runs, want 1", runs)
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	twice := filepath.Join(dir, "twice.txtar")
	if err := os.WriteFile(twice, []byte("-- a --\n-- a --\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]string{
		"testdata/*.nothing": "no file matches",
		"[":                  "syntax error",
		twice:                "two sections",
	} {
		if _, err := load(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", pattern, err, want)
		}
	}
}

func TestComparisons(t *testing.T) {
	setUpdate(t, false)
	tests := []struct {
		name string
		test func(fx *Fixture, r *recorder)
		want string // in the one failure; empty for none
	}{
		{"JSON of another form", func(fx *Fixture, r *recorder) {
			fx.JSON(r, "request.json", []byte("{\"a\":[1,2],\n\"b\":1.0}"))
		}, ""},
		{"JSON value differs", func(fx *Fixture, r *recorder) {
			fx.JSON(r, "request.json", json.RawMessage(`{"a":[1,3],"b":1.0}`))
		}, "    3\n"},
		{"numbers as written", func(fx *Fixture, r *recorder) {
			fx.JSON(r, "request.json", map[string]any{"a": []int{1, 2}, "b": 1})
		}, "1.0"},
		{"got is no JSON", func(fx *Fixture, r *recorder) { fx.JSON(r, "request.json", []byte(`{"a":`)) }, "cannot be written"},
		{"got cannot be marshalled", func(fx *Fixture, r *recorder) { fx.JSON(r, "request.json", func() {}) }, "cannot be written"},
		{"section is no JSON", func(fx *Fixture, r *recorder) { fx.JSON(r, "stream.sse", 1) }, "no JSON"},
		{"two JSON values", func(fx *Fixture, r *recorder) { fx.JSON(r, "request.json", []byte("1 2")) }, "cannot be written"},
		{"no such section", func(fx *Fixture, r *recorder) { fx.JSON(r, "other", 1) }, `no section "other"`},
		{"no such bytes", func(fx *Fixture, r *recorder) { fx.t = r; fx.Bytes("other") }, `no section "other"`},
		{"text", func(fx *Fixture, r *recorder) { fx.Text(r, "stream.sse", "data: one\n\ndata: two\n\n") }, ""},
		{"text without final newline", func(fx *Fixture, r *recorder) { fx.Text(r, "stream.sse", "data: one\n\ndata: two\n") }, "-want +got"},
		{"no text", func(fx *Fixture, r *recorder) { fx.Text(r, "empty", "") }, ""},
		{"text differs", func(fx *Fixture, r *recorder) { fx.Text(r, "stream.sse", "data: one\n\ndata: 2\n\n") }, "data: 2"},
		{"JSON text is compared as text", func(fx *Fixture, r *recorder) { fx.Text(r, "request.json", `{"a":[1,2],"b":1.0}`) }, "-want +got"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := failures(t, func(r *recorder) { tt.test(sample(t), r) })
			if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)) {
				t.Errorf("failures %q, want one with %q", got, tt.want)
			}
		})
	}
}

// setUpdate sets the flag for the time of t.
func setUpdate(t *testing.T, on bool) {
	before := *update
	*update = on
	t.Cleanup(func() { *update = before })
}

// updating makes a fixture from text and runs test on it under -update;
// it returns the file afterwards.
func updating(t *testing.T, text string, test func(fx *Fixture, r *recorder)) (file string, failed []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.txtar")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	fixtures, err := load(path)
	if err != nil {
		t.Fatal(err)
	}
	setUpdate(t, true)
	failed = failures(t, func(r *recorder) {
		test(fixtures[0], r)
		fixtures[0].save(r)
	})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), failed
}

func TestUpdate(t *testing.T) {
	const before = "about\n-- in --\nx\n-- out.json --\n{\"a\":1}\n"
	tests := []struct {
		name string
		test func(fx *Fixture, r *recorder)
		want string
		fail string
	}{
		{"nothing compared", func(*Fixture, *recorder) {}, before, ""},
		{"same value keeps its form", func(fx *Fixture, r *recorder) { fx.JSON(r, "out.json", map[string]int{"a": 1}) }, before, ""},
		{
			"changed value", func(fx *Fixture, r *recorder) { fx.JSON(r, "out.json", map[string]string{"a": "<2>"}) },
			"about\n-- in --\nx\n-- out.json --\n{\n  \"a\": \"<2>\"\n}\n", "",
		},
		{
			"text changes where only its form does", func(fx *Fixture, r *recorder) { fx.Text(r, "out.json", `{"a": 1}`) },
			"about\n-- in --\nx\n-- out.json --\n{\"a\": 1}\n", "",
		},
		{"new section", func(fx *Fixture, r *recorder) { fx.Text(r, "new", "y") }, before + "-- new --\ny\n", ""},
		{
			"same value twice", func(fx *Fixture, r *recorder) { fx.Text(r, "new", "y"); fx.Text(r, "new", "y") },
			before + "-- new --\ny\n", "",
		},
		{"two values", func(fx *Fixture, r *recorder) { fx.Text(r, "new", "y"); fx.Text(r, "new", "z") }, before, "two values"},
		{"a section's head within", func(fx *Fixture, r *recorder) { fx.Text(r, "new", "y\n-- z --\n") }, before, "section's head"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, failed := updating(t, before, tt.test)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("file (-want +got):\n%s", diff)
			}
			if tt.fail == "" && len(failed) > 0 || tt.fail != "" && (len(failed) != 1 || !strings.Contains(failed[0], tt.fail)) {
				t.Errorf("failures %q, want one with %q", failed, tt.fail)
			}
		})
	}
}

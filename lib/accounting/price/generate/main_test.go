package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// write puts the files of an archive into a folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func rules(t *testing.T) map[string]string {
	t.Helper()
	ar, err := txtar.ParseFile("testdata/rules.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range ar.Files {
		files[f.Name] = string(f.Data)
	}
	return files
}

func TestRules(t *testing.T) {
	files := rules(t)
	dir := write(t, files)
	out := filepath.Join(dir, "out.csv")
	args := []string{
		"--a", filepath.Join(dir, "a.csv"), "--b", filepath.Join(dir, "b.csv"),
		"--overrides", filepath.Join(dir, "overrides.csv"), "--out", out,
	}
	for range 3 { // the same files give the same book
		var log bytes.Buffer
		if err := run(args, &log); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(lines(files["book.csv"]), lines(string(got))); d != "" {
			t.Errorf("book (-want +got):\n%s", d)
		}
		if d := cmp.Diff(lines(files["notes"]), lines(log.String())); d != "" {
			t.Errorf("notes (-want +got):\n%s", d)
		}
	}
}

func lines(s string) []string { return strings.Split(s, "\n") }

func TestBadFiles(t *testing.T) {
	const (
		head  = "provider,model,region,tier,above_tokens,input,output,other_usd_per_unit,multipliers,kind,read_on\n"
		ohead = "vendor,model,region,tier,above_tokens,input,output,units,read_on,source\n"
	)
	tests := []struct{ name, file, text, want string }{
		{"empty file", "a.csv", "", "a.csv: no header"},
		{"no known vendor", "a.csv", head + "acme,m,,standard,,1,2,,,,2026-01-01\n", "holds no price of a known vendor"},
		{"broken CSV", "a.csv", head + "openai,m,,standard\n", "wrong number of fields"},
		{"negative", "b.csv", head + "openai,m,,standard,,-1,2,,,,2026-01-01\n", `b.csv:2: input: "-1" is no plain decimal`},
		{"exponent", "b.csv", head + "openai,m,,standard,,1e-05,2,,,,2026-01-01\n", "no plain decimal"},
		{"too large", "b.csv", head + "openai,m,,standard,,99999999999,2,,,,2026-01-01\n", "out of range"},
		{"no tier", "b.csv", head + "openai,m,,,,1,2,,,,2026-01-01\n", `tier ""`},
		{"a name that needs quotes", "b.csv", head + "openai,\"m,n\",,standard,,1,2,,,,2026-01-01\n", "quotes"},
		{"threshold", "b.csv", head + "openai,m,,standard,many,1,2,,,,2026-01-01\n", "above_tokens"},
		{"units", "b.csv", head + "openai,m,,standard,,1,2,{,,,2026-01-01\n", "units"},
		{"a unit's price", "b.csv", head + "openai,m,,standard,,1,2,\"{\"\"web_search\"\":\"\"x\"\"}\",,,2026-01-01\n", "web_search"},
		{"multipliers", "b.csv", head + "openai,m,,standard,,1,2,,{,,2026-01-01\n", "multipliers"},
		{"unknown multiplier", "b.csv", head + "openai,m,,standard,,1,2,,\"{\"\"moon:full\"\":\"\"2\"\"}\",,2026-01-01\n", "moon:full"},
		{"multiplier that is no number", "b.csv", head + "openai,m,,standard,,1,2,,\"{\"\"region:eu\"\":\"\"x\"\"}\",,2026-01-01\n", "region:eu"},
		{"no date", "b.csv", head + "openai,m,,standard,,1,2,,,,\n", "read_on"},
		{"override without a source", "overrides.csv", ohead + "openai,m,,standard,,1,2,,2026-01-01,\n", "say in column source"},
		{"override without a price", "overrides.csv", ohead + "openai,m,,standard,,,,,2026-01-01,x\n", "has no price"},
		{"override twice", "overrides.csv", ohead + strings.Repeat("openai,m,,standard,,1,2,,2026-01-01,x\n", 2), "stands twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := rules(t)
			files[tt.file] = tt.text
			dir := write(t, files)
			_, _, err := generate(filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv"), filepath.Join(dir, "overrides.csv"))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one that contains %q", err, tt.want)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"--a", "x"}, {"--a", "x", "--b", "y", "z"}, {"--c"}, {"--a", "missing.csv", "--b", "missing.csv"}} {
		if err := run(args, &bytes.Buffer{}); err == nil {
			t.Errorf("run(%q) went well", args)
		}
	}
}

// The committed book cannot be generated again without its sources, but what
// was looked up can be checked against it.
func TestOverridesAreInTheBook(t *testing.T) {
	looked, err := readOverrides("../overrides.csv")
	if err != nil {
		t.Fatal(err)
	}
	book, err := os.ReadFile("../book.csv")
	if err != nil {
		t.Fatal(err)
	}
	for k, r := range looked {
		if !strings.Contains(string(book), "\n"+k.csv()+r.csv()+"\n") {
			t.Errorf("%v is not in the book as overrides.csv has it: generate the book again", k)
		}
	}
}

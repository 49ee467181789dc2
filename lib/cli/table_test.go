package cli

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestTable(t *testing.T) {
	t.Parallel()
	columns := []column{{head: "NAME"}, {head: "TEAM", spare: true}, {head: "COST", right: true}, {head: "NOTE", spare: true}}
	rows := [][]string{
		{"a-long-name-of-a-model", "search", "0.5", "x"},
		{"b", "größe", "12.25", ""},
		{"c\x1b[31m\n", "", "", ""},
	}
	for _, tt := range []struct {
		name    string
		width   int
		want    string
		omitted []string
	}{
		{"nobody looks", 0, `
NAME                    TEAM     COST  NOTE
a-long-name-of-a-model  search    0.5  x
b                       größe   12.25
c\x1b[31m\n
`, nil},
		{"the last spare column goes first", 40, `
NAME                    TEAM     COST
a-long-name-of-a-model  search    0.5
b                       größe   12.25
c\x1b[31m\n
`, []string{"NOTE"}},
		{"then the widest column is cut", 20, `
NAME            COST
a-long-name-…    0.5
b              12.25
c\x1b[31m\n
`, []string{"NOTE", "TEAM"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			omitted, err := writeTable(&b, tt.width, columns, rows)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), b.String()); diff != "" {
				t.Error(diff)
			}
			if !slices.Equal(omitted, tt.omitted) {
				t.Errorf("omitted %v, want %v", omitted, tt.omitted)
			}
		})
	}
}

// A table never runs over the terminal's edge, unless the terminal is narrower
// than its shortest columns; and a terminal never sees a control character.
func TestTableFits(t *testing.T) {
	t.Parallel()
	columns := []column{{head: "A"}, {head: "B", spare: true}, {head: "C", right: true}}
	least := len(columns)*(minWidth+gap) - gap
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(least, 120).Draw(t, "width")
		rows := rapid.SliceOf(rapid.SliceOfN(rapid.String(), len(columns), len(columns))).Draw(t, "rows")
		var b strings.Builder
		if _, err := writeTable(&b, width, columns, rows); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) != len(rows)+1 {
			t.Fatalf("%d lines for %d rows", len(lines), len(rows))
		}
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n > width {
				t.Fatalf("%d characters in a terminal of %d: %q", n, width, line)
			}
			if strings.IndexFunc(line, hidden) >= 0 {
				t.Fatalf("a control character: %q", line)
			}
		}
	})
}

package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// column is one column of a table for people.
type column struct {
	head  string
	right bool // numbers
	// spare columns are left out, last first, where the terminal is narrow.
	spare bool
}

const (
	gap      = 2
	minWidth = 8 // a column is not cut shorter than this
)

// writeTable aligns rows below the columns' heads. width is the terminal's; 0
// means that nobody looks and nothing is cut. It returns the heads of columns
// that were left out.
func writeTable(w io.Writer, width int, columns []column, rows [][]string) (omitted []string, err error) {
	cells := make([][]string, 0, len(rows)+1)
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = c.head
	}
	cells = append(cells, head)
	for _, r := range rows {
		line := make([]string, len(columns))
		for i := range columns {
			line[i] = printable(r[i])
		}
		cells = append(cells, line)
	}
	widths := make([]int, len(columns))
	for _, line := range cells {
		for i, c := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	omitted = fit(width, columns, widths)
	for _, line := range cells {
		if _, err := fmt.Fprintln(w, formatLine(columns, widths, line)); err != nil {
			return omitted, err
		}
	}
	return omitted, nil
}

// fit makes widths fit the terminal: spare columns go first (their width
// becomes 0), then the widest are cut.
func fit(width int, columns []column, widths []int) (omitted []string) {
	if width <= 0 {
		return nil
	}
	for i := len(columns) - 1; i >= 0 && total(widths) > width; i-- {
		if columns[i].spare {
			widths[i] = 0
			omitted = append(omitted, columns[i].head)
		}
	}
	for total(widths) > width {
		widest := 0
		for i := range widths {
			if widths[i] > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= minWidth {
			break // the terminal wraps the rest
		}
		widths[widest]--
	}
	return omitted
}

func total(widths []int) int {
	sum := -gap
	for _, w := range widths {
		if w > 0 {
			sum += w + gap
		}
	}
	return sum
}

func formatLine(columns []column, widths []int, line []string) string {
	var b strings.Builder
	for i, c := range line {
		if widths[i] == 0 {
			continue
		}
		c = cut(c, widths[i])
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
		if columns[i].right {
			b.WriteString(pad + c)
		} else {
			b.WriteString(c + pad)
		}
		b.WriteString(strings.Repeat(" ", gap))
	}
	return strings.TrimRight(b.String(), " ")
}

// cut shortens s to n characters and shows that it did.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// printable makes control characters visible: names come from callers, and a
// terminal obeys what it prints.
func printable(s string) string {
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func hidden(r rune) bool { return !unicode.IsPrint(r) }

// pair is one line of a record.
type pair struct{ name, value string }

// writeRecord writes one thing, a line for each of its parts; empty ones are
// left out.
func writeRecord(w io.Writer, pairs []pair) error {
	widest := 0
	for _, p := range pairs {
		if p.value != "" {
			widest = max(widest, utf8.RuneCountInString(p.name))
		}
	}
	for _, p := range pairs {
		if p.value == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-*s  %s\n", widest, p.name, printable(p.value)); err != nil {
			return err
		}
	}
	return nil
}

// terminal reports whether w is a terminal, and its width: 0 where it has none
// to tell.
func terminal(w io.Writer) (width int, is bool) {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, true
	}
	return width, true
}

// table writes rows for people: as wide as the terminal allows, and saying
// what did not fit.
func (p *Program) table(columns []column, rows [][]string) error {
	width, _ := terminal(p.Stdout)
	omitted, err := writeTable(p.Stdout, width, columns, rows)
	if err != nil || len(omitted) == 0 {
		return err
	}
	slices.Reverse(omitted)
	p.say("Not shown for want of width: %s. --format json shows all.", strings.ToLower(strings.Join(omitted, ", ")))
	return nil
}

package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// place is a position in the file, both counted from 1. The zero place is
// nowhere.
type place struct{ Line, Column int }

func at(n *yaml.Node) place { return place{n.Line, n.Column} }

// decoder reads one file and collects its problems.
type decoder struct {
	file     string
	lines    int      // of the file; the parser places what is missing at its end behind them
	path     []string // keys down to where the decoder is, for messages
	problems Problems
}

func (d *decoder) errorf(p place, format string, args ...any) {
	d.report(Error, p, fmt.Sprintf(format, args...))
}

func (d *decoder) warnf(p place, format string, args ...any) {
	d.report(Warning, p, fmt.Sprintf(format, args...))
}

func (d *decoder) report(s Severity, p place, message string) {
	if d.lines > 0 && p.Line > d.lines {
		p = place{d.lines, 1}
	}
	d.problems = append(d.problems, Problem{File: d.file, Line: p.Line, Column: p.Column, Severity: s, Message: message})
}

// in runs f one key deeper.
func (d *decoder) in(key string, f func()) {
	d.path = append(d.path, key)
	f()
	d.path = d.path[:len(d.path)-1]
}

// here names where the decoder is: providers.openai, settings.timeouts.
func (d *decoder) here() string {
	if len(d.path) == 0 {
		return "the file"
	}
	return joinPath(d.path)
}

// under names key where the decoder is.
func (d *decoder) under(key string) string {
	return joinPath(append(slices.Clip(d.path), key))
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// joinPath joins keys with dots and quotes those that hold other characters
// than names do.
func joinPath(keys []string) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		if !plainKey.MatchString(k) {
			k = quote(k)
		}
		parts[i] = k
	}
	return strings.Join(parts, ".")
}

// quote shows a value of the file, cut where it is long.
func quote(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return fmt.Sprintf("%q…", string(r[:most]))
	}
	return fmt.Sprintf("%q", s)
}

// nodeKind names what stands at n, for messages.
func nodeKind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		switch n.Tag {
		case "!!int", "!!float":
			return "a number"
		case "!!bool":
			return "true or false"
		case "!!timestamp":
			return "a date"
		}
		return "text"
	case yaml.AliasNode:
		return "an alias"
	case yaml.DocumentNode:
	}
	return "something else"
}

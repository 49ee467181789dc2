package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a problem keeps a configuration from being used.
type Severity uint8

// The severities.
const (
	Error   Severity = iota // there is no Snapshot
	Warning                 // the configuration works, but not all of it
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Problem is one thing that is wrong with a configuration. Its message says
// what to change, and never holds a credential.
type Problem struct {
	File     string
	Line     int // from 1; 0 when the problem has no place in the file
	Column   int // from 1, in characters
	Severity Severity
	Message  string
}

// String is "file:line:column: message", with "warning: " before the message
// of a warning. A problem without a place is "file: message".
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Severity == Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Problems are all problems of one file, in the order of their places. They
// print one to a line.
type Problems []Problem

// Error implements error. Use Err to learn whether there is one: a list of
// warnings is no failure.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns the errors among ps as one error, nil when there are none.
func (ps Problems) Err() error {
	if errs := ps.of(Error); len(errs) > 0 {
		return errs
	}
	return nil
}

// Warnings returns the warnings among ps.
func (ps Problems) Warnings() Problems { return ps.of(Warning) }

func (ps Problems) of(s Severity) Problems {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return p.Severity != s })
}

// sort orders ps by place; at one place the order of discovery stays.
func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

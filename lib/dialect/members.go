package dialect

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"weir/lib/llm"
)

// Native refuses the members that only the caller's own dialect can say.
func (l *Losses) Native() {
	for _, path := range l.req.Facts.Native {
		l.refuse(path, "only the dialect of the request has it")
	}
}

// Extra accounts for a member that the target's format has no place for.
func (l *Losses) Extra(x llm.Extra) {
	if x.Hint {
		l.Drop(x.Path, "this provider has no such parameter")
	} else {
		l.Refuse(x.Path, "it has no such parameter")
	}
}

// Penalties accounts for the penalties and the seed, for formats that have
// neither. A penalty of 0 says nothing.
func (l *Losses) Penalties(p llm.Params) {
	const none = "this provider has no such parameter"
	if f := p.PresencePenalty; f != nil && *f != 0 {
		l.Drop("presence_penalty", none)
	}
	if f := p.FrequencyPenalty; f != nil && *f != 0 {
		l.Drop("frequency_penalty", none)
	}
	if p.Seed != nil {
		l.Drop("seed", none)
	}
}

// Stops returns the stop sequences that are more than white space, for formats
// that take no others.
func (l *Losses) Stops(all []string) []string {
	var said []string
	for _, s := range all {
		if Blank(s) {
			l.Drop(llm.FieldStop, "a stop sequence of nothing but white space is not taken here")
			continue
		}
		said = append(said, s)
	}
	return said
}

// Choice refuses a choice of a tool that is none of the caller's, which no
// vendor takes. Where there are no tools at all, what comes of a choice is the
// format's own.
func (l *Losses) Choice(c *llm.Chat) {
	named := func(t llm.Tool) bool { return t.Name == c.Choice.Name }
	if c.Choice.Mode == "tool" && len(c.Tools) > 0 && !slices.ContainsFunc(c.Tools, named) {
		l.Refuse("tool_choice", "it names a tool that is not among the tools")
	}
}

// Within returns f, or the end of the range from low to high that is nearest
// to it; nil where f is.
func (l *Losses) Within(field string, f *float64, low, high float64) *float64 {
	if f == nil {
		return nil
	}
	in := min(max(*f, low), high)
	if in == *f {
		return f
	}
	l.Drop(field, fmt.Sprintf("set to %g: this provider takes %g to %g", in, low, high))
	return &in
}

// Blank reports whether s has nothing but white space.
func Blank(s string) bool { return strings.TrimFunc(s, unicode.IsSpace) == "" }

// Clip returns the first n bytes of s, or a little less where that would cut a
// rune.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

package dialect

import (
	"fmt"
	"slices"
	"strings"

	"weir/lib/fault"
	"weir/lib/llm"
)

// CodeUnsupported is the Code of a refusal by Losses.
const CodeUnsupported = "unsupported_parameter"

// Losses collects what the writing of one request anew cannot carry. Members
// are named as the hub names them, or by their own path in the caller's
// request; either way the caller is told the name that they wrote.
//
// What is a Note, what a Drop and what a refusal is the same in all dialects,
// because x-weir-strict turns every Drop into a 400:
//
//   - Note what only adds something that the target's format demands (a turn of
//     the user before the assistant's first, "(no text)" in a message without
//     any, a text beside a document, the declaration of tools that the history
//     calls), or says the same in another form (white space that says nothing
//     left out, an image named by the type that its bytes are). Who reads the
//     request that is sent understands what the caller said, and the answer is
//     to what the caller asked.
//   - Drop what leaves something out (a parameter, a name, a signature, a cache
//     mark), sends another value (one set to the end of a range, a budget as an
//     effort), or asks for something else than the caller did (a system message
//     as the user's, a forced tool as a free choice, thinking off, a new message
//     where the assistant's was to be gone on with).
//   - Refuse what would be another request without it (an image, a schema), and
//     what is wrong in every dialect (a call without its result).
//
// What carries no meaning of its own is neither: ids of calls and names of
// files in another spelling, a default left unsaid, an empty text.
//
// Not safe for concurrent use.
type Losses struct {
	op     string
	strict bool
	req    *llm.Request
	all    []llm.Loss
	told   map[string]bool
	err    error
}

// NewLosses returns an empty collection for the request that op writes anew
// for t.
func NewLosses(op string, req *llm.Request, t Target) *Losses {
	l := &Losses{op: op, strict: t.Strict, req: req}
	if req.Torn != "" {
		l.Drop(req.Torn, "half of a character (an escape of a surrogate without the other) is sent as U+FFFD")
	}
	return l
}

// Refuse stops the request: leaving field out would change what it means. The
// first refusal stands. why completes a sentence and ends without a stop.
func (l *Losses) Refuse(field, why string) { l.refuse(l.name(field), why) }

// refuse is Refuse for a path of the caller's own.
func (l *Losses) refuse(field, why string) {
	if l.err != nil {
		return
	}
	l.err = &fault.Error{
		Kind: fault.Invalid, Op: l.op, Param: field, Code: CodeUnsupported,
		Public: fmt.Sprintf("%s cannot be sent to this model's provider: %s.", field, why),
	}
}

// Drop notes that field is left out, or sent as something else. A strict
// caller is refused instead.
func (l *Losses) Drop(field, why string) {
	if l.strict {
		l.Refuse(field, why)
	}
	l.Note(field, why)
}

// Note notes that something was added at field, or put into another form that
// means the same: a strict caller gets it, too. Each field is noted once.
func (l *Losses) Note(field, why string) {
	field = l.name(field)
	if l.told[field] {
		return
	}
	if l.told == nil {
		l.told = map[string]bool{}
	}
	l.told[field] = true
	l.all = append(l.all, llm.Loss{Field: field, Why: why})
}

// All is what was dropped and noted, in order.
func (l *Losses) All() []llm.Loss { return l.all }

// Err is the refusal, a *fault.Error of kind Invalid; nil where the request can
// be sent.
func (l *Losses) Err() error { return l.err }

// name is field as the caller wrote it: its own path, or that of the member
// that it stands below.
func (l *Losses) name(field string) string {
	if l.own(field) {
		return field
	}
	for end := len(field); end > 0; end = strings.LastIndexAny(field[:end], ".[") {
		if path := l.req.Paths[field[:end]]; path != "" {
			return path + field[end:]
		}
	}
	return field
}

// own reports whether field is the path of a member that the hub has no name
// for; it may read as one (thinking.new_member).
func (l *Losses) own(field string) bool {
	extra := func(x llm.Extra) bool { return x.Path == field }
	switch b := l.req.Body.(type) {
	case *llm.Chat:
		return slices.ContainsFunc(b.Extra, extra)
	case *llm.Embed:
		return slices.ContainsFunc(b.Extra, extra)
	}
	return false
}

// Package meter measures a call's usage from its stream of events: the same
// way for relayed and translated answers, streamed and not. It promises that
// a provider's figure is taken as it is, zero included, that a missing or
// outdated figure is estimated and marked so, and that an error's text is
// never billed as output.
//
// The package knows no dialect and no price.
package meter

import (
	"maps"

	"weir/lib/accounting/ledger"
	"weir/lib/llm"
	"weir/lib/tokens"
)

// An Ending is how an answer ended, as the pipeline saw it.
type Ending uint8

// The endings.
const (
	// Complete: the answer reached its terminal mark and the caller got it.
	Complete Ending = iota
	// Failed: the attempt ended in an error, before or after its first content.
	Failed
	// Gone: the caller hung up. What was drained afterwards was observed, too.
	Gone
)

// Meter takes the events of one attempt. Usage is cumulative: each report is
// complete and replaces the one before, field by field. The zero Meter is
// ready and has no estimate of the input. Not safe for concurrent use.
type Meter struct {
	input    int64     // estimate, for answers without a report
	used     llm.Usage // the last report
	reported bool
	content  bool // first content was seen
	// since counts the output seen after the last report: the part of the
	// answer that the report cannot cover.
	since tokens.Counter
}

// New returns a Meter for a request whose input is estimated at inputEstimate
// tokens (llm.Facts.InputTokens).
func New(inputEstimate int64) *Meter { return &Meter{input: max(inputEstimate, 0)} }

// Observe takes one chunk of the answer, also one that is drained after the
// caller has gone, and the chunk beside a stream's error. It does not allocate
// on streamed answers and keeps nothing of the chunk but the Units of a report, which decoders
// give away.
func (m *Meter) Observe(c llm.Chunk) {
	covered := false
	for _, ev := range c.Events {
		m.content = m.content || llm.Content(ev)
		switch ev := ev.(type) {
		case llm.Used:
			// What cannot be a count is no figure; what was known before stays.
			if valid(ev.Usage) {
				m.used, m.reported, covered = ev.Usage, true, true
			}
		case llm.Opened:
			m.block(ev.Block)
		case llm.Delta:
			m.since.Add(ev.Text)
		case llm.Beside:
			m.since.Add(ev.Text)
		case llm.Started, llm.Sealed, llm.Cited, llm.Closed, llm.Vectors, llm.Counted,
			llm.Stopped, llm.Dropped, llm.Finished:
		}
	}
	if covered {
		// A report speaks for the whole of its chunk, whichever comes first:
		// decoders of unstreamed answers may yield usage before the blocks.
		m.since = tokens.Counter{}
	}
}

// block counts what a block brings along when it opens. Results of a
// provider's own tools and blocks of unknown types are no text of the model's.
func (m *Meter) block(b llm.Block) {
	switch b := b.(type) {
	case *llm.Text:
		m.since.Add(b.Text)
	case *llm.Thinking:
		m.since.Add(b.Text)
	case *llm.ToolUse:
		m.since.Add(b.Name)
		m.since.Add(string(b.Input)) // empty where the input is streamed
	case *llm.Media:
		if b.Kind == "image" {
			m.since.AddTokens(tokens.Image)
		}
	case *llm.ToolResult, *llm.Opaque:
	}
}

// Reported reports whether the provider has said what it used.
func (m *Meter) Reported() bool { return m.reported }

// Report is what the provider said last, the zero Usage where it said nothing.
// It is no bill: see Result.
func (m *Meter) Report() llm.Usage {
	u := m.used
	u.Units = maps.Clone(u.Units)
	return u
}

// Result returns what the call is billed for, and on whose word:
//
//   - failed before its first content: nothing, none. The provider's error is
//     not billed, whatever it said before;
//   - the last report covers all output that was seen: that report, an
//     explicit zero included; drained where the caller had gone, else provider;
//   - there was a report, but output came after it (an answer cut between
//     Anthropic's message_start and message_delta): its figures, plus the
//     estimate of that output; estimated;
//   - no report: the estimates of input and of the output seen; estimated.
//
// Observe may go on afterwards; Result may be called again.
func (m *Meter) Result(end Ending) (llm.Usage, ledger.UsageSource) {
	if end == Failed && !m.content {
		return llm.Usage{}, ledger.UsageNone
	}
	since := m.since.Tokens()
	if !m.reported {
		return llm.Usage{Input: m.input, Output: since}, ledger.UsageEstimated
	}
	u := m.used
	u.Units = maps.Clone(u.Units)
	switch {
	case since > 0:
		u.Output += since
		return u, ledger.UsageEstimated
	case end == Gone:
		return u, ledger.UsageDrained
	default:
		return u, ledger.UsageProvider
	}
}

// maxCount bounds a credible count: beyond it, JSON numbers lose their last
// digits (RFC 8259 §6) and sums of buckets might leave int64.
const maxCount = 1 << 53

// valid reports whether all of u's counts can be counts.
func valid(u llm.Usage) bool {
	for _, n := range u.Units {
		if n < 0 || n > maxCount {
			return false
		}
	}
	low := min(u.Input, u.CacheRead, u.CacheWrite5m, u.CacheWrite1h, u.AudioIn, u.Output, u.AudioOut, u.Reasoning)
	high := max(u.Input, u.CacheRead, u.CacheWrite5m, u.CacheWrite1h, u.AudioIn, u.Output, u.AudioOut, u.Reasoning)
	return low >= 0 && high <= maxCount
}

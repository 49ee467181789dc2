package llm

import (
	"encoding/json"
	"iter"
)

// Chunk is one provider event: its bytes and what they mean.
type Chunk struct {
	Frame  Frame
	Events []Event
}

// Frame is one payload on the wire. Framing (SSE lines, comments, event ids)
// is the gateway's own and not part of it.
type Frame struct {
	Dialect string
	Name    string // SSE event name, where the dialect uses one
	// Data is byte for byte what the provider sent. It is valid until the
	// stream's next step; who keeps a Frame longer clones it.
	Data []byte
	// Withhold marks what only the gateway asked for: metered, not sent.
	Withhold bool
}

// Stream is an answer. It yields one error at most, last; the Chunk beside the
// error may hold the provider's own error frame. Breaking out of the loop
// releases the connection. A unary answer is a Stream of one Chunk.
type Stream = iter.Seq2[Chunk, error]

// An Event is one step of an answer. The set is closed.
//
// Order: Started; then blocks by index, each Opened, Delta…, Closed, possibly
// interleaved; Beside, Used and Counted anywhere; Stopped; Finished last, exactly once
// and only when the dialect's terminal mark was seen.
//
//sumtype:decl
type Event interface{ event() }

// Started opens an answer.
type Started struct {
	ID    string // the provider's id of the answer
	Model string // the provider's name of the model
}

// Opened begins block Index. Block holds what is known at the start: a
// ToolUse's id and name, the text of an unstreamed answer.
type Opened struct {
	Index int
	Block Block
}

// Delta adds text to block Index: text, thinking, or a piece of a tool's input.
type Delta struct {
	Index int
	Text  string
}

// Sealed signs block Index.
type Sealed struct {
	Index int
	Seal  Seal
}

// Cited adds a citation to block Index, in its dialect's form.
type Cited struct {
	Index int
	Cite  json.RawMessage
}

// Closed ends block Index.
type Closed struct{ Index int }

// Beside is output of a choice beside the first. It has no blocks, because only
// a caller of the provider's own dialect can be shown it; but it is content,
// and it is metered. Text is empty where the choice only ends.
type Beside struct{ Text string }

// Vectors are embeddings in the order of the inputs, each as raw JSON: an array
// of numbers, or a string of base64 (little-endian float32) where that was
// asked for.
type Vectors struct{ Raw []json.RawMessage }

// Counted answers a count of tokens.
type Counted struct {
	Input     int64
	Estimated bool
}

// Used reports usage so far. Counts are cumulative: the last one wins, field
// by field, and a decoder yields only complete values.
type Used struct{ Usage Usage }

// Stopped says why the answer ended.
type Stopped struct {
	Reason   StopReason
	Sequence string // the stop sequence that was met
	Raw      string // the dialect's own word
}

// Dropped records what decoding of the answer could not keep.
type Dropped struct{ Loss Loss }

// Finished is the dialect's terminal mark.
type Finished struct{}

func (Started) event()  {}
func (Opened) event()   {}
func (Delta) event()    {}
func (Sealed) event()   {}
func (Cited) event()    {}
func (Closed) event()   {}
func (Beside) event()   {}
func (Vectors) event()  {}
func (Counted) event()  {}
func (Used) event()     {}
func (Stopped) event()  {}
func (Dropped) event()  {}
func (Finished) event() {}

// StopReason is why a model stopped.
type StopReason string

// The stop reasons.
const (
	StopEnd      StopReason = "end"
	StopLength   StopReason = "length"
	StopTools    StopReason = "tools"
	StopSequence StopReason = "sequence"
	StopRefusal  StopReason = "refusal"
	StopFilter   StopReason = "filter"
	StopPause    StopReason = "pause"
	StopContext  StopReason = "context"
)

// Content reports whether ev is content: from the first content on, the choice
// of the target is final and the first-token timer stops. A block opened
// counts; role-only deltas, starts, pings and usage do not.
func Content(ev Event) bool {
	switch ev.(type) {
	case Opened, Delta, Sealed, Beside, Vectors, Counted, Stopped:
		return true
	case Started, Cited, Closed, Used, Dropped, Finished:
		return false
	}
	return false
}

// Usage counts an answer's tokens in disjoint buckets: a token is in exactly
// one of Input, CacheRead, CacheWrite5m, CacheWrite1h, AudioIn, Output and
// AudioOut. Providers differ (OpenAI's prompt_tokens includes cached tokens,
// Anthropic's input_tokens excludes them), so decoders convert and pricing
// need not ask.
//
// Sources, read 2026-11: platform.openai.com/docs/guides/prompt-caching,
// docs.claude.com/en/docs/build-with-claude/prompt-caching.
type Usage struct {
	Input        int64 // uncached text and image input
	CacheRead    int64
	CacheWrite5m int64
	CacheWrite1h int64
	AudioIn      int64
	Output       int64 // includes Reasoning
	AudioOut     int64
	Reasoning    int64            // part of Output: shown, never added, never priced
	Units        map[string]int64 // things billed by the piece, such as web_search
	Tier         string           // priority, flex …: has a price of its own; empty is standard
	// Region is where the answer was made, where its provider lets the caller
	// choose, says so and prices it apart; empty elsewhere.
	Region string `json:",omitempty"`
}

// Total is the sum of the billed buckets.
func (u Usage) Total() int64 {
	return u.Input + u.CacheRead + u.CacheWrite5m + u.CacheWrite1h + u.AudioIn + u.Output + u.AudioOut
}

package anthropic

import (
	"encoding/json"
	"errors"
	"slices"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// state turns the blocks of an answer into events. The hub counts blocks in
// the order in which they open; the provider's own indexes may have gaps.
type state struct {
	events  []llm.Event // of the event at hand
	began   bool
	byIndex map[int64]*open
	opened  []*open
	usage   usage
	stopped bool
	told    dialect.Told
}

// open is one block of the answer.
type open struct {
	index  int
	kind   string
	held   json.RawMessage // input that came with the start, in case no delta does
	grown  bool            // a delta came
	halves rawjson.Halves  // of a character that two deltas share
	seal   []byte          // signature so far
	closed bool
}

// afterEnd is why content is lost that comes after the reason to stop.
const afterEnd = "it came after the answer had ended"

func (s *state) emit(ev llm.Event) { s.events = append(s.events, ev) }

// drop tells that a part of the answer has no place in the hub.
func (s *state) drop(field, why string) {
	for _, loss := range s.told.Lose(field, why) {
		s.emit(llm.Dropped{Loss: loss})
	}
}

// start reads a message, as it stands in message_start or alone.
func (s *state) start(m rawjson.Value) {
	if !s.began {
		s.began = true
		id, _ := m.Get("id").Text()
		model, _ := m.Get("model").Text()
		s.emit(llm.Started{ID: id, Model: model})
	}
}

// begin reads a block, at its start or whole. at is the provider's index. It is
// nil where the answer has ended.
func (s *state) begin(at int64, v rawjson.Value) *open {
	if s.stopped {
		s.drop("content", afterEnd)
		return nil
	}
	o := &open{}
	o.kind, _ = v.Get("type").Text()
	block, text := o.block(v)
	s.add(at, o, block)
	s.grow(o, text)
	for _, c := range v.Get("citations").Elems() {
		s.cite(o, c)
	}
	return o
}

// add opens a block; one that has its index ends.
func (s *state) add(at int64, o *open, b llm.Block) {
	s.end(s.byIndex[at])
	if s.byIndex == nil {
		s.byIndex = map[int64]*open{}
	}
	o.index = len(s.opened)
	s.byIndex[at] = o
	s.opened = append(s.opened, o)
	s.emit(llm.Opened{Index: o.index, Block: b})
}

// block is what a block is when it opens, and the text it comes with.
func (o *open) block(v rawjson.Value) (b llm.Block, text []byte) {
	switch o.kind {
	case "text":
		return &llm.Text{}, o.halves.Add(v.Get("text"))
	case "thinking":
		o.seal = append(o.seal, v.Get("signature").Bytes()...)
		return &llm.Thinking{}, o.halves.Add(v.Get("thinking"))
	case "redacted_thinking":
		data, _ := v.Get("data").Text()
		return &llm.Thinking{Redacted: true, Mark: llm.Mark{Seal: &llm.Seal{Issuer: sealIssuer, Data: data}}}, nil
	case "tool_use":
		id, _ := v.Get("id").Text()
		name, _ := v.Get("name").Text()
		if input := v.Get("input"); input.Kind() == rawjson.Object && input.Len() > 0 {
			o.held = slices.Clone(input.Raw())
		}
		return &llm.ToolUse{CallID: id, Name: name}, nil
	}
	id, _ := v.Get("id").Text()
	return &llm.Opaque{Mark: llm.Mark{ID: id}, Dialect: Name, Type: o.kind, Raw: slices.Clone(v.Raw())}, nil
}

// grow adds text to a block.
func (s *state) grow(o *open, text []byte) {
	if o == nil || len(text) == 0 {
		return
	}
	o.grown = true
	s.emit(llm.Delta{Index: o.index, Text: string(text)})
}

func (s *state) cite(o *open, c rawjson.Value) {
	s.emit(llm.Cited{Index: o.index, Cite: slices.Clone(c.Raw())})
}

// delta reads a delta of a block. One that is not known is relayed, or told to
// be lost.
func (s *state) delta(at int64, d rawjson.Value) error {
	kind, _ := d.Get("type").Text()
	switch kind {
	case "text_delta":
		s.prose(at, "text", d.Get("text"))
	case "thinking_delta":
		s.prose(at, "thinking", d.Get("thinking"))
	case "input_json_delta":
		return s.argument(at, d.Get("partial_json"))
	case "signature_delta":
		if o := s.live(at); o != nil {
			o.seal = append(o.seal, d.Get("signature").Bytes()...)
		}
	case "citations_delta":
		if c, o := d.Get("citation"), s.live(at); c.Exists() && o != nil {
			s.cite(o, c)
		}
	default:
		if s.live(at) != nil {
			s.drop("delta."+kind, dialect.NoPlace)
		}
	}
	return nil
}

// live is the open block at the provider's index, nil where there is none.
func (s *state) live(at int64) *open {
	if o := s.byIndex[at]; o != nil && !o.closed {
		return o
	}
	return nil
}

// prose adds a piece of text or thinking. A piece of neither start nor kind of
// the block at its index begins a block of its own: its place is not sure, but
// it is what the model said.
func (s *state) prose(at int64, kind string, piece rawjson.Value) {
	o := s.live(at)
	if len(piece.Bytes()) == 0 {
		return
	}
	if o == nil || o.kind != kind && o.known() {
		if s.stopped {
			s.drop("content", afterEnd)
			return
		}
		s.start(rawjson.Value{})
		o = &open{kind: kind}
		block, _ := o.block(rawjson.Value{})
		s.add(at, o, block)
	}
	s.grow(o, o.halves.Add(piece))
}

// argument adds a piece of a call's arguments. Without the call nobody can say
// what they are for.
func (s *state) argument(at int64, piece rawjson.Value) error {
	o := s.live(at)
	if len(piece.Bytes()) == 0 {
		return nil
	}
	if o == nil || o.known() && o.kind != "tool_use" {
		return fault.Wrap(fault.TargetFailed, opStream, errors.New("a piece of arguments without a call"))
	}
	o.grown = true
	s.grow(o, o.halves.Add(piece))
	return nil
}

// known reports whether the block is of a kind that the hub has: what deltas
// others take is not known.
func (o *open) known() bool {
	switch o.kind {
	case "text", "thinking", "redacted_thinking", "tool_use":
		return true
	}
	return false
}

// end closes a block.
func (s *state) end(o *open) {
	if o == nil || o.closed {
		return
	}
	o.closed = true
	s.grow(o, o.halves.Rest())
	if !o.grown {
		s.grow(o, o.held)
	}
	if len(o.seal) > 0 {
		s.emit(llm.Sealed{Index: o.index, Seal: llm.Seal{Issuer: sealIssuer, Data: string(o.seal)}})
	}
	s.emit(llm.Closed{Index: o.index})
}

// stop reads why the answer ended; null means that there is more to come.
func (s *state) stop(v rawjson.Value) {
	raw, _ := v.Get("stop_reason").Text()
	if raw == "" || s.stopped {
		return
	}
	sequence, _ := v.Get("stop_sequence").Text()
	if v.Get("stop_details").Exists() {
		s.drop("stop_details", dialect.NoPlace)
	}
	if reason := stopReason(raw); reason == llm.StopEnd && raw != "end_turn" {
		s.drop("stop_reason", dialect.UnknownWord(raw))
	}
	s.halt(llm.Stopped{Reason: stopReason(raw), Sequence: sequence, Raw: raw})
}

func (s *state) halt(ev llm.Stopped) {
	for _, o := range s.opened {
		s.end(o)
	}
	s.stopped = true
	s.emit(ev)
}

// stopReason translates a stop reason; a word that is not known is an end like
// any other, and kept.
func stopReason(raw string) llm.StopReason {
	switch raw {
	case "max_tokens":
		return llm.StopLength
	case "stop_sequence":
		return llm.StopSequence
	case "tool_use":
		return llm.StopTools
	case "pause_turn":
		return llm.StopPause
	case "refusal":
		return llm.StopRefusal
	case "model_context_window_exceeded":
		return llm.StopContext
	}
	return llm.StopEnd
}

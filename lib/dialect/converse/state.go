package converse

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
//
// Text and reasoning have no start of their own: their first piece opens them.
type state struct {
	family  family
	events  []llm.Event // of the event at hand
	began   bool
	byIndex map[int64]*open
	opened  []*open
	usage   usage
	used    bool // the usage came
	stopped bool
	told    dialect.Told
}

// open is one block of the answer.
type open struct {
	index    int
	kind     string         // member of the provider's union that it is
	seal     []byte         // signature so far
	redacted *blob          // of redacted reasoning
	halves   rawjson.Halves // of a character that two deltas share
	closed   bool
}

// The members of the provider's unions that are read.
const (
	kindText      = "text"
	kindToolUse   = "toolUse"
	kindReasoning = "reasoningContent"
	kindCitations = "citationsContent"
)

func (s *state) emit(ev llm.Event) { s.events = append(s.events, ev) }

// drop tells that a part of the answer has no place in the hub.
func (s *state) drop(field, why string) {
	s.start() // which comes first of all
	for _, loss := range s.told.Lose(field, why) {
		s.emit(llm.Dropped{Loss: loss})
	}
}

// start yields Started once. The service names neither answer nor model.
func (s *state) start() {
	if !s.began {
		s.began = true
		s.emit(llm.Started{})
	}
}

// block returns the open block at the provider's index, a new one where there
// is none of that kind. It is nil where no block may come any more.
func (s *state) block(at int64, kind string, b llm.Block) *open {
	if s.stopped {
		s.drop("content", "it came after the answer had ended")
		return nil
	}
	o := s.byIndex[at]
	if o != nil && !o.closed && o.kind == kind {
		return o
	}
	s.end(o)
	s.start()
	o = &open{index: len(s.opened), kind: kind}
	if s.byIndex == nil {
		s.byIndex = map[int64]*open{}
	}
	s.byIndex[at] = o
	s.opened = append(s.opened, o)
	s.emit(llm.Opened{Index: o.index, Block: b})
	return o
}

// grow adds text to a block.
func (s *state) grow(o *open, text []byte) {
	if o != nil && len(text) > 0 {
		s.emit(llm.Delta{Index: o.index, Text: string(text)})
	}
}

// piece adds a piece of a text to a block.
func (s *state) piece(o *open, v rawjson.Value) {
	if o != nil {
		s.grow(o, o.halves.Add(v))
	}
}

// text reads a piece of text. An empty piece opens nothing.
func (s *state) text(at int64, v rawjson.Value) {
	if len(v.Bytes()) > 0 {
		s.piece(s.block(at, kindText, &llm.Text{}), v)
	}
}

// toolUse reads the start of a call, or a whole one.
func (s *state) toolUse(at int64, v rawjson.Value) *open {
	id, _ := v.Get("toolUseId").Text()
	name, _ := v.Get("name").Text()
	return s.block(at, kindToolUse, &llm.ToolUse{CallID: id, Name: name})
}

// reasoning reads a piece of reasoning: text, signature or a redacted part.
func (s *state) reasoning(at int64, v rawjson.Value) {
	if data := v.Get("redactedContent").Bytes(); len(data) > 0 {
		s.held(at).add(data)
		return
	}
	o := s.block(at, kindReasoning, &llm.Thinking{})
	s.piece(o, v.Get("text"))
	if o != nil {
		o.seal = append(o.seal, v.Get("signature").Bytes()...)
	}
}

// held returns the block of redacted reasoning at the provider's index. It
// opens when it ends, because the hub wants its seal at the start.
func (s *state) held(at int64) *blob {
	if o := s.byIndex[at]; o != nil && !o.closed && o.redacted != nil {
		return o.redacted
	}
	s.end(s.byIndex[at])
	if s.byIndex == nil {
		s.byIndex = map[int64]*open{}
	}
	o := &open{kind: kindReasoning, redacted: &blob{}}
	s.byIndex[at] = o
	return o.redacted
}

// cite adds a citation to the text at the provider's index.
func (s *state) cite(at int64, v rawjson.Value) {
	if !v.Exists() {
		return
	}
	if o := s.block(at, kindText, &llm.Text{}); o != nil {
		s.emit(llm.Cited{Index: o.index, Cite: slices.Clone(v.Raw())})
	}
}

// opaque is a block that only this dialect can say.
func (s *state) opaque(at int64, kind string, v rawjson.Value) {
	s.block(at, kind, &llm.Opaque{Dialect: Name, Type: kind, Raw: slices.Clone(v.Raw())})
}

// end closes a block.
func (s *state) end(o *open) {
	if o == nil || o.closed {
		return
	}
	o.closed = true
	s.grow(o, o.halves.Rest())
	seal := llm.Seal{Issuer: s.family.vendor, Data: string(o.seal)}
	switch {
	case o.redacted != nil:
		seal.Data = o.redacted.text()
		s.start()
		o.index = len(s.opened)
		s.opened = append(s.opened, o)
		s.emit(llm.Opened{Index: o.index, Block: &llm.Thinking{Redacted: true, Mark: llm.Mark{Seal: &seal}}})
	case len(o.seal) > 0:
		s.emit(llm.Sealed{Index: o.index, Seal: seal})
	}
	s.emit(llm.Closed{Index: o.index})
}

// whole reads a block of an unstreamed answer.
func (s *state) whole(at int64, v rawjson.Value) {
	for m := range v.Members() {
		switch kind := string(m.Name()); kind {
		case kindText:
			s.text(at, m.Value)
		case kindToolUse:
			o := s.toolUse(at, m.Value)
			if input := m.Value.Get("input"); input.Exists() {
				s.grow(o, input.Raw())
			}
		case kindReasoning:
			if text := m.Value.Get("reasoningText"); text.Exists() {
				s.reasoning(at, text)
			} else {
				s.reasoning(at, m.Value)
			}
		case kindCitations:
			for _, c := range m.Value.Get("content").Elems() {
				s.text(at, c.Get("text"))
			}
			for _, c := range m.Value.Get("citations").Elems() {
				s.cite(at, c)
			}
		default:
			s.opaque(at, kind, m.Value)
		}
		break // a union has one member
	}
	s.end(s.byIndex[at])
}

// stop reads why the answer ended, in messageStop or a whole answer.
func (s *state) stop(v rawjson.Value, op string) error {
	raw, _ := v.Get("stopReason").Text()
	reason, err := stopReason(raw, op)
	if err != nil || s.stopped {
		return err
	}
	s.start()
	for at := range s.inOrder() {
		s.end(s.byIndex[at])
	}
	s.stopped = true
	if reason == llm.StopEnd && raw != "end_turn" {
		s.drop("stopReason", dialect.UnknownWord(raw))
	}
	sequence, _ := v.Get("additionalModelResponseFields").Get("stop_sequence").Text()
	s.emit(llm.Stopped{Reason: reason, Sequence: sequence, Raw: raw})
	return nil
}

// inOrder are the provider's indexes, from low to high.
func (s *state) inOrder() func(func(int64) bool) {
	all := make([]int64, 0, len(s.byIndex))
	for at := range s.byIndex {
		all = append(all, at)
	}
	slices.Sort(all)
	return slices.Values(all)
}

// use takes the report of usage, which comes once. One without counts ends the
// answer all the same, and is no report.
func (s *state) use(v rawjson.Value) {
	s.used = true
	if s.usage.read(v) {
		s.emit(llm.Used{Usage: s.usage.buckets()})
	}
}

// stopReason translates a stop reason (the API reference of StopReason). What
// says that the model's output cannot be used is an error: it must not pass
// for an answer; neither may one that does not say why it ended. A word that is not known is an end like any other, and kept.
func stopReason(raw, op string) (llm.StopReason, error) {
	switch raw {
	case "":
		return "", fault.Wrap(fault.Truncated, op, errors.New("an end without a stop reason"))
	case "max_tokens":
		return llm.StopLength, nil
	case "stop_sequence":
		return llm.StopSequence, nil
	case "tool_use":
		return llm.StopTools, nil
	case "guardrail_intervened", "content_filtered":
		return llm.StopFilter, nil
	case "model_context_window_exceeded":
		return llm.StopContext, nil
	case "refusal": // Claude's own words, should they come through
		return llm.StopRefusal, nil
	case "pause_turn":
		return llm.StopPause, nil
	case "malformed_model_output", "malformed_tool_use":
		return "", fault.Wrap(fault.TargetFailed, op, errors.New("stop reason "+raw))
	}
	return llm.StopEnd, nil
}

// frame wraps a payload.
func frame(name string, data json.RawMessage) llm.Frame {
	return llm.Frame{Dialect: Name, Name: name, Data: data}
}

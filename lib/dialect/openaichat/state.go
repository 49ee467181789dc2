package openaichat

import (
	"errors"
	"slices"
	"strings"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// chunk holds the members of one chunk, or of a whole answer, that are read.
type chunk struct {
	id, model, choices, usage, tier, groq rawjson.Value
}

func (c *chunk) read(root rawjson.Value) {
	for m := range root.Members() {
		switch string(m.Name()) {
		case "id":
			c.id = m.Value
		case "model":
			c.model = m.Value
		case "choices":
			c.choices = m.Value
		case "usage":
			c.usage = m.Value
		case "service_tier":
			c.tier = m.Value
		case "x_groq": // Groq puts usage here, too
			c.groq = m.Value
		}
	}
}

// state turns the flat deltas of choice 0 into blocks: a run of text, of
// reasoning or of refusal is one block, and so is each tool call. Calls may
// interleave; a block of text ends where another kind begins.
type state struct {
	quirks  dialect.Quirks
	events  []llm.Event // of the chunk at hand
	id      string
	began   bool
	next    int // index of the next block
	open    blockKind
	current int            // index of the open block that is no tool call
	halves  rawjson.Halves // of a character that two pieces of that block share
	calls   []*call
	byIndex map[int64]*call
	legacy  *call
	usage   usage
	stopped bool
	others  map[int64]*state // choices beside 0
	told    dialect.Told
}

// blockKind is the kind of the open block that is no tool call.
type blockKind uint8

const (
	noBlock blockKind = iota
	textBlock
	refusalBlock
	thinkingBlock
	audioBlock
)

func newState(q dialect.Quirks) *state { return &state{quirks: q} }

func (s *state) emit(ev llm.Event) { s.events = append(s.events, ev) }

// drop tells that a part of the answer has no place in the hub.
func (s *state) drop(field, why string) {
	for _, loss := range s.told.Lose(field, why) {
		s.emit(llm.Dropped{Loss: loss})
	}
}

// complete reports whether every choice that was seen has ended.
func (s *state) complete() bool {
	for _, other := range s.others {
		if !other.stopped {
			return false
		}
	}
	return s.stopped
}

// start yields Started with the first chunk that says anything: some begin
// with one that has neither id nor choices.
func (s *state) start(c *chunk) {
	if s.began {
		return
	}
	id, _ := c.id.Text()
	model, _ := c.model.Text()
	if id != "" || model != "" || c.choices.Len() > 0 || c.usage.Exists() || c.groq.Exists() {
		s.began, s.id = true, id
		s.emit(llm.Started{ID: id, Model: model})
	}
}

// delta reads a delta, or, with whole, a message.
func (s *state) delta(v rawjson.Value, whole bool) {
	var reasoning, content, refusal, audio, images, calls, function, annotations rawjson.Value
	for m := range v.Members() {
		switch string(m.Name()) {
		case "content":
			content = m.Value
		case "reasoning_content": // DeepSeek, Moonshot, Z.AI, older vLLM
			reasoning = m.Value
		case "reasoning": // OpenRouter, Groq, vLLM
			if !reasoning.Exists() {
				reasoning = m.Value
			}
		case "refusal":
			refusal = m.Value
		case "tool_calls":
			calls = m.Value
		case "function_call":
			function = m.Value
		case "audio":
			audio = m.Value
		case "images":
			images = m.Value
		case "annotations":
			annotations = m.Value
		case "role", "reasoning_text": // the same in all answers; a copy of reasoning
		default:
			s.member(m)
		}
	}
	s.add(thinkingBlock, reasoning)
	s.content(content)
	s.add(refusalBlock, refusal)
	s.audio(audio)
	for _, v := range images.Elems() {
		s.whole(&llm.Opaque{Dialect: Name, Type: "image", Raw: clone(v)})
	}
	for _, v := range annotations.Elems() {
		if s.open != textBlock {
			s.drop("annotations", "they came without the text that they speak of")
			break
		}
		s.emit(llm.Cited{Index: s.current, Cite: clone(v)})
	}
	for i, v := range calls.Elems() {
		s.toolCall(v, int64(i), whole)
	}
	s.functionCall(function)
}

// content is text, or parts of text and thinking as Mistral's reasoning models
// send them (docs.mistral.ai/capabilities/reasoning, read 2026-11).
func (s *state) content(v rawjson.Value) {
	s.add(textBlock, v)
	for _, part := range v.Elems() {
		text, thinking := part.Get("text"), part.Get("thinking")
		if kind, _ := part.Get("type").Text(); !text.Exists() && !thinking.Exists() {
			s.drop("content."+kind, dialect.NoPlace)
		}
		s.add(textBlock, text)
		s.add(thinkingBlock, thinking)
		for _, t := range thinking.Elems() {
			s.add(thinkingBlock, t.Get("text"))
		}
	}
}

// member notes a member of a delta that is not read, where it says anything.
func (s *state) member(m rawjson.Member) {
	v := m.Value
	switch v.Kind() {
	case rawjson.Absent, rawjson.Null:
		return
	case rawjson.String, rawjson.Array, rawjson.Object:
		if len(v.Bytes()) == 0 && v.Len() == 0 {
			return
		}
	case rawjson.Bool, rawjson.Number:
	}
	s.drop(string(m.Name()), dialect.NoPlace)
}

// add adds text to the open block of that kind, or opens one.
func (s *state) add(kind blockKind, piece rawjson.Value) {
	if len(piece.Bytes()) == 0 {
		return
	}
	if s.open != kind {
		switch kind {
		case textBlock:
			s.begin(kind, &llm.Text{})
		case refusalBlock:
			s.begin(kind, &llm.Text{Refusal: true})
		case thinkingBlock:
			s.begin(kind, &llm.Thinking{})
		case noBlock, audioBlock:
			return
		}
	}
	s.grow(s.current, s.halves.Add(piece))
}

// grow adds text to a block.
func (s *state) grow(index int, text []byte) {
	if len(text) > 0 {
		s.emit(llm.Delta{Index: index, Text: string(text)})
	}
}

// audio output can only be relayed. Its transcript stands for it.
func (s *state) audio(v rawjson.Value) {
	if !v.Exists() {
		return
	}
	if s.open != audioBlock {
		s.begin(audioBlock, &llm.Opaque{Dialect: Name, Type: "audio"})
	}
	s.grow(s.current, s.halves.Add(v.Get("transcript")))
}

func (s *state) begin(kind blockKind, b llm.Block) {
	s.end()
	s.open, s.current = kind, s.take()
	s.emit(llm.Opened{Index: s.current, Block: b})
}

// whole yields a block that comes in one piece.
func (s *state) whole(b llm.Block) {
	s.end()
	i := s.take()
	s.emit(llm.Opened{Index: i, Block: b})
	s.emit(llm.Closed{Index: i})
}

func (s *state) take() int {
	s.next++
	return s.next - 1
}

// end closes the open block that is no tool call.
func (s *state) end() {
	if s.open != noBlock {
		s.grow(s.current, s.halves.Rest())
		s.emit(llm.Closed{Index: s.current})
		s.open = noBlock
	}
}

// closeAll closes what is open.
func (s *state) closeAll() {
	s.end()
	for _, c := range s.calls {
		s.closeCall(c)
	}
}

// finish reads a finish reason; null means that there is more to come.
func (s *state) finish(v rawjson.Value, op string) error {
	reason, raw, err := stopReason(v, op)
	if err != nil || raw == "" || s.stopped {
		return err
	}
	if s.nameless() {
		return fault.Wrap(fault.TargetFailed, op, errors.New("arguments of a call without a name"))
	}
	if reason == llm.StopEnd && !ends(raw) {
		s.drop("finish_reason", dialect.UnknownWord(raw))
	}
	s.stop(reason, raw)
	return nil
}

// nameless reports whether arguments came of a call that has no name: nobody
// can say what they are for.
func (s *state) nameless() bool {
	return slices.ContainsFunc(s.calls, func(c *call) bool { return !c.opened && c.name == "" && len(c.args) > 0 })
}

// beside reads a piece of choice n, which is not 0: it has a state of its own,
// and what it says is told as output only. v is a delta, or, with whole, a
// message.
func (s *state) beside(n int64, v, reason rawjson.Value, whole bool, op string) error {
	other := s.others[n]
	if other == nil {
		if s.others == nil {
			s.others = map[int64]*state{}
		}
		other = newState(s.quirks)
		s.others[n] = other
	}
	other.events = other.events[:0]
	other.delta(v, whole)
	if err := other.finish(reason, op); err != nil {
		return err
	}
	s.aside(other.events)
	return nil
}

// late reads what comes behind choice 0's finish reason. The answer has ended
// for those who read it as blocks; it is output all the same.
func (s *state) late(v rawjson.Value) {
	rest := newState(s.quirks)
	rest.delta(v, false)
	if s.aside(rest.events) || v.Get("tool_calls").Len() > 0 { // pieces of a call mean nothing to rest
		s.drop("content", "it came after the answer had ended")
	}
}

// aside tells what events say as output only, and reports whether they say
// anything.
func (s *state) aside(events []llm.Event) (content bool) {
	var text strings.Builder
	for _, ev := range events {
		content = content || llm.Content(ev)
		if d, ok := ev.(llm.Delta); ok {
			text.WriteString(d.Text)
		} else if o, ok := ev.(llm.Opened); ok {
			if call, ok := o.Block.(*llm.ToolUse); ok {
				text.WriteString(call.Name)
			}
		}
	}
	if content {
		s.emit(llm.Beside{Text: text.String()})
	}
	return content
}

// stop yields why the answer ended. Vendors say "stop" behind tool calls, too,
// and agents would then end their work.
func (s *state) stop(reason llm.StopReason, raw string) {
	s.closeAll()
	if reason == llm.StopEnd && slices.ContainsFunc(s.calls, func(c *call) bool { return c.opened }) {
		reason = llm.StopTools
	}
	s.stopped = true
	s.emit(llm.Stopped{Reason: reason, Raw: raw})
}

// stopReason translates a finish reason. Words that say that generation failed
// are errors: an answer that broke off must not pass for a short one. A word
// that is not known is an end like any other, and kept.
func stopReason(v rawjson.Value, op string) (reason llm.StopReason, raw string, err error) {
	raw, _ = v.Text()
	switch raw {
	case "null": // KoboldCpp: github.com/PowerShell/AIShell/issues/350
		return llm.StopEnd, "", nil
	case "":
		return llm.StopEnd, raw, nil
	case "length", "max_tokens":
		return llm.StopLength, raw, nil
	case "model_length", "model_context_window_exceeded": // Mistral; Z.AI
		return llm.StopContext, raw, nil
	case "tool_calls", "tool_call", "tool_use", "function_call":
		return llm.StopTools, raw, nil
	case "stop_sequence":
		return llm.StopSequence, raw, nil
	case "content_filter", "sensitive": // OpenAI; Z.AI
		return llm.StopFilter, raw, nil
	case "refusal":
		return llm.StopRefusal, raw, nil
	case "error", "network_error", "insufficient_system_resource": // Mistral and OpenRouter; Z.AI; DeepSeek
		return "", raw, fault.Wrap(fault.TargetFailed, op, errFinish(raw))
	case "abort": // vLLM, SGLang
		return "", raw, fault.Wrap(fault.Truncated, op, errFinish(raw))
	}
	return llm.StopEnd, raw, nil
}

// ends reports whether a finish reason says that the answer has come to its
// end.
func ends(raw string) bool {
	switch raw {
	case "stop", "eos", "eos_token", "end_turn":
		return true
	}
	return false
}

// errFinish is a finish reason that means failure.
type errFinish string

func (e errFinish) Error() string { return "finish reason " + string(e) }

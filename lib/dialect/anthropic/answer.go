package anthropic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"

	"weir/lib/dialect"
	"weir/lib/dialect/history"
	"weir/lib/llm"
	"weir/lib/tokens"
	"weir/lib/wire/rawjson"
)

// Answer returns the encoder for req's answer: events for a streamed one, one
// body for a whole one or for a count.
func (Front) Answer(req *llm.Request, h dialect.Head) dialect.Encoder {
	if req.Facts.Op == llm.OpCount {
		return &countEncoder{input: h.InputTokens}
	}
	a := answer{id: "msg_" + h.CallID, model: h.Model, input: h.InputTokens, blocks: map[int]*outBlock{}}
	if c, ok := req.Body.(*llm.Chat); ok {
		a.stops = c.Params.Stop
	}
	if req.Facts.Stream {
		return &streamEncoder{answer: a}
	}
	return &bodyEncoder{answer: a}
}

// answer is what both encoders of a message keep.
type answer struct {
	id, model string
	input     int64 // estimate, until the provider tells
	used      *llm.Usage
	said      tokens.Counter // estimate of the output, for a provider that never tells
	blocks    map[int]*outBlock
	order     []*outBlock
	calls     bool // a tool was called
	refused   bool // a text was a refusal
	stop      llm.Stopped
	stops     []string // sequences that the caller named
	losses    dialect.Told
}

// outBlock is one block of the answer while it is written.
type outBlock struct {
	block   llm.Block
	text    []byte // not sent yet
	cites   []json.RawMessage
	seal    *llm.Seal
	skip    bool // there is no place for it
	started bool // sent
	closed  bool
}

// take notes what ev says. o is the block that it is about, if any.
func (a *answer) take(ev llm.Event) (o *outBlock, loss []llm.Loss) {
	switch ev := ev.(type) {
	case llm.Started:
		a.started(ev)
	case llm.Opened:
		return a.opened(ev)
	case llm.Delta:
		if o = a.blocks[ev.Index]; o != nil && !o.skip {
			o.text = append(o.text, ev.Text...)
			a.said.Add(ev.Text)
		}
	case llm.Sealed:
		o = a.blocks[ev.Index]
		loss = a.sealed(o, &ev.Seal)
	case llm.Cited:
		o = a.blocks[ev.Index]
		loss = a.cite(o, ev.Cite)
	case llm.Closed:
		if o = a.blocks[ev.Index]; o != nil {
			o.closed = true
		}
	case llm.Used:
		a.used = &ev.Usage
		if ev.Usage.AudioIn+ev.Usage.AudioOut > 0 {
			loss = a.losses.Lose("usage.audio_tokens", "messages do not count sound apart from the rest")
		}
	case llm.Beside:
		loss = a.losses.Lose("choices", "an answer in messages is one")
	case llm.Stopped:
		a.stopped(ev)
		for _, o := range a.order {
			o.closed = true
		}
	case llm.Vectors, llm.Counted, llm.Dropped, llm.Finished:
	}
	return o, loss
}

// stopped notes why the answer ended. Where the provider does not say which
// stop sequence it met, and there is one only, it is that.
func (a *answer) stopped(ev llm.Stopped) {
	a.stop = ev
	if ev.Reason == llm.StopSequence && ev.Sequence == "" && len(a.stops) == 1 {
		a.stop.Sequence = a.stops[0]
	}
}

// started takes over what the provider calls the answer and the model.
func (a *answer) started(ev llm.Started) {
	if ev.ID != "" {
		a.id = ev.ID
	}
	if ev.Model != "" {
		a.model = ev.Model
	}
}

func (a *answer) opened(ev llm.Opened) (*outBlock, []llm.Loss) {
	o := &outBlock{block: ev.Block}
	a.blocks[ev.Index] = o
	a.order = append(a.order, o)
	var loss []llm.Loss
	switch b := ev.Block.(type) {
	case *llm.Text:
		o.text = []byte(b.Text)
		a.refused = a.refused || b.Refusal
		for _, c := range b.Cites {
			loss = append(loss, a.cite(o, c)...)
		}
	case *llm.Thinking:
		o.text, o.seal = []byte(b.Text), b.Seal
	case *llm.ToolUse:
		a.calls = true
		if input := bytes.TrimSpace(b.Input); string(input) != "{}" {
			o.text = append(o.text, b.Input...)
		}
		if b.Seal != nil {
			loss = a.losses.Lose("tool_use.signature", "messages have no place for a signature on a tool's call")
		}
	case *llm.Opaque:
		if b.Dialect == Name {
			return o, nil
		}
		o.skip = true
		return o, a.losses.Lose("content."+b.Type, "messages have no place for it in an answer")
	case *llm.Media:
		o.skip = true
		return o, a.losses.Lose("content."+b.Kind, "messages have no place for it in an answer")
	case *llm.ToolResult:
		o.skip = true
		return o, a.losses.Lose("content.tool_result", "messages have no place for it in an answer")
	}
	a.said.Add(string(o.text))
	return o, loss
}

func (a *answer) sealed(o *outBlock, s *llm.Seal) []llm.Loss {
	if o == nil {
		return nil
	}
	if _, ok := o.block.(*llm.Thinking); ok {
		o.seal = s
		return nil
	}
	return a.losses.Lose("signature", "messages have a place for signatures on thinking only")
}

// cite adds a citation of this dialect's form to a text.
func (a *answer) cite(o *outBlock, raw json.RawMessage) []llm.Loss {
	if o == nil {
		return nil
	}
	doc, err := rawjson.Parse(raw, answerOptions)
	if _, text := o.block.(*llm.Text); err == nil && text {
		switch kind, _ := doc.Root().Get("type").Text(); kind {
		case "char_location", "page_location", "content_block_location", "web_search_result_location", "search_result_location":
			o.cites = append(o.cites, raw)
			return nil
		}
	}
	return a.losses.Lose("citations", "citations of another dialect have no form here")
}

// empty reports whether a closed block says nothing: a text without text, or
// thinking that is redacted and lost.
func (o *outBlock) empty() bool {
	switch b := o.block.(type) {
	case *llm.Text:
		return len(o.text) == 0 && len(o.cites) == 0
	case *llm.Thinking:
		return b.Redacted && o.seal == nil
	case *llm.ToolUse, *llm.Media, *llm.ToolResult, *llm.Opaque:
	}
	return false
}

// stopReason is why the answer ended, in the vendor's words. Agents go on by
// tool_use, whatever the provider called it.
func (a *answer) stopReason() string {
	switch a.stop.Reason {
	case llm.StopLength:
		return "max_tokens"
	case llm.StopTools:
		return "tool_use"
	case llm.StopSequence:
		return "stop_sequence"
	case llm.StopRefusal, llm.StopFilter:
		return "refusal"
	case llm.StopPause:
		return "pause_turn"
	case llm.StopContext:
		return "model_context_window_exceeded"
	case llm.StopEnd:
	}
	switch {
	case a.calls:
		return "tool_use"
	case a.refused:
		return "refusal"
	}
	return "end_turn"
}

// writeStop writes stop_reason and stop_sequence.
func (a *answer) writeStop(w *rawjson.Builder) {
	w.Name("stop_reason").Str(a.stopReason()).Name("stop_sequence")
	if a.stop.Sequence == "" {
		w.Null()
	} else {
		w.Str(a.stop.Sequence)
	}
}

// writeUsage writes usage. Sound is not apart here. Without a word from the
// provider both counts are estimates.
func (a *answer) writeUsage(w *rawjson.Builder, output bool) {
	u := llm.Usage{Input: a.input, Output: a.said.Tokens()}
	if a.used != nil {
		u = *a.used
	}
	out := u.Output + u.AudioOut
	if !output {
		out = 0
	}
	w.Name("usage").Open('{').Name("input_tokens").Int(u.Input + u.AudioIn).
		Name("cache_creation_input_tokens").Int(u.CacheWrite5m + u.CacheWrite1h).
		Name("cache_read_input_tokens").Int(u.CacheRead).
		Name("cache_creation").Open('{').Name("ephemeral_5m_input_tokens").Int(u.CacheWrite5m).
		Name("ephemeral_1h_input_tokens").Int(u.CacheWrite1h).Close('}').
		Name("output_tokens").Int(out)
	if output && u.Reasoning > 0 {
		w.Name("output_tokens_details").Open('{').Name("thinking_tokens").Int(u.Reasoning).Close('}')
	}
	if n := u.Units["web_search"]; n > 0 {
		w.Name("server_tool_use").Open('{').Name("web_search_requests").Int(n).Close('}')
	}
	if u.Tier != "" {
		w.Name("service_tier").Str(u.Tier)
	}
	w.Close('}')
}

// countEncoder writes the answer to a count.
type countEncoder struct{ input int64 }

// Event takes ev; it returns no frames.
func (e *countEncoder) Event(ev llm.Event) ([]llm.Frame, []llm.Loss) {
	if c, ok := ev.(llm.Counted); ok {
		e.input = c.Input
	}
	return nil, nil
}

// End returns the body.
func (e *countEncoder) End() []llm.Frame {
	var w rawjson.Builder
	return []llm.Frame{frame("", w.Open('{').Name("input_tokens").Int(e.input).Close('}').Take())}
}

// callID is an id of a call that this API takes back in a history, whoever is
// asked next: those of other vendors (functions.level:0) may have letters that
// it refuses (github.com/vercel/ai/pull/13326). What is told apart stays so.
func callID(id string) string {
	clean := strings.Map(func(c rune) rune {
		if history.NameRune(c) {
			return c
		}
		return '_'
	}, id)
	if clean == id {
		return id
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(id)) // it never fails
	return fmt.Sprintf("%s_%08x", clean, sum.Sum32())
}

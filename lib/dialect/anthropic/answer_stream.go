package anthropic

import (
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// streamEncoder writes a streamed answer: message_start, the blocks one after
// another, message_delta with the reason and the usage, message_stop. Blocks
// that come interleaved are held back until those before them have ended,
// because the vendor's SDKs take starts in order, and older ones take one
// block at a time.
type streamEncoder struct {
	answer
	began  bool
	at     int // place in order of the block that is being sent
	index  int // of that block, on the wire
	frames []llm.Frame
}

// Event returns the events that ev makes.
func (e *streamEncoder) Event(ev llm.Event) ([]llm.Frame, []llm.Loss) {
	e.frames = nil
	o, loss := e.take(ev)
	switch ev.(type) {
	case llm.Opened:
		e.begin()
	case llm.Delta: // the usual case, without a look at the others
		if o != nil && o.started && !o.closed && e.order[e.at] == o {
			e.flush(o)
			return e.frames, loss
		}
	case llm.Started, llm.Sealed, llm.Cited, llm.Closed, llm.Beside, llm.Vectors, llm.Counted, llm.Used, llm.Stopped, llm.Dropped, llm.Finished:
	}
	return e.frames, append(loss, e.advance()...)
}

// End returns what completes the stream.
func (e *streamEncoder) End() []llm.Frame {
	e.frames = nil
	e.begin()
	for _, o := range e.order {
		o.closed = true
	}
	e.advance()
	var w rawjson.Builder
	w.Open('{').Name("type").Str("message_delta").Name("delta").Open('{')
	e.writeStop(&w)
	w.Close('}')
	e.writeUsage(&w, true)
	e.send("message_delta", w.Close('}').Take())
	e.send("message_stop", []byte(`{"type":"message_stop"}`))
	return e.frames
}

func (e *streamEncoder) send(name string, data []byte) {
	e.frames = append(e.frames, frame(name, data))
}

// begin sends message_start, once.
func (e *streamEncoder) begin() {
	if e.began {
		return
	}
	e.began = true
	var w rawjson.Builder
	w.Open('{').Name("type").Str("message_start").Name("message").Open('{').
		Name("id").Str(e.id).Name("type").Str("message").Name("role").Str("assistant").Name("model").Str(e.model).
		Name("content").Open('[').Close(']').Name("stop_reason").Null().Name("stop_sequence").Null()
	e.writeUsage(&w, false)
	e.send("message_start", w.Close('}').Close('}').Take())
}

// advance sends all that can be sent now.
func (e *streamEncoder) advance() (loss []llm.Loss) {
	for e.at < len(e.order) {
		o := e.order[e.at]
		switch {
		case o.skip:
			e.at++
			continue
		case !o.started && o.empty():
			if !o.closed {
				return loss
			}
			if _, text := o.block.(*llm.Text); !text {
				loss = append(loss, e.losses.Lose("content.redacted_thinking", "it came without its data")...)
			}
			e.at++
			continue
		case !o.started:
			e.start(o)
		}
		e.flush(o)
		if !o.closed {
			return loss
		}
		e.finish(o)
		e.at++
	}
	return loss
}

// start sends content_block_start.
func (e *streamEncoder) start(o *outBlock) {
	o.started = true
	var w rawjson.Builder
	w.Open('{').Name("type").Str("content_block_start").Name("index").Int(int64(e.index)).Name("content_block")
	switch b := o.block.(type) {
	case *llm.Text:
		w.Open('{').Name("type").Str("text").Name("text").Str("").Close('}')
	case *llm.Thinking:
		if b.Redacted {
			w.Open('{').Name("type").Str("redacted_thinking").Name("data").Str(writeSeal(o.seal)).Close('}')
		} else {
			w.Open('{').Name("type").Str("thinking").Name("thinking").Str("").Name("signature").Str("").Close('}')
		}
	case *llm.ToolUse:
		w.Open('{').Name("type").Str("tool_use").Name("id").Str(callID(b.CallID)).Name("name").Str(b.Name).
			Name("input").Open('{').Close('}').Close('}')
	case *llm.Opaque:
		w.Raw(b.Raw)
	case *llm.Media, *llm.ToolResult: // skipped
	}
	e.send("content_block_start", w.Close('}').Take())
}

// flush sends the text and the citations of a block that are there.
func (e *streamEncoder) flush(o *outBlock) {
	if len(o.text) > 0 {
		kind, member := deltaOf(o.block)
		if kind != "" {
			e.delta(func(w *rawjson.Builder) { w.Name("type").Str(kind).Name(member).Str(string(o.text)) })
		}
		o.text = o.text[:0]
	}
	for _, c := range o.cites {
		e.delta(func(w *rawjson.Builder) { w.Name("type").Str("citations_delta").Name("citation").Raw(c) })
	}
	o.cites = nil
}

// deltaOf is how a block grows; empty for one that does not.
func deltaOf(b llm.Block) (kind, member string) {
	switch b := b.(type) {
	case *llm.Text:
		return "text_delta", "text"
	case *llm.Thinking:
		if !b.Redacted {
			return "thinking_delta", "thinking"
		}
	case *llm.ToolUse:
		return "input_json_delta", "partial_json"
	case *llm.Opaque:
		if takesInput(b) {
			return "input_json_delta", "partial_json"
		}
	case *llm.Media, *llm.ToolResult:
	}
	return "", ""
}

// takesInput reports whether a block is a call of a tool that runs at the
// provider.
func takesInput(b *llm.Opaque) bool { return b.Type == "server_tool_use" || b.Type == "mcp_tool_use" }

func (e *streamEncoder) delta(members func(*rawjson.Builder)) {
	var w rawjson.Builder
	w.Open('{').Name("type").Str("content_block_delta").Name("index").Int(int64(e.index)).Name("delta").Open('{')
	members(&w)
	e.send("content_block_delta", w.Close('}').Close('}').Take())
}

// finish sends the signature of a block and its end.
func (e *streamEncoder) finish(o *outBlock) {
	if t, ok := o.block.(*llm.Thinking); ok && !t.Redacted && o.seal != nil {
		e.delta(func(w *rawjson.Builder) {
			w.Name("type").Str("signature_delta").Name("signature").Str(writeSeal(o.seal))
		})
	}
	var w rawjson.Builder
	w.Open('{').Name("type").Str("content_block_stop").Name("index").Int(int64(e.index))
	e.send("content_block_stop", w.Close('}').Take())
	e.index++
}

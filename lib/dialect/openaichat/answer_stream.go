package openaichat

import (
	"bytes"

	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// done is the payload that ends a stream.
const done = "[DONE]"

// chunkEncoder writes a streamed answer: a chunk with the role, deltas, a
// chunk with the finish reason, usage where the caller asked for it, [DONE].
type chunkEncoder struct {
	answer
	usage  bool // the caller asked for it
	began  bool
	prefix []byte // of every chunk, up to its delta
}

// Event returns the chunks that ev makes.
func (e *chunkEncoder) Event(ev llm.Event) ([]llm.Frame, []llm.Loss) {
	var frames []llm.Frame
	if s, ok := ev.(llm.Started); ok {
		e.started(s)
	}
	if !e.began {
		frames = append(frames, e.begin())
	}
	var more []llm.Frame
	var loss []llm.Loss
	switch ev := ev.(type) {
	case llm.Opened:
		more, loss = e.open(ev)
	case llm.Delta:
		more = e.delta(ev)
	case llm.Sealed:
		loss = e.sealed(ev)
	case llm.Cited:
		loss = e.cite()
	case llm.Beside:
		loss = e.beside()
	case llm.Closed:
		more = e.end(e.blocks[ev.Index])
	case llm.Used:
		loss = e.count(&ev.Usage)
		if !e.usage && ev.Usage.Tier != "" {
			loss = append(loss, e.losses.Lose("service_tier", "it is told beside the usage, which was not asked for")...)
		}
	case llm.Stopped:
		more, loss = e.stop(ev)
	case llm.Started, llm.Vectors, llm.Counted, llm.Dropped, llm.Finished:
	}
	return append(frames, more...), loss
}

// begin is the first chunk: it has the role and no content yet.
func (e *chunkEncoder) begin() llm.Frame {
	e.began = true
	var w rawjson.Builder
	w.Open('{').Name("id").Str(e.id).Name("object").Str("chat.completion.chunk").
		Name("created").Int(e.created).Name("model").Str(e.model).
		Name("choices").Open('[').Open('{').Name("index").Int(0).Name("delta")
	e.prefix = w.Take()
	return e.chunk(func(w *rawjson.Builder) {
		w.Name("role").Str("assistant").Name("content").Str("")
	}, "")
}

// chunk writes one chunk with the members of its delta.
func (e *chunkEncoder) chunk(delta func(*rawjson.Builder), finish string) llm.Frame {
	var w rawjson.Builder
	w.Raw(e.prefix).Open('{')
	if delta != nil {
		delta(&w)
	}
	w.Close('}').Name("logprobs").Null().Name("finish_reason")
	if finish == "" {
		w.Null()
	} else {
		w.Str(finish)
	}
	w.Close('}').Close(']')
	if e.usage {
		w.Name("usage").Null()
	}
	return frame(w.Close('}').Take())
}

func (e *chunkEncoder) text(name, s string) []llm.Frame {
	if s == "" {
		return nil
	}
	return []llm.Frame{e.chunk(func(w *rawjson.Builder) { w.Name(name).Str(s) }, "")}
}

func (e *chunkEncoder) open(ev llm.Opened) ([]llm.Frame, []llm.Loss) {
	o, loss := e.opened(ev)
	switch b := ev.Block.(type) {
	case *llm.Text:
		return e.text(textMember(b), b.Text), loss
	case *llm.Thinking:
		return e.text("reasoning_content", b.Text), loss
	case *llm.ToolUse:
		return []llm.Frame{e.chunk(func(w *rawjson.Builder) {
			w.Name("tool_calls").Open('[').Open('{').Name("index").Int(int64(o.call)).Name("id").Str(b.CallID).
				Name("type").Str("function").Name("function").Open('{').Name("name").Str(b.Name).Name("arguments").Str("").
				Close('}').Close('}').Close(']')
		}, "")}, loss
	case *llm.Media, *llm.ToolResult, *llm.Opaque:
	}
	return nil, loss
}

func textMember(b *llm.Text) string {
	if b.Refusal {
		return "refusal"
	}
	return "content"
}

func (e *chunkEncoder) delta(ev llm.Delta) []llm.Frame {
	o := e.blocks[ev.Index]
	if o == nil || ev.Text == "" {
		return nil
	}
	switch b := o.block.(type) {
	case *llm.Text:
		return e.text(textMember(b), ev.Text)
	case *llm.Thinking:
		o.text = append(o.text, ev.Text...) // thinking_blocks repeat it whole
		return e.text("reasoning_content", ev.Text)
	case *llm.ToolUse:
		var frames []llm.Frame
		if begin := bytes.TrimSpace(b.Input); !o.sent && len(begin) > 0 && string(begin) != "{}" {
			frames = append(frames, e.piece(o, string(b.Input)))
		}
		o.sent = true
		return append(frames, e.piece(o, ev.Text))
	case *llm.Media, *llm.ToolResult, *llm.Opaque:
	}
	return nil
}

// piece is a part of a tool call's arguments.
func (e *chunkEncoder) piece(o *outBlock, s string) llm.Frame {
	return e.chunk(func(w *rawjson.Builder) {
		w.Name("tool_calls").Open('[').Open('{').Name("index").Int(int64(o.call)).
			Name("function").Open('{').Name("arguments").Str(s).Close('}').Close('}').Close(']')
	}, "")
}

// end closes a block: arguments that came with the block or not at all are
// sent now, and thinking that is signed is repeated with its signature.
func (e *chunkEncoder) end(o *outBlock) []llm.Frame {
	if o == nil || o.closed {
		return nil
	}
	o.closed = true
	switch b := o.block.(type) {
	case *llm.ToolUse:
		if !o.sent {
			return []llm.Frame{e.piece(o, o.arguments(b))}
		}
	case *llm.Thinking:
		if o.seal != nil {
			return []llm.Frame{e.chunk(func(w *rawjson.Builder) {
				w.Name("thinking_blocks").Open('[')
				writeThinkingBlock(w, o)
				w.Close(']')
			}, "")}
		}
	case *llm.Text, *llm.Media, *llm.ToolResult, *llm.Opaque:
	}
	return nil
}

func (e *chunkEncoder) stop(ev llm.Stopped) ([]llm.Frame, []llm.Loss) {
	var frames []llm.Frame
	for _, o := range e.order {
		frames = append(frames, e.end(o)...)
	}
	loss := e.stopped(ev)
	return append(frames, e.chunk(nil, e.finish)), loss
}

// End returns usage, where the caller asked and the provider told, and the
// terminal mark.
func (e *chunkEncoder) End() []llm.Frame {
	var frames []llm.Frame
	if e.usage && e.used != nil {
		var w rawjson.Builder
		w.Open('{').Name("id").Str(e.id).Name("object").Str("chat.completion.chunk").
			Name("created").Int(e.created).Name("model").Str(e.model).Name("choices").Open('[').Close(']')
		writeTier(&w, e.used)
		w.Name("usage")
		writeUsage(&w, e.used)
		frames = append(frames, frame(w.Close('}').Take()))
	}
	return append(frames, frame([]byte(done)))
}

func writeTier(w *rawjson.Builder, u *llm.Usage) {
	if u.Tier != "" {
		w.Name("service_tier").Str(u.Tier)
	}
}

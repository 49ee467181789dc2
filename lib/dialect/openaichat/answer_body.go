package openaichat

import (
	"strings"

	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// bodyEncoder writes a whole answer: everything is collected and comes from
// End.
type bodyEncoder struct{ answer }

// Event takes ev; it returns no frames.
func (e *bodyEncoder) Event(ev llm.Event) ([]llm.Frame, []llm.Loss) {
	switch ev := ev.(type) {
	case llm.Started:
		e.started(ev)
	case llm.Opened:
		_, loss := e.opened(ev)
		return nil, loss
	case llm.Delta:
		if o := e.blocks[ev.Index]; o != nil {
			o.text = append(o.text, ev.Text...)
		}
	case llm.Sealed:
		return nil, e.sealed(ev)
	case llm.Cited:
		return nil, e.cite()
	case llm.Beside:
		return nil, e.beside()
	case llm.Used:
		return nil, e.count(&ev.Usage)
	case llm.Stopped:
		return nil, e.stopped(ev)
	case llm.Closed, llm.Vectors, llm.Counted, llm.Dropped, llm.Finished:
	}
	return nil, nil
}

// End returns the body.
func (e *bodyEncoder) End() []llm.Frame {
	var w rawjson.Builder
	w.Open('{').Name("id").Str(e.id).Name("object").Str("chat.completion").
		Name("created").Int(e.created).Name("model").Str(e.model).
		Name("choices").Open('[').Open('{').Name("index").Int(0).Name("message").Open('{').
		Name("role").Str("assistant")
	e.message(&w)
	w.Close('}').Name("logprobs").Null().Name("finish_reason")
	if e.finish == "" {
		w.Null()
	} else {
		w.Str(e.finish)
	}
	w.Close('}').Close(']')
	if e.used != nil {
		writeTier(&w, e.used)
		w.Name("usage")
		writeUsage(&w, e.used)
	}
	return []llm.Frame{frame(w.Close('}').Take())}
}

// message writes the members of the message but its role.
func (e *bodyEncoder) message(w *rawjson.Builder) {
	var content, refusal, reasoning strings.Builder
	var hasContent, hasRefusal, sealed bool
	for _, o := range e.order {
		switch b := o.block.(type) {
		case *llm.Text:
			if b.Refusal {
				hasRefusal = true
				refusal.WriteString(b.Text + string(o.text))
			} else {
				hasContent = true
				content.WriteString(b.Text + string(o.text))
			}
		case *llm.Thinking:
			reasoning.WriteString(b.Text + string(o.text))
			sealed = sealed || o.seal != nil
		case *llm.ToolUse, *llm.Media, *llm.ToolResult, *llm.Opaque:
		}
	}
	optional(w.Name("content"), hasContent, content.String())
	optional(w.Name("refusal"), hasRefusal, refusal.String())
	if reasoning.Len() > 0 {
		w.Name("reasoning_content").Str(reasoning.String())
	}
	if sealed {
		w.Name("thinking_blocks").Open('[')
		for _, o := range e.order {
			writeThinkingBlock(w, o)
		}
		w.Close(']')
	}
	e.toolCalls(w)
}

func optional(w *rawjson.Builder, there bool, s string) {
	if there {
		w.Str(s)
	} else {
		w.Null()
	}
}

func (e *bodyEncoder) toolCalls(w *rawjson.Builder) {
	if e.calls == 0 {
		return
	}
	w.Name("tool_calls").Open('[')
	for _, o := range e.order {
		if b, ok := o.block.(*llm.ToolUse); ok {
			w.Open('{').Name("id").Str(b.CallID).Name("type").Str("function").
				Name("function").Open('{').Name("name").Str(b.Name).Name("arguments").Str(o.arguments(b)).
				Close('}').Close('}')
		}
	}
	w.Close(']')
}

package anthropic

import (
	"encoding/json"

	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// bodyEncoder writes a whole answer: everything is collected and comes from
// End.
type bodyEncoder struct{ answer }

// Event takes ev; it returns no frames.
func (e *bodyEncoder) Event(ev llm.Event) ([]llm.Frame, []llm.Loss) {
	_, loss := e.take(ev)
	if _, stopped := ev.(llm.Stopped); stopped {
		loss = append(loss, e.review()...)
	}
	return nil, loss
}

// review looks for what a whole answer cannot say: arguments that are no JSON
// object, as of an answer that was cut for its length, and redacted thinking
// without its data.
func (e *bodyEncoder) review() (loss []llm.Loss) {
	for _, o := range e.order {
		switch o.block.(type) {
		case *llm.ToolUse:
			if _, ok := inputOf(o.text); !ok {
				loss = append(loss, e.losses.Lose("tool_use.input", "the model wrote no valid JSON object")...)
			}
		case *llm.Thinking:
			if o.empty() {
				loss = append(loss, e.losses.Lose("content.redacted_thinking", "it came without its data")...)
			}
		case *llm.Text, *llm.Media, *llm.ToolResult, *llm.Opaque:
		}
	}
	return loss
}

// inputOf is a tool's input; ok is false where it is none.
func inputOf(text []byte) (input json.RawMessage, ok bool) {
	empty := json.RawMessage("{}")
	if len(text) == 0 {
		return empty, true
	}
	doc, err := rawjson.Parse(text, answerOptions)
	if err != nil || doc.Root().Kind() != rawjson.Object {
		return empty, false
	}
	return doc.Root().Raw(), true
}

// End returns the body.
func (e *bodyEncoder) End() []llm.Frame {
	var w rawjson.Builder
	w.Open('{').Name("id").Str(e.id).Name("type").Str("message").Name("role").Str("assistant").Name("model").Str(e.model).
		Name("content").Open('[')
	for _, o := range e.order {
		if !o.skip && !o.empty() {
			o.write(&w)
		}
	}
	w.Close(']')
	e.writeStop(&w)
	e.writeUsage(&w, true)
	return []llm.Frame{frame("", w.Close('}').Take())}
}

// write writes a whole block.
func (o *outBlock) write(w *rawjson.Builder) {
	switch b := o.block.(type) {
	case *llm.Text:
		w.Open('{').Name("type").Str("text").Name("text").Str(string(o.text))
		if len(o.cites) > 0 {
			w.Name("citations").Open('[')
			for _, c := range o.cites {
				w.Raw(c)
			}
			w.Close(']')
		}
		w.Close('}')
	case *llm.Thinking:
		if b.Redacted {
			w.Open('{').Name("type").Str("redacted_thinking").Name("data").Str(writeSeal(o.seal)).Close('}')
			return
		}
		signature := ""
		if o.seal != nil {
			signature = writeSeal(o.seal)
		}
		w.Open('{').Name("type").Str("thinking").Name("thinking").Str(string(o.text)).Name("signature").Str(signature).Close('}')
	case *llm.ToolUse:
		input, _ := inputOf(o.text)
		w.Open('{').Name("type").Str("tool_use").Name("id").Str(callID(b.CallID)).Name("name").Str(b.Name).Name("input").Raw(input).Close('}')
	case *llm.Opaque:
		w.Raw(o.whole(b))
	case *llm.Media, *llm.ToolResult: // skipped
	}
}

// whole is an opaque block with the input that came by deltas.
func (o *outBlock) whole(b *llm.Opaque) json.RawMessage {
	input, ok := inputOf(o.text)
	if len(o.text) == 0 || !ok || !takesInput(b) {
		return b.Raw
	}
	doc, err := rawjson.Parse(b.Raw, rawjson.Options{})
	if err != nil || doc.Root().Kind() != rawjson.Object {
		return b.Raw
	}
	edits := doc.Edit()
	edits.Put(doc.Root(), "input", input)
	return edits.Apply()
}

package openaichat

import (
	"cmp"
	"encoding/base64"
	"strings"

	"weir/lib/dialect/history"
	"weir/lib/llm"
)

// system writes the system prompt as one message.
func (e *encoder) system(blocks []llm.Block) {
	if len(blocks) == 0 {
		return
	}
	e.w.Open('{').Name("role").Str("system")
	e.content(blocks)
	e.w.Close('}')
}

// toolResult writes a tool message. It can hold text only: media is returned,
// to go into the user message that follows.
func (e *encoder) toolResult(r *llm.ToolResult) []llm.Block {
	mark := r.Cache
	var text strings.Builder
	var media []llm.Block
	for _, b := range r.Content {
		switch b := b.(type) {
		case *llm.Text:
			mark = cmp.Or(mark, b.Cache)
			e.cites(b)
			text.WriteString(b.Text)
		case *llm.Media:
			media = append(media, b)
			e.Drop(b.At, "moved into the user message that follows")
		case *llm.Opaque:
			e.Refuse(b.At, "only the dialect of the request has it")
		case *llm.Thinking, *llm.ToolUse, *llm.ToolResult:
			e.Refuse(r.At, "a tool's result holds text and media only")
		}
	}
	if r.IsError {
		e.Drop(llm.FieldToolError, "Chat Completions has no such member; the text has to say it")
	}
	e.w.Open('{').Name("role").Str("tool").Name("tool_call_id").Str(callID(r.CallID)).
		Name("content").Str(text.String())
	e.cacheControl(mark)
	e.w.Close('}')
	return media
}

// assistant writes an assistant turn: text as content, calls beside it. A cache
// mark stands for the whole message, as a tool's result has it, too.
// Thinking is left out, except for vendors that take it back.
func (e *encoder) assistant(t llm.Turn) {
	var text, thinking strings.Builder
	var calls []*llm.ToolUse
	var mark *llm.CachePoint
	hasText := false
	for _, b := range t.Blocks {
		switch b := b.(type) {
		case *llm.Text:
			mark = cmp.Or(b.Cache, mark)
			e.cites(b)
			hasText = true
			text.WriteString(b.Text)
		case *llm.Thinking:
			thinking.WriteString(b.Text)
			if !e.target.Quirks.TakesReasoning || b.Redacted || b.Seal != nil {
				e.Drop(llm.FieldThinking, "this provider does not take thinking or its signature back")
			}
		case *llm.ToolUse:
			mark = cmp.Or(b.Cache, mark)
			calls = append(calls, b)
		case *llm.Opaque:
			e.Refuse(b.At, "only the dialect of the request has it")
		case *llm.Media:
			e.Refuse(b.At, "an assistant message holds text and tool calls only")
		case *llm.ToolResult:
			e.Refuse(b.At, "an assistant message holds text and tool calls only")
		}
	}
	if !hasText && len(calls) == 0 { // an empty assistant message is refused
		if thinking.Len() > 0 {
			e.Drop(llm.FieldThinking, "a turn of nothing but thinking is not taken here")
		}
		return
	}
	e.w.Open('{').Name("role").Str("assistant")
	optional(e.w.Name("content"), hasText, text.String())
	if thinking.Len() > 0 && e.target.Quirks.TakesReasoning {
		e.w.Name("reasoning_content").Str(thinking.String())
	}
	e.calls(calls)
	e.cacheControl(mark)
	e.w.Close('}')
}

func (e *encoder) calls(calls []*llm.ToolUse) {
	if len(calls) == 0 {
		return
	}
	e.w.Name("tool_calls").Open('[')
	for _, c := range calls {
		e.called(c)
		arguments := string(c.Input)
		if arguments == "" {
			arguments = "{}"
		}
		e.w.Open('{').Name("id").Str(callID(c.CallID)).Name("type").Str("function").
			Name("function").Open('{').Name("name").Str(c.Name).Name("arguments").Str(arguments).Close('}').Close('}')
	}
	e.w.Close(']')
}

// content writes blocks as a string where they are one text or none, else as
// parts.
func (e *encoder) content(blocks []llm.Block) {
	e.w.Name("content")
	switch len(blocks) {
	case 0:
		e.w.Str("")
		return
	case 1:
		t, ok := blocks[0].(*llm.Text)
		if ok && (t.Cache == nil || !e.target.Quirks.TakesCacheControl) {
			e.cites(t)
			e.w.Str(t.Text)
			e.cacheControl(t.Cache) // none, or a loss
			return
		}
	}
	e.w.Open('[')
	for _, b := range blocks {
		e.part(b)
	}
	e.w.Close(']')
}

func (e *encoder) part(b llm.Block) {
	switch b := b.(type) {
	case *llm.Text:
		e.cites(b)
		e.w.Open('{').Name("type").Str("text").Name("text").Str(b.Text)
		e.cacheControl(b.Cache)
		e.w.Close('}')
	case *llm.Media:
		e.media(b)
	case *llm.Opaque:
		if b.Dialect == Name {
			e.w.Raw(b.Raw)
			return
		}
		e.Refuse(b.At, "only the dialect of the request has a "+b.Type)
	case *llm.Thinking:
		e.Refuse(b.At, "thinking belongs to the assistant")
	case *llm.ToolUse:
		e.Refuse(b.At, "a tool's call belongs to the assistant")
	case *llm.ToolResult:
		e.Refuse(b.At, "a tool's result belongs to the user")
	}
}

func (e *encoder) media(m *llm.Media) {
	e.reachable(m)
	switch {
	case m.Kind == history.Image:
		if len(m.Data) > 0 {
			typed := *m
			typed.MIME = history.ImageType(m, e.Losses)
			m = &typed
		}
		e.w.Open('{').Name("type").Str("image_url").Name("image_url").Open('{').Name("url").Str(mediaURL(m))
		if m.Detail != "" {
			e.w.Name("detail").Str(m.Detail)
		}
		e.w.Close('}')
	case m.Kind == history.Audio && len(m.Data) > 0:
		e.w.Open('{').Name("type").Str("input_audio").Name("input_audio").Open('{').
			Name("data").Str(base64.StdEncoding.EncodeToString(m.Data)).
			Name("format").Str(audioFormat(m.MIME)).Close('}')
	case m.Kind == history.Document && len(m.Data) > 0:
		name := m.Name
		if name == "" {
			name = "document" // required beside file_data
		}
		e.w.Open('{').Name("type").Str("file").Name("file").Open('{').Name("filename").Str(name).
			Name("file_data").Str(mediaURL(m)).Close('}')
	default:
		e.Refuse(m.At, "Chat Completions takes "+m.Kind+" content by value only; send the data instead of a URL")
		return
	}
	e.cacheControl(m.Cache)
	e.w.Close('}')
}

// cites notes that a text's citations cannot be said.
func (e *encoder) cites(t *llm.Text) {
	if len(t.Cites) > 0 {
		e.Drop(llm.FieldCites, "Chat Completions has no place for citations in a message")
	}
}

// mediaURL is the media's URL, or a data URL of its bytes.
func mediaURL(m *llm.Media) string {
	if len(m.Data) == 0 {
		return m.URL
	}
	return "data:" + m.MIME + ";base64," + base64.StdEncoding.EncodeToString(m.Data)
}

// audioFormat is the format's name for a MIME type.
func audioFormat(mime string) string {
	name := strings.TrimPrefix(mime, "audio/")
	switch name {
	case "mpeg":
		return "mp3"
	case "x-wav", "wave", "vnd.wave":
		return "wav"
	}
	return name
}

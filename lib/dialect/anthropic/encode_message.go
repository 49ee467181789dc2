package anthropic

import (
	"encoding/base64"

	"weir/lib/dialect/history"
	"weir/lib/llm"
)

// system writes the system prompt as text blocks.
func (e *encoder) system(blocks []llm.Block) {
	if len(blocks) == 0 {
		return
	}
	e.w.Name("system").Open('[')
	for _, b := range blocks {
		if _, ok := b.(*llm.Text); !ok {
			e.Refuse(llm.MarkOf(b).At, "a system prompt holds texts only; put it into a message of the user")
		}
		e.block(b)
	}
	e.w.Close(']')
}

func (e *encoder) messages(all []history.Message) {
	e.w.Name("messages").Open('[')
	for _, m := range all {
		e.w.Open('{').Name("role").Str(string(m.Role)).Name("content").Open('[')
		for _, b := range m.Blocks {
			e.block(b)
		}
		e.w.Close(']').Close('}')
	}
	e.w.Close(']')
}

func (e *encoder) block(b llm.Block) {
	switch b := b.(type) {
	case *llm.Text:
		e.w.Open('{').Name("type").Str("text").Name("text").Str(b.Text)
	case *llm.Thinking:
		e.thinkingBlock(b)
		return
	case *llm.Media:
		e.media(b)
	case *llm.ToolUse:
		e.w.Open('{').Name("type").Str("tool_use").Name("id").Str(b.CallID).Name("name").Str(b.Name).Name("input").Raw(b.Input)
	case *llm.ToolResult:
		e.w.Open('{').Name("type").Str("tool_result").Name("tool_use_id").Str(b.CallID)
		if len(b.Content) > 0 {
			e.w.Name("content").Open('[')
			for _, c := range b.Content {
				e.block(c)
			}
			e.w.Close(']')
		}
		if b.IsError {
			e.w.Name("is_error").Bool(true)
		}
	case *llm.Opaque:
		e.w.Raw(b.Raw)
		return
	}
	e.cacheControl(b)
	e.w.Close('}')
}

func (e *encoder) thinkingBlock(b *llm.Thinking) {
	if b.Redacted {
		e.w.Open('{').Name("type").Str("redacted_thinking").Name("data").Str(b.Seal.Data).Close('}')
		return
	}
	e.w.Open('{').Name("type").Str("thinking").Name("thinking").Str(b.Text)
	if b.Seal != nil {
		e.w.Name("signature").Str(b.Seal.Data)
	}
	e.w.Close('}')
}

// media writes an image or a document up to its closing brace.
func (e *encoder) media(b *llm.Media) {
	e.w.Open('{').Name("type").Str(b.Kind).Name("source").Open('{')
	switch {
	case len(b.Data) == 0:
		e.w.Name("type").Str("url").Name("url").Str(b.URL)
	case b.MIME == plainText:
		e.w.Name("type").Str("text").Name("media_type").Str(plainText).Name("data").Str(string(b.Data))
	default:
		e.w.Name("type").Str("base64").Name("media_type").Str(b.MIME).
			Name("data").Str(base64.StdEncoding.EncodeToString(b.Data))
	}
	e.w.Close('}')
	if b.Kind == "document" && b.Name != "" {
		e.w.Name("title").Str(b.Name)
	}
}

// collectMarks chooses the cache marks that are sent.
func (e *encoder) collectMarks(h *history.History, tools []llm.Tool) {
	var m history.Marks
	for i, t := range tools {
		m.Add(i, t.Cache, true)
	}
	addMarks(&m, h.System, true)
	for _, x := range h.Messages {
		addMarks(&m, x.Blocks, false)
	}
	e.marks = m.Lives(true, e.Losses)
}

// addMarks adds the marks of blocks, in the order in which they are sent.
func addMarks(m *history.Marks, blocks []llm.Block, prefix bool) {
	for _, b := range blocks {
		if r, ok := b.(*llm.ToolResult); ok {
			addMarks(m, r.Content, prefix)
		}
		if _, ok := b.(*llm.Thinking); !ok { // it takes none
			m.Add(b, llm.MarkOf(b).Cache, prefix)
		}
	}
}

func (e *encoder) cacheControl(key any) {
	life, ok := e.marks[key]
	if !ok {
		return
	}
	e.w.Name("cache_control").Open('{').Name("type").Str("ephemeral")
	if life != "" {
		e.w.Name("ttl").Str(life)
	}
	e.w.Close('}')
}

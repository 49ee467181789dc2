package converse

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
		if !isText(b) {
			e.Refuse(llm.MarkOf(b).At, "a system prompt holds texts only; put it into a message of the user")
		}
		e.block(b)
		e.cachePoint(b)
	}
	e.w.Close(']')
}

func (e *encoder) messages(all []history.Message) {
	e.w.Name("messages").Open('[')
	for _, m := range all {
		e.w.Open('{').Name("role").Str(string(m.Role)).Name("content").Open('[')
		for _, b := range m.Blocks {
			e.block(b)
			e.cachePoint(b)
		}
		e.w.Close(']').Close('}')
	}
	e.w.Close(']')
}

func (e *encoder) block(b llm.Block) {
	e.w.Open('{')
	switch b := b.(type) {
	case *llm.Text:
		e.w.Name("text").Str(b.Text)
	case *llm.Thinking:
		e.w.Name("reasoningContent").Open('{')
		if b.Redacted {
			e.w.Name("redactedContent").Str(b.Seal.Data)
		} else {
			// The text must be there, and may be empty
			// (github.com/langchain-ai/langchainjs/pull/11165).
			e.w.Name("reasoningText").Open('{').Name("text").Str(b.Text).Name("signature").Str(b.Seal.Data).Close('}')
		}
		e.w.Close('}')
	case *llm.Media:
		e.media(b)
	case *llm.ToolUse:
		e.w.Name("toolUse").Open('{').Name("toolUseId").Str(b.CallID).Name("name").Str(b.Name).Name("input").Raw(b.Input).Close('}')
	case *llm.ToolResult:
		e.w.Name("toolResult").Open('{').Name("toolUseId").Str(b.CallID).Name("content").Open('[')
		for _, c := range b.Content {
			e.block(c)
		}
		e.w.Close(']')
		if b.IsError {
			e.w.Name("status").Str("error")
		}
		e.w.Close('}')
	case *llm.Opaque: // refused before
	}
	e.w.Close('}')
}

// media writes an image, a document or a sound, whose MIME is the service's
// format by now.
func (e *encoder) media(b *llm.Media) {
	e.w.Name(b.Kind).Open('{').Name("format").Str(b.MIME)
	if b.Kind == history.Document {
		e.w.Name("name").Str(b.Name)
	}
	e.w.Name("source").Open('{').Name("bytes").Str(base64.StdEncoding.EncodeToString(b.Data)).Close('}').Close('}')
}

package converse

import (
	"encoding/base64"
	"slices"

	"weir/lib/dialect/claude"
	"weir/lib/dialect/history"
	"weir/lib/llm"
)

// What is said where the service wants something beside a block.
const (
	received = "(received)"
	attached = "(see the document)"
)

// blocks says which blocks the service takes.
type blocks struct{ *encoder }

var _ history.Blocks = blocks{}

// Thinking keeps what Claude signed. The service refuses thinking in the
// history of other models ("User messages cannot contain reasoning content",
// github.com/langchain-ai/langchain-aws/issues/401).
func (e blocks) Thinking(b *llm.Thinking) llm.Block {
	switch {
	case e.family.vendor != claude.Issuer:
		e.Drop(llm.FieldThinking, "this model takes no thinking back")
	case b.Seal == nil || b.Seal.Data == "":
		e.Drop(llm.FieldThinking, "thinking without a signature is not taken here")
	case b.Seal.Issuer != claude.Issuer:
		e.Drop(llm.FieldThinking, "thinking that another model family signed is not taken here")
	case b.Redacted && !isBase64(b.Seal.Data):
		e.Drop(llm.FieldThinking, "redacted thinking has to be base64 here")
	default:
		if b.Cache != nil {
			e.Drop(b.Cache.Field(), "a mark on thinking is not taken here")
		}
		return b
	}
	return nil
}

func isBase64(s string) bool {
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil
}

// Opaque refuses blocks that another dialect alone has.
func (e blocks) Opaque(b *llm.Opaque) llm.Block {
	history.Foreign(b, e.Losses)
	return nil
}

// Result completes a tool's result. Without content the service takes an empty
// list, but not of a failed call
// (github.com/NousResearch/hermes-agent/issues/55092,
// github.com/aws-samples/sample-multi-agent-orchestration-chat-on-agentcore/issues/15),
// and not of every model. There are no cache points inside of a result: theirs
// are its own.
func (e blocks) Result(b *llm.ToolResult) {
	for _, c := range b.Content {
		if m, ok := c.(*llm.Media); ok && m.Kind == history.Audio {
			e.Refuse(m.At, "it is "+history.Kind(m)+", and a tool's result holds texts, images and documents only; leave it out")
		}
		if m := llm.MarkOf(c); m.Cache != nil {
			b.Cache = m.Cache
		}
	}
	history.Fill(b, e.Losses)
	if b.IsError && !e.family.status {
		e.Drop(llm.FieldToolError, "this model has no such mark; the text has to say it")
		b.IsError = false
	}
}

// accompany adds the text that a message with a document must have (the API
// reference of Message).
func (e *encoder) accompany(h *history.History) {
	for i := range h.Messages {
		m := &h.Messages[i]
		if slices.ContainsFunc(m.Blocks, isDocument) && !slices.ContainsFunc(m.Blocks, isText) {
			e.Note(m.At+".content", "a document has to have a text beside it; one was added")
			m.Blocks = append(m.Blocks, &llm.Text{Text: attached})
		}
	}
}

// separate gives tool blocks messages of their own, for models that refuse
// others beside them.
func (e *encoder) separate(h *history.History) {
	out := make([]history.Message, 0, len(h.Messages))
	for _, m := range h.Messages {
		text, between, role := 0, history.GoOn, llm.User
		if m.Role == llm.User {
			between, role = received, llm.Assistant
			for text < len(m.Blocks) && isResult(m.Blocks[text]) {
				text++
			}
		} else {
			slices.SortStableFunc(m.Blocks, func(a, b llm.Block) int { return useRank(a) - useRank(b) })
			for text < len(m.Blocks) && useRank(m.Blocks[text]) == 0 {
				text++
			}
		}
		if text == 0 || text == len(m.Blocks) {
			out = append(out, m)
			continue
		}
		e.Note(m.At+".content", "this model takes no text beside tool blocks; a message was put between them")
		part := m
		part.Blocks = m.Blocks[:text]
		rest := m
		rest.Blocks = m.Blocks[text:]
		out = append(out, part, history.Message{Role: role, At: m.At, End: m.At, Blocks: []llm.Block{&llm.Text{Text: between}}}, rest)
	}
	h.Messages = out
}

func useRank(b llm.Block) int {
	if _, ok := b.(*llm.ToolUse); ok {
		return 1
	}
	return 0
}

func isResult(b llm.Block) bool {
	_, ok := b.(*llm.ToolResult)
	return ok
}

func isText(b llm.Block) bool {
	_, ok := b.(*llm.Text)
	return ok
}

func isDocument(b llm.Block) bool {
	m, ok := b.(*llm.Media)
	return ok && m.Kind == history.Document
}

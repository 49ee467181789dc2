package history

import (
	"strings"
	"unicode"

	"weir/lib/dialect"
	"weir/lib/llm"
)

// End prepares the end of a history that the assistant has the last word in:
// models that go on from there, as prefill says, refuse white space at its
// end, the others want a message of the user ("This model does not support
// assistant message prefill").
func (h *History) End(prefill bool, l *dialect.Losses) {
	last := &h.Messages[len(h.Messages)-1]
	if last.Role != llm.Assistant {
		return
	}
	end := len(last.Blocks) - 1
	if t, ok := last.Blocks[end].(*llm.Text); ok && prefill {
		trimmed := *t
		trimmed.Text = strings.TrimRightFunc(t.Text, unicode.IsSpace)
		if trimmed.Text != t.Text {
			l.Note(t.At, "white space at the end of what the model goes on with is not taken here, and was left out")
		}
		last.Blocks[end] = &trimmed
		return
	}
	l.Drop(last.End+".role", "this model does not go on with an assistant's message; the user was made to ask for more")
	h.Messages = append(h.Messages, Message{Role: llm.User, At: last.End, End: last.End, Blocks: []llm.Block{&llm.Text{Text: GoOn}}})
}

// Unsigned reports whether h ends within a tool turn of the assistant that
// does not begin with signed thinking, which models with a thinking budget
// refuse ("Expected `thinking` or `redacted_thinking`"). Thinking that has
// come so far counts as signed.
func (h *History) Unsigned() bool {
	var first *Message // of the assistant in that turn
	for i := len(h.Messages) - 1; i >= 0; i-- {
		m := &h.Messages[i]
		switch m.Role {
		case llm.Assistant:
			if i == len(h.Messages)-1 {
				return false
			}
			first = m
		case llm.User:
			if !isResult(m.Blocks[0]) {
				return first != nil && !isThinking(first.Blocks[0])
			}
		case llm.System:
		}
	}
	return first != nil && !isThinking(first.Blocks[0])
}

// Called are the tools that h calls, each once, in the order of their first
// calls, with nothing but their names.
func (h *History) Called() []llm.Tool {
	var tools []llm.Tool
	seen := map[string]bool{}
	for _, m := range h.Messages {
		for _, b := range m.Blocks {
			if u, ok := b.(*llm.ToolUse); ok && !seen[u.Name] {
				seen[u.Name] = true
				tools = append(tools, llm.Tool{Name: u.Name})
			}
		}
	}
	return tools
}

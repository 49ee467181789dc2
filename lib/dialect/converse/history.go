package converse

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"weir/lib/llm"
)

// What is said where the service wants something and the caller has nothing.
const (
	noText   = "(no text)"
	greeting = "(the assistant begins)"
	goOn     = "Please continue."
	received = "(received)"
	attached = "(see the document)"
)

// message is one message of the request: what turns of one side become.
type message struct {
	role   llm.Role
	at     string // path of its first turn in the caller's request
	blocks []llm.Block
}

// history is a conversation in the service's form.
type history struct {
	system   []llm.Block
	messages []message
}

// blank reports whether s has nothing but white space, which the service
// refuses ("text content blocks must contain non-whitespace text",
// github.com/NousResearch/hermes-agent/pull/61318).
func blank(s string) bool { return strings.TrimFunc(s, unicode.IsSpace) == "" }

// normal puts a conversation into the service's form, but for its end; see
// Back.Encode.
func (e *encoder) normal(c *llm.Chat) *history {
	h := &history{system: e.clean("system", llm.System, c.System)}
	for i, t := range c.Turns {
		at := fmt.Sprintf("messages[%d]", i)
		if t.Name != "" {
			e.drop(at+".name", "messages have no name here")
		}
		e.turn(h, message{role: t.Role, at: at, blocks: e.clean(at, t.Role, t.Blocks)})
	}
	e.begin(h)
	for i := range h.messages {
		if h.messages[i].role == llm.User {
			e.complete(&h.messages[i])
		}
	}
	e.pair(h)
	return h
}

// turn adds what is left of a turn.
func (e *encoder) turn(h *history, m message) {
	switch m.role {
	case llm.System:
		if len(h.messages) == 0 {
			h.system = append(h.system, m.blocks...)
			return
		}
		if len(m.blocks) == 0 {
			return
		}
		e.drop(m.at+".role", "a system message in mid-conversation is a part of the user's message here")
		m.role = llm.User
	case llm.Assistant:
		if onlyThinking(m.blocks) {
			if len(m.blocks) > 0 {
				e.drop("thinking", "a turn of nothing but thinking is not taken here")
			}
			return // the user's turns around it are one
		}
	case llm.User:
	}
	if n := len(h.messages); n > 0 && h.messages[n-1].role == m.role {
		h.messages[n-1].blocks = append(h.messages[n-1].blocks, m.blocks...)
		return
	}
	h.messages = append(h.messages, m)
}

// onlyThinking reports whether an assistant's turn has nothing else. Newer
// models of Claude take such a turn for one that they are to go on with
// (github.com/NousResearch/hermes-agent/issues/105780).
func onlyThinking(blocks []llm.Block) bool {
	return !slices.ContainsFunc(blocks, func(b llm.Block) bool { return !isThinking(b) })
}

func isThinking(b llm.Block) bool {
	_, ok := b.(*llm.Thinking)
	return ok
}

func isResult(b llm.Block) bool {
	_, ok := b.(*llm.ToolResult)
	return ok
}

func isText(b llm.Block) bool {
	_, ok := b.(*llm.Text)
	return ok
}

// begin lets the user speak first ("A conversation must start with a user
// message").
func (e *encoder) begin(h *history) {
	text, why := noText, "there is nothing to answer to; a message of the user was added"
	if len(h.messages) > 0 {
		if h.messages[0].role == llm.User {
			return
		}
		text, why = greeting, "a conversation begins with the user here; a message was added"
	}
	e.note("messages[0].role", why)
	h.messages = slices.Insert(h.messages, 0, message{role: llm.User, at: "messages[0]", blocks: []llm.Block{&llm.Text{Text: text}}})
}

// complete puts results first and adds the text that a message must have: one
// that is empty, and one with a document (the API reference of Message).
func (e *encoder) complete(m *message) {
	slices.SortStableFunc(m.blocks, func(a, b llm.Block) int { return rank(a) - rank(b) })
	switch {
	case len(m.blocks) == 0:
		e.note(m.at+".content", "a message without text is sent as "+noText)
		m.blocks = []llm.Block{&llm.Text{Text: noText}}
	case slices.ContainsFunc(m.blocks, isDocument) && !slices.ContainsFunc(m.blocks, isText):
		e.note(m.at+".content", "a document has to have a text beside it; one was added")
		m.blocks = append(m.blocks, &llm.Text{Text: attached})
	}
}

func rank(b llm.Block) int {
	if isResult(b) {
		return 0
	}
	return 1
}

func isDocument(b llm.Block) bool {
	m, ok := b.(*llm.Media)
	return ok && m.Kind == kindDocument
}

// ending prepares the end of a history that the assistant has the last word
// in: models that go on from there refuse white space at its end, the others
// want a message of the user ("This model does not support assistant message
// prefill").
func (e *encoder) ending(h *history, prefill bool) {
	last := &h.messages[len(h.messages)-1]
	if last.role != llm.Assistant {
		return
	}
	end := len(last.blocks) - 1
	if t, ok := last.blocks[end].(*llm.Text); ok && prefill && e.family.prefill {
		trimmed := *t
		trimmed.Text = strings.TrimRightFunc(t.Text, unicode.IsSpace)
		last.blocks[end] = &trimmed
		return
	}
	e.note(last.at+".role", "this model does not go on with an assistant's message; the user was made to ask for more")
	h.messages = append(h.messages, message{role: llm.User, at: last.at, blocks: []llm.Block{&llm.Text{Text: goOn}}})
}

// separate gives tool blocks messages of their own, for models that refuse
// others beside them.
func (e *encoder) separate(h *history) {
	out := make([]message, 0, len(h.messages))
	for _, m := range h.messages {
		text, between, role := 0, goOn, llm.User
		if m.role == llm.User {
			between, role = received, llm.Assistant
			for text < len(m.blocks) && isResult(m.blocks[text]) {
				text++
			}
		} else {
			slices.SortStableFunc(m.blocks, func(a, b llm.Block) int { return useRank(a) - useRank(b) })
			for text < len(m.blocks) && useRank(m.blocks[text]) == 0 {
				text++
			}
		}
		if text == 0 || text == len(m.blocks) {
			out = append(out, m)
			continue
		}
		e.drop(m.at+".content", "this model takes no text beside tool blocks; a message was put between them")
		out = append(out,
			message{role: m.role, at: m.at, blocks: m.blocks[:text]},
			message{role: role, at: m.at, blocks: []llm.Block{&llm.Text{Text: between}}},
			message{role: m.role, at: m.at, blocks: m.blocks[text:]})
	}
	h.messages = out
}

func useRank(b llm.Block) int {
	if _, ok := b.(*llm.ToolUse); ok {
		return 1
	}
	return 0
}

// unsigned reports whether the history ends within a tool turn of the
// assistant that does not begin with signed thinking, which models with a
// thinking budget refuse ("Expected `thinking` or `redacted_thinking`").
func (h *history) unsigned() bool {
	var first *message // of the assistant in that turn
	for i := len(h.messages) - 1; i >= 0; i-- {
		m := &h.messages[i]
		if m.role == llm.Assistant {
			if i == len(h.messages)-1 {
				return false
			}
			first = m
			continue
		}
		if !isResult(m.blocks[0]) {
			break
		}
	}
	return first != nil && hasUse(first.blocks) && !isThinking(first.blocks[0])
}

func hasUse(blocks []llm.Block) bool {
	return slices.ContainsFunc(blocks, func(b llm.Block) bool { return useRank(b) == 1 })
}

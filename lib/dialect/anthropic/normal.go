package anthropic

import (
	"fmt"
	"strings"
	"unicode"

	"weir/lib/llm"
)

// What is said where the vendor wants a text and the caller has none.
const (
	noText   = "(no text)"
	greeting = "(the assistant begins)"
	goOn     = "Please continue."
)

// message is one message of the request: what turns of one side become.
type message struct {
	role   llm.Role
	at     string // path of its first turn in the caller's request
	blocks []llm.Block
}

// history is a conversation in the vendor's form.
type history struct {
	system   []llm.Block
	messages []message
}

// blank reports whether s has nothing but white space; the vendor refuses such
// texts ("text content blocks must contain non-whitespace text").
func blank(s string) bool { return strings.TrimFunc(s, unicode.IsSpace) == "" }

// run collects the turns of one side.
type run struct {
	message
	results []llm.Block // of tools: they come first
	system  []llm.Block // of system messages at the run's end
	inline  bool        // a system message stands before something else
}

// normal puts a conversation into the vendor's form, but for its end; see
// Back.Encode.
func (e *encoder) normal(c *llm.Chat) *history {
	h := &history{system: e.clean("system", llm.System, c.System)}
	var r *run
	for i, t := range c.Turns {
		at := fmt.Sprintf("messages[%d]", i)
		if t.Name != "" {
			e.drop(at+".name", "messages have no name here")
		}
		blocks := e.clean(at, t.Role, t.Blocks)
		if t.Role == llm.System && r == nil {
			h.system = append(h.system, blocks...)
			continue
		}
		if len(blocks) == 0 && t.Role != llm.User {
			continue // the user's turns around it are one
		}
		side := llm.User
		if t.Role == llm.Assistant {
			side = llm.Assistant
		}
		if r == nil || r.role != side {
			e.finish(h, r)
			r = &run{message: message{role: side, at: at}}
		}
		r.add(t.Role, blocks)
	}
	e.finish(h, r)
	e.begin(h)
	e.pair(h)
	return h
}

// add takes one turn.
func (r *run) add(role llm.Role, blocks []llm.Block) {
	if role == llm.System {
		r.system = append(r.system, blocks...)
		return
	}
	if len(r.system) > 0 && len(blocks) > 0 {
		r.blocks, r.system, r.inline = append(r.blocks, r.system...), nil, true
	}
	for _, b := range blocks {
		if _, ok := b.(*llm.ToolResult); ok && role == llm.User {
			r.results = append(r.results, b)
		} else {
			r.blocks = append(r.blocks, b)
		}
	}
}

// finish makes messages of a run. A system message has to follow the user's
// and be followed by the assistant's.
func (e *encoder) finish(h *history, r *run) {
	if r == nil {
		return
	}
	own := e.family.system && !r.inline && len(r.results)+len(r.blocks) > 0
	if !own && (r.inline || len(r.system) > 0) {
		e.drop(r.at+".role", "a system message in mid-conversation is a part of the user's message here")
		r.blocks, r.system = append(r.blocks, r.system...), nil
	}
	r.blocks = append(r.results, r.blocks...)
	if len(r.blocks) == 0 {
		e.drop(r.at+".content", "a message without text is sent as "+noText)
		r.blocks = []llm.Block{&llm.Text{Text: noText}}
	}
	h.messages = append(h.messages, r.message)
	if len(r.system) > 0 {
		h.messages = append(h.messages, message{role: llm.System, at: r.at, blocks: r.system})
	}
}

// begin lets the user speak first.
func (e *encoder) begin(h *history) {
	text, why := noText, "there is nothing to answer to; a message of the user was added"
	if len(h.messages) > 0 {
		if h.messages[0].role == llm.User {
			return
		}
		text, why = greeting, "a conversation begins with the user here; a message was added"
	}
	e.drop("messages[0].role", why)
	h.messages = append([]message{{role: llm.User, at: "messages[0]", blocks: []llm.Block{&llm.Text{Text: text}}}}, h.messages...)
}

// ending prepares the end of a history that the assistant has the last word
// in: models that go on from there refuse white space at its end, the others
// want a message of the user.
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
	e.drop(last.at+".role", "this model does not go on with an assistant's message; the user was made to ask for more")
	h.messages = append(h.messages, message{role: llm.User, at: last.at, blocks: []llm.Block{&llm.Text{Text: goOn}}})
}

// unsigned reports whether the history ends within a tool turn of the
// assistant that does not begin with signed thinking, which models with a
// thinking budget refuse.
func (h *history) unsigned() bool {
	var first *message // of the assistant in that turn
	for i := len(h.messages) - 1; i >= 0; i-- {
		m := &h.messages[i]
		switch m.role {
		case llm.Assistant:
			if i == len(h.messages)-1 {
				return false
			}
			first = m
			continue
		case llm.System:
			continue
		case llm.User:
		}
		if _, ok := m.blocks[0].(*llm.ToolResult); !ok {
			return first != nil && !first.signed()
		}
	}
	return first != nil && !first.signed()
}

// signed reports whether a message begins with thinking, which is signed where
// it has come so far.
func (m *message) signed() bool {
	_, ok := m.blocks[0].(*llm.Thinking)
	return ok
}

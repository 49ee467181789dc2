// Package history puts a conversation into the strict form that Claude's
// models want wherever they are hosted, and Amazon Bedrock of every model:
//
//   - turns of one side that follow each other are one message; the first is
//     the user's, and so is the last where the model does not go on with the
//     assistant's;
//   - blank texts are left out; a message of the user without anything says
//     NoText; thinking at the end of an assistant's message is left out, and
//     the message with it where it has nothing else;
//   - the results of one round of calls come first in one message; each call
//     has one result and each result its call, under ids that are unique and
//     that the model takes;
//   - arguments of calls are JSON objects;
//   - of cache marks four are sent, in an order of life that is taken.
//
// What blocks a format takes it says by Blocks, and the few ways in which
// formats want their histories different by Rules. Blocks of the caller's
// request are never changed: what is sent otherwise is a copy.
//
// The package is pure.
package history

import (
	"slices"

	"weir/lib/dialect"
	"weir/lib/llm"
)

// What is said where a text has to be and the caller has none.
const (
	NoText   = "(no text)"
	GoOn     = "Please continue."
	greeting = "(the assistant begins)"
)

// Message is one message of the request: what turns of one side become. It has
// a block at least.
type Message struct {
	Role   llm.Role
	At     string // path of the first of its turns in the caller's request
	End    string // path of the last
	Blocks []llm.Block
}

// History is a conversation in normal form. It has a message at least.
type History struct {
	System   []llm.Block
	Messages []Message
}

// Blocks is what a format takes of the blocks that formats treat differently.
// Each method returns what is sent of b, nil where nothing is; what is lost it
// tells itself.
type Blocks interface {
	Thinking(b *llm.Thinking) llm.Block // of the assistant
	Media(b *llm.Media) llm.Block       // of the user or of a result
	Opaque(b *llm.Opaque) llm.Block
	// Result completes a result whose content is normal: b is a copy, to be
	// changed in place.
	Result(b *llm.ToolResult)
}

// Rules are the ways in which formats want histories different.
type Rules struct {
	// System: a system message keeps its role where it follows the user's and
	// is followed by the assistant's. Elsewhere it is a part of the user's.
	System bool
	// Ordered: results stand in the order of the calls.
	Ordered bool
	// MaxName is the most bytes that a tool's name and a call's id may have; 0
	// leaves names to the provider and ids at their length.
	MaxName int
	// IDSize: ids of calls are as many letters and digits; 0: they may have -
	// and _, and any length up to MaxName.
	IDSize int
}

// Normal puts a conversation into normal form, but for its end; see
// History.End.
func Normal(c *llm.Chat, b Blocks, r Rules, l *dialect.Losses) *History {
	n := &normal{Losses: l, blocks: b, rules: r}
	n.out.System = n.clean(llm.System, c.System)
	n.turns = make([]llm.Turn, 0, len(c.Turns))
	for _, t := range c.Turns {
		n.turn(t)
	}
	n.trim()
	n.merge()
	n.begin()
	n.pair()
	return &n.out
}

// normal makes a History.
type normal struct {
	*dialect.Losses
	blocks Blocks
	rules  Rules
	turns  []llm.Turn // clean
	out    History
}

// turn adds what is left of a turn: the user's are kept without anything in
// them, too.
func (n *normal) turn(t llm.Turn) {
	if t.Name != "" {
		n.Drop(t.At+".name", "messages have no name here")
	}
	t.Blocks = n.clean(t.Role, t.Blocks)
	if len(t.Blocks) == 0 && t.Role != llm.User {
		return // the turns around it are one
	}
	if t.Role != llm.Assistant {
		n.trim()
	}
	if t.Role == llm.System && len(n.turns) == 0 {
		n.out.System = append(n.out.System, t.Blocks...)
		return
	}
	n.turns = append(n.turns, t)
}

// trim leaves thinking out at the end of the assistant's turns ("The final
// block in an assistant message cannot be `thinking`",
// github.com/tailcallhq/forgecode/issues/2107 and pull/3073; for Bedrock, where
// newer models take such a turn for one that they are to go on with,
// github.com/NousResearch/hermes-agent/issues/105780).
func (n *normal) trim() {
	for i := len(n.turns) - 1; i >= 0 && n.turns[i].Role == llm.Assistant; i-- {
		blocks := n.turns[i].Blocks
		for len(blocks) > 0 && isThinking(blocks[len(blocks)-1]) {
			n.Drop(llm.FieldThinking, "thinking without anything after it is not taken here")
			blocks = blocks[:len(blocks)-1]
		}
		if n.turns[i].Blocks = blocks; len(blocks) > 0 {
			return
		}
		n.turns = n.turns[:i]
	}
}

// run collects the turns of one side.
type run struct {
	Message
	results []llm.Block // of tools: they come first
	system  []llm.Block // of system messages at the run's end
	systems []string    // paths of all system messages in it
	inline  bool        // one stands before something else
}

// merge makes messages of the turns.
func (n *normal) merge() {
	var r *run
	for _, t := range n.turns {
		side := llm.User
		if t.Role == llm.Assistant {
			side = llm.Assistant
		}
		if r == nil || r.Role != side {
			n.finish(r)
			r = &run{Message: Message{Role: side, At: t.At}}
		}
		r.End = t.At
		r.add(t)
	}
	n.finish(r)
}

// add takes one turn.
func (r *run) add(t llm.Turn) {
	if t.Role == llm.System {
		r.system = append(r.system, t.Blocks...)
		r.systems = append(r.systems, t.At)
		return
	}
	if len(r.system) > 0 && len(t.Blocks) > 0 {
		r.Blocks, r.system, r.inline = append(r.Blocks, r.system...), nil, true
	}
	if len(r.Blocks) == 0 && !slices.ContainsFunc(t.Blocks, isResult) {
		r.Blocks = t.Blocks
		return
	}
	for _, b := range t.Blocks {
		if isResult(b) {
			r.results = append(r.results, b)
		} else {
			r.Blocks = append(r.Blocks, b)
		}
	}
}

// finish makes messages of a run. A system message has to follow the user's
// and be followed by the assistant's.
func (n *normal) finish(r *run) {
	if r == nil {
		return
	}
	own := n.rules.System && !r.inline && len(r.results)+len(r.Blocks) > 0
	if !own {
		for _, at := range r.systems {
			n.Drop(at+".role", "a system message in mid-conversation is a part of the user's message here")
		}
		r.Blocks, r.system = append(r.Blocks, r.system...), nil
	}
	if len(r.results) > 0 {
		r.Blocks = append(r.results, r.Blocks...)
	}
	if len(r.Blocks) == 0 {
		n.Note(r.At+".content", "a message without text is sent as "+NoText)
		r.Blocks = []llm.Block{&llm.Text{Text: NoText}}
	}
	n.out.Messages = append(n.out.Messages, r.Message)
	if len(r.system) > 0 {
		n.out.Messages = append(n.out.Messages, Message{Role: llm.System, At: r.systems[0], End: r.End, Blocks: r.system})
	}
}

// begin lets the user speak first.
func (n *normal) begin() {
	first := Message{Role: llm.User, Blocks: []llm.Block{&llm.Text{Text: NoText}}}
	switch all := n.out.Messages; {
	case len(all) == 0:
		n.Note("messages", "there is nothing to answer to; a message of the user was added")
	case all[0].Role == llm.User:
		return
	default:
		n.Note(all[0].At+".role", "a conversation begins with the user here; a message was added")
		first.At, first.End = all[0].At, all[0].At
		first.Blocks = []llm.Block{&llm.Text{Text: greeting}}
	}
	n.out.Messages = append([]Message{first}, n.out.Messages...)
}

func isThinking(b llm.Block) bool {
	_, ok := b.(*llm.Thinking)
	return ok
}

func isResult(b llm.Block) bool {
	_, ok := b.(*llm.ToolResult)
	return ok
}

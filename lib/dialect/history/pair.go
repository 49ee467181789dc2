package history

import (
	"fmt"
	"slices"

	"weir/lib/dialect"
	"weir/lib/llm"
)

// call is a tool call that waits for its result.
type call struct {
	use      *llm.ToolUse // as the caller has it
	id       string       // as it is sent
	answered bool
}

// round are the calls of one message of the assistant.
type round struct {
	calls []*call
	at    map[string]int // id as the caller has it → place in calls
}

// pair checks that each call has its result in the message after it ("Expected
// toolResult blocks at messages.2.content for the following Ids", "The number
// of toolResult blocks at messages.2.content exceeds the number of toolUse
// blocks of previous turn"), and gives all calls ids that are valid and unique.
func (n *normal) pair() {
	ids := newIDs(n.rules)
	var open round
	for i := range n.out.Messages {
		m := &n.out.Messages[i]
		switch m.Role {
		case llm.Assistant:
			open = n.calls(m, ids)
		case llm.User:
			n.results(m, open)
			open = round{}
		case llm.System:
		}
	}
	n.unanswered(open)
}

// calls collects the calls of an assistant's message.
func (n *normal) calls(m *Message, ids *ids) round {
	var open round
	for i, b := range m.Blocks {
		u, ok := b.(*llm.ToolUse)
		if !ok {
			continue
		}
		if _, twice := open.at[u.CallID]; twice {
			n.Refuse(u.At, fmt.Sprintf("two calls have the id %q", dialect.Clip(u.CallID, maxShown)))
			return round{}
		}
		if open.at == nil {
			open.at = map[string]int{}
		}
		open.at[u.CallID] = len(open.calls)
		c := &call{use: u, id: ids.fresh(u.CallID)}
		open.calls = append(open.calls, c)
		renamed := *u
		renamed.CallID = c.id
		m.Blocks[i] = &renamed
	}
	return open
}

// results matches the results of a user's message, which come first in it,
// with the calls before it.
func (n *normal) results(m *Message, open round) {
	end := slices.IndexFunc(m.Blocks, func(b llm.Block) bool { return !isResult(b) })
	if end < 0 {
		end = len(m.Blocks)
	}
	sorted := make([]llm.Block, len(open.calls))
	for i, b := range m.Blocks[:end] {
		r, _ := b.(*llm.ToolResult)
		at, ok := open.at[r.CallID]
		switch {
		case !ok:
			n.Refuse(r.At, fmt.Sprintf("there is no call %q in the assistant's message before this result", dialect.Clip(r.CallID, maxShown)))
			return
		case open.calls[at].answered:
			n.Refuse(r.At, fmt.Sprintf("the call %q has two results", dialect.Clip(r.CallID, maxShown)))
			return
		}
		open.calls[at].answered = true
		renamed := *r
		renamed.CallID = open.calls[at].id
		m.Blocks[i], sorted[at] = &renamed, &renamed
	}
	if n.unanswered(open) && n.rules.Ordered {
		copy(m.Blocks, sorted)
	}
}

// unanswered refuses calls that have no result, and reports whether all have.
func (n *normal) unanswered(open round) bool {
	for _, c := range open.calls {
		if !c.answered {
			n.Refuse(c.use.At, fmt.Sprintf("the call %q of the tool %q has no result in the message after it",
				dialect.Clip(c.use.CallID, maxShown), dialect.Clip(c.use.Name, maxShown)))
			return false
		}
	}
	return true
}

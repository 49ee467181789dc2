package openaichat

import (
	"fmt"
	"hash/fnv"
	"strconv"

	"weir/lib/dialect"
	"weir/lib/llm"
)

// turns writes the conversation as Chat Completions wants it: each round of
// calls in one message of the assistant, and behind it, before anybody else
// speaks, one message of a tool for each call ("An assistant message with
// 'tool_calls' must be followed by tool messages responding to each
// 'tool_call_id'").
func (e *encoder) turns(all []llm.Turn) {
	var open round
	for len(all) > 0 {
		n := 1
		for n < len(all) && (all[n].Role == llm.Assistant) == (all[0].Role == llm.Assistant) {
			n++
		}
		if all[0].Role == llm.Assistant {
			open = e.assistants(all[:n])
		} else {
			e.others(all[:n], open)
			open = round{}
		}
		if all = all[n:]; len(all) > 0 {
			continue
		}
		e.unanswered(open)
	}
}

// round are the calls of one message of the assistant, and which of them have
// their results.
type round struct {
	calls    []*llm.ToolUse
	answered map[string]bool // by id; there for each call
}

// assistants writes turns of the assistant that follow each other: one message
// where tools are called.
func (e *encoder) assistants(run []llm.Turn) round {
	r := round{answered: map[string]bool{}}
	one := llm.Turn{Role: llm.Assistant, At: run[0].At}
	for _, t := range run {
		one.Blocks = append(one.Blocks, t.Blocks...)
		for _, b := range t.Blocks {
			u, ok := b.(*llm.ToolUse)
			if !ok {
				continue
			}
			if _, twice := r.answered[u.CallID]; twice {
				e.Refuse(u.At, fmt.Sprintf("two calls have the id %q", dialect.Clip(u.CallID, maxShown)))
			}
			r.calls, r.answered[u.CallID] = append(r.calls, u), false
		}
	}
	if len(r.calls) > 0 {
		run = []llm.Turn{one}
	}
	for _, t := range run {
		e.assistant(t)
	}
	return r
}

// maxShown bounds what a message says of a caller's ids and names.
const maxShown = 64

// others writes turns that are not the assistant's: the results of tools
// first, because they answer the turn before.
func (e *encoder) others(run []llm.Turn, open round) {
	rest := make([][]llm.Block, len(run))
	for i, t := range run {
		for _, b := range t.Blocks {
			r, ok := b.(*llm.ToolResult)
			if !ok || t.Role != llm.User {
				rest[i] = append(rest[i], b)
				continue
			}
			e.pair(r, open)
			rest[i] = append(rest[i], e.toolResult(r)...)
		}
	}
	e.unanswered(open)
	for i, t := range run {
		if len(rest[i]) == 0 && len(t.Blocks) > 0 {
			continue // nothing but results
		}
		e.w.Open('{').Name("role").Str(string(t.Role))
		if t.Name != "" && t.Role == llm.User {
			e.w.Name("name").Str(t.Name)
		}
		e.content(rest[i])
		e.w.Close('}')
	}
}

// pair matches a result with its call.
func (e *encoder) pair(r *llm.ToolResult, open round) {
	answered, ok := open.answered[r.CallID]
	switch {
	case !ok:
		e.Refuse(r.At, fmt.Sprintf("there is no call %q in the assistant's message before this result", dialect.Clip(r.CallID, maxShown)))
	case answered:
		e.Refuse(r.At, fmt.Sprintf("the call %q has two results", dialect.Clip(r.CallID, maxShown)))
	default:
		open.answered[r.CallID] = true
	}
}

// unanswered refuses calls that have no result.
func (e *encoder) unanswered(open round) {
	for _, c := range open.calls {
		if !open.answered[c.CallID] {
			e.Refuse(c.At, fmt.Sprintf("the call %q of the tool %q has no result in the message after it",
				dialect.Clip(c.CallID, maxShown), dialect.Clip(c.Name, maxShown)))
		}
	}
}

// ending accounts for a history that the assistant has the last word in: Chat
// Completions answers after it, and does not go on with it.
func (e *encoder) ending(all []llm.Turn) {
	if len(all) > 0 && all[len(all)-1].Role == llm.Assistant {
		e.Drop(all[len(all)-1].At+".role", "models do not go on with an assistant's message here; they answer after it")
	}
}

// callID is a call's id as the vendor takes it: there, and of 40 bytes at most
// ("Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string
// with maximum length 40"). The same id becomes the same.
func callID(id string) string {
	const most = 40
	switch {
	case id == "":
		return "call"
	case len(id) <= most:
		return id
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return dialect.Clip(id, most-14) + "_" + strconv.FormatUint(h.Sum64(), 36)
}

package converse

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"weir/lib/llm"
)

// call is a tool call that waits for its result.
type call struct {
	key      string // id as the caller has it
	id, name string // id as it is sent
	answered bool
}

// round are the calls of one message of the assistant.
type round struct {
	calls []*call
	at    map[string]int // key → place in calls
}

// find returns the place of a call, -1 where there is none.
func (r round) find(key string) int {
	if at, ok := r.at[key]; ok {
		return at
	}
	return -1
}

func (r *round) add(c *call) {
	if r.at == nil {
		r.at = map[string]int{}
	}
	r.at[c.key] = len(r.calls)
	r.calls = append(r.calls, c)
}

// ids are those that are taken: tries holds, for the first choice of each, how
// many were tried, so that a thousand calls of one id are no million tries.
type ids struct {
	used  map[string]bool
	tries map[string]int
}

// pair checks that each call has its result in the message after it ("Expected
// toolResult blocks at messages.2.content for the following Ids", "The number
// of toolResult blocks at messages.2.content exceeds the number of toolUse
// blocks of previous turn"), puts results into the order of the calls, and
// gives all calls ids that are valid and unique.
func (e *encoder) pair(h *history) {
	used := &ids{used: map[string]bool{}, tries: map[string]int{}}
	var open round
	for i := range h.messages {
		m := &h.messages[i]
		if m.role == llm.Assistant {
			open = e.calls(m, used)
			continue
		}
		e.results(m, open)
		open = round{}
	}
	e.unanswered(h.messages[len(h.messages)-1].at, open)
}

// calls collects the calls of an assistant's message.
func (e *encoder) calls(m *message, used *ids) round {
	var open round
	for i, b := range m.blocks {
		u, ok := b.(*llm.ToolUse)
		if !ok {
			continue
		}
		if open.find(u.CallID) >= 0 {
			e.refuse(m.at+".tool_calls", fmt.Sprintf("two calls have the id %q", clip(u.CallID, 64)))
			return round{}
		}
		c := &call{key: u.CallID, id: e.freshID(u.CallID, used), name: u.Name}
		open.add(c)
		renamed := *u
		renamed.CallID = c.id
		m.blocks[i] = &renamed
	}
	return open
}

// results matches the results of a user's message, which come first in it,
// with the calls before it.
func (e *encoder) results(m *message, open round) {
	n := slices.IndexFunc(m.blocks, func(b llm.Block) bool { return !isResult(b) })
	if n < 0 {
		n = len(m.blocks)
	}
	sorted := make([]llm.Block, len(open.calls))
	for _, b := range m.blocks[:n] {
		r, _ := b.(*llm.ToolResult)
		at := open.find(r.CallID)
		switch {
		case at < 0:
			e.refuse(m.at+".tool_call_id", fmt.Sprintf("there is no call %q in the assistant's message before this result", clip(r.CallID, 64)))
			return
		case open.calls[at].answered:
			e.refuse(m.at+".tool_call_id", fmt.Sprintf("the call %q has two results", clip(r.CallID, 64)))
			return
		}
		open.calls[at].answered = true
		renamed := *r
		renamed.CallID = open.calls[at].id
		sorted[at] = &renamed
	}
	if e.unanswered(m.at, open) {
		copy(m.blocks, sorted)
	}
}

// unanswered refuses calls that have no result, and reports whether all have.
func (e *encoder) unanswered(at string, open round) bool {
	for _, c := range open.calls {
		if !c.answered {
			e.refuse(at, fmt.Sprintf("the call %q of the tool %q has no result in the message after it", clip(c.key, 64), clip(c.name, 64)))
			return false
		}
	}
	return true
}

// freshID makes an id that the model takes and that no other call has: some
// vendors count their calls anew in each answer. The same history gets the
// same ids each time, as prompt caches need it.
func (e *encoder) freshID(id string, taken *ids) string {
	first := e.validID(id, 1)
	out, n := first, 1
	if tried := taken.tries[first]; tried > 0 {
		n = tried + 1
		out = e.validID(id, n)
	}
	for taken.used[out] {
		n++
		out = e.validID(id, n)
	}
	taken.used[out], taken.tries[first] = true, n
	return out
}

// validID is the nth try for an id.
func (e *encoder) validID(id string, n int) string {
	valid := strings.Map(func(r rune) rune {
		if nameRune(r) {
			return r
		}
		return '_'
	}, id)
	if size := e.family.idSize; size > 0 {
		if n == 1 && len(id) == size && valid == id && !strings.ContainsAny(id, "_-") {
			return id
		}
		return hashed(id, n, size)
	}
	switch {
	case valid == "":
		valid = "call"
	case len(valid) > maxName: // the end tells them apart as well as the beginning
		valid = valid[:maxName-12] + "_" + hashed(id, 1, 11)
	}
	if n == 1 {
		return valid
	}
	end := fmt.Sprintf("_%d", n)
	return valid[:min(len(valid), maxName-len(end))] + end
}

// hashed is an id of size letters and digits.
func hashed(id string, n, size int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d#%s", n, id)
	sum := h.Sum64()
	out := make([]byte, size)
	for i := range out {
		out[i] = digits[sum%uint64(len(digits))]
		sum /= uint64(len(digits))
	}
	return string(out)
}

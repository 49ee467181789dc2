package fakeanthropic

import (
	"slices"

	"weir/lib/testkit/strict"
)

// signed is a block of thinking as it was given away.
type signed struct{ thinking, signature, data string }

// verify refuses thinking that is not the provider's own, and a tool turn
// whose thinking came back other than it was. Texts as in
// github.com/anthropics/claude-code issues 10627, 63284 and 63574 and
// github.com/UKGovernmentBEIS/inspect_ai/issues/3025.
func (p *Provider) verify(q *request) *APIError {
	latest := -1
	for i, m := range q.Messages {
		if m.Role == "assistant" {
			latest = i
		}
		for j, b := range m.Content {
			switch {
			case b.Type == "thinking" && b.Signature == nil:
				return invalid("messages.%d.content.%d.thinking.signature: Field required", i, j)
			case b.Type == "thinking" && *b.Signature != strict.Sign(b.Thinking):
				return invalid("messages.%d.content.%d: Invalid `signature` in `thinking` block", i, j)
			case b.Type == "redacted_thinking" && !strict.Sealed(b.Data):
				return invalid("messages.%d.content.%d: Invalid `data` in `redacted_thinking` block", i, j)
			}
		}
	}
	if latest < 0 || !q.thinks() {
		return nil
	}
	return p.unmodified(q.Model, latest, q.Messages[latest].Content)
}

// unmodified holds the latest assistant message to what was given away before
// its first call.
func (p *Provider) unmodified(model string, at int, c content) *APIError {
	var got []signed
	for _, b := range c {
		switch b.Type {
		case "thinking":
			got = append(got, signed{thinking: b.Thinking, signature: *b.Signature})
		case "redacted_thinking":
			got = append(got, signed{data: b.Data})
		case "tool_use":
			p.mu.Lock()
			want, ours := p.turns[model+" "+b.ID]
			p.mu.Unlock()
			switch {
			case !ours || len(want) == 0:
			case len(got) == 0:
				return invalid("messages.%d.content.0.type: Expected `thinking` or `redacted_thinking`, but found `%s`. When `thinking` is enabled, a final `assistant` message must start with a thinking block.", at, c[0].Type)
			case !slices.Equal(got, want):
				return invalid("messages.%d.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.", at)
			}
			return nil
		}
	}
	return nil
}

// remember keeps the thinking that stands before a call of a model.
func (p *Provider) remember(model, id string, turn []signed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turns[model+" "+id] = turn
}

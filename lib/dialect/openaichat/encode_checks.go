package openaichat

import (
	"cmp"
	"slices"
	"strings"

	"weir/lib/dialect/history"
	"weir/lib/llm"
)

// spoken refuses a conversation in which nothing is said: its messages would be
// none ("Invalid 'messages': empty array").
func (e *encoder) spoken(c *llm.Chat) {
	says := func(t llm.Turn) bool {
		return t.Role != llm.Assistant || slices.ContainsFunc(t.Blocks, func(b llm.Block) bool {
			_, thought := b.(*llm.Thinking)
			return !thought
		})
	}
	if len(c.System) == 0 && !slices.ContainsFunc(c.Turns, says) {
		e.Refuse("messages", "none of them says anything")
	}
}

// called refuses a call of a tool whose name OpenAI's models do not take.
func (e *encoder) called(u *llm.ToolUse) {
	names := history.Rules{MaxName: maxName}
	if thinkerOf(e.target.Model).known && !names.IsName(u.Name) {
		e.Refuse(cmp.Or(u.At, "messages"), names.BadName(u.Name))
	}
}

// reachable refuses an image that is neither there nor anywhere on the web.
func (e *encoder) reachable(m *llm.Media) {
	web := strings.HasPrefix(m.URL, "https://") || strings.HasPrefix(m.URL, "http://")
	if m.Kind == history.Image && len(m.Data) == 0 && !web {
		e.Refuse(cmp.Or(m.At, "messages"), "it is an image without data and without an http(s) URL; send one of the two")
	}
}

package hubtest

import (
	"fmt"

	"weir/lib/llm"
)

// Place gives every turn, block and tool of c that has no place the one that
// it would have in a request of Messages, and returns c.
func Place(c *llm.Chat) *llm.Chat {
	place(c.System, "system")
	for i := range c.Turns {
		t := &c.Turns[i]
		if t.At == "" {
			t.At = fmt.Sprintf("messages[%d]", i)
		}
		place(t.Blocks, t.At+".content")
	}
	for i := range c.Tools {
		if t := &c.Tools[i]; t.At == "" {
			t.At = fmt.Sprintf("tools[%d]", i)
		}
	}
	return c
}

func place(all []llm.Block, at string) {
	for i, b := range all {
		m := llm.MarkOf(b)
		if m.At == "" {
			m.At = fmt.Sprintf("%s[%d]", at, i)
		}
		if r, ok := b.(*llm.ToolResult); ok {
			place(r.Content, m.At+".content")
		}
	}
}

package anthropic

import (
	"encoding/base64"

	"weir/lib/llm"
)

// system writes the system prompt as text blocks.
func (e *encoder) system(blocks []llm.Block) {
	if len(blocks) == 0 {
		return
	}
	e.w.Name("system").Open('[')
	for _, b := range blocks {
		if _, ok := b.(*llm.Text); !ok {
			e.refuse("system", "a system prompt holds texts only")
		}
		e.block(b)
	}
	e.w.Close(']')
}

func (e *encoder) messages(all []message) {
	e.w.Name("messages").Open('[')
	for _, m := range all {
		e.w.Open('{').Name("role").Str(string(m.role)).Name("content").Open('[')
		for _, b := range m.blocks {
			e.block(b)
		}
		e.w.Close(']').Close('}')
	}
	e.w.Close(']')
}

func (e *encoder) block(b llm.Block) {
	switch b := b.(type) {
	case *llm.Text:
		e.w.Open('{').Name("type").Str("text").Name("text").Str(b.Text)
	case *llm.Thinking:
		e.thinkingBlock(b)
		return
	case *llm.Media:
		e.media(b)
	case *llm.ToolUse:
		e.w.Open('{').Name("type").Str("tool_use").Name("id").Str(b.CallID).Name("name").Str(b.Name).Name("input").Raw(b.Input)
	case *llm.ToolResult:
		e.w.Open('{').Name("type").Str("tool_result").Name("tool_use_id").Str(b.CallID)
		if len(b.Content) > 0 {
			e.w.Name("content").Open('[')
			for _, c := range b.Content {
				e.block(c)
			}
			e.w.Close(']')
		}
		if b.IsError {
			e.w.Name("is_error").Bool(true)
		}
	case *llm.Opaque:
		e.w.Raw(b.Raw)
		return
	}
	e.cacheControl(b)
	e.w.Close('}')
}

func (e *encoder) thinkingBlock(b *llm.Thinking) {
	if b.Redacted {
		e.w.Open('{').Name("type").Str("redacted_thinking").Name("data").Str(b.Seal.Data).Close('}')
		return
	}
	e.w.Open('{').Name("type").Str("thinking").Name("thinking").Str(b.Text)
	if b.Seal != nil {
		e.w.Name("signature").Str(b.Seal.Data)
	}
	e.w.Close('}')
}

// media writes an image or a document up to its closing brace.
func (e *encoder) media(b *llm.Media) {
	e.w.Open('{').Name("type").Str(b.Kind).Name("source").Open('{')
	switch {
	case len(b.Data) == 0:
		e.w.Name("type").Str("url").Name("url").Str(b.URL)
	case b.MIME == plainText:
		e.w.Name("type").Str("text").Name("media_type").Str(plainText).Name("data").Str(string(b.Data))
	default:
		e.w.Name("type").Str("base64").Name("media_type").Str(b.MIME).
			Name("data").Str(base64.StdEncoding.EncodeToString(b.Data))
	}
	e.w.Close('}')
	if b.Kind == "document" && b.Name != "" {
		e.w.Name("title").Str(b.Name)
	}
}

// maxMarks is how many cache marks a request may have, and the lives they may
// have (platform.claude.com/docs/en/build-with-claude/prompt-caching, read
// 2026-11). A long life must not come after a short one.
const (
	maxMarks  = 4
	shortLife = "5m"
	longLife  = "1h"
)

// slot is a place that asks for a cache mark.
type slot struct {
	key    any // block or index of a tool
	life   string
	prefix bool // in the tools or the system prompt
}

// collectMarks chooses the cache marks that are sent: the last one of tools
// and system prompt, which all conversations share, and the newest.
func (e *encoder) collectMarks(h *history, tools []llm.Tool) {
	var slots []slot
	for i, t := range tools {
		if t.Cache != nil {
			slots = append(slots, slot{i, t.Cache.TTL, true})
		}
	}
	slots = marksIn(slots, h.system, true)
	for _, m := range h.messages {
		slots = marksIn(slots, m.blocks, false)
	}
	if len(slots) > maxMarks {
		e.drop("cache_control", "a request has four marks here; the others were left out")
		slots = chosen(slots)
	}
	e.marks = make(map[any]string, len(slots))
	long := true
	for _, s := range slots {
		switch {
		case s.life == longLife && !long:
			e.drop("cache_control.ttl", "a life of 1h may not come after one of 5m; shortened")
			s.life = shortLife
		case s.life != longLife:
			if long = false; s.life != "" && s.life != shortLife {
				e.drop("cache_control.ttl", "prompts are cached for 5m or 1h here; the shorter one was asked for")
				s.life = shortLife
			}
		}
		e.marks[s.key] = s.life
	}
}

// marksIn adds the places of blocks, in the order in which they are sent.
func marksIn(slots []slot, blocks []llm.Block, prefix bool) []slot {
	for _, b := range blocks {
		if r, ok := b.(*llm.ToolResult); ok {
			slots = marksIn(slots, r.Content, prefix)
		}
		if m := markOf(b); m != nil && m.Cache != nil {
			slots = append(slots, slot{b, m.Cache.TTL, prefix})
		}
	}
	return slots
}

// chosen are the four of slots that are sent.
func chosen(slots []slot) []slot {
	cut := len(slots) - maxMarks
	newest := slots[cut:]
	for i := cut - 1; i >= 0; i-- {
		if slots[i].prefix && !newest[0].prefix {
			return append([]slot{slots[i]}, newest[1:]...)
		}
	}
	return newest
}

func (e *encoder) cacheControl(key any) {
	life, ok := e.marks[key]
	if !ok {
		return
	}
	e.w.Name("cache_control").Open('{').Name("type").Str("ephemeral")
	if life != "" {
		e.w.Name("ttl").Str(life)
	}
	e.w.Close('}')
}

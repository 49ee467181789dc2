package anthropic

import (
	"slices"

	"weir/lib/llm"
	"weir/lib/tokens"
	"weir/lib/wire/rawjson"
)

var (
	messageFields = rawjson.NewFields("role", "content")
	textFields    = rawjson.NewFields("type", "text", "cache_control", "citations")
	cacheFields   = rawjson.NewFields("type", "ttl")
)

// system reads the system prompt: a string or text blocks.
func (d *decoder) system(v rawjson.Value) []llm.Block {
	if s, ok := v.Text(); ok {
		d.count(s)
		if s == "" {
			return nil
		}
		return []llm.Block{&llm.Text{Text: s}}
	}
	if !v.Exists() {
		return nil
	}
	if v.Kind() != rawjson.Array {
		d.wrongType(v, "a string or an array of text blocks")
		return nil
	}
	var blocks []llm.Block
	for _, b := range v.Elems() {
		if !d.object(b) {
			d.wrongType(b, "an object")
			return nil
		}
		d.word(b, "type", "text")
		blocks = append(blocks, d.text(b))
	}
	return blocks
}

// messages reads the conversation.
func (d *decoder) messages(root rawjson.Value, c *llm.Chat) {
	v := root.Get("messages")
	if !v.Exists() {
		d.missing(root, "messages")
		return
	}
	if !d.array(v) {
		return
	}
	for _, m := range v.Elems() {
		if m.Kind() != rawjson.Object {
			d.wrongType(m, "an object")
		}
		if d.err != nil {
			return
		}
		c.Turns = append(c.Turns, d.message(m))
		d.facts.InputTokens += tokens.PerMessage
	}
	if len(c.Turns) == 0 {
		d.fail("messages", "expected at least one message")
	}
}

// message reads one message. One of the system in mid-conversation is newer
// than most models (platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages,
// read 2026-11).
func (d *decoder) message(m rawjson.Value) llm.Turn {
	t := llm.Turn{Role: llm.User}
	switch d.word(m, "role", "user", "assistant", "system") {
	case "assistant":
		t.Role = llm.Assistant
	case "system":
		t.Role = llm.System
	}
	d.keepUnknown(messageFields, m)
	v := m.Get("content")
	switch v.Kind() {
	case rawjson.String:
		s, _ := v.Text()
		d.count(s)
		if s != "" {
			t.Blocks = []llm.Block{&llm.Text{Text: s}}
		}
	case rawjson.Array:
		t.Blocks = d.blocks(v)
	case rawjson.Absent:
		d.missing(m, "content")
	case rawjson.Null, rawjson.Bool, rawjson.Number, rawjson.Object:
		d.wrongType(v, "a string or an array of blocks")
	}
	return t
}

// blocks reads an array of content blocks.
func (d *decoder) blocks(v rawjson.Value) []llm.Block {
	out := make([]llm.Block, 0, v.Len())
	for _, e := range v.Elems() {
		if e.Kind() != rawjson.Object {
			d.wrongType(e, "an object")
		}
		if d.err != nil {
			return out
		}
		if b := d.block(e); b != nil {
			out = append(out, b)
		}
	}
	return out
}

func (d *decoder) mark(v rawjson.Value) llm.Mark {
	return llm.Mark{Cache: d.cachePoint(v.Get("cache_control"))}
}

func (d *decoder) text(v rawjson.Value) *llm.Text {
	d.keepUnknown(textFields, v)
	b := &llm.Text{Mark: d.mark(v), Text: d.needStr(v, "text")}
	d.count(b.Text)
	if cites := v.Get("citations"); d.array(cites) {
		for _, c := range cites.Elems() {
			b.Cites = append(b.Cites, c.Raw())
		}
	}
	return b
}

// cachePoint reads a cache_control.
func (d *decoder) cachePoint(v rawjson.Value) *llm.CachePoint {
	if !d.object(v) {
		return nil
	}
	d.word(v, "type", "ephemeral")
	rest, err := cacheFields.Unknown(v)
	if err != nil && d.err == nil {
		d.err = invalidJSON(d.op, err)
	}
	for _, m := range rest {
		d.keep(m.Value, true)
	}
	return &llm.CachePoint{TTL: d.str(v.Get("ttl"))}
}

// cacheAll reads cache_control at the top, which stands for a mark on the last
// block that can have one.
func (d *decoder) cacheAll(v rawjson.Value, c *llm.Chat) {
	point := d.cachePoint(v)
	if point == nil {
		return
	}
	for _, t := range slices.Backward(c.Turns) {
		for _, b := range slices.Backward(t.Blocks) {
			if mark := markOf(b); mark != nil {
				if mark.Cache == nil {
					mark.Cache = point
				}
				return
			}
		}
	}
}

// markOf is the mark of a block that a cache point may stand on; nil for
// thinking, which takes none.
func markOf(b llm.Block) *llm.Mark {
	switch b := b.(type) {
	case *llm.Text:
		if blank(b.Text) {
			return nil
		}
		return &b.Mark
	case *llm.Media:
		return &b.Mark
	case *llm.ToolUse:
		return &b.Mark
	case *llm.ToolResult:
		return &b.Mark
	case *llm.Opaque:
		return &b.Mark
	case *llm.Thinking:
	}
	return nil
}

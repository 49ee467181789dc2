package anthropic

import (
	"slices"

	"weir/lib/dialect"
	"weir/lib/llm"
	"weir/lib/tokens"
	"weir/lib/wire/rawjson"
)

var (
	messageFields = rawjson.NewFields("role", "content")
	systemFields  = rawjson.NewFields("role", "content", "output_config", "clear_at")
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
		return []llm.Block{&llm.Text{Mark: llm.Mark{At: "system"}, Text: s}}
	}
	if !v.Exists() {
		return nil
	}
	if v.Kind() != rawjson.Array {
		d.WrongType(v, "a string or an array of text blocks")
		return nil
	}
	var blocks []llm.Block
	for i, b := range v.Elems() {
		if !d.object(b) {
			d.WrongType(b, "an object")
			return nil
		}
		d.word(b, "type", "text")
		blocks = append(blocks, d.text(b, rawjson.Index("system", i)))
	}
	return blocks
}

// messages reads the conversation.
func (d *decoder) messages(root rawjson.Value, c *llm.Chat) {
	v := root.Get("messages")
	if !v.Exists() {
		d.Missing(root, "messages")
		return
	}
	if !d.array(v) {
		return
	}
	for i, m := range v.Elems() {
		if m.Kind() != rawjson.Object {
			d.WrongType(m, "an object")
		}
		if d.Err() != nil {
			return
		}
		c.Turns = append(c.Turns, d.message(m, rawjson.Index("messages", i)))
		d.facts.InputTokens += tokens.PerMessage
	}
	if len(c.Turns) == 0 {
		d.fail("messages", "expected at least one message")
	}
}

// message reads one message. One of the system in mid-conversation is newer
// than most models (platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages,
// read 2026-11). It may say nothing but how the model answers from there on.
func (d *decoder) message(m rawjson.Value, at string) llm.Turn {
	t := llm.Turn{Role: llm.User, At: at}
	switch d.word(m, "role", "user", "assistant", "system") {
	case "assistant":
		t.Role = llm.Assistant
	case "system":
		t.Role = llm.System
	}
	if t.Role == llm.System {
		d.keepUnknown(systemFields, m)
		if d.systemConfig(m) && !m.Get("content").Exists() {
			return t
		}
	} else {
		d.keepUnknown(messageFields, m)
	}
	v := m.Get("content")
	at = rawjson.Join(at, "content")
	switch v.Kind() {
	case rawjson.String:
		s, _ := v.Text()
		d.count(s)
		if s != "" {
			t.Blocks = []llm.Block{&llm.Text{Mark: llm.Mark{At: at}, Text: s}}
		}
	case rawjson.Array:
		t.Blocks = d.blocks(v, at)
	case rawjson.Absent:
		d.Missing(m, "content")
	case rawjson.Null, rawjson.Bool, rawjson.Number, rawjson.Object:
		d.WrongType(v, "a string or an array of blocks")
	}
	return t
}

// systemConfig notes what a message of the system says beside its content, and
// reports whether that alone makes it one: an effort may change with it, which
// is a hint; its text may be gone after the next message (BetaSystemMessageParam
// of github.com/anthropics/anthropic-sdk-go v2.14.0).
func (d *decoder) systemConfig(m rawjson.Value) bool {
	if until := m.Get("clear_at"); d.Str(until) != "never" {
		d.keep(until, false)
	}
	cfg := m.Get("output_config")
	if !d.object(cfg) || cfg.Len() == 0 {
		return false
	}
	d.keep(cfg, true)
	return true
}

// blocks reads an array of content blocks, which stands at path at.
func (d *decoder) blocks(v rawjson.Value, at string) []llm.Block {
	out := make([]llm.Block, 0, v.Len())
	for i, e := range v.Elems() {
		if e.Kind() != rawjson.Object {
			d.WrongType(e, "an object")
		}
		if d.Err() != nil {
			return out
		}
		if b := d.block(e, rawjson.Index(at, i)); b != nil {
			out = append(out, b)
		}
	}
	return out
}

func (d *decoder) mark(v rawjson.Value, at string) llm.Mark {
	return llm.Mark{Cache: d.cachePoint(v.Get("cache_control"), at), At: at}
}

func (d *decoder) text(v rawjson.Value, at string) *llm.Text {
	d.keepUnknown(textFields, v)
	b := &llm.Text{Mark: d.mark(v, at), Text: d.NeedStr(v, "text")}
	d.count(b.Text)
	if cites := v.Get("citations"); d.array(cites) {
		for _, c := range cites.Elems() {
			b.Cites = append(b.Cites, c.Raw())
		}
		if len(b.Cites) > 0 {
			d.named(llm.FieldCites, rawjson.Join(at, "citations"))
		}
	}
	return b
}

// cachePoint reads the cache_control of the object at path at.
func (d *decoder) cachePoint(v rawjson.Value, at string) *llm.CachePoint {
	if !d.object(v) {
		return nil
	}
	d.word(v, "type", "ephemeral")
	rest, err := cacheFields.Unknown(v)
	if err != nil {
		d.Fail(invalidJSON(d.op, err))
	}
	for _, m := range rest {
		d.keep(m.Value, true)
	}
	at = rawjson.Join(at, "cache_control")
	d.named(llm.FieldCache, at)
	life := d.Str(v.Get("ttl"))
	if life != "" {
		d.named(llm.FieldCacheLife, rawjson.Join(at, "ttl"))
	}
	return &llm.CachePoint{TTL: life, At: at}
}

// cacheAll reads cache_control at the top, which stands for a mark on the last
// block that can have one.
func (d *decoder) cacheAll(v rawjson.Value, c *llm.Chat) {
	point := d.cachePoint(v, "")
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
		if dialect.Blank(b.Text) {
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

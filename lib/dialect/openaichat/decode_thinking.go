package openaichat

import (
	"slices"

	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

var thinkingBlockFields = rawjson.NewFields("type", "thinking", "signature", "data", "index", "issuer", "cache_control")

// sealIssuer is the family that signs thinking_blocks, which are Anthropic's
// unless their issuer says otherwise.
const sealIssuer = "anthropic"

// thinking puts the reasoning of an assistant message among its other blocks.
// thinking_blocks hold the text of reasoning_content with their signatures, so
// that where both are there, reasoning_content adds nothing.
func (d *decoder) thinking(m rawjson.Value, at string, blocks []llm.Block) []llm.Block {
	list := d.array(m.Get("thinking_blocks"), "an array of objects")
	text := d.Str(m.Get("reasoning_content"))
	if len(list) == 0 {
		if text == "" {
			return blocks
		}
		d.count(text)
		at = rawjson.Join(at, "reasoning_content")
		d.named(llm.FieldThinking, at)
		return slices.Insert(blocks, 0, llm.Block(&llm.Thinking{Mark: llm.Mark{At: at}, Text: text}))
	}
	type placed struct {
		index int64
		block llm.Block
	}
	var all []placed
	for i, v := range list {
		b := d.thinkingBlock(v, rawjson.Index(rawjson.Join(at, "thinking_blocks"), i))
		if b == nil {
			return blocks
		}
		index := int64(i)
		if n := d.Int(v.Get("index"), 0, 1<<20); n != nil {
			index = *n
		}
		all = append(all, placed{index, b})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return int(a.index - b.index) })
	for _, p := range all {
		blocks = slices.Insert(blocks, min(int(p.index), len(blocks)), p.block)
	}
	return blocks
}

func (d *decoder) thinkingBlock(v rawjson.Value, at string) llm.Block {
	if v.Kind() != rawjson.Object {
		d.WrongType(v, "an object")
		return nil
	}
	d.keepUnknown(thinkingBlockFields, v)
	d.named(llm.FieldThinking, at)
	b := &llm.Thinking{Mark: llm.Mark{At: at}}
	issuer := d.Str(v.Get("issuer"))
	if issuer == "" {
		issuer = sealIssuer
	}
	switch kind := d.NeedStr(v, "type"); kind {
	case "thinking":
		b.Text = d.Str(v.Get("thinking"))
		d.count(b.Text)
		if s := d.Str(v.Get("signature")); s != "" {
			b.Seal = &llm.Seal{Issuer: issuer, Data: s}
		}
	case "redacted_thinking":
		b.Redacted = true
		b.Seal = &llm.Seal{Issuer: issuer, Data: d.NeedStr(v, "data")}
	default:
		d.invalid(v.Get("type"), "'"+shorten(kind)+"'. Supported values are: 'thinking' and 'redacted_thinking'.")
		return nil
	}
	return b
}

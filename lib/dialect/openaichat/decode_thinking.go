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
func (d *decoder) thinking(m rawjson.Value, blocks []llm.Block) []llm.Block {
	list := d.array(m.Get("thinking_blocks"), "an array of objects")
	text := d.str(m.Get("reasoning_content"))
	if len(list) == 0 {
		if text == "" {
			return blocks
		}
		d.count(text)
		return slices.Insert(blocks, 0, llm.Block(&llm.Thinking{Text: text}))
	}
	type placed struct {
		at    int64
		block llm.Block
	}
	var all []placed
	for i, v := range list {
		b := d.thinkingBlock(v)
		if b == nil {
			return blocks
		}
		at := int64(i)
		if n := d.integer(v.Get("index"), 0, 1<<20); n != nil {
			at = *n
		}
		all = append(all, placed{at, b})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return int(a.at - b.at) })
	for _, p := range all {
		blocks = slices.Insert(blocks, min(int(p.at), len(blocks)), p.block)
	}
	return blocks
}

func (d *decoder) thinkingBlock(v rawjson.Value) llm.Block {
	if v.Kind() != rawjson.Object {
		d.wrongType(v, "an object")
		return nil
	}
	d.keepUnknown(thinkingBlockFields, v)
	b := &llm.Thinking{}
	issuer := d.str(v.Get("issuer"))
	if issuer == "" {
		issuer = sealIssuer
	}
	switch kind := d.needStr(v, "type"); kind {
	case "thinking":
		b.Text = d.str(v.Get("thinking"))
		d.count(b.Text)
		if s := d.str(v.Get("signature")); s != "" {
			b.Seal = &llm.Seal{Issuer: issuer, Data: s}
		}
	case "redacted_thinking":
		b.Redacted = true
		b.Seal = &llm.Seal{Issuer: issuer, Data: d.needStr(v, "data")}
	default:
		path := v.Get("type").Path()
		d.fail(path, codeValue, "Invalid value for '%s': '%s'. Supported values are: 'thinking' and 'redacted_thinking'.", path, shorten(kind))
		return nil
	}
	return b
}

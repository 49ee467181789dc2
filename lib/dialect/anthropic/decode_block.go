package anthropic

import (
	"encoding/base64"
	"strings"

	"weir/lib/llm"
	"weir/lib/tokens"
	"weir/lib/wire/rawjson"
)

var (
	imageFields    = rawjson.NewFields("type", "source", "cache_control")
	documentFields = rawjson.NewFields("type", "source", "cache_control", "title", "context", "citations")
	sourceFields   = rawjson.NewFields("type", "media_type", "data", "url")
	thinkingFields = rawjson.NewFields("type", "thinking", "signature", "data")
	useFields      = rawjson.NewFields("type", "id", "name", "input", "cache_control", "caller")
	resultFields   = rawjson.NewFields("type", "tool_use_id", "content", "is_error", "cache_control")
)

// block reads one content block. Types that only this dialect has (search
// results, what runs at the provider, what is not known yet) stay as they are.
func (d *decoder) block(v rawjson.Value, at string) llm.Block {
	switch kind := d.NeedStr(v, "type"); kind {
	case "text":
		return d.text(v, at)
	case "image":
		d.keepUnknown(imageFields, v)
		d.need(llm.NeedImages)
		d.facts.InputTokens += tokens.Image
		return d.media(v, &llm.Media{Mark: d.mark(v, at), Kind: "image"})
	case "document":
		return d.document(v, at)
	case "thinking":
		d.keepUnknown(thinkingFields, v)
		d.named(llm.FieldThinking, at)
		b := &llm.Thinking{Mark: llm.Mark{At: at}, Text: d.NeedStr(v, "thinking")}
		d.count(b.Text)
		if s := d.Str(v.Get("signature")); s != "" {
			b.Seal = readSeal(s)
		}
		return b
	case "redacted_thinking":
		d.keepUnknown(thinkingFields, v)
		d.named(llm.FieldThinking, at)
		return &llm.Thinking{Redacted: true, Mark: llm.Mark{At: at, Seal: readSeal(d.NeedStr(v, "data"))}}
	case "tool_use":
		return d.toolUse(v, at)
	case "tool_result":
		return d.toolResult(v, at)
	default:
		return d.opaque(v, at, kind)
	}
}

// opaque keeps a block as it is.
func (d *decoder) opaque(v rawjson.Value, at, kind string) llm.Block {
	d.native(v)
	d.files(v)
	d.count(string(v.Raw()))
	return &llm.Opaque{Mark: d.mark(v, at), Dialect: Name, Type: kind, Raw: v.Raw()}
}

func (d *decoder) toolUse(v rawjson.Value, at string) llm.Block {
	d.need(llm.NeedTools)
	d.keepUnknown(useFields, v)
	if c := v.Get("caller"); c.Exists() && !c.Get("type").Is("direct") {
		d.native(c)
	}
	b := &llm.ToolUse{Mark: d.mark(v, at), CallID: d.NeedStr(v, "id"), Name: d.NeedStr(v, "name")}
	input := v.Get("input")
	switch {
	case input.Kind() == rawjson.Absent:
		d.Missing(v, "input")
	case input.Kind() != rawjson.Object:
		d.WrongType(input, "an object")
	}
	b.Input = input.Raw()
	d.count(b.Name)
	d.count(string(b.Input))
	return b
}

func (d *decoder) toolResult(v rawjson.Value, at string) llm.Block {
	d.need(llm.NeedTools)
	d.keepUnknown(resultFields, v)
	b := &llm.ToolResult{Mark: d.mark(v, at), CallID: d.NeedStr(v, "tool_use_id"), IsError: d.Flag(v.Get("is_error"))}
	if b.IsError {
		d.named(llm.FieldToolError, rawjson.Join(at, "is_error"))
	}
	content := v.Get("content")
	at = rawjson.Join(at, "content")
	if s, ok := content.Text(); ok {
		d.count(s)
		b.Content = []llm.Block{&llm.Text{Mark: llm.Mark{At: at}, Text: s}}
	} else if content.Exists() && content.Kind() != rawjson.Array {
		d.WrongType(content, "a string or an array of blocks")
	} else {
		b.Content = d.blocks(content, at)
	}
	return b
}

// document reads a document. What the caller says about it beside its content
// is a hint.
func (d *decoder) document(v rawjson.Value, at string) llm.Block {
	d.keepUnknown(documentFields, v)
	d.need(llm.NeedDocuments)
	d.keep(v.Get("context"), true)
	if c := v.Get("citations"); d.object(c) && d.Flag(c.Get("enabled")) {
		d.keep(c, true)
	}
	b := &llm.Media{Mark: d.mark(v, at), Kind: "document", Name: d.Str(v.Get("title"))}
	out := d.media(v, b)
	if out == llm.Block(b) && b.MIME != plainText {
		d.facts.InputTokens += tokens.Document(len(b.Data))
	}
	return out
}

const plainText = "text/plain"

// media reads the source of an image or a document into b.
func (d *decoder) media(v rawjson.Value, b *llm.Media) llm.Block {
	src := v.Get("source")
	if !d.object(src) {
		if d.Err() == nil {
			d.Missing(v, "source")
		}
		return nil
	}
	switch kind := d.NeedStr(src, "type"); {
	case kind == "base64":
		b.MIME = d.NeedStr(src, "media_type")
		b.Data = d.base64(src)
	case kind == "url":
		b.URL = d.NeedStr(src, "url")
	case kind == "text" && b.Kind == "document":
		b.MIME = plainText
		s := d.NeedStr(src, "data")
		d.count(s)
		b.Data = []byte(s)
	case kind == "file":
		return d.opaque(v, b.At, b.Kind)
	default: // content, which can hold blocks; and what is not known yet
		return d.opaque(v, b.At, b.Kind)
	}
	d.keepUnknown(sourceFields, src)
	return b
}

// base64 decodes standard base64, padded or not.
func (d *decoder) base64(src rawjson.Value) []byte {
	d.NeedStr(src, "data")
	data := strings.TrimRight(string(src.Get("data").Bytes()), "=")
	out, err := base64.RawStdEncoding.DecodeString(data)
	if (err != nil || len(out) == 0) && d.Err() == nil {
		d.fail(rawjson.Join(src.Path(), "data"), "the data is not valid base64")
	}
	return out
}

// foreignSeal marks the signature of a family that this dialect does not know:
// weir:issuer:account:data. Front writes it for a target of another dialect,
// so that a caller sends it back as any other signature.
const foreignSeal = "weir:"

// readSeal reads a signature.
func readSeal(s string) *llm.Seal {
	rest, foreign := strings.CutPrefix(s, foreignSeal)
	if issuer, rest, ok := strings.Cut(rest, ":"); foreign && ok {
		if account, data, ok := strings.Cut(rest, ":"); ok {
			return &llm.Seal{Issuer: issuer, Account: account, Data: data}
		}
	}
	return &llm.Seal{Issuer: sealIssuer, Data: s}
}

// sealIssuer is the family that signs thinking in this dialect.
const sealIssuer = "anthropic"

// writeSeal is the signature that stands for s.
func writeSeal(s *llm.Seal) string {
	if s.Issuer == sealIssuer || s.Issuer == "" {
		return s.Data
	}
	plain := strings.NewReplacer(":", "_")
	return foreignSeal + plain.Replace(s.Issuer) + ":" + plain.Replace(s.Account) + ":" + s.Data
}

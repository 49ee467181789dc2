package openaichat

import (
	"bytes"
	"encoding/base64"
	"strings"

	"weir/lib/llm"
	"weir/lib/tokens"
	"weir/lib/wire/rawjson"
)

var (
	partFields  = rawjson.NewFields("type", "text", "image_url", "input_audio", "file", "refusal", "cache_control", "prompt_cache_breakpoint")
	imageFields = rawjson.NewFields("url", "detail")
	audioFields = rawjson.NewFields("data", "format")
	fileFields  = rawjson.NewFields("file_data", "file_id", "filename")
	cacheFields = rawjson.NewFields("type", "ttl")
	// breakpointFields are those of OpenAI's own prompt_cache_breakpoint.
	breakpointFields = rawjson.NewFields("mode", "ttl")
)

// content reads the content of the message at path at: a string or an array of
// parts. An empty string is a block only where must says that there has to be
// content.
func (d *decoder) content(m rawjson.Value, at string, must bool) []llm.Block {
	v := m.Get("content")
	at = rawjson.Join(at, "content")
	switch v.Kind() {
	case rawjson.String:
		s, _ := v.Text()
		d.count(s)
		if s == "" && !must {
			return nil
		}
		return []llm.Block{&llm.Text{Mark: llm.Mark{At: at}, Text: s}}
	case rawjson.Array:
		var blocks []llm.Block
		for i, part := range v.Elems() {
			if b := d.part(part, rawjson.Index(at, i)); b != nil {
				blocks = append(blocks, b)
			}
		}
		return blocks
	case rawjson.Absent:
		if must {
			d.Missing(m, "content")
		}
	case rawjson.Null:
		if must {
			d.WrongType(v, "a string or an array of parts")
		}
	case rawjson.Bool, rawjson.Number, rawjson.Object:
		d.WrongType(v, "a string or an array of parts")
	}
	return nil
}

// part reads one part of a content. A type that OpenAI does not document is
// kept for vendors that know it.
func (d *decoder) part(v rawjson.Value, at string) llm.Block {
	if v.Kind() != rawjson.Object {
		d.WrongType(v, "an object")
		return nil
	}
	mark := llm.Mark{Cache: d.cachePoint(v, at), At: at}
	switch kind := d.NeedStr(v, "type"); kind {
	case "text":
		d.keepUnknown(partFields, v)
		b := &llm.Text{Mark: mark, Text: d.NeedStr(v, "text")}
		d.count(b.Text)
		return b
	case "refusal":
		d.keepUnknown(partFields, v)
		return &llm.Text{Mark: mark, Text: d.NeedStr(v, "refusal"), Refusal: true}
	case "image_url":
		d.keepUnknown(partFields, v)
		return d.image(v, mark)
	case "input_audio":
		d.keepUnknown(partFields, v)
		return d.audio(v, mark)
	case "file":
		d.keepUnknown(partFields, v)
		return d.file(v, mark)
	default:
		d.native(at)
		return &llm.Opaque{Mark: mark, Dialect: Name, Type: kind, Raw: v.Raw()}
	}
}

// image is image_url: an object with a url, or, as some vendors take it, the
// URL itself.
func (d *decoder) image(part rawjson.Value, mark llm.Mark) llm.Block {
	d.need(llm.NeedImages)
	d.facts.InputTokens += tokens.Image
	b := &llm.Media{Mark: mark, Kind: "image"}
	v := part.Get("image_url")
	at := v
	if v.Kind() != rawjson.String {
		if !v.Exists() {
			d.Missing(part, "image_url")
			return nil
		}
		if !d.Object(v, "an object") {
			return nil
		}
		d.NeedStr(v, "url")
		if b.Detail = d.Str(v.Get("detail")); b.Detail != "" {
			d.named(llm.FieldDetail, rawjson.Join(mark.At, "image_url.detail"))
		}
		d.keepUnknown(imageFields, v)
		at = v.Get("url")
	}
	d.source(at, b)
	return b
}

// source reads a URL; of a data URL the bytes.
func (d *decoder) source(v rawjson.Value, b *llm.Media) {
	raw := v.Bytes()
	if len(raw) < 5 || !strings.EqualFold(string(raw[:5]), "data:") {
		b.URL = string(raw)
		return
	}
	head, data, ok := bytes.Cut(raw[5:], []byte(","))
	mime, isBase64 := strings.CutSuffix(string(head), ";base64")
	if !ok || !isBase64 {
		d.invalid(v, "expected a data URL of the form data:image/png;base64,….")
		return
	}
	b.MIME, _, _ = strings.Cut(mime, ";")
	b.Data = d.base64(v, data)
}

// base64 decodes standard base64, padded or not.
func (d *decoder) base64(v rawjson.Value, data []byte) []byte {
	data = bytes.TrimRight(data, "=")
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(data)))
	n, err := base64.RawStdEncoding.Decode(out, data)
	if err != nil || n == 0 {
		d.invalid(v, "the data is not valid base64.")
		return nil
	}
	return out[:n]
}

func (d *decoder) audio(part rawjson.Value, mark llm.Mark) llm.Block {
	d.need(llm.NeedAudio)
	v := part.Get("input_audio")
	if !v.Exists() {
		d.Missing(part, "input_audio")
	}
	if !d.Object(v, "an object") {
		return nil
	}
	d.NeedStr(v, "data")
	d.keepUnknown(audioFields, v)
	b := &llm.Media{Mark: mark, Kind: "audio", MIME: "audio/" + d.NeedStr(v, "format")}
	data := v.Get("data").Bytes()
	if head, rest, ok := bytes.Cut(data, []byte(";base64,")); ok && bytes.HasPrefix(head, []byte("data:")) {
		data = rest // some clients send a data URL here, too
	}
	b.Data = d.base64(v.Get("data"), data)
	d.facts.InputTokens += tokens.Audio(len(b.Data))
	return b
}

func (d *decoder) file(part rawjson.Value, mark llm.Mark) llm.Block {
	d.need(llm.NeedDocuments)
	v := part.Get("file")
	if !v.Exists() {
		d.Missing(part, "file")
	}
	if !d.Object(v, "an object") {
		return nil
	}
	d.keepUnknown(fileFields, v)
	if id := v.Get("file_id"); id.Exists() {
		d.Str(id)
		d.upstream(id)
		return &llm.Opaque{Mark: mark, Dialect: Name, Type: "file", Raw: part.Raw()}
	}
	b := &llm.Media{Mark: mark, Kind: "document", Name: d.Str(v.Get("filename"))}
	d.NeedStr(v, "file_data")
	data := v.Get("file_data")
	if bytes.HasPrefix(data.Bytes(), []byte("data:")) {
		d.source(data, b)
	} else {
		b.MIME = "application/pdf" // the only type that OpenAI takes without a data URL
		b.Data = d.base64(data, data.Bytes())
	}
	d.facts.InputTokens += tokens.Document(len(b.Data))
	return b
}

// cachePoint reads the cache_control of the object at path at, or OpenAI's own
// prompt_cache_breakpoint.
func (d *decoder) cachePoint(v rawjson.Value, at string) *llm.CachePoint {
	for _, m := range []struct {
		name   string
		fields *rawjson.Fields
	}{{"cache_control", cacheFields}, {"prompt_cache_breakpoint", breakpointFields}} {
		c := v.Get(m.name)
		if !d.Object(c, "an object") {
			continue
		}
		d.keepUnknown(m.fields, c)
		at = rawjson.Join(at, m.name)
		d.named(llm.FieldCache, at)
		life := d.Str(c.Get("ttl"))
		if life != "" {
			d.named(llm.FieldCacheLife, rawjson.Join(at, "ttl"))
		}
		return &llm.CachePoint{TTL: life, At: at}
	}
	return nil
}

// markLast puts a message's own cache_control on its last block.
func (d *decoder) markLast(blocks []llm.Block, m rawjson.Value, at string) {
	if !m.Get("cache_control").Exists() {
		return
	}
	point := d.cachePoint(m, at)
	if point == nil || len(blocks) == 0 {
		return
	}
	switch b := blocks[len(blocks)-1].(type) {
	case *llm.Text:
		b.Cache = point
	case *llm.Media:
		b.Cache = point
	case *llm.ToolResult:
		b.Cache = point
	case *llm.ToolUse:
		b.Cache = point
	case *llm.Thinking:
		b.Cache = point
	case *llm.Opaque:
		b.Cache = point
	}
}

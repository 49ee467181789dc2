package openaichat

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"

	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// vectorEncoder writes an Embeddings answer in the encoding that the caller
// asked for, whatever the provider sent.
type vectorEncoder struct {
	answer
	encoding string
	vectors  []json.RawMessage
}

// Event takes ev; it returns no frames.
func (e *vectorEncoder) Event(ev llm.Event) ([]llm.Frame, []llm.Loss) {
	switch ev := ev.(type) {
	case llm.Started:
		e.started(ev)
	case llm.Vectors:
		e.vectors = make([]json.RawMessage, len(ev.Raw))
		for i, v := range ev.Raw {
			e.vectors[i] = e.convert(v)
		}
	case llm.Used:
		e.used = &ev.Usage
	case llm.Opened, llm.Delta, llm.Sealed, llm.Cited, llm.Closed, llm.Beside, llm.Counted, llm.Stopped, llm.Dropped, llm.Finished:
	}
	return nil, nil
}

// End returns the body.
func (e *vectorEncoder) End() []llm.Frame {
	var w rawjson.Builder
	w.Open('{').Name("object").Str("list").Name("data").Open('[')
	for i, v := range e.vectors {
		w.Open('{').Name("object").Str("embedding").Name("index").Int(int64(i)).Name("embedding").Raw(v).Close('}')
	}
	w.Close(']').Name("model").Str(e.model)
	if e.used != nil {
		in := e.used.Input + e.used.CacheRead + e.used.AudioIn
		w.Name("usage").Open('{').Name("prompt_tokens").Int(in).Name("total_tokens").Int(in + e.used.Output).Close('}')
	}
	return []llm.Frame{frame(w.Close('}').Take())}
}

// convert brings a vector into the caller's encoding. What cannot be read is
// left as it is. Its own copy is returned: the event's bytes are the
// provider's and do not last.
func (e *vectorEncoder) convert(v json.RawMessage) json.RawMessage {
	isBase64 := len(v) > 0 && v[0] == '"'
	if isBase64 != (e.encoding == "base64") {
		if isBase64 {
			if out, ok := floats(v); ok {
				return out
			}
		} else if out, ok := packed(v); ok {
			return out
		}
	}
	return append(json.RawMessage(nil), v...)
}

// packed turns an array of numbers into base64 of little-endian float32.
func packed(v json.RawMessage) (json.RawMessage, bool) {
	doc, err := rawjson.Parse(v, rawjson.Options{Lenient: true})
	if err != nil || doc.Root().Kind() != rawjson.Array {
		return nil, false
	}
	var raw []byte
	for _, x := range doc.Root().Elems() {
		f, ok := x.Float()
		if !ok {
			return nil, false
		}
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(f)))
	}
	out := append([]byte{'"'}, base64.StdEncoding.EncodeToString(raw)...)
	return append(out, '"'), true
}

// floats turns base64 of little-endian float32 into an array of numbers.
func floats(v json.RawMessage) (json.RawMessage, bool) {
	doc, err := rawjson.Parse(v, rawjson.Options{Lenient: true})
	if err != nil {
		return nil, false
	}
	raw, err := base64.StdEncoding.DecodeString(string(doc.Root().Bytes()))
	if err != nil || len(raw)%4 != 0 {
		return nil, false
	}
	out := []byte{'['}
	for i := 0; i < len(raw); i += 4 {
		f := float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[i:])))
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, false
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendFloat(out, f, 'g', -1, 32)
	}
	return append(out, ']'), true
}

package openaichat

import (
	"math"

	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

var embedFields = rawjson.NewFields("model", "input", "dimensions", "encoding_format", "user", "metadata", "safety_identifier")

// maxInputs is how many texts one call may embed
// (platform.openai.com/docs/api-reference/embeddings/create).
const maxInputs = 2048

// embed reads an Embeddings request.
func (d *decoder) embed(root rawjson.Value) *llm.Embed {
	e := &llm.Embed{}
	d.model(root)
	d.identity(root)
	d.inputs(root, e)
	if n := d.Int(root.Get("dimensions"), 1, math.MaxInt32); n != nil {
		e.Dimensions = *n
	}
	e.Encoding = d.Str(root.Get("encoding_format"))
	switch e.Encoding {
	case "", "float", "base64":
	default:
		d.fail("encoding_format", codeValue, "Invalid value for 'encoding_format': '%s'. Supported values are: 'float' and 'base64'.", shorten(e.Encoding))
	}
	d.keepUnknown(embedFields, root)
	e.Extra = d.extra
	return e
}

// inputs reads a text, texts, a text as token ids, or texts as token ids.
func (d *decoder) inputs(root rawjson.Value, e *llm.Embed) {
	v := root.Get("input")
	const want = "a string, an array of strings, an array of integers, or an array of arrays of integers"
	switch v.Kind() {
	case rawjson.Absent:
		d.Missing(root, "input")
		return
	case rawjson.String:
		s, _ := v.Text()
		d.count(s)
		e.Inputs = []string{s}
		return
	case rawjson.Array:
	case rawjson.Null, rawjson.Bool, rawjson.Number, rawjson.Object:
		d.WrongType(v, want)
		return
	}
	n := v.Len()
	switch first := v.At(0); {
	case n == 0:
		d.fail("input", codeEmpty, "Invalid 'input': empty array. Expected at least one input.")
	case first.Kind() == rawjson.Number:
		e.Tokens = [][]int64{d.tokenIDs(v, n)}
	case n > maxInputs:
		d.fail("input", codeValue, "Invalid 'input': expected at most %d inputs, but got %d.", maxInputs, n)
	case first.Kind() == rawjson.String:
		d.texts(v, n, e)
	case first.Kind() == rawjson.Array:
		for _, x := range v.Elems() {
			if x.Kind() != rawjson.Array {
				d.WrongType(x, "an array of integers")
				return
			}
			e.Tokens = append(e.Tokens, d.tokenIDs(x, x.Len()))
		}
	default:
		d.WrongType(first, want)
	}
}

func (d *decoder) texts(v rawjson.Value, n int, e *llm.Embed) {
	e.Inputs = make([]string, 0, n)
	for _, x := range v.Elems() {
		s, ok := x.Text()
		if !ok {
			d.WrongType(x, "a string")
			return
		}
		d.count(s)
		e.Inputs = append(e.Inputs, s)
	}
}

func (d *decoder) tokenIDs(v rawjson.Value, n int) []int64 {
	if n == 0 && d.Err() == nil {
		d.fail(v.Path(), codeEmpty, "Invalid '%s': empty array. Expected at least one token.", v.Path())
	}
	ids := make([]int64, 0, n)
	for _, x := range v.Elems() {
		id, ok := x.Int()
		if !ok || id < 0 {
			d.WrongType(x, "a token id")
			return nil
		}
		ids = append(ids, id)
	}
	d.facts.InputTokens += int64(n)
	return ids
}

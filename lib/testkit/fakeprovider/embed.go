package fakeprovider

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// embedMembers are the members of an embeddings request
// (platform.openai.com/docs/api-reference/embeddings/create).
var embedMembers = []string{"input", "model", "dimensions", "encoding_format", "user"}

// embedRules in the order in which they are tried.
var embedRules = []rule{
	func(p *Provider, body object) *APIError { return p.unknown(body, embedMembers) },
	hasModel, modelExists, embedInput, embedOptions,
}

// invalidInput is what the vendor says to every input that it cannot take
// (aryn-ai/sycamore#943).
func invalidInput() *APIError {
	return &APIError{Message: "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."}
}

// embedInput: a text that is not empty, or at most 2048 texts or token lists
// (platform.openai.com/docs/api-reference/embeddings/create).
func embedInput(_ *Provider, body object) *APIError {
	if _, ok := body["input"]; !ok {
		return missing("input")
	}
	inputs := inputsOf(body)
	if len(inputs) == 0 || len(inputs) > 2048 || slices.Contains(inputs, "") {
		return invalidInput()
	}
	return nil
}

func embedOptions(_ *Provider, body object) *APIError {
	if f := text(body["encoding_format"]); set(body, "encoding_format") && f != "float" && f != "base64" {
		return wrongValue("encoding_format", f, "float", "base64")
	}
	return intRange(body, "dimensions", 1, 3072)
}

// inputsOf are the texts to embed; token lists read as their numbers. Nil
// means that the input is none of the allowed forms.
func inputsOf(body object) []string {
	switch v := body["input"].(type) {
	case string:
		return []string{v}
	case []any:
		if numbers(v) {
			return []string{string(mustMarshal(v))}
		}
		var all []string
		for _, one := range v {
			list, isList := one.([]any)
			s, isText := one.(string)
			switch {
			case isText:
				all = append(all, s)
			case isList && numbers(list):
				all = append(all, string(mustMarshal(list)))
			default:
				return nil
			}
		}
		return all
	}
	return nil
}

// numbers reports whether a list holds numbers only, and at least one.
func numbers(list []any) bool {
	for _, v := range list {
		if _, ok := v.(json.Number); !ok {
			return false
		}
	}
	return len(list) > 0
}

// embed answers POST /v1/embeddings.
func (p *Provider) embed(o *out, raw []byte) {
	body, e := parse(raw)
	if e != nil {
		o.refuse(e)
		return
	}
	for _, r := range embedRules {
		if e := r(p, body); e != nil {
			o.refuse(e)
			return
		}
	}
	a := p.answer(text(body["model"]))
	o.header, o.cut = a.Header, a.Cut
	if !p.wait(o.ctx, a.HeadDelay) {
		panic(http.ErrAbortHandler)
	}
	if o.wrong(a) {
		return
	}
	type one struct {
		Object    string `json:"object"`
		Index     int    `json:"index"`
		Embedding any    `json:"embedding"`
	}
	var data []one
	var u Tokens
	for i, input := range inputsOf(body) {
		data = append(data, one{"embedding", i, embedding(input, int(number(body["dimensions"], 16)), text(body["encoding_format"]) == "base64")})
		u.Prompt += 1 + int64(len(strings.Fields(input)))
	}
	if a.Usage != nil {
		u = *a.Usage
	}
	answer := map[string]any{"object": "list", "data": data, "model": text(body["model"])}
	if a.Report != ReportNever {
		answer["usage"] = map[string]int64{"prompt_tokens": u.Prompt, "total_tokens": u.Prompt}
	}
	if o.whole(http.StatusOK, answer) && a.Report != ReportNever {
		o.report(u)
	}
}

// embedding is a unit vector that depends on the input alone, as numbers or as
// base64 of little-endian float32 (platform.openai.com/docs/api-reference/embeddings).
func embedding(input string, dimensions int, packed bool) any {
	h := fnv.New64a()
	_, _ = h.Write([]byte(input))            // a hash takes all
	r := rand.New(rand.NewPCG(h.Sum64(), 1)) //nolint:gosec // no secret: the same input has the same vector
	v := make([]float64, dimensions)
	sum := 0.0
	for i := range v {
		v[i] = r.NormFloat64()
		sum += v[i] * v[i]
	}
	floats := make([]float32, dimensions)
	for i := range v {
		floats[i] = float32(v[i] / math.Sqrt(sum))
	}
	if !packed {
		return floats
	}
	b := make([]byte, 0, 4*dimensions)
	for _, f := range floats {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(b)
}

package converse

import (
	"fmt"
	"math"
	"strings"

	"weir/lib/dialect/claude"
	"weir/lib/dialect/schema"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// maxTokens is the limit that is sent, 0 for none.
func (e *encoder) maxTokens(p llm.Params) int64 {
	most := e.target.MaxOutput
	if most <= 0 {
		most = e.family.claude.Most
	}
	if most <= 0 {
		most = math.MaxInt32 // what the member holds
	}
	if p.MaxTokens == nil {
		r, m := p.Reasoning, &e.family.claude
		if r == nil || r.Off || !m.Has(claude.Budgeted) || r.Budget <= 0 && m.Has(claude.Adaptive) {
			return 0
		}
		return min(defaultMost+max(r.Budget, 0), most)
	}
	n := *p.MaxTokens
	if n > most {
		e.Drop(llm.FieldMaxTokens, fmt.Sprintf("lowered to the model's most, %d", most))
		return most
	}
	return max(n, 1)
}

// defaultMost is the output, besides thinking, of a call that needs a limit and
// whose caller sets none.
const defaultMost = 16_384

// inference writes inferenceConfig, and returns top_k, which has no place in
// it.
func (e *encoder) inference(p llm.Params, th thought, most int64) (topK *int64) {
	var w rawjson.Builder
	w.Open('{')
	if most > 0 && th.alone {
		e.Drop(llm.FieldMaxTokens, "it cannot be set while the model thinks hard")
	} else if most > 0 {
		w.Name("maxTokens").Int(most)
	}
	s := e.sample(p, th)
	if s.Temperature != nil {
		w.Name("temperature").Float(*s.Temperature)
	}
	if s.TopP != nil {
		w.Name("topP").Float(*s.TopP)
	}
	if stops := e.Stops(p.Stop); len(stops) > 0 {
		w.Name("stopSequences").Open('[')
		for _, s := range stops {
			w.Str(s)
		}
		w.Close(']')
	}
	e.Penalties(p)
	if body := w.Close('}').Take(); len(body) > len("{}") {
		e.w.Name("inferenceConfig").Raw(body)
	}
	return s.TopK
}

// sample chooses the sampling parameters that the model takes.
func (e *encoder) sample(p llm.Params, th thought) claude.Sample {
	if e.family.vendor == claude.Issuer {
		return e.family.claude.Sample(p, th.Thought, e.Losses)
	}
	s := claude.Sample{Temperature: p.Temperature, TopP: p.TopP, TopK: p.TopK}
	if s.TopK != nil && e.family.topK == "" {
		e.Drop("top_k", "this model does not take it")
		s.TopK = nil
	}
	if th.alone {
		s.Temperature, s.TopP = claude.Told(s.Temperature), claude.Told(s.TopP)
		return s.Drop("it cannot be set while the model thinks", e.Losses)
	}
	return s.Bounded(e.Losses)
}

// additional writes additionalModelRequestFields: what the API has no member
// for and the models take.
func (e *encoder) additional(topK *int64, th thought) {
	var w rawjson.Builder
	w.Open('{')
	if topK != nil {
		if e.family.topK == topKNova {
			w.Name("inferenceConfig").Open('{').Name("topK").Int(*topK).Close('}')
		} else {
			w.Name(e.family.topK).Int(*topK)
		}
	}
	th.write(&w, e.family.reasons)
	if body := w.Close('}').Take(); len(body) > len("{}") {
		e.w.Name("additionalModelRequestFields").Raw(body)
	}
}

// endUser tells whom the call is for in the account's own log of invocations,
// where the id is of the form that is taken there (RequestMetadata).
func (e *encoder) endUser(id string) {
	if id == "" {
		return
	}
	taken := len(id) <= 256
	for _, r := range id {
		alphabet := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" :_@$#=/+,-.", r)
		taken = taken && alphabet
	}
	if !taken {
		e.Drop(llm.FieldUser, "ids of users are letters, digits and :_@$#=/+,-. here, 256 at most")
		return
	}
	e.w.Name("requestMetadata").Open('{').Name("user_id").Str(id).Close('}')
}

// tier writes serviceTier or performanceConfig.
func (e *encoder) tier(tier string) {
	switch tier {
	case "", "auto":
	case "priority", "flex", "reserved", "default":
		e.w.Name("serviceTier").Open('{').Name("type").Str(tier).Close('}')
	case "standard_only": // Anthropic's word
		e.w.Name("serviceTier").Open('{').Name("type").Str("default").Close('}')
	case latencyOptimized:
		e.w.Name("performanceConfig").Open('{').Name("latency").Str(latencyOptimized).Close('}')
	default:
		e.Drop("service_tier", "this provider has no tier of that name")
	}
}

// output writes outputConfig: the schema of a structured answer, as a string,
// and the effort of a model that has one there.
func (e *encoder) output(f *llm.Format, th thought) {
	answer := schema.Answer(f, e.family.schema, e.Losses)
	if answer == nil && th.Effort == "" {
		return
	}
	e.w.Name("outputConfig").Open('{')
	if answer != nil {
		e.w.Name("textFormat").Open('{').Name("type").Str("json_schema").
			Name("structure").Open('{').Name("jsonSchema").Open('{').Name("schema").Str(string(answer))
		if f.Name != "" {
			e.w.Name("name").Str(f.Name)
		}
		if f.Description != "" {
			e.w.Name("description").Str(f.Description)
		}
		e.w.Close('}').Close('}').Close('}')
	}
	if th.Effort != "" {
		e.w.Name("effort").Str(th.Effort)
	}
	e.w.Close('}')
}

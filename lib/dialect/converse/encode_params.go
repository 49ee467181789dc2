package converse

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// maxTokens is the limit that is sent, 0 for none.
func (e *encoder) maxTokens(p llm.Params) int64 {
	most := e.target.MaxOutput
	if most <= 0 {
		most = e.family.most
	}
	if most <= 0 {
		most = math.MaxInt32 // what the member holds
	}
	if p.MaxTokens == nil {
		r := p.Reasoning
		if r == nil || r.Off || !e.family.has(budgeted) || r.Budget <= 0 && e.family.has(adaptive) {
			return 0
		}
		return min(defaultMost+max(r.Budget, 0), most)
	}
	n := *p.MaxTokens
	if n > most {
		e.drop("max_tokens", fmt.Sprintf("lowered to the model's most, %d", most))
		return most
	}
	return max(n, 1)
}

// defaultMost is the output, besides thinking, of a call that needs a limit and
// whose caller sets none.
const defaultMost = 16_384

// inference writes inferenceConfig.
func (e *encoder) inference(p llm.Params, th thought, most int64) {
	var w rawjson.Builder
	w.Open('{')
	if most > 0 && th.alone {
		e.drop("max_tokens", "it cannot be set while the model thinks hard")
	} else if most > 0 {
		w.Name("maxTokens").Int(most)
	}
	temperature, topP := e.sampling(p, th)
	if temperature != nil {
		w.Name("temperature").Float(e.clamp("temperature", *temperature))
	}
	if topP != nil {
		w.Name("topP").Float(e.clamp("top_p", *topP))
	}
	var stops []string
	for _, s := range p.Stop {
		if blank(s) {
			e.drop("stop", "a stop sequence of nothing but white space is not taken here")
			continue
		}
		stops = append(stops, s)
	}
	if len(stops) > 0 {
		w.Name("stopSequences").Open('[')
		for _, s := range stops {
			w.Str(s)
		}
		w.Close(']')
	}
	const none = "this provider has no such parameter"
	if f := p.PresencePenalty; f != nil && *f != 0 {
		e.drop("presence_penalty", none)
	}
	if f := p.FrequencyPenalty; f != nil && *f != 0 {
		e.drop("frequency_penalty", none)
	}
	if p.Seed != nil {
		e.drop("seed", none)
	}
	if body := w.Close('}').Take(); len(body) > len("{}") {
		e.w.Name("inferenceConfig").Raw(body)
	}
}

// sampling returns temperature and top_p as far as the model takes them. For
// Claude, a value that is the default says nothing and is left out.
func (e *encoder) sampling(p llm.Params, th thought) (temperature, topP *float64) {
	temperature, topP = p.Temperature, p.TopP
	if e.family.vendor != anthropic && !th.alone {
		return temperature, topP
	}
	why := "this model does not take it"
	refused := e.family.sampling == noSampling
	if th.kind != "" && th.on || th.alone {
		refused, why = true, "it cannot be set while the model thinks"
	}
	temperature = e.unless(refused, "temperature", why, temperature)
	topP = e.unless(refused, "top_p", why, topP)
	if temperature != nil && topP != nil && e.family.sampling == oneSampling {
		e.drop("top_p", "this model takes temperature or top_p, not both")
		topP = nil
	}
	return temperature, topP
}

// unless returns f where it says something and is not refused.
func (e *encoder) unless(refused bool, name, why string, f *float64) *float64 {
	switch {
	case f == nil || *f == 1:
		return nil
	case refused:
		e.drop(name, why)
		return nil
	}
	return f
}

// clamp keeps f between 0 and 1.
func (e *encoder) clamp(name string, f float64) float64 {
	in := min(max(f, 0), 1)
	if in != f {
		e.drop(name, fmt.Sprintf("set to %g: this provider takes 0 to 1", in))
	}
	return in
}

// topK returns top_k where the model takes it.
func (e *encoder) topK(p llm.Params, th thought) *int64 {
	switch {
	case p.TopK == nil:
		return nil
	case e.family.topK == "" || e.family.sampling == noSampling:
		e.drop("top_k", "this model does not take it")
		return nil
	case th.on && e.family.vendor == anthropic && th.kind != "" || th.alone:
		e.drop("top_k", "it cannot be set while the model thinks")
		return nil
	}
	k := max(*p.TopK, 0)
	return &k
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
	th.write(&w, &e.family)
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
		e.note("user", "ids of users are letters, digits and :_@$#=/+,-. here, 256 at most")
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
		e.drop("service_tier", "this provider has no tier of that name")
	}
}

// output writes outputConfig: the schema of a structured answer, as a string,
// and the effort of a model that has one there.
func (e *encoder) output(f *llm.Format, th thought) {
	schema := e.format(f)
	if schema == nil && th.effort == "" {
		return
	}
	e.w.Name("outputConfig").Open('{')
	if schema != nil {
		e.w.Name("textFormat").Open('{').Name("type").Str("json_schema").
			Name("structure").Open('{').Name("jsonSchema").Open('{').Name("schema").Str(string(schema))
		if f.Name != "" {
			e.w.Name("name").Str(f.Name)
		}
		if f.Description != "" {
			e.w.Name("description").Str(f.Description)
		}
		e.w.Close('}').Close('}').Close('}')
	}
	if th.effort != "" {
		e.w.Name("effort").Str(th.effort)
	}
	e.w.Close('}')
}

// format returns the schema of a structured answer, nil where none is asked
// for.
func (e *encoder) format(f *llm.Format) json.RawMessage {
	switch {
	case f == nil || f.Type == "" || f.Type == "text":
		return nil
	case f.Type != "json_schema" || len(f.Schema) == 0:
		e.drop("response_format", "JSON without a schema can only be asked for in words here")
		return nil
	case !e.family.schema:
		e.refuse("response_format", "this model has no structured answers here")
		return nil
	}
	return e.outputSchema(f.Schema)
}

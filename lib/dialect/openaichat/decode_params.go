package openaichat

import (
	"math"

	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// chatFields are the members of a Chat request that this package reads.
var chatFields = rawjson.NewFields(
	"model", "messages", "stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls",
	"max_tokens", "max_completion_tokens", "n", "temperature", "top_p", "top_k", "stop", "seed",
	"presence_penalty", "frequency_penalty", "response_format", "reasoning_effort", "thinking", "service_tier",
	"user", "metadata", "safety_identifier",
	"functions", "function_call", "modalities", "audio", "logprobs", "top_logprobs", "logit_bias", "web_search_options",
	"store", "prediction", "verbosity", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options",
	"previous_response_id", "conversation", "prompt", "extra_body",
)

var (
	streamOptionFields = rawjson.NewFields("include_usage", "include_obfuscation")
	formatFields       = rawjson.NewFields("type", "json_schema")
	schemaFields       = rawjson.NewFields("name", "description", "schema", "strict")
	thinkingFields     = rawjson.NewFields("type", "budget_tokens", "display")
)

// params reads what several dialects share.
func (d *decoder) params(root rawjson.Value) llm.Params {
	return llm.Params{
		MaxTokens:        d.maxTokens(root),
		Temperature:      d.Float(root.Get("temperature")),
		TopP:             d.Float(root.Get("top_p")),
		TopK:             d.Int(root.Get("top_k"), math.MinInt64, math.MaxInt64),
		Stop:             d.stop(root.Get("stop")),
		Seed:             d.Int(root.Get("seed"), math.MinInt64, math.MaxInt64),
		PresencePenalty:  d.Float(root.Get("presence_penalty")),
		FrequencyPenalty: d.Float(root.Get("frequency_penalty")),
		Format:           d.format(root.Get("response_format")),
		Reasoning:        d.reasoning(root),
		ServiceTier:      d.Str(root.Get("service_tier")),
		StreamUsage:      d.streamUsage(root.Get("stream_options")),
	}
}

func (d *decoder) stop(v rawjson.Value) []string {
	if s, ok := v.Text(); ok {
		return []string{s}
	}
	var stop []string
	for _, e := range d.array(v, "a string or an array of strings") {
		s, ok := e.Text()
		if !ok {
			d.WrongType(e, "a string")
		}
		stop = append(stop, s)
	}
	return stop
}

func (d *decoder) streamUsage(v rawjson.Value) bool {
	if !d.Object(v, "an object") {
		return false
	}
	d.keep(v.Get("include_obfuscation"), true)
	d.keepUnknown(streamOptionFields, v)
	return d.Flag(v.Get("include_usage"))
}

func (d *decoder) format(v rawjson.Value) *llm.Format {
	if !d.Object(v, "an object") {
		return nil
	}
	f := &llm.Format{Type: d.NeedStr(v, "type")}
	switch f.Type {
	case "text", "json_object":
	case "json_schema":
		d.need(llm.NeedJSONSchema)
		s := v.Get("json_schema")
		if !s.Exists() {
			d.Missing(v, "json_schema")
		}
		if d.Object(s, "an object") {
			f.Name = d.NeedStr(s, "name")
			f.Description = d.Str(s.Get("description"))
			f.Strict = d.Bool(s.Get("strict"))
			if schema := s.Get("schema"); d.Object(schema, "an object") {
				f.Schema = schema.Raw()
				d.count(string(f.Schema))
			}
			d.keepUnknown(schemaFields, s)
		}
	default: // a vendor's own, such as a grammar
		d.native(v.Path())
		return nil
	}
	d.keepUnknown(formatFields, v)
	return f
}

// reasoning reads reasoning_effort, and thinking as Anthropic writes it.
func (d *decoder) reasoning(root rawjson.Value) *llm.Reasoning {
	effort := d.Str(root.Get("reasoning_effort"))
	var out *llm.Reasoning
	if effort != "" {
		out = &llm.Reasoning{Effort: effort, Off: effort == "none"}
	}
	v := root.Get("thinking")
	if d.Object(v, "an object") {
		if out == nil {
			out = &llm.Reasoning{}
		}
		out.Off = d.NeedStr(v, "type") == "disabled"
		out.Summary = d.Str(v.Get("display"))
		if n := d.Int(v.Get("budget_tokens"), 1, maxTokens); n != nil {
			out.Budget = *n
		}
		d.keepUnknown(thinkingFields, v)
	}
	if out != nil && !out.Off {
		d.need(llm.NeedReasoning)
	}
	d.reasoningPaths(v, out)
	return out
}

// reasoningPaths says where the caller asked for thinking, v being thinking.
// An effort or a budget that was made of the other is named as that.
func (d *decoder) reasoningPaths(v rawjson.Value, r *llm.Reasoning) {
	if r == nil {
		return
	}
	const effort, budget = "reasoning_effort", "thinking.budget_tokens"
	whole := effort
	if v.Exists() {
		whole = "thinking"
	}
	d.named(llm.FieldReasoning, whole)
	if r.Budget > 0 {
		d.named(llm.FieldBudget, budget)
		whole = budget
	}
	if r.Effort != "" {
		d.named(llm.FieldEffort, effort)
		whole = effort
	}
	d.named(llm.FieldEffort, whole)
	d.named(llm.FieldBudget, whole)
}

// natives notes members that only this dialect can say.
func (d *decoder) natives(root rawjson.Value) {
	for _, name := range []string{"functions", "function_call", "audio", "top_logprobs", "web_search_options"} {
		if v := root.Get(name); v.Exists() {
			d.native(name)
		}
	}
	if d.Flag(root.Get("logprobs")) {
		d.native("logprobs")
	}
	if v := root.Get("logit_bias"); d.Object(v, "an object") && v.Len() > 0 {
		d.native("logit_bias")
	}
	for _, m := range d.array(root.Get("modalities"), "an array of strings") {
		switch s := d.Str(m); s {
		case "text":
		case "audio":
			d.need(llm.NeedAudio)
			d.native("modalities")
		default:
			d.native("modalities")
		}
	}
}

// hints notes members that change cost or convenience but not the answer's
// meaning: another dialect may drop them with a Loss.
func (d *decoder) hints(root rawjson.Value) {
	for _, name := range []string{"prediction", "verbosity", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"} {
		d.keep(root.Get(name), true)
	}
	if v := root.Get("store"); d.Flag(v) {
		d.keep(v, true)
	}
}

// states notes ids of state that a provider holds, wherever a compatible
// vendor takes them.
func (d *decoder) states(root rawjson.Value) {
	d.upstream(root.Get("previous_response_id"))
	for _, name := range []string{"conversation", "prompt"} {
		v := root.Get(name)
		d.upstream(v)
		d.upstream(v.Get("id"))
		d.keep(v, false)
	}
	extra := root.Get("extra_body")
	d.upstream(extra.Get("cached_content"))
	d.upstream(extra.Get("google").Get("cached_content"))
	d.keep(extra, false)
}

package anthropic

import (
	"math"

	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

var (
	toolFields    = rawjson.NewFields("type", "name", "description", "input_schema", "cache_control", "strict", "eager_input_streaming", "input_examples", "defer_loading", "allowed_callers")
	choiceFields  = rawjson.NewFields("type", "name", "disable_parallel_tool_use")
	thinkFields   = rawjson.NewFields("type", "budget_tokens", "display")
	outputFields  = rawjson.NewFields("effort", "format", "task_budget")
	formatFields  = rawjson.NewFields("type", "schema")
	metadataField = rawjson.NewFields("user_id")
)

// tools reads the caller's own tools. Tools of another type are the vendor's:
// they run there, or the model knows them by their type.
func (d *decoder) tools(root rawjson.Value) []llm.Tool {
	v := root.Get("tools")
	if !d.array(v) {
		return nil
	}
	out := make([]llm.Tool, 0, v.Len())
	for i, t := range v.Elems() {
		if t.Kind() != rawjson.Object {
			d.WrongType(t, "an object")
		}
		if d.Err() != nil {
			return out
		}
		d.need(llm.NeedTools)
		if kind := d.Str(t.Get("type")); kind != "" && kind != "custom" {
			d.toolModel(t)
			d.native(t)
			d.count(string(t.Raw()))
			continue
		}
		out = append(out, d.tool(t, rawjson.Index("tools", i)))
	}
	return out
}

func (d *decoder) tool(v rawjson.Value, at string) llm.Tool {
	d.keepUnknown(toolFields, v)
	t := llm.Tool{
		Name:        d.NeedStr(v, "name"),
		Description: d.Str(v.Get("description")),
		Strict:      d.Bool(v.Get("strict")),
		Cache:       d.cachePoint(v.Get("cache_control"), at),
		At:          at,
	}
	if t.Strict != nil && *t.Strict {
		d.named(llm.FieldStrict, rawjson.Join(at, "strict"))
	}
	schema := v.Get("input_schema")
	switch {
	case schema.Kind() == rawjson.Absent:
		d.Missing(v, "input_schema")
	case schema.Kind() != rawjson.Object:
		d.WrongType(schema, "an object")
	}
	t.Schema = schema.Raw()
	d.count(t.Name)
	d.count(t.Description)
	d.count(string(t.Schema))
	d.keep(v.Get("eager_input_streaming"), true)
	d.keep(v.Get("input_examples"), true)
	if later := v.Get("defer_loading"); d.Flag(later) {
		d.native(later)
	}
	callers := v.Get("allowed_callers")
	for _, c := range callers.Elems() {
		if !c.Is("direct") {
			d.native(callers)
		}
	}
	return t
}

// toolChoice reads tool_choice.
func (d *decoder) toolChoice(v rawjson.Value) llm.ToolChoice {
	var c llm.ToolChoice
	if !d.object(v) {
		return c
	}
	d.keepUnknown(choiceFields, v)
	switch kind := d.word(v, "type", "auto", "any", "tool", "none"); kind {
	case "any":
		c.Mode = "required"
	case "tool":
		c.Mode, c.Name = "tool", d.NeedStr(v, "name")
	default:
		c.Mode = kind
	}
	if off := d.Bool(v.Get("disable_parallel_tool_use")); off != nil {
		on := !*off
		d.named(llm.FieldParallel, "tool_choice.disable_parallel_tool_use")
		c.Parallel = &on
	}
	return c
}

// params reads what several dialects share. max_tokens must be there, except
// to count; 0 fills the prompt cache and gives no answer.
func (d *decoder) params(root rawjson.Value) llm.Params {
	most := root.Get("max_tokens")
	if !most.Exists() && d.facts.Op == llm.OpChat {
		d.Missing(root, "max_tokens")
	}
	p := llm.Params{
		MaxTokens:   d.Int(most, 0, maxTokens),
		Temperature: d.Float(root.Get("temperature")),
		TopP:        d.Float(root.Get("top_p")),
		TopK:        d.Int(root.Get("top_k"), 0, math.MaxInt64),
		ServiceTier: d.Str(root.Get("service_tier")),
		StreamUsage: true, // streams of this dialect always end with it
	}
	if p.MaxTokens != nil {
		d.facts.MaxOutput = *p.MaxTokens
		if *p.MaxTokens == 0 {
			d.native(most)
		}
	}
	if stop := root.Get("stop_sequences"); d.array(stop) {
		d.named(llm.FieldStop, "stop_sequences")
		for _, s := range stop.Elems() {
			text, ok := s.Text()
			if !ok {
				d.WrongType(s, "a string")
			}
			p.Stop = append(p.Stop, text)
		}
	}
	d.output(root, &p)
	d.thinking(root.Get("thinking"), &p)
	if meta := root.Get("metadata"); d.object(meta) {
		d.keepUnknown(metadataField, meta)
		if id := meta.Get("user_id"); id.Exists() {
			d.facts.EndUser = user(d.Str(id))
			d.named(llm.FieldUser, "metadata.user_id")
		}
	}
	d.reasoningPaths(root, &p)
	return p
}

// output reads output_config and the older output_format.
func (d *decoder) output(root rawjson.Value, p *llm.Params) {
	format, at := root.Get("output_format"), "output_format"
	if cfg := root.Get("output_config"); d.object(cfg) {
		d.keepUnknown(outputFields, cfg)
		d.native(cfg.Get("task_budget"))
		if effort := d.Str(cfg.Get("effort")); effort != "" {
			p.Reasoning = &llm.Reasoning{Effort: effort}
		}
		if f := cfg.Get("format"); f.Exists() {
			format, at = f, "output_config.format"
		}
	}
	if !d.object(format) {
		return
	}
	d.keepUnknown(formatFields, format)
	d.word(format, "type", "json_schema")
	d.need(llm.NeedJSONSchema)
	schema := format.Get("schema")
	if !d.object(schema) {
		if d.Err() == nil {
			d.Missing(format, "schema")
		}
		return
	}
	d.named(llm.FieldFormat, at)
	d.named(llm.FieldSchema, rawjson.Join(at, "schema"))
	p.Format = &llm.Format{Type: "json_schema", Schema: schema.Raw()}
	d.count(string(schema.Raw()))
}

// reasoningPaths says where the caller asked for thinking. An effort or a
// budget that was made of the other is named as that.
func (d *decoder) reasoningPaths(root rawjson.Value, p *llm.Params) {
	if p.Reasoning == nil {
		return
	}
	const effort, budget = "output_config.effort", "thinking.budget_tokens"
	whole := effort
	if root.Get("thinking").Exists() {
		whole = "thinking"
	}
	d.named(llm.FieldReasoning, whole)
	if p.Reasoning.Budget > 0 {
		d.named(llm.FieldBudget, budget)
		whole = budget
	}
	if p.Reasoning.Effort != "" {
		d.named(llm.FieldEffort, effort)
		whole = effort
	}
	d.named(llm.FieldEffort, whole)
	d.named(llm.FieldBudget, whole)
}

// thinking reads thinking. Between tools it is as good as off: the model only
// notes there what it is doing.
func (d *decoder) thinking(v rawjson.Value, p *llm.Params) {
	if !d.object(v) {
		return
	}
	d.keepUnknown(thinkFields, v)
	r := p.Reasoning
	if r == nil {
		r = &llm.Reasoning{}
	}
	p.Reasoning = r
	r.Summary = d.Str(v.Get("display"))
	switch d.word(v, "type", "enabled", "disabled", "adaptive", "between_tools") {
	case "enabled":
		if v.Get("budget_tokens").Kind() == rawjson.Absent {
			d.Missing(v, "budget_tokens")
		}
		if n := d.Int(v.Get("budget_tokens"), 1, maxTokens); n != nil {
			r.Budget = *n
		}
	case "disabled", "between_tools":
		r.Off = true
	}
	if !r.Off {
		d.need(llm.NeedReasoning)
	}
}

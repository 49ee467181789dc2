package anthropic

import (
	"fmt"

	"weir/lib/dialect/claude"
	"weir/lib/dialect/history"
	"weir/lib/dialect/schema"
	"weir/lib/llm"
)

// Output that is asked for where the caller sets no limit.
const (
	defaultMost  = 32_000
	strangerMost = 8_192
)

// maxTokens is the limit that is sent.
func (e *encoder) maxTokens(p llm.Params) int64 {
	most := e.target.MaxOutput
	if most <= 0 {
		most = e.model.Most
	}
	if p.MaxTokens == nil {
		n := int64(defaultMost)
		if most <= 0 {
			return strangerMost + budgetOf(p.Reasoning)
		}
		return min(n+budgetOf(p.Reasoning), most)
	}
	if n := *p.MaxTokens; most <= 0 || n <= most {
		return n
	}
	e.Drop(llm.FieldMaxTokens, fmt.Sprintf("lowered to the model's most, %d", most))
	return most
}

func budgetOf(r *llm.Reasoning) int64 {
	if r == nil || r.Off {
		return 0
	}
	return r.Budget
}

// params writes what the caller set.
func (e *encoder) params(p llm.Params, th claude.Thought) {
	s := e.model.Sample(p, th, e.Losses)
	if s.Temperature != nil {
		e.w.Name("temperature").Float(*s.Temperature)
	}
	if s.TopP != nil {
		e.w.Name("top_p").Float(*s.TopP)
	}
	if s.TopK != nil {
		e.w.Name("top_k").Int(*s.TopK)
	}
	e.Penalties(p)
	if stops := e.Stops(p.Stop); len(stops) > 0 {
		e.w.Name("stop_sequences").Open('[')
		for _, s := range stops {
			e.w.Str(s)
		}
		e.w.Close(']')
	}
	e.tier(p.ServiceTier)
}

// tier writes a service tier: auto takes priority capacity where it was bought
// (platform.claude.com/docs/en/api/service-tiers, read 2026-11).
func (e *encoder) tier(tier string) {
	switch tier {
	case "":
	case "auto", "standard_only":
		e.w.Name("service_tier").Str(tier)
	case "default":
		e.w.Name("service_tier").Str("standard_only")
	default:
		e.Drop("service_tier", "this provider has no tier of that name")
	}
}

// toolsOf returns the tools that are declared: the caller's, or, where the
// caller has none but the history calls some, those, because the vendor wants
// tools declared that it reads of. declared says that they are the caller's.
func (e *encoder) toolsOf(c *llm.Chat, h *history.History) (tools []llm.Tool, declared bool) {
	if len(c.Tools) > 0 {
		return c.Tools, true
	}
	if tools = h.Called(); len(tools) > 0 {
		e.Note("tools", "tools that only the history calls were declared, and forbidden to be called")
	}
	return tools, false
}

func (e *encoder) tools(tools []llm.Tool) {
	if len(tools) == 0 {
		return
	}
	e.w.Name("tools").Open('[')
	for i, t := range tools {
		e.w.Open('{').Name("name").Str(t.Name)
		if t.Description != "" {
			e.w.Name("description").Str(t.Description)
		}
		e.w.Name("input_schema").Raw(schema.Input(t, e.Losses))
		if t.Strict != nil && *t.Strict {
			if e.model.Schema {
				e.w.Name("strict").Bool(true)
			} else {
				e.Drop(llm.FieldStrict, "this model does not hold itself to a tool's schema")
			}
		}
		e.cacheControl(i)
		e.w.Close('}')
	}
	e.w.Close(']')
}

// choiceOf is the type of tool_choice that is sent; empty where it is left
// out.
func (e *encoder) choiceOf(c *llm.Chat, declared bool) string {
	if !declared {
		return "none" // left out where there are no tools
	}
	switch c.Choice.Mode {
	case "auto", "none":
		return c.Choice.Mode
	case "required", "tool":
		if e.model.Unforced {
			e.Drop("tool_choice", "this model cannot be made to call a tool; it was left to choose")
			return "auto"
		}
		if c.Choice.Mode == "tool" {
			return "tool"
		}
		return "any"
	}
	if c.Choice.Parallel != nil && !*c.Choice.Parallel {
		return "auto"
	}
	return ""
}

// choice writes tool_choice, which the vendor takes only beside tools.
func (e *encoder) choice(c llm.ToolChoice, kind string, tools bool) {
	if kind == "" || !tools {
		return
	}
	e.w.Name("tool_choice").Open('{').Name("type").Str(kind)
	if kind == "tool" {
		e.w.Name("name").Str(c.Name)
	}
	if kind != "none" && c.Parallel != nil && !*c.Parallel {
		e.w.Name("disable_parallel_tool_use").Bool(true)
	}
	e.w.Close('}')
}

// thinking writes thinking and output_config.
func (e *encoder) thinking(t claude.Thought, f *llm.Format) {
	t.Write(&e.w)
	answer := schema.Answer(f, e.model.Schema, e.Losses)
	if t.Effort == "" && answer == nil {
		return
	}
	e.w.Name("output_config").Open('{')
	if t.Effort != "" {
		e.w.Name("effort").Str(t.Effort)
	}
	if answer != nil {
		if f.Description != "" {
			e.Drop(llm.FieldFormat+".json_schema.description", "a schema has no description of its own here")
		}
		e.w.Name("format").Open('{').Name("type").Str("json_schema").Name("schema").Raw(answer).Close('}')
	}
	e.w.Close('}')
}

package anthropic

import (
	"fmt"

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
		most = e.family.most
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
	e.drop("max_tokens", fmt.Sprintf("lowered to the model's most, %d", most))
	return most
}

func budgetOf(r *llm.Reasoning) int64 {
	if r == nil || r.Off {
		return 0
	}
	return r.Budget
}

// params writes what the caller set. th says whether the model thinks: then it
// takes no other temperature than 1, no top_k and no top_p below 0.95
// (platform.claude.com/docs/en/build-with-claude/extended-thinking, read
// 2026-11).
func (e *encoder) params(p llm.Params, th thought) {
	e.sampling(p, th.on && th.kind != "")
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
	e.stop(p.Stop)
	e.tier(p.ServiceTier)
}

// sampling writes temperature, top_p and top_k as far as the model takes them.
// A value that is the default says nothing and is left out.
func (e *encoder) sampling(p llm.Params, thinks bool) {
	const defaults = 1
	why := "this model does not take it"
	refused := e.family.sampling == noSampling
	if thinks {
		refused, why = true, "it cannot be set while the model thinks"
	}
	temperature, topP, topK := p.Temperature, p.TopP, p.TopK
	if temperature != nil && (refused || *temperature == defaults) {
		if *temperature != defaults {
			e.drop("temperature", why)
		}
		temperature = nil
	}
	if topP != nil && (refused || *topP == defaults) {
		if *topP != defaults {
			e.drop("top_p", why)
		}
		topP = nil
	}
	if topK != nil && refused {
		e.drop("top_k", why)
		topK = nil
	}
	if temperature != nil && topP != nil && e.family.sampling == oneSampling {
		e.drop("top_p", "this model takes temperature or top_p, not both")
		topP = nil
	}
	if temperature != nil {
		e.w.Name("temperature").Float(e.clamp("temperature", *temperature))
	}
	if topP != nil {
		e.w.Name("top_p").Float(e.clamp("top_p", *topP))
	}
	if topK != nil {
		e.w.Name("top_k").Int(max(*topK, 0))
	}
}

// clamp keeps f between 0 and 1.
func (e *encoder) clamp(name string, f float64) float64 {
	in := min(max(f, 0), 1)
	if in != f {
		e.drop(name, fmt.Sprintf("set to %g: this provider takes 0 to 1", in))
	}
	return in
}

func (e *encoder) stop(all []string) {
	var said []string
	for _, s := range all {
		if blank(s) {
			e.drop("stop", "a stop sequence of nothing but white space is not taken here")
			continue
		}
		said = append(said, s)
	}
	if len(said) == 0 {
		return
	}
	e.w.Name("stop_sequences").Open('[')
	for _, s := range said {
		e.w.Str(s)
	}
	e.w.Close(']')
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
		e.drop("service_tier", "this provider has no tier of that name")
	}
}

// toolsOf returns the tools that are declared: the caller's, or, where the
// caller has none but the history calls some, those, because the vendor wants
// tools declared that it reads of. declared says that they are the caller's.
func (e *encoder) toolsOf(c *llm.Chat, h *history) (tools []llm.Tool, declared bool) {
	if len(c.Tools) > 0 {
		return c.Tools, true
	}
	seen := map[string]bool{}
	for _, m := range h.messages {
		for _, b := range m.blocks {
			if u, ok := b.(*llm.ToolUse); ok && !seen[u.Name] {
				seen[u.Name] = true
				tools = append(tools, llm.Tool{Name: u.Name})
			}
		}
	}
	if len(tools) > 0 {
		e.drop("tools", "tools that only the history calls were declared, and forbidden to be called")
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
		e.w.Name("input_schema").Raw(objectSchema(t.Schema))
		if t.Strict != nil && *t.Strict {
			if e.family.schema {
				e.w.Name("strict").Bool(true)
			} else {
				e.drop("tools.strict", "this model does not hold itself to a tool's schema")
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
		if e.family.unforced {
			e.drop("tool_choice", "this model cannot be made to call a tool; it was left to choose")
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

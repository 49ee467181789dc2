package openaichat

import (
	"fmt"

	"weir/lib/llm"
)

// params writes what the caller set.
func (e *encoder) params(p llm.Params) {
	e.maxTokens(p.MaxTokens)
	e.float("temperature", p.Temperature)
	e.float("top_p", p.TopP)
	e.float("presence_penalty", p.PresencePenalty)
	e.float("frequency_penalty", p.FrequencyPenalty)
	if p.TopK != nil {
		e.Drop("top_k", "Chat Completions has no such parameter")
	}
	if p.Seed != nil {
		e.w.Name("seed").Int(*p.Seed)
	}
	if len(p.Stop) > 0 {
		e.w.Name("stop").Open('[')
		for _, s := range p.Stop {
			e.w.Str(s)
		}
		e.w.Close(']')
	}
	e.format(p.Format)
	e.reasoning(p.Reasoning)
	e.tier(p.ServiceTier)
}

func (e *encoder) float(name string, f *float64) {
	if f != nil {
		e.w.Name(name).Float(*f)
	}
}

// maxTokens writes the limit under the name that the vendor knows, no higher
// than the model can go: dialects that must always say a limit often say more.
func (e *encoder) maxTokens(n *int64) {
	if n == nil {
		return
	}
	most := *n
	if e.target.MaxOutput > 0 && most > e.target.MaxOutput {
		most = e.target.MaxOutput
		e.Drop(llm.FieldMaxTokens, fmt.Sprintf("lowered to the model's most, %d", most))
	}
	name := "max_completion_tokens"
	if e.target.Quirks.MaxTokensOnly {
		name = "max_tokens"
	}
	e.w.Name(name).Int(most)
}

func (e *encoder) format(f *llm.Format) {
	if f == nil || f.Type == "" || f.Type == "text" {
		return
	}
	e.w.Name("response_format").Open('{').Name("type").Str(f.Type)
	if f.Type == "json_schema" {
		name := f.Name
		if name == "" {
			name = "answer" // required here, not in every dialect
		}
		e.w.Name("json_schema").Open('{').Name("name").Str(name)
		if f.Description != "" {
			e.w.Name("description").Str(f.Description)
		}
		if len(f.Schema) > 0 {
			e.w.Name("schema").Raw(f.Schema)
		}
		e.strict(f.Strict)
		e.w.Close('}')
	}
	e.w.Close('}')
}

// Budgets of thinking tokens up to which an effort stands for them.
const (
	lowBudget    = 4_096
	mediumBudget = 16_384
)

// reasoning writes an effort. A budget of tokens becomes the nearest effort;
// "off" is left out, because models that do not reason refuse the word.
func (e *encoder) reasoning(r *llm.Reasoning) {
	if r == nil || r.Off {
		return
	}
	effort := r.Effort
	if effort == "" && r.Budget > 0 {
		switch {
		case r.Budget <= lowBudget:
			effort = "low"
		case r.Budget <= mediumBudget:
			effort = "medium"
		default:
			effort = "high"
		}
		e.Drop(llm.FieldBudget, "sent as reasoning_effort "+effort)
	}
	if effort != "" {
		e.w.Name("reasoning_effort").Str(effort)
	}
}

// tier writes a service tier that OpenAI knows
// (platform.openai.com/docs/api-reference/chat/create). What another dialect
// calls standard_only is the default here: no capacity that costs more.
func (e *encoder) tier(tier string) {
	switch tier {
	case "":
	case "auto", "default", "flex", "scale", "priority":
		e.w.Name("service_tier").Str(tier)
	case "standard_only":
		e.w.Name("service_tier").Str("default")
	default:
		e.Drop("service_tier", "this provider has no tier of that name")
	}
}

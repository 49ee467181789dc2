package openaichat

import (
	"fmt"

	"weir/lib/llm"
)

// params writes what the caller set. tools says whether there are any.
func (e *encoder) params(p llm.Params, tools bool) {
	e.maxTokens(p.MaxTokens)
	e.sampling(p, e.reasoning(p.Reasoning, tools))
	if p.TopK != nil {
		e.Drop("top_k", "Chat Completions has no such parameter")
	}
	if p.Seed != nil {
		e.w.Name("seed").Int(*p.Seed)
	}
	e.format(p.Format)
	e.tier(p.ServiceTier)
}

// sampling writes what OpenAI's models do not take while they reason: then each
// has its default (developers.openai.com/api/docs/guides/latest-model; for stop
// docs.litellm.ai and github.com/n8n-io/n8n/issues/18149; read 2026-11). The
// ranges are those of platform.openai.com/docs/api-reference/chat/create.
func (e *encoder) sampling(p llm.Params, reasons bool) {
	for _, f := range []struct {
		name               string
		value              *float64
		usually, low, high float64
	}{
		{"temperature", p.Temperature, 1, 0, 2},
		{"top_p", p.TopP, 1, 0, 1},
		{"presence_penalty", p.PresencePenalty, 0, -2, 2},
		{"frequency_penalty", p.FrequencyPenalty, 0, -2, 2},
	} {
		switch {
		case f.value == nil, reasons && *f.value == f.usually:
		case reasons:
			e.Drop(f.name, "this model does not take it while it reasons")
		default:
			e.w.Name(f.name).Float(*e.Within(f.name, f.value, f.low, f.high))
		}
	}
	if len(p.Stop) > 0 && reasons {
		e.Drop(llm.FieldStop, "this model does not take it while it reasons")
	} else if len(p.Stop) > 0 {
		e.w.Name("stop").Open('[')
		for _, s := range p.Stop {
			e.w.Str(s)
		}
		e.w.Close(']')
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

// tier writes a service tier that OpenAI knows
// (platform.openai.com/docs/api-reference/chat/create). What another dialect
// calls standard_only is the default here: no capacity that costs more.
func (e *encoder) tier(tier string) {
	switch tier {
	case "":
	case "auto", "default", "flex", "scale", "priority", "fast":
		e.w.Name("service_tier").Str(tier)
	case "standard_only":
		e.w.Name("service_tier").Str("default")
	default:
		e.Drop("service_tier", "this provider has no tier of that name")
	}
}

package strict

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

func (v *verdict) marks() error {
	var lives []string
	var walk func(bs blocks)
	walk = func(bs blocks) {
		for _, b := range bs {
			walk(b.Content)
			if b.CacheControl != nil {
				lives = append(lives, b.CacheControl.TTL)
			}
		}
	}
	for _, t := range v.Tools {
		if t.CacheControl != nil {
			lives = append(lives, t.CacheControl.TTL)
		}
	}
	walk(v.System)
	for _, m := range v.Messages {
		walk(m.Content)
	}
	if len(lives) > 4 {
		return fmt.Errorf("a maximum of 4 blocks with cache_control may be provided, found %d", len(lives))
	}
	short := false
	for _, l := range lives {
		switch l {
		case "", "5m":
			short = true
		case "1h":
			if short {
				return errors.New("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block")
			}
		default:
			return fmt.Errorf("cache_control.ttl: %s", l)
		}
	}
	return nil
}

func (v *verdict) toolRules() error {
	names := map[string]bool{}
	for i, t := range v.Tools {
		if names[t.Name] || t.InputSchema["type"] != "object" {
			return fmt.Errorf("tools.%d.custom.input_schema.type: Field required, or the name is there twice", i)
		}
		names[t.Name] = true
	}
	for _, m := range v.Messages {
		for _, b := range m.Content {
			if (b.Type == "tool_use" || b.Type == "tool_result") && len(v.Tools) == 0 {
				return errors.New("requests which include `tool_use` or `tool_result` blocks must define tools")
			}
		}
	}
	if v.ToolChoice == nil {
		return nil
	}
	force := v.ToolChoice.Type == "any" || v.ToolChoice.Type == "tool"
	switch {
	case len(v.Tools) == 0:
		return errors.New("tool_choice may only be specified while providing tools")
	case force && !v.forced:
		return errors.New("tool_choice: forced tool use is not supported on this model")
	case force && v.Thinking != nil && (v.Thinking.Type == "enabled" || v.Thinking.Type == "adaptive"):
		return errors.New("thinking may not be enabled when tool_choice forces tool use")
	}
	return nil
}

func (v *verdict) thinkingRules() error {
	th := v.Thinking
	if th == nil {
		return nil
	}
	if !slices.Contains(v.thinking, th.Type) {
		return fmt.Errorf("%q is not supported for this model", "thinking.type."+th.Type)
	}
	if th.Type != "enabled" {
		return nil
	}
	if th.Budget < 1024 || v.MaxTokens != nil && th.Budget >= *v.MaxTokens {
		return fmt.Errorf("thinking.budget_tokens: %d of %d", th.Budget, *v.MaxTokens)
	}
	first := -1
	for i, m := range v.Messages {
		switch {
		case m.Role == "user" && m.Content[0].Type != "tool_result":
			first = -1
		case m.Role == "assistant" && first < 0:
			first = i
		}
	}
	if last := len(v.Messages) - 1; first >= 0 && v.Messages[last].Role != "assistant" {
		if t := v.Messages[first].Content[0].Type; t != "thinking" && t != "redacted_thinking" {
			return fmt.Errorf("messages.%d.content.0.type: Expected `thinking` or `redacted_thinking`, but found `%s`", first, t)
		}
	}
	return nil
}

func (v *verdict) samplingRules() error {
	on := v.Thinking != nil && (v.Thinking.Type == "enabled" || v.Thinking.Type == "adaptive")
	switch {
	case v.Temperature != nil && (*v.Temperature < 0 || *v.Temperature > 1):
		return errors.New("temperature: range: 0..1")
	case (on || v.sampling == "none") && (v.Temperature != nil || v.TopK != nil || v.TopP != nil):
		return errors.New("`temperature`, `top_p` and `top_k` may not be set while thinking, or for this model")
	case v.sampling == "one" && v.Temperature != nil && v.TopP != nil:
		return errors.New("`temperature` and `top_p` cannot both be specified for this model")
	}
	if slices.ContainsFunc(v.StopSequences, blankText) {
		return errors.New("stop_sequences: each stop sequence must contain non-whitespace")
	}
	return nil
}

func (v *verdict) end() error {
	last := v.Messages[len(v.Messages)-1]
	if last.Role != "assistant" {
		return nil
	}
	on := v.Thinking != nil && v.Thinking.Type != "disabled"
	if !v.prefill || on || v.OutputConfig != nil && v.OutputConfig.Format != nil {
		return errors.New("this model does not support assistant message prefill")
	}
	text := last.Content[len(last.Content)-1].Text
	if strings.TrimRightFunc(text, unicode.IsSpace) != text {
		return errors.New("final assistant content cannot end with trailing whitespace")
	}
	return nil
}

package fakeprovider

import (
	"encoding/json"
	"fmt"
	"regexp"
)

var (
	// reasoner is what the names of OpenAI's models begin with that reason
	// unless they are told not to, rester of those that do where they are told.
	reasoner = regexp.MustCompile(`^(o[1-9]|gpt-5)($|-)`)
	rester   = regexp.MustCompile(`^gpt-5\.`)
	// plain models do not reason.
	plain = regexp.MustCompile(`^gpt-[34]`)
)

// reasoningModels take no sampling parameters (QwenLM/qwen-code#921 for
// temperature, openai/openai-python#2072 for top_p), and others no effort
// (davidmigloz/langchain_dart#712).
func reasoningModels(_ *Provider, body object) *APIError {
	model, effort := text(body["model"]), text(body["reasoning_effort"])
	if plain.MatchString(model) && effort != "" {
		return &APIError{Message: "Unrecognized request argument supplied: reasoning_effort"}
	}
	if !reasoner.MatchString(model) && (!rester.MatchString(model) || effort == "" || effort == "none") {
		return nil
	}
	if n, ok := body["temperature"].(json.Number); ok && n != "1" {
		return &APIError{Param: "temperature", Code: "unsupported_value", Message: fmt.Sprintf(
			"Unsupported value: 'temperature' does not support %s with this model. Only the default (1) value is supported.", n)}
	}
	if set(body, "top_p") {
		return &APIError{Param: "top_p", Code: "unsupported_parameter", Message: "Unsupported parameter: 'top_p' is not supported with this model."}
	}
	return nil
}

package openaichat

import (
	"strings"

	"weir/lib/fault"
)

// classify says who must act on the failure: by code or type where they are
// telling, by the wording of vendors that have no code for it, else by status.
func (f *failure) classify(status int) fault.Kind {
	for _, word := range []string{f.code, f.kind} {
		if k, ok := kindOfWord[word]; ok {
			return k
		}
	}
	if f.flagged {
		return fault.ContentPolicy
	}
	switch status {
	case 0, 400, 403, 404, 413, 422, 500:
		if k, ok := f.byText(status); ok {
			return k
		}
	}
	return f.byStatus(status)
}

func (f *failure) byStatus(status int) fault.Kind {
	switch status {
	case 400:
		return fault.Invalid
	case 401, 402, 403:
		return fault.TargetRefused
	case 404:
		return fault.TargetMissing
	case 408, 504:
		return fault.TargetTimeout
	case 413:
		return fault.TooLarge
	case 422:
		return fault.Unprocessable
	case 429, 498: // 498: Groq's flex tier is full (console.groq.com/docs/errors)
		return fault.TargetThrottled
	case 0: // inside a 2xx, and it names no status
		if f.kind == "invalid_request_error" || f.kind == "BadRequestError" {
			return fault.Invalid
		}
	}
	return fault.TargetFailed
}

// kindOfWord has codes and types that say more than the status. Sources, read
// 2026-11: developers.openai.com/api/docs/guides/error-codes, console.groq.com/docs/errors,
// openrouter.ai/docs/api/reference/errors-and-debugging,
// api-docs.deepseek.com/quick_start/error_codes, docs.mistral.ai/api,
// platform.moonshot.ai/docs/api/chat, llama.cpp tools/server/README.md.
var kindOfWord = map[string]fault.Kind{
	"context_length_exceeded":       fault.ContextLength,
	"exceed_context_size_error":     fault.ContextLength, // llama.cpp
	"model_context_window_exceeded": fault.ContextLength, // Z.AI

	"content_policy_violation":     fault.ContentPolicy,
	"content_filter":               fault.ContentPolicy, // Azure, Moonshot
	"ResponsibleAIPolicyViolation": fault.ContentPolicy, // Azure
	"invalid_prompt":               fault.ContentPolicy, // OpenAI's reasoning models
	"data_inspection_failed":       fault.ContentPolicy, // Alibaba

	"invalid_api_key":              fault.TargetRefused,
	"invalid_authentication_error": fault.TargetRefused, // Moonshot
	"authentication_error":         fault.TargetRefused,
	"account_deactivated":          fault.TargetRefused,
	"insufficient_quota":           fault.TargetRefused,
	"exceeded_current_quota_error": fault.TargetRefused, // Moonshot
	"billing_hard_limit_reached":   fault.TargetRefused,
	"billing_not_active":           fault.TargetRefused,

	// OpenAI's codes where nothing is left to spend
	"credit_balance_exhausted":          fault.TargetRefused,
	"organization_spend_limit_exceeded": fault.TargetRefused,
	"project_spend_limit_exceeded":      fault.TargetRefused,
	"organization_usage_limit_exceeded": fault.TargetRefused,

	"rate_limit_exceeded":      fault.TargetThrottled, // Groq sends it with 413, too
	"rate_limit_error":         fault.TargetThrottled,
	"rate_limit_reached_error": fault.TargetThrottled, // Moonshot
	"engine_overloaded_error":  fault.TargetThrottled, // Moonshot
	"capacity_exceeded":        fault.TargetThrottled, // Groq
	"slow_down":                fault.TargetThrottled, // OpenAI, with 429 or 503
	"server_is_overloaded":     fault.TargetThrottled, // OpenAI, with 503

	"model_not_found":          fault.TargetMissing,
	"model_decommissioned":     fault.TargetMissing, // Groq
	"model_not_available":      fault.TargetMissing, // Together
	"invalid_model":            fault.TargetMissing, // Mistral
	"resource_not_found_error": fault.TargetMissing, // Moonshot
}

// wording is how vendors say it that have no code for it. Matched in lower
// case, in this order: what speaks of our account comes first, because it must
// not be shown to callers.
var wording = []struct {
	text string
	kind fault.Kind
}{
	{"api key", fault.TargetRefused},              // xAI and Gemini: 400 for a bad key
	{"credit balance", fault.TargetRefused},       // Anthropic's compatible endpoint
	{"insufficient balance", fault.TargetRefused}, // DeepSeek and resellers
	{"insufficient credit", fault.TargetRefused},

	{"maximum context length", fault.ContextLength},               // OpenAI, vLLM, DeepSeek, OpenRouter, Mistral
	{"maximum prompt length", fault.ContextLength},                // xAI
	{"maximum model length", fault.ContextLength},                 // vLLM
	{"max_model_len", fault.ContextLength},                        // vLLM
	{"context length is only", fault.ContextLength},               // vLLM
	{"model's context length", fault.ContextLength},               // SGLang
	{"reduce the length of the messages", fault.ContextLength},    // Groq
	{"too large for model", fault.ContextLength},                  // Mistral
	{"`inputs` tokens + `max_new_tokens`", fault.ContextLength},   // Together, TGI
	{"prompt is too long", fault.ContextLength},                   // Fireworks, Anthropic's compatible endpoint
	{"exceeds the context window", fault.ContextLength},           // OpenAI
	{"context window exceeds", fault.ContextLength},               // MiniMax
	{"exceeded model token limit", fault.ContextLength},           // Moonshot
	{"exceeds the available context size", fault.ContextLength},   // llama.cpp
	{"greater than the context length", fault.ContextLength},      // LM Studio
	{"prompt too long; exceeded", fault.ContextLength},            // Ollama
	{"exceeds the maximum number of tokens", fault.ContextLength}, // Gemini

	{"content exists risk", fault.ContentPolicy}, // DeepSeek
	{"content management policy", fault.ContentPolicy},
	{"usage policy", fault.ContentPolicy},
}

// byText looks into the words. Server errors that only speak of an API key or
// of a policy stay server errors; an overlong prompt is one with any status.
func (f *failure) byText(status int) (fault.Kind, bool) {
	text := strings.ToLower(f.message + "\n" + f.raw)
	for _, w := range wording {
		if !strings.Contains(text, w.text) {
			continue
		}
		if status == 500 && w.kind != fault.ContextLength || status == 403 && w.kind == fault.ContextLength {
			continue
		}
		return w.kind, true
	}
	return 0, false
}

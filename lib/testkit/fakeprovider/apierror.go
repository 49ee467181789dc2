package fakeprovider

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// APIError is an error of the vendor's API
// (platform.openai.com/docs/guides/error-codes, read 2026-11-25).
type APIError struct {
	Status  int // 400 if zero
	Message string
	Type    string // invalid_request_error if empty
	Param   string // null if empty
	Code    string // null if empty
}

// Error implements error.
func (e *APIError) Error() string { return fmt.Sprintf("%d: %s", e.status(), e.Message) }

func (e *APIError) status() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// MarshalJSON writes the body that holds the error.
func (e *APIError) MarshalJSON() ([]byte, error) {
	type inner struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}
	in := inner{Message: e.Message, Type: e.Type}
	if in.Type == "" {
		in.Type = "invalid_request_error"
	}
	if e.Param != "" {
		in.Param = &e.Param
	}
	if e.Code != "" {
		in.Code = &e.Code
	}
	return json.Marshal(struct {
		Error inner `json:"error"`
	}{in})
}

// ContextLength is the refusal of a prompt that is too long, as in
// crewAIInc/crewAI-examples#121. Clients compact their history on its wording.
func ContextLength(limit, got int) *APIError {
	return &APIError{Param: "messages", Code: "context_length_exceeded", Message: fmt.Sprintf(
		"This model's maximum context length is %d tokens. However, your messages resulted in %d tokens. Please reduce the length of the messages.", limit, got)}
}

// ContentPolicy is the refusal of a prompt's content; text and code as in
// alan-turing-institute/t0-1#69.
func ContentPolicy() *APIError {
	return &APIError{Code: "invalid_prompt", Message: "Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a different prompt: https://platform.openai.com/docs/guides/reasoning#advice-on-prompting"}
}

// NoQuota is the refusal of an account that has no money left; as in
// cursor/cursor#1293.
func NoQuota() *APIError {
	return &APIError{
		Status: http.StatusTooManyRequests, Type: "insufficient_quota", Code: "insufficient_quota",
		Message: "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
	}
}

// Failure is what the vendor says with a status: 503 as in
// Wei-Shaw/sub2api#6631, 500 as in LlmKira/Openaibot#177, 429 as the guide to
// error codes has it.
func Failure(status int) *APIError {
	switch status {
	case http.StatusUnauthorized:
		return &APIError{Status: status, Code: "invalid_api_key", Message: "Incorrect API key provided: sk-fake************6789. You can find your API key at https://platform.openai.com/account/api-keys."}
	case http.StatusForbidden:
		return &APIError{Status: status, Code: "unsupported_country_region_territory", Type: "request_forbidden", Message: "Country, region, or territory not supported"}
	case http.StatusNotFound:
		return &APIError{Status: status, Code: "model_not_found", Message: "The model does not exist or you do not have access to it."}
	case http.StatusTooManyRequests:
		return &APIError{Status: status, Type: "tokens", Code: "rate_limit_exceeded", Message: "Rate limit reached for this model in organization org-fake on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s."}
	case http.StatusServiceUnavailable:
		return &APIError{Status: status, Type: "service_unavailable_error", Code: "server_is_overloaded", Message: "Our servers are currently overloaded. Please try again later."}
	}
	if status >= http.StatusInternalServerError {
		return &APIError{Status: status, Type: "server_error", Message: "The server had an error while processing your request. Sorry about that!"}
	}
	return &APIError{Status: status, Message: http.StatusText(status)}
}

// failureHeader is what comes with a status.
func failureHeader(status int) http.Header {
	switch {
	case status == http.StatusTooManyRequests:
		return http.Header{"Retry-After": {"2"}, "Retry-After-Ms": {"2000"}, "X-Ratelimit-Remaining-Tokens": {"0"}, "X-Ratelimit-Reset-Tokens": {"2s"}}
	case status >= http.StatusInternalServerError:
		return http.Header{"X-Should-Retry": {"true"}}
	}
	return http.Header{}
}

package fakeanthropic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

// APIError is an error of the vendor's API
// (platform.claude.com/docs/en/api/errors, read 2026-11).
type APIError struct {
	Status  int // 400 if zero
	Type    string
	Message string
}

// Error implements error.
func (e *APIError) Error() string { return fmt.Sprintf("%d %s: %s", e.status(), e.Type, e.Message) }

func (e *APIError) status() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// body is the error as it is sent.
func (e *APIError) body(requestID string) []byte {
	return encode(object{"type": "error", "error": object{"type": e.Type, "message": e.Message}, "request_id": requestID})
}

func invalid(format string, args ...any) *APIError {
	return &APIError{Type: "invalid_request_error", Message: fmt.Sprintf(format, args...)}
}

// ContextLength is the refusal of a prompt that is too long, as in
// github.com/anthropics/claude-code/issues/228. Clients compact their history
// on its wording.
func ContextLength(got, limit int) *APIError {
	return invalid("prompt is too long: %d tokens > %d maximum", got, limit)
}

// Filtered is the refusal of content, as in
// github.com/anthropics/claude-code/issues/58367.
func Filtered() *APIError { return invalid("Output blocked by content filtering policy") }

// NoCredit is the refusal of an account that has no money left, as in
// github.com/anthropics/claude-code/issues/66314.
func NoCredit() *APIError {
	return invalid("Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.")
}

// StatusOverloaded is the vendor's own status for it.
const StatusOverloaded = 529

// Failure is what the vendor says with a status.
func Failure(status int) *APIError {
	e := &APIError{Status: status}
	switch status {
	case http.StatusUnauthorized:
		e.Type, e.Message = "authentication_error", "invalid x-api-key"
	case http.StatusForbidden:
		e.Type, e.Message = "permission_error", "Your API key does not have permission to use the specified resource."
	case http.StatusNotFound:
		e.Type, e.Message = "not_found_error", "model: claude-unknown"
	case http.StatusRequestEntityTooLarge:
		e.Type, e.Message = "request_too_large", "Request exceeds the maximum size"
	case http.StatusTooManyRequests:
		e.Type, e.Message = "rate_limit_error", "This request would exceed your organization's rate limit of 50,000 input tokens per minute (org: fake-org)."
	case http.StatusGatewayTimeout:
		e.Type, e.Message = "timeout_error", "Request timed out"
	case StatusOverloaded:
		e.Type, e.Message = "overloaded_error", "Overloaded"
	default:
		e.Type, e.Message = "invalid_request_error", http.StatusText(status)
		if status >= http.StatusInternalServerError {
			e.Type, e.Message = "api_error", "Internal server error"
		}
	}
	return e
}

// failureHeader is what comes with a status.
func failureHeader(status int) http.Header {
	switch {
	case status == http.StatusTooManyRequests:
		return http.Header{"Retry-After": {"2"}, "X-Should-Retry": {"true"}, "Anthropic-Ratelimit-Input-Tokens-Remaining": {"0"}}
	case status >= http.StatusInternalServerError:
		return http.Header{"X-Should-Retry": {"true"}}
	}
	return http.Header{"X-Should-Retry": {"false"}}
}

type object map[string]any

// encode writes characters as they are, as the vendor does.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // a value of this package's own
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

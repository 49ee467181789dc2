package anthropic_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/fault"
)

// What the vendor and hosts of its models answer, and who has to act on it.
// Wordings are from the vendor's documentation and from reports of users.
func TestRefusal(t *testing.T) {
	e := func(kind, message string) string {
		return `{"type":"error","error":{"type":"` + kind + `","message":"` + message + `"},"request_id":"req_1"}`
	}
	invalid := func(message string) string { return e("invalid_request_error", message) }
	coded := func(kind, code string) string {
		return `{"type":"error","error":{"type":"` + kind + `","message":"x","details":{"error_code":"` + code + `"}},"request_id":null}`
	}
	tests := []struct {
		name   string
		status int
		body   string
		want   fault.Kind
		sealed bool
	}{
		{"parameter", 400, invalid("max_tokens: Field required"), fault.Invalid, false},
		{"key", 401, e("authentication_error", "invalid x-api-key"), fault.TargetRefused, false},
		{"billing", 402, e("billing_error", "pay"), fault.TargetRefused, false},
		{"permission", 403, e("permission_error", "no"), fault.TargetRefused, false},
		{"model", 404, e("not_found_error", "model: claude-x"), fault.TargetMissing, false},
		{"large", 413, e("request_too_large", "Request exceeds the maximum size"), fault.TooLarge, false},
		{"rate", 429, e("rate_limit_error", "slow down"), fault.TargetThrottled, false},
		{"server", 500, e("api_error", "Internal server error"), fault.TargetFailed, false},
		{"timeout", 504, e("timeout_error", "timed out"), fault.TargetTimeout, false},
		{"overloaded", 529, e("overloaded_error", "Overloaded"), fault.TargetThrottled, false},
		{"overloaded without a body", 529, ``, fault.TargetThrottled, false},
		{"conflict", 409, e("conflict_error", "x"), fault.TargetFailed, false},
		{"a type that is not known", 400, e("new_error", "x"), fault.Invalid, false},

		{"prompt too long", 400, invalid("prompt is too long: 207791 tokens > 200000 maximum"), fault.ContextLength, false},
		{"prompt and answer too long", 400, invalid("input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000, decrease input length or `max_tokens` and try again"), fault.ContextLength, false},
		{"output filtered", 400, invalid("Output blocked by content filtering policy"), fault.ContentPolicy, false},
		{"usage policy", 400, invalid("This request appears to violate our Usage Policy"), fault.ContentPolicy, false},

		{"credit", 400, invalid("Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."), fault.TargetRefused, false},
		{"limit", 400, invalid("You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."), fault.TargetRefused, false},
		{"disabled", 400, invalid("This organization has been disabled."), fault.TargetRefused, false},

		{"account on hold", 400, coded("invalid_request_error", "organization_on_hold"), fault.TargetRefused, false},
		{"customer's key", 400, coded("invalid_request_error", "cmek_key_disabled"), fault.TargetRefused, false},
		{"spend", 429, coded("rate_limit_error", "enforced_spend_limit_reached"), fault.TargetRefused, false},
		{"ramp", 429, coded("rate_limit_error", "ramp_limit_exceeded"), fault.TargetThrottled, false},
		{"image", 400, coded("invalid_request_error", "image_dimensions_too_large"), fault.Invalid, false},

		{"signature", 400, invalid("messages.1.content.0: Invalid `signature` in `thinking` block"), fault.Invalid, true},
		{"signature bound to a conversation", 400, invalid("messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound to a different conversation. Remove the block, or set `thinking.block_binding.prefix_mismatch_behavior`"), fault.Invalid, true},
		{"signature without quotes", 400, invalid("messages.3.content.0: Invalid signature in thinking block"), fault.Invalid, true},
		{"redacted", 400, invalid("messages.1.content.0: Invalid `data` in `redacted_thinking` block"), fault.Invalid, true},
		{"modified", 400, invalid("messages.3.content.8: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response."), fault.Invalid, true},
		{"missing", 400, invalid("messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`. When `thinking` is enabled, a final `assistant` message must start with a thinking block"), fault.Invalid, true},
		{"Bedrock, signature", 400, `{"message":"messages.1.content.0: Invalid ` + "`signature` in `thinking`" + ` block"}`, fault.Invalid, true},
		{"Bedrock, context", 400, `{"message":"Input is too long for requested model."}`, fault.ContextLength, false},
		{"Bedrock, AWS's form", 403, `{"Message":"User: arn:aws:iam::1:role/x is not authorized"}`, fault.TargetRefused, false},

		{"Bedrock, access", 400, invalid("Operation not allowed"), fault.TargetRefused, false},
		{"Bedrock, use case", 400, invalid("Model use case details have not been submitted for this account. Fill out the Anthropic use case details form before using the model."), fault.TargetRefused, false},
		{"Bedrock, no such model", 400, invalid("The provided model identifier is invalid."), fault.TargetMissing, false},
		{"Bedrock, profile", 400, invalid("Invocation of model ID anthropic.claude-x with on-demand throughput isn\u2019t supported. Retry your request with the ID or ARN of an inference profile that contains this model."), fault.TargetMissing, false},
		{"Bedrock, old model", 400, invalid("This model version has reached the end of its life."), fault.TargetMissing, false},

		{"another form", 400, `{"error":{"message":"temperature: range"}}`, fault.Invalid, false},
		{"an error that is a string", 400, `{"error":"prompt is too long"}`, fault.ContextLength, false},
		{"invalid with another status", 403, invalid("x"), fault.TargetRefused, false},
		{"invalid with 404", 404, invalid("x"), fault.TargetMissing, false},
		{"invalid with 413", 413, invalid("x"), fault.TooLarge, false},
		{"invalid with 422", 422, invalid("x"), fault.Unprocessable, false},
		{"invalid with 429", 429, invalid("x"), fault.TargetThrottled, false},
		{"page of a proxy", 502, `<html><body>Bad gateway at 10.0.0.7</body></html>`, fault.TargetFailed, false},
		{"page with status 400", 400, `<html>`, fault.Invalid, false},
		{"request timeout", 408, ``, fault.TargetTimeout, false},
		{"large without a body", 413, ``, fault.TooLarge, false},
		{"redirect", 302, ``, fault.TargetFailed, false},
		{"teapot", 418, ``, fault.TargetFailed, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := anthropic.Back{}.Refusal(tt.status, http.Header{"Content-Type": {"application/json"}, "X-Should-Retry": {"true"}}, []byte(tt.body))
			if e.Kind != tt.want || (e.Code == dialect.CodeSealRefused) != tt.sealed {
				t.Fatalf("kind %s, code %q, want %s, sealed %v", e.Kind, e.Code, tt.want, tt.sealed)
			}
			up := e.Upstream
			if up == nil || up.Status != tt.status || up.Dialect != anthropic.Name || up.ShouldRetry != "true" {
				t.Fatalf("upstream %+v", up)
			}
			if own := strings.HasPrefix(tt.body, `{"type":"error"`); own != (len(up.Body) > 0) {
				t.Errorf("body kept: %v, an error object of this dialect: %v", len(up.Body) > 0, own)
			}
			if !e.Kind.Disposition().RelayBody && e.Public != "" {
				t.Errorf("a %s shows the provider's words: %q", e.Kind, e.Public)
			}
			if strings.Contains(e.Err.Error(), "arn:") || strings.Contains(e.Err.Error(), "10.0.0.7") {
				t.Errorf("the error for logs has the provider's words: %v", e.Err)
			}
		})
	}
}

func TestRefusalKeepsTheProvidersWords(t *testing.T) {
	e := anthropic.Back{}.Refusal(400, http.Header{}, []byte(`{"type":"error","error":{"type":"invalid_request_error","message":"top_p: range"}}`))
	if e.Message() != "top_p: range" {
		t.Errorf("message %q", e.Message())
	}
	long := anthropic.Back{}.Refusal(400, http.Header{}, []byte(`{"error":{"message":"`+strings.Repeat("é", 5000)+`"}}`))
	if n := len(long.Message()); n > 2000 || !strings.HasSuffix(long.Message(), "é") {
		t.Errorf("message of %d bytes", n)
	}
}

// A provider's wish to be left alone is heard where trying again can help.
func TestRetryAfter(t *testing.T) {
	h := http.Header{"Retry-After": {"7"}}
	if got := (anthropic.Back{}).Refusal(529, h, nil).RetryAfter; got != 7*time.Second {
		t.Errorf("overloaded: %v", got)
	}
	if got := (anthropic.Back{}).Refusal(400, h, nil).RetryAfter; got != 0 {
		t.Errorf("invalid: %v", got)
	}
}

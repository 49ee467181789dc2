package openaichat_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
)

// What vendors answer, and who has to act on it. Wordings are shortened from
// the vendors' documentation and from reports of their users.
func TestRefusal(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   fault.Kind
	}{
		{"OpenAI, parameter", 400, `{"error":{"message":"Invalid type","type":"invalid_request_error","param":"n","code":"invalid_type"}}`, fault.Invalid},
		{"OpenAI, context", 400, `{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`, fault.ContextLength},
		{"OpenAI, policy", 400, `{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"content_policy_violation"}}`, fault.ContentPolicy},
		{"OpenAI, flagged prompt", 400, `{"error":{"message":"Invalid prompt: flagged under our usage policy","type":"invalid_request_error","code":"invalid_prompt"}}`, fault.ContentPolicy},
		{"Azure, filter", 400, `{"error":{"message":"filtered","type":null,"param":"prompt","code":"content_filter","status":400}}`, fault.ContentPolicy},
		{"Azure, inner error", 400, `{"error":{"message":"filtered","innererror":{"code":"ResponsibleAIPolicyViolation"}}}`, fault.ContentPolicy},
		{"OpenAI, key", 401, `{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","code":"invalid_api_key"}}`, fault.TargetRefused},
		{"OpenAI, region", 403, `{"error":{"message":"Country not supported","type":"request_forbidden","code":"unsupported_country_region_territory"}}`, fault.TargetRefused},
		{"OpenAI, model", 404, `{"error":{"message":"The model does not exist","type":"invalid_request_error","code":"model_not_found"}}`, fault.TargetMissing},
		{"OpenAI, quota", 429, `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`, fault.TargetRefused},
		{"OpenAI, spend limit", 429, `{"error":{"message":"Limit reached","type":"billing_error","code":"project_spend_limit_exceeded"}}`, fault.TargetRefused},
		{"OpenAI, credits", 429, `{"error":{"message":"No credits left","type":"insufficient_quota","code":"credit_balance_exhausted"}}`, fault.TargetRefused},
		{"OpenAI, overloaded", 503, `{"error":{"message":"Overloaded","type":"service_unavailable_error","code":"server_is_overloaded"}}`, fault.TargetThrottled},
		{"OpenAI, slow down", 503, `{"error":{"message":"Slow down","type":"service_unavailable_error","code":"slow_down"}}`, fault.TargetThrottled},
		{"OpenAI, rate", 429, `{"error":{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}}`, fault.TargetThrottled},
		{"OpenAI, server", 500, `{"error":{"message":"The server had an error","type":"server_error","code":null}}`, fault.TargetFailed},
		{"OpenAI, billing", 400, `{"error":{"message":"Billing hard limit has been reached","type":"invalid_request_error","code":"billing_hard_limit_reached"}}`, fault.TargetRefused},
		{"Groq, context", 400, `{"error":{"message":"Please reduce the length of the messages or completion.","type":"invalid_request_error","param":"messages"}}`, fault.ContextLength},
		{"Groq, minute limit as 413", 413, `{"error":{"message":"Request too large for model in organization org_1 on tokens per minute","type":"tokens","code":"rate_limit_exceeded"}}`, fault.TargetThrottled},
		{"Groq, flex is full", 498, `{"error":{"message":"Flex tier capacity exceeded","type":"capacity_exceeded"}}`, fault.TargetThrottled},
		{"Groq, decommissioned", 400, `{"error":{"message":"The model has been decommissioned","type":"invalid_request_error","code":"model_decommissioned"}}`, fault.TargetMissing},
		{"vLLM, context, older form", 400, `{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens","type":"BadRequestError","param":null,"code":400}`, fault.ContextLength},
		{"vLLM, context, newer form", 400, `{"error":{"message":"The decoder prompt (length 9000) is longer than the maximum model length of 4096.","type":"BadRequestError","param":null,"code":400}}`, fault.ContextLength},
		{"vLLM, model", 404, `{"object":"error","message":"The model does not exist.","type":"NotFoundError","code":404}`, fault.TargetMissing},
		{"SGLang, context", 400, `{"object":"error","message":"The input (9000 tokens) is longer than the model's context length (4096 tokens).","type":"BadRequestError","code":400}`, fault.ContextLength},
		{"Mistral, context", 400, `{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_prompt","code":"3051"}`, fault.ContextLength},
		{"Mistral, model", 400, `{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500"}`, fault.TargetMissing},
		{"Mistral, validation", 422, `{"object":"error","message":{"detail":[{"type":"float_type","loc":["body","top_p"],"msg":"Input should be a valid number"}]},"type":"invalid_request_error"}`, fault.Unprocessable},
		{"Together, context", 422, "{\"error\":{\"message\":\"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097\",\"type\":\"invalid_request_error\"}}", fault.ContextLength},
		{"Fireworks, context", 400, `{"error":{"object":"error","type":"invalid_request_error","message":"The prompt is too long: 150000, model maximum context length: 131071"}}`, fault.ContextLength},
		{"xAI, context", 400, `{"code":"invalid-argument","error":"This model's maximum prompt length is 131072 but the request contains 537812 tokens."}`, fault.ContextLength},
		{"xAI, key as 400", 400, `{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***."}`, fault.TargetRefused},
		{"Gemini, key as 400 in an array", 400, `[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]`, fault.TargetRefused},
		{"DeepSeek, balance", 402, `{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}`, fault.TargetRefused},
		{"DeepSeek, policy", 400, `{"error":{"message":"Content Exists Risk","type":"invalid_request_error","code":"invalid_request_error"}}`, fault.ContentPolicy},
		{"OpenRouter, context", 400, `{"error":{"message":"This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens","code":400}}`, fault.ContextLength},
		{"OpenRouter, provider's words", 400, `{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"prompt is too long: 210000 tokens > 200000 maximum\"}}"}}}`, fault.ContextLength},
		{"OpenRouter, moderation", 403, `{"error":{"message":"Your input was flagged","code":403,"metadata":{"reasons":["violence"],"flagged_input":"x"}}}`, fault.ContentPolicy},
		{"OpenRouter, credits", 402, `{"error":{"message":"This request requires more credits","code":402}}`, fault.TargetRefused},
		{"OpenRouter, timeout", 408, `{"error":{"message":"timed out","code":408}}`, fault.TargetTimeout},
		{"Moonshot, context", 400, `{"error":{"message":"Invalid request: Your request exceeded model token limit: 8192","type":"invalid_request_error"}}`, fault.ContextLength},
		{"Moonshot, overloaded", 429, `{"error":{"message":"The engine is currently overloaded","type":"engine_overloaded_error"}}`, fault.TargetThrottled},
		{"Moonshot, quota", 429, `{"error":{"message":"Your account is suspended","type":"exceeded_current_quota_error"}}`, fault.TargetRefused},
		{"llama.cpp, context", 400, `{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}`, fault.ContextLength},
		{"Ollama, model", 404, `{"error":{"message":"model 'x' not found","type":"api_error"}}`, fault.TargetMissing},
		{"Anthropic's compatible endpoint, credit", 400, `{"error":{"message":"Your credit balance is too low","type":"invalid_request_error"}}`, fault.TargetRefused},
		{"a context error as 500", 500, `{"error":{"message":"maximum context length exceeded"}}`, fault.ContextLength},
		{"a policy as 500 is a server error", 500, `{"error":{"message":"violates usage policy"}}`, fault.TargetFailed},
		{"FastAPI", 422, `{"detail":[{"loc":["body"],"msg":"field required","type":"value_error"}]}`, fault.Unprocessable},
		{"page of a proxy", 502, `<html><body>Bad gateway at 10.0.0.7</body></html>`, fault.TargetFailed},
		{"page with status 400", 400, `<html>`, fault.Invalid},
		{"empty", 503, ``, fault.TargetFailed},
		{"too large", 413, `{"error":{"message":"too large"}}`, fault.TooLarge},
		{"timeout", 504, ``, fault.TargetTimeout},
		{"forbidden", 403, ``, fault.TargetRefused},
		{"redirect", 302, ``, fault.TargetFailed},
		{"conflict", 409, ``, fault.TargetFailed},
		{"teapot", 418, ``, fault.TargetFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := openaichat.Back{}.Refusal(tt.status, http.Header{"Content-Type": {"application/json"}}, []byte(tt.body))
			if e.Kind != tt.want {
				t.Fatalf("kind %s, want %s", e.Kind, tt.want)
			}
			up := e.Upstream
			if up == nil || up.Status != tt.status || up.Dialect != openaichat.Name {
				t.Fatalf("upstream %+v", up)
			}
			if own := strings.HasPrefix(tt.body, `{"error":{`); own != (len(up.Body) > 0) {
				t.Errorf("body kept: %v, an error object of this dialect: %v", len(up.Body) > 0, own)
			}
			if !e.Kind.Disposition().RelayBody && e.Public != "" {
				t.Errorf("a %s shows the provider's words: %q", e.Kind, e.Public)
			}
			if strings.Contains(e.Err.Error(), "org_1") || strings.Contains(e.Err.Error(), "10.0.0.7") {
				t.Errorf("the error for logs has the provider's words: %v", e.Err)
			}
		})
	}
}

func TestRefusalKeepsTheProvidersWords(t *testing.T) {
	e := openaichat.Back{}.Refusal(422, http.Header{}, []byte(`{"object":"error","message":{"detail":[{"msg":"top_p must be a number"},{"msg":"n is unknown"}]},"param":"top_p"}`))
	if e.Message() != "top_p must be a number; n is unknown" || e.Param != "top_p" {
		t.Errorf("message %q, param %q", e.Message(), e.Param)
	}
	long := openaichat.Back{}.Refusal(400, http.Header{}, []byte(`{"error":{"message":"`+strings.Repeat("é", 5000)+`"}}`))
	if n := len(long.Message()); n > 2000 {
		t.Errorf("message of %d bytes", n)
	}
}

func TestRetryAfter(t *testing.T) {
	tests := []struct {
		name   string
		header map[string]string
		want   time.Duration
	}{
		{"none", nil, 0},
		{"seconds", map[string]string{"Retry-After": "7"}, 7 * time.Second},
		{"fraction", map[string]string{"Retry-After": "0.5"}, 500 * time.Millisecond},
		{"milliseconds win", map[string]string{"Retry-After": "7", "Retry-After-Ms": "1500"}, 1500 * time.Millisecond},
		{"negative", map[string]string{"Retry-After": "-5"}, 0},
		{"words", map[string]string{"Retry-After": "soon"}, 0},
		{"not a number", map[string]string{"Retry-After": "NaN"}, 0},
		{"too long", map[string]string{"Retry-After": "1e30"}, time.Hour},
		{"date", map[string]string{"Retry-After": "Wed, 25 Nov 2026 10:00:30 GMT", "Date": "Wed, 25 Nov 2026 10:00:00 GMT"}, 30 * time.Second},
		{"date in the past", map[string]string{"Retry-After": "Wed, 25 Nov 2026 09:00:00 GMT", "Date": "Wed, 25 Nov 2026 10:00:00 GMT"}, 0},
		{"date without a clock", map[string]string{"Retry-After": "Wed, 25 Nov 2026 10:00:30 GMT"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for k, v := range tt.header {
				h.Set(k, v)
			}
			if got := (openaichat.Back{}).Refusal(429, h, nil).RetryAfter; got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// An account without money says when to come back, too. Nobody is told to wait
// for a call that must not be tried again.
func TestRetryAfterOnlyWhereTryingAgainHelps(t *testing.T) {
	h := http.Header{"Retry-After": {"2"}}
	for _, code := range []string{"insufficient_quota", "rate_limit_exceeded"} {
		e := openaichat.Back{}.Refusal(429, h, []byte(`{"error":{"message":"no","type":"x","code":"`+code+`"}}`))
		if again := !e.Kind.Disposition().NoRetry; (e.RetryAfter > 0) != again {
			t.Errorf("%s: %v, retry after %v", code, e.Kind, e.RetryAfter)
		}
	}
}

package converse_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"weir/lib/dialect"
	"weir/lib/dialect/converse"
	"weir/lib/fault"
	"weir/lib/llm"
)

func TestRefusals(t *testing.T) {
	const coral = ":http://internal.amazon.com/coral/com.amazon.bedrock/"
	for _, tt := range []struct {
		name   string
		status int
		kind   string // of the header
		body   string
		want   fault.Kind
	}{
		{"access", 403, "AccessDeniedException" + coral, `{"message":"User: arn:aws:iam::123456789012:user/x is not authorized"}`, fault.TargetRefused},
		{"access to a model", 403, "AccessDeniedException", `{"Message":"You don't have access to the model with the specified model ID."}`, fault.TargetRefused},
		{"token", 403, "UnrecognizedClientException", `{"message":"The security token included in the request is invalid."}`, fault.TargetRefused},
		{"expired", 403, "ExpiredTokenException", `{"message":"expired"}`, fault.TargetRefused},
		{"signature", 403, "InvalidSignatureException", `{"message":"x"}`, fault.TargetRefused},
		{"type in the body", 400, "", `{"__type":"com.amazon.coral.service#ThrottlingException","message":"slow"}`, fault.TargetThrottled},
		{"throttled", 429, "ThrottlingException" + coral, `{"message":"Too many tokens, please wait before trying again."}`, fault.TargetThrottled},
		{"quota", 400, "ServiceQuotaExceededException", `{"message":"x"}`, fault.TargetThrottled},
		{"missing", 404, "ResourceNotFoundException", `{"message":"Could not resolve the foundation model"}`, fault.TargetMissing},
		{"use case", 404, "ResourceNotFoundException", `{"message":"Model use case details have not been submitted for this account."}`, fault.TargetRefused},
		{"model id", 400, "ValidationException", `{"message":"The provided model identifier is invalid."}`, fault.TargetMissing},
		{"on demand", 400, "ValidationException", `{"message":"Invocation of model ID anthropic.x with on-demand throughput isn’t supported."}`, fault.TargetMissing},
		{"counting", 400, "ValidationException", `{"message":"The provided model doesn't support counting tokens."}`, fault.TargetMissing},
		{"not allowed", 400, "ValidationException", `{"message":"Operation not allowed"}`, fault.TargetRefused},
		{"validation", 400, "ValidationException", `{"message":"The text field in the ContentBlock object at messages.0.content.0 is blank."}`, fault.Invalid},
		{"context", 400, "ValidationException", `{"message":"The model returned the following errors: prompt is too long: 200049 tokens > 200000 maximum"}`, fault.ContextLength},
		{"context, by the model", 424, "ModelErrorException", `{"message":"Input is too long for requested model."}`, fault.ContextLength},
		{"policy", 400, "ValidationException", `{"message":"Output blocked by content filtering policy"}`, fault.ContentPolicy},
		{"not ready", 429, "ModelNotReadyException", `{"message":"x"}`, fault.TargetThrottled},
		{"timeout", 408, "ModelTimeoutException", `{"message":"x"}`, fault.TargetTimeout},
		{"model error", 424, "ModelErrorException", `{"message":"x","originalStatusCode":500}`, fault.TargetFailed},
		{"internal", 500, "InternalServerException", `{"message":"x"}`, fault.TargetFailed},
		{"unavailable", 503, "ServiceUnavailableException", `{"message":"x"}`, fault.TargetThrottled},
		{"marketplace", 403, "AccessDeniedException", `{"message":"Your AWS Marketplace subscription for this model cannot be completed"}`, fault.TargetRefused},
		{"too large", 413, "", `{"message":"x"}`, fault.TooLarge},
		{"unprocessable", 422, "", ``, fault.Unprocessable},
		{"page of a proxy", 502, "", `<html>Bad gateway at 10.0.0.7</html>`, fault.TargetFailed},
		{"bare 400", 400, "", ``, fault.Invalid},
		{"bare 401", 401, "", ``, fault.TargetRefused},
		{"bare 404", 404, "", ``, fault.TargetMissing},
		{"bare 429", 429, "", ``, fault.TargetThrottled},
		{"bare 504", 504, "", ``, fault.TargetTimeout},
		{"redirect", 307, "", ``, fault.TargetFailed},
		{"new exception", 400, "SomethingNewException", `{"message":"x"}`, fault.Invalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{"Content-Type": {"application/json"}}
			if tt.kind != "" {
				h.Set("X-Amzn-Errortype", tt.kind)
			}
			e := converse.Back{}.Refusal(tt.status, h, []byte(tt.body))
			if e.Kind != tt.want {
				t.Fatalf("kind %s, want %s", e.Kind, tt.want)
			}
			if e.Upstream == nil || e.Upstream.Status != tt.status || e.Upstream.Dialect != converse.Name || e.Upstream.Body != nil {
				t.Errorf("upstream %+v", e.Upstream)
			}
			if !e.Kind.Disposition().RelayBody && e.Public != "" {
				t.Errorf("a %s shows the provider's words: %q", e.Kind, e.Public)
			}
			for _, secret := range []string{"123456789012", "10.0.0.7"} {
				if strings.Contains(e.Error()+e.Message(), secret) {
					t.Errorf("it tells %s: %v", secret, e)
				}
			}
		})
	}
}

func TestRefusalOfASignature(t *testing.T) {
	for _, text := range []string{
		"The model returned the following errors: messages.1.content.0: Invalid `signature` in `thinking` block",
		"messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.",
	} {
		e := converse.Back{}.Refusal(400, http.Header{"X-Amzn-Errortype": {"ValidationException"}}, []byte(`{"message":"`+text+`"}`))
		if e.Kind != fault.Invalid || e.Code != dialect.CodeSealRefused || e.Public != text {
			t.Errorf("%+v", e)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		kind, after string
		want        time.Duration
	}{
		{"ThrottlingException", "", 0},
		{"ThrottlingException", "7", 7 * time.Second},
		{"ModelNotReadyException", "", 10 * time.Second},
		{"ModelNotReadyException", "2", 2 * time.Second},
		{"ValidationException", "7", 0},
	} {
		h := http.Header{"X-Amzn-Errortype": {tt.kind}}
		if tt.after != "" {
			h.Set("Retry-After", tt.after)
		}
		if got := (converse.Back{}).Refusal(429, h, nil).RetryAfter; got != tt.want {
			t.Errorf("%s %q: %v, want %v", tt.kind, tt.after, got, tt.want)
		}
	}
}

func TestUnaryRefusesWhatIsNoAnswer(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		op         llm.Op
		want       fault.Kind
	}{
		{"empty", ``, llm.OpChat, fault.TargetFailed},
		{"HTML", `<html>`, llm.OpChat, fault.TargetFailed},
		{"no output", `{}`, llm.OpChat, fault.TargetFailed},
		{"no stop reason", `{"output":{"message":{"content":[]}}}`, llm.OpChat, fault.Truncated},
		{"array", `[]`, llm.OpChat, fault.TargetFailed},
		{"an exception", `{"__type":"ThrottlingException","message":"x"}`, llm.OpChat, fault.TargetThrottled},
		{"malformed", `{"output":{"message":{"content":[{"text":"a"}]}},"stopReason":"malformed_tool_use"}`, llm.OpChat, fault.TargetFailed},
		{"no count", `{}`, llm.OpCount, fault.TargetFailed},
		{"negative count", `{"inputTokens":-1}`, llm.OpCount, fault.TargetFailed},
		{"huge count", `{"inputTokens":1e300}`, llm.OpCount, fault.TargetFailed},
	} {
		if _, err := (converse.Back{}).Unary(tt.op, llm.Outbound{}, dialect.Target{}, []byte(tt.body)); fault.KindOf(err) != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	c, err := converse.Back{}.Unary(llm.OpCount, llm.Outbound{}, dialect.Target{}, []byte(`{"inputTokens":12}`))
	if err != nil || len(c.Events) != 2 || c.Events[0] != (llm.Counted{Input: 12}) {
		t.Errorf("%+v, %v", c.Events, err)
	}
	c, err = converse.Back{}.Unary(llm.OpChat, llm.Outbound{}, dialect.Target{}, []byte(`{"output":{"message":{"content":[{"text":"a"},{"toolUse":{"toolUseId":"t","name":"f"}},{"hologram":{}},{}]}},"stopReason":"tool_use"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range c.Events {
		if _, ok := ev.(llm.Used); ok {
			t.Error("usage that nobody reported")
		}
	}
}

func TestNobodyRelaysConverse(t *testing.T) {
	if _, _, err := (converse.Back{}).Relay(llm.OpChat, llm.Inbound{}, &llm.Request{}, dialect.Target{}); fault.KindOf(err) != fault.Internal {
		t.Error(err)
	}
	if _, _, err := (converse.Back{}).Encode(llm.OpRaw, &llm.Request{}, dialect.Target{}); fault.KindOf(err) != fault.Internal {
		t.Error(err)
	}
}

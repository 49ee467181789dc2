package fault

// Disposition is all that follows from a Kind.
type Disposition struct {
	Name   string // for logs and metrics, snake_case
	Status int    // HTTP status of our own answer
	Text   string // standard text for the caller

	OpenAIType    string // error.type in OpenAI's dialects
	OpenAICode    string // error.code there; empty is null
	AnthropicType string // error.type in Anthropic's dialect
	// AnthropicStatus replaces Status for Anthropic callers; 0 means Status.
	AnthropicStatus int

	// Failover: another target of the plan may be tried (before first content).
	Failover bool
	// Cooldown: the target should rest before it is tried again.
	Cooldown bool
	// RelayBody: a caller of the provider's own dialect gets the provider's
	// own body and status. Only for the caller's own mistakes; never for what
	// speaks of our account with the provider.
	RelayBody bool
	// NoRetry sends x-should-retry: false, so that SDKs do not repeat a call
	// that cannot succeed.
	NoRetry bool
	// Outcome is the word in the ledger row.
	Outcome string
}

// Outcomes of a call, as they stand in ledger rows.
const (
	OutcomeOK            = "ok"
	OutcomeClientError   = "client_error"
	OutcomeUpstreamError = "upstream_error"
	OutcomeTimeout       = "timeout"
	OutcomeTruncated     = "truncated"
	OutcomeClientGone    = "client_gone"
	OutcomeAbandoned     = "abandoned"
	OutcomeInternal      = "internal_error"
)

// Disposition returns k's row of the table; an unknown k gets Internal's.
func (k Kind) Disposition() Disposition {
	if k >= numKinds {
		k = Internal
	}
	return dispositions[k]
}

// String returns the Kind's name for logs.
func (k Kind) String() string { return k.Disposition().Name }

// Failover reports whether another target may be tried after err.
func Failover(err error) bool { return KindOf(err).Disposition().Failover }

// dispositions has one row per Kind. Types, codes and statuses follow what the
// vendors document and their SDKs act on (platform.openai.com/docs/guides/error-codes,
// docs.claude.com/en/api/errors; read 2026-11).
var dispositions = [numKinds]Disposition{
	Internal: {
		Name: "internal", Status: 500, Text: "The gateway failed to handle this request.",
		OpenAIType: "server_error", AnthropicType: "api_error", Outcome: OutcomeInternal,
	},
	Invalid: {
		Name: "invalid", Status: 400, Text: "The request is not valid.",
		OpenAIType: "invalid_request_error", AnthropicType: "invalid_request_error",
		RelayBody: true, NoRetry: true, Outcome: OutcomeClientError,
	},
	Unauthenticated: {
		Name: "unauthenticated", Status: 401, Text: "No valid key was given.",
		OpenAIType: "invalid_request_error", OpenAICode: "invalid_api_key", AnthropicType: "authentication_error",
		NoRetry: true, Outcome: OutcomeClientError,
	},
	Forbidden: {
		Name: "forbidden", Status: 403, Text: "This key may not do that.",
		OpenAIType: "invalid_request_error", OpenAICode: "permission_denied", AnthropicType: "permission_error",
		NoRetry: true, Outcome: OutcomeClientError,
	},
	NotFound: {
		Name: "not_found", Status: 404, Text: "There is nothing at this address.",
		OpenAIType: "invalid_request_error", OpenAICode: "not_found", AnthropicType: "not_found_error",
		NoRetry: true, Outcome: OutcomeClientError,
	},
	ModelNotFound: {
		Name: "model_not_found", Status: 404, Text: "The model does not exist.",
		OpenAIType: "invalid_request_error", OpenAICode: "model_not_found", AnthropicType: "not_found_error",
		NoRetry: true, Outcome: OutcomeClientError,
	},
	MethodNotAllowed: {
		Name: "method_not_allowed", Status: 405, Text: "This path does not take that method.",
		OpenAIType: "invalid_request_error", OpenAICode: "method_not_allowed", AnthropicType: "invalid_request_error",
		NoRetry: true, Outcome: OutcomeClientError,
	},
	TooLarge: {
		Name: "too_large", Status: 413, Text: "The request body is too large.",
		OpenAIType: "invalid_request_error", OpenAICode: "request_too_large", AnthropicType: "request_too_large",
		RelayBody: true, NoRetry: true, Outcome: OutcomeClientError,
	},
	Unprocessable: {
		Name: "unprocessable", Status: 422, Text: "The provider cannot process this request.",
		OpenAIType: "invalid_request_error", AnthropicType: "invalid_request_error",
		RelayBody: true, NoRetry: true, Outcome: OutcomeClientError,
	},
	ContextLength: {
		Name: "context_length", Status: 400, Text: "The prompt is too long for this model.",
		OpenAIType: "invalid_request_error", OpenAICode: "context_length_exceeded", AnthropicType: "invalid_request_error",
		RelayBody: true, NoRetry: true, Outcome: OutcomeClientError,
	},
	ContentPolicy: {
		Name: "content_policy", Status: 400, Text: "The request was refused by a content policy.",
		OpenAIType: "invalid_request_error", OpenAICode: "content_policy_violation", AnthropicType: "invalid_request_error",
		RelayBody: true, NoRetry: true, Outcome: OutcomeClientError,
	},
	NotPriced: {
		Name: "not_priced", Status: 400, Text: "No price is known for this model.",
		OpenAIType: "invalid_request_error", OpenAICode: "model_not_priced", AnthropicType: "invalid_request_error",
		NoRetry: true, Outcome: OutcomeClientError,
	},
	RateLimited: {
		Name: "rate_limited", Status: 429, Text: "A rate limit of this key is reached.",
		OpenAIType: "requests", OpenAICode: "rate_limit_exceeded", AnthropicType: "rate_limit_error",
		Outcome: "rate_limited",
	},
	OverBudget: {
		Name: "over_budget", Status: 429, Text: "The budget is spent.",
		OpenAIType: "insufficient_quota", OpenAICode: "insufficient_quota", AnthropicType: "billing_error", AnthropicStatus: 402,
		NoRetry: true, Outcome: "over_budget",
	},
	NoTarget: {
		Name: "no_target", Status: 503, Text: "No provider is available for this model.",
		OpenAIType: "server_error", OpenAICode: "provider_unavailable", AnthropicType: "overloaded_error", AnthropicStatus: 529,
		Outcome: OutcomeUpstreamError,
	},
	TargetThrottled: {
		Name: "target_throttled", Status: 503, Text: "The provider is limiting requests; try again shortly.",
		OpenAIType: "server_error", OpenAICode: "provider_throttled", AnthropicType: "overloaded_error", AnthropicStatus: 529,
		Failover: true, Cooldown: true, Outcome: OutcomeUpstreamError,
	},
	TargetRefused: {
		Name: "target_refused", Status: 502, Text: "The provider refused the gateway's account.",
		OpenAIType: "server_error", OpenAICode: "provider_refused", AnthropicType: "api_error",
		Failover: true, Cooldown: true, NoRetry: true, Outcome: OutcomeUpstreamError,
	},
	TargetMissing: {
		Name: "target_missing", Status: 404, Text: "The provider does not have this model.",
		OpenAIType: "invalid_request_error", OpenAICode: "model_not_found", AnthropicType: "not_found_error",
		Failover: true, NoRetry: true, Outcome: OutcomeUpstreamError,
	},
	TargetFailed: {
		Name: "target_failed", Status: 502, Text: "The provider failed to answer.",
		OpenAIType: "server_error", OpenAICode: "provider_error", AnthropicType: "api_error",
		Failover: true, Cooldown: true, Outcome: OutcomeUpstreamError,
	},
	TargetTimeout: {
		Name: "target_timeout", Status: 504, Text: "The provider did not answer in time.",
		OpenAIType: "server_error", OpenAICode: "provider_timeout", AnthropicType: "timeout_error",
		Failover: true, Cooldown: true, Outcome: OutcomeTimeout,
	},
	Truncated: {
		Name: "truncated", Status: 502, Text: "The provider's answer broke off.",
		OpenAIType: "server_error", OpenAICode: "answer_truncated", AnthropicType: "api_error",
		Failover: true, Cooldown: true, Outcome: OutcomeTruncated,
	},
	StoreDown: {
		Name: "store_down", Status: 503, Text: "The gateway's store is not available; try again shortly.",
		OpenAIType: "server_error", OpenAICode: "store_unavailable", AnthropicType: "overloaded_error", AnthropicStatus: 529,
		Outcome: OutcomeInternal,
	},
	ClientGone: {
		Name: "client_gone", Status: 499, Text: "The client closed the connection.",
		OpenAIType: "invalid_request_error", OpenAICode: "client_closed_request", AnthropicType: "invalid_request_error",
		Outcome: OutcomeClientGone,
	},
	ShuttingDown: {
		Name: "shutting_down", Status: 503, Text: "The gateway is restarting; try again shortly.",
		OpenAIType: "server_error", OpenAICode: "shutting_down", AnthropicType: "overloaded_error", AnthropicStatus: 529,
		Outcome: OutcomeInternal,
	},
}

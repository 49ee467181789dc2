// Package dialect defines the two halves of a wire format: Front, how callers
// speak to the gateway, and Back, how the gateway speaks to providers. Each
// folder below implements one or both for one format and is pure: bytes and
// hub values in, bytes and hub values out, no I/O, no clock, no globals.
package dialect

import (
	"net/http"
	"time"

	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire"
)

// Route is one entrance of a front. Pattern is a path of http.ServeMux.
type Route struct {
	Method  string
	Pattern string
	Op      llm.Op
}

// Model is one entry of a model list.
type Model struct {
	ID      string
	OwnedBy string // the provider's name
	Created time.Time
}

// Head is what an encoder may say about the call it answers.
type Head struct {
	CallID      string
	Model       string // upstream model, as sent
	Created     time.Time
	InputTokens int64 // estimate, for dialects that must state input first
}

// Front is a caller's side. Implementations are stateless and safe for
// concurrent use.
type Front interface {
	Name() string
	Routes() []Route
	// Decode reads a request strictly. Errors are *fault.Error of kind
	// Invalid (with Param) or TooLarge.
	Decode(op llm.Op, in llm.Inbound) (*llm.Request, error)
	// Answer returns an encoder for the translate lane of one call.
	Answer(req *llm.Request, h Head) Encoder
	// Idle is a keep-alive in this dialect's streams: complete bytes, framing
	// included, that every known client ignores.
	Idle() []byte
	// Fail renders err as frames inside a stream that has begun. No terminal
	// mark follows, so that no client takes the answer for whole.
	Fail(err error, callID string) []llm.Frame
	// Error renders err as a whole answer. Status is never below 400. The
	// header holds content-type and what the dialect ties to the error.
	Error(err error, callID string) (status int, h http.Header, body []byte)
	// Models and Model render the model list and one entry of it.
	Models(models []Model) []byte
	Model(m Model) []byte
}

// Claimer is a Front that knows its callers by their headers, where several
// dialects share a path (the model list), or none has it.
type Claimer interface {
	Front
	// Claims reports whether a request's headers are those of its callers.
	Claims(h http.Header) bool
}

// Encoder writes one answer in a front's dialect. For a streamed answer each
// call returns the frames that are due; for a unary one all come from End, as
// a single Frame. Not safe for concurrent use.
type Encoder interface {
	Event(ev llm.Event) ([]llm.Frame, []llm.Loss)
	// End returns what completes the answer; called once, after Finished.
	End() []llm.Frame
}

// Target is what a Back may know of where its request goes.
type Target struct {
	Model     string // upstream name
	Path      string // of the offer that was chosen, below the base URL
	Quirks    Quirks
	MaxOutput int64 // most output tokens the model can give; 0 unknown
	Strict    bool  // refuse instead of dropping with a Loss
}

// Quirks are the ways in which a vendor departs from its dialect. The zero
// value is the dialect as documented.
type Quirks struct {
	// NoDone: the stream may end without the terminal mark; a finish reason
	// and a clean end of body are accepted instead, never less.
	NoDone bool `json:"no_done,omitempty"`
	// NoStreamUsage: the vendor refuses stream_options, so none is added.
	NoStreamUsage bool `json:"no_stream_usage,omitempty"`
	// CacheExclusive: prompt_tokens excludes cached tokens (elsewhere it
	// includes them).
	CacheExclusive bool `json:"cache_exclusive,omitempty"`
	// ReasoningExclusive: completion_tokens excludes reasoning tokens
	// (elsewhere it includes them).
	ReasoningExclusive bool `json:"reasoning_exclusive,omitempty"`
	// MaxTokensOnly: the vendor knows max_tokens and not max_completion_tokens.
	MaxTokensOnly bool `json:"max_tokens_only,omitempty"`
	// TakesReasoning: the vendor itself reads reasoning_content in the history
	// and the member thinking, so that they are sent on (DeepSeek answers 400
	// when a tool turn comes back without its reasoning_content).
	TakesReasoning bool `json:"takes_reasoning,omitempty"`
	// TakesCacheControl: the vendor itself reads cache_control on messages,
	// parts and tools, so that it is sent on (OpenRouter).
	TakesCacheControl bool `json:"takes_cache_control,omitempty"`
	// VersionInBody is the value of anthropic_version for a host that takes
	// the API's version, and the betas, in the body, and model and stream
	// outside of it (Bedrock's InvokeModel: bedrock-2023-05-31).
	VersionInBody string `json:"version_in_body,omitempty"`
}

// Back is a provider's side. Implementations are stateless and safe for
// concurrent use.
type Back interface {
	Name() string
	// Relay edits the caller's own bytes: same dialect. Only a listed set of
	// places is touched; everything else stays byte for byte.
	Relay(op llm.Op, in llm.Inbound, req *llm.Request, t Target) (llm.Outbound, []llm.Loss, error)
	// Encode writes a request anew from the hub: another dialect asked.
	Encode(op llm.Op, req *llm.Request, t Target) (llm.Outbound, []llm.Loss, error)
	// Unary reads a whole answer. A body that is no answer is an error of
	// kind TargetFailed; an error object inside a 2xx is classified as in
	// Refusal. The chunk beside an error may report usage.
	Unary(op llm.Op, sent llm.Outbound, t Target, body []byte) (llm.Chunk, error)
	// Stream reads a streamed answer. A stream that ends without the terminal
	// mark yields an error of kind Truncated, last.
	Stream(op llm.Op, sent llm.Outbound, t Target, frames wire.Frames) llm.Stream
	// Refusal classifies an answer whose status is not 2xx.
	Refusal(status int, h http.Header, body []byte) *fault.Error
}

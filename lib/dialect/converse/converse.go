// Package converse speaks Amazon Bedrock's Converse and ConverseStream, and its
// CountTokens, in their JSON form
// (docs.aws.amazon.com/bedrock/latest/APIReference, API_runtime_Converse,
// API_runtime_ConverseStream and API_runtime_CountTokens, and the service's
// model as botocore 1.44.8 and aws-sdk-go-v2 bedrockruntime v1.63.11 have it;
// all read 2026-11).
//
// No caller speaks it, so that there is a Back and no Front: every call is
// written anew from the hub. What is done to histories of other dialects is
// listed in Back.Encode's comment and in package history; what Claude takes
// wherever it is hosted is in package claude, and what other models take in
// others. Where a rule is not in the documentation, the comment names the report
// that shows what the service answers.
//
// The package is pure: bytes and hub values in, bytes and hub values out.
package converse

import (
	"errors"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
)

// Name is the dialect's name.
const Name = "converse"

// Paths of the operations, behind /model/{modelId}. PathStream is PathConverse
// and the end that a streamed request adds to an offer's path.
const (
	PathConverse = "/converse"
	PathStream   = PathConverse + streamEnd
	PathCount    = "/count-tokens"

	streamEnd = "-stream"
)

// Back is the provider's side. The zero value is ready.
type Back struct{}

var _ dialect.Back = Back{}

// Name returns the dialect's name.
func (Back) Name() string { return Name }

// Relay fails: no caller speaks this dialect.
func (Back) Relay(llm.Op, llm.Inbound, *llm.Request, dialect.Target) (llm.Outbound, []llm.Loss, error) {
	return llm.Outbound{}, nil, fault.Wrap(fault.Internal, "converse.Relay", errors.New("no caller speaks converse"))
}

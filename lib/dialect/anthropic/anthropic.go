// Package anthropic speaks Anthropic's Messages format, as documented at
// platform.claude.com/docs/en/api/messages and by the official SDKs
// (anthropic-sdk-go v2.14.0; both read 2026-11), and its token counting.
//
// Front reads callers' requests strictly and writes answers; Back relays or
// writes requests to providers and reads what they answer. Both are pure:
// bytes and hub values in, bytes and hub values out.
//
// What Back changes in a relayed request is listed in Back.Relay's comment;
// what it does to the history of another dialect, in Back.Encode's; what
// models of a family take, in package claude.
package anthropic

import (
	"net/http"

	"weir/lib/dialect"
	"weir/lib/llm"
)

// Name is the dialect's name.
const Name = "anthropic"

// Paths below the base URL of a vendor, which ends in the host for Anthropic.
const (
	PathMessages = "/v1/messages"
	PathCount    = "/v1/messages/count_tokens"
)

// Version is the value of anthropic-version where the caller names none. What
// this package writes is of that version: the newer 2026-10-21 has no sampling
// parameters, no documents in the assistant's messages and no citations in the
// user's, and the same answers. A caller's own version goes on as it is
// (platform.claude.com/docs/en/api/versioning, read 2026-11).
const Version = "2023-06-01"

const (
	headerVersion = "Anthropic-Version"
	headerBeta    = "Anthropic-Beta"
)

// Front is the callers' side. The zero value is ready.
type Front struct{}

// Back is the providers' side. The zero value is ready.
type Back struct{}

var (
	_ dialect.Claimer  = Front{}
	_ dialect.Unsealer = Back{}
)

// Name returns the dialect's name.
func (Front) Name() string { return Name }

// Name returns the dialect's name.
func (Back) Name() string { return Name }

// Routes returns the entrances for messages and for counting their tokens. The
// SDKs' ?beta=true leads to the same.
func (Front) Routes() []dialect.Route {
	return []dialect.Route{
		{Method: http.MethodPost, Pattern: PathMessages, Op: llm.OpChat},
		{Method: http.MethodPost, Pattern: PathCount, Op: llm.OpCount},
	}
}

// Claims reports whether a request names a version of the API, as every
// official SDK and tool does.
func (Front) Claims(h http.Header) bool { return h.Get(headerVersion) != "" }

// Package openaichat speaks OpenAI's Chat Completions and Embeddings, as
// documented at platform.openai.com/docs/api-reference/chat (read 2026-11),
// and the variants of it that compatible vendors send.
//
// Front reads callers' requests strictly and writes answers; Back relays or
// writes requests to providers and reads what they answer. Both are pure:
// bytes and hub values in, bytes and hub values out.
//
// What Front adds to OpenAI's own members is listed in Front's comment; what
// Back changes in a relayed request is listed in Back.Relay's.
package openaichat

import (
	"net/http"

	"weir/lib/dialect"
	"weir/lib/llm"
)

// Name is the dialect's name.
const Name = "openaichat"

// Paths below the base URL of a vendor, which ends in /v1 for most.
const (
	PathChat  = "/chat/completions"
	PathEmbed = "/embeddings"
)

// Front is the callers' side. Beyond OpenAI's members it reads and writes
// reasoning_content (text) and thinking_blocks (Anthropic's blocks as they
// are, plus index, the place among the turn's blocks) in assistant messages,
// and reads thinking at the top and cache_control on messages, parts and
// tools. The zero value is ready.
type Front struct{}

// Back is the providers' side. The zero value is ready.
type Back struct{}

var (
	_ dialect.Front = Front{}
	_ dialect.Back  = Back{}
)

// Name returns the dialect's name.
func (Front) Name() string { return Name }

// Name returns the dialect's name.
func (Back) Name() string { return Name }

// Routes returns the entrances for Chat Completions and Embeddings.
func (Front) Routes() []dialect.Route {
	return []dialect.Route{
		{Method: http.MethodPost, Pattern: "/v1" + PathChat, Op: llm.OpChat},
		{Method: http.MethodPost, Pattern: "/v1" + PathEmbed, Op: llm.OpEmbed},
	}
}

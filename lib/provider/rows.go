package provider

import (
	"slices"

	"weir/lib/llm"
)

// Names that rows share.
const (
	authBearer = "bearer"
	authAPIKey = "x-api-key"
	authNone   = "none"
	authAWS    = "aws"
	framingSSE = "sse"

	// FramingEventStream is the framing of AWS's streams.
	FramingEventStream = "eventstream"

	transportHTTP    = "http"
	transportEcho    = "echo"
	transportBedrock = "bedrock"

	dialectChat      = "openaichat"
	dialectAnthropic = "anthropic"
	dialectConverse  = "converse"
	dialectEcho      = "echo"

	read = "2026-11-25"
)

// Rows returns the table of provider kinds, in the order in which people read
// it. The rows are the caller's to read, not to change.
func Rows() []Row { return slices.Concat(vendors, others, hosts, builtin) }

// Find returns the row of kind; ok is false when there is none.
func Find(kind string) (r Row, ok bool) {
	rows := Rows()
	i := slices.IndexFunc(rows, func(r Row) bool { return r.Kind == kind })
	if i < 0 {
		return Row{}, false
	}
	return rows[i], true
}

// Offers of OpenAI-compatible vendors, by what they have.
var (
	chatOnly = []Offer{
		{Op: llm.OpChat, Models: "*", Dialect: dialectChat, Path: "/chat/completions"},
	}
	chatAndEmbed = []Offer{
		{Op: llm.OpChat, Models: "*", Dialect: dialectChat, Path: "/chat/completions"},
		{Op: llm.OpEmbed, Models: "*", Dialect: dialectChat, Path: "/embeddings"},
	}
)

// builtin needs no vendor.
var builtin = []Row{{
	Kind: "echo", Title: "Echo (built in)",
	Auth: authNone, Transport: transportEcho, Framing: framingSSE,
	Offers: []Offer{
		{Op: llm.OpChat, Models: "*", Dialect: dialectEcho, Path: "/chat"},
		{Op: llm.OpEmbed, Models: "*", Dialect: dialectEcho, Path: "/embed"},
	},
	Sources: []string{"part of this gateway"}, Read: read,
}}

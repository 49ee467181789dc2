// Package provider is the table of provider kinds: for each kind its address,
// the name of its credential, its framing, and what it offers in which
// dialect. Kinds are data; their wire formats are dialects and live elsewhere.
package provider

import (
	"time"

	"weir/lib/dialect"
	"weir/lib/llm"
	"weir/lib/provider/credential"
)

// Row is one kind of provider.
type Row struct {
	Kind  string
	Title string // the vendor's name, for people
	// BaseURL as the vendor's own SDK takes it; empty where gateway.yaml must
	// give one.
	BaseURL string
	// Env is the environment variable of the credential, by the name the
	// vendor's SDK reads; empty where the kind needs none.
	Env string
	// Auth is how the credential travels: "bearer", "x-api-key", "none", or
	// "aws", by a signature of the AWS SDK's.
	Auth string
	// Optional: the kind works without a credential, too (vLLM, Ollama).
	Optional bool
	// Regional: the provider is in regions; its address and its prices depend
	// on the endpoint's.
	Regional bool
	// Transport carries requests: "http", "bedrock", or "echo" for the built-in
	// provider.
	Transport string
	// Framing of streamed answers: "sse", or "eventstream" for AWS's.
	Framing string
	Offers  []Offer
	Quirks  dialect.Quirks
	// Prices names the vendor in the price book; empty means Kind.
	Prices string
	// Headers are sent with every request: the vendor's version headers.
	Headers map[string]string
	// Sources are the pages on which the row rests: the vendor's own, and
	// reports of what its API does. Read is the day they were read, as
	// YYYY-MM-DD.
	Sources []string
	Read    string
}

// Offer is one operation that a kind serves for some models. The caller's own
// dialect wins if offered; else the first that matches.
type Offer struct {
	Op      llm.Op
	Models  string // pattern as in package match; "*" is all
	Dialect string
	Path    string // below the base URL
}

// Endpoint is a provider as configured: a row with its address and credential
// filled in. Immutable.
type Endpoint struct {
	Name       string // in gateway.yaml
	Row        *Row
	BaseURL    string // without a trailing slash
	Credential credential.Ref
	Region     string
	Tags       []string
	// Unavailable says why the endpoint cannot be used, such as a missing
	// credential; empty when it can.
	Unavailable string
}

// Timeouts bound one attempt. FirstToken and BetweenTokens bind streamed
// attempts only.
type Timeouts struct {
	Connect       time.Duration
	FirstToken    time.Duration
	BetweenTokens time.Duration
	Total         time.Duration
}

// Target is one thing a call can be sent to. Immutable.
type Target struct {
	Endpoint *Endpoint
	Model    string // upstream name
	Timeouts Timeouts
}

// Offer returns the offer for op and model that t's endpoint makes: one in
// dialect own if there is one, else the first. ok is false when none matches.
func (t Target) Offer(op llm.Op, own string) (o Offer, ok bool) {
	for _, x := range t.Endpoint.Row.Offers {
		if x.Op != op || !Match(x.Models, t.Model) {
			continue
		}
		if x.Dialect == own {
			return x, true
		}
		if !ok {
			o, ok = x, true
		}
	}
	return o, ok
}

// PriceVendor is the vendor's name in the price book.
func (t Target) PriceVendor() string {
	if t.Endpoint.Row.Prices != "" {
		return t.Endpoint.Row.Prices
	}
	return t.Endpoint.Row.Kind
}

// String is "provider/model", as gateway.yaml writes a target.
func (t Target) String() string { return t.Endpoint.Name + "/" + t.Model }

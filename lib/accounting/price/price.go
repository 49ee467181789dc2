// Package price is the price book: what providers charge, as versioned data,
// and the arithmetic that turns a call's usage into nano-dollars. A price that
// is not known is a state of its own and never 0, one model's price is never
// guessed from another's, and no amount is ever a floating-point number.
//
// The book is book.csv, built into the program. It is made from two public
// collections of price facts and from overrides.csv, the rows that somebody has
// looked up on the provider's own page:
//
//	go run ./lib/accounting/price/generate --a A.csv --b B.csv
//
// The same three files give the same book. Package generate states the rules
// by which the two collections are merged.
package price

import (
	"time"

	"weir/lib/money"
)

// Query names what is to be priced.
type Query struct {
	Target string // provider/model, provider as named in gateway.yaml: for overrides
	Vendor string // as the book names it
	Model  string // upstream model
	Region string // where the call is sent; empty where the vendor has no regions
	Tier   string // the service tier that answered; empty is standard
	// At is when the call began: overrides hold from a day on.
	At time.Time
}

// Price is what one model costs, in nano-dollars per million tokens. A nil
// bucket has no price of its own; Cost says what follows. A price of 0 was
// declared: free, not unknown.
type Price struct {
	Input, Output              *money.PerMillion
	CacheRead                  *money.PerMillion
	CacheWrite5m, CacheWrite1h *money.PerMillion
	AudioInput, AudioOutput    *money.PerMillion
	// Units are nano-dollars for one unit, such as web_search.
	Units map[string]money.NanoUSD
	// Above replaces the price for the whole call when its input, cached and
	// audio tokens included, is longer than the threshold. Ascending. What a
	// threshold's price leaves out of audio and units is as in this one.
	Above []Threshold
	// Source says where the price comes from: a, b or a+b (the two collections
	// behind the book), override (looked up), or "gateway.yaml".
	Source string
	// Review marks a price that somebody should look up: the sources disagree,
	// and it is the higher of the two; or it stands in for one that the book
	// lacks (see Book.Find).
	Review bool
}

// Threshold is a price for prompts longer than Tokens.
type Threshold struct {
	Tokens int64
	Price  Price
}

// Override is a price from gateway.yaml. It replaces the book's for targets
// that match, from a day on.
type Override struct {
	Target string    // provider/model, or a pattern such as vllm/*
	From   time.Time // zero: always
	Price  Price
}

// Pricer prices calls; *Book is the one there is.
type Pricer interface {
	// Find returns the price of q; ok is false where none is known.
	Find(q Query) (p Price, ok bool)
	// Version names the book, overrides apart.
	Version() string
}

// Package price is the price book: what providers charge, as versioned data,
// and the arithmetic that turns a call's usage into nano-dollars. A price that
// is not known is a state of its own and never 0.
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
	Region string
	Tier   string // empty is standard
	At     time.Time
}

// Price is what one model costs, in nano-dollars per million tokens. A nil
// bucket has no price of its own.
type Price struct {
	Input, Output              *money.PerMillion
	CacheRead                  *money.PerMillion
	CacheWrite5m, CacheWrite1h *money.PerMillion
	AudioInput, AudioOutput    *money.PerMillion
	// Units are nano-dollars for one unit, such as web_search.
	Units map[string]money.NanoUSD
	// Above replaces the price for the whole call when its input is longer
	// than the threshold. Ascending.
	Above []Threshold
	// Source says where the price comes from: the book's row or "gateway.yaml".
	Source string
	// Review marks a price on which the sources disagree and that nobody has
	// looked at; it is the higher of the two.
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

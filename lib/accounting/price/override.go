package price

import (
	"strings"

	"weir/lib/provider"
)

// SourceConfig is the Source of a price from gateway.yaml.
const SourceConfig = "gateway.yaml"

// With returns a Pricer that asks the overrides first and then the book. An
// override replaces the whole price of a target, in every region and tier: the
// operator's word is not mixed with the book's.
//
// Of several overrides that match a target and have begun (Query.At is not
// before From), the most specific wins: an exact name before a pattern, the
// pattern with more literal characters before the other, then the one that
// began later, then the later in the list. So a price that begins in future
// leaves the present one alone.
func (b *Book) With(overrides []Override) Pricer {
	if len(overrides) == 0 {
		return b
	}
	own := make([]Override, len(overrides))
	for i, o := range overrides {
		o.Price.Source = SourceConfig
		own[i] = o
	}
	return overridden{book: b, overrides: own}
}

type overridden struct {
	book      *Book
	overrides []Override
}

// Version names the book, overrides apart.
func (o overridden) Version() string { return o.book.Version() }

// Models lists the models of a vendor that the book knows.
func (o overridden) Models(vendor string) []string { return o.book.Models(vendor) }

// Find returns the override for q, or the book's price.
func (o overridden) Find(q Query) (Price, bool) {
	best := -1
	for i, x := range o.overrides {
		if !provider.Match(x.Target, q.Target) || q.At.Before(x.From) {
			continue
		}
		if best < 0 || !o.overrides[best].before(x) {
			best = i
		}
	}
	if best < 0 {
		return o.book.Find(q)
	}
	return o.overrides[best].Price, true
}

// before reports whether x is preferred to y, which matches as well and stands
// later in the list.
func (x Override) before(y Override) bool {
	if a, b := specificity(x.Target), specificity(y.Target); a != b {
		return a > b
	}
	return x.From.After(y.From)
}

// specificity orders patterns: exact names are above all patterns.
func specificity(pattern string) int {
	stars := strings.Count(pattern, "*")
	n := len(pattern) - stars
	if stars == 0 {
		n += 1 << 20
	}
	return n
}

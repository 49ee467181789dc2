package catalog

import (
	"time"

	"weir/lib/accounting/price"
	"weir/lib/money"
	"weir/lib/provider"
)

// Listing is one route as people read it.
type Listing struct {
	Model    string          `json:"model"` // what callers ask for; a pattern where it ends in "*"
	Strategy string          `json:"strategy"`
	Targets  []ListingTarget `json:"targets"` // in the order of the route
	// Unavailable says why no call can be served: the targets' reasons. Empty
	// when at least one target is available.
	Unavailable string `json:"unavailable,omitempty"`
}

// ListingTarget is one target of a Listing.
type ListingTarget struct {
	Target   string   `json:"target"` // provider/model
	Provider string   `json:"provider"`
	Kind     string   `json:"kind"`
	Model    string   `json:"model"`
	Dialects []string `json:"dialects"` // that the provider speaks for this model, chat first
	Region   string   `json:"region,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	// Input and Output are US dollars per million tokens, as decimals. Empty
	// where no price is known, or where the price depends on the model behind
	// a wildcard.
	Input       string `json:"input_usd_per_million,omitempty"`
	Output      string `json:"output_usd_per_million,omitempty"`
	Priced      bool   `json:"priced"`
	PriceSource string `json:"price_source,omitempty"`
	// Review marks a price on which the book's sources disagree.
	Review bool `json:"review,omitempty"`
	// Unavailable says why the target cannot be called; empty when it can.
	Unavailable string `json:"unavailable,omitempty"`
}

// Listing returns what s serves, in file order, with the prices of now.
func (s *Snapshot) Listing(now time.Time) []Listing {
	out := make([]Listing, 0, len(s.Routes))
	for _, r := range s.Routes {
		l := Listing{Model: r.Name, Strategy: r.Strategy}
		reasons, down := "", 0
		for _, t := range r.Targets {
			lt := s.listTarget(t, now)
			l.Targets = append(l.Targets, lt)
			if lt.Unavailable != "" {
				down++
				if reasons != "" {
					reasons += "; "
				}
				reasons += lt.Unavailable
			}
		}
		if down == len(r.Targets) {
			l.Unavailable = reasons
		}
		out = append(out, l)
	}
	return out
}

func (s *Snapshot) listTarget(t provider.Target, now time.Time) ListingTarget {
	lt := ListingTarget{
		Target: t.String(), Provider: t.Endpoint.Name, Kind: t.Endpoint.Row.Kind, Model: t.Model,
		Region: t.Endpoint.Region, Tags: t.Endpoint.Tags, Unavailable: t.Endpoint.Unavailable,
	}
	seen := map[string]bool{}
	for _, o := range t.Endpoint.Row.Offers {
		if !seen[o.Dialect] && (isPattern(t.Model) || provider.Match(o.Models, t.Model)) {
			seen[o.Dialect] = true
			lt.Dialects = append(lt.Dialects, o.Dialect)
		}
	}
	if isPattern(t.Model) {
		return lt
	}
	p, ok := s.Prices.Find(priceQuery(t, now))
	if !ok {
		return lt
	}
	lt.Priced, lt.PriceSource, lt.Review = true, p.Source, p.Review
	lt.Input, lt.Output = dollars(p.Input), dollars(p.Output)
	return lt
}

// dollars is a price in US dollars per million tokens, empty for none.
func dollars(p *money.PerMillion) string {
	if p == nil {
		return ""
	}
	return money.NanoUSD(*p).String()
}

// priceQuery asks for t's standard price.
func priceQuery(t provider.Target, at time.Time) price.Query {
	return price.Query{Target: t.String(), Vendor: t.PriceVendor(), Model: t.Model, Region: t.Endpoint.Region, At: at}
}

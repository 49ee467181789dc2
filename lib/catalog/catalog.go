// Package catalog turns gateway.yaml into a Snapshot: validated, immutable,
// complete. Every problem is found at once and named with its position; a
// Snapshot that exists can be served from.
package catalog

import (
	"strings"
	"time"

	"weir/lib/accounting/price"
	"weir/lib/provider"
)

// Snapshot is a validated configuration. Immutable and safe for concurrent
// use.
type Snapshot struct {
	// Hash identifies the configuration in every ledger row: the first 12 hex
	// digits of the SHA-256 of its canonical form.
	Hash      string
	Endpoints []*provider.Endpoint // in file order
	Routes    []Route              // in file order
	Prices    price.Pricer         // the book under the file's own prices
	Settings  Settings
}

// Route is one name, or pattern of names, that callers may ask for.
type Route struct {
	Name     string // may contain one "*" at the end
	Strategy string
	Targets  []provider.Target // model of a wildcard target ends in "*"
}

// StrategyFallback tries targets in order.
const StrategyFallback = "fallback"

// Settings are the gateway's own, each with a written default.
type Settings struct {
	UnknownPrice string // refuse, allow_unpriced
	AbortedCalls string // bill_drained, bill_estimated, cancel
	HeadWait     time.Duration
	MaxBody      int64
	KeyCache     time.Duration
	BillingZone  *time.Location // whose days and months calls are booked in
	Timeouts     provider.Timeouts
}

// Values of Settings.
const (
	PriceRefuse        = "refuse"
	PriceAllowUnpriced = "allow_unpriced"
	AbortBillDrained   = "bill_drained"
	AbortBillEstimated = "bill_estimated"
	AbortCancel        = "cancel"
)

// Resolve returns the route for a model name with wildcards filled in: an
// exact name first, then the pattern with the longest literal prefix. ok is
// false when no route serves the name.
func (s *Snapshot) Resolve(model string) (r Route, ok bool) {
	best := -1
	for _, x := range s.Routes {
		if x.Name == model {
			return x, true
		}
		if prefix, star := strings.CutSuffix(x.Name, "*"); star && len(prefix) > best &&
			len(model) > len(prefix) && strings.HasPrefix(model, prefix) {
			r, ok, best = x, true, len(prefix)
		}
	}
	if !ok {
		return Route{}, false
	}
	rest := model[best:]
	targets := make([]provider.Target, len(r.Targets))
	for i, t := range r.Targets {
		if base, star := strings.CutSuffix(t.Model, "*"); star {
			t.Model = base + rest
		}
		targets[i] = t
	}
	r.Targets = targets
	return r, true
}

package catalog

import (
	"time"

	"weir/lib/money"
	"weir/lib/provider/credential"
)

// fileSpec is a file as it was written, every reference still a name.
type fileSpec struct {
	Version   int
	Providers []entry[providerSpec]
	Models    []entry[routeSpec]
	Prices    []entry[priceSpec]
	Settings  settingsSpec
}

type providerSpec struct {
	Kind       placed[string]
	BaseURL    placed[string]
	Credential placed[credential.Ref]
	Region     placed[string]
	Tags       []placed[string]
}

type routeSpec struct {
	Strategy placed[string]
	Targets  []targetSpec
}

type targetSpec struct {
	At       place
	Provider placed[string]
	Model    placed[string]
	Timeouts timeoutSpec
}

type timeoutSpec struct{ Connect, FirstToken, BetweenTokens, Total placed[time.Duration] }

// priceSpec is in nano-dollars per million tokens, units in nano-dollars for
// one.
type priceSpec struct {
	Input, Output, CacheRead, CacheWrite5m, CacheWrite1h, AudioInput, AudioOutput placed[money.NanoUSD]
	Units                                                                         []entry[money.NanoUSD]
	From                                                                          time.Time
}

type settingsSpec struct {
	UnknownPrice string
	AbortedCalls string
	HeadWait     time.Duration
	MaxBody      int64
	KeyCache     time.Duration
	BillingZone  *time.Location
	Timeouts     timeoutSpec
}

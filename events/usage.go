// Package events holds what travels over the bus: versioned structs, their
// JSON Schema and samples. A version is never changed, only followed by
// another; readers ignore members they do not know. Beside each version lie its
// schema, for readers in other languages, and samples; tests hold them against
// the struct.
package events

// Source is the source of all of the gateway's events.
const Source = "weir"

// States of a call in events.
const (
	StateSettled = "settled" // the call is over
	StateRefused = "refused" // a limit refused it; no provider was called
)

// TypeUsageRecordedV1 is the detail type of UsageRecordedV1.
const TypeUsageRecordedV1 = "usage.recorded.v1"

// UsageRecordedV1 says that a call's row was closed, or corrected. It is
// delivered at least once and in any order: CallID tells repetitions apart,
// and a correction has an id of its own.
type UsageRecordedV1 struct {
	Version int    `json:"version"` // 1
	CallID  string `json:"call_id"` // id of the ledger row
	// Corrects is the id of the row that this one adds to; empty for a call.
	// The figures of a correction are differences and may be negative. Only a
	// call that was given up (abandoned, at no cost) is ever corrected: with
	// the outcome ok the correction takes back the error that it counted as.
	Corrects string `json:"corrects,omitempty"`
	// Emit counts the repetitions that the reaper asked for.
	Emit int64 `json:"emit,omitempty"`

	State   string `json:"state"`   // StateSettled, StateRefused
	Outcome string `json:"outcome"` // ok, or what went wrong; of a refused call the limit's kind
	// Day is the billing day (YYYY-MM-DD) in which the call began, in the
	// stated billing zone; the first seven characters are its month.
	Day string `json:"day"`

	Team      string            `json:"team"`
	App       string            `json:"app"`
	KeyID     string            `json:"key_id"`
	Principal string            `json:"principal,omitempty"`
	UseCase   string            `json:"use_case"`
	Tags      map[string]string `json:"tags,omitempty"`
	RunID     string            `json:"run_id,omitempty"`

	Op             string `json:"op"`
	Stream         bool   `json:"stream"`
	RequestedModel string `json:"requested_model"`
	Provider       string `json:"provider"` // who answered; empty where none was called
	Model          string `json:"model"`    // its name there

	Tokens      Tokens           `json:"tokens"`
	Units       map[string]int64 `json:"units,omitempty"`
	ServiceTier string           `json:"service_tier,omitempty"`
	UsageSource string           `json:"usage_source"` // provider, drained, estimated, none
	// CostNanoUSD is in billionths of a US dollar, null where no price was known.
	CostNanoUSD  *int64 `json:"cost_nano_usd"`
	SavedNanoUSD int64  `json:"saved_nano_usd,omitempty"` // by a cache hit
	CacheHit     bool   `json:"cache_hit,omitempty"`
	PriceVersion string `json:"price_version"`
	ConfigHash   string `json:"config_hash"`

	StartedAt    string `json:"started_at"` // RFC 3339, UTC, milliseconds
	SettledAt    string `json:"settled_at"`
	FirstTokenMS int64  `json:"first_token_ms,omitempty"`
	DurationMS   int64  `json:"duration_ms"`
	Attempts     int    `json:"attempts"`
}

// Tokens are disjoint buckets, but for Reasoning, which is part of Output.
type Tokens struct {
	Input        int64 `json:"input"`
	CacheRead    int64 `json:"cache_read"`
	CacheWrite5m int64 `json:"cache_write_5m"`
	CacheWrite1h int64 `json:"cache_write_1h"`
	AudioInput   int64 `json:"audio_input"`
	Output       int64 `json:"output"`
	AudioOutput  int64 `json:"audio_output"`
	Reasoning    int64 `json:"reasoning"`
}

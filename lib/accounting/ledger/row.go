// Package ledger keeps one row per call. A row is opened before the provider
// is called, settled exactly once afterwards, and is the source of every
// figure that finance sees.
package ledger

import (
	"time"

	"weir/lib/llm"
	"weir/lib/money"
)

// State is where a row stands.
type State string

// The states.
const (
	Open    State = "open"    // the call is under way, or its process died
	Settled State = "settled" // the call is over; figures are final
	Refused State = "refused" // a limit refused the call; no provider was called
)

// UsageSource says where a row's usage comes from.
type UsageSource string

// The usage sources.
const (
	UsageProvider  UsageSource = "provider"  // reported by the provider
	UsageDrained   UsageSource = "drained"   // reported, after the caller hung up
	UsageEstimated UsageSource = "estimated" // counted by the gateway
	UsageNone      UsageSource = "none"      // nothing was used, or nothing is known
)

// Row is one call.
type Row struct {
	CallID  string // UUIDv7: sorts by time
	State   State
	Outcome string // a fault.Outcome; empty while open

	Team, App string
	KeyID     string
	Principal string // IAM principal, where there was one
	UseCase   string
	Tags      map[string]string
	RunID     string
	EndUser   string

	Op             llm.Op
	Dialect        string // the caller's
	Stream         bool
	RequestedModel string
	Provider       string // who answered, as named in gateway.yaml; empty until settled
	Model          string // upstream model

	Usage             llm.Usage
	UsageSource       UsageSource
	Cost              money.NanoUSD
	Unpriced          bool // no price was known: Cost is unknown, not 0
	PriceVersion      string
	ConfigHash        string
	UpstreamRequestID string

	StartedAt  time.Time
	Day        string    // billing day, 2026-11-22; see DayOf. Empty at Open: the day in UTC
	Deadline   time.Time // past it, an open row belongs to a dead process
	SettledAt  time.Time // zero while open
	FirstToken time.Duration
	Duration   time.Duration
	Gateway    time.Duration // the gateway's own share of Duration

	Attempts []Attempt
	Losses   []llm.Loss

	// Corrects is the id of the row that this one adds to, empty for a call.
	// Then Usage and Cost are differences; see Correct.
	Corrects string

	// What becomes of a row after its call, on its way to the cost cells. Open
	// writes none of it.
	Released    bool      // no limit waits for an answer any more
	Emit        int64     // how often the reaper asked for the row to be published again
	EmittedAt   time.Time // when it did so last; zero: never
	Booked      bool      // the cost cells have it
	CellUseCase string    // use case under which it is booked, where that is not UseCase
}

// DayOf is the billing day of a call that began at t: the date in zone, which
// is UTC where zone is nil. Its first seven characters are the month.
func DayOf(t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format(time.DateOnly)
}

// Attempt is one call to one target.
type Attempt struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
	Outcome  string `json:"outcome"` // ok, or a fault.Kind's name
	Status   int    `json:"status,omitempty"`
	Millis   int64  `json:"duration_ms"`
	// Reported is what the provider reported of an attempt that failed before
	// its first content. It is in no other figure: see adr/0010. What it
	// reported of the answer is the row's.
	Reported Tokens `json:"tokens,omitzero"`
}

// Tokens are the counts of a llm.Usage.
type Tokens struct {
	Input        int64 `json:"input,omitempty"`
	CacheRead    int64 `json:"cache_read,omitempty"`
	CacheWrite5m int64 `json:"cache_write_5m,omitempty"`
	CacheWrite1h int64 `json:"cache_write_1h,omitempty"`
	AudioInput   int64 `json:"audio_input,omitempty"`
	Output       int64 `json:"output,omitempty"`
	AudioOutput  int64 `json:"audio_output,omitempty"`
	Reasoning    int64 `json:"reasoning,omitempty"` // part of Output
}

// TokensOf returns the counts of u.
func TokensOf(u llm.Usage) Tokens {
	return Tokens{
		Input: u.Input, CacheRead: u.CacheRead, CacheWrite5m: u.CacheWrite5m, CacheWrite1h: u.CacheWrite1h,
		AudioInput: u.AudioIn, Output: u.Output, AudioOutput: u.AudioOut, Reasoning: u.Reasoning,
	}
}

// plus is the sum of both.
func (t Tokens) plus(o Tokens) Tokens {
	return Tokens{
		Input: t.Input + o.Input, CacheRead: t.CacheRead + o.CacheRead, CacheWrite5m: t.CacheWrite5m + o.CacheWrite5m,
		CacheWrite1h: t.CacheWrite1h + o.CacheWrite1h, AudioInput: t.AudioInput + o.AudioInput,
		Output: t.Output + o.Output, AudioOutput: t.AudioOutput + o.AudioOutput, Reasoning: t.Reasoning + o.Reasoning,
	}
}

// Settlement is what is known of a call at its end; Settle writes it to the
// row in one write.
type Settlement struct {
	Outcome           string
	Provider, Model   string
	Usage             llm.Usage
	UsageSource       UsageSource
	Cost              money.NanoUSD
	Unpriced          bool
	PriceVersion      string
	UpstreamRequestID string
	SettledAt         time.Time
	FirstToken        time.Duration
	Duration          time.Duration
	Gateway           time.Duration
	Attempts          []Attempt
	Losses            []llm.Loss
}

package ledger

import (
	"encoding/json"
	"strconv"
	"time"

	"weir/lib/llm"
	"weir/lib/money"
	"weir/lib/table/layout"
)

// rowView is a row as people and scripts read it: GET /v1/usage/{call id} and
// weir calls. Names and their order are a contract; members are always there,
// but for the last three. What only the end of a call can tell is null while the row is open.
type rowView struct {
	CallID            string            `json:"call_id"`
	State             State             `json:"state"`
	Outcome           *string           `json:"outcome"`
	Team              string            `json:"team"`
	App               string            `json:"app"`
	KeyID             string            `json:"key_id"`
	Principal         string            `json:"principal"`
	UseCase           string            `json:"use_case"`
	Tags              map[string]string `json:"tags"`
	RequestedModel    string            `json:"requested_model"`
	Provider          *string           `json:"provider"`
	Model             *string           `json:"model"`
	Stream            bool              `json:"stream"`
	Tokens            *tokenView        `json:"tokens"`
	Units             map[string]int64  `json:"units"`
	ServiceTier       *string           `json:"service_tier"`
	Losses            []llm.Loss        `json:"losses"`
	UpstreamRequestID *string           `json:"upstream_request_id"`
	UsageSource       *UsageSource      `json:"usage_source"`
	CostNanoUSD       *money.NanoUSD    `json:"cost_nano_usd"` // null: unpriced, or open
	CostUSD           *string           `json:"cost_usd"`
	PriceVersion      string            `json:"price_version"`
	StartedAt         string            `json:"started_at"`
	FirstTokenMS      *int64            `json:"first_token_ms"` // null: there was none
	DurationMS        *int64            `json:"duration_ms"`
	GatewayMS         *micro            `json:"gateway_ms"`
	Attempts          []Attempt         `json:"attempts"`

	Corrects    string `json:"corrects,omitempty"`      // of a correction only
	CellUseCase string `json:"cell_use_case,omitempty"` // where it is not use_case
	Correction  *Row   `json:"correction,omitempty"`    // of a Corrected that has one
}

type tokenView struct {
	Input        int64 `json:"input"`
	CacheRead    int64 `json:"cache_read"`
	CacheWrite5m int64 `json:"cache_write_5m"`
	CacheWrite1h int64 `json:"cache_write_1h"`
	AudioInput   int64 `json:"audio_input"`
	Output       int64 `json:"output"`
	AudioOutput  int64 `json:"audio_output"`
	Reasoning    int64 `json:"reasoning"` // part of output
}

// micro are microseconds, written as milliseconds.
type micro int64

func (m micro) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(m)/1000, 'f', -1, 64), nil
}

// unpriced stands for a cost that is not known, which is not 0.
const unpriced = "unpriced"

// MarshalJSON writes the row as GET /v1/usage/{call id} shows it. Amounts are
// integer nano-dollars, and dollars as a decimal text; times are RFC 3339 in
// UTC, to the millisecond.
func (r Row) MarshalJSON() ([]byte, error) { return json.Marshal(r.view()) }

func (r Row) view() rowView {
	v := rowView{
		CallID: r.CallID, State: r.State,
		Team: r.Team, App: r.App, KeyID: r.KeyID, Principal: r.Principal, UseCase: r.UseCase, Tags: r.Tags,
		RequestedModel: r.RequestedModel, Stream: r.Stream, Units: r.Usage.Units, Losses: r.Losses,
		PriceVersion: r.PriceVersion, StartedAt: layout.Instant(r.StartedAt), Attempts: r.Attempts,
		Corrects: r.Corrects, CellUseCase: r.CellUseCase,
	}
	if v.Tags == nil {
		v.Tags = map[string]string{}
	}
	if v.Units == nil {
		v.Units = map[string]int64{}
	}
	if v.Losses == nil {
		v.Losses = []llm.Loss{}
	}
	if v.Attempts == nil {
		v.Attempts = []Attempt{}
	}
	if r.State != Open {
		r.viewResults(&v)
	}
	return v
}

func (r Row) viewResults(v *rowView) {
	u, cost := r.Usage, r.Cost.String()
	v.Outcome, v.Provider, v.Model, v.ServiceTier = &r.Outcome, &r.Provider, &r.Model, &r.Usage.Tier
	v.UpstreamRequestID, v.UsageSource = &r.UpstreamRequestID, &r.UsageSource
	v.Tokens = &tokenView{
		Input: u.Input, CacheRead: u.CacheRead, CacheWrite5m: u.CacheWrite5m, CacheWrite1h: u.CacheWrite1h,
		AudioInput: u.AudioIn, Output: u.Output, AudioOutput: u.AudioOut, Reasoning: u.Reasoning,
	}
	v.CostNanoUSD, v.CostUSD = &r.Cost, &cost
	if r.Unpriced {
		cost, v.CostNanoUSD = unpriced, nil
	}
	if r.FirstToken > 0 {
		v.FirstTokenMS = millis(r.FirstToken)
	}
	v.DurationMS = millis(r.Duration)
	gateway := micro(r.Gateway.Microseconds())
	v.GatewayMS = &gateway
}

func millis(d time.Duration) *int64 {
	ms := d.Milliseconds()
	return &ms
}

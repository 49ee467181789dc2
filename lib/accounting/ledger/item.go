package ledger

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
	"unicode/utf8"

	"weir/lib/llm"
	"weir/lib/money"
	"weir/lib/table"
	"weir/lib/table/layout"
)

// version is written into every row. It grows when older programs could no
// longer read a row aright; attributes they may ignore do not count.
const version = 1

// ErrVersion says that a row was written by a newer program.
var ErrVersion = errors.New("ledger: unknown version of a row")

// A row's item is flat: what is a list or a map is JSON in one string. Zero
// values are left out. Times are texts that sort, durations microseconds.
const (
	rowSK = "call" // the sort key; a correction is a row of its own, by its own id

	attrVersion  = "v"
	attrState    = "state"
	attrReleased = "released"

	attrTeam           = "team"
	attrApp            = "app"
	attrKeyID          = "key_id"
	attrPrincipal      = "principal"
	attrUseCase        = "use_case"
	attrTags           = "tags"
	attrRunID          = "run_id"
	attrEndUser        = "end_user"
	attrOp             = "op"
	attrDialect        = "dialect"
	attrStream         = "stream"
	attrRequestedModel = "requested_model"
	attrPriceVersion   = "price_version"
	attrConfigHash     = "config_hash"
	attrStartedAt      = "started_at"
	attrDay            = "day"
	attrCorrects       = "corrects"
	attrDeadline       = "deadline"
	attrLivePK         = "live_pk"
	attrLiveSK         = "live_sk"
	attrHourPK         = "hour_pk"
	attrHourSK         = "hour_sk"

	attrOutcome      = "outcome"
	attrProvider     = "provider"
	attrModel        = "model"
	attrInput        = "input"
	attrCacheRead    = "cache_read"
	attrCacheWrite5m = "cache_write_5m"
	attrCacheWrite1h = "cache_write_1h"
	attrAudioInput   = "audio_input"
	attrOutput       = "output"
	attrAudioOutput  = "audio_output"
	attrReasoning    = "reasoning"
	attrUnits        = "units"
	attrTier         = "service_tier"
	attrRegion       = "region"
	attrUsageSource  = "usage_source"
	attrCost         = "cost_nano_usd"
	attrUnpriced     = "unpriced"
	attrUpstreamID   = "upstream_request_id"
	attrSettledAt    = "settled_at"
	attrFirstTokenUS = "first_token_us"
	attrDurationUS   = "duration_us"
	attrGatewayUS    = "gateway_us"
	attrAttempts     = "attempts"
	attrLosses       = "losses"

	attrEmit        = "emit"
	attrEmittedAt   = "emitted_at"
	attrBooked      = "booked"
	attrCellUseCase = "cell_use_case"
)

// identity are the attributes of a row that never change after Open.
var identity = []string{
	attrTeam, attrApp, attrKeyID, attrPrincipal, attrUseCase, attrTags, attrRunID, attrEndUser, attrOp,
	attrDialect, attrStream, attrRequestedModel, attrConfigHash, attrStartedAt, attrDay, attrDeadline, attrCorrects,
}

// sameCall reports whether two items are rows of one and the same call.
func sameCall(a, b table.Item) bool {
	pick := func(it table.Item) table.Item {
		id := table.Item{}
		for _, attr := range identity {
			if v, ok := it[attr]; ok {
				id[attr] = v
			}
		}
		return id
	}
	return a != nil && pick(a).Equal(pick(b))
}

// fields builds an item: zero values are left out, texts are cut to a length
// in bytes with "…" at the end.
type fields table.Item

func (f fields) text(attr, v string, limit int) {
	if v != "" {
		f[attr] = clip(v, limit)
	}
}

func (f fields) number(attr string, v int64) {
	if v != 0 {
		f[attr] = v
	}
}

func (f fields) flag(attr string, v bool) {
	if v {
		f[attr] = true
	}
}

func clip(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	const mark = "…"
	cut := limit - len(mark)
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + mark
}

// encode returns a row's item, without its key. Results are written for closed
// rows only.
func encode(r Row) table.Item {
	it := labels(r)
	if r.State == Open {
		return it
	}
	maps.Copy(it, results(r.State, r.settlement(), rowBytes-it.Size()-keyBytes(r.CallID)))
	return it
}

// labels are what is known of a call before it is made.
func labels(r Row) table.Item {
	shard := layout.Shard(r.CallID)
	f := fields{
		attrVersion: int64(version), attrState: string(r.State),
		attrStartedAt: layout.Instant(r.StartedAt), attrDeadline: layout.Instant(r.Deadline),
		attrDay:    cmp.Or(r.Day, DayOf(r.StartedAt, time.UTC)),
		attrLivePK: layout.LivePK(shard), attrLiveSK: layout.LiveSK(r.Deadline, r.CallID),
		attrHourPK: layout.HourPK(r.StartedAt, shard), attrHourSK: r.CallID,
	}
	f.text(attrTeam, r.Team, maxLabel)
	f.text(attrApp, r.App, maxLabel)
	f.text(attrKeyID, r.KeyID, maxWord)
	f.text(attrPrincipal, r.Principal, maxLabel)
	f.text(attrUseCase, r.UseCase, maxLabel)
	f.text(attrRunID, r.RunID, maxLabel)
	if utf8.RuneCountInString(r.EndUser) <= maxEndUser { // half an id is nobody's
		f.text(attrEndUser, r.EndUser, 4*maxEndUser)
	}
	f.text(attrOp, string(r.Op), maxWord)
	f.text(attrDialect, r.Dialect, maxWord)
	f.flag(attrStream, r.Stream)
	f.text(attrRequestedModel, r.RequestedModel, maxModel)
	f.text(attrPriceVersion, r.PriceVersion, maxWord)
	f.text(attrConfigHash, r.ConfigHash, maxWord)
	f.text(attrCorrects, r.Corrects, maxID)
	if len(r.Tags) > 0 {
		f[attrTags] = toJSON(r.Tags)
	}
	return table.Item(f)
}

// results are what closes a row, in at most room bytes if cutting losses and
// attempts can do it. No limit of the call waits for an answer, so the row is
// released in the same write.
func results(state State, s Settlement, room int) table.Item {
	f := fields{attrState: string(state), attrReleased: true}
	f.text(attrOutcome, s.Outcome, maxWord)
	f.text(attrProvider, s.Provider, maxName)
	f.text(attrModel, s.Model, maxName)
	f.number(attrInput, s.Usage.Input)
	f.number(attrCacheRead, s.Usage.CacheRead)
	f.number(attrCacheWrite5m, s.Usage.CacheWrite5m)
	f.number(attrCacheWrite1h, s.Usage.CacheWrite1h)
	f.number(attrAudioInput, s.Usage.AudioIn)
	f.number(attrOutput, s.Usage.Output)
	f.number(attrAudioOutput, s.Usage.AudioOut)
	f.number(attrReasoning, s.Usage.Reasoning)
	if len(s.Usage.Units) > 0 {
		f[attrUnits] = toJSON(s.Usage.Units)
	}
	f.text(attrTier, s.Usage.Tier, maxWord)
	f.text(attrRegion, s.Usage.Region, maxWord)
	f.text(attrUsageSource, string(s.UsageSource), maxWord)
	if !s.Unpriced {
		f.number(attrCost, int64(s.Cost))
	}
	f.flag(attrUnpriced, s.Unpriced)
	f.text(attrPriceVersion, s.PriceVersion, maxWord)
	f.text(attrUpstreamID, s.UpstreamRequestID, maxName)
	f.text(attrSettledAt, layout.Instant(s.SettledAt), maxWord)
	f.number(attrFirstTokenUS, s.FirstToken.Microseconds())
	f.number(attrDurationUS, s.Duration.Microseconds())
	f.number(attrGatewayUS, s.Gateway.Microseconds())
	fit(table.Item(f), s.Attempts, s.Losses, room)
	return table.Item(f)
}

// settlement is the part of a row that is written at its end.
func (r Row) settlement() Settlement {
	return Settlement{
		Outcome: r.Outcome, Provider: r.Provider, Model: r.Model,
		Usage: r.Usage, UsageSource: r.UsageSource, Cost: r.Cost, Unpriced: r.Unpriced,
		PriceVersion: r.PriceVersion, UpstreamRequestID: r.UpstreamRequestID, SettledAt: r.SettledAt,
		FirstToken: r.FirstToken, Duration: r.Duration, Gateway: r.Gateway,
		Attempts: r.Attempts, Losses: r.Losses,
	}
}

// decode is the inverse of encode. Unknown attributes are ignored and missing
// ones are zero; an unknown version is ErrVersion, and an attribute of the
// wrong type is an error that names the row and the attribute.
func decode(it table.Item) (Row, error) {
	d := table.Decode(it)
	id := d.String(table.PK)
	if v := d.Int(attrVersion); d.Err() == nil && v != version {
		return Row{}, fmt.Errorf("%w: row %s has version %d, this program reads %d: use a newer one", ErrVersion, id, v, version)
	}
	r := Row{
		CallID: id, State: State(d.String(attrState)), Outcome: d.String(attrOutcome),
		Team: d.String(attrTeam), App: d.String(attrApp), KeyID: d.String(attrKeyID), Principal: d.String(attrPrincipal),
		UseCase: d.String(attrUseCase), RunID: d.String(attrRunID), EndUser: d.String(attrEndUser),
		Op: llm.Op(d.String(attrOp)), Dialect: d.String(attrDialect), Stream: d.Bool(attrStream),
		RequestedModel: d.String(attrRequestedModel), Provider: d.String(attrProvider), Model: d.String(attrModel),
		Usage: llm.Usage{
			Input: d.Int(attrInput), CacheRead: d.Int(attrCacheRead),
			CacheWrite5m: d.Int(attrCacheWrite5m), CacheWrite1h: d.Int(attrCacheWrite1h), AudioIn: d.Int(attrAudioInput),
			Output: d.Int(attrOutput), AudioOut: d.Int(attrAudioOutput), Reasoning: d.Int(attrReasoning), Tier: d.String(attrTier), Region: d.String(attrRegion),
		},
		UsageSource: UsageSource(d.String(attrUsageSource)), Cost: money.NanoUSD(d.Int(attrCost)), Unpriced: d.Bool(attrUnpriced),
		PriceVersion: d.String(attrPriceVersion), ConfigHash: d.String(attrConfigHash), UpstreamRequestID: d.String(attrUpstreamID),
		StartedAt: instant(d, attrStartedAt), Day: d.String(attrDay), Deadline: instant(d, attrDeadline), SettledAt: instant(d, attrSettledAt),
		FirstToken: micros(d, attrFirstTokenUS), Duration: micros(d, attrDurationUS), Gateway: micros(d, attrGatewayUS),
		Corrects: d.String(attrCorrects), Released: d.Bool(attrReleased),
		Emit: d.Int(attrEmit), EmittedAt: instant(d, attrEmittedAt), Booked: d.Bool(attrBooked), CellUseCase: d.String(attrCellUseCase),
	}
	if r.Day == "" { // a row from before days were kept
		r.Day = DayOf(r.StartedAt, time.UTC)
	}
	fromJSON(d, attrTags, &r.Tags)
	fromJSON(d, attrUnits, &r.Usage.Units)
	fromJSON(d, attrAttempts, &r.Attempts)
	fromJSON(d, attrLosses, &r.Losses)
	switch r.State {
	case Open, Settled, Refused:
	default:
		d.Fail(attrState, fmt.Errorf("no state is called %q", r.State))
	}
	if err := d.Err(); err != nil {
		return Row{}, fmt.Errorf("ledger: %w", err)
	}
	return r, nil
}

func instant(d *table.Decoder, attr string) time.Time {
	t, err := layout.ParseInstant(d.String(attr))
	d.Fail(attr, err)
	return t
}

func micros(d *table.Decoder, attr string) time.Duration {
	return time.Duration(d.Int(attr)) * time.Microsecond
}

func fromJSON(d *table.Decoder, attr string, to any) {
	if s := d.String(attr); s != "" {
		d.Fail(attr, json.Unmarshal([]byte(s), to))
	}
}

// toJSON encodes maps, strings and numbers, which cannot fail.
func toJSON(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // a channel or a function in a row: no input leads here
	}
	return strings.TrimSuffix(b.String(), "\n")
}

package publisher

import (
	"encoding/json"
	"fmt"

	"weir/events"
	"weir/lib/accounting/ledger"
	"weir/lib/bus"
	"weir/lib/table"
	"weir/lib/table/layout"
)

// read makes the event of a row from its item. An error says why there can be
// none.
func read(it table.Item) (bus.Event, error) {
	r, err := ledger.FromItem(it)
	if err != nil {
		return bus.Event{}, err
	}
	e := usage(r)
	if err := e.Check(); err != nil {
		return bus.Event{}, fmt.Errorf("row %s: %w", r.CallID, err)
	}
	detail, err := json.Marshal(e)
	if err != nil {
		return bus.Event{}, fmt.Errorf("row %s: %w", r.CallID, err)
	}
	return bus.Event{Source: events.Source, Type: events.TypeUsageRecordedV1, Time: r.SettledAt, Detail: detail}, nil
}

// usage is a row as its event tells it.
func usage(r ledger.Row) events.UsageRecordedV1 {
	u := r.Usage
	e := events.UsageRecordedV1{
		Version: 1, CallID: r.CallID, Corrects: r.Corrects, Emit: r.Emit,
		State: string(r.State), Outcome: r.Outcome, Day: r.Day,
		Team: r.Team, App: r.App, KeyID: r.KeyID, Principal: r.Principal, UseCase: r.UseCase, Tags: r.Tags, RunID: r.RunID,
		Op: string(r.Op), Stream: r.Stream, RequestedModel: r.RequestedModel, Provider: r.Provider, Model: r.Model,
		Tokens: events.Tokens{
			Input: u.Input, CacheRead: u.CacheRead, CacheWrite5m: u.CacheWrite5m, CacheWrite1h: u.CacheWrite1h,
			AudioInput: u.AudioIn, Output: u.Output, AudioOutput: u.AudioOut, Reasoning: u.Reasoning,
		},
		Units: u.Units, ServiceTier: u.Tier, UsageSource: string(r.UsageSource),
		PriceVersion: r.PriceVersion, ConfigHash: r.ConfigHash,
		StartedAt: layout.Instant(r.StartedAt), SettledAt: layout.Instant(r.SettledAt),
		FirstTokenMS: r.FirstToken.Milliseconds(), DurationMS: r.Duration.Milliseconds(), Attempts: len(r.Attempts),
	}
	if !r.Unpriced {
		cost := int64(r.Cost)
		e.CostNanoUSD = &cost
	}
	return e
}

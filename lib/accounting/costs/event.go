package costs

import (
	"fmt"

	"weir/events"
	"weir/lib/accounting/ledger"
	"weir/lib/fault"
	"weir/lib/money"
)

// Entry is what one row adds to the cells of its day and of its month.
type Entry struct {
	CallID string // of the row, or of the correction
	Day    string // 2026-11-22
	Dims
	Sums
}

// Month returns the month of the entry, such as 2026-11.
func (e Entry) Month() string { return e.Day[:monthLen] }

// FromEvent returns what the row of an event adds to the cells. UseCase is the
// row's own.
//
// A call that a limit refused counts in Refused and not in Calls. A correction
// adds its differences: 0 to Calls and Refused, and to Errors -1 where the
// call went well after all, since only a call that was given up, which counts
// as an error, is corrected.
//
// The error is that of events.UsageRecordedV1.Check: the event has no meaning,
// now or later.
func FromEvent(e events.UsageRecordedV1) (Entry, error) {
	if err := e.Check(); err != nil {
		return Entry{}, fmt.Errorf("costs: %w", err)
	}
	return fromChecked(e), nil
}

func fromChecked(e events.UsageRecordedV1) Entry {
	t := e.Tokens
	n := Entry{
		CallID: e.CallID, Day: e.Day,
		Dims: Dims{Team: e.Team, App: e.App, UseCase: e.UseCase, Provider: e.Provider, Model: e.Model},
		Sums: Sums{
			Input: t.Input, CacheRead: t.CacheRead, CacheWrite5m: t.CacheWrite5m, CacheWrite1h: t.CacheWrite1h,
			AudioInput: t.AudioInput, Output: t.Output, AudioOutput: t.AudioOutput, Reasoning: t.Reasoning,
			Saved: money.NanoUSD(e.SavedNanoUSD),
		},
	}
	if e.CostNanoUSD == nil {
		n.Unpriced = 1
	} else {
		n.Cost = money.NanoUSD(*e.CostNanoUSD)
	}
	if e.UsageSource == string(ledger.UsageEstimated) {
		n.Estimated = n.Cost
	}
	if e.CacheHit {
		n.CacheHits = 1
	}
	ok := e.Outcome == fault.OutcomeOK
	switch {
	case e.Corrects != "" && ok:
		n.Errors = -1
	case e.Corrects != "":
	case e.State == events.StateRefused:
		n.Refused = 1
	default:
		n.Calls = 1
		if !ok {
			n.Errors = 1
		}
	}
	return n
}

package costs

import (
	"errors"
	"fmt"
	"time"

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

// ErrEvent says that an event cannot be booked, now or later.
var ErrEvent = errors.New("costs: event cannot be booked")

// FromEvent returns what the row of an event adds to the cells. UseCase is the
// row's own.
//
// A call that a limit refused counts in Refused and not in Calls. A correction
// adds its differences: 0 to Calls and Refused, and to Errors -1 where the
// call went well after all, since only a call that was given up is corrected.
//
// An event without the members that cells need, and one with a negative
// amount that is no correction, is an ErrEvent that says what is wrong.
func FromEvent(e events.UsageRecordedV1) (Entry, error) {
	if err := checkEvent(e); err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrEvent, err)
	}
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
	case e.State == string(ledger.Refused):
		n.Refused = 1
	default:
		n.Calls = 1
		if !ok {
			n.Errors = 1
		}
	}
	if e.Corrects == "" {
		if err := n.notNegative(); err != nil {
			return Entry{}, fmt.Errorf("%w: %w", ErrEvent, err)
		}
	}
	return n, nil
}

func checkEvent(e events.UsageRecordedV1) error {
	switch {
	case e.CallID == "":
		return errors.New("call_id is missing")
	case !isID(e.CallID):
		return fmt.Errorf("call_id %.80q is no id", e.CallID)
	case e.State != string(ledger.Settled) && e.State != string(ledger.Refused):
		return fmt.Errorf("state is %q, not settled or refused", e.State)
	case e.Outcome == "":
		return errors.New("outcome is missing")
	case !isPeriod(time.DateOnly, e.Day):
		return fmt.Errorf("day is %q, not a date such as 2026-11-22", e.Day)
	}
	return nil
}

// notNegative refuses amounts below 0.
func (s Sums) notNegative() error {
	for _, f := range figures {
		if n := *f.of(&s); n < 0 {
			return fmt.Errorf("%s is %d, and only a correction may be negative", f.name, n)
		}
	}
	return nil
}

// isID reports whether a row could have that id: printable ASCII without
// spaces, and not long.
func isID(s string) bool {
	const longest = 128
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return s != "" && len(s) <= longest
}

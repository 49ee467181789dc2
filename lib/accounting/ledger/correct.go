package ledger

import (
	"context"
	"errors"
	"fmt"

	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/table"
	"weir/lib/table/layout"
)

// correctionMark stands between a call's id and the number of its correction.
// There is one at most: nothing but a call's own settlement corrects its row.
const correctionMark = "~1"

// Correct writes what a call's settlement adds to its row, which the reaper had
// closed: original is that row, settled as abandoned. Rows are never edited, so
// the difference is a row of its own under the id of the call and "~1", with
// the labels, the start and the day of the original. Its usage and its cost are
// differences; its outcome, provider, model and times are the settlement's. An
// abandoned row counts as an error, so a correction with the outcome ok takes
// one error back, and every other one none.
//
// If the answer is lost the write is repeated; a correction that is there is
// success and keeps its first figures. Errors are as with Open.
func (l *Ledger) Correct(ctx context.Context, original Row, s Settlement) error {
	const op = "ledger.Correct"
	if !original.correctable() {
		return fault.Wrap(fault.Internal, op, fmt.Errorf("row %s is %s, %s: only a call that was given up is corrected",
			original.CallID, original.State, original.Outcome))
	}
	r := correction(original, s)
	if !validID(r.CallID) {
		return fault.Wrap(fault.Internal, op, fmt.Errorf("%q is no call id", r.CallID))
	}
	w := table.Write{
		Kind: table.Put, Table: layout.Ledger, Key: key(r.CallID), Set: encode(r),
		If: []table.Test{{Attr: table.PK, Op: table.Absent}},
	}
	err := table.Repeat(ctx, func(ctx context.Context) error { return l.t.Do(ctx, w) })
	if old, refused := table.Refused(err); refused {
		if sameCall(old, w.Set) {
			return nil
		}
		return fault.Wrap(fault.Internal, op, fmt.Errorf("the id %s belongs to another call", r.CallID))
	}
	return storeError(op, err)
}

// correctable reports whether there may be a correction of r: only calls that
// were given up have one.
func (r Row) correctable() bool {
	return r.State == Settled && r.Outcome == fault.OutcomeAbandoned && r.Corrects == ""
}

// correctAbandoned turns the error of a settlement that came after the reaper
// into a correction.
func (l *Ledger) correctAbandoned(ctx context.Context, err error, s Settlement) error {
	closed, ok := errors.AsType[*ClosedError](err)
	if !ok || closed.Row.Outcome != fault.OutcomeAbandoned {
		return err
	}
	return l.Correct(ctx, closed.Row, s)
}

// correction is the row that lies between original and a call settled by s.
func correction(original Row, s Settlement) Row {
	r := original
	r.CallID, r.Corrects = original.CallID+correctionMark, original.CallID
	r.Outcome, r.Provider, r.Model = s.Outcome, s.Provider, s.Model
	r.Usage, r.UsageSource = difference(s.Usage, original.Usage), s.UsageSource
	r.Cost, r.Unpriced = s.Cost-original.Cost, s.Unpriced
	if s.PriceVersion != "" {
		r.PriceVersion = s.PriceVersion
	}
	r.UpstreamRequestID, r.SettledAt = s.UpstreamRequestID, s.SettledAt
	r.FirstToken, r.Duration, r.Gateway = s.FirstToken, s.Duration, s.Gateway
	r.Attempts, r.Losses = s.Attempts, s.Losses
	return r
}

// difference is what must be added to b to have a. The tier is a's.
func difference(a, b llm.Usage) llm.Usage {
	d := a
	d.Input -= b.Input
	d.CacheRead -= b.CacheRead
	d.CacheWrite5m -= b.CacheWrite5m
	d.CacheWrite1h -= b.CacheWrite1h
	d.AudioIn -= b.AudioIn
	d.Output -= b.Output
	d.AudioOut -= b.AudioOut
	d.Reasoning -= b.Reasoning
	d.Units = nil
	add := func(units map[string]int64, sign int64) {
		for unit, n := range units {
			if d.Units == nil {
				d.Units = map[string]int64{}
			}
			if d.Units[unit] += sign * n; d.Units[unit] == 0 {
				delete(d.Units, unit)
			}
		}
	}
	add(a.Units, 1)
	add(b.Units, -1)
	return d
}

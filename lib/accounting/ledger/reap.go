package ledger

import (
	"context"
	"fmt"
	"time"

	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
)

// Due is a row whose turn in the index of live rows has come: it is past its
// deadline, or past the time for which it was put off.
type Due struct {
	CallID string
	Row    Row
	Err    error  // the row cannot be read, and Row is empty; it names the row
	place  string // in the index
}

// DuePage is a part of the rows that are due.
type DuePage struct {
	Rows []Due
	Next string // where the next page begins; empty at the end
}

// Due returns rows of one of the layout.Shards shards that are due before the
// given time, the longest due first: the page that begins at next, of at most
// limit rows. Rows are in the index until they are released and booked, so what
// is due is either open and given up by its process, or on its way to the cost
// cells for longer than it should be. The index may lag by a moment; rows are
// read afresh, and those that are no longer due are left out, so a page may be
// empty and not the end.
func (l *Ledger) Due(ctx context.Context, shard int, before time.Time, next string, limit int) (DuePage, error) {
	const op = "ledger.Due"
	end := layout.Instant(before)
	q := table.Query{
		Table: layout.Ledger, Index: layout.Live, PK: layout.LivePK(shard),
		To:    end, // a place has the id behind its instant, so "before" is exact
		Limit: limit, Cursor: next,
	}
	var keys table.Page
	err := table.Repeat(ctx, func(ctx context.Context) (err error) {
		keys, err = l.t.Query(ctx, q)
		return err
	})
	if err != nil {
		return DuePage{}, storeError(op, err)
	}
	page := DuePage{Next: keys.Cursor}
	for _, k := range keys.Items {
		d := table.Decode(k)
		it, err := l.get(ctx, table.Key{PK: d.String(table.PK), SK: d.String(table.SK)})
		if err != nil {
			return DuePage{}, storeError(op, err)
		}
		place := table.Decode(it).String(attrLiveSK)
		if place == "" || place >= end {
			continue // gone from the index, or put off, since it was read
		}
		due := Due{CallID: d.String(table.PK), place: place}
		due.Row, due.Err = decode(it)
		page.Rows = append(page.Rows, due)
	}
	return page, nil
}

// Abandon closes the row of a call whose process is dead: settled as abandoned,
// with no usage and at no cost, because nothing is known of either. It does so
// only where the row is open and its deadline before at, and reports whether
// the row is abandoned now; false says that there was nothing to do.
//
// If the answer is lost the write is repeated. A row that does not exist is of
// Kind NotFound. A call that is settled after it was abandoned corrects it; see
// Correct.
func (l *Ledger) Abandon(ctx context.Context, callID string, at time.Time) (abandoned bool, err error) {
	const op = "ledger.Abandon"
	set := results(Settled, Settlement{Outcome: fault.OutcomeAbandoned, UsageSource: UsageNone, SettledAt: at}, settleBytes)
	old, refused, err := l.update(ctx, op, callID, table.Write{
		Set: set,
		If: []table.Test{
			{Attr: attrState, Op: table.Eq, Val: string(Open)},
			{Attr: attrVersion, Op: table.Eq, Val: int64(version)}, // what a newer program's rows mean is not known
			{Attr: attrDeadline, Op: table.Lt, Val: layout.Instant(at)},
		},
	})
	if err != nil || !refused {
		return err == nil, err
	}
	// The first of several tries may have been the one.
	return old[attrOutcome] == fault.OutcomeAbandoned && old[attrSettledAt] == set[attrSettledAt], nil
}

// EmitAgain asks for a row to be published once more, by a change that counts
// up its Emit: whatever was lost on the row's way to the cost cells is made up
// for by it. It does so only where the row is closed, released and not booked,
// and where for the time quiet it was neither closed nor asked for. The row is
// then due again after another quiet. It reports whether the row was asked for
// at now; false says that there was nothing to do.
//
// The row need not be readable, because a publisher may read more than this
// program. If the answer is lost the write is repeated and counts once. A row
// that does not exist is of Kind NotFound.
func (l *Ledger) EmitAgain(ctx context.Context, callID string, now time.Time, quiet time.Duration) (emitted bool, err error) {
	const op = "ledger.EmitAgain"
	at, last := layout.Instant(now), layout.Instant(now.Add(-quiet))
	old, refused, err := l.update(ctx, op, callID, table.Write{
		If: []table.Test{
			{Attr: attrState, Op: table.Exists},
			{Attr: attrState, Op: table.Ne, Val: string(Open)},
			{Attr: attrReleased, Op: table.Exists},
			{Attr: attrBooked, Op: table.Absent},
			{Attr: attrSettledAt, Op: table.Le, Val: last, OrAbsent: true},
			{Attr: attrEmittedAt, Op: table.Le, Val: last, OrAbsent: true},
		},
		Set: table.Item{attrEmittedAt: at, attrLiveSK: layout.LiveSK(now.Add(quiet), callID)},
		Add: map[string]int64{attrEmit: 1},
	})
	if err != nil || !refused {
		return err == nil, err
	}
	_, booked := old[attrBooked]
	return old[attrEmittedAt] == at && !booked, nil
}

// TakeOut takes a row out of the index of live rows that is booked and
// released, and reports whether it is out; false says that it must stay. It may
// be repeated. A row that does not exist is of Kind NotFound.
func (l *Ledger) TakeOut(ctx context.Context, callID string) (out bool, err error) {
	const op = "ledger.TakeOut"
	old, refused, err := l.update(ctx, op, callID, table.Write{
		If: []table.Test{
			{Attr: attrBooked, Op: table.Exists},
			{Attr: attrReleased, Op: table.Exists},
			{Attr: attrLivePK, Op: table.Exists},
		},
		Remove: []string{attrLivePK, attrLiveSK},
	})
	if err != nil || !refused {
		return err == nil, err
	}
	_, live := old[attrLivePK]
	return !live, nil
}

// PutOff makes a row due again at until, and not before: one that cannot be
// dealt with now shall not stand in the way of others. A row that has left its
// place since d was read is left alone.
func (l *Ledger) PutOff(ctx context.Context, d Due, until time.Time) error {
	_, _, err := l.update(ctx, "ledger.PutOff", d.CallID, table.Write{
		If:  []table.Test{{Attr: attrLiveSK, Op: table.Eq, Val: d.place}},
		Set: table.Item{attrLiveSK: layout.LiveSK(until, d.CallID)},
	})
	return err
}

// update applies w to a row, repeats it where it must, and returns the item
// that refused it.
func (l *Ledger) update(ctx context.Context, op, callID string, w table.Write) (old table.Item, refused bool, err error) {
	missing := fault.Wrap(fault.NotFound, op, fmt.Errorf("there is no row %q", callID))
	if !validID(callID) {
		return nil, false, missing
	}
	w.Kind, w.Table, w.Key = table.Update, layout.Ledger, key(callID)
	err = table.Repeat(ctx, func(ctx context.Context) error { return l.t.Do(ctx, w) })
	if old, refused = table.Refused(err); !refused {
		return nil, false, storeError(op, err)
	}
	if old == nil {
		return nil, true, missing
	}
	return old, true, nil
}

package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
)

// Ledger keeps rows in a table.Table. It is safe for concurrent use, by any
// number of processes on one store.
//
// Every method repeats what the store throttles, and every step whose answer
// was lost, until ctx ends (without a deadline, for 20 seconds): so a ctx
// should have one. When that did not help, the error's Kind is StoreDown;
// other errors of the store are Internal.
type Ledger struct{ t table.Table }

// New returns the ledger in t.
func New(t table.Table) *Ledger { return &Ledger{t: t} }

// ErrClosed says that a row was closed by someone else; see ClosedError.
var ErrClosed = errors.New("ledger: row closed by another")

// ClosedError is what Settle and Refuse return for a row that was closed in
// another way than theirs: by a limit, by the call itself, or by the reaper,
// who gave the call up (Outcome is fault.OutcomeAbandoned). Row is the row as
// it stands.
type ClosedError struct{ Row Row }

// Error names the row and how it was closed.
func (e *ClosedError) Error() string {
	return fmt.Sprintf("%v: %s is %s, %s", ErrClosed, e.Row.CallID, e.Row.State, e.Row.Outcome)
}

// Is makes errors.Is(err, ErrClosed) true.
func (e *ClosedError) Is(target error) bool { return target == ErrClosed }

// Open writes the row of a call that begins: State is Open, or Refused where
// the call was refused before it had a row. Its results count only with
// Refused.
//
// If the answer is lost the write is repeated, and a row that is there and is
// this call's is success, whatever became of it since. After an error no
// provider may be called. Where MayBeOpen says that the row may be there all
// the same, Settle it: a row that is missed is given up by the reaper, at no
// cost. A row of another call under the same id is an error.
func (l *Ledger) Open(ctx context.Context, r Row) error {
	const op = "ledger.Open"
	if err := r.check(); err != nil {
		return fault.Wrap(fault.Internal, op, err)
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

// MayBeOpen reports whether err, which Open returned, leaves it unknown whether
// the row was written.
func MayBeOpen(err error) bool { return errors.Is(err, table.ErrUnknown) }

// Settle closes the row of a call that is over, in one write: state, usage,
// price, outcome, and released, because no limit of the call waits for an
// answer.
//
// If the answer is lost the write is repeated; a row that is settled already
// is success and keeps its first figures, so that a call is settled once
// however often Settle is called, and by whomever. A row that the reaper closed
// meanwhile is corrected, which is success, too; see Correct. A row that a limit
// refused is a *ClosedError, a row that does not exist is of Kind NotFound, and
// both have changed nothing. After StoreDown the row may be settled or open:
// Settle again, or leave it to the reaper.
func (l *Ledger) Settle(ctx context.Context, callID string, s Settlement) error {
	set := results(Settled, s, settleBytes)
	err := l.closeRow(ctx, "ledger.Settle", callID, set, func(now Row) bool {
		return now.State == Settled && (now.Outcome != fault.OutcomeAbandoned || s.Outcome == fault.OutcomeAbandoned)
	})
	return l.correctAbandoned(ctx, err, s)
}

// Refuse closes the open row of a call that a limit refused. outcome is the
// limit's kind. Lost answers and errors are as with Settle; a row that is
// refused already is success.
func (l *Ledger) Refuse(ctx context.Context, callID, outcome string, at time.Time) error {
	set := results(Refused, Settlement{Outcome: outcome, UsageSource: UsageNone, SettledAt: at}, settleBytes)
	return l.closeRow(ctx, "ledger.Refuse", callID, set, func(now Row) bool { return now.State == Refused })
}

// closeRow applies set to an open row. done says whether a row that is closed
// already is what was wanted.
func (l *Ledger) closeRow(ctx context.Context, op, callID string, set table.Item, done func(Row) bool) error {
	old, refused, err := l.update(ctx, op, callID, table.Write{
		Set: set, If: []table.Test{{Attr: attrState, Op: table.Eq, Val: string(Open)}},
	})
	if err != nil || !refused {
		return err
	}
	now, err := decode(old)
	switch {
	case err != nil:
		return fault.Wrap(fault.Internal, op, err)
	case done(now):
		return nil
	}
	return fault.Wrap(fault.Internal, op, &ClosedError{Row: now})
}

// Get returns the row of a call as it is now; ok is false when there is none.
func (l *Ledger) Get(ctx context.Context, callID string) (r Row, ok bool, err error) {
	const op = "ledger.Get"
	if !validID(callID) {
		return Row{}, false, nil
	}
	it, err := l.get(ctx, key(callID))
	if err != nil || it == nil {
		return Row{}, false, storeError(op, err)
	}
	if r, err = decode(it); err != nil {
		return Row{}, false, fault.Wrap(fault.Internal, op, err)
	}
	return r, true, nil
}

func (l *Ledger) get(ctx context.Context, k table.Key) (it table.Item, err error) {
	err = table.Repeat(ctx, func(ctx context.Context) error {
		it, err = l.t.Get(ctx, layout.Ledger, k, true)
		return err
	})
	return it, err
}

// storeError gives the store's errors a Kind; nil stays nil.
func storeError(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case table.Unavailable(err):
		return fault.Wrap(fault.StoreDown, op, err)
	}
	return fault.Wrap(fault.Internal, op, err)
}

func key(callID string) table.Key { return table.Key{PK: callID, SK: rowSK} }

// validID reports whether id can be a call's: printable ASCII without spaces,
// so that what a caller puts into a path never reaches the store unseen.
func validID(id string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// check refuses rows that could not be found, listed or reaped.
func (r Row) check() error {
	switch {
	case !validID(r.CallID):
		return fmt.Errorf("%q is no call id", r.CallID)
	case r.State != Open && r.State != Refused:
		return fmt.Errorf("row %s: a call begins open or refused, not %q", r.CallID, r.State)
	case !writable(r.StartedAt) || !writable(r.Deadline):
		return fmt.Errorf("row %s: start and deadline must be set", r.CallID)
	case r.Day != "" && !isDay(r.Day):
		return fmt.Errorf("row %s: %q is no day such as 2026-11-22", r.CallID, r.Day)
	case r.Deadline.Before(r.StartedAt):
		return fmt.Errorf("row %s: its deadline is before its start", r.CallID)
	}
	return nil
}

// isDay reports whether s is a date as DayOf writes it.
func isDay(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// writable reports whether t sorts as text once it is written.
func writable(t time.Time) bool {
	y := t.UTC().Year()
	return !t.IsZero() && y > 0 && y <= 9999
}

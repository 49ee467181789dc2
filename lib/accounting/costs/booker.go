package costs

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"weir/events"
	"weir/lib/bus"
	"weir/lib/table"
)

// Booker adds the rows that events tell of to the cost cells, each row once,
// however often and in whatever order its events come. Any number of Bookers
// may work on one store, and each is safe for concurrent use.
//
// A row and its two cells are written in one transaction that is refused where
// the row is booked already. So a Booker may be stopped between any two steps,
// and an answer of the store may be lost: the events come again and find done
// what was done.
type Booker struct {
	t       table.Table
	letters bus.DeadLetters
	now     func() time.Time
	log     *slog.Logger
	cases   *useCases
	stats   counters
}

// New returns a Booker over the rows and cells in t. What it can never book it
// puts into letters.
func New(t table.Table, letters bus.DeadLetters, now func() time.Time, log *slog.Logger) *Booker {
	b := &Booker{t: t, letters: letters, now: now, log: log}
	b.cases = &useCases{t: t, admissions: &b.stats.admissions}
	return b
}

// Stats counts what a Booker has done since it was made.
type Stats struct {
	Events   int64 // that were handed to Book
	Booked   int64 // rows added to their cells
	Repeated int64 // rows that were booked already, and repetitions in a batch
	Letters  int64 // events put into the dead letters
	Ignored  int64 // events that are of no concern here
	Failed   int64 // events handed back, to be delivered again

	Transactions int64 // sent to book rows, whatever became of them
	RowWrites    int64 // updates of rows in transactions that were applied
	CellWrites   int64 // updates of cells in transactions that were applied
	Admissions   int64 // transactions sent to admit a use case
}

type counters struct {
	events, booked, repeated, letters, ignored, failed, transactions, rowWrites, cellWrites, admissions atomic.Int64
}

// Stats returns the counts so far.
func (b *Booker) Stats() Stats {
	c := &b.stats
	return Stats{
		Events: c.events.Load(), Booked: c.booked.Load(), Repeated: c.repeated.Load(), Letters: c.letters.Load(),
		Ignored: c.ignored.Load(), Failed: c.failed.Load(), Transactions: c.transactions.Load(),
		RowWrites: c.rowWrites.Load(), CellWrites: c.cellWrites.Load(), Admissions: c.admissions.Load(),
	}
}

var _ bus.Handler = (*Booker)(nil).Book

// Book takes a batch of events, as a bus.Handler. What it returns as failed
// was not booked, as far as is known, and may be delivered again, together or
// one by one: that is so where the store is throttled, away, or too contended
// for some seconds. Everything else is taken, and either booked, once, or in
// the dead letters with the reason: an event of an unknown version or without
// a member that is needed, a negative amount, an amount that a cell has no
// room for, a row that is not there. The error is always nil.
func (b *Booker) Book(ctx context.Context, es []bus.Event) ([]bus.Failure, error) {
	r := &round{b: b}
	b.stats.events.Add(int64(len(es)))
	entries := r.read(ctx, es)
	entries = r.admit(ctx, entries)
	r.book(ctx, pack(entries))
	slices.SortFunc(r.failed, func(x, y bus.Failure) int { return cmp.Compare(x.Index, y.Index) })
	b.stats.failed.Add(int64(len(r.failed)))
	if len(r.failed) > 0 {
		b.log.LogAttrs(ctx, slog.LevelWarn, "usage was not booked and comes again",
			slog.Int("events", len(es)), slog.Int("failed", len(r.failed)), slog.Any("error", r.failed[0].Err))
	}
	return r.failed, nil
}

// round is the work on one batch.
type round struct {
	b      *Booker
	failed []bus.Failure
}

// fail hands events back.
func (r *round) fail(err error, at ...int) {
	for _, i := range at {
		r.failed = append(r.failed, bus.Failure{Index: i, Err: err})
	}
}

// letter puts an event aside that can never be booked. Where that fails, the
// event comes again.
func (r *round) letter(ctx context.Context, key, reason string, body []byte, at ...int) {
	b := r.b
	err := b.letters.Put(ctx, bus.Letter{Key: key, From: "aggregator", Reason: reason, Body: body, At: b.now()})
	if err != nil {
		r.fail(fmt.Errorf("costs: dead letter: %w", err), at...)
		return
	}
	b.stats.letters.Add(int64(len(at)))
	b.log.LogAttrs(ctx, slog.LevelError, "usage cannot be booked and is in the dead letters",
		slog.String("key", key), slog.String("reason", reason))
}

// family is what the types of all versions of the event begin with.
const family = "usage.recorded."

// read decodes events. Those of one row become one entry, since a transaction
// cannot write a row twice.
func (r *round) read(ctx context.Context, es []bus.Event) []*entry {
	entries := make([]*entry, 0, len(es))
	byID := make(map[string]*entry, len(es))
	for i, ev := range es {
		if !strings.HasPrefix(ev.Type, family) {
			r.b.stats.ignored.Add(1)
			r.b.log.LogAttrs(ctx, slog.LevelDebug, "an event of another type came to the aggregator", slog.String("type", ev.Type))
			continue
		}
		n, err := decodeEvent(ev)
		if err != nil {
			r.letter(ctx, letterKey(ev), err.Error(), ev.Detail, i)
			continue
		}
		if e := byID[n.CallID]; e != nil {
			e.at = append(e.at, i)
			r.b.stats.repeated.Add(1)
			continue
		}
		e := &entry{Entry: n, own: n.UseCase, at: []int{i}, body: ev.Detail}
		byID[n.CallID] = e
		entries = append(entries, e)
	}
	return entries
}

func decodeEvent(ev bus.Event) (Entry, error) {
	if ev.Type != events.TypeUsageRecordedV1 {
		return Entry{}, fmt.Errorf("%w: an event is of type %s, this program reads %s: use a newer one",
			events.ErrVersion, ev.Type, events.TypeUsageRecordedV1)
	}
	u, err := events.DecodeUsageRecordedV1(ev.Detail)
	if err != nil {
		return Entry{}, err
	}
	return fromChecked(u), nil
}

// letterKey is the call id where there is one, so that all letters about a row
// are one; else a hash, so that an event that comes again is one letter.
func letterKey(ev bus.Event) string {
	var id struct {
		CallID string `json:"call_id"`
	}
	if err := json.Unmarshal(ev.Detail, &id); err == nil && printable(id.CallID) {
		return id.CallID
	}
	sum := sha256.Sum256(ev.Detail)
	return "event-" + hex.EncodeToString(sum[:16])
}

// admit decides the use case under which each entry is booked.
func (r *round) admit(ctx context.Context, entries []*entry) []*entry {
	for i, e := range entries {
		name, err := r.b.cases.cellUseCase(ctx, e.Team, e.Month(), e.own)
		if err != nil {
			err = fmt.Errorf("costs: use case: %w", err)
			for _, e := range entries[i:] { // the store is away; nobody waits for it once an entry
				r.fail(err, e.at...)
			}
			return entries[:i]
		}
		e.UseCase = name
	}
	return entries
}

// printable reports whether s can be shown and is short: visible ASCII.
func printable(s string) bool {
	const longest = 64
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return s != "" && len(s) <= longest
}

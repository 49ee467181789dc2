// Package publisher tells the bus of every ledger row that was closed, and of
// those that the reaper asks for again. It loses nothing: a change counts as
// done when the bus has accepted its event, or when it lies in the dead letters
// because there can be no event. It may tell of a row more than once.
package publisher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/bus"
	"weir/lib/table"
)

// Publisher turns changes of the ledger into events. It keeps nothing between
// batches, so any number may run, and each is safe for concurrent use.
type Publisher struct {
	bus     bus.Publisher
	letters bus.DeadLetters
	now     func() time.Time
	log     *slog.Logger

	published, lettered, again atomic.Int64
}

// New returns a Publisher to b. What can never be published it puts into
// letters.
func New(b bus.Publisher, letters bus.DeadLetters, now func() time.Time, log *slog.Logger) *Publisher {
	return &Publisher{bus: b, letters: letters, now: now, log: log}
}

// Stats counts what a Publisher has done since it was made.
type Stats struct {
	Published int64 // events that the bus accepted
	Letters   int64 // changes that were put into the dead letters
	Again     int64 // events that were sent once more within a batch
}

// Stats returns the counts so far.
func (p *Publisher) Stats() Stats {
	return Stats{Published: p.published.Load(), Letters: p.lettered.Load(), Again: p.again.Load()}
}

// How events are sent.
const (
	batch = 100 // events that are sent at a time
	tries = 4   // before a batch is given back

	firstPause = 50 * time.Millisecond // before the second try; it doubles
)

// dead is the From of this package's letters.
const dead = "publisher"

var _ table.Sink = (*Publisher)(nil).Take

// Take publishes the changes that close a row or ask for one again, as
// ledger.Emits has it, and passes over all others.
//
// Events that the bus does not accept are sent again, each by itself, a few
// times; then Take gives up with the error of the first of them. done counts
// the changes before it, all of which are done; the others come again, and some
// of them may have been published. A row that cannot be read or makes no event,
// and an event that the bus will never accept, go to the dead letters with
// their body and are done. Where that fails they are not.
func (p *Publisher) Take(ctx context.Context, cs []table.Change) (done int, err error) {
	var sending []sent
	for i, c := range cs {
		if !ledger.Emits(c) {
			continue
		}
		e, err := read(c.New)
		if err != nil {
			err = p.bury(ctx, c.Key.PK, err, body(c.New))
		} else {
			sending = append(sending, sent{change: i, about: c.Key.PK, event: e})
		}
		if err != nil || len(sending) == batch {
			if first, sendErr := p.send(ctx, sending); sendErr != nil {
				return p.giveUp(ctx, first, len(cs), sendErr)
			}
			sending = sending[:0]
		}
		if err != nil {
			return p.giveUp(ctx, i, len(cs), err)
		}
	}
	if first, err := p.send(ctx, sending); err != nil {
		return p.giveUp(ctx, first, len(cs), err)
	}
	return len(cs), nil
}

// giveUp reports that the changes from done on must come again.
func (p *Publisher) giveUp(ctx context.Context, done, of int, err error) (int, error) {
	p.log.LogAttrs(ctx, slog.LevelWarn, "usage was not published and comes again",
		slog.Int("changes", of), slog.Int("done", done), slog.String("error", err.Error()))
	return done, fmt.Errorf("publisher: %w", err)
}

// sent is an event on its way.
type sent struct {
	change int // place of its change in the batch
	about  string
	event  bus.Event
	err    error // why it was not accepted
}

// send publishes es, and again what is not accepted. Of what remains it returns
// the first one's change and error.
func (p *Publisher) send(ctx context.Context, es []sent) (first int, err error) {
	pause := firstPause
	for try := 1; len(es) > 0; try++ {
		left, err := p.try(ctx, es)
		if err != nil {
			return left[0].change, err
		}
		if len(left) == 0 {
			break
		}
		if try == tries || !rest(ctx, pause/2+rand.N(pause/2)) { //nolint:gosec // jitter
			return left[0].change, left[0].err
		}
		p.again.Add(int64(len(left)))
		es, pause = left, 2*pause
	}
	return 0, nil
}

// try publishes es once and returns those that may be accepted another time.
// Those that never will be are buried; err says that one of them, the first of
// those returned, could not be.
func (p *Publisher) try(ctx context.Context, es []sent) (left []sent, err error) {
	list := make([]bus.Event, len(es))
	for i, s := range es {
		list[i] = s.event
	}
	why := make([]error, len(es))
	failed, err := p.bus.Publish(ctx, list)
	for _, f := range failed {
		if f.Index < 0 || f.Index >= len(es) {
			err = errors.Join(err, fmt.Errorf("the bus failed event %d of %d: %w", f.Index, len(es), f.Err))
			continue
		}
		why[f.Index] = f.Err
		if f.Err == nil {
			why[f.Index] = errors.New("the bus failed the event without saying why")
		}
	}
	for i, s := range es {
		if err != nil { // nothing is known
			why[i] = err
		}
		switch {
		case why[i] == nil:
			p.published.Add(1)
		case err == nil && errors.Is(why[i], bus.ErrRejected):
			if dead := p.bury(ctx, s.about, why[i], s.event.Detail); dead != nil {
				// It may stand behind others that are left; those were not
				// accepted either, so the batch ends at the first of all.
				left = append(left, s)
				return left, dead
			}
		default:
			s.err = why[i]
			left = append(left, s)
		}
	}
	return left, nil
}

// bury puts what can never be published into the dead letters.
func (p *Publisher) bury(ctx context.Context, about string, why error, body []byte) error {
	err := p.letters.Put(ctx, bus.Letter{Key: about, From: dead, Reason: why.Error(), Body: body, At: p.now()})
	if err != nil {
		return fmt.Errorf("dead letter about %s: %w", about, err)
	}
	p.lettered.Add(1)
	p.log.LogAttrs(ctx, slog.LevelError, "usage cannot be published and is in the dead letters",
		slog.String("key", about), slog.String("reason", why.Error()))
	return nil
}

// body is an item as JSON, as far as it can be written so.
func body(it table.Item) []byte {
	b, err := json.Marshal(it)
	if err != nil {
		return fmt.Appendf(nil, "%q", it) // a value that the store cannot hold
	}
	return b
}

// rest waits for d and reports whether ctx is still alive.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return ctx.Err() == nil
	}
}

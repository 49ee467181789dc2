// Package reaper looks after ledger rows that nobody else will: it gives up
// calls whose process died, asks for rows again that were lost on their way to
// the cost cells, and takes rows out of the index of live rows that are done.
// It knows no limits and no costs; each of its steps is one conditional write
// of package ledger.
package reaper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
	"weir/lib/table/layout"
)

// Quiet is how long a closed row may be on its way to the cost cells before it
// is asked for again, and how long it then is left alone.
const Quiet = 15 * time.Minute

// A pass has a bound, so that it ends in time whatever has piled up.
const (
	pageRows  = 25  // rows of a shard that are read at a time
	shardRows = 200 // rows of a shard that are looked at in one pass
)

// Reaper goes over the rows that are due. It keeps nothing between passes, and
// each of its steps is refused by a row that does not need it, so any number of
// reapers may work on one store at once. Safe for concurrent use.
type Reaper struct {
	ledger *ledger.Ledger
	now    func() time.Time
	log    *slog.Logger
}

// New returns a Reaper of the rows in l.
func New(l *ledger.Ledger, now func() time.Time, log *slog.Logger) *Reaper {
	return &Reaper{ledger: l, now: now, log: log}
}

// Report says what a pass did, in rows.
type Report struct {
	Looked    int // rows that were due
	Abandoned int // open ones whose call was given up
	Emitted   int // closed ones that were asked for again
	TakenOut  int // booked ones that left the index of live rows
	Waiting   int // those whose time has not come after all
	PutOff    int // those that cannot be dealt with, to be looked at again after Quiet
	Failed    int // those whose step failed
	// More says that the pass ended at its bound: more rows are due, and the
	// next pass need not wait.
	More bool
}

func (r *Report) add(o Report) {
	r.Looked += o.Looked
	r.Abandoned += o.Abandoned
	r.Emitted += o.Emitted
	r.TakenOut += o.TakenOut
	r.Waiting += o.Waiting
	r.PutOff += o.PutOff
	r.Failed += o.Failed
	r.More = r.More || o.More
}

// Pass looks at the rows that are due, in all shards at once and at most 200 of
// each:
//
//   - an open row past its deadline is abandoned;
//   - a closed row that is released and not booked is asked for again, when it
//     was closed and last asked for Quiet ago or longer;
//   - a row that is booked and released leaves the index of live rows;
//   - a row that cannot be read goes the same ways but the first, so that the
//     publisher keeps it where people see it;
//   - what none of this helps is put off, so that it does not stand in the way
//     of others.
//
// What is due is decided by the times in the rows and by the clock as it is
// when the pass begins; a clock that jumps back only delays. The report is
// good also beside an error, which holds what went wrong in each shard: the
// rest of a shard is left to the next pass where the store is away.
func (r *Reaper) Pass(ctx context.Context) (Report, error) {
	now := r.now()
	reports, errs := make([]Report, layout.Shards), make([]error, layout.Shards)
	var shards sync.WaitGroup
	for i := range layout.Shards {
		shards.Go(func() {
			p := pass{Reaper: r, now: now}
			errs[i] = p.shard(ctx, i)
			reports[i] = p.report
		})
	}
	shards.Wait()
	var sum Report
	for _, o := range reports {
		sum.add(o)
	}
	err := errors.Join(errs...)
	if err != nil {
		err = fmt.Errorf("reaper: %w", err)
	}
	if sum.Looked > 0 || err != nil {
		r.tell(ctx, sum, err)
	}
	return sum, err
}

func (r *Reaper) tell(ctx context.Context, sum Report, err error) {
	level, attrs := slog.LevelInfo, []slog.Attr{
		slog.Int("looked", sum.Looked), slog.Int("abandoned", sum.Abandoned), slog.Int("emitted", sum.Emitted),
		slog.Int("taken_out", sum.TakenOut), slog.Int("waiting", sum.Waiting), slog.Int("put_off", sum.PutOff),
		slog.Int("failed", sum.Failed), slog.Bool("more", sum.More),
	}
	if err != nil {
		level, attrs = slog.LevelWarn, append(attrs, slog.String("error", err.Error()))
	}
	r.log.LogAttrs(ctx, level, "reaped", attrs...)
}

// pass is the work on one shard.
type pass struct {
	*Reaper
	now    time.Time
	report Report
}

func (p *pass) shard(ctx context.Context, shard int) error {
	var failed []error
	next := ""
	for {
		page, err := p.ledger.Due(ctx, shard, p.now, next, pageRows)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		for _, d := range page.Rows {
			p.report.Looked++
			if err := p.row(ctx, d); err != nil {
				failed = append(failed, err)
				if fault.KindOf(err) == fault.StoreDown {
					return errors.Join(failed...)
				}
			}
		}
		if next = page.Next; next == "" {
			return errors.Join(failed...)
		}
		if p.report.Looked >= shardRows {
			p.report.More = true
			return errors.Join(failed...)
		}
	}
}

// row does for d what it needs. A row whose step fails is put off.
func (p *pass) row(ctx context.Context, d ledger.Due) error {
	err := p.step(ctx, d)
	switch {
	case err == nil:
		return nil
	case fault.KindOf(err) == fault.NotFound:
		p.report.Waiting++ // gone since it was read
		return nil
	}
	p.report.Failed++
	if fault.KindOf(err) == fault.StoreDown {
		return err
	}
	return errors.Join(err, p.putOff(ctx, d, err.Error()))
}

func (p *pass) step(ctx context.Context, d ledger.Due) error {
	switch row := d.Row; {
	case d.Err != nil:
		return p.unreadable(ctx, d)
	case row.State == ledger.Open:
		return p.abandon(ctx, d)
	case !row.Released:
		return p.putOff(ctx, d, "a limit of its call waits for an answer")
	case row.Booked:
		return p.counted(&p.report.TakenOut)(p.ledger.TakeOut(ctx, d.CallID))
	default:
		return p.counted(&p.report.Emitted)(p.ledger.EmitAgain(ctx, d.CallID, p.now, Quiet))
	}
}

// counted counts a step that was done as n, and one that was not needed as
// waiting.
func (p *pass) counted(n *int) func(done bool, err error) error {
	return func(done bool, err error) error {
		switch {
		case err != nil:
			return err
		case done:
			*n++
		default:
			p.report.Waiting++
		}
		return nil
	}
}

func (p *pass) abandon(ctx context.Context, d ledger.Due) error {
	done, err := p.ledger.Abandon(ctx, d.CallID, p.now)
	if done {
		p.log.LogAttrs(ctx, slog.LevelWarn, "call given up: its process did not settle it",
			slog.String("call_id", d.CallID), slog.String("team", d.Row.Team), slog.String("deadline", layout.Instant(d.Row.Deadline)))
	}
	return p.counted(&p.report.Abandoned)(done, err)
}

// unreadable takes the steps that need no figures of a row.
func (p *pass) unreadable(ctx context.Context, d ledger.Due) error {
	out, err := p.ledger.TakeOut(ctx, d.CallID)
	if err != nil || out {
		return p.counted(&p.report.TakenOut)(out, err)
	}
	emitted, err := p.ledger.EmitAgain(ctx, d.CallID, p.now, Quiet)
	if emitted || err != nil && fault.KindOf(err) != fault.Internal {
		return p.counted(&p.report.Emitted)(emitted, err)
	}
	return p.putOff(ctx, d, d.Err.Error())
}

// putOff leaves a row alone for a while. Rows of which this is said again and
// again need somebody to look at them.
func (p *pass) putOff(ctx context.Context, d ledger.Due, why string) error {
	if err := p.ledger.PutOff(ctx, d, p.now.Add(Quiet)); err != nil {
		return err
	}
	p.report.PutOff++
	p.log.LogAttrs(ctx, slog.LevelError, "row cannot be reaped", slog.String("call_id", d.CallID), slog.String("reason", why))
	return nil
}

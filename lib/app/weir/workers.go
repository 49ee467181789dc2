package weir

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"weir/lib/accounting/costs"
	"weir/lib/accounting/ledger"
	"weir/lib/accounting/publisher"
	"weir/lib/accounting/reaper"
	"weir/lib/bus"
	"weir/lib/bus/letters"
	"weir/lib/host/local"
	"weir/lib/table"
	"weir/lib/table/layout"
)

const (
	// consumer is the name of the publisher's cursor in the ledger's feed.
	consumer = "publisher"
	// catchUpTime is how long a stop waits for the feed to be empty. What is
	// left is booked after the next start.
	catchUpTime = 5 * time.Second
	// reapEvery is the pause between two passes of the reaper.
	reapEvery = time.Minute
)

// feeder is a store that feeds its own changes, as the embedded one does. On
// AWS the event source mapping of the ledger's stream does it.
type feeder interface {
	table.Table
	table.Feeder
	CatchUp(ctx context.Context, table, consumer string, s table.Sink) error
}

// workers are what runs beside the calls, in the order in which they stop: the
// reaper, and the feed of the ledger, which carries every closed row through
// publisher and bus to the aggregator, and the aggregator's cells back to the
// row.
func workers(tb table.Table, log *slog.Logger) []local.Worker {
	ws := []local.Worker{{Name: "reaper", Run: reap(reaper.New(ledger.New(tb), time.Now, log), log)}}
	if db, ok := tb.(feeder); ok {
		ws = append(ws, local.Worker{Name: "feed", Run: feed(db, log)})
	}
	return ws
}

func feed(db feeder, log *slog.Logger) func(context.Context) error {
	dead := letters.New(db)
	aggregator := costs.New(db, dead, time.Now, log)
	sink := publisher.New(bus.NewDirect(aggregator.Book), dead, time.Now, log).Take
	return func(ctx context.Context) error {
		err := db.Feed(ctx, layout.Ledger, consumer, sink)
		if ctx.Err() == nil {
			return err
		}
		rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), catchUpTime)
		defer cancel()
		return db.CatchUp(rest, layout.Ledger, consumer, sink)
	}
}

// reap passes over the overdue rows again and again. A pass that fails is
// logged and its work done by the next one.
func reap(r *reaper.Reaper, log *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(reapEvery)
		defer tick.Stop()
		for {
			report, err := r.Pass(ctx)
			if err != nil && !errors.Is(err, context.Canceled) {
				log.LogAttrs(ctx, slog.LevelWarn, "reaper's pass ended early", slog.String("error", err.Error()))
			}
			if report.More && err == nil && ctx.Err() == nil {
				continue
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return nil
			}
		}
	}
}

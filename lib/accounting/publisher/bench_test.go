package publisher_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"weir/lib/accounting/publisher"
	"weir/lib/bus"
	"weir/lib/table"
)

// BenchmarkTake is what the publisher itself costs: batches of 100 closed rows
// to a bus that takes all.
func BenchmarkTake(b *testing.B) {
	p := publisher.New(busFunc(func(context.Context, []bus.Event) ([]bus.Failure, error) { return nil, nil }), &box{}, time.Now, slog.New(slog.DiscardHandler))
	var cs []table.Change
	for i := range 100 {
		cs = append(cs, settles(fmt.Sprintf("call-%03d", i))...)
	}
	rows := 0
	for b.Loop() {
		done, err := p.Take(b.Context(), cs)
		if err != nil {
			b.Fatal(err)
		}
		rows += done
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

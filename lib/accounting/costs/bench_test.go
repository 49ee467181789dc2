package costs_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"weir/lib/accounting/costs"
	"weir/lib/accounting/ledger"
	"weir/lib/accounting/publisher"
	"weir/lib/bus"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/awstest"
)

// benchRows is how many rows one operation of the benchmark brings from the
// ledger's changes into the cells.
const benchRows = 1000

// spreads are how rows lie over cells. The middle one is a company of some
// size: its first cells have most of the calls.
var spreads = []struct {
	name string
	cell func() func(n int) int
}{
	{"one cell", func() func(int) int { return func(int) int { return 0 } }},
	{"40 cells", func() func(int) int {
		z := rand.NewZipf(rand.New(rand.NewPCG(1, 1)), 1.2, 1, 39)
		return func(int) int { return int(z.Uint64()) } // below 40
	}},
	{"own cells", func() func(int) int { return func(n int) int { return n } }},
}

// BenchmarkBooks measures publisher and aggregator, from changes of the ledger
// to cost cells, with a queue between them from which the aggregator gets
// batches of a size, and the number of writes that it takes. On DynamoDB, where
// the environment names an emulator, the time is mostly the emulator's; the
// counts are those of AWS.
func BenchmarkBooks(b *testing.B) {
	stores := map[string]func(b *testing.B) table.Table{"sqlite": func(b *testing.B) table.Table { return tabletest.SQLite(b) }}
	if _, ok := awstest.Endpoint(); ok {
		stores["dynamodb"] = func(b *testing.B) table.Table { return awstest.DynamoDB(b) }
	}
	for _, name := range []string{"sqlite", "dynamodb"} {
		open := stores[name]
		if open == nil {
			continue
		}
		for _, s := range spreads {
			for _, batch := range []int{1, 10, 100, 1000} {
				b.Run(fmt.Sprintf("%s/%s/batch %d", name, s.name, batch), func(b *testing.B) {
					benchBooks(b, open(b), s.cell(), batch, 1)
				})
			}
		}
		b.Run(name+"/40 cells/batch 100, four at once", func(b *testing.B) {
			benchBooks(b, open(b), spreads[1].cell(), 100, 4)
		})
	}
}

// BenchmarkFeedBooks measures the whole way on SQLite, as `weir local` has it:
// each row is two changes in the feed, and booking it is a third.
func BenchmarkFeedBooks(b *testing.B) {
	for _, s := range spreads {
		b.Run(s.name, func(b *testing.B) {
			db := tabletest.OpenSQLite(b, b.TempDir(), layout.All())
			letters := &dead{}
			bk := booker(db, letters)
			pub := publisher.New(bus.NewDirect(bk.Book), letters, clock, slog.New(slog.DiscardHandler))
			cell, l := s.cell(), ledger.New(db)
			first := 0
			for b.Loop() {
				b.StopTimer()
				for n := range benchRows {
					if err := openOne(b.Context(), l, benchCall(first+n, cell)); err != nil {
						b.Fatal(err)
					}
				}
				first += benchRows
				b.StartTimer()
				if err := db.CatchUp(b.Context(), layout.Ledger, "publisher", pub.Take); err != nil {
					b.Fatal(err)
				}
			}
			report(b, first, letters, bk)
		})
	}
}

// benchBooks books with some aggregators at once, and reports what a row
// takes.
func benchBooks(b *testing.B, tb table.Table, cell func(int) int, batch, aggregators int) {
	letters := &dead{}
	bookers := make([]*costs.Booker, aggregators)
	for i := range bookers {
		bookers[i] = booker(tb, letters)
	}
	first := 0
	for b.Loop() {
		b.StopTimer()
		changes := benchChanges(b, tb, first, cell)
		first += benchRows
		b.StartTimer()
		q := &queue{}
		pub := publisher.New(q, letters, clock, slog.New(slog.DiscardHandler))
		if done, err := pub.Take(b.Context(), changes); err != nil || done != len(changes) {
			b.Fatalf("published %d of %d: %v", done, len(changes), err)
		}
		var wg sync.WaitGroup
		for i, bk := range bookers {
			share := q.es[i*len(q.es)/aggregators : (i+1)*len(q.es)/aggregators]
			wg.Go(func() {
				for part := range slices.Chunk(share, batch) {
					if failed, err := bk.Book(b.Context(), part); err != nil || len(failed) > 0 {
						b.Errorf("%v, %v", failed, err)
					}
				}
			})
		}
		wg.Wait()
	}
	report(b, first, letters, bookers...)
}

// report checks that all rows are booked, and says what they took.
func report(b *testing.B, rows int, letters *dead, bookers ...*costs.Booker) {
	var sum costs.Stats
	for _, bk := range bookers {
		s := bk.Stats()
		sum.Booked += s.Booked
		sum.Transactions += s.Transactions
		sum.CellWrites += s.CellWrites
		sum.RowWrites += s.RowWrites
		sum.Admissions += s.Admissions
	}
	if sum.Booked != int64(rows) || len(letters.put) > 0 {
		b.Fatalf("%d of %d rows were booked, %d dead letters", sum.Booked, rows, len(letters.put))
	}
	per := func(n int64) float64 { return float64(n) * 1000 / float64(rows) }
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(per(sum.Transactions), "transactions/1000rows")
	b.ReportMetric(per(sum.RowWrites+sum.CellWrites), "updates/1000rows")
	b.ReportMetric(0, "ns/op")
}

// benchChanges opens rows and returns the changes that closed them.
func benchChanges(b *testing.B, tb table.Table, first int, cell func(int) int) []table.Change {
	calls := some(benchRows, first, func(n int) call { return benchCall(n, cell) })
	open(b, tb, calls...)
	m := memory{}
	changes := make([]table.Change, len(calls))
	for i, c := range calls {
		if err := openOne(b.Context(), ledger.New(m), c); err != nil {
			b.Fatal(err)
		}
		k := rowKey(c.id())
		changes[i] = table.Change{Table: layout.Ledger, Key: k, New: m[k]}
	}
	return changes
}

// queue is a bus that keeps events until somebody fetches them.
type queue struct{ es []bus.Event }

func (q *queue) Publish(_ context.Context, es []bus.Event) ([]bus.Failure, error) {
	q.es = append(q.es, es...)
	return nil, nil
}

// benchCall is the n-th call of a benchmark.
func benchCall(n int, cell func(int) int) call {
	c, i := plain(n), cell(n)
	c.dims.Team, c.dims.App = fmt.Sprintf("team-%d", i%8), fmt.Sprintf("app-%d", i/8%5)
	c.dims.Model = fmt.Sprintf("model-%d", i)
	return c
}

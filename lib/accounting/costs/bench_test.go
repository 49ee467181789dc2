package costs_test

import (
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
		z := rand.NewZipf(rand.New(rand.NewPCG(1, 1)), 1.2, 1, 39) //nolint:gosec // the same dice each time
		return func(int) int { return int(z.Uint64()) }            //nolint:gosec // below 40
	}},
	{"own cells", func() func(int) int { return func(n int) int { return n } }},
}

// BenchmarkBooks measures publisher and aggregator together, from changes of
// the ledger to cost cells, in batches of a size, with the number of writes
// that it takes. On DynamoDB, where the environment names an emulator, the
// time is mostly the emulator's; the counts are those of AWS.
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
		var wg sync.WaitGroup
		for i, bk := range bookers {
			share := changes[i*len(changes)/aggregators : (i+1)*len(changes)/aggregators]
			pub := publisher.New(bus.NewDirect(bk.Book), letters, clock, slog.New(slog.DiscardHandler))
			wg.Go(func() {
				for part := range slices.Chunk(share, batch) {
					if done, err := pub.Take(b.Context(), part); err != nil || done != len(part) {
						b.Errorf("published %d of %d: %v", done, len(part), err)
					}
				}
			})
		}
		wg.Wait()
	}
	var sum costs.Stats
	for _, bk := range bookers {
		s := bk.Stats()
		sum.Booked += s.Booked
		sum.Transactions += s.Transactions
		sum.CellWrites += s.CellWrites
		sum.RowWrites += s.RowWrites
		sum.Admissions += s.Admissions
	}
	if sum.Booked != int64(first) || len(letters.put) > 0 {
		b.Fatalf("%d of %d rows were booked, %d dead letters", sum.Booked, first, len(letters.put))
	}
	per := func(n int64) float64 { return float64(n) * 1000 / float64(first) }
	b.ReportMetric(float64(first)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(per(sum.Transactions), "transactions/1000rows")
	b.ReportMetric(per(sum.RowWrites+sum.CellWrites), "updates/1000rows")
	b.ReportMetric(0, "ns/op")
}

// benchChanges opens rows and returns the changes that closed them.
func benchChanges(b *testing.B, tb table.Table, first int, cell func(int) int) []table.Change {
	calls := some(benchRows, first, func(n int) call {
		c := plain(n)
		i := cell(n)
		c.dims.Team, c.dims.App = fmt.Sprintf("team-%d", i%8), fmt.Sprintf("app-%d", i/8%5)
		c.dims.Model = fmt.Sprintf("model-%d", i)
		return c
	})
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

package sqlite_test

import (
	"fmt"
	"strings"
	"testing"

	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
)

// row is about what a ledger row holds.
func row(i int) table.Item {
	it := table.Item{
		"live_pk": fmt.Sprintf("live#%02d", i%16), "live_sk": fmt.Sprintf("2026-11-25T10:00:00.000Z#%010d", i),
		"hour_pk": fmt.Sprintf("2026-11-25T10#%02d", i%16), "hour_sk": fmt.Sprintf("%010d", i),
		"state": "open", "attempts": strings.Repeat("x", 300), "stream": true,
	}
	for j := range 12 {
		it[fmt.Sprintf("text_%d", j)] = "some value"
		it[fmt.Sprintf("count_%d", j)] = int64(j * 1000)
	}
	return it
}

func BenchmarkOpenSettle(b *testing.B) {
	tb := tabletest.SQLite(b)
	ctx := b.Context()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		k := table.Key{PK: fmt.Sprintf("0193-%012d", i), SK: "call"}
		if err := tb.Do(ctx, table.Write{Table: layout.Ledger, Key: k, Set: row(i), If: []table.Test{{Attr: "pk", Op: table.Absent}}}); err != nil {
			b.Fatal(err)
		}
		err := tb.Do(ctx, table.Write{
			Kind: table.Update, Table: layout.Ledger, Key: k, If: []table.Test{{Attr: "state", Op: table.Eq, Val: "open"}},
			Set: table.Item{"state": "settled", "cost": int64(12345), "outcome": "ok", "usage": "provider"},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReserve(b *testing.B) {
	tb := tabletest.SQLite(b)
	k := table.Key{PK: "scope#team#T", SK: "0"}
	set := table.Item{}
	for j := range 30 {
		set[fmt.Sprintf("m#%d", j)] = int64(1795514700)
	}
	if err := tb.Do(b.Context(), table.Write{Table: layout.State, Key: k, Set: set}); err != nil {
		b.Fatal(err)
	}
	w := table.Write{Kind: table.Update, Table: layout.State, Key: k, Add: map[string]int64{}}
	for j := range 8 {
		name := fmt.Sprintf("rpm%d@1795514700", j)
		w.Add[name] = 1
		w.If = append(w.If, table.Test{Attr: name, Op: table.Le, Val: int64(1 << 40), OrAbsent: true})
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := tb.Do(b.Context(), w); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	tb := tabletest.SQLite(b)
	k := table.Key{PK: "a", SK: "call"}
	if err := tb.Do(b.Context(), table.Write{Table: layout.Ledger, Key: k, Set: row(1)}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tb.Get(b.Context(), layout.Ledger, k, true); err != nil {
			b.Fatal(err)
		}
	}
}

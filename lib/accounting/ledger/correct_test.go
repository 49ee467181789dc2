package ledger_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/money"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

var late = noon.Add(time.Hour)

// abandon opens a row and gives it up.
func abandon(t *testing.T, l *ledger.Ledger, n int) ledger.Row {
	t.Helper()
	r := mustOpen(t, l, opened(n))
	if done, err := l.Abandon(t.Context(), r.CallID, late); err != nil || !done {
		t.Fatalf("abandoned %v, %v", done, err)
	}
	return givenUp(r)
}

// givenUp is r as the reaper leaves it.
func givenUp(r ledger.Row) ledger.Row {
	return closed(r, ledger.Settled, ledger.Settlement{Outcome: fault.OutcomeAbandoned, UsageSource: ledger.UsageNone, SettledAt: late})
}

// TestCorrect is the contract of corrections: what the reaper closed too early
// is made up for, once, and nothing is edited.
func TestCorrect(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		l := ledger.New(tb)
		t.Run("the first figures stay", func(t *testing.T) {
			r := abandon(t, l, 3000)
			mustSettle(t, l, r.CallID, settlement())
			other := settlement()
			other.Cost, other.Outcome = 1, fault.OutcomeClientError
			mustSettle(t, l, r.CallID, other)
			wantRow(t, l, corrected(r, settlement()))
			wantRow(t, l, r)
		})
		t.Run("64 at once write one", func(t *testing.T) {
			r := abandon(t, l, 3001)
			together(64, func(i int) {
				if err := ledger.New(tb).Settle(t.Context(), r.CallID, settlement()); err != nil {
					t.Errorf("settle %d: %v", i, err)
				}
			})
			wantRow(t, l, corrected(r, settlement()))
		})
		t.Run("of a call that failed, and of one without a price", func(t *testing.T) {
			s := settlement()
			s.Outcome, s.Cost, s.Unpriced, s.PriceVersion = fault.OutcomeTimeout, 0, true, ""
			r := abandon(t, l, 3002)
			mustSettle(t, l, r.CallID, s)
			wantRow(t, l, corrected(r, s))
		})
		t.Run("it adds what the row lacks", func(t *testing.T) {
			r := abandon(t, l, 3003)
			edit(t, tb, r.CallID, table.Item{
				"input": int64(2000), "output": int64(345), "reasoning": int64(1), "cost_nano_usd": int64(9_000_000),
				"units": `{"web_search":5,"pages":1}`,
			})
			mustSettle(t, l, r.CallID, settlement())
			s := settlement()
			s.Usage.Input, s.Usage.Output, s.Usage.Reasoning, s.Cost = -800, 0, 59, -225_000
			s.Usage.Units = map[string]int64{"web_search": -3, "pages": -1}
			wantRow(t, l, corrected(r, s))
		})
		t.Run("only of a call that was given up", func(t *testing.T) {
			open, ok, refused := opened(3004), opened(3005), opened(3006)
			late := abandon(t, l, 3007)
			long := givenUp(opened(3008))
			long.CallID = strings.Repeat("x", 64)
			for name, r := range map[string]ledger.Row{
				"open": open, "settled": closed(ok, ledger.Settled, settlement()),
				"refused": closed(refused, ledger.Refused, ledger.Settlement{Outcome: fault.OutcomeAbandoned}),
				"itself":  corrected(late, ledger.Settlement{Outcome: fault.OutcomeAbandoned}), "an id without room": long,
			} {
				wantKind(t, l.Correct(t.Context(), r, settlement()), fault.Internal)
				if got, ok, err := l.Get(t.Context(), r.CallID+"~1"); ok || err != nil {
					t.Errorf("%s: there is a correction: %v, %v", name, got, err)
				}
			}
		})
		t.Run("its id belongs to another call", func(t *testing.T) {
			r := abandon(t, l, 3009)
			other := opened(3009)
			other.CallID = r.CallID + "~1"
			mustOpen(t, l, other)
			wantKind(t, l.Settle(t.Context(), r.CallID, settlement()), fault.Internal)
			wantRow(t, l, other)
		})
		t.Run("it goes the way of a row", func(t *testing.T) {
			r := abandon(t, l, 3011)
			mustSettle(t, l, r.CallID, settlement())
			id := r.CallID + "~1"
			it := item(t, tb, id)
			if it["live_pk"] != layout.LivePK(layout.Shard(id)) || it["hour_sk"] != id || it["released"] != true || it["v"] != int64(1) {
				t.Errorf("its item is %v", it)
			}
			if err := tb.Do(t.Context(), ledger.Book(id, "", true)); err != nil {
				t.Error(err)
			}
			want := corrected(r, settlement())
			want.Booked = true
			wantRow(t, l, want)
			mustSettle(t, l, r.CallID, settlement())
			wantRow(t, l, want)
		})
	})
}

// TestCorrectInTrouble: a late settlement is two writes, and each of them may
// be throttled and its answer lost.
func TestCorrectInTrouble(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		store := tabletest.NewFaulty(tb, nil)
		l, n := ledger.New(store), 3100
		for name, faults := range troubles {
			for first := range 2 {
				t.Run(name, func(t *testing.T) {
					n++
					r := abandon(t, l, n)
					store.Set(tabletest.Writes(append(make([]tabletest.Fault, first), faults...)...))
					mustSettle(t, l, r.CallID, settlement())
					store.Set(nil)
					wantRow(t, l, r)
					wantRow(t, l, corrected(r, settlement()))
				})
			}
		}
	})
}

// TestCorrectionAddsUp: whatever figures a row was given up with, row and
// correction together are the settlement.
func TestCorrectionAddsUp(t *testing.T) {
	tb, n := tabletest.SQLite(t), 0
	l := ledger.New(tb)
	rapid.Check(t, func(t *rapid.T) {
		n++
		r, figures := opened(n), rapid.Int64Range(0, 1<<40)
		if err := l.Open(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		usage := func(who string) llm.Usage {
			return llm.Usage{
				Input: figures.Draw(t, who+" input"), CacheRead: figures.Draw(t, who+" read"), CacheWrite5m: figures.Draw(t, who+" 5m"),
				CacheWrite1h: figures.Draw(t, who+" 1h"), AudioIn: figures.Draw(t, who+" audio in"), Output: figures.Draw(t, who+" output"),
				AudioOut: figures.Draw(t, who+" audio out"), Reasoning: figures.Draw(t, who+" reasoning"),
				Units: rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), figures, 0, 3).Draw(t, who+" units"),
			}
		}
		first := ledger.Settlement{Outcome: fault.OutcomeAbandoned, Usage: usage("row"), Cost: money.NanoUSD(figures.Draw(t, "row cost")), SettledAt: late}
		want := ledger.Settlement{Outcome: fault.OutcomeOK, Usage: usage("call"), Cost: money.NanoUSD(figures.Draw(t, "call cost")), SettledAt: late}
		for _, s := range []ledger.Settlement{first, want} {
			if err := l.Settle(t.Context(), r.CallID, s); err != nil {
				t.Fatal(err)
			}
		}
		row, _, err := l.Get(t.Context(), r.CallID)
		if err != nil {
			t.Fatal(err)
		}
		c, ok, err := l.Get(t.Context(), r.CallID+"~1")
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		got := llm.Usage{
			Input: row.Usage.Input + c.Usage.Input, CacheRead: row.Usage.CacheRead + c.Usage.CacheRead,
			CacheWrite5m: row.Usage.CacheWrite5m + c.Usage.CacheWrite5m, CacheWrite1h: row.Usage.CacheWrite1h + c.Usage.CacheWrite1h,
			AudioIn: row.Usage.AudioIn + c.Usage.AudioIn, Output: row.Usage.Output + c.Usage.Output,
			AudioOut: row.Usage.AudioOut + c.Usage.AudioOut, Reasoning: row.Usage.Reasoning + c.Usage.Reasoning,
			Units: map[string]int64{},
		}
		for _, part := range []llm.Usage{row.Usage, c.Usage} {
			for unit, n := range part.Units {
				got.Units[unit] += n
			}
		}
		nonzero := cmpopts.IgnoreMapEntries(func(_ string, n int64) bool { return n == 0 })
		if diff := cmp.Diff(want.Usage, got, nonzero, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("usage of both rows (-want +got):\n%s", diff)
		}
		if row.Cost+c.Cost != want.Cost {
			t.Errorf("cost %v and %v, want %v together", row.Cost, c.Cost, want.Cost)
		}
	})
}

func TestJSONOfCorrections(t *testing.T) {
	r := corrected(opened(0), settlement())
	r.Cost, r.CellUseCase = -5, "other"
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"cost_nano_usd":-5,"cost_usd":"-0.000000005"`, `],"corrects":"` + opened(0).CallID + `","cell_use_case":"other"}`} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

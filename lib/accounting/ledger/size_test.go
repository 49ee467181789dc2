package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"weir/lib/accounting/ledger"
	"weir/lib/llm"
	"weir/lib/money"
	"weir/lib/table"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

const maxRow = 8 << 10

// longest is a row with labels of ASCII at their full length.
func longest(n int) ledger.Row {
	r := opened(n)
	r.Team, r.App, r.UseCase, r.RunID, r.EndUser = text(128), text(128), text(128), text(128), text(128)
	r.Principal, r.RequestedModel = text(512), text(256)
	r.Tags = map[string]string{}
	for i := range 16 {
		r.Tags[fmt.Sprintf("%02d%s", i, text(38))] = text(128)
	}
	return r
}

func text(n int) string { return strings.Repeat("x", n) }

func attempts(n int) []ledger.Attempt {
	out := make([]ledger.Attempt, n)
	for i := range out {
		out[i] = ledger.Attempt{Provider: fmt.Sprintf("p%d", i), Model: "m", Outcome: "target_failed", Status: 500, Millis: 1}
	}
	return out
}

func losses(n int) []llm.Loss {
	out := make([]llm.Loss, n)
	for i := range out {
		out[i] = llm.Loss{Field: fmt.Sprintf("messages[%d].name", i), Why: "the dialect has no such member"}
	}
	return out
}

// tester is a *testing.T or a *rapid.T.
type tester interface {
	Context() context.Context
	Fatal(args ...any)
}

// stored opens and settles r and returns its item and what is read of it.
func stored(t tester, tb table.Table, r ledger.Row, s ledger.Settlement) (table.Item, ledger.Row) {
	l := ledger.New(tb)
	for _, err := range []error{l.Open(t.Context(), r), l.Settle(t.Context(), r.CallID, s)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got, _, err := l.Get(t.Context(), r.CallID)
	if err != nil {
		t.Fatal(err)
	}
	it, err := tb.Get(t.Context(), "ledger", table.Key{PK: r.CallID, SK: "call"}, true)
	if err != nil {
		t.Fatal(err)
	}
	return it, got
}

func TestSize(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		t.Run("what fits is kept", func(t *testing.T) {
			s := settlement()
			s.Attempts, s.Losses = attempts(5), losses(10)
			it, got := stored(t, tb, longest(1), s)
			if it.Size() > maxRow {
				t.Errorf("the item has %d bytes", it.Size())
			}
			if diff := cmp.Diff(closed(longest(1), "settled", s), got); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
		})
		t.Run("losses are cut first, with a mark", func(t *testing.T) {
			s := settlement()
			s.Attempts, s.Losses = attempts(5), losses(1000)
			it, got := stored(t, tb, longest(2), s)
			if it.Size() > maxRow {
				t.Errorf("the item has %d bytes", it.Size())
			}
			if diff := cmp.Diff(s.Attempts, got.Attempts); diff != "" {
				t.Errorf("attempts (-want +got):\n%s", diff)
			}
			kept := len(got.Losses) - 1
			want := append(losses(kept), llm.Loss{Field: "…", Why: fmt.Sprintf("%d more, left out to keep the row small", 1000-kept)})
			if diff := cmp.Diff(want, got.Losses); diff != "" {
				t.Errorf("losses (-want +got):\n%s", diff)
			}
			if kept < 20 {
				t.Errorf("only %d losses are kept", kept)
			}
		})
		t.Run("then attempts between the first and the last", func(t *testing.T) {
			s := settlement()
			s.Attempts, s.Losses = attempts(500), losses(3)
			it, got := stored(t, tb, longest(3), s)
			if it.Size() > maxRow {
				t.Errorf("the item has %d bytes", it.Size())
			}
			n := len(got.Attempts) - 2
			want := append(attempts(n), ledger.Attempt{Provider: "…", Outcome: fmt.Sprintf("%d attempts left out", 500-n-1), Millis: int64(500 - n - 1)}, s.Attempts[499])
			if diff := cmp.Diff(want, got.Attempts); diff != "" {
				t.Errorf("attempts (-want +got):\n%s", diff)
			}
			if n < 10 {
				t.Errorf("only the first %d attempts are kept", n)
			}
			if diff := cmp.Diff([]llm.Loss{{Field: "…", Why: "3 more, left out to keep the row small"}}, got.Losses); diff != "" {
				t.Errorf("losses (-want +got):\n%s", diff)
			}
		})
		t.Run("what was reported of attempts is kept, or summed up", func(t *testing.T) {
			most := int64(1) << 53
			all := ledger.Tokens{Input: most, CacheRead: most, CacheWrite5m: most, CacheWrite1h: most, AudioInput: most, Output: most, AudioOutput: most, Reasoning: most}
			s := settlement()
			s.Attempts = attempts(2)
			for i := range s.Attempts {
				s.Attempts[i].Provider, s.Attempts[i].Model, s.Attempts[i].Reported = text(128), text(128), all
			}
			it, got := stored(t, tb, longest(20), s)
			if diff := cmp.Diff(s.Attempts, got.Attempts); diff != "" || it.Size() > maxRow {
				t.Errorf("%d bytes, attempts (-want +got):\n%s", it.Size(), diff)
			}
			s.Attempts = attempts(500)
			for i := range s.Attempts {
				s.Attempts[i].Reported = ledger.Tokens{Input: 3, CacheRead: 1}
			}
			_, got = stored(t, tb, longest(21), s)
			var sum ledger.Tokens
			for _, a := range got.Attempts {
				sum.Input += a.Reported.Input
				sum.CacheRead += a.Reported.CacheRead
			}
			if sum != (ledger.Tokens{Input: 1500, CacheRead: 500}) || len(got.Attempts) > 100 {
				t.Errorf("%d attempts with %+v in all", len(got.Attempts), sum)
			}
		})
		t.Run("a row that opens refused has the whole of it", func(t *testing.T) {
			r := closed(opened(7), ledger.Refused, ledger.Settlement{Outcome: "over_budget", Attempts: attempts(500), Losses: losses(1000), SettledAt: noon})
			mustOpen(t, ledger.New(tb), r)
			if n := item(t, tb, r.CallID).Size(); n > maxRow || n < maxRow-200 {
				t.Errorf("the item has %d bytes, want nearly %d", n, maxRow)
			}
		})
		t.Run("tags never", func(t *testing.T) {
			r := longest(4)
			for name := range r.Tags {
				r.Tags[name] = strings.Repeat("雪", 128)
			}
			s := settlement()
			s.Attempts, s.Losses = attempts(500), losses(1000)
			_, got := stored(t, tb, r, s)
			if diff := cmp.Diff(r.Tags, got.Tags); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
		})
		t.Run("texts are cut at a character, with a mark", func(t *testing.T) {
			s := settlement()
			s.UpstreamRequestID, s.Model = strings.Repeat("é", 500), "bad \xff byte"
			_, got := stored(t, tb, opened(5), s)
			if want := strings.Repeat("é", 126) + "…"; got.UpstreamRequestID != want {
				t.Errorf("upstream request id %q", got.UpstreamRequestID)
			}
			if got.Model != "bad \uFFFD byte" {
				t.Errorf("model %q", got.Model)
			}
		})
		t.Run("attempts that are kept have no characters that blow them up", func(t *testing.T) {
			s := settlement()
			s.Attempts = attempts(3)
			for i := range s.Attempts {
				s.Attempts[i].Provider, s.Attempts[i].Model = strings.Repeat("\x01", 128), strings.Repeat("\x01", 128)
			}
			it, got := stored(t, tb, longest(8), s)
			if it.Size() > maxRow {
				t.Errorf("the item has %d bytes", it.Size())
			}
			if want := strings.Repeat("\uFFFD", 41) + "…"; got.Attempts[0].Model != want {
				t.Errorf("model %q", got.Attempts[0].Model)
			}
		})
		t.Run("an end user of more than 128 characters is not kept", func(t *testing.T) {
			r := opened(6)
			r.EndUser = text(129)
			if _, got := stored(t, tb, r, settlement()); got.EndUser != "" {
				t.Errorf("end user %q", got.EndUser)
			}
		})
	})
}

// TestRoundTrip: what is written is what is read, for rows of every shape.
func TestRoundTrip(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		l, n := ledger.New(tb), 0
		rapid.Check(t, func(t *rapid.T) {
			n++
			want := row(n).Draw(t, "row")
			if err := l.Open(t.Context(), want); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "settles") && want.State == ledger.Open {
				s := closing().Draw(t, "settlement")
				if err := l.Settle(t.Context(), want.CallID, s); err != nil {
					t.Fatal(err)
				}
				want = closed(want, ledger.Settled, s)
			}
			got, ok, err := l.Get(t.Context(), want.CallID)
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("row (-want +got):\n%s", diff)
			}
		})
	})
}

// TestSizeHolds: no settlement, however large and odd, makes a large item.
func TestSizeHolds(t *testing.T) {
	tb, n := tabletest.SQLite(t), 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		s := closing().Draw(t, "settlement")
		odd := rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat(string(rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "bytes")), rapid.IntRange(0, 200).Draw(t, "times"))
		})
		s.Provider, s.Model, s.UpstreamRequestID = odd.Draw(t, "provider"), odd.Draw(t, "model"), odd.Draw(t, "id")
		s.Attempts = attempts(rapid.IntRange(0, 300).Draw(t, "attempts"))
		s.Losses = losses(rapid.IntRange(0, 300).Draw(t, "losses"))
		for i := range s.Attempts {
			if i%7 == 0 {
				s.Attempts[i].Model, s.Attempts[i].Provider = s.Model, s.Provider
			}
		}
		for i := range s.Losses {
			if i%7 == 0 {
				s.Losses[i] = llm.Loss{Field: s.Model, Why: s.UpstreamRequestID}
			}
		}
		it, got := stored(t, tb, longest(n), s)
		if it.Size() > maxRow {
			t.Errorf("the item has %d bytes", it.Size())
		}
		if len(s.Attempts) > 0 && (got.Attempts[0].Millis != s.Attempts[0].Millis || got.Attempts[len(got.Attempts)-1].Status != 500) {
			t.Errorf("the first or the last attempt is missing")
		}
		if total(got.Attempts) != total(s.Attempts) {
			t.Errorf("attempts of %d ms became %d ms", total(s.Attempts), total(got.Attempts))
		}
		// What was cut is written again as it is.
		again := longest(n + 1_000_000)
		again = closed(again, ledger.Refused, ledger.Settlement{Attempts: got.Attempts, Losses: got.Losses, SettledAt: noon})
		if err := ledger.New(tb).Open(t.Context(), again); err != nil {
			t.Fatal(err)
		}
	})
}

func total(as []ledger.Attempt) (ms int64) {
	for _, a := range as {
		ms += a.Millis
	}
	return ms
}

func row(n int) *rapid.Generator[ledger.Row] {
	return rapid.Custom(func(t *rapid.T) ledger.Row {
		word := rapid.StringN(0, 16, 64)
		at := instant().Draw(t, "start")
		r := ledger.Row{
			CallID: idAt(at, n), State: ledger.Open,
			Team: word.Draw(t, "team"), App: word.Draw(t, "app"), KeyID: word.Draw(t, "key"), Principal: word.Draw(t, "principal"),
			UseCase: word.Draw(t, "use case"), Tags: rapid.MapOfN(word, word, 0, 16).Draw(t, "tags"),
			RunID: word.Draw(t, "run"), EndUser: word.Draw(t, "user"),
			Op: rapid.SampledFrom([]llm.Op{llm.OpChat, llm.OpEmbed, llm.OpRaw}).Draw(t, "op"), Dialect: word.Draw(t, "dialect"),
			Stream: rapid.Bool().Draw(t, "stream"), RequestedModel: word.Draw(t, "model"),
			PriceVersion: word.Draw(t, "price"), ConfigHash: word.Draw(t, "hash"),
			StartedAt: at, Day: at.Format(time.DateOnly), Deadline: at.Add(time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "ms")) * time.Millisecond),
		}
		if rapid.Bool().Draw(t, "refused") {
			r = closed(r, ledger.Refused, closing().Draw(t, "refusal"))
		}
		return r
	})
}

func closing() *rapid.Generator[ledger.Settlement] {
	return rapid.Custom(func(t *rapid.T) ledger.Settlement {
		word := rapid.StringN(0, 16, 64)
		count := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64())
		took := rapid.Map(rapid.Int64Range(0, 1e12), func(us int64) time.Duration { return time.Duration(us) * time.Microsecond })
		s := ledger.Settlement{
			Outcome: word.Draw(t, "outcome"), Provider: word.Draw(t, "provider"), Model: word.Draw(t, "model"),
			Usage: llm.Usage{
				Input: count.Draw(t, "input"), CacheRead: count.Draw(t, "cache read"),
				CacheWrite5m: count.Draw(t, "5m"), CacheWrite1h: count.Draw(t, "1h"), AudioIn: count.Draw(t, "audio in"),
				Output: count.Draw(t, "output"), AudioOut: count.Draw(t, "audio out"), Reasoning: count.Draw(t, "reasoning"),
				Units: rapid.MapOfN(word, count, 0, 3).Draw(t, "units"), Tier: word.Draw(t, "tier"), Region: word.Draw(t, "region"),
			},
			UsageSource: rapid.SampledFrom([]ledger.UsageSource{ledger.UsageProvider, ledger.UsageDrained, ledger.UsageEstimated, ledger.UsageNone}).Draw(t, "source"),
			Unpriced:    rapid.Bool().Draw(t, "unpriced"), PriceVersion: word.Draw(t, "price"), UpstreamRequestID: word.Draw(t, "id"),
			SettledAt:  instant().Draw(t, "settled"),
			FirstToken: took.Draw(t, "first"), Duration: took.Draw(t, "duration"), Gateway: took.Draw(t, "gateway"),
			Attempts: slices.Clone(attempts(10)[:rapid.IntRange(0, 10).Draw(t, "attempts")]),
			Losses:   losses(rapid.IntRange(0, 5).Draw(t, "losses")),
		}
		if !s.Unpriced {
			s.Cost = money.NanoUSD(count.Draw(t, "cost"))
		}
		return s
	})
}

// instant is a time to the millisecond, as rows keep it.
func instant() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(0, 4e12), func(ms int64) time.Time { return time.UnixMilli(ms).UTC() })
}

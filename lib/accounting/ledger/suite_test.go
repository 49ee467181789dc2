package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/table"
	"weir/lib/table/layout"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// idAt makes a call id in the form of a UUIDv7.
func idAt(at time.Time, n int) string {
	ms := at.UnixMilli()
	return fmt.Sprintf("%08x-%04x-7%03x-8000-%012x", ms>>16, ms&0xffff, n&0xfff, n)
}

// opened is the n-th row of a test as it begins.
func opened(n int) ledger.Row {
	at := noon.Add(time.Duration(n) * time.Millisecond)
	return ledger.Row{
		CallID: idAt(at, n), State: ledger.Open, Team: "search", App: "web", KeyID: "0123456789AB",
		UseCase: "faq", Tags: map[string]string{"env": "prod"}, RunID: "run-1", EndUser: "u-7",
		Op: llm.OpChat, Dialect: "openaichat", Stream: true, RequestedModel: "claude-sonnet",
		PriceVersion: "2026-11-22", ConfigHash: "0123456789ab", StartedAt: at, Day: "2026-11-22", Deadline: at.Add(11 * time.Minute),
	}
}

// settlement is what became of it.
func settlement() ledger.Settlement {
	return ledger.Settlement{
		Outcome: fault.OutcomeOK, Provider: "bedrock", Model: "us.anthropic.claude-sonnet-4-5",
		Usage: llm.Usage{
			Input: 1200, CacheRead: 10, CacheWrite5m: 20, CacheWrite1h: 30, AudioIn: 40, Output: 345, AudioOut: 50, Reasoning: 60,
			Units: map[string]int64{"web_search": 2}, Tier: "priority", Region: "us",
		},
		UsageSource: ledger.UsageProvider, Cost: 8_775_000, PriceVersion: "2026-11-23", UpstreamRequestID: "req-1",
		SettledAt: noon.Add(time.Minute), FirstToken: 412 * time.Millisecond, Duration: 3120 * time.Millisecond, Gateway: 1800 * time.Microsecond,
		Attempts: []ledger.Attempt{
			{Provider: "anthropic", Model: "claude-sonnet-4-5", Outcome: "target_throttled", Status: 429, Millis: 80},
			{Provider: "bedrock", Model: "us.anthropic.claude-sonnet-4-5", Outcome: "ok", Status: 200, Millis: 3118},
		},
		Losses: []llm.Loss{{Field: "logit_bias", Why: "Converse has no such parameter"}},
	}
}

// closed is r with s and a closed state.
func closed(r ledger.Row, state ledger.State, s ledger.Settlement) ledger.Row {
	r.State, r.Outcome, r.Provider, r.Model = state, s.Outcome, s.Provider, s.Model
	r.Usage, r.UsageSource, r.Cost, r.Unpriced = s.Usage, s.UsageSource, s.Cost, s.Unpriced
	r.UpstreamRequestID, r.SettledAt = s.UpstreamRequestID, s.SettledAt
	r.FirstToken, r.Duration, r.Gateway, r.Released = s.FirstToken, s.Duration, s.Gateway, true
	r.Attempts, r.Losses = s.Attempts, s.Losses
	if s.PriceVersion != "" {
		r.PriceVersion = s.PriceVersion
	}
	return r
}

// corrected is what s adds to r, which was abandoned.
func corrected(r ledger.Row, s ledger.Settlement) ledger.Row {
	r = closed(r, ledger.Settled, s)
	r.CallID, r.Corrects = r.CallID+"~1", r.CallID
	return r
}

func mustOpen(t *testing.T, l *ledger.Ledger, r ledger.Row) ledger.Row {
	t.Helper()
	if err := l.Open(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

func mustSettle(t *testing.T, l *ledger.Ledger, id string, s ledger.Settlement) {
	t.Helper()
	if err := l.Settle(t.Context(), id, s); err != nil {
		t.Fatal(err)
	}
}

// wantRow checks what is stored.
func wantRow(t *testing.T, l *ledger.Ledger, want ledger.Row) {
	t.Helper()
	got, ok, err := l.Get(t.Context(), want.CallID)
	if err != nil || !ok {
		t.Fatalf("row %s: %v, %v", want.CallID, ok, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}

func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("error %v, want one of kind %v", err, want)
	}
}

// item reads a row as it is stored.
func item(t *testing.T, tb table.Table, id string) table.Item {
	t.Helper()
	it, err := tb.Get(t.Context(), layout.Ledger, table.Key{PK: id, SK: "call"}, true)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

// edit changes a stored row behind the ledger's back.
func edit(t *testing.T, tb table.Table, id string, set table.Item) {
	t.Helper()
	err := tb.Do(t.Context(), table.Write{Kind: table.Update, Table: layout.Ledger, Key: table.Key{PK: id, SK: "call"}, Set: set})
	if err != nil {
		t.Fatal(err)
	}
}

// together runs f n times at once.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// wantFound checks what Recent finds, by call id and in order. An index may
// lag, so it looks again for a while.
func wantFound(t *testing.T, l *ledger.Ledger, f ledger.Filter, want ...string) ledger.Found {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		found, err := l.Recent(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		ids := make([]string, len(found.Rows))
		for i, r := range found.Rows {
			ids[i] = r.CallID
		}
		diff := cmp.Diff(want, ids, cmpopts.EquateEmpty())
		if diff == "" {
			return found
		}
		select {
		case <-ctx.Done():
			t.Fatalf("found (-want +got):\n%s", diff)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

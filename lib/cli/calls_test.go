package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
	"weir/lib/llm"
)

// fixed is a ledger of one call.
type fixed ledger.Corrected

func (f fixed) Recent(context.Context, ledger.Filter) (ledger.Found, error) {
	return ledger.Found{Rows: []ledger.Row{f.Row}}, nil
}

func (f fixed) Corrected(_ context.Context, callID string) (ledger.Corrected, bool, error) {
	return ledger.Corrected(f), callID == f.CallID, nil
}

// shown is what weir prints for args on a store of one call.
func shown(t *testing.T, c ledger.Corrected, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &Program{
		LookupEnv: func(string) (string, bool) { return "", false }, Stdout: &stdout, Stderr: &stderr, Now: time.Now,
		OpenStore: func(context.Context, StoreRef, bool) (*Store, error) {
			return &Store{Calls: fixed(c), Close: func() error { return nil }}, nil
		},
	}
	if status := p.Run(t.Context(), args); status != exitDone || stderr.Len() > 0 {
		t.Fatalf("weir %v: status %d: %s", args, status, &stderr)
	}
	return stdout.String()
}

// A call that was given up and ended after all is shown with its correction.
func TestCallsShowTellsOfACorrection(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	row := ledger.Row{
		CallID: "0193-a", State: ledger.Settled, Outcome: fault.OutcomeAbandoned, Team: "search", App: "web", Op: llm.OpChat,
		RequestedModel: "fast", UsageSource: ledger.UsageNone, StartedAt: noon, PriceVersion: "2026-11-22",
	}
	correction := row
	correction.CallID, correction.Corrects, correction.Outcome = "0193-a~1", "0193-a", fault.OutcomeOK
	correction.Provider, correction.Model, correction.UsageSource = "openai", "gpt-4o", ledger.UsageProvider
	correction.Usage, correction.Cost, correction.Duration = llm.Usage{Input: 7, Output: 3}, 19_000, 90*time.Second
	both := ledger.Corrected{Row: row, Correction: &correction}

	want := `
call             0193-a
state            settled
outcome          abandoned
started          2026-11-22T12:00:00.000Z
team             search
app              web
operation        chat
stream           false
requested model  fast
usage from       none
cost             $0
price book       2026-11-22
duration         0 ms
of it gateway    0 ms
corrected by     0193-a~1

call             0193-a~1
corrects         0193-a
state            settled
outcome          ok
started          2026-11-22T12:00:00.000Z
team             search
app              web
operation        chat
stream           false
requested model  fast
answered by      openai/gpt-4o
usage from       provider
input tokens     7
output tokens    3
cost             $0.000019
price book       2026-11-22
duration         90000 ms
of it gateway    0 ms
`
	if got := shown(t, both, "calls", "show", "0193-a"); got != strings.TrimPrefix(want, "\n") {
		t.Errorf("got\n%s\nwant%s", got, want)
	}
	first, _, _ := strings.Cut(want, "corrected by")
	if got := shown(t, ledger.Corrected{Row: row}, "calls", "show", "0193-a"); got != strings.TrimPrefix(first, "\n") {
		t.Errorf("without a correction\n%s\nwant%s", got, first)
	}

	var doc struct {
		CallID     string `json:"call_id"`
		Correction struct {
			CallID   string `json:"call_id"`
			Corrects string `json:"corrects"`
			Cost     int64  `json:"cost_nano_usd"`
		} `json:"correction"`
	}
	if err := json.Unmarshal([]byte(shown(t, both, "calls", "show", "0193-a", "--format", "json")), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.CallID != "0193-a" || doc.Correction.CallID != "0193-a~1" || doc.Correction.Corrects != "0193-a" || doc.Correction.Cost != 19_000 {
		t.Errorf("as JSON it is %+v", doc)
	}
	if got := shown(t, ledger.Corrected{Row: row}, "calls", "show", "0193-a", "--format", "json"); strings.Contains(got, "correction") {
		t.Errorf("a correction that is not there: %s", got)
	}
}

// What a target had reported before another one took over is shown beside it.
func TestCallsShowTellsWhatFailedAttemptsReported(t *testing.T) {
	t.Parallel()
	row := ledger.Row{
		CallID: "0193-a", State: ledger.Settled, Outcome: fault.OutcomeOK, Provider: "openai", Model: "gpt-4o",
		Attempts: []ledger.Attempt{
			{
				Provider: "anthropic", Model: "claude", Outcome: "target_throttled", Status: 200, Millis: 80,
				Reported: ledger.Tokens{Input: 10, CacheRead: 7, CacheWrite5m: 4, CacheWrite1h: 3, AudioInput: 1, Output: 2, AudioOutput: 1, Reasoning: 2},
			},
			{Provider: "openai", Model: "gpt-4o", Outcome: "ok", Status: 200, Millis: 300},
		},
	}
	got := shown(t, ledger.Corrected{Row: row}, "calls", "show", "0193-a")
	for _, want := range []string{
		"anthropic/claude: target_throttled, status 200, 80 ms; the provider had reported 25 tokens in and 3 out, which are not in the cost\n",
		"openai/gpt-4o: ok, status 200, 300 ms\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

package meter_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/lib/accounting/ledger"
	"weir/lib/accounting/meter"
	"weir/lib/llm"
	"weir/lib/tokens"
)

func chunk(evs ...llm.Event) llm.Chunk { return llm.Chunk{Events: evs} }

func used(in, out int64) llm.Used { return llm.Used{Usage: llm.Usage{Input: in, Output: out}} }

var (
	started = chunk(llm.Started{ID: "a", Model: "m"})
	opened  = chunk(llm.Opened{Block: &llm.Text{}})
	hello   = chunk(llm.Delta{Text: "hello there, caller"})
	stopped = chunk(llm.Stopped{Reason: llm.StopEnd})
	done    = chunk(llm.Finished{})
)

func TestResult(t *testing.T) {
	seen := tokens.Text("hello there, caller")
	full := []llm.Chunk{started, opened, hello, stopped, chunk(used(9, 4)), done}
	tests := []struct {
		name   string
		chunks []llm.Chunk
		end    meter.Ending
		usage  llm.Usage
		source ledger.UsageSource
	}{
		{"finished with usage", full, meter.Complete, llm.Usage{Input: 9, Output: 4}, ledger.UsageProvider},
		{
			"finished without usage",
			[]llm.Chunk{started, opened, hello, stopped, done},
			meter.Complete,
			llm.Usage{Input: 100, Output: seen},
			ledger.UsageEstimated,
		},
		{
			"an explicit zero is never estimated over",
			[]llm.Chunk{opened, hello, stopped, chunk(used(0, 0)), done},
			meter.Complete,
			llm.Usage{},
			ledger.UsageProvider,
		},
		{
			"usage on a chunk with content",
			[]llm.Chunk{opened, chunk(used(9, 4), llm.Delta{Text: "hi"}), done},
			meter.Complete,
			llm.Usage{Input: 9, Output: 4},
			ledger.UsageProvider,
		},
		{
			"reports are cumulative, not added up",
			[]llm.Chunk{opened, hello, chunk(used(9, 1)), hello, chunk(used(9, 7)), done},
			meter.Complete,
			llm.Usage{Input: 9, Output: 7},
			ledger.UsageProvider,
		},
		{
			"inclusive first, exclusive last",
			[]llm.Chunk{
				chunk(used(90, 0)), opened, hello,
				chunk(llm.Used{Usage: llm.Usage{Input: 10, CacheRead: 80, Output: 3}}), done,
			},
			meter.Complete,
			llm.Usage{Input: 10, CacheRead: 80, Output: 3},
			ledger.UsageProvider,
		},
		{
			"finished, but the report is older than the output",
			[]llm.Chunk{chunk(used(25, 1)), opened, hello, stopped, done},
			meter.Complete,
			llm.Usage{Input: 25, Output: 1 + seen},
			ledger.UsageEstimated,
		},
		{"gone, drained with usage", full, meter.Gone, llm.Usage{Input: 9, Output: 4}, ledger.UsageDrained},
		{
			"gone, an explicit zero was drained",
			[]llm.Chunk{opened, hello, chunk(used(0, 0))},
			meter.Gone,
			llm.Usage{},
			ledger.UsageDrained,
		},
		{
			"gone without usage",
			[]llm.Chunk{started, opened, hello},
			meter.Gone,
			llm.Usage{Input: 100, Output: seen},
			ledger.UsageEstimated,
		},
		{"gone before anything was seen", nil, meter.Gone, llm.Usage{Input: 100}, ledger.UsageEstimated},
		{
			"gone after a first report",
			[]llm.Chunk{chunk(used(25, 1)), opened, hello},
			meter.Gone,
			llm.Usage{Input: 25, Output: 1 + seen},
			ledger.UsageEstimated,
		},
		{
			"two choices without usage",
			[]llm.Chunk{opened, hello, chunk(llm.Beside{Text: "hello there, caller"}), stopped, done},
			meter.Complete,
			llm.Usage{Input: 100, Output: tokens.Text("hello there, callerhello there, caller")},
			ledger.UsageEstimated,
		},
		{
			"failed after content of the second choice alone",
			[]llm.Chunk{started, chunk(llm.Beside{Text: "hello there, caller"})},
			meter.Failed,
			llm.Usage{Input: 100, Output: seen},
			ledger.UsageEstimated,
		},
		{"failed before content", []llm.Chunk{started}, meter.Failed, llm.Usage{}, ledger.UsageNone},
		{
			"failed before content, after a first report",
			[]llm.Chunk{started, chunk(used(25, 1))},
			meter.Failed,
			llm.Usage{},
			ledger.UsageNone,
		},
		{
			"failed after content, without usage",
			[]llm.Chunk{opened, hello},
			meter.Failed,
			llm.Usage{Input: 100, Output: seen},
			ledger.UsageEstimated,
		},
		{
			"failed after content, usage covers it",
			[]llm.Chunk{opened, hello, chunk(used(9, 4))},
			meter.Failed,
			llm.Usage{Input: 9, Output: 4},
			ledger.UsageProvider,
		},
		{
			"the provider's error frame is no output",
			[]llm.Chunk{opened, hello, {Frame: llm.Frame{Data: []byte(strings.Repeat(`{"error":"x"}`, 999))}}},
			meter.Failed,
			llm.Usage{Input: 100, Output: seen},
			ledger.UsageEstimated,
		},
		{
			"a negative count is no figure",
			[]llm.Chunk{opened, hello, chunk(used(9, 4)), chunk(used(-1, 4)), done},
			meter.Complete,
			llm.Usage{Input: 9, Output: 4},
			ledger.UsageProvider,
		},
		{
			"an absurd count is no figure",
			[]llm.Chunk{opened, hello, chunk(used(1<<60, 4)), done},
			meter.Complete,
			llm.Usage{Input: 100, Output: seen},
			ledger.UsageEstimated,
		},
		{
			"a negative unit is no figure",
			[]llm.Chunk{opened, hello, chunk(llm.Used{Usage: llm.Usage{Units: map[string]int64{"web_search": -1}}}), done},
			meter.Complete,
			llm.Usage{Input: 100, Output: seen},
			ledger.UsageEstimated,
		},
		{
			"units and tier are kept",
			[]llm.Chunk{
				opened, hello,
				chunk(llm.Used{Usage: llm.Usage{Input: 1, Units: map[string]int64{"web_search": 2}, Tier: "flex"}}), done,
			},
			meter.Complete,
			llm.Usage{Input: 1, Units: map[string]int64{"web_search": 2}, Tier: "flex"},
			ledger.UsageProvider,
		},
		{
			"embeddings without usage",
			[]llm.Chunk{chunk(llm.Vectors{}, llm.Finished{})},
			meter.Complete,
			llm.Usage{Input: 100},
			ledger.UsageEstimated,
		},
		{
			"thinking, tool calls and images are output",
			[]llm.Chunk{
				chunk(llm.Opened{Block: &llm.Thinking{Text: "hmm"}}),
				chunk(llm.Opened{Index: 1, Block: &llm.ToolUse{Name: "get", Input: []byte(`{"a":1}`)}}),
				chunk(llm.Opened{Index: 2, Block: &llm.Media{Kind: "image"}}),
				chunk(llm.Opened{Index: 3, Block: &llm.Opaque{Raw: []byte(strings.Repeat("x", 9999))}}),
				done,
			},
			meter.Complete,
			llm.Usage{Input: 100, Output: tokens.Text(`hmmget{"a":1}`) + tokens.Image},
			ledger.UsageEstimated,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := meter.New(100)
			for _, c := range tt.chunks {
				m.Observe(c)
			}
			for range 2 { // the second answer is the first
				usage, source := m.Result(tt.end)
				if d := cmp.Diff(tt.usage, usage); d != "" || source != tt.source {
					t.Errorf("source %q, want %q; usage (-want +got):\n%s", source, tt.source, d)
				}
			}
		})
	}
}

func TestResultOwnsItsUnits(t *testing.T) {
	m := meter.New(0)
	m.Observe(chunk(llm.Used{Usage: llm.Usage{Units: map[string]int64{"web_search": 1}}}))
	u, _ := m.Result(meter.Complete)
	u.Units["web_search"] = 99
	if again, _ := m.Result(meter.Complete); again.Units["web_search"] != 1 {
		t.Errorf("a caller's write reached the meter: %v", again.Units)
	}
}

func TestZeroMeterAndNegativeEstimate(t *testing.T) {
	for _, m := range []*meter.Meter{new(meter.Meter), meter.New(-5)} {
		if u, source := m.Result(meter.Gone); u.Total() != 0 || source != ledger.UsageEstimated {
			t.Errorf("got %+v, %q; want nothing, estimated", u, source)
		}
	}
}

// However an answer is cut into deltas, and whether it is streamed or not, the
// same words are estimated the same.
func TestEstimateDoesNotDependOnCutting(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.String().Draw(rt, "text")
		whole := meter.New(7)
		whole.Observe(chunk(llm.Opened{Block: &llm.Text{Text: text}}, llm.Finished{}))
		streamed := meter.New(7)
		streamed.Observe(opened)
		for rest := []rune(text); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(rt, "n")
			streamed.Observe(chunk(llm.Delta{Text: string(rest[:n])}))
			rest = rest[n:]
		}
		a, _ := whole.Result(meter.Complete)
		b, _ := streamed.Result(meter.Complete)
		if d := cmp.Diff(a, b); d != "" {
			rt.Fatalf("unstreamed and streamed differ (-unstreamed +streamed):\n%s", d)
		}
	})
}

func TestObserveDoesNotAllocate(t *testing.T) {
	m := meter.New(1)
	chunks := []llm.Chunk{opened, hello, chunk(used(9, 4)), stopped, done}
	if n := testing.AllocsPerRun(100, func() {
		for _, c := range chunks {
			m.Observe(c)
		}
	}); n != 0 {
		t.Errorf("Observe allocates %v times for %d chunks, want 0", n, len(chunks))
	}
}

func BenchmarkObserve(b *testing.B) {
	m := meter.New(1)
	b.ReportAllocs()
	for b.Loop() {
		m.Observe(hello)
	}
}

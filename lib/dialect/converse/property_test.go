package converse_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/lib/dialect"
	"weir/lib/dialect/converse"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/fakebedrock"
	"weir/lib/testkit/hubtest"
	"weir/lib/wire"
)

// models are of every family that differs.
var models = []string{
	"anthropic.claude-3-haiku-20240307-v1:0", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", "eu.anthropic.claude-3-7-sonnet-20250219-v1:0",
	"us.anthropic.claude-opus-4-1-20250805-v1:0", "us.anthropic.claude-sonnet-4-20250514-v1:0",
	"us.anthropic.claude-sonnet-4-5-20250929-v1:0", "global.anthropic.claude-opus-4-5-20251101-v1:0", "eu.anthropic.claude-sonnet-4-6",
	"us.anthropic.claude-opus-4-7", "global.anthropic.claude-sonnet-5", "global.anthropic.claude-fable-5-1", "us.anthropic.claude-haiku-5-5-v1",
	"us.anthropic.claude-opus-5-5-v1:0", "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-8",
	"amazon.nova-pro-v1:0", "us.amazon.nova-2-lite-v1:0", "us.meta.llama4-maverick-17b-instruct-v1:0", "mistral.mistral-large-2402-v1:0",
	"openai.gpt-oss-120b-1:0", "openai.gpt-6-sol", "deepseek.v3-v1:0", "us.deepseek.r1-v1:0", "qwen.qwen3-32b-v1:0", "moonshotai.kimi-k2",
	"cohere.command-r-v1:0", "ai21.jamba-1-5-large-v1:0", "somebody.new-model-v1:0",
	"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456",
}

func opOf(path string) string { return strings.TrimPrefix(path, "/") }

// drawParams draws what a caller may ask for.
func drawParams(t *rapid.T, c *llm.Chat) {
	number := func(name string, from, to int64) *int64 {
		if rapid.Bool().Draw(t, name+" is set") {
			n := rapid.Int64Range(from, to).Draw(t, name)
			return &n
		}
		return nil
	}
	float := func(name string) *float64 {
		if rapid.Bool().Draw(t, name+" is set") {
			f := rapid.SampledFrom([]float64{0, 0.3, 1, 1.7, 2}).Draw(t, name)
			return &f
		}
		return nil
	}
	c.Params = llm.Params{
		MaxTokens: number("max", 1, 200_000), Temperature: float("temperature"), TopP: float("top_p"), TopK: number("top_k", 0, 500),
		Stop: rapid.SampledFrom([][]string{nil, {"END"}, {" ", "x"}}).Draw(t, "stop"), ServiceTier: rapid.SampledFrom([]string{"", "auto", "default", "flex", "priority", "scale", "optimized", "standard_only"}).Draw(t, "tier"),
		Seed: number("seed", 1, 9), PresencePenalty: float("presence"), FrequencyPenalty: float("frequency"),
	}
	if rapid.Bool().Draw(t, "reasons") {
		c.Params.Reasoning = &llm.Reasoning{
			Effort: rapid.SampledFrom([]string{"", "minimal", "low", "medium", "high", "xhigh", "max", "odd"}).Draw(t, "effort"),
			Budget: rapid.SampledFrom([]int64{0, 10, 2000, 60_000, 500_000}).Draw(t, "budget"), Off: rapid.Bool().Draw(t, "off"),
		}
	}
	if rapid.Bool().Draw(t, "format") {
		c.Params.Format = &llm.Format{
			Type: rapid.SampledFrom([]string{"text", "json_object", "json_schema"}).Draw(t, "format type"), Name: "answer",
			Schema: []byte(`{"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"integer","minimum":1}}},"c":{"type":"array","minItems":3,"items":{"type":"object"}}}}`),
		}
	}
	off := false
	c.Choice = rapid.SampledFrom([]llm.ToolChoice{{}, {Mode: "auto"}, {Mode: "none"}, {Mode: "required"}, {Mode: "auto", Parallel: &off}}).Draw(t, "choice")
	if len(c.Tools) == 0 && c.Choice.Mode == "required" {
		c.Choice = llm.ToolChoice{}
	}
	if len(c.Tools) > 0 && rapid.Bool().Draw(t, "one tool") {
		c.Choice = llm.ToolChoice{Mode: "tool", Name: c.Tools[0].Name}
	}
}

// drawDocument puts a document somewhere.
func drawDocument(t *rapid.T, c *llm.Chat) {
	doc := func() *llm.Media {
		return &llm.Media{
			Kind: "document", MIME: rapid.SampledFrom([]string{"application/pdf", "text/csv", "text/x-go", "application/octet-stream"}).Draw(t, "mime"),
			Mark: llm.Mark{Cache: rapid.SampledFrom([]*llm.CachePoint{nil, {}, {TTL: "1h"}}).Draw(t, "cache")},
			Name: rapid.SampledFrom([]string{"", "a.pdf", "A.PDF", "résumé  #1 (x) [y].pdf", "分期.pdf", "....pdf", "a\u3000b_c.pdf", strings.Repeat("long name ", 40) + ".pdf"}).Draw(t, "name"),
			Data: []byte("%PDF-1.7"),
		}
	}
	for i := range c.Turns {
		if c.Turns[i].Role != llm.User || !rapid.Bool().Draw(t, "document") {
			continue
		}
		c.Turns[i].Blocks = append(c.Turns[i].Blocks, doc())
		if r, ok := c.Turns[i].Blocks[0].(*llm.ToolResult); ok {
			r.Content = append(r.Content, doc())
		}
	}
}

// Whatever history is normal elsewhere, a strict Bedrock takes what is sent.
func TestEveryHistoryIsTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		model := rapid.SampledFrom(models).Draw(t, "model")
		c := hubtest.Draw(t, "anthropic", "amazon")
		drawParams(t, c)
		drawDocument(t, c)
		req := &llm.Request{Body: c, Facts: llm.Facts{Stream: rapid.Bool().Draw(t, "stream"), EndUser: rapid.SampledFrom([]string{"", "ann@example.com", "ä"}).Draw(t, "user")}}
		out, _, err := converse.Back{}.Encode(llm.OpChat, req, dialect.Target{Model: model, Path: converse.PathConverse})
		if err != nil {
			if !strings.Contains(err.Error(), "structured answers") && !strings.Contains(err.Error(), "document of the type") {
				t.Fatalf("%s: %v", model, err)
			}
			return
		}
		if e := fakebedrock.Check(opOf(out.Path), model, out.Body); e != nil {
			t.Fatalf("%s: %v\n%s", model, e, out.Body)
		}
	})
}

// A strict target is refused instead of being sent less, never sent rubbish.
func TestStrictTargets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		model := rapid.SampledFrom(models).Draw(t, "model")
		c := hubtest.Draw(t, "anthropic")
		drawParams(t, c)
		req := &llm.Request{Body: c}
		out, _, err := converse.Back{}.Encode(llm.OpChat, req, dialect.Target{Model: model, Path: converse.PathConverse, Strict: true})
		if err != nil {
			if fault.KindOf(err) != fault.Invalid || fault.Of(err).Param == "" {
				t.Fatalf("%s: %v", model, err)
			}
			return
		}
		if e := fakebedrock.Check(opOf(out.Path), model, out.Body); e != nil {
			t.Fatalf("%s: %v\n%s", model, e, out.Body)
		}
	})
}

// The same request is written the same each time: prompt caches need it.
func TestTheSameRequestIsTheSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		model := rapid.SampledFrom(models).Draw(t, "model")
		req := &llm.Request{Body: hubtest.Draw(t, "anthropic")}
		target := dialect.Target{Model: model, Path: converse.PathConverse}
		a, _, errA := converse.Back{}.Encode(llm.OpChat, req, target)
		b, _, errB := converse.Back{}.Encode(llm.OpChat, req, target)
		if string(a.Body) != string(b.Body) || (errA == nil) != (errB == nil) {
			t.Fatalf("%s\n%s", a.Body, b.Body)
		}
	})
}

// A history with a turn more begins with the same ids.
func TestCountingTakesTheSameHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		model := rapid.SampledFrom(models[:13]).Draw(t, "model")
		c := hubtest.Draw(t, "anthropic")
		drawParams(t, c)
		c.Params.Format = nil
		req := &llm.Request{Body: c, Facts: llm.Facts{Op: llm.OpCount}}
		out, _, err := converse.Back{}.Encode(llm.OpCount, req, dialect.Target{Model: model, Path: converse.PathCount})
		if err != nil {
			t.Fatalf("%s: %v", model, err)
		}
		if e := fakebedrock.Check(opOf(out.Path), model, out.Body); e != nil {
			t.Fatalf("%s: %v\n%s", model, e, out.Body)
		}
	})
}

// Who stops reading closes the stream below, also in the middle.
func TestBreakingOffReleasesTheStream(t *testing.T) {
	closed := false
	var frames wire.Frames = func(yield func(wire.Frame, error) bool) {
		defer func() { closed = true }()
		for i := 0; ; i++ {
			if !yield(wire.Frame{Name: "contentBlockDelta", Data: fmt.Appendf(nil, `{"contentBlockIndex":0,"delta":{"text":"%d"}}`, i)}, nil) {
				return
			}
		}
	}
	n := 0
	for _, err := range (converse.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, frames) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	if !closed {
		t.Error("the frames were not released")
	}
}

// Errors from below keep their kind; one without a kind means failover.
func TestErrorsFromBelow(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want fault.Kind
	}{
		{fault.New(fault.TargetTimeout, "upstream", ""), fault.TargetTimeout},
		{fmt.Errorf("wrapped: %w", fault.New(fault.Truncated, "eventstream", "")), fault.Truncated},
		{errors.New("reset"), fault.TargetFailed},
	} {
		var frames wire.Frames = func(yield func(wire.Frame, error) bool) {
			if yield(wire.Frame{Name: "messageStop", Data: []byte(`{"stopReason":"end_turn"}`)}, nil) {
				yield(wire.Frame{}, tt.err)
			}
		}
		var got error
		for _, err := range (converse.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, frames) {
			got = err
		}
		if fault.KindOf(got) != tt.want || !errors.Is(got, tt.err) {
			t.Errorf("%v: got %v", tt.err, got)
		}
	}
}

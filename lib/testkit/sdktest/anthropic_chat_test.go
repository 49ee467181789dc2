package sdktest_test

import (
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/google/go-cmp/cmp"

	"weir/lib/accounting/ledger"
	"weir/lib/testkit/fakeanthropic"
)

// A relayed answer is the provider's own, whole and streamed.
func TestClaudeIsRelayed(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	direct, via := h.direct(), h.claude()
	for name, a := range map[string]fakeanthropic.Answer{
		"text":     {},
		"unicode":  {Text: "deep \u2028 Zürich 🌊 \"quoted\" <b>&amp;"},
		"pings":    {Pings: true},
		"cached":   {CacheRead: 11, CacheWrite5m: 7, CacheWrite1h: 5},
		"refusal":  {Text: "I must stop", Refusal: true},
		"sequence": {Text: "until", Sequence: "END"},
		"length":   {Text: "cut", Stop: "max_tokens"},
		"paused":   {Text: "wait", Stop: "pause_turn"},
		"context":  {Text: "full", Stop: "model_context_window_exceeded"},
		"unknown":  {Text: "new", Stop: "a_new_reason"},
		"tier":     {Tier: "priority"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, stream := range []bool{false, true} {
				h.a.Script("claude-sonnet-4-5", a, a)
				p := question("claude-sonnet-4-5", "How deep is the weir?")
				p.System = []anthropic.TextBlockParam{{Text: "Be brief.", CacheControl: anthropic.NewCacheControlEphemeralParam()}}
				want := say(t, direct, p, stream)
				p.Model = sonnet
				got := say(t, via, p, stream)
				if diff := cmp.Diff(told(want), told(got)); diff != "" {
					t.Errorf("stream %v (-direct +gateway):\n%s", stream, diff)
				}
				if diff := cmp.Diff(canonical([]byte(want.Usage.RawJSON())), canonical([]byte(got.Usage.RawJSON()))); diff != "" {
					t.Errorf("stream %v (-direct +gateway):\n%s", stream, diff)
				}
				if row := h.newest(via.wiretap); row.Outcome != "ok" || row.UsageSource != ledger.UsageProvider || len(row.Losses) > 0 {
					t.Errorf("row %+v", row)
				}
			}
		})
	}
	h.taken()
}

// Whoever answers, an Anthropic caller gets a message that its SDK accumulates,
// with the same text whole and streamed.
func TestClaudeCallersOfAllProviders(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	via := h.claude()
	for _, model := range []string{sonnet, "o/gpt-4o", "echo/x"} {
		p := question(model, "How deep is the weir?")
		p.System = []anthropic.TextBlockParam{{Text: "Be brief."}}
		p.Messages = append(p.Messages, anthropic.NewAssistantMessage(anthropic.NewTextBlock("Deep.")), anthropic.NewUserMessage(anthropic.NewTextBlock("How deep, exactly?")))
		p.Temperature, p.StopSequences = anthropic.Float(0.5), []string{"END"}
		p.Metadata.UserID = anthropic.String("user-7")
		whole, streamed := say(t, via, p, false), say(t, via, p, true)
		if diff := cmp.Diff(told(whole), told(streamed)); diff != "" || !strings.Contains(whole.Content[0].Text, "exactly") {
			t.Errorf("%s: %v (-whole +streamed):\n%s", model, told(whole), diff)
		}
		if whole.Usage.InputTokens == 0 || whole.Usage.OutputTokens == 0 || whole.StopReason != "end_turn" || whole.Type != "message" || whole.Role != "assistant" {
			t.Errorf("%s: %+v", model, whole)
		}
		if row := h.newest(via.wiretap); row.EndUser != "user-7" {
			t.Errorf("%s: row of %q", model, row.EndUser)
		}
	}
	h.taken()
}

// The beta service has other paths and types and is answered alike.
func TestClaudeBeta(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	via := h.claude()
	for _, model := range []string{sonnet, "o/gpt-4o", "echo/x"} {
		p := anthropic.BetaMessageNewParams{
			Model: model, MaxTokens: 100, Betas: []anthropic.AnthropicBeta{"context-1m-2025-08-07"},
			Messages: []anthropic.BetaMessageParam{anthropic.NewBetaUserMessage(anthropic.NewBetaTextBlock("How deep is the weir?"))},
		}
		whole, err := via.Beta.Messages.New(t.Context(), p)
		if err != nil {
			t.Fatalf("%s: %v", model, err)
		}
		in := via.Beta.Messages.NewStreaming(t.Context(), p)
		var acc anthropic.BetaMessage
		for in.Next() {
			if err := acc.Accumulate(in.Current()); err != nil {
				t.Fatal(err)
			}
		}
		if err := in.Err(); err != nil || len(acc.Content) != 1 || acc.Content[0].Text != whole.Content[0].Text || !strings.Contains(acc.Content[0].Text, "deep") {
			t.Errorf("%s: %v, %+v and %+v", model, err, acc.Content, whole.Content)
		}
		count, err := via.Beta.Messages.CountTokens(t.Context(), anthropic.BetaMessageCountTokensParams{Model: model, Messages: p.Messages, Betas: p.Betas})
		if err != nil || count.InputTokens == 0 {
			t.Errorf("%s: counted %+v, %v", model, count, err)
		}
	}
	for _, r := range h.a.Requests() {
		if got := r.Header.Get("Anthropic-Beta"); got == "" || r.Query != "beta=true" {
			t.Errorf("%s?%s with beta %q", r.Path, r.Query, got)
		}
	}
	h.taken()
}

// A count is the provider's own where it has one, else an estimate that says
// so; it leaves no row.
func TestClaudeCounts(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	via := h.claude()
	p := question(sonnet, "How deep is the weir?")
	used := say(t, via, p, false).Usage.InputTokens
	rows := len(h.Rows())
	for model, own := range map[string]bool{sonnet: true, "o/gpt-4o": false, "echo/x": false} {
		got, err := via.Messages.CountTokens(t.Context(), anthropic.MessageCountTokensParams{Model: model, Messages: p.Messages})
		if err != nil || got.InputTokens == 0 || own && got.InputTokens != used {
			t.Errorf("%s: %+v, %v; used %d", model, got, err, used)
		}
		if loss := via.last().header.Get("X-Weir-Loss"); (loss == "") != own {
			t.Errorf("%s: loss %q", model, loss)
		}
	}
	if n := len(h.Rows()); n != rows {
		t.Errorf("%d rows, then %d", rows, n)
	}
}

func TestClaudeModels(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	via := h.claude()
	pages := via.Models.ListAutoPaging(t.Context(), anthropic.ModelListParams{Limit: anthropic.Int(1000)})
	var ids []string
	for pages.Next() {
		ids = append(ids, pages.Current().ID)
	}
	if pages.Err() != nil || !strings.Contains(strings.Join(ids, " "), "either") {
		t.Errorf("%v, %v", ids, pages.Err())
	}
	one, err := via.Models.Get(t.Context(), "either", anthropic.ModelGetParams{})
	if err != nil || one.ID != "either" || one.Type != "model" {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := via.Models.Get(t.Context(), "nope", anthropic.ModelGetParams{}); err == nil {
		t.Error("a model that is not there was found")
	}
}

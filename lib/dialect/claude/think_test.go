package claude_test

import (
	"fmt"
	"strings"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/claude"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

func model(t *testing.T, name string) claude.Model {
	t.Helper()
	m, ok := claude.Of(name)
	if !ok {
		t.Fatalf("%s is none of Claude's", name)
	}
	return m
}

func losses(strict bool) *dialect.Losses {
	return dialect.NewLosses("test", &llm.Request{}, dialect.Target{Strict: strict})
}

// told are the fields of losses.
func told(l *dialect.Losses) string {
	var all []string
	for _, loss := range l.All() {
		all = append(all, loss.Field)
	}
	return strings.Join(all, " ")
}

// What a model is told of how to think, by generation.
func TestThink(t *testing.T) {
	const (
		old    = "claude-3-5-haiku-20241022" // does not think
		budget = "claude-sonnet-4-5"         // by budgets alone
		both   = "claude-opus-4-6"           // by budgets and efforts
		effort = "claude-opus-4-8"           // by efforts alone
		always = "claude-opus-5-5"           // never rests
		free   = "claude-haiku-5-5"          // thinks unless told
		tools  = "claude-sonnet-5-5"         // rests between tools
	)
	ask := func(effort string, budget int64) *llm.Reasoning {
		return &llm.Reasoning{Effort: effort, Budget: budget}
	}
	off := &llm.Reasoning{Off: true}
	const (
		adaptive = `{"thinking":{"type":"adaptive","display":"summarized"}}`
		disabled = `{"thinking":{"type":"disabled"}}`
	)
	enabled := func(n int64) string { return fmt.Sprintf(`{"thinking":{"type":"enabled","budget_tokens":%d}}`, n) }
	plain, forced, unsigned := claude.Call{MaxTokens: 20_000}, claude.Call{MaxTokens: 20_000, Forced: true}, claude.Call{MaxTokens: 20_000, Unsigned: true}
	tests := []struct {
		model  string
		r      *llm.Reasoning
		c      claude.Call
		want   string // what is sent
		effort string
		on     bool
		told   string
	}{
		{budget, nil, plain, `{}`, "", false, ""},
		{free, nil, plain, `{}`, "", true, ""},
		{old, ask("low", 0), plain, `{}`, "", false, "reasoning"},
		{budget, ask("low", 0), plain, enabled(4096), "", true, ""},
		{budget, ask("high", 0), plain, enabled(10_000), "", true, ""},
		{budget, ask("odd", 0), plain, enabled(10_000), "", true, "reasoning.effort"},
		{budget, ask("", 0), plain, enabled(10_000), "", true, ""},
		{budget, ask("", 3000), plain, enabled(3000), "", true, ""},
		{budget, ask("", 30_000), plain, enabled(19_999), "", true, "reasoning.budget"},
		{budget, ask("", 1), plain, enabled(1024), "", true, "reasoning.budget"},
		{budget, ask("high", 0), claude.Call{MaxTokens: 1500}, `{}`, "", false, "reasoning"},
		{budget, ask("", 2000), claude.Call{MaxTokens: 1000}, `{}`, "", false, "reasoning"},
		{budget, &llm.Reasoning{Budget: 3000, Summary: "omitted"}, plain, `{"thinking":{"type":"enabled","budget_tokens":3000,"display":"omitted"}}`, "", true, ""},
		{both, ask("", 3000), plain, enabled(3000), "", true, ""},
		{both, ask("xhigh", 0), plain, adaptive, "high", true, "reasoning.effort"},
		{effort, ask("", 3000), plain, adaptive, "low", true, "reasoning.budget"},
		{effort, ask("odd", 0), plain, adaptive, "", true, "reasoning.effort"},
		{effort, &llm.Reasoning{Effort: "max", Summary: "omitted"}, plain, `{"thinking":{"type":"adaptive","display":"omitted"}}`, "max", true, ""},
		{budget, off, plain, `{}`, "", false, ""},
		{free, off, plain, disabled, "", false, ""},
		{tools, off, plain, `{"thinking":{"type":"between_tools"}}`, "", false, ""},
		{always, off, plain, `{}`, "low", true, "reasoning"},
		{budget, ask("low", 0), forced, `{}`, "", false, "reasoning"},
		{free, ask("low", 0), forced, disabled, "", false, "reasoning"},
		{free, nil, forced, disabled, "", false, ""},
		{always, nil, forced, `{}`, "", true, ""},
		{always, ask("low", 0), forced, `{}`, "", true, "reasoning"},
		{budget, ask("low", 0), unsigned, `{}`, "", false, "reasoning"},
		{free, ask("low", 0), unsigned, disabled, "", false, "reasoning"},
		{always, ask("low", 0), unsigned, adaptive, "low", true, "reasoning"},
		{free, nil, unsigned, `{}`, "", true, ""},
	}
	for _, tt := range tests {
		name := fmt.Sprintf("%s/%+v/%+v", tt.model, tt.r, tt.c)
		m, l := model(t, tt.model), losses(false)
		got := m.Think(tt.r, tt.c, l)
		var w rawjson.Builder
		w.Open('{')
		got.Write(&w)
		if sent := string(w.Close('}').Take()); sent != tt.want || got.Effort != tt.effort || got.On != tt.on || told(l) != tt.told {
			t.Errorf("%s: %s, effort %q, on %v, told %q", name, sent, got.Effort, got.On, told(l))
		}
		l = losses(true)
		m.Think(tt.r, tt.c, l)
		if e := fault.Of(l.Err()); (e != nil) != (tt.told != "") {
			t.Errorf("%s, strict: %v", name, e)
		}
	}
}

func TestSample(t *testing.T) {
	f := func(v float64) *float64 { return &v }
	n := func(v int64) *int64 { return &v }
	thinks := claude.Thought{On: true, Kind: "enabled"}
	const all, one, none = "claude-sonnet-4-20250514", "claude-sonnet-4-5", "claude-opus-4-8"
	tests := []struct {
		model string
		p     llm.Params
		t     claude.Thought
		want  string // temperature, top_p, top_k
		told  string
	}{
		{all, llm.Params{Temperature: f(0.5), TopP: f(0.9), TopK: n(5)}, claude.Thought{}, "0.5 0.9 5", ""},
		{all, llm.Params{Temperature: f(1.8), TopP: f(-1), TopK: n(-5)}, claude.Thought{}, "1 0 0", "temperature top_p"},
		{all, llm.Params{Temperature: f(1), TopP: f(1)}, claude.Thought{}, "- - -", ""},
		{all, llm.Params{Temperature: f(0.5), TopP: f(1), TopK: n(5)}, thinks, "- - -", "temperature top_k"},
		{one, llm.Params{Temperature: f(0.5), TopP: f(0.9)}, claude.Thought{}, "0.5 - -", "top_p"},
		{one, llm.Params{Temperature: f(1), TopP: f(0.9)}, claude.Thought{}, "- 0.9 -", ""},
		{none, llm.Params{Temperature: f(0.5), TopP: f(0.9), TopK: n(5)}, claude.Thought{}, "- - -", "temperature top_p top_k"},
		{none, llm.Params{Temperature: f(1)}, claude.Thought{}, "- - -", ""},
		{all, llm.Params{Temperature: f(0.5)}, claude.Thought{On: true}, "0.5 - -", ""},
	}
	for _, tt := range tests {
		m, l := model(t, tt.model), losses(false)
		s := m.Sample(tt.p, tt.t, l)
		show := func(set bool, v func() any) string {
			if !set {
				return "-"
			}
			return fmt.Sprint(v())
		}
		got := strings.Join([]string{
			show(s.Temperature != nil, func() any { return *s.Temperature }), show(s.TopP != nil, func() any { return *s.TopP }), show(s.TopK != nil, func() any { return *s.TopK }),
		}, " ")
		if got != tt.want || told(l) != tt.told {
			t.Errorf("%s: %s told %q, want %s told %q", tt.model, got, told(l), tt.want, tt.told)
		}
	}
}

package effort_test

import (
	"slices"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/effort"
	"weir/lib/llm"
)

func TestNearest(t *testing.T) {
	tests := []struct {
		word  string
		known []string
		want  string
	}{
		{"minimal", effort.ToXhigh, "low"},
		{"xhigh", effort.ToXhigh, "xhigh"},
		{"xhigh", []string{"low", "medium", "high", "max"}, "high"},
		{"max", effort.ToHigh, "high"},
		{"low", []string{"high"}, "high"},
		{"high", nil, ""},
		{"strenuous", effort.ToXhigh, ""},
		{"", effort.ToXhigh, ""},
	}
	for _, tt := range tests {
		if got := effort.Nearest(tt.word, tt.known); got != tt.want {
			t.Errorf("%s among %v: %q, want %q", tt.word, tt.known, got, tt.want)
		}
	}
}

// A word becomes a budget that stands for the same word, as far as budgets
// tell words apart; more effort is never a smaller budget.
func TestBudgetsStandForTheirEfforts(t *testing.T) {
	last := int64(0)
	for _, word := range []string{"minimal", "low", "medium", "high", "xhigh", "max"} {
		tokens, ok := effort.Budget(word)
		if !ok || tokens < last || tokens < effort.Least {
			t.Errorf("%s: %d tokens, after %d", word, tokens, last)
		}
		last = tokens
		if back := effort.Of(tokens); slices.Contains(effort.ToHigh, word) && back != word {
			t.Errorf("%s is %d tokens, which are %s", word, tokens, back)
		}
	}
	odd, ok := effort.Budget("odd")
	if unsaid, _ := effort.Budget(""); ok || odd != unsaid {
		t.Errorf("an odd word: %d tokens, %v", odd, ok)
	}
}

// What is asked for in tokens, or in a word that the target does not know, is
// told of.
func TestAsked(t *testing.T) {
	tests := []struct {
		r    llm.Reasoning
		want string
		lost string
	}{
		{llm.Reasoning{}, "", ""},
		{llm.Reasoning{Effort: "low"}, "low", ""},
		{llm.Reasoning{Effort: "low", Budget: 50_000}, "low", ""},
		{llm.Reasoning{Budget: 50_000}, "high", llm.FieldBudget},
		{llm.Reasoning{Effort: "odd"}, "", llm.FieldEffort},
		{llm.Reasoning{Effort: "xhigh"}, "high", llm.FieldEffort},
	}
	for _, tt := range tests {
		l := dialect.NewLosses("test", &llm.Request{}, dialect.Target{})
		got, lost := effort.Asked(&tt.r, effort.ToHigh, l), ""
		for _, loss := range l.All() {
			lost += loss.Field
		}
		if got != tt.want || lost != tt.lost {
			t.Errorf("%+v: %q and %q lost, want %q and %q", tt.r, got, lost, tt.want, tt.lost)
		}
	}
}

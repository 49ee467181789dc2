package claude

import (
	"testing"

	"weir/lib/dialect/effort"
)

func TestParse(t *testing.T) {
	tests := []struct {
		model   string
		line    string
		version int
		ok      bool
	}{
		{"claude-opus-4-5-20251101", "opus", 45, true},
		{"claude-opus-4-20250514", "opus", 40, true},
		{"claude-opus-4-0", "opus", 40, true},
		{"claude-sonnet-4@20250514", "sonnet", 40, true},
		{"claude-sonnet-4.5", "sonnet", 45, true},
		{"anthropic/claude-haiku-4.5", "haiku", 45, true},
		{"us.anthropic.claude-sonnet-4-5-20250929-v1:0", "sonnet", 45, true},
		{"global.anthropic.claude-opus-4-6-v1", "opus", 46, true},
		{"arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-3-5-haiku-20241022-v1:0", "haiku", 35, true},
		{"claude-3-7-sonnet-latest", "sonnet", 37, true},
		{"claude-3-5-sonnet-v2@20241022", "sonnet", 35, true},
		{"claude-3-haiku-20240307", "haiku", 30, true},
		{"claude-2.1", "", 21, true},
		{"claude-instant-1.2", "instant", 12, true},
		{"claude-fable-5-1", "fable", 51, true},
		{"Claude-Sonnet-5-5", "sonnet", 55, true},
		{"claude-sonnet-6", "sonnet", 60, true},
		{"claude-opus", "opus", Newest, true},
		{"anthropic.claude-v2:1", "v2", 10, true},
		{"deepseek-v4", "", 0, false},
		{"", "", 0, false},
	}
	for _, tt := range tests {
		line, version, ok := parse(tt.model)
		if line != tt.line || version != tt.version || ok != tt.ok {
			t.Errorf("%s: got %s %d %v, want %s %d %v", tt.model, line, version, ok, tt.line, tt.version, tt.ok)
		}
	}
}

// What was tried against the vendor's API, or is in its migration guides.
func TestFamilies(t *testing.T) {
	type traits struct {
		sampling Sampling
		thinking Mode
		thinks   bool
		prefill  bool
		unforced bool
		system   bool
		schema   bool
		most     int64
	}
	tests := map[string]traits{
		"claude-sonnet-5-5":          {NoSampling, Adaptive | BetweenTools, true, false, true, true, true, 128_000},
		"claude-haiku-5-5":           {NoSampling, Adaptive | Switchable, true, false, false, true, true, 128_000},
		"claude-opus-5-5":            {NoSampling, Adaptive, true, false, true, true, true, 128_000},
		"claude-fable-5-1":           {NoSampling, Adaptive, true, false, true, true, true, 128_000},
		"claude-fable-5":             {NoSampling, Adaptive, true, false, false, true, true, 128_000},
		"claude-opus-5":              {NoSampling, Adaptive | Switchable, true, false, false, true, true, 128_000},
		"claude-sonnet-5":            {NoSampling, Adaptive | Switchable, true, false, false, false, true, 128_000},
		"claude-opus-4-8":            {NoSampling, Adaptive | Switchable, false, false, false, true, true, 128_000},
		"claude-opus-4-7":            {NoSampling, Adaptive | Switchable, false, false, false, false, true, 128_000},
		"claude-sonnet-4-6":          {OneSampling, Budgeted | Adaptive | Switchable, false, false, false, false, true, 128_000},
		"claude-sonnet-4-5":          {OneSampling, Budgeted | Switchable, false, true, false, false, true, 64_000},
		"claude-opus-4-1-20250805":   {OneSampling, Budgeted | Switchable, false, true, false, false, false, 32_000},
		"claude-sonnet-4-20250514":   {AnySampling, Budgeted | Switchable, false, true, false, false, false, 64_000},
		"claude-3-5-sonnet-20241022": {AnySampling, 0, false, true, false, false, false, 8_192},
		"claude-3-haiku-20240307":    {AnySampling, 0, false, true, false, false, false, 4_096},
		"claude-opus-7":              {NoSampling, Adaptive, true, false, true, true, true, 128_000},
		"claude-next":                {NoSampling, Adaptive, true, false, true, true, true, 128_000},
	}
	for model, want := range tests {
		m, ok := Of(model)
		got := traits{m.Sampling, m.Thinking, m.Thinks, m.Prefill, m.Unforced, m.System, m.Schema, m.Most}
		if !ok || got != want {
			t.Errorf("%s: got %+v, want %+v", model, got, want)
		}
	}
}

func TestEfforts(t *testing.T) {
	tests := []struct{ model, word, want string }{
		{"claude-opus-5-5", "minimal", "low"},
		{"claude-opus-5-5", "xhigh", "xhigh"},
		{"claude-opus-4-6", "xhigh", "high"},
		{"claude-opus-4-6", "max", "max"},
		{"claude-opus-4-5", "max", "high"},
		{"claude-opus-4-5", "medium", "medium"},
		{"claude-sonnet-4-5", "high", ""},
		{"claude-opus-5-5", "strenuous", ""},
	}
	for _, tt := range tests {
		m, _ := Of(tt.model)
		if got := effort.Nearest(tt.word, m.Efforts); got != tt.want {
			t.Errorf("%s, %s: got %q, want %q", tt.model, tt.word, got, tt.want)
		}
	}
}

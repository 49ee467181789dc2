package anthropic

import "testing"

func TestParseModel(t *testing.T) {
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
		{"claude-opus", "opus", newest, true},
		{"deepseek-v4", "", 0, false},
		{"", "", 0, false},
	}
	for _, tt := range tests {
		line, version, ok := parseModel(tt.model)
		if line != tt.line || version != tt.version || ok != tt.ok {
			t.Errorf("%s: got %s %d %v, want %s %d %v", tt.model, line, version, ok, tt.line, tt.version, tt.ok)
		}
	}
}

// What was tried against the vendor's API, or is in its migration guides.
func TestFamilies(t *testing.T) {
	type traits struct {
		sampling sampling
		thinking thinkingMode
		thinks   bool
		prefill  bool
		unforced bool
		system   bool
		schema   bool
		most     int64
	}
	tests := map[string]traits{
		"claude-sonnet-5-5":          {noSampling, adaptive | betweenTools, true, false, true, true, true, 128_000},
		"claude-haiku-5-5":           {noSampling, adaptive | switchable, true, false, false, true, true, 128_000},
		"claude-opus-5-5":            {noSampling, adaptive, true, false, true, true, true, 128_000},
		"claude-fable-5-1":           {noSampling, adaptive, true, false, true, true, true, 128_000},
		"claude-fable-5":             {noSampling, adaptive, true, false, false, true, true, 128_000},
		"claude-opus-5":              {noSampling, adaptive | switchable, true, false, false, true, true, 128_000},
		"claude-sonnet-5":            {noSampling, adaptive | switchable, true, false, false, false, true, 128_000},
		"claude-opus-4-8":            {noSampling, adaptive | switchable, false, false, false, true, true, 128_000},
		"claude-opus-4-7":            {noSampling, adaptive | switchable, false, false, false, false, true, 128_000},
		"claude-sonnet-4-6":          {oneSampling, budgeted | adaptive | switchable, false, false, false, false, true, 128_000},
		"claude-sonnet-4-5":          {oneSampling, budgeted | switchable, false, true, false, false, true, 64_000},
		"claude-opus-4-1-20250805":   {oneSampling, budgeted | switchable, false, true, false, false, false, 32_000},
		"claude-sonnet-4-20250514":   {anySampling, budgeted | switchable, false, true, false, false, false, 64_000},
		"claude-3-5-sonnet-20241022": {anySampling, 0, false, true, false, false, false, 8_192},
		"claude-3-haiku-20240307":    {anySampling, 0, false, true, false, false, false, 4_096},
		"claude-opus-7":              {noSampling, adaptive, true, false, true, true, true, 128_000},
		"claude-next":                {noSampling, adaptive, true, false, true, true, true, 128_000},
		"kimi-k2":                    {anySampling, budgeted | switchable, false, true, false, false, false, 0},
	}
	for model, want := range tests {
		f := familyOf(model)
		got := traits{f.sampling, f.thinking, f.thinks, f.prefill, f.unforced, f.system, f.schema, f.most}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", model, got, want)
		}
	}
}

func TestEffort(t *testing.T) {
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
		if got := familyOf(tt.model).effort(tt.word); got != tt.want {
			t.Errorf("%s, %s: got %q, want %q", tt.model, tt.word, got, tt.want)
		}
	}
}

package price_test

import (
	"testing"
	"time"

	"weir/lib/accounting/price"
	"weir/lib/money"
)

func TestWith(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	at := func(target string, from time.Time, dollars string) price.Override {
		return price.Override{Target: target, From: from, Price: price.Price{Input: usd(t, dollars), Output: usd(t, dollars)}}
	}
	overrides := []price.Override{
		at("*", time.Time{}, "1"),
		at("vllm/*", time.Time{}, "2"),
		at("vllm/llama*", time.Time{}, "3"),
		at("vllm/llama-3", day(10), "5"),
		at("vllm/llama-3", day(1), "4"),
		at("vllm/llama-3", day(20), "6"),
		at("vllm/llama-3", day(20), "7"),
		at("groq/*", day(15), "8"),
		at("eu-openai/gpt-4o", time.Time{}, "0"),
	}
	b, err := price.Load()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, target string
		at           time.Time
		want         string
	}{
		{"a pattern for everything", "acme/x", day(5), "1"},
		{"a pattern for a provider", "vllm/qwen", day(5), "2"},
		{"more literal characters win", "vllm/llama-4", day(5), "3"},
		{"an exact name wins once it has begun", "vllm/llama-3", day(5), "4"},
		{"a pattern until it has", "vllm/llama-3", day(1).Add(-time.Second), "3"},
		{"the later beginning wins", "vllm/llama-3", day(10), "5"},
		{"of equals the later in the list", "vllm/llama-3", day(20), "7"},
		{"not yet begun", "groq/x", day(14), "1"},
		{"begun", "groq/x", day(15), "8"},
		{"declared free", "eu-openai/gpt-4o", day(5), "0"},
		{"without a time, what holds from a day on does not hold", "vllm/llama-3", time.Time{}, "3"},
	}
	pricer := b.With(overrides)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, ok := pricer.Find(price.Query{Target: tt.target, Vendor: "openai", Model: "gpt-4o", Tier: "priority", Region: "eu", At: tt.at})
			if !ok || p.Source != price.SourceConfig {
				t.Fatalf("Find = %+v, %v; want a price of %s", p, ok, price.SourceConfig)
			}
			if got := money.NanoUSD(*p.Input).String(); got != tt.want {
				t.Errorf("input costs %s, want %s", got, tt.want)
			}
		})
	}
	if pricer.Version() != b.Version() {
		t.Errorf("version %q, want the book's %q", pricer.Version(), b.Version())
	}
}

func TestWithAsksTheBook(t *testing.T) {
	b, err := price.Load()
	if err != nil {
		t.Fatal(err)
	}
	overrides := []price.Override{{Target: "vllm/*", Price: price.Price{Input: usd(t, "9")}}}
	pricer := b.With(overrides)
	overrides[0].Target = "*" // the caller's slice is the caller's
	for name, p := range map[string]price.Pricer{"none": b.With(nil), "none that matches": pricer} {
		got, ok := p.Find(price.Query{Target: "openai/gpt-4o", Vendor: "openai", Model: "gpt-4o"})
		if !ok || money.NanoUSD(*got.Input).String() != "2.5" {
			t.Errorf("%s: Find = %+v, %v; want the book's price", name, got, ok)
		}
		if _, ok := p.Find(price.Query{Target: "openai/nothing", Vendor: "openai", Model: "nothing"}); ok {
			t.Errorf("%s: a price for an unknown model", name)
		}
		if l, ok := p.(interface{ Models(string) []string }); !ok || len(l.Models("openai")) == 0 {
			t.Errorf("%s: lists no models", name)
		}
	}
}

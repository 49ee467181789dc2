package provider_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/lib/llm"
	"weir/lib/provider"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "a/b", true},
		{"openai/*", "openai/gpt-4o", true},
		{"openai/*", "openai/", true},
		{"openai/*", "openai", false},
		{"bedrock/*", "bedrockz/x", false},
		{"bedrock*", "bedrockz/x", true},
		{"gpt-4*", "gpt-4o", true},
		{"gpt-4*", "GPT-4o", false},
		{"gpt-4", "gpt-4o", false},
		{"*-mini", "gpt-4o-mini", true},
		{"*-mini", "gpt-4o-mini-2", false},
		{"a*b*c", "abc", true},
		{"a*b*c", "axbybc", true},
		{"a*b*c", "acb", false},
		{"a*a", "a", false},
		{"a**a", "aa", true},
		{"*a*", "bab", true},
		{"a.c", "abc", false},
		{"a?c", "abc", false},
		{"é*", "été", true},
		{"é*", "ete", false},
	} {
		if got := provider.Match(c.pattern, c.name); got != c.want {
			t.Errorf("Match(%q, %q) = %v, want %v", c.pattern, c.name, got, c.want)
		}
	}
}

// Match says what the pattern says as a regular expression.
func TestMatchAgreesWithRegexp(t *testing.T) {
	word := rapid.StringOfN(rapid.RuneFrom([]rune("ab/*.é")), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		pattern := word.Draw(t, "pattern")
		name := word.Draw(t, "name")
		if rapid.Bool().Draw(t, "related") {
			name = strings.ReplaceAll(pattern, "*", name)
		}
		expr := `(?s)\A` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`) + `\z`
		want := regexp.MustCompile(expr).MatchString(name)
		if got := provider.Match(pattern, name); got != want {
			t.Errorf("Match(%q, %q) = %v, the regular expression %s says %v", pattern, name, got, expr, want)
		}
	})
}

func TestTargetOffer(t *testing.T) {
	row := &provider.Row{Kind: "two", Offers: []provider.Offer{
		{Op: llm.OpChat, Models: "claude*", Dialect: "anthropic", Path: "/messages"},
		{Op: llm.OpChat, Models: "*", Dialect: "openaichat", Path: "/chat/completions"},
		{Op: llm.OpChat, Models: "claude*", Dialect: "converse", Path: "/converse"},
		{Op: llm.OpEmbed, Models: "titan*", Dialect: "openaichat", Path: "/embeddings"},
	}}
	for _, c := range []struct {
		why   string
		op    llm.Op
		model string
		own   string
		want  string // path; empty: no offer
	}{
		{"the caller's own dialect, though another is first", llm.OpChat, "claude-x", "converse", "/converse"},
		{"the first that matches, for a dialect nobody offers", llm.OpChat, "claude-x", "gemini", "/messages"},
		{"the first that matches the model", llm.OpChat, "llama", "anthropic", "/chat/completions"},
		{"an operation for some models", llm.OpEmbed, "titan-2", "openaichat", "/embeddings"},
		{"an operation for none of these models", llm.OpEmbed, "llama", "openaichat", ""},
		{"an operation that nobody offers", llm.OpCount, "claude-x", "anthropic", ""},
	} {
		got, ok := provider.Target{Endpoint: &provider.Endpoint{Row: row}, Model: c.model}.Offer(c.op, c.own)
		if got.Path != c.want || ok != (c.want != "") {
			t.Errorf("%s: %+v, %v, want path %q", c.why, got, ok, c.want)
		}
	}
}

func TestTargetNames(t *testing.T) {
	target := provider.Target{Endpoint: &provider.Endpoint{Name: "eu", Row: &provider.Row{Kind: "xai", Prices: "x-ai"}}, Model: "a/b"}
	if got := target.String(); got != "eu/a/b" {
		t.Errorf("String() = %q", got)
	}
	if got := target.PriceVendor(); got != "x-ai" {
		t.Errorf("PriceVendor() = %q, want the row's own name in the book", got)
	}
	target.Endpoint.Row = &provider.Row{Kind: "openai"}
	if got := target.PriceVendor(); got != "openai" {
		t.Errorf("PriceVendor() = %q, want the kind where the row names none", got)
	}
}

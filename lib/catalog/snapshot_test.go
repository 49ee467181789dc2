package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/lib/catalog"
	"weir/lib/provider"
)

func TestResolve(t *testing.T) {
	snap := parse(t, `version: 1
providers: { echo: { kind: echo }, bedrock: { kind: echo } }
models:
  "bedrock/*": bedrock/*
  "gpt*": echo/short-*
  "gpt-4*": { targets: [echo/long-*, echo/fixed, bedrock/*] }
  gpt-4o: echo/exact
  "*": echo/all-*
`, noKeys())
	for model, want := range map[string]string{
		"gpt-4o":          "echo/exact",                                 // an exact name before every pattern
		"gpt-4o-mini":     "echo/long-o-mini echo/fixed bedrock/o-mini", // the longest prefix; a target without * as it is
		"gpt-5":           "echo/short--5",
		"gpt":             "echo/all-gpt", // a wildcard stands for something, never for nothing
		"gpt-4":           "echo/short--4",
		"bedrock/a/b:c":   "bedrock/a/b:c",
		"bedrockz/x":      "echo/all-bedrockz/x",
		"bedrock/":        "echo/all-bedrock/",
		"GPT-4o":          "echo/all-GPT-4o", // names are exact
		"anything at all": "echo/all-anything at all",
	} {
		r, ok := snap.Resolve(model)
		var got []string
		for _, target := range r.Targets {
			got = append(got, target.String())
		}
		if !ok || strings.Join(got, " ") != want {
			t.Errorf("Resolve(%q) = %v, %v, want %s", model, got, ok, want)
		}
	}
	// Filling in a wildcard leaves the route alone.
	if got := snap.Routes[0].Targets[0].Model; got != "*" {
		t.Errorf("the route's target became %q", got)
	}
}

func TestResolveNone(t *testing.T) {
	snap := parse(t, `version: 1
providers: { bedrock: { kind: echo } }
models: { "bedrock/*": bedrock/*, a: bedrock/a }
`, noKeys())
	for _, model := range []string{"bedrockz/x", "bedrock", "bedrock/", "", "A", "aa", "bedrock*"} {
		if r, ok := snap.Resolve(model); ok || r.Name != "" {
			t.Errorf("Resolve(%q) = %+v, %v", model, r, ok)
		}
	}
}

// What Resolve returns is a route whose name matches, and no other route that
// matches is more exact.
func TestResolveIsTheMostExact(t *testing.T) {
	letters := rapid.StringOfN(rapid.RuneFrom([]rune("ab/")), 1, 5, -1)
	rapid.Check(t, func(t *rapid.T) {
		ep := &provider.Endpoint{Name: "p", Row: &provider.Row{}}
		snap := &catalog.Snapshot{}
		for _, name := range rapid.SliceOfNDistinct(letters, 1, 6, rapid.ID[string]).Draw(t, "names") {
			model := "m"
			if rapid.Bool().Draw(t, "wildcard") {
				name, model = name+"*", "m*"
			}
			snap.Routes = append(snap.Routes, catalog.Route{Name: name, Targets: []provider.Target{{Endpoint: ep, Model: model}}})
		}
		asked := letters.Draw(t, "asked")
		got, ok := snap.Resolve(asked)
		for _, r := range snap.Routes {
			prefix, star := strings.CutSuffix(r.Name, "*")
			matches := r.Name == asked || star && strings.HasPrefix(asked, prefix) && asked != prefix
			if matches && (!ok || got.Name != asked && (r.Name == asked || len(r.Name) > len(got.Name))) {
				t.Fatalf("Resolve(%q) = %q, %v, though %q matches better", asked, got.Name, ok, r.Name)
			}
		}
		if !ok {
			return
		}
		prefix, star := strings.CutSuffix(got.Name, "*")
		want := "m"
		if star {
			want += strings.TrimPrefix(asked, prefix)
		}
		if got.Targets[0].Model != want {
			t.Fatalf("Resolve(%q) by %q goes to %q, want %q", asked, got.Name, got.Targets[0].Model, want)
		}
	})
}

const hashed = `version: 1
providers:
  openai: { kind: openai, tags: [a, b] }
  echo: { kind: echo }
models:
  a: { targets: [openai/gpt-4o, echo/x] }
  b: echo/b
prices:
  openai/x: { input: 1.50, output: 2 }
  openai/y: { input: 1, output: 2, from: 2026-01-01 }
`

// Two files that mean the same have one hash.
func TestHashSameMeaning(t *testing.T) {
	base := parse(t, hashed, allKeys()).Hash
	if len(base) != 12 || strings.Trim(base, "0123456789abcdef") != "" {
		t.Fatalf("hash %q is not 12 hex digits", base)
	}
	if got := parse(t, hashed, noKeys()).Hash; got != base {
		t.Error("the hash depends on which credentials are there today")
	}
	for name, file := range map[string]string{
		"comments and spaces": "# a comment\n" + strings.ReplaceAll(hashed, "a: {", "a:    {"),
		"the order of keys": `version: 1
prices:
  openai/y: { from: "2026-01-01", output: 2.0, input: 1 }
  openai/x: { output: 2, input: 1.5 }
models:
  b: { targets: [{ model: b, provider: echo }], strategy: fallback }
  a: { strategy: fallback, targets: [openai/gpt-4o, echo/x] }
providers:
  echo: { kind: echo }
  openai: { tags: [b, a], kind: openai }
`,
		"defaults written out": strings.Replace(hashed, "{ kind: openai, tags", "{ kind: openai, base_url: https://api.openai.com/v1/, credential: { env: OPENAI_API_KEY, secret: openai }, tags", 1) +
			"settings: { unknown_price: refuse, head_wait: 20000ms, max_body: 6144KiB, timeouts: { total: 10m } }\n",
	} {
		if got := parse(t, file, allKeys()).Hash; got != base {
			t.Errorf("%s: %s, want %s", name, got, base)
		}
	}
}

// Every change of meaning changes the hash.
func TestHashOtherMeaning(t *testing.T) {
	seen := map[string]string{parse(t, hashed, allKeys()).Hash: "the file itself"}
	for _, change := range [][2]string{
		{"openai/gpt-4o, echo/x", "echo/x, openai/gpt-4o"}, // order of targets
		{"  b: echo/b\n", "  b: echo/c\n"},
		{"  b: echo/b\n", "  c: echo/b\n"},
		{"  b: echo/b\n", "  b: { targets: [{ provider: echo, model: b, timeout: { total: 5s } }] }\n"},
		{"tags: [a, b]", "tags: [a]"},
		{"tags: [a, b]", "tags: [a, b], region: eu"},
		{"tags: [a, b]", "tags: [a, b], base_url: https://eu.api.openai.com/v1"},
		{"tags: [a, b]", "tags: [a, b], credential: { env: OTHER }"},
		{"tags: [a, b]", "tags: [a, b], credential: none"},
		{"{ kind: openai,", "{ kind: groq,"},
		{"input: 1.50", "input: 1.51"},
		{"input: 1.50", "input: 1.50, cache_read: 1"},
		{"input: 1.50", "input: 1.50, units: { cache_read: 1 }"},
		{"from: 2026-01-01", "from: 2026-01-02"},
		{"version: 1\n", "version: 1\nsettings: { head_wait: 21s }\n"},
		{"version: 1\n", "version: 1\nsettings: { max_body: 5MiB }\n"},
		{"version: 1\n", "version: 1\nsettings: { key_cache: 5s }\n"},
		{"version: 1\n", "version: 1\nsettings: { billing_zone: Europe/Berlin }\n"},
		{"version: 1\n", "version: 1\nsettings: { billing_zone: Europe/Paris }\n"},
		{"version: 1\n", "version: 1\nsettings: { aborted_calls: cancel }\n"},
		{"version: 1\n", "version: 1\nsettings: { unknown_price: allow_unpriced }\n"},
		{"version: 1\n", "version: 1\nsettings: { timeouts: { connect: 4s } }\n"},
	} {
		file := strings.Replace(hashed, change[0], change[1], 1)
		if file == hashed {
			t.Fatalf("%q changes nothing", change[0])
		}
		got := parse(t, file, allKeys()).Hash
		if other, again := seen[got]; again {
			t.Errorf("%q has the hash of %q", change[1], other)
		}
		seen[got] = change[1]
	}
}

func TestListing(t *testing.T) {
	snap := parse(t, `version: 1
providers:
  openai: { kind: openai, region: eu, tags: [eu] }
  groq: { kind: groq }
  echo: { kind: echo }
models:
  both: { targets: [openai/gpt-review, groq/gpt-4o] }
  down: { targets: [groq/gpt-4o] }
  "openai/*": openai/*
  odd: openai/unpriced
  mine: echo/mine
prices: { echo/mine: { input: 0, output: 12.5 } }
settings: { unknown_price: allow_unpriced }
`, options(func(name string) (string, bool) { return "k", name == "OPENAI_API_KEY" }))
	const noGroq = "environment variable GROQ_API_KEY is not set"
	chat := []string{"openaichat"}
	want := []catalog.Listing{
		{Model: "both", Strategy: "fallback", Targets: []catalog.ListingTarget{
			{
				Target: "openai/gpt-review", Provider: "openai", Kind: "openai", Model: "gpt-review", Dialects: chat, Region: "eu", Tags: []string{"eu"},
				Input: "1", Output: "2.5", Priced: true, PriceSource: "book", Review: true,
			},
			{Target: "groq/gpt-4o", Provider: "groq", Kind: "groq", Model: "gpt-4o", Dialects: chat, Input: "1", Output: "2.5", Priced: true, PriceSource: "book", Unavailable: noGroq},
		}},
		{Model: "down", Strategy: "fallback", Unavailable: noGroq, Targets: []catalog.ListingTarget{
			{Target: "groq/gpt-4o", Provider: "groq", Kind: "groq", Model: "gpt-4o", Dialects: chat, Input: "1", Output: "2.5", Priced: true, PriceSource: "book", Unavailable: noGroq},
		}},
		{Model: "openai/*", Strategy: "fallback", Targets: []catalog.ListingTarget{
			{Target: "openai/*", Provider: "openai", Kind: "openai", Model: "*", Dialects: chat, Region: "eu", Tags: []string{"eu"}},
		}},
		{Model: "odd", Strategy: "fallback", Targets: []catalog.ListingTarget{
			{Target: "openai/unpriced", Provider: "openai", Kind: "openai", Model: "unpriced", Dialects: chat, Region: "eu", Tags: []string{"eu"}},
		}},
		{Model: "mine", Strategy: "fallback", Targets: []catalog.ListingTarget{
			{Target: "echo/mine", Provider: "echo", Kind: "echo", Model: "mine", Dialects: []string{"echo"}, Input: "0", Output: "12.5", Priced: true, PriceSource: "gateway.yaml"},
		}},
	}
	if diff := cmp.Diff(want, snap.Listing(now)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Without a file: echo, and what the environment has keys for.
func TestDefault(t *testing.T) {
	keys := map[string]string{
		"GROQ_API_KEY": "k", "XAI_API_KEY": "", "VLLM_API_KEY": "k", "UNRELATED_API_KEY": "k",
		// An application's, which the gateway was started beside: no vendor is shown it.
		"ANTHROPIC_API_KEY": "sk-weir-CM5AM4c5XRc2-j5ZKCBbKA49G78bEt7FsSZGRhdi9coHr0hC82W",
	}
	opts := options(func(name string) (string, bool) { v, ok := keys[name]; return v, ok })
	snap, problems := catalog.Default(t.Context(), opts)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if diff := cmp.Diff([]string{
		"groq/* fallback groq/*(30s)",
		"vllm/* fallback vllm/*(30s)",
		"echo/* fallback echo/*(30s)",
	}, describe(snap.Routes)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	bare := parse(t, minimal, noKeys())
	if diff := cmp.Diff(bare.Settings, snap.Settings, sameZone); diff != "" {
		t.Errorf("settings are not the defaults (-file +default):\n%s", diff)
	}
	r, ok := snap.Resolve("groq/llama-3.1-8b-instant")
	if !ok || r.Targets[0].Model != "llama-3.1-8b-instant" || r.Targets[0].Endpoint.Unavailable != "" {
		t.Errorf("Resolve: %+v, %v", r, ok)
	}
	// The same written as a file has the same hash: it is the same configuration.
	same := parse(t, "version: 1\nproviders: { groq: { kind: groq }, vllm: { kind: vllm }, echo: { kind: echo } }\n"+
		"models: { groq/*: groq/*, vllm/*: vllm/*, echo/*: echo/* }\n", opts)
	if same.Hash != snap.Hash {
		t.Errorf("hash %s, the same as a file has %s", snap.Hash, same.Hash)
	}
}

func TestDefaultWithoutAnything(t *testing.T) {
	for name, opts := range map[string]catalog.Options{
		"no keys":     noKeys(),
		"no source":   func() catalog.Options { o := noKeys(); o.Credentials = nil; return o }(),
		"a bad one":   func() catalog.Options { o := noKeys(); o.Credentials = source{err: errAway}; return o }(),
		"real prices": func() catalog.Options { o := noKeys(); o.Prices = realBook(t).With; return o }(),
	} {
		snap, problems := catalog.Default(t.Context(), opts)
		if len(problems) > 0 {
			t.Fatalf("%s: %s", name, problems.Error())
		}
		if diff := cmp.Diff([]string{"echo/* fallback echo/*(30s)"}, describe(snap.Routes)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

package catalog_test

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/accounting/price"
	"weir/lib/catalog"
	"weir/lib/provider"
	"weir/lib/provider/credential"
)

// allKeys are options under which every variable is set.
func allKeys() catalog.Options {
	return options(func(string) (string, bool) { return "sk-set", true })
}

func parse(t *testing.T, text string, opts catalog.Options) *catalog.Snapshot {
	t.Helper()
	snap, problems := catalog.Parse(t.Context(), "gateway.yaml", []byte(text), opts)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return snap
}

// realBook is the price book that ships.
func realBook(t *testing.T) *price.Book {
	t.Helper()
	b, err := price.Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The file that operators are promised is read without a word, and means what
// it says.
func TestContract(t *testing.T) {
	text, err := os.ReadFile("testdata/contract.yaml")
	if err != nil {
		t.Fatal(err)
	}
	opts := allKeys()
	opts.Prices, opts.Rows = realBook(t).With, provider.Rows()
	snap, problems := catalog.Parse(t.Context(), "gateway.yaml", text, opts)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	v, ok := asJSON(text)
	if !ok {
		t.Fatal("the file is no JSON value")
	}
	if err := compile(t, opts.Rows).Validate(v); err != nil {
		t.Errorf("the schema refuses the file: %v", err)
	}

	wantSettings := catalog.Settings{
		UnknownPrice: "refuse", AbortedCalls: "bill_drained", HeadWait: 20 * time.Second, MaxBody: 6 << 20,
		KeyCache: 10 * time.Second, BillingZone: time.UTC, Timeouts: provider.Timeouts{Connect: 5 * time.Second, FirstToken: 30 * time.Second, BetweenTokens: time.Minute, Total: 10 * time.Minute},
	}
	if diff := cmp.Diff(wantSettings, snap.Settings, sameZone); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"gpt-4o-mini fallback openai/gpt-4o-mini(30s)",
		"claude-sonnet fallback anthropic/claude-sonnet-4-5(30s) bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0(20s)",
		"openai/* fallback openai/*(30s)",
	}, describe(snap.Routes)); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	type endpoint struct {
		Name, Kind, BaseURL, Region string
		Credential                  credential.Ref
		Tags                        []string
	}
	var got []endpoint
	for _, e := range snap.Endpoints {
		if e.Unavailable != "" {
			t.Errorf("%s is unavailable: %s", e.Name, e.Unavailable)
		}
		got = append(got, endpoint{e.Name, e.Row.Kind, e.BaseURL, e.Region, e.Credential, e.Tags})
	}
	if diff := cmp.Diff([]endpoint{
		{"openai", "openai", "https://api.openai.com/v1", "", credential.Ref{Env: "OPENAI_API_KEY", Secret: "openai"}, nil},
		{"anthropic", "anthropic", "https://api.anthropic.com", "", credential.Ref{Env: "ANTHROPIC_API_KEY", Secret: "anthropic"}, nil},
		{"bedrock", "bedrock", "", "us-east-1", credential.Ref{AWS: true}, nil},
		{"vllm", "openai-compatible", "http://127.0.0.1:8000/v1", "", credential.Ref{None: true}, nil},
		{"eu-openai", "openai", "https://eu.api.openai.com/v1", "", credential.Ref{Env: "OPENAI_EU_KEY", Secret: "openai_eu"}, []string{"eu"}},
		{"echo", "echo", "", "", credential.Ref{None: true}, nil},
	}, got); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
	p, ok := snap.Prices.Find(price.Query{Target: "vllm/llama-3.3-70b", Vendor: "openai-compatible", Model: "llama-3.3-70b", At: now})
	if !ok || *p.Input != 200_000_000 || *p.Output != 200_000_000 || p.Source != "gateway.yaml" {
		t.Errorf("price of vllm/llama-3.3-70b: %+v, %v", p, ok)
	}
}

// describe shows routes with the first-token timeout of each target.
func describe(routes []catalog.Route) []string {
	var out []string
	for _, r := range routes {
		s := r.Name + " " + r.Strategy
		for _, t := range r.Targets {
			s += " " + t.String() + "(" + t.Timeouts.FirstToken.String() + ")"
		}
		out = append(out, s)
	}
	return out
}

// The sample can be used as it is, on a machine without any key, and each of
// its examples works once its comment sign is taken away.
func TestSample(t *testing.T) {
	text, err := os.ReadFile("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	opts := noKeys()
	opts.Prices = realBook(t).With
	plain, problems := catalog.Parse(t.Context(), "sample.yaml", text, opts)
	if len(problems) > 0 {
		t.Errorf("as it is:\n%s", problems.Error())
	}
	full := regexp.MustCompile(`(?m)^#  `).ReplaceAll(text, []byte("  "))
	opts = allKeys()
	opts.Prices = realBook(t).With
	snap, problems := catalog.Parse(t.Context(), "sample.yaml", full, opts)
	if len(problems) > 0 {
		t.Fatalf("with its examples:\n%s", problems.Error())
	}
	if len(snap.Endpoints) <= len(plain.Endpoints) || len(snap.Routes) <= len(plain.Routes) {
		t.Error("there are no examples in the sample")
	}
	schema := compile(t, provider.Rows())
	for name, data := range map[string][]byte{"as it is": text, "with its examples": full} {
		v, ok := asJSON(data)
		if !ok {
			t.Fatalf("%s: no JSON value", name)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("the schema refuses the sample %s: %v", name, err)
		}
	}
	// It says "every setting with its default": then it changes nothing.
	bare := parse(t, "version: 1\nproviders: { echo: { kind: echo } }\nmodels: { a: echo/a }\n", noKeys())
	if diff := cmp.Diff(bare.Settings, plain.Settings, sameZone); diff != "" {
		t.Errorf("the sample's settings are not the defaults (-default +sample):\n%s", diff)
	}
}

const minimal = "version: 1\nproviders: { echo: { kind: echo }, openai: { kind: openai } }\nmodels: { a: echo/a }\n"

func TestTimeoutsAreInherited(t *testing.T) {
	snap := parse(t, `version: 1
providers: { echo: { kind: echo } }
models:
  own: { targets: [{ provider: echo, model: a, timeout: { first_token: 7s, total: 40s } }] }
  all: echo/a
settings: { timeouts: { connect: 2s, between_tokens: 50s } }
`, noKeys())
	want := map[string]provider.Timeouts{
		// What a target leaves out is inherited, and cut to its own total.
		"own": {Connect: 2 * time.Second, FirstToken: 7 * time.Second, BetweenTokens: 40 * time.Second, Total: 40 * time.Second},
		"all": {Connect: 2 * time.Second, FirstToken: 30 * time.Second, BetweenTokens: 50 * time.Second, Total: 10 * time.Minute},
	}
	for _, r := range snap.Routes {
		if diff := cmp.Diff(want[r.Name], r.Targets[0].Timeouts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", r.Name, diff)
		}
	}
}

// A short total alone is no contradiction of the defaults.
func TestShortTotalCutsDefaults(t *testing.T) {
	snap := parse(t, minimal+"settings: { timeouts: { total: 3s } }\n", noKeys())
	want := provider.Timeouts{Connect: 3 * time.Second, FirstToken: 3 * time.Second, BetweenTokens: 3 * time.Second, Total: 3 * time.Second}
	if diff := cmp.Diff(want, snap.Settings.Timeouts); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Amounts come from the text, exactly: 0.1 and 0.000123457 have no exact
// binary form.
func TestPricesAreExact(t *testing.T) {
	snap := parse(t, minimal+`prices:
  openai/*: { input: 0.1, output: 1, cache_read: 0.025, cache_write_5m: 0.000123457, cache_write_1h: 999.999999999, audio_input: 1000, audio_output: 0, units: { web_search: 0.01, page: .5 }, from: 2026-11-25 }
`, noKeys())
	p, ok := snap.Prices.Find(price.Query{Target: "openai/x", At: now})
	if !ok {
		t.Fatal("not found")
	}
	got := []int64{
		int64(*p.Input), int64(*p.Output), int64(*p.CacheRead), int64(*p.CacheWrite5m), int64(*p.CacheWrite1h),
		int64(*p.AudioInput), int64(*p.AudioOutput), int64(p.Units["web_search"]), int64(p.Units["page"]),
	}
	want := []int64{100_000_000, 1_000_000_000, 25_000_000, 123_457, 999_999_999_999, 1_000_000_000_000, 0, 10_000_000, 500_000_000}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, ok := snap.Prices.Find(price.Query{Target: "openai/x", At: now.AddDate(0, 0, -1)}); ok {
		t.Error("the price holds before its first day")
	}
}

// A missing credential is never a failed start: it is a reason and a warning.
func TestMissingCredential(t *testing.T) {
	const file = `version: 1
providers:
  openai: { kind: openai }
  vllm: { kind: vllm }
  strict: { kind: vllm, credential: { env: MY_KEY } }
  free: { kind: openai, base_url: http://localhost:1/v1, credential: none }
models: { a: openai/gpt-4o, "*": vllm/* }
`
	snap, problems := catalog.Parse(t.Context(), "gateway.yaml", []byte(file), noKeys())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for _, e := range snap.Endpoints {
		reasons[e.Name] = e.Unavailable
	}
	if diff := cmp.Diff(map[string]string{
		"openai": "environment variable OPENAI_API_KEY is not set",
		"vllm":   "", // works without
		"strict": "environment variable MY_KEY is not set",
		"free":   "",
	}, reasons); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	want := `gateway.yaml:3:3: warning: provider openai is unavailable: environment variable OPENAI_API_KEY is not set
gateway.yaml:5:3: warning: provider strict is unavailable: environment variable MY_KEY is not set`
	if diff := cmp.Diff(want, problems.Warnings().Error()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

var errAway = errors.New("no answer")

// source is a credential source of another kind than the environment.
type source struct{ err error }

func (s source) Lookup(context.Context, credential.Ref, bool) (credential.Secret, bool, error) {
	return credential.Secret{}, false, s.err
}

func TestCredentialSources(t *testing.T) {
	const file = "version: 1\nproviders: { openai: { kind: openai } }\nmodels: { a: openai/gpt-4o }\n"
	for name, c := range map[string]struct {
		source      credential.Source
		unavailable string
		warning     string
	}{
		"nobody is asked": {nil, "", ""},
		"has none":        {source{}, "its credential is not there", "gateway.yaml:2:14: warning: provider openai is unavailable: its credential is not there"},
		// That proves nothing about the credential: the provider is tried.
		"is away": {source{err: errAway}, "", "gateway.yaml:2:14: warning: the credential of provider openai could not be looked up: no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			opts := noKeys()
			opts.Credentials = c.source
			snap, problems := catalog.Parse(t.Context(), "gateway.yaml", []byte(file), opts)
			if snap == nil || snap.Endpoints[0].Unavailable != c.unavailable || problems.Error() != c.warning {
				t.Errorf("unavailable %q, problems %q", snap.Endpoints[0].Unavailable, problems.Error())
			}
		})
	}
}

// allow_unpriced is the way to serve what nobody has a price for.
func TestUnknownPriceAllowed(t *testing.T) {
	snap := parse(t, "version: 1\nproviders: { openai: { kind: openai } }\nmodels: { a: openai/nobody }\nsettings: { unknown_price: allow_unpriced }\n", allKeys())
	if snap.Settings.UnknownPrice != catalog.PriceAllowUnpriced {
		t.Error(snap.Settings.UnknownPrice)
	}
}

// What must not be in the file is not in a message either.
func TestMessagesHideCredentials(t *testing.T) {
	const key = "sk-proj-Qm1234567890"
	for _, file := range []string{
		"version: 1\nproviders: { o: { kind: openai, credential: " + key + " } }\nmodels: { a: o/gpt-4o }\n",
		"version: 1\nproviders: { o: { kind: openai, credential: { env: " + key + " } } }\nmodels: { a: o/gpt-4o }\n",
		"version: 1\nproviders: { o: { kind: openai, credential: { secret: \"" + key + " \" } } }\nmodels: { a: o/gpt-4o }\n",
		"version: 1\nproviders: { o: { kind: openai, api_key: " + key + " } }\nmodels: { a: o/gpt-4o }\n",
		"version: 1\nproviders: { o: { kind: openai, base_url: \"https://" + key + "@h/v1\" } }\nmodels: { a: o/gpt-4o }\n",
		"version: 1\nproviders: { o: { kind: openai, base_url: \"https://h/v1?key=" + key + "\" } }\nmodels: { a: o/gpt-4o }\n",
		"version: 1\nproviders: { o: { kind: openai, base_url: \"https://h:" + key + "/v1\" } }\nmodels: { a: o/gpt-4o }\n",
	} {
		_, problems := catalog.Parse(t.Context(), "gateway.yaml", []byte(file), noKeys())
		if problems.Err() == nil || strings.Contains(problems.Error(), "Qm123") {
			t.Errorf("%s\n%s", file, problems.Error())
		}
	}
}

// The book knows every vendor whose models have list prices, under the name
// that the provider table gives.
func TestBookKnowsTheVendors(t *testing.T) {
	b := realBook(t)
	own := map[string]bool{"vllm": true, "ollama": true, "openai-compatible": true} // run by oneself
	for _, r := range provider.Rows() {
		vendor := provider.Target{Endpoint: &provider.Endpoint{Row: &r}}.PriceVendor()
		if len(b.Models(vendor)) == 0 && !own[r.Kind] && r.Kind != "echo" {
			t.Errorf("the price book has no models of %q", vendor)
		}
	}
	if _, ok := b.Find(price.Query{Target: "echo/x", Vendor: "echo", Model: "x", At: now}); !ok {
		t.Error("the price book has no price for echo")
	}
}

// Problems tell errors from warnings, and print as editors read them.
func TestProblems(t *testing.T) {
	ps := catalog.Problems{
		{File: "a/g.yaml", Line: 3, Column: 7, Severity: catalog.Error, Message: "wrong"},
		{File: "a/g.yaml", Line: 4, Column: 1, Severity: catalog.Warning, Message: "odd"},
		{File: "a/g.yaml", Message: "too large"},
	}
	if got, want := ps.Error(), "a/g.yaml:3:7: wrong\na/g.yaml:4:1: warning: odd\na/g.yaml: too large"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := ps.Err().Error(); got != "a/g.yaml:3:7: wrong\na/g.yaml: too large" {
		t.Errorf("errors alone: %q", got)
	}
	if got := ps.Warnings().Error(); got != "a/g.yaml:4:1: warning: odd" {
		t.Errorf("warnings alone: %q", got)
	}
	if err := ps.Warnings().Err(); err != nil {
		t.Errorf("warnings are no failure: %v", err)
	}
	if err := catalog.Problems(nil).Err(); err != nil {
		t.Errorf("nothing is no failure: %v", err)
	}
}

func TestFileTooLarge(t *testing.T) {
	_, problems := catalog.Parse(t.Context(), "g.yaml", []byte(minimal+strings.Repeat("#\n", 1<<20)), noKeys())
	if got := problems.Error(); !strings.HasPrefix(got, "g.yaml: the file has ") {
		t.Error(got)
	}
}

func TestNotUTF8(t *testing.T) {
	_, problems := catalog.Parse(t.Context(), "g.yaml", []byte("version: 1\n# caf\xe9\n"), noKeys())
	if got, want := problems.Error(), "g.yaml:2:6: a byte that is not UTF-8 (0xe9); save the file as UTF-8"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A byte-order mark and the line ends of Windows are no mistake.
func TestByteOrderMarkAndCRLF(t *testing.T) {
	parse(t, "\ufeff"+strings.ReplaceAll(minimal, "\n", "\r\n"), noKeys())
}

package price

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/money"
	"weir/lib/provider"
)

// small is a book with one row for every rule of Find.
const small = `# price book 2026-11-25
` + columns + `
bedrock,amazon.nova,,standard,,1,4,,,,,,,a+b,
bedrock,amazon.nova,eu-south-1,standard,,1.6,6.4,,,,,,,a,
bedrock,anthropic.claude,,standard,,3,15,,,,,,,a+b,
bedrock,us.anthropic.claude,,standard,,3.3,16.5,,,,,,,b,
echo,*,,standard,,1,2,,,,,,,override,
openai,broken,,standard,272000,4,8,,,,,,,b,
openai,ft:gpt-4o-mini-2024-07-18,,standard,,0.3,1.2,,,,,,,a+b,
openai,gpt,,batch,,1,2,,,,,,,a+b,
openai,gpt,,priority,,4,8,,,,,,,a+b,review
openai,gpt,,standard,,2,4,0.5,,,,,"{""web_search"":""0.01""}",a+b,
openai,gpt,,standard,1000000,9,9,,,,,,,b,
openai,gpt,,standard,272000,4,8,1,,,,,,b,
openai,gpt-2026-01-01,,standard,,7,7,,,,,,,a,
openrouter,*:free,,standard,,0,0,,,,,,,override,
`

func book(t *testing.T, text string) *Book {
	t.Helper()
	b, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFind(t *testing.T) {
	b := book(t, small)
	tests := []struct {
		name  string
		query Query
		want  string // input and output in dollars, "review"; empty: unknown
	}{
		{"a model", Query{Vendor: "openai", Model: "gpt"}, "2 4"},
		{"a snapshot has its own price", Query{Vendor: "openai", Model: "gpt-2026-01-01"}, "7 7"},
		{"a snapshot without a row has none", Query{Vendor: "openai", Model: "gpt-2026-02-02"}, ""},
		{"a name of the same beginning", Query{Vendor: "openai", Model: "gp"}, ""},
		{"no name", Query{Vendor: "openai"}, ""},
		{"another vendor's model", Query{Vendor: "groq", Model: "gpt"}, ""},
		{"tier default is standard", Query{Vendor: "openai", Model: "gpt", Tier: "default"}, "2 4"},
		{"tier on_demand is standard", Query{Vendor: "openai", Model: "gpt", Tier: "on_demand"}, "2 4"},
		{"a tier with a row", Query{Vendor: "openai", Model: "gpt", Tier: "batch"}, "1 2"},
		{"a row for review", Query{Vendor: "openai", Model: "gpt", Tier: "priority"}, "4 8 review"},
		{"a discount without a row is bounded by standard", Query{Vendor: "openai", Model: "gpt", Tier: "flex"}, "2 4 review"},
		{"a tier that nobody knows", Query{Vendor: "openai", Model: "gpt", Tier: "ultra"}, ""},
		{"a region without any regional price", Query{Vendor: "openai", Model: "gpt", Region: "eu"}, "2 4"},
		{"a region with a row", Query{Vendor: "bedrock", Model: "amazon.nova", Region: "eu-south-1"}, "1.6 6.4"},
		{"another region of a model with regional prices", Query{Vendor: "bedrock", Model: "amazon.nova", Region: "us-east-1"}, "1 4 review"},
		{"no region", Query{Vendor: "bedrock", Model: "amazon.nova"}, "1 4"},
		{"a profile with a row", Query{Vendor: "bedrock", Model: "us.anthropic.claude", Region: "us-east-1"}, "3.3 16.5"},
		{"a profile without a row costs what the region does", Query{Vendor: "bedrock", Model: "eu.amazon.nova", Region: "eu-south-1"}, "1.6 6.4"},
		{"a profile where the region has no row", Query{Vendor: "bedrock", Model: "eu.anthropic.claude", Region: "eu-south-1"}, ""},
		{"a profile and no region", Query{Vendor: "bedrock", Model: "eu.amazon.nova"}, ""},
		{"a global profile is never priced as the plain model", Query{Vendor: "bedrock", Model: "global.amazon.nova", Region: "eu-south-1"}, ""},
		{"ARN of a profile", Query{Vendor: "bedrock", Model: "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude"}, "3.3 16.5"},
		{"encoded ARN", Query{Vendor: "bedrock", Model: "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.anthropic.claude"}, "3.3 16.5"},
		{"ARN of a model, its region counts", Query{Vendor: "bedrock", Model: "arn:aws:bedrock:eu-south-1::foundation-model/amazon.nova", Region: "us-east-1"}, "1.6 6.4"},
		{"ARN that hides its model", Query{Vendor: "bedrock", Model: "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/amazon.nova"}, ""},
		{"ARN of another service", Query{Vendor: "bedrock", Model: "arn:aws:s3:us-east-1:123456789012:foundation-model/amazon.nova"}, ""},
		{"a fine-tune", Query{Vendor: "openai", Model: "ft:gpt-4o-mini-2024-07-18:acme::abc123"}, "0.3 1.2"},
		{"a fine-tune of something else", Query{Vendor: "openai", Model: "ft:gpt:acme::abc123"}, ""},
		{"a free variant", Query{Vendor: "openrouter", Model: "acme/model:free"}, "0 0"},
		{"another variant", Query{Vendor: "openrouter", Model: "acme/model:nitro"}, ""},
		{"echo prices every model", Query{Vendor: "echo", Model: "anything"}, "1 2"},
		{"a broken row is no price", Query{Vendor: "openai", Model: "broken"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, ok := b.Find(tt.query)
			got := ""
			if ok {
				got = money.NanoUSD(*p.Input).String() + " " + money.NanoUSD(*p.Output).String()
				if p.Review {
					got += " review"
				}
			}
			if got != tt.want {
				t.Errorf("Find = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFindReadsAWholePrice(t *testing.T) {
	p, ok := book(t, small).Find(Query{Vendor: "openai", Model: "gpt"})
	if !ok {
		t.Fatal("not found")
	}
	m := func(n int64) *money.PerMillion { return new(money.PerMillion(n * 1e6)) }
	want := Price{
		Input: m(2000), Output: m(4000), CacheRead: m(500), Units: map[string]money.NanoUSD{"web_search": 10_000_000}, Source: "a+b",
		Above: []Threshold{
			{272_000, Price{Input: m(4000), Output: m(8000), CacheRead: m(1000), Source: "b"}},
			{1_000_000, Price{Input: m(9000), Output: m(9000), Source: "b"}},
		},
	}
	if d := cmp.Diff(want, p); d != "" {
		t.Errorf("price (-want +got):\n%s", d)
	}
}

func TestModels(t *testing.T) {
	b := book(t, small)
	want := []string{"broken", "ft:gpt-4o-mini-2024-07-18", "gpt", "gpt-2026-01-01"}
	if d := cmp.Diff(want, b.Models("openai")); d != "" {
		t.Errorf("models (-want +got):\n%s", d)
	}
	if got := b.Models("echo"); got != nil {
		t.Errorf("a wildcard is no model: %v", got)
	}
	if got := b.Models("nobody"); got != nil {
		t.Errorf("models of nobody: %v", got)
	}
}

func TestParseRefusesAnotherFile(t *testing.T) {
	for name, text := range map[string]string{
		"empty":         "",
		"no version":    titlePrefix + "\n" + columns + "\n",
		"other columns": titlePrefix + "2026-11-25\nvendor,model\n",
	} {
		if _, err := parse(text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The rest of this file is about the book that is built in.

func builtIn(t testing.TB) *Book {
	t.Helper()
	b, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What is said elsewhere of models that everybody uses, read 2026-11: the book
// must agree with that, not with its own sources alone.
func TestWellKnownPrices(t *testing.T) {
	const (
		anthropic = "https://platform.claude.com/docs/en/about-claude/pricing"
		deepseek  = "https://api-docs.deepseek.com/quick_start/pricing, peak"
		openai    = "https://openai.com/api/pricing, as others quote it"
		// Global profiles are some 10 % cheaper than those of a geography.
		bedrock = "https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html"
	)
	b := builtIn(t)
	tests := []struct {
		query  Query
		want   [5]string // input, output, cache read, write 5m, write 1h
		source string
	}{
		{Query{Vendor: "openai", Model: "gpt-4o-mini"}, [5]string{"0.15", "0.6", "0.075"}, openai},
		{Query{Vendor: "openai", Model: "gpt-4o"}, [5]string{"2.5", "10", "1.25"}, openai},
		{Query{Vendor: "openai", Model: "text-embedding-3-small"}, [5]string{"0.02"}, openai},
		{Query{Vendor: "anthropic", Model: "claude-sonnet-4-5"}, [5]string{"3", "15", "0.3", "3.75", "6"}, anthropic},
		{Query{Vendor: "anthropic", Model: "claude-haiku-4-5-20251001"}, [5]string{"1", "5", "0.1", "1.25", "2"}, anthropic},
		{Query{Vendor: "anthropic", Model: "claude-opus-5"}, [5]string{"5", "25", "0.5", "6.25", "10"}, anthropic},
		{Query{Vendor: "anthropic", Model: "claude-fable-5-1"}, [5]string{"10", "50", "0.25", "12.5", "20"}, anthropic},
		{Query{Vendor: "deepseek", Model: "deepseek-flash"}, [5]string{"0.3", "1.2", "0.006"}, deepseek},
		{Query{Vendor: "deepseek", Model: "deepseek-v4-pro"}, [5]string{"1.32", "3.96", "0.044"}, deepseek},
		{
			Query{Vendor: "bedrock", Model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", Region: "us-east-1"},
			[5]string{"3.3", "16.5", "0.33", "4.125", "6.6"},
			bedrock,
		},
		{
			Query{Vendor: "bedrock", Model: "global.anthropic.claude-sonnet-4-5-20250929-v1:0", Region: "us-east-1"},
			[5]string{"3", "15", "0.3", "3.75", "6"},
			bedrock,
		},
	}
	for _, tt := range tests {
		p, ok := b.Find(tt.query)
		if !ok {
			t.Errorf("%s/%s: no price", tt.query.Vendor, tt.query.Model)
			continue
		}
		var got [5]string
		for i, x := range []*money.PerMillion{p.Input, p.Output, p.CacheRead, p.CacheWrite5m, p.CacheWrite1h} {
			if x != nil {
				got[i] = money.NanoUSD(*x).String()
			}
		}
		if got != tt.want {
			t.Errorf("%s/%s: %v, want %v (%s)", tt.query.Vendor, tt.query.Model, got, tt.want, tt.source)
		}
	}
}

// Where the sources disagree the book has the higher figure and says so; a row
// that was looked up is settled.
func TestDisagreementIsForReview(t *testing.T) {
	b := builtIn(t)
	for model, want := range map[string]struct {
		input  string
		review bool
	}{
		"deepseek-chat":   {"0.28", true}, // 0.14 and 0.28
		"deepseek-v4-pro": {"1.32", false},
	} {
		p, ok := b.Find(Query{Vendor: "deepseek", Model: model})
		if !ok || money.NanoUSD(*p.Input).String() != want.input || p.Review != want.review {
			t.Errorf("%s = %+v, %v; want input %s, review %v", model, p, ok, want.input, want.review)
		}
	}
}

// The book names vendors as the provider table does.
func TestEveryVendorIsThere(t *testing.T) {
	b := builtIn(t)
	for _, r := range provider.Rows() {
		target := provider.Target{Endpoint: &provider.Endpoint{Row: &r}}
		if sells := r.Env != "" && !r.Optional && r.BaseURL != ""; sells && len(b.Models(target.PriceVendor())) == 0 {
			t.Errorf("kind %s: the book has no vendor %q", r.Kind, target.PriceVendor())
		}
	}
	for _, vendor := range []string{"openai", "groq", "mistral", "deepseek", "together", "openrouter", "xai", "fireworks", "anthropic", "bedrock"} {
		if n := len(b.Models(vendor)); n < 5 {
			t.Errorf("%s has %d models", vendor, n)
		}
	}
	if p, ok := b.Find(Query{Vendor: "echo", Model: "echo"}); !ok || p.Source != "override" {
		t.Errorf("echo = %+v, %v; want its demo price", p, ok)
	}
	if v := b.Version(); len(v) != len("2006-01-02") {
		t.Errorf("version %q is no date", v)
	}
}

// Every row parses, is found under its own name, and is plausible.
func TestEveryRowIsPlausible(t *testing.T) {
	b := builtIn(t)
	if !slices.IsSorted(b.rows) {
		t.Fatal("the rows are not sorted: generate the book again")
	}
	if len(slices.Compact(slices.Clone(b.rows))) != len(b.rows) {
		t.Error("a row stands twice")
	}
	const ceiling = 1000 * 1_000_000_000
	dearer := func(x, y *money.PerMillion) bool { return x != nil && y != nil && *x > *y }
	for _, row := range b.rows {
		f := strings.SplitN(row, ",", colBuckets+1)
		q := Query{Vendor: f[0], Model: f[1], Region: f[2], Tier: f[3]}
		above, x, err := parseRow(row)
		if err != nil {
			t.Error(err)
			continue
		}
		if x.Input == nil && x.Output == nil {
			t.Errorf("%s: no price", row)
		}
		for _, n := range []*money.PerMillion{x.Input, x.Output, x.CacheRead, x.CacheWrite5m, x.CacheWrite1h, x.AudioInput, x.AudioOutput} {
			if n != nil && *n > ceiling {
				t.Errorf("%s: over 1,000 dollars per million", row)
			}
			if n != nil && *n == 0 && x.Source != "override" {
				t.Errorf("%s: a price of 0 that nobody declared", row)
			}
		}
		if dearer(x.CacheRead, x.Input) {
			t.Errorf("%s: a cache read dearer than input", row)
		}
		p, ok := b.Find(q)
		if !ok {
			t.Errorf("%s: not found", row)
			continue
		}
		if above > 0 && (dearer(p.Input, x.Input) || dearer(p.Output, x.Output)) {
			t.Errorf("%s: a long prompt cheaper than a short one", row)
		}
		if list, ok := b.Find(Query{Vendor: q.Vendor, Model: q.Model, Region: q.Region}); ok && above == 0 {
			if discounted(q.Tier) && (dearer(x.Input, list.Input) || dearer(x.Output, list.Output)) {
				t.Errorf("%s: a discount dearer than standard", row)
			}
			if len(list.Above) > 0 && len(p.Above) == 0 {
				t.Errorf("%s: lacks the thresholds of standard", row)
			}
		}
	}
}

// No amount is ever a floating-point number: neither here nor where money is
// counted.
func TestNoFloats(t *testing.T) {
	for _, dir := range []string{".", "generate", "../meter", "../../money"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %d files", dir, err, len(files))
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.Ident:
					if strings.HasPrefix(n.Name, "float") || strings.HasPrefix(n.Name, "ParseFloat") || n.Name == "Float64" {
						t.Errorf("%s: %s", fset.Position(n.Pos()), n.Name)
					}
				case *ast.BasicLit:
					if n.Kind == token.FLOAT {
						t.Errorf("%s: %s", fset.Position(n.Pos()), n.Value)
					}
				}
				return true
			})
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		builtIn(b)
	}
}

func BenchmarkFind(b *testing.B) {
	bk := builtIn(b)
	for _, q := range []Query{{Vendor: "openai", Model: "gpt-4o-mini"}, {Vendor: "bedrock", Model: "amazon.nova-lite-v1:0", Region: "eu-south-1"}} {
		b.Run(fmt.Sprint(q.Model), func(b *testing.B) {
			for b.Loop() {
				bk.Find(q)
			}
		})
	}
}

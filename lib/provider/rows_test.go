package provider_test

import (
	"flag"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/llm"
	"weir/lib/provider"
)

//go:generate go test -run TestPage -update .
var update = flag.Bool("update", false, "write PROVIDERS.md anew")

// A row that lacks something would be found out by a call that fails in
// production; this finds it here.
func TestRowsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range provider.Rows() {
		t.Run(r.Kind, func(t *testing.T) {
			if !regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]*$`).MatchString(r.Kind) || seen[r.Kind] {
				t.Errorf("kind %q is twice in the table, or no name for a provider", r.Kind)
			}
			seen[r.Kind] = true
			for what, wrong := range map[string]bool{
				"Title":                        r.Title == "",
				"Auth":                         r.Auth != "bearer" && r.Auth != "x-api-key" && r.Auth != "none" && r.Auth != "aws",
				"Transport":                    r.Transport != "http" && r.Transport != "echo" && r.Transport != "bedrock",
				"Framing":                      r.Framing != "sse" && (r.Framing != "eventstream" || r.Transport != "bedrock"),
				"Offers":                       len(r.Offers) == 0,
				"Sources":                      len(r.Sources) == 0,
				"Env without a use for it":     r.Env != "" && r.Auth == "none",
				"Env is no variable":           r.Env != "" && !regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`).MatchString(r.Env),
				"Optional without Env":         r.Optional && r.Env == "",
				"AWS's manner apart":           (r.Auth == "aws") != (r.Transport == "bedrock") || r.Auth == "aws" && !r.Regional,
				"an address of what is inside": r.Transport != "http" && r.BaseURL != "",
			} {
				if wrong {
					t.Errorf("%s: %+v", what, r)
				}
			}
			if _, err := time.Parse(time.DateOnly, r.Read); err != nil {
				t.Errorf("Read: %v", err)
			}
			checkAddress(t, r)
			checkOffers(t, r)
		})
	}
}

func checkAddress(t *testing.T, r provider.Row) {
	t.Helper()
	if r.BaseURL == "" {
		return
	}
	u, err := url.Parse(r.BaseURL)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.HasSuffix(r.BaseURL, "/") {
		t.Errorf("base URL %q is not a plain URL without a slash at its end (%v)", r.BaseURL, err)
	}
	if u.Scheme != "https" && u.Hostname() != "localhost" {
		t.Errorf("base URL %q: prompts and keys leave this machine only by https", r.BaseURL)
	}
}

func checkOffers(t *testing.T, r provider.Row) {
	t.Helper()
	if !slices.ContainsFunc(r.Offers, func(o provider.Offer) bool { return o.Op == llm.OpChat }) {
		t.Error("no chat")
	}
	for _, o := range r.Offers {
		if o.Models == "" || o.Dialect == "" || !strings.HasPrefix(o.Path, "/") || strings.HasSuffix(o.Path, "/") {
			t.Errorf("offer %+v", o)
		}
		if o.Dialect == "echo" != (r.Kind == "echo") {
			t.Errorf("offer %+v: echo speaks its own dialect, others do not", o)
		}
	}
}

func TestFind(t *testing.T) {
	for _, want := range provider.Rows() {
		got, ok := provider.Find(want.Kind)
		if !ok || !cmp.Equal(got, want) {
			t.Errorf("Find(%q) = %+v, %v", want.Kind, got, ok)
		}
	}
	if r, ok := provider.Find("nobody"); ok || r.Kind != "" {
		t.Errorf(`Find("nobody") = %+v, %v`, r, ok)
	}
}

// The kinds that are promised, by the variables that their SDKs read.
func TestRowsHaveTheKindsThatArePromised(t *testing.T) {
	want := map[string]string{
		"openai": "OPENAI_API_KEY", "groq": "GROQ_API_KEY", "mistral": "MISTRAL_API_KEY", "deepseek": "DEEPSEEK_API_KEY",
		"together": "TOGETHER_API_KEY", "openrouter": "OPENROUTER_API_KEY", "xai": "XAI_API_KEY", "fireworks": "FIREWORKS_API_KEY",
		"vllm": "VLLM_API_KEY", "ollama": "OLLAMA_API_KEY", "openai-compatible": "", "echo": "", "anthropic": "ANTHROPIC_API_KEY", "bedrock": "AWS_BEARER_TOKEN_BEDROCK",
	}
	for kind, env := range want {
		if r, ok := provider.Find(kind); !ok || r.Env != env {
			t.Errorf("kind %s: found %v, environment variable %q, want %q", kind, ok, r.Env, env)
		}
	}
}

// A caller of Rows may append to what it got without changing the table.
func TestRowsAreTheCallersOwn(t *testing.T) {
	mine := provider.Rows()
	mine[0].Kind = "changed"
	if got := provider.Rows()[0].Kind; got == "changed" {
		t.Error("a caller changed the table")
	}
}

func TestPage(t *testing.T) {
	const file = "PROVIDERS.md"
	want := provider.Page(provider.Rows())
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not what the table says; run go generate ./lib/provider (-table +file):\n%s", file, diff)
	}
}

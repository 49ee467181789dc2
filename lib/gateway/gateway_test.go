package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"weir/lib/accounting/ledger"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

const chatPath = "/v1/chat/completions"

// with is a gateway whose provider "p" is a fake one, as "p/*".
func with(t *testing.T, settings string) (*rig.Rig, *fakeprovider.Provider) {
	t.Helper()
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	return rig.Start(t, rig.Options{Config: config(p.URL, `  "p/*": p/*`, settings)}), p
}

func config(url, models, settings string) string {
	return `
version: 1
providers:
  echo: { kind: echo }
  p: { kind: openai, base_url: ` + url + ` }
  q: { kind: openai, base_url: ` + url + ` }
models:
  "echo/*": echo/*
` + models + `
prices:
  "p/*": { input: 1.00, output: 4.00 }
  "q/*": { input: 2.00, output: 8.00 }
settings:
  unknown_price: refuse
` + settings
}

func ask(model string, stream bool) string {
	return fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":"hello there"}]}`, model, stream)
}

// wantError checks an answer's status and OpenAI code (where one is given), and
// that nothing private is in it.
func wantError(t *testing.T, a rig.Answer, status int, code string) {
	t.Helper()
	if a.Status != status {
		t.Errorf("status %d, want %d: %s", a.Status, status, a.Body)
		return
	}
	if ct := a.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
		t.Errorf("content type %q", ct)
	}
	e := rig.ErrorOf(t, a.Body)
	got := ""
	if e.Code != nil {
		got = *e.Code
	}
	if code != "" && got != code || e.Message == "" || e.Type == "" {
		t.Errorf("error %+v (code %q), want code %q", e, got, code)
	}
	private(t, a.Body)
}

// private fails when a text holds what no caller may see.
func private(t *testing.T, text string) {
	t.Helper()
	for _, s := range []string{rig.Secret, "127.0.0.1", "goroutine", ".go:", "dial tcp"} {
		if strings.Contains(text, s) {
			t.Errorf("%q shows %q", text, s)
		}
	}
}

func TestBadRequestsAreRefusedBeforeAnythingIsWritten(t *testing.T) {
	r, p := with(t, "  max_body: 64KiB\n")
	deep := strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000)
	msgs := `"messages":[{"role":"user","content":"x"}]`
	for name, c := range map[string]struct {
		path, body string
		status     int
		code       string
		header     []string
	}{
		"not JSON":           {body: `hello`, status: 400},
		"no body":            {body: ` `, status: 400},
		"an array":           {body: `[]`, status: 400},
		"cut":                {body: `{"model":"p/m",` + msgs, status: 400},
		"trailing data":      {body: `{"model":"p/gpt-4o",` + msgs + `} {}`, status: 400},
		"two models":         {body: `{"model":"echo/x","model":"p/gpt-4o",` + msgs + `}`, status: 400},
		"two spellings":      {body: `{"model":"echo/x","MODEL":"p/gpt-4o",` + msgs + `}`, status: 400},
		"wrong type":         {body: `{"model":7,` + msgs + `}`, status: 400},
		"stream is a word":   {body: `{"model":"p/gpt-4o","stream":"yes",` + msgs + `}`, status: 400},
		"no model":           {body: `{` + msgs + `}`, status: 400},
		"long model":         {body: `{"model":"p/` + strings.Repeat("m", 300) + `",` + msgs + `}`, status: 400},
		"no messages":        {body: `{"model":"p/gpt-4o"}`, status: 400},
		"empty messages":     {body: `{"model":"p/gpt-4o","messages":[]}`, status: 400},
		"deep":               {body: `{"model":"p/gpt-4o","x":` + deep + `,` + msgs + `}`, status: 400},
		"too large":          {body: `{"model":"p/gpt-4o","messages":[{"role":"user","content":"` + strings.Repeat("x", 65<<10) + `"}]}`, status: 413, code: "request_too_large"},
		"compressed":         {body: ask("p/gpt-4o", false), status: 400, header: []string{"Content-Encoding", "gzip"}},
		"unknown model":      {body: ask("gpt-4o", false), status: 404, code: "model_not_found"},
		"no wildcard rest":   {body: ask("p/", false), status: 404, code: "model_not_found"},
		"bad tags":           {body: ask("p/gpt-4o", false), status: 400, header: []string{"X-Weir-Tags", "nonsense"}},
		"upstream state":     {body: `{"model":"p/gpt-4o","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}`, status: 400},
		"embeddings: none":   {path: "/v1/embeddings", body: `{"model":"p/text-embedding-3-small"}`, status: 400},
		"embeddings: empty":  {path: "/v1/embeddings", body: `{"model":"p/text-embedding-3-small","input":[]}`, status: 400},
		"unknown path":       {path: "/v1/completions", body: `{}`, status: 404, code: "not_found"},
		"path without v1":    {path: "/chat/completions", body: `{}`, status: 404, code: "not_found"},
		"path not cleaned":   {path: "//v1/chat/completions", body: `{}`, status: 404, code: "not_found"},
		"path with a dot":    {path: "/v1/chat/completions/", body: `{}`, status: 404, code: "not_found"},
		"path in upper case": {path: "/v1/Chat/completions", body: `{}`, status: 404, code: "not_found"},
		"wrong method":       {path: "/v1/models", body: `{}`, status: 405, code: "method_not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.path == "" {
				c.path = chatPath
			}
			wantError(t, r.Must(c.path, c.body, c.header...), c.status, c.code)
		})
	}
	if n := len(p.Requests()); n > 0 {
		t.Errorf("the provider saw %d requests", n)
	}
	if rows := r.Rows(); len(rows) > 0 {
		t.Errorf("%d rows were opened", len(rows))
	}
}

func TestOnlyAGoodKeyEnters(t *testing.T) {
	r, p := with(t, "")
	other, secret := r.NewKey("other", "app")
	_ = other
	typo := []byte(r.Key)
	typo[20] ^= 1
	forged := "sk-weir-abcdefghijkl-" + strings.Repeat("A", 38)
	for name, h := range map[string][]string{
		"none":              {"Authorization", ""},
		"basic":             {"Authorization", "Basic abc"},
		"a vendor's key":    {"Authorization", "Bearer sk-proj-123"},
		"another shape":     {"Authorization", "Bearer sk-weir-short"},
		"a typo":            {"Authorization", "Bearer " + string(typo)},
		"a bad checksum":    {"Authorization", "Bearer " + forged},
		"two keys":          {"X-Api-Key", secret},
		"two in one header": {"Authorization", "Bearer " + r.Key + ", Bearer " + secret},
	} {
		for _, path := range []string{chatPath, "/v1/embeddings", "/v1/models", "/v1/models/p/x", "/v1/usage/x"} {
			t.Run(name+path, func(t *testing.T) {
				body := ""
				if path == chatPath || path == "/v1/embeddings" {
					body = ask("p/gpt-4o", false)
				}
				a := r.Must(path, body, h...)
				if a.Status != http.StatusUnauthorized {
					t.Fatalf("status %d: %s", a.Status, a.Body)
				}
				if strings.Contains(a.Body, secret) || strings.Contains(a.Body, r.Key) || strings.Contains(a.Body, string(typo)) {
					t.Error("the answer repeats a key")
				}
				rig.ErrorOf(t, a.Body)
			})
		}
	}
	if n := len(p.Requests()) + len(r.Rows()); n > 0 {
		t.Errorf("%d provider requests and rows", n)
	}
	for _, header := range []string{"X-Api-Key", "Api-Key", "X-Goog-Api-Key"} {
		if a := r.Must(chatPath, ask("p/gpt-4o", false), "Authorization", "Bearer sk-proj-elsewhere", header, r.Key); a.Status != 200 {
			t.Errorf("key in %s: status %d: %s", header, a.Status, a.Body)
		}
	}
	for _, req := range p.Requests() {
		if got := req.Header.Get("Authorization"); got != "Bearer "+rig.Secret {
			t.Errorf("the provider got the credential %q", got)
		}
		for name, values := range req.Header {
			if s := strings.Join(values, " "); strings.Contains(s, r.Key) || strings.Contains(s, "sk-proj") || strings.HasPrefix(name, "X-Weir") {
				t.Errorf("header %s: %s went to the provider", name, s)
			}
		}
	}
}

func TestHealthNeedsNoKeyAndSaysLittle(t *testing.T) {
	r, _ := with(t, "")
	a := r.Must("/healthz", "", "Authorization", "")
	if a.Status != 200 || a.Body != `{"status":"ok","version":"test"}` {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestCrossOriginRequestsAreNotInvited(t *testing.T) {
	r, _ := with(t, "")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, r.URL+chatPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://evil.example")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Access-Control-Allow-Origin") != "" || resp.Header.Get("Allow") != "POST" {
		t.Errorf("status %d, headers %v", resp.StatusCode, resp.Header)
	}
}

// A key restricted to a model reaches that model by every door, and nothing
// else by any.
func TestTheResolvedModelIsAuthorised(t *testing.T) {
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	models := `
  "p/*": p/*
  cheap: p/gpt-4o-mini
  dear: q/gpt-4o
  mixed: { strategy: fallback, targets: [p/status-500, q/gpt-4o] }
`
	r := rig.Start(t, rig.Options{Config: config(p.URL, models, ""), Models: []string{"cheap", "p/*"}})
	for model, status := range map[string]int{
		"cheap": 200, "p/gpt-4o": 200, "dear": 403, "echo/x": 403,
		"mixed": 502, // q is not the key's: p's own error, never q's answer
	} {
		if a := r.Must(chatPath, ask(model, false)); a.Status != status {
			t.Errorf("%s: status %d, want %d: %s", model, a.Status, status, a.Body)
		}
	}
	for _, req := range p.Requests() {
		if strings.Contains(string(req.Body), `"gpt-4o"`) && req.Header.Get("X-Weir-Provider") == "q" {
			t.Error("q was asked")
		}
	}
	var list struct{ Data []struct{ ID string } }
	if err := json.Unmarshal([]byte(r.Must("/v1/models", "").Body), &list); err != nil {
		t.Fatal(err)
	}
	for _, m := range list.Data {
		if m.ID != "cheap" && m.ID != "mixed" && !strings.HasPrefix(m.ID, "p/") {
			t.Errorf("the list shows %q", m.ID)
		}
	}
	for path, status := range map[string]int{"/v1/models/cheap": 200, "/v1/models/p%2Fgpt-4o": 200, "/v1/models/p/gpt-4o": 200, "/v1/models/dear": 404, "/v1/models/none": 404} {
		if a := r.Must(path, ""); a.Status != status {
			t.Errorf("%s: status %d, want %d", path, a.Status, status)
		}
	}
}

func TestUsageIsShownToTheTeamAndAppThatMadeTheCall(t *testing.T) {
	r, _ := with(t, "")
	a := r.Must(chatPath, ask("p/gpt-4o", false), "X-Weir-Tags", "use_case=faq,env=prod", "X-Weir-Run-Id", "run-7")
	for _, name := range []string{"X-Request-Id", "Request-Id"} {
		if a.Header.Get(name) != a.CallID() {
			t.Errorf("%s is %q, not the call's id", name, a.Header.Get(name))
		}
	}
	var row struct {
		State, Outcome, Team, App string
		UseCase                   string `json:"use_case"`
		Cost                      int64  `json:"cost_nano_usd"`
		CostUSD                   string `json:"cost_usd"`
		Tokens                    map[string]int64
	}
	if err := json.Unmarshal([]byte(r.Must("/v1/usage/"+a.CallID(), "").Body), &row); err != nil {
		t.Fatal(err)
	}
	if want := row.Tokens["input"]*1000 + row.Tokens["output"]*4000; row.Cost != want || row.Cost == 0 {
		t.Errorf("cost %d, want %d for %v", row.Cost, want, row.Tokens)
	}
	if row.State != "settled" || row.Outcome != "ok" || row.Team != "search" || row.UseCase != "faq" || row.CostUSD != a.Header.Get("X-Weir-Cost-Usd") {
		t.Errorf("row %+v", row)
	}
	_, sameTeam := r.NewKey("search", "other-app")
	_, stranger := r.NewKey("rival", "web")
	for _, key := range []string{sameTeam, stranger} {
		wantError(t, r.Must("/v1/usage/"+a.CallID(), "", "Authorization", "Bearer "+key), 404, "not_found")
	}
	wantError(t, r.Must("/v1/usage/nothing", ""), 404, "not_found")
}

func TestUnknownPriceIsAStateAndNeverZero(t *testing.T) {
	p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	p.Model("brand-new", fakeprovider.Answer{})
	cfg := strings.Replace(config(p.URL, `  "p/*": p/*`, ""), `"p/*": { input: 1.00, output: 4.00 }`, "", 1)
	r := rig.Start(t, rig.Options{Config: cfg})
	wantError(t, r.Must(chatPath, ask("p/brand-new", false)), 400, "model_not_priced")
	if len(p.Requests())+len(r.Rows()) > 0 {
		t.Error("an unpriced call went through")
	}
	r = rig.Start(t, rig.Options{Config: strings.Replace(cfg, "unknown_price: refuse", "unknown_price: allow_unpriced", 1)})
	a := r.Must(chatPath, ask("p/brand-new", false))
	if a.Status != 200 || a.Header.Get("X-Weir-Cost-Usd") != "unpriced" {
		t.Errorf("status %d, cost %q", a.Status, a.Header.Get("X-Weir-Cost-Usd"))
	}
	if row := r.Row(a.CallID()); !row.Unpriced || row.State != ledger.Settled {
		t.Errorf("row %+v", row)
	}
}

package sdktest_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/lib/gateway"
	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakebedrock"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

// target is a kind of model behind the gateway. Its name is that of its
// provider in gateway.yaml, but for those of Bedrock, which share one.
type target struct {
	name     string
	title    string // on the page
	provider string
	model    string // that most cells ask
	newest   string // one that takes no sampling parameters
	thinker  string // one that can be told to reason, by effort and by budget
}

var targets = []target{
	{"openai", "OpenAI", "openai", "gpt-4o", "o4-mini", "o4-mini"},
	{"compatible", "compatible", "deepseek", "deepseek-chat", "deepseek-reasoner", "deepseek-reasoner"},
	{"anthropic", "Anthropic", "anthropic", "claude-sonnet-4-5", "claude-opus-4-7", "claude-sonnet-4-5"},
	{"bedrock-claude", "Bedrock Claude", "bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "eu.anthropic.claude-opus-4-7", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"},
	{"bedrock-nova", "Bedrock Nova", "bedrock", "eu.amazon.nova-pro-v1:0", "us.amazon.nova-2-lite-v1:0", "us.amazon.nova-2-lite-v1:0"},
}

// field is a gateway before one provider of each kind.
type field struct {
	*rig.Rig
	openai, deepseek *fakeprovider.Provider
	anthropic        *fakeanthropic.Provider
	bedrock          *fakebedrock.Bedrock
	line             *http.Transport // of all clients
	calls            *callIDs
}

// callIDs are those that a gateway gave its calls.
type callIDs struct {
	mu  sync.Mutex
	ids []string
}

func (c *callIDs) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.ids)
}

// note makes a gateway tell the ids that it gives.
func (c *callIDs) note(config *gateway.Config) {
	next := config.NewID
	config.NewID = func(at time.Time) string {
		id := next(at)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ids = append(c.ids, id)
		return id
	}
}

// openField starts one. A tense one keeps streams alive often, and takes a
// short silence of a provider for the end.
func openField(t *testing.T, tense bool) *field {
	t.Helper()
	f := &field{
		openai: fakeprovider.New(fakeprovider.Options{Key: rig.Secret}),
		// The vendor ignores max_completion_tokens without a word; here that is
		// an error, because a limit would be lost.
		deepseek:  fakeprovider.New(fakeprovider.Options{Key: rig.Secret, Forbid: []string{"max_completion_tokens"}, Allow: []string{"reasoning_content", "thinking"}}),
		anthropic: fakeanthropic.New(fakeanthropic.Options{Key: rig.Secret}),
		bedrock:   fakebedrock.New(),
		line:      &http.Transport{MaxIdleConnsPerHost: 8},
		calls:     &callIDs{},
	}
	t.Cleanup(f.line.CloseIdleConnections)
	settings := "  timeouts: { total: 30s }\n"
	o := rig.Options{Adjust: f.calls.note}
	if tense {
		settings = "  timeouts: { total: 30s, between_tokens: 1500ms }\n  head_wait: 100ms\n"
		o.KeepAlive = 20 * time.Millisecond
	}
	var prices []string
	for _, p := range []string{"openai", "deepseek", "anthropic", "bedrock"} {
		prices = append(prices, "  \""+p+"/*\": { input: 3, output: 15, cache_read: 0.3, cache_write_5m: 3.75, cache_write_1h: 6 }\n")
	}
	o.Config = `
version: 1
providers:
  openai: { kind: openai, base_url: ` + serve(t, f.openai) + `/v1 }
  deepseek: { kind: deepseek, base_url: ` + serve(t, f.deepseek) + `/v1 }
  anthropic: { kind: anthropic, base_url: ` + serve(t, f.anthropic) + ` }
  bedrock: { kind: bedrock, region: eu-west-1, base_url: ` + serve(t, f.bedrock) + ` }
models:
  "openai/*": openai/*
  "deepseek/*": deepseek/*
  "anthropic/*": anthropic/*
  "bedrock/*": bedrock/*
prices:
` + strings.Join(prices, "") + `settings:
` + settings
	f.Rig = rig.Start(t, o)
	return f
}

// fake is a provider that ends with the test.
type fake interface {
	http.Handler
	Close()
}

func serve(t *testing.T, f fake) (url string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.ServeHTTP(drops{w}, r) }))
	t.Cleanup(func() {
		f.Close()
		srv.CloseClientConnections()
		srv.Close()
	})
	return srv.URL
}

// headerDrops makes an answer come in pieces of so many bytes, which know
// nothing of runes and events.
const headerDrops = "X-Drops"

// drops sends as the answer's header says.
type drops struct{ http.ResponseWriter }

// Unwrap lets a http.ResponseController reach the connection.
func (d drops) Unwrap() http.ResponseWriter { return d.ResponseWriter }

func (d drops) Write(b []byte) (n int, err error) {
	size, err := strconv.Atoi(d.Header().Get(headerDrops))
	if err != nil || size < 1 {
		return d.ResponseWriter.Write(b)
	}
	for piece := range slices.Chunk(b, size) {
		m, err := d.ResponseWriter.Write(piece)
		if n += m; err != nil {
			return n, err
		}
		if err := http.NewResponseController(d.ResponseWriter).Flush(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// request is what a provider was sent.
type request struct {
	op      string
	body    []byte
	header  http.Header
	refused error
	gone    bool
}

// sent are the requests for a model, oldest first.
func (f *field) sent(to target, model string) []request {
	var all []request
	switch to.provider {
	case "openai", "deepseek":
		p := f.openai
		if to.provider == "deepseek" {
			p = f.deepseek
		}
		for _, r := range p.RequestsOf(model) {
			one := request{op: r.Path, body: r.Body, header: r.Header, gone: !r.Gone.IsZero()}
			if r.Error != nil {
				one.refused = r.Error
			}
			all = append(all, one)
		}
	case "anthropic":
		for _, r := range f.anthropic.RequestsOf(model) {
			one := request{op: r.Path, body: r.Body, header: r.Header, gone: r.Gone}
			if r.Error != nil {
				one.refused = r.Error
			}
			all = append(all, one)
		}
	case "bedrock":
		for _, r := range f.bedrock.RequestsOf(model) {
			one := request{op: r.Op, body: r.Body, header: r.Header, gone: r.Gone}
			if r.Refused != nil {
				one.refused = r.Refused
			}
			all = append(all, one)
		}
	}
	return all
}

// script queues answers for a model.
func (f *field) script(to target, front, model string, all ...script) {
	for _, s := range all {
		switch to.provider {
		case "openai":
			f.openai.Script(model, s.chat(to))
		case "deepseek":
			f.deepseek.Script(model, s.chat(to))
		case "anthropic":
			f.anthropic.Script(model, s.claude())
		case "bedrock":
			f.bedrock.Script(model, s.bedrock(to, front))
		}
	}
}

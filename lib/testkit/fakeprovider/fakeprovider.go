// Package fakeprovider is a scripted provider that speaks OpenAI's HTTP API,
// for tests that need a whole upstream. It promises three things:
//
//   - it refuses what the vendor refuses, so that a gateway that forwards
//     rubbish fails its tests and not its users; every rule names its source;
//   - it misbehaves on demand as vendors do by accident: it stalls, cuts,
//     answers 200 with an error, or lies about usage. A model's name or a
//     script chooses how;
//   - it records every request and sums the tokens it reported, so that what
//     the gateway booked can be compared with what the provider said.
//
// It has its own writer of events and its own count of tokens: nothing of it
// is code under test.
package fakeprovider

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Key is the credential that a Provider takes unless Options name another.
const Key = "sk-fake-provider-0123456789"

// Options change a Provider. The zero value is OpenAI as documented.
type Options struct {
	// Key is the credential to ask for; empty is Key, "none" takes any
	// request, as vLLM does.
	Key string
	// Scale divides the durations of all Answers but Forever; 0 is 100, so
	// that a slow answer of 30 s takes 300 ms.
	Scale int
	// Forbid names top-level members that this vendor does not know, such as
	// stream_options.
	Forbid []string
	// Allow names members beyond OpenAI's that this vendor takes anywhere in a
	// chat request, such as reasoning_content.
	Allow []string
}

// Provider is the fake provider, an http.Handler. Safe for concurrent use.
type Provider struct {
	// URL is the base URL as OpenAI's SDKs take it, with /v1; set by Start.
	URL string

	opts   Options
	closed context.Context //nolint:containedctx // the provider's own life, which ends stalls
	close  context.CancelFunc

	mu      sync.Mutex
	changed *sync.Cond
	models  map[string]Answer
	scripts map[string][]Answer
	records []*record
	running int
	arrived int // requests whose body was read
}

// New returns a Provider that is not served anywhere. Close ends its stalls.
func New(opts Options) *Provider {
	if opts.Key == "" {
		opts.Key = Key
	}
	if opts.Scale <= 0 {
		opts.Scale = 100
	}
	p := &Provider{opts: opts, models: behaviours(), scripts: map[string][]Answer{}}
	p.closed, p.close = context.WithCancel(context.Background())
	p.changed = sync.NewCond(&p.mu)
	return p
}

// Start serves a Provider on a local address until t ends.
func Start(t testing.TB, opts Options) *Provider {
	t.Helper()
	p := New(opts)
	s := httptest.NewServer(p)
	p.URL = s.URL + "/v1"
	t.Cleanup(func() {
		p.Close()
		s.Close()
	})
	return p
}

// Close ends all stalls; their connections are closed.
func (p *Provider) Close() { p.close() }

// Model makes the provider know a model that answers as a says.
func (p *Provider) Model(name string, a Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.models[name] = a
}

// Script queues answers for a model: its next requests take one each, then the
// model's own behaviour is back. A request that the vendor would refuse is
// refused and takes none. The model need not be known before.
func (p *Provider) Script(model string, answers ...Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scripts[model] = append(p.scripts[model], answers...)
	if _, ok := p.models[model]; !ok {
		p.models[model] = Answer{}
	}
}

// known reports whether the provider has a model.
func (p *Provider) known(model string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.models[model]
	return ok || statusOf(model) != 0
}

// answer takes the next answer for a model.
func (p *Provider) answer(model string) Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if queue := p.scripts[model]; len(queue) > 0 {
		p.scripts[model] = queue[1:]
		return queue[0]
	}
	if a, ok := p.models[model]; ok {
		return a
	}
	return Answer{Status: statusOf(model)}
}

// statusOf is NNN of a model named status-NNN, else 0.
func statusOf(model string) int {
	rest, ok := strings.CutPrefix(model, "status-")
	n, err := strconv.Atoi(rest)
	if !ok || err != nil || n < 300 || n > 599 {
		return 0
	}
	return n
}

// ServeHTTP implements http.Handler.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := p.open(r)
	defer p.done(rec)
	o := &out{p: p, w: w, rec: rec, ctx: r.Context()}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went while sending
	}
	p.read(rec, body)
	if e := p.authorise(r); e != nil {
		o.refuse(e)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /v1/chat/completions":
		p.chat(o, body)
	case "POST /v1/embeddings":
		p.embed(o, body)
	case "GET /v1/models":
		p.list(o)
	default: // artificial-julien/docker-nginx-openai-api-cache#2
		o.refuse(&APIError{Status: http.StatusNotFound, Code: "unknown_url", Message: "Unknown request URL: " + r.Method + " " + r.URL.Path +
			". Please check the URL for typos, or see the docs at https://platform.openai.com/docs/api-reference/."})
	}
}

// authorise checks the credential (platform.openai.com/docs/api-reference/authentication;
// the text for a wrong one as in continuedev/continue#10250, its code as in
// The-Vibe-Company/quivr#1400).
func (p *Provider) authorise(r *http.Request) *APIError {
	if p.opts.Key == "none" {
		return nil
	}
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || key == "" {
		return &APIError{Status: http.StatusUnauthorized, Message: "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."}
	}
	if key != p.opts.Key {
		return &APIError{Status: http.StatusUnauthorized, Code: "invalid_api_key", Message: "Incorrect API key provided: " + masked(key) +
			". You can find your API key at https://platform.openai.com/account/api-keys."}
	}
	return nil
}

// masked hides all but the ends of a key, as the vendor does.
func masked(key string) string {
	if len(key) < 12 {
		return strings.Repeat("*", len(key))
	}
	return key[:7] + strings.Repeat("*", len(key)-11) + key[len(key)-4:]
}

// list answers GET /v1/models.
func (p *Provider) list(o *out) {
	p.mu.Lock()
	names := slices.Sorted(maps.Keys(p.models))
	p.mu.Unlock()
	type model struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	data := make([]model, len(names))
	for i, n := range names {
		data[i] = model{n, "model", created, "fake"}
	}
	o.whole(http.StatusOK, map[string]any{"object": "list", "data": data})
}

// wait waits d, scaled, and reports whether the answer may go on: not when the
// caller has gone or the provider was closed.
func (p *Provider) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	if d != Forever {
		d /= time.Duration(p.opts.Scale)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-p.closed.Done():
		return false
	}
}

// Package fakeanthropic is a scripted provider that speaks Anthropic's
// Messages API, for tests that need a whole upstream. It promises three
// things:
//
//   - it refuses what the vendor refuses (package strict has the rules), and it
//     signs its thinking: a tool loop in which a signed block comes back
//     changed, or not at all, is refused in the vendor's words;
//   - it misbehaves on demand: it is overloaded, limits, stalls, cuts, and
//     fails in the middle of a stream;
//   - it records every request and sums the tokens it reported, so that what
//     the gateway booked can be compared with what the provider said.
//
// It has its own writer of events and its own count of tokens: nothing of it
// is code under test.
//
// Sources, read 2026-11: platform.claude.com/docs/en/api/messages,
// …/api/errors, …/api/models-list, …/build-with-claude/streaming and
// …/build-with-claude/extended-thinking.
package fakeanthropic

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Key is the credential that a Provider takes unless Options name another.
const Key = "sk-ant-fake-0123456789"

// Options change a Provider. The zero value is Anthropic as documented.
type Options struct {
	Key string // the credential to ask for; empty is Key
	// Scale divides the durations of all Answers but Forever; 0 is 100.
	Scale int
}

// Provider is the fake provider, an http.Handler. Every model whose name
// begins with claude- is known. Safe for concurrent use.
type Provider struct {
	// URL is the base URL as Anthropic's SDKs take it; set by Start.
	URL string

	opts   Options
	closed context.Context //nolint:containedctx // the provider's own life, which ends stalls
	close  context.CancelFunc

	mu      sync.Mutex
	idle    *sync.Cond
	models  map[string]Answer
	scripts map[string][]Answer
	records []*record
	running int
	turns   map[string][]signed // thinking by model and id of the call that follows it
	calls   int                 // ids given away
}

// New returns a Provider that is not served anywhere. Close ends its stalls.
func New(opts Options) *Provider {
	if opts.Key == "" {
		opts.Key = Key
	}
	if opts.Scale <= 0 {
		opts.Scale = 100
	}
	p := &Provider{opts: opts, models: map[string]Answer{}, scripts: map[string][]Answer{}, turns: map[string][]signed{}}
	p.closed, p.close = context.WithCancel(context.Background())
	p.idle = sync.NewCond(&p.mu)
	return p
}

// Start serves a Provider on a local address until t ends.
func Start(t testing.TB, opts Options) *Provider {
	t.Helper()
	p := New(opts)
	s := httptest.NewServer(p)
	p.URL = s.URL
	t.Cleanup(func() {
		p.Close()
		s.Close()
	})
	return p
}

// Close ends all stalls; their connections are closed.
func (p *Provider) Close() { p.close() }

// Model makes a model answer as a says.
func (p *Provider) Model(name string, a Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.models[name] = a
}

// Script queues answers for a model: its next requests take one each, then the
// model's own behaviour is back. A request that the vendor would refuse is
// refused and takes none.
func (p *Provider) Script(model string, answers ...Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scripts[model] = append(p.scripts[model], answers...)
}

func (p *Provider) known(model string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, told := p.models[model]
	return told || len(p.scripts[model]) > 0 || strings.HasPrefix(model, "claude-")
}

func (p *Provider) next(model string) Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if queue := p.scripts[model]; len(queue) > 0 {
		p.scripts[model] = queue[1:]
		return queue[0]
	}
	return p.models[model]
}

// ServeHTTP implements http.Handler.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := p.open(r)
	defer p.done(rec)
	o := &out{p: p, w: w, ctx: r.Context(), rec: rec}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went while sending
	}
	rec.read(body)
	if e := p.authorise(r); e != nil {
		o.refuse(e)
		return
	}
	switch at := r.Method + " " + r.URL.Path; {
	case at == "POST /v1/messages":
		p.message(o, body)
	case at == "POST /v1/messages/count_tokens":
		p.count(o, body)
	case at == "GET /v1/models":
		o.whole(p.list())
	case strings.HasPrefix(at, "GET /v1/models/") && p.known(r.URL.Path[len("/v1/models/"):]):
		o.whole(model(r.URL.Path[len("/v1/models/"):]))
	default:
		o.refuse(&APIError{Status: http.StatusNotFound, Type: "not_found_error", Message: "Not found"})
	}
}

// versions of the API. @anthropic-ai/sdk asks for the second since its 1.0.0
// (github.com/anthropics/anthropic-sdk-typescript, CHANGELOG.md of 2026-10-21),
// whose types of messages and of their events differ in no member that is here.
var versions = []string{"2023-06-01", "2026-10-21"}

// authorise checks the headers (platform.claude.com/docs/en/api/overview; texts
// as in github.com/stackblitz-labs/bolt.diy/issues/156,
// github.com/eyaltoledano/claude-task-master/issues/222 and
// github.com/PipedreamHQ/pipedream/issues/9697; the one on content-type is this
// package's own). @anthropic-ai/sdk sends its key as a bearer token since its
// 1.0.0.
func (p *Provider) authorise(r *http.Request) *APIError {
	key := r.Header.Get("X-Api-Key")
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && key == "" {
		key = token
	}
	switch {
	case key == "":
		return &APIError{Status: http.StatusUnauthorized, Type: "authentication_error", Message: "x-api-key header is required"}
	case key != p.opts.Key:
		return &APIError{Status: http.StatusUnauthorized, Type: "authentication_error", Message: "invalid x-api-key"}
	case !slices.Contains(versions, r.Header.Get("Anthropic-Version")):
		return invalid("anthropic-version: header is required")
	case r.Method == http.MethodPost && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return invalid("Invalid content-type. It should be application/json.")
	}
	return nil
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

// Package fakebedrock is a scripted Amazon Bedrock for tests that need a whole
// upstream: Converse, ConverseStream, CountTokens, InvokeModel and
// InvokeModelWithResponseStream for models of Anthropic. It promises three
// things:
//
//   - it refuses what the service, or the model behind it, refuses, so that a
//     gateway that forwards rubbish fails its tests and not its users; every
//     rule names its source (all looked up in 2026-11; where none is named, the
//     service's own model as botocore 1.44.8 has it). It knows the signatures
//     that it gave away, and refuses others;
//   - it misbehaves on demand: it throws any exception as an answer or inside
//     of a stream, stalls, or cuts after any byte;
//   - it records every request.
package fakebedrock

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Request is what one caller sent.
type Request struct {
	Model  string // decoded
	Op     string
	Header http.Header
	Body   []byte
	// Refused is what it was refused with, or nil.
	Refused *Exception
	// Gone: the caller closed the connection before the answer was over.
	Gone bool
}

// Bedrock is the service. Every model is known unless Missing names it. Safe
// for concurrent use.
type Bedrock struct {
	mu       sync.Mutex
	scripts  map[string][]Answer
	missing  map[string]bool
	requests []*Request
	running  int
	idle     *sync.Cond
	signed   map[string]bool // thoughts with their signatures, and redacted ones, that were given away
	closed   chan struct{}
	once     sync.Once
}

// New returns a service. Close it to end stalls.
func New() *Bedrock {
	b := &Bedrock{scripts: map[string][]Answer{}, missing: map[string]bool{}, signed: map[string]bool{}, closed: make(chan struct{})}
	b.idle = sync.NewCond(&b.mu)
	return b
}

// Close ends all stalls; their connections are closed.
func (b *Bedrock) Close() { b.once.Do(func() { close(b.closed) }) }

// Script queues answers for a model: its next requests take one each, then the
// zero Answer is back. A request that is refused takes none.
func (b *Bedrock) Script(model string, answers ...Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.scripts[model] = append(b.scripts[model], answers...)
}

// Missing makes the service not know a model.
func (b *Bedrock) Missing(model string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.missing[model] = true
}

// Requests are all requests so far.
func (b *Bedrock) Requests() []Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]Request, len(b.requests))
	for i, r := range b.requests {
		all[i] = *r
	}
	return all
}

// RequestsOf are all requests for a model so far.
func (b *Bedrock) RequestsOf(model string) []Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []Request
	for _, r := range b.requests {
		if r.Model == model {
			all = append(all, *r)
		}
	}
	return all
}

// Wait waits until no request is under way: Gone is known only then.
func (b *Bedrock) Wait() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.running > 0 {
		b.idle.Wait()
	}
}

// record keeps a request; done ends it.
func (b *Bedrock) record(r Request) *Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests = append(b.requests, &r)
	b.running++
	return &r
}

func (b *Bedrock) done(r *Request, gone bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.Gone = gone
	b.running--
	b.idle.Broadcast()
}

func (b *Bedrock) next(model string) Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	queue := b.scripts[model]
	if len(queue) == 0 {
		return Answer{}
	}
	b.scripts[model] = queue[1:]
	return queue[0]
}

// ServeHTTP implements http.Handler.
func (b *Bedrock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went while sending
	}
	o := &out{b: b, w: w, done: r.Context().Done()}
	model, op, e := route(r)
	if e == nil {
		e = b.admit(r, model, op, body)
	}
	rec := b.record(Request{Model: model, Op: op, Header: r.Header.Clone(), Body: body, Refused: e})
	defer func() { b.done(rec, r.Context().Err() != nil) }()
	if e != nil {
		o.refuse(e)
		return
	}
	a := b.next(model)
	a.fill(model)
	a.asked = claude(model) && bytes.Contains(body, []byte(`"/stop_sequence"`))
	b.sign(a)
	a.write(o, op)
}

// admit checks a request.
func (b *Bedrock) admit(r *http.Request, model, op string, body []byte) *Exception {
	if e := signed(r); e != nil {
		return e
	}
	b.mu.Lock()
	missing := b.missing[model]
	b.mu.Unlock()
	if missing { // github.com/strands-agents/harness-sdk/issues/38
		return invalid("The provided model identifier is invalid.")
	}
	// API_runtime_InvokeModel; Converse has it in the body.
	if tier := r.Header.Get("X-Amzn-Bedrock-Service-Tier"); tier != "" && (!strings.HasPrefix(op, Invoke) || !slices.Contains(serviceTiers, tier)) {
		return invalid("X-Amzn-Bedrock-Service-Tier: %s", tier)
	}
	if got := r.Header.Get("Content-Type"); got != "application/json" {
		return &Exception{Type: "UnsupportedMediaTypeException", Status: http.StatusUnsupportedMediaType, Message: got}
	}
	if e := Check(op, model, body); e != nil {
		return e
	}
	return b.verify(op, body)
}

// route reads /model/{modelId}/{operation}. A model's id is one element of the
// path: slashes in it are encoded.
func route(r *http.Request) (model, op string, e *Exception) {
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	if r.Method != http.MethodPost || len(parts) != 3 || parts[0] != "model" {
		return "", "", &Exception{Type: "UnknownOperationException", Status: http.StatusNotFound}
	}
	model, err := url.PathUnescape(parts[1])
	if err != nil || model == "" {
		return "", "", &Exception{Type: "UnknownOperationException", Status: http.StatusNotFound}
	}
	return model, parts[2], nil
}

// signed checks that a request carries a signature of the service's scope, or
// a bearer token (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html).
// The signature itself is not verified.
func signed(r *http.Request) *Exception {
	auth := r.Header.Get("Authorization")
	switch {
	case strings.HasPrefix(auth, "Bearer ") && len(auth) > len("Bearer "):
		return nil
	case auth == "":
		return &Exception{Type: "MissingAuthenticationTokenException", Message: "Missing Authentication Token"}
	case !strings.HasPrefix(auth, "AWS4-HMAC-SHA256 ") || !strings.Contains(auth, "/bedrock/aws4_request") || r.Header.Get("X-Amz-Date") == "":
		return &Exception{Type: "UnrecognizedClientException", Message: "The security token included in the request is invalid."}
	}
	return nil
}

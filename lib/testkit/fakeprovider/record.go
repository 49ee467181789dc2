package fakeprovider

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// Request is what one caller sent, and what became of it.
type Request struct {
	Method string
	Path   string
	Header http.Header
	Body   []byte
	Model  string // empty where the body names none
	Stream bool

	Began time.Time
	// Ended is when the answer was over; zero while it is under way.
	Ended time.Time
	// Gone is when the caller closed the connection before the answer was
	// over; zero when it did not.
	Gone time.Time

	Status int    // 0: no head was sent
	ID     string // x-request-id of the answer
	Sent   int64  // bytes of the answer's body
	// Error is what the provider refused the request with, or nil.
	Error *APIError
	// Usage is what the provider reported to the caller, whole reports only;
	// the last one counts. Reported says that there was one.
	Usage    Tokens
	Reported bool
}

// Tokens are counts as the vendor reports them: Prompt includes Cached and
// AudioIn, Completion includes Reasoning and AudioOut
// (platform.openai.com/docs/api-reference/chat/object, read 2026-11-25).
type Tokens struct {
	Prompt, Cached, AudioIn         int64
	Completion, Reasoning, AudioOut int64
}

// Plus is the sum of t and u.
func (t Tokens) Plus(u Tokens) Tokens {
	return Tokens{
		Prompt: t.Prompt + u.Prompt, Cached: t.Cached + u.Cached, AudioIn: t.AudioIn + u.AudioIn,
		Completion: t.Completion + u.Completion, Reasoning: t.Reasoning + u.Reasoning, AudioOut: t.AudioOut + u.AudioOut,
	}
}

// Input is the part of Prompt that is billed at the input price.
func (t Tokens) Input() int64 { return t.Prompt - t.Cached - t.AudioIn }

// Output is the part of Completion that is billed at the output price.
func (t Tokens) Output() int64 { return t.Completion - t.AudioOut }

// record is a Request under way.
type record struct {
	number int // from 1
	mu     sync.Mutex
	req    Request
	stop   func() bool // ends the watch for the caller's hang-up; false: it was seen
	left   func() bool // whether the caller has hung up
}

func (r *record) set(change func(*Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.req)
}

func (r *record) get() Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.req
}

// open begins the record of a request.
func (p *Provider) open(q *http.Request) *record {
	r := &record{
		req:  Request{Method: q.Method, Path: q.URL.Path, Header: q.Header.Clone(), Began: time.Now()},
		left: func() bool { return q.Context().Err() != nil },
	}
	r.stop = context.AfterFunc(q.Context(), func() {
		r.set(func(q *Request) {
			if q.Gone.IsZero() {
				q.Gone = time.Now()
			}
		})
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records = append(p.records, r)
	r.number = len(p.records)
	p.running++
	return r
}

// read notes a request's body and what it asks for.
func (p *Provider) read(r *record, body []byte) {
	var asks struct {
		Model  any
		Stream any
	}
	_ = json.Unmarshal(body, &asks) // what is no JSON asks for nothing
	r.set(func(q *Request) { q.Body, q.Model, q.Stream = body, text(asks.Model), asks.Stream == true })
	p.mu.Lock()
	defer p.mu.Unlock()
	p.arrived++
	p.changed.Broadcast()
}

// done ends it.
func (p *Provider) done(r *record) {
	gone := !r.stop() || r.left() // a failed write may be seen first
	r.set(func(q *Request) {
		q.Ended = time.Now()
		if gone && q.Gone.IsZero() { // the watcher is about to say so
			q.Gone = q.Ended
		}
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	p.changed.Broadcast()
}

// Requests returns all requests so far, in the order of their arrival.
func (p *Provider) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Request, len(p.records))
	for i, r := range p.records {
		all[i] = r.get()
	}
	return all
}

// RequestsOf returns all requests for a model so far.
func (p *Provider) RequestsOf(model string) []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Request
	for _, r := range p.records {
		r.set(func(q *Request) {
			if q.Model == model {
				all = append(all, *q)
			}
		})
	}
	return all
}

// Last returns the newest request; ok is false when there is none.
func (p *Provider) Last() (r Request, ok bool) {
	all := p.Requests()
	if len(all) == 0 {
		return Request{}, false
	}
	return all[len(all)-1], true
}

// Await waits until n requests have arrived, whole, since the Provider was
// made.
func (p *Provider) Await(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.arrived < n {
		p.changed.Wait()
	}
}

// Wait waits until no request is under way: what callers left behind by
// hanging up is over then, and its record complete.
func (p *Provider) Wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.running > 0 {
		p.changed.Wait()
	}
}

// Totals sums by model the tokens that the provider reported.
func (p *Provider) Totals() map[string]Tokens {
	sums := map[string]Tokens{}
	for _, r := range p.Requests() {
		if r.Reported {
			sums[r.Model] = sums[r.Model].Plus(r.Usage)
		}
	}
	return sums
}

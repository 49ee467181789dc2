package fakeanthropic

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
)

// Request is what one caller sent, and what became of it.
type Request struct {
	Method string
	Path   string
	Query  string
	Header http.Header
	Body   []byte
	Model  string // empty where the body names none
	Stream bool

	Gone   bool   // the caller closed the connection before the answer was over
	Status int    // 0: no head was sent
	ID     string // request-id of the answer
	// Error is what the provider refused the request with, or nil.
	Error *APIError
	// Usage is what the provider reported to the caller, whole reports only;
	// Reported says that there was one.
	Usage    Tokens
	Reported bool
}

// Tokens are counts as the vendor reports them, all disjoint but Thinking,
// which is part of Output.
type Tokens struct {
	Input, CacheRead, CacheWrite5m, CacheWrite1h, Output, Thinking int64
}

// Plus is the sum of t and u.
func (t Tokens) Plus(u Tokens) Tokens {
	return Tokens{
		Input: t.Input + u.Input, CacheRead: t.CacheRead + u.CacheRead,
		CacheWrite5m: t.CacheWrite5m + u.CacheWrite5m, CacheWrite1h: t.CacheWrite1h + u.CacheWrite1h,
		Output: t.Output + u.Output, Thinking: t.Thinking + u.Thinking,
	}
}

// shape is t as it is sent; output is what of the output is reported.
func (t Tokens) shape(output int64, tier string) object {
	if tier == "" {
		tier = "standard"
	}
	u := object{
		"input_tokens": t.Input, "cache_read_input_tokens": t.CacheRead, "cache_creation_input_tokens": t.CacheWrite5m + t.CacheWrite1h,
		"cache_creation": object{"ephemeral_5m_input_tokens": t.CacheWrite5m, "ephemeral_1h_input_tokens": t.CacheWrite1h},
		"output_tokens":  output, "service_tier": tier,
	}
	if t.Thinking > 0 && output == t.Output {
		u["output_tokens_details"] = object{"thinking_tokens": t.Thinking}
	}
	return u
}

// record is a Request under way.
type record struct {
	number int // from 1
	mu     sync.Mutex
	req    Request
	stop   func() bool // ends the watch for the caller's hang-up
}

func (r *record) set(change func(*Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.req)
}

// read notes a request's body and what it asks for.
func (r *record) read(body []byte) {
	var asks struct {
		Model  string
		Stream bool
	}
	_ = json.Unmarshal(body, &asks) // what is no JSON asks for nothing
	r.set(func(q *Request) { q.Body, q.Model, q.Stream = body, asks.Model, asks.Stream })
}

func (p *Provider) open(q *http.Request) *record {
	r := &record{req: Request{Method: q.Method, Path: q.URL.Path, Query: q.URL.RawQuery, Header: q.Header.Clone()}}
	r.stop = context.AfterFunc(q.Context(), func() { r.set(func(q *Request) { q.Gone = true }) })
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records = append(p.records, r)
	r.number = len(p.records)
	p.running++
	return r
}

func (p *Provider) done(r *record) {
	if !r.stop() {
		r.set(func(q *Request) { q.Gone = true }) // the watcher is about to say so
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	p.idle.Broadcast()
}

// Requests returns all requests so far, in the order of their arrival.
func (p *Provider) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Request, len(p.records))
	for i, r := range p.records {
		r.set(func(q *Request) { all[i] = *q })
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

// Wait waits until no request is under way: its record is complete only then.
func (p *Provider) Wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.running > 0 {
		p.idle.Wait()
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

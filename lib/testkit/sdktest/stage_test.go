package sdktest_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"weir/lib/accounting/ledger"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/upstream"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

// stage is a gateway with providers p and q of kind openai, echo, and two
// where nobody listens: down, and unpriced. Every model of theirs is there as provider/model.
type stage struct {
	*rig.Rig
	t    *testing.T
	p, q *fakeprovider.Provider
	wire *wire // between the gateway and its providers
}

// scene changes a stage.
type scene struct {
	rig      rig.Options
	models   string // more of gateway.yaml, indented by two
	settings string
	provider fakeprovider.Options
}

func setUp(t *testing.T, sc scene) *stage {
	t.Helper()
	sc.provider.Key = rig.Secret
	s := &stage{t: t, wire: &wire{}, p: fakeprovider.Start(t, sc.provider), q: fakeprovider.Start(t, sc.provider)}
	sc.rig.Config = `
version: 1
providers:
  echo: { kind: echo }
  p: { kind: openai, base_url: ` + s.p.URL + ` }
  q: { kind: openai, base_url: ` + s.q.URL + ` }
  down: { kind: openai, base_url: "http://127.0.0.1:1/v1" }
  unpriced: { kind: openai-compatible, base_url: "http://127.0.0.1:1/v1", credential: none }
models:
  "echo/*": echo/*
  "p/*": p/*
  "q/*": q/*
  "down/*": down/*
  "unpriced/*": unpriced/*
` + sc.models + `
prices:
  "p/*": { input: 1.00, output: 4.00, cache_read: 0.25, audio_input: 10, audio_output: 20 }
  "q/*": { input: 2.00, output: 8.00, cache_read: 0.50, audio_input: 20, audio_output: 40 }
  "down/*": { input: 1, output: 1 }
settings:
  timeouts: { total: 30s }
` + sc.settings
	sc.rig.Transport = s.wire.wrap
	s.Rig = rig.Start(t, sc.rig)
	return s
}

// caller is a client of the gateway and what went over its connection.
type caller struct {
	sdk
	*wiretap
}

// via is a client of the gateway. It tries nothing again.
func (s *stage) via(v version) caller { return s.open(v, s.URL+"/v1", s.Key, 0) }

// patient is a client of the gateway with the SDK's own number of retries.
func (s *stage) patient(v version) caller { return s.open(v, s.URL+"/v1", s.Key, 2) }

// direct is a client of provider p itself.
func (s *stage) direct(v version) caller { return s.open(v, s.p.URL, rig.Secret, 0) }

func (s *stage) open(v version, url, key string, retries int) caller {
	tap := &wiretap{next: &http.Transport{}}
	s.t.Cleanup(tap.next.CloseIdleConnections)
	return caller{v.open(access{url: url, key: key, retries: retries, client: &http.Client{Transport: tap}}), tap}
}

// row is the row of the caller's newest call.
func (s *stage) row(c caller) ledger.Row {
	s.t.Helper()
	return s.Row(c.last().header.Get("X-Weir-Call-Id"))
}

// exchange is one request of a client and its answer.
type exchange struct {
	path    string // as it was written
	request []byte
	header  http.Header
	body    *bytes.Buffer
}

// payloads are the events of a streamed answer.
func (e exchange) payloads() []string { return payloads(e.body.String()) }

// payloads are the data lines of an event stream.
func payloads(stream string) []string {
	var all []string
	for line := range strings.SplitSeq(stream, "\n") {
		if data, ok := strings.CutPrefix(strings.TrimSuffix(line, "\r"), "data:"); ok {
			all = append(all, strings.TrimPrefix(data, " "))
		}
	}
	return all
}

// wiretap notes what a client sends and gets. It takes the wait out of the
// SDK's retries, whose number and reasons are what is tested.
type wiretap struct {
	next *http.Transport
	add  http.Header // to every request
	// watch, if set, sees each piece of an answer as it comes.
	watch func(piece []byte)

	mu  sync.Mutex
	all []exchange
}

// RoundTrip implements http.RoundTripper.
func (w *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	e := exchange{path: r.URL.EscapedPath(), body: &bytes.Buffer{}}
	if r.Body != nil {
		var err error
		if e.request, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
		r = r.Clone(r.Context())
		maps.Copy(r.Header, w.add)
		r.Body = io.NopCloser(bytes.NewReader(e.request))
	}
	resp, err := w.next.RoundTrip(r)
	if err == nil {
		e.header = resp.Header.Clone()
		resp.Header.Set("Retry-After-Ms", "0")
		resp.Body = &tapped{ReadCloser: resp.Body, w: w, copy: e.body}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, e)
	return resp, err
}

// exchanges are all so far; last is the newest.
func (w *wiretap) exchanges() []exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]exchange{}, w.all...)
}

func (w *wiretap) last() exchange {
	all := w.exchanges()
	return all[len(all)-1]
}

type tapped struct {
	io.ReadCloser
	w    *wiretap
	copy *bytes.Buffer
}

func (t *tapped) Read(b []byte) (int, error) {
	n, err := t.ReadCloser.Read(b)
	t.w.mu.Lock()
	t.copy.Write(b[:n])
	t.w.mu.Unlock()
	if t.w.watch != nil && n > 0 {
		t.w.watch(b[:n])
	}
	return n, err
}

// wire is the gateway's line to its providers. It keeps what they sent.
type wire struct {
	// gate, if set, is called before a request is sent, as event 0, and before
	// each event of its answer is let through.
	gate func(event int)

	mu  sync.Mutex
	got []*bytes.Buffer
}

func (w *wire) wrap(next upstream.Transport) upstream.Transport { return line{w, next} }

// received is what the newest answer of a provider has sent.
func (w *wire) received() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.got[len(w.got)-1].String()
}

type line struct {
	*wire
	next upstream.Transport
}

// Send implements upstream.Transport.
func (l line) Send(ctx context.Context, t provider.Target, out llm.Outbound, stream bool) (*upstream.Reply, error) {
	if l.gate != nil {
		l.gate(0)
	}
	reply, err := l.next.Send(ctx, t, out, stream)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &bytes.Buffer{}
	l.got = append(l.got, b)
	reply.Body = &received{ReadCloser: reply.Body, w: l.wire, lines: bufio.NewReader(reply.Body), copy: b}
	return reply, nil
}

type received struct {
	io.ReadCloser
	w      *wire
	lines  *bufio.Reader
	copy   *bytes.Buffer
	events int
	piece  []byte // of an event that was let through
}

func (r *received) Read(b []byte) (n int, err error) {
	if r.w.gate == nil {
		n, err = r.ReadCloser.Read(b)
	} else {
		n, err = r.event(b)
	}
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	r.copy.Write(b[:n])
	return n, err
}

// event reads from one event at a time.
func (r *received) event(b []byte) (n int, err error) {
	if len(r.piece) == 0 {
		r.events++
		r.w.gate(r.events)
		for err == nil && !bytes.HasSuffix(r.piece, []byte("\n\n")) {
			var line []byte
			line, err = r.lines.ReadBytes('\n')
			r.piece = append(r.piece, line...)
		}
	}
	n = copy(b, r.piece)
	if r.piece = r.piece[n:]; len(r.piece) > 0 {
		err = nil // it comes again
	}
	return n, err
}

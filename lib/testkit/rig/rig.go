// Package rig starts a whole gateway in the test's process: real stages, a
// real store, a real listener, and whatever providers the test names in its
// configuration. Tests go through the public door and read the books.
package rig

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"weir/lib/accounting/ledger"
	"weir/lib/accounting/price"
	"weir/lib/admission/keys"
	"weir/lib/catalog"
	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/converse"
	echodialect "weir/lib/dialect/echo"
	"weir/lib/dialect/openaichat"
	"weir/lib/gateway"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/credential"
	"weir/lib/provider/echo"
	"weir/lib/provider/upstream"
	"weir/lib/provider/upstream/bedrock"
	"weir/lib/table"
	"weir/lib/table/tabletest"
)

// Secret is the credential of every provider. Tests look for it where it must
// not be.
const Secret = "sk-provider-canary-4f1d"

// AccessKey is the id of the credential of AWS, which is sent with each
// signature. Secret is its key.
const AccessKey = "AKIARIGCANARY7Q2"

// Options of a Rig. The zero value is a gateway with echo alone.
type Options struct {
	// Config is the gateway.yaml; empty is one that has echo as "echo/*".
	Config string
	// Table replaces the store, such as by one that fails on purpose.
	Table func(table.Table) table.Table
	// KeepAlive is the longest silence of a stream.
	KeepAlive time.Duration
	// Models restricts the key.
	Models []string
	// Transport wraps the transport to providers.
	Transport func(upstream.Transport) upstream.Transport
	// InMemory keeps the callers' connections in memory, on the host that
	// weir local uses, so that a rig can live in a bubble of testing/synctest,
	// where time passes while all wait. With Serve as its Transport no byte
	// leaves the process.
	InMemory bool
	// Adjust changes what the gateway is made of, such as by a dialect that
	// panics.
	Adjust func(*gateway.Config)
}

// Rig is a gateway under test.
type Rig struct {
	URL     string // of the listener, without /v1
	Key     string // of team "search", app "web"
	KeyID   string
	Ledger  *ledger.Ledger
	Keys    *keys.Store
	Gateway *gateway.Gateway
	Client  *http.Client // reaches URL

	t    testing.TB
	log  *safeBuffer
	stop func() // ends the serving
}

const defaultConfig = `
version: 1
providers:
  echo: { kind: echo }
models:
  "echo/*": echo/*
`

// Start returns a running Rig that ends with the test. At its end the test
// fails if the log holds a key or a credential.
func Start(t testing.TB, o Options) *Rig {
	t.Helper()
	if o.Config == "" {
		o.Config = defaultConfig
	}
	r := &Rig{t: t, log: &safeBuffer{}}
	tb := tabletest.SQLite(t)
	r.Keys = keys.NewStore(tb, time.Now)
	record, secret, err := r.Keys.Create(t.Context(), keys.Spec{Team: "search", App: "web", Models: o.Models})
	if err != nil {
		t.Fatalf("creating a key: %v", err)
	}
	r.Key, r.KeyID = secret.Reveal(), record.ID
	if o.Table != nil {
		tb = o.Table(tb)
	}
	r.Ledger = ledger.New(tb)
	r.Gateway = r.gateway(o, tb)
	if o.InMemory {
		r.serveInMemory()
	} else {
		r.serve()
	}
	t.Cleanup(func() {
		r.stop()
		for _, s := range []string{Secret, r.Key} {
			if strings.Contains(r.log.String(), s) {
				t.Errorf("the log holds a secret:\n%s", r.log)
			}
		}
		if t.Failed() && testing.Verbose() {
			t.Logf("log:\n%s", r.log)
		}
	})
	return r
}

// serve serves on a local address. Its end gives calls under way five seconds.
func (r *Rig) serve() {
	srv := httptest.NewServer(r.Gateway)
	r.URL, r.Client = srv.URL, http.DefaultClient
	r.stop = func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := r.Gateway.Drain(ctx); err != nil {
			r.t.Errorf("draining the gateway: %v", err)
		}
		srv.CloseClientConnections()
		srv.Close()
	}
}

func (r *Rig) gateway(o Options, tb table.Table) *gateway.Gateway {
	r.t.Helper()
	book, err := price.Load()
	if err != nil {
		r.t.Fatalf("loading the price book: %v", err)
	}
	creds := credential.Env(func(string) (string, bool) { return Secret, true })
	snap, problems := catalog.Parse(r.t.Context(), "gateway.yaml", []byte(o.Config), catalog.Options{
		Prices: book.With, Now: time.Now(), Credentials: creds,
	})
	if snap == nil {
		r.t.Fatalf("configuration:\n%v", problems)
	}
	http := upstream.NewHTTP(creds, "weir/test")
	r.t.Cleanup(http.Close)
	aws := bedrock.New(bedrock.Static(AccessKey, Secret), func(string) (string, bool) { return "", false }, "weir/test")
	r.t.Cleanup(aws.Close)
	var transport upstream.Transport = byKind{"http": http, "bedrock": aws, "echo": echo.Transport{}}
	if o.Transport != nil {
		transport = o.Transport(transport)
	}
	config := gateway.Config{
		Fronts: []dialect.Front{openaichat.Front{}, anthropic.Front{}}, Backs: []dialect.Back{openaichat.Back{}, anthropic.Back{}, converse.Back{}, echodialect.Back{}},
		Catalog:   func() *catalog.Snapshot { return snap },
		Keys:      keys.NewAuthenticator(keys.NewStore(tb, time.Now), keys.Options{}, time.Now),
		Ledger:    ledger.New(tb),
		Transport: transport,
		Log:       slog.New(slog.NewTextHandler(r.log, nil)),
		Now:       time.Now,
		NewID:     func(time.Time) string { return uuid.Must(uuid.NewV7()).String() },
		Version:   "test", KeepAlive: o.KeepAlive,
	}
	if o.Adjust != nil {
		o.Adjust(&config)
	}
	g, err := gateway.New(config)
	if err != nil {
		r.t.Fatal(err)
	}
	return g
}

// byKind sends by the transport that a provider's row names.
type byKind map[string]upstream.Transport

func (m byKind) Send(ctx context.Context, t provider.Target, out llm.Outbound, stream bool) (*upstream.Reply, error) {
	return m[t.Endpoint.Row.Transport].Send(ctx, t, out, stream)
}

// NewKey makes another key and returns its id and secret.
func (r *Rig) NewKey(team, app string) (id, secret string) {
	r.t.Helper()
	record, s, err := r.Keys.Create(r.t.Context(), keys.Spec{Team: team, App: app})
	if err != nil {
		r.t.Fatalf("creating a key: %v", err)
	}
	return record.ID, s.Reveal()
}

// Log is what the gateway has logged so far.
func (r *Rig) Log() string { return r.log.String() }

// Answer is a whole answer.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// CallID is the id of the answer's row.
func (a Answer) CallID() string { return a.Header.Get("X-Weir-Call-Id") }

// Do sends a request with the rig's key and reads the whole answer. A body
// makes it a POST.
func (r *Rig) Do(ctx context.Context, path, body string, header ...string) (Answer, error) {
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, r.URL+path, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+r.Key)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := r.Client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(b)}, err
}

// Must is Do for requests whose exchange must succeed, whatever the status.
func (r *Rig) Must(path, body string, header ...string) Answer {
	r.t.Helper()
	a, err := r.Do(r.t.Context(), path, body, header...)
	if err != nil {
		r.t.Fatalf("%s: %v", path, err)
	}
	return a
}

// Row is the ledger row of a call; the test fails when there is none.
func (r *Rig) Row(callID string) ledger.Row {
	r.t.Helper()
	row, ok, err := r.Ledger.Get(r.t.Context(), callID)
	if err != nil || !ok {
		r.t.Fatalf("row %q: found %v, %v", callID, ok, err)
	}
	return row
}

// Rows are all rows, newest first.
func (r *Rig) Rows() []ledger.Row {
	r.t.Helper()
	found, err := r.Ledger.Recent(context.WithoutCancel(r.t.Context()), ledger.Filter{Since: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Minute), Limit: 10_000})
	if err != nil {
		r.t.Fatalf("listing rows: %v", err)
	}
	return found.Rows
}

// Settled waits until no row is open and returns all rows.
func (r *Rig) Settled() []ledger.Row {
	r.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		rows := r.Rows()
		open := 0
		for _, row := range rows {
			if row.State == ledger.Open {
				open++
			}
		}
		if open == 0 {
			return rows
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%d of %d rows are still open", open, len(rows))
		}
		time.Sleep(10 * time.Millisecond) //nolint:forbidigo // rows are settled by other goroutines of the gateway, which tell nobody
	}
}

// ErrorOf decodes an OpenAI error body; the test fails on any other shape.
func ErrorOf(t testing.TB, body string) (e struct {
	Message string
	Type    string
	Param   *string
	Code    *string
},
) {
	t.Helper()
	var v struct {
		Error json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil || len(v.Error) == 0 {
		t.Fatalf("not an error body: %q (%v)", body, err)
	}
	if err := json.Unmarshal(v.Error, &e); err != nil {
		t.Fatalf("not an error body: %q (%v)", body, err)
	}
	return e
}

// safeBuffer is a log's target that may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

package booktest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/gateway"
	"weir/lib/provider/upstream"
	"weir/lib/table"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

const (
	chat = "/v1/chat/completions"
	// host must be seen by no caller and in no log.
	host = "provider.invalid"
)

// scene is a gateway in a bubble, the provider "p" behind it as "p/*", and the
// store that both of them do not know to be fragile.
type scene struct {
	*rig.Rig

	t     *testing.T
	p     *fakeprovider.Provider
	store *store
}

// setting changes a scene before it begins.
type setting struct {
	settings  string // lines of gateway.yaml's settings
	models    string // lines of its models
	transport func(upstream.Transport) upstream.Transport
	adjust    func(*gateway.Config)
	table     func(*testing.T, table.Table) table.Table
}

// play runs act in a bubble. At its end every row is closed, there are as many
// as calls that got past the gate, and nothing private was logged.
func play(t *testing.T, with setting, act func(t *testing.T, s *scene)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{t: t, p: fakeprovider.New(fakeprovider.Options{Key: rig.Secret, Scale: 1}), store: &store{}}
		s.Rig = rig.Start(t, rig.Options{
			Config:   yaml(with),
			InMemory: true,
			Adjust:   with.adjust,
			Table: func(inner table.Table) table.Table {
				if with.table != nil {
					inner = with.table(t, inner)
				}
				s.store.Table = inner
				return s.store
			},
			Transport: func(upstream.Transport) upstream.Transport {
				tr := rig.Serve(s.p)
				if with.transport != nil {
					tr = with.transport(tr)
				}
				return tr
			},
		})
		act(t, s)
		s.store.heal()
		s.p.Close()
		s.Stop()
		if log := s.Log(); strings.Contains(log, host) || strings.Contains(log, "goroutine ") || strings.Contains(log, ".go:") && strings.Contains(log, "\t") {
			t.Errorf("the log holds an address or a stack trace:\n%s", log)
		}
	})
}

func yaml(with setting) string {
	return `
version: 1
providers:
  p: { kind: openai, base_url: http://` + host + `/v1 }
models:
  "p/*": p/*
` + with.models + `
prices:
  "p/*": { input: 1.00, output: 4.00, cache_read: 0.25 }
settings:
  unknown_price: allow_unpriced
` + with.settings
}

// ask is a request for an answer of model.
func ask(model string, stream bool) string {
	return fmt.Sprintf(`{"model":"p/%s","stream":%t,"messages":[{"role":"user","content":"hello"}]}`, model, stream)
}

// exchange is a call whose answer is being read.
type exchange struct {
	t      *testing.T
	cancel context.CancelFunc
	resp   *http.Response
	r      *bufio.Reader
}

// begin sends a request and returns when the head of the answer is there.
func (s *scene) begin(body string) *exchange {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	resp, err := s.post(ctx, body) //nolint:bodyclose // rest and leave close it
	if err != nil {
		s.t.Fatal(err)
	}
	return &exchange{s.t, cancel, resp, bufio.NewReader(resp.Body)}
}

// send sends a request whose answer may never come and returns what makes its
// caller leave and waits until it has.
func (s *scene) send(body string) (leave func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() { // ends with leave
		defer close(done)
		if resp, err := s.post(ctx, body); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	}()
	return func() {
		cancel()
		<-done
		synctest.Wait()
	}
}

func (s *scene) post(ctx context.Context, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+chat, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.Key)
	return s.Client.Do(req)
}

// id is the id of the call's row.
func (e *exchange) id() string { return e.resp.Header.Get("X-Weir-Call-Id") }

// until reads up to a line that holds text.
func (e *exchange) until(text string) {
	e.t.Helper()
	for {
		line, err := e.r.ReadString('\n')
		if err != nil {
			e.t.Fatalf("waiting for %q: %v", text, err)
		}
		if strings.Contains(line, text) {
			return
		}
	}
}

// rest reads to the end.
func (e *exchange) rest() string {
	e.t.Helper()
	b, err := io.ReadAll(e.r)
	if err != nil {
		e.t.Fatalf("the answer broke off after %q: %v", b, err)
	}
	_ = e.resp.Body.Close()
	e.cancel()
	return string(b)
}

// leave hangs up, and returns when everyone has taken notice.
func (e *exchange) leave() {
	e.cancel()
	_ = e.resp.Body.Close()
	synctest.Wait()
}

// only returns the one row there is, which must be closed.
func (s *scene) only() ledger.Row {
	s.t.Helper()
	rows := s.closed(1)
	return rows[0]
}

// closed returns all rows, which must be n and closed.
func (s *scene) closed(n int) []ledger.Row {
	s.t.Helper()
	rows := s.Rows()
	if len(rows) != n {
		s.t.Fatalf("%d rows, want %d: %+v", len(rows), n, rows)
	}
	for _, row := range rows {
		if row.State != ledger.Settled || row.Outcome == "" || row.SettledAt.IsZero() {
			s.t.Fatalf("row %s is %s, %q", row.CallID, row.State, row.Outcome)
		}
	}
	return rows
}

// wantRow checks how a row ended and on whose word.
func wantRow(t *testing.T, row ledger.Row, outcome string, source ledger.UsageSource) {
	t.Helper()
	if row.Outcome != outcome || row.UsageSource != source {
		t.Errorf("row is %s by %s, want %s by %s: %+v", row.Outcome, row.UsageSource, outcome, source, row)
	}
	if want := row.Usage.Input*1000 + row.Usage.Output*4000 + row.Usage.CacheRead*250; int64(row.Cost) != want {
		t.Errorf("cost %d, want %d", row.Cost, want)
	}
}

// wantUsage checks that a row has what the provider reported.
func wantUsage(t *testing.T, row ledger.Row, q fakeprovider.Request) {
	t.Helper()
	u := row.Usage
	if !q.Reported || u.Input != q.Usage.Input() || u.Output != q.Usage.Output() || u.CacheRead != q.Usage.Cached {
		t.Errorf("the row has %+v, the provider reported %+v (%v)", u, q.Usage, q.Reported)
	}
}

// wantNothing checks that a row has no usage.
func wantNothing(t *testing.T, row ledger.Row) {
	t.Helper()
	if u := row.Usage; u.Input != 0 || u.Output != 0 || u.CacheRead != 0 || row.Cost != 0 {
		t.Errorf("usage %+v and cost %d of a call that used nothing", u, row.Cost)
	}
}

// wantError checks an error in the caller's dialect, and that it tells nothing
// that is private.
func (s *scene) wantError(a rig.Answer, status int, code string) {
	s.t.Helper()
	if a.Status != status {
		s.t.Errorf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	if a.Header.Get("Content-Type") != "application/json" {
		s.t.Errorf("an error of type %q", a.Header.Get("Content-Type"))
	}
	s.wantErrorBody(a.Body, code)
}

func (s *scene) wantErrorBody(body, code string) {
	s.t.Helper()
	e := rig.ErrorOf(s.t, body)
	if e.Code == nil && code != "" || e.Code != nil && *e.Code != code || e.Message == "" || e.Type == "" {
		s.t.Errorf("error %s, want code %q", body, code)
	}
	for _, private := range []string{host, rig.Secret, s.Key, "panic", ".go:", "goroutine", "sqlite", "table:", onPurpose} {
		if strings.Contains(body, private) {
			s.t.Errorf("the error tells %q: %s", private, body)
		}
	}
}

// wantFailedStream checks a stream that ends in an error and not in its
// terminal mark.
func (s *scene) wantFailedStream(body, code string) {
	s.t.Helper()
	last := body[strings.LastIndex(strings.TrimRight(body, "\n"), "\n")+1:]
	data, ok := strings.CutPrefix(strings.TrimSpace(last), "data: ")
	if !ok || strings.Contains(body, "[DONE]") || !json.Valid([]byte(data)) {
		s.t.Fatalf("the stream ended with %q", last)
	}
	s.wantErrorBody(data, code)
}

// whole reports whether a stream reached its terminal mark.
func whole(body string) bool { return strings.HasSuffix(body, "data: [DONE]\n\n") }

// last is the newest request that the provider got, when all are over.
func last(t *testing.T, s *scene) fakeprovider.Request {
	t.Helper()
	s.p.Wait()
	q, ok := s.p.Last()
	if !ok {
		t.Fatal("the provider got no request")
	}
	return q
}

// pass lets time pass, which in a bubble takes none.
func pass(d time.Duration) { <-time.After(d) }

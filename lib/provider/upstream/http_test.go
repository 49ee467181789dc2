package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/credential"
)

const canary = "sk-canary-0123456789"

func env(string) (string, bool) { return canary, true }

func target(base string) provider.Target {
	return provider.Target{
		Endpoint: &provider.Endpoint{Name: "p", BaseURL: base, Row: &provider.Row{Kind: "openai", Auth: "bearer"}, Credential: credential.Ref{Env: "KEY"}},
		Model:    "m", Timeouts: provider.Timeouts{Connect: time.Second, Total: time.Minute},
	}
}

func send(ctx context.Context, t *testing.T, base string, stream bool) (*Reply, error) {
	t.Helper()
	h := NewHTTP(credential.Env(env), "weir/test")
	t.Cleanup(h.Close)
	return h.Send(ctx, target(base), llm.Outbound{Path: "/chat", Body: []byte(`{"a":1}`)}, stream)
}

func TestSendCarriesTheBodyAndTheCredential(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Request-Id", "req_1")
		fmt.Fprintf(w, "%s %s %s %s %s %s", r.Method, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("User-Agent"), r.Header.Get("Accept"), body)
	}))
	defer srv.Close()
	reply, err := send(t.Context(), t, srv.URL, true)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	got, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	if want := `POST /chat Bearer ` + canary + ` weir/test text/event-stream {"a":1}`; string(got) != want {
		t.Errorf("the provider saw %q, want %q", got, want)
	}
	if reply.RequestID != "req_1" || reply.Status != 200 {
		t.Errorf("reply %d %q, want 200 req_1", reply.Status, reply.RequestID)
	}
}

func TestSendDoesNotFollowRedirects(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	srv := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer srv.Close()
	reply, err := send(t.Context(), t, srv.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if reply.Status != http.StatusTemporaryRedirect || elsewhere.Load() != 0 {
		t.Errorf("status %d, %d requests at the redirect's target; want 307 and none", reply.Status, elsewhere.Load())
	}
}

func TestSendFailuresAreClassifiedAndTellNoAddress(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := closed.Addr().String()
	closed.Close()
	hangup := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer hangup.Close()
	for name, base := range map[string]string{
		"refused connection": "http://" + addr,
		"unknown host":       "http://no-such-host.invalid",
		"hang-up":            hangup.URL,
		"not http":           "http://127.0.0.1:1",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := send(t.Context(), t, base, false)
			if fault.KindOf(err) != fault.TargetFailed {
				t.Fatalf("got %v, want target_failed", err)
			}
			for _, secret := range []string{"127.0.0.1", "invalid", canary} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error %q shows %q", err, secret)
				}
			}
		})
	}
}

func TestConnectTimeout(t *testing.T) {
	// A listener whose backlog is full accepts no connection; one that speaks no
	// TLS never completes the handshake, which is part of connecting.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	h := NewHTTP(credential.Env(env), "weir/test")
	defer h.Close()
	tg := target("https://" + l.Addr().String())
	tg.Timeouts.Connect = 50 * time.Millisecond
	if _, err := h.Send(t.Context(), tg, llm.Outbound{Path: "/"}, false); fault.KindOf(err) != fault.TargetTimeout {
		t.Errorf("got %v, want target_timeout", err)
	}
}

func TestConnectTimeoutDoesNotBoundTheAnswer(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		fmt.Fprint(w, "late")
	}))
	defer srv.Close()
	h := NewHTTP(credential.Env(env), "weir/test")
	defer h.Close()
	tg := target(srv.URL)
	tg.Timeouts.Connect = 30 * time.Millisecond
	time.AfterFunc(3*tg.Timeouts.Connect, func() { close(release) })
	reply, err := h.Send(t.Context(), tg, llm.Outbound{Path: "/"}, false)
	if err != nil {
		t.Fatalf("a slow answer was cut by the connect timeout: %v", err)
	}
	reply.Body.Close()
}

func TestBodyTellsTheCause(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "half")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer srv.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	reply, err := send(ctx, t, srv.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	want := &fault.Error{Kind: fault.ShuttingDown}
	if _, err := io.ReadFull(reply.Body, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	cancel(want)
	if _, err := io.ReadAll(reply.Body); !errors.Is(err, want) {
		t.Errorf("reading after a cancel: %v, want its cause", err)
	}
}

func TestBrokenBodyIsTruncatedAndTellsNoAddress(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer srv.Close()
	reply, err := send(t.Context(), t, srv.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	_, err = io.ReadAll(reply.Body)
	if fault.KindOf(err) != fault.Truncated || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("got %v, want truncated and no address", err)
	}
}

// A stream's reader stops at the terminal event. The connection must be usable
// for the next call all the same.
func TestConnectionIsReusedAfterTheLastEvent(t *testing.T) {
	var conns atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "data: [DONE]\n\n")
		_ = http.NewResponseController(w).Flush()
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	h := NewHTTP(credential.Env(env), "weir/test")
	defer h.Close()
	for range 20 {
		reply, err := h.Send(t.Context(), target(srv.URL), llm.Outbound{Path: "/"}, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(reply.Body, make([]byte, len("data: [DONE]\n\n"))); err != nil {
			t.Fatal(err)
		}
		reply.Body.Close()
	}
	// A busy machine may miss the linger once or twice; a leak opens 20.
	if n := conns.Load(); n > 5 {
		t.Errorf("%d connections for 20 calls in a row", n)
	}
}

func TestCloseCutsAnEndlessBody(t *testing.T) {
	gone := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(gone)
		fmt.Fprint(w, "x")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer srv.Close()
	reply, err := send(t.Context(), t, srv.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	reply.Body.Close()
	<-gone // hangs when the connection stays open
}

// Some servers repeat the request that they refuse.
func TestARefusalDoesNotRepeatTheCredential(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusInternalServerError} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintf(w, "refused: %v, at its end", r.Header)
		}))
		reply, err := send(t.Context(), t, srv.URL, false)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(reply.Body)
		if err != nil || strings.Contains(string(got), canary) || !strings.Contains(string(got), "Bearer [redacted]") || !strings.HasSuffix(string(got), "at its end") {
			t.Errorf("%d: %v, the refusal says %q", status, err, got)
		}
		reply.Body.Close()
		srv.Close()
	}
}

// A word that local servers are given in place of a key is no secret.
func TestAShortCredentialIsNotLookedFor(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, "messages is EMPTY")
	}))
	defer srv.Close()
	h := NewHTTP(credential.Env(func(string) (string, bool) { return "EMPTY", true }), "weir/test")
	defer h.Close()
	reply, err := h.Send(t.Context(), target(srv.URL), llm.Outbound{Path: "/"}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if got, err := io.ReadAll(reply.Body); string(got) != "messages is EMPTY" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestMissingCredential(t *testing.T) {
	none := credential.Env(func(string) (string, bool) { return "", false })
	h := NewHTTP(none, "weir/test")
	defer h.Close()
	if _, err := h.Send(t.Context(), target("http://127.0.0.1:1"), llm.Outbound{Path: "/"}, false); fault.KindOf(err) != fault.TargetRefused {
		t.Errorf("got %v, want target_refused before any dial", err)
	}
}

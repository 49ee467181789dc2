package local_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"weir/lib/host/local"
)

// pipes is a listener whose connections are in memory, so that the tests own
// the clock.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

func (p *pipes) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.done:
		return nil, errors.New("connection refused")
	}
}

// gateway is a handler with calls to drain, as the real one has.
type gateway struct {
	http.Handler

	calls   sync.WaitGroup
	stop    context.Context
	stopNow context.CancelFunc
	drained bool
}

func newGateway(serve func(ctx context.Context, w http.ResponseWriter, r *http.Request)) *gateway {
	g := &gateway{}
	g.stop, g.stopNow = context.WithCancel(context.Background())
	g.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.calls.Add(1)
		defer g.calls.Done()
		serve(g.stop, w, r)
	})
	return g
}

func (g *gateway) Drain(ctx context.Context) error {
	end := context.AfterFunc(ctx, g.stopNow)
	defer end()
	g.calls.Wait()
	g.drained = true
	return ctx.Err()
}

// serve starts Serve and returns what stops it and waits for its end.
func serve(t *testing.T, ln net.Listener, g *gateway) (stop func(), ended <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- local.Serve(ctx, ln, local.Config{Handler: g, Drain: g.Drain, Log: slog.New(slog.DiscardHandler)})
	}()
	return cancel, done
}

func ask(t *testing.T, p *pipes, request string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := p.dial()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

func TestServeFinishesCallsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway(func(_ context.Context, w http.ResponseWriter, _ *http.Request) {
			<-time.After(20 * time.Second)
			_, _ = io.WriteString(w, "whole")
		})
		ln := newPipes()
		stop, ended := serve(t, ln, g)
		_, answer := ask(t, ln, get)
		synctest.Wait()
		stop()
		synctest.Wait()
		if _, err := ln.dial(); err == nil {
			t.Error("a connection was taken after the stop")
		}
		resp, err := http.ReadResponse(answer, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); string(body) != "whole" || err != nil {
			t.Errorf("the call under way got %q, %v", body, err)
		}
		if err := <-ended; err != nil || !g.drained {
			t.Errorf("Serve: %v, drained %v", err, g.drained)
		}
	})
}

func TestServeCancelsAfterTheGrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var settled time.Duration
		began := time.Now()
		g := newGateway(func(stop context.Context, w http.ResponseWriter, r *http.Request) {
			select {
			case <-stop.Done():
			case <-r.Context().Done():
				t.Error("the stop cancelled the request itself, not through Drain")
			}
			settled = time.Since(began)
			_, _ = io.WriteString(w, "cancelled")
		})
		ln := newPipes()
		stop, ended := serve(t, ln, g)
		_, answer := ask(t, ln, get)
		synctest.Wait()
		stop()
		if _, err := http.ReadResponse(answer, nil); err != nil { //nolint:bodyclose // the connection ends with the test
			t.Error("the cancelled call got no answer:", err)
		}
		if err := <-ended; err != nil || settled != 30*time.Second {
			t.Errorf("Serve: %v, cancelled after %v, want 30s", err, settled)
		}
	})
}

func TestServeCutsCallersWhoDoNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway(func(_ context.Context, w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := fmt.Fprintf(w, "%4096d", 1); err != nil {
					return
				}
			}
		})
		ln := newPipes()
		stop, ended := serve(t, ln, g)
		ask(t, ln, get)
		synctest.Wait()
		stop()
		if err := <-ended; err != nil || !g.drained {
			t.Errorf("Serve: %v, drained %v", err, g.drained)
		}
	})
}

func TestServeGivesUpOnSilentBodies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got error
		var body []byte
		g := newGateway(func(_ context.Context, _ http.ResponseWriter, r *http.Request) {
			body, got = io.ReadAll(r.Body)
		})
		ln := newPipes()
		stop, ended := serve(t, ln, g)
		c, _ := ask(t, ln, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
		<-time.After(50 * time.Second) // slow is not silent
		if _, err := io.WriteString(c, "def"); err != nil {
			t.Fatal(err)
		}
		<-time.After(61 * time.Second)
		synctest.Wait()
		if string(body) != "abcdef" || got == nil {
			t.Errorf("read %q, %v; want abcdef and an error", body, got)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A long answer must outlive every limit on requests, and a hang-up must still
// be seen.
// An answer does not wait for a body that nobody asked for: callers who expect
// a "100 Continue" have not sent it, and others may never do so.
func TestServeAnswersBeforeABodyThatIsNotRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, header string
		within       time.Duration
	}{
		{"expects to be asked", "Expect: 100-continue\r\n", 0},
		{"never sends it", "", time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGateway(func(_ context.Context, w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(http.StatusUnauthorized)
					_ = http.NewResponseController(w).Flush()
				})
				ln := newPipes()
				stop, ended := serve(t, ln, g)
				began := time.Now()
				conn, answer := ask(t, ln, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"+c.header+"\r\n")
				// Who is not answered must not hang the test.
				_ = conn.SetReadDeadline(began.Add(time.Hour))
				resp, err := http.ReadResponse(answer, nil) //nolint:bodyclose // the connection is closed below
				if err != nil {
					t.Fatal("no answer:", err)
				}
				if waited := time.Since(began); resp.StatusCode != http.StatusUnauthorized || waited > c.within {
					t.Errorf("status %d after %v, want 401 within %v", resp.StatusCode, waited, c.within)
				}
				if !resp.Close {
					t.Error("the connection is kept, although the rest of the body may still come")
				}
				_ = conn.Close()
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestServeKeepsLongAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		g := newGateway(func(_ context.Context, w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-time.After(9 * time.Minute):
			case <-r.Context().Done():
				t.Error("cancelled while the caller was waiting")
			}
			_, _ = io.WriteString(w, "at last")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			close(gone)
		})
		ln := newPipes()
		stop, ended := serve(t, ln, g)
		c, answer := ask(t, ln, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
		if _, err := http.ReadResponse(answer, nil); err != nil { //nolint:bodyclose // the connection is closed below
			t.Fatal(err)
		}
		_ = c.Close()
		<-gone
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

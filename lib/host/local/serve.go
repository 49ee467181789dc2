// Package local hosts the gateway's handler on a machine of one's own. It owns
// the listener and its connections, and promises an orderly end: no new
// connections, then the calls under way are finished or, after a time,
// cancelled and settled; then the workers; only then does Serve return, so that
// the store can be closed behind it.
//
// The package knows no gateway: it is given a handler and a way to drain it.
package local

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Config is what Serve needs. Handler, Drain and Log must be set.
type Config struct {
	Handler http.Handler
	// Drain refuses new calls and waits for those under way. When ctx ends
	// first it cancels them and waits until each has settled.
	Drain func(ctx context.Context) error
	Log   *slog.Logger
	// Workers run beside the calls. They outlive the last call and are stopped
	// one after the other, in this order.
	Workers []Worker
	// Grace is how long calls may go on after the stop; 0 is 30 s.
	Grace time.Duration
}

const (
	defaultGrace = 30 * time.Second
	// settleTime is what cancelled calls get to settle before their
	// connections are cut, so that a caller who does not read cannot hold up
	// the end.
	settleTime = 5 * time.Second
	// flushTime is what connections get to send their last bytes.
	flushTime = 2 * time.Second

	headerTime  = 10 * time.Second
	idleTime    = 2 * time.Minute
	bodySilence = time.Minute // longest wait for the next bytes of a request body
	headerBytes = 64 << 10
)

// Serve answers on ln until ctx ends, then stops in order and returns nil. It
// closes ln. An error means that the listener failed; calls are drained
// nevertheless.
func Serve(ctx context.Context, ln net.Listener, c Config) error {
	if c.Grace <= 0 {
		c.Grace = defaultGrace
	}
	calls := context.WithoutCancel(ctx) // a stop ends calls through Drain alone
	srv := &http.Server{
		Handler: watchBody(c.Handler),
		// Neither ReadTimeout nor WriteTimeout: both would cut streams.
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		BaseContext:       func(net.Listener) context.Context { return calls },
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelWarn),
	}
	running := start(calls, c.Workers, c.Log)
	defer running.stop()
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }() // ends with stop, which closes ln
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		c.Log.LogAttrs(calls, slog.LevelInfo, "stopping", slog.Int64("grace_ms", c.Grace.Milliseconds()))
	}
	stop(calls, srv, c)
	if err == nil {
		err = <-failed
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// stop ends srv in the order of the package's promise.
func stop(ctx context.Context, srv *http.Server, c Config) {
	grace, cancel := context.WithTimeout(ctx, c.Grace)
	defer cancel()
	cut := time.AfterFunc(c.Grace+settleTime, func() { _ = srv.Close() })
	defer cut.Stop()

	closing, cancelClosing := context.WithCancel(ctx)
	defer cancelClosing()
	idle := make(chan struct{})
	go func() { // ends when every connection is idle, or with closing
		_ = srv.Shutdown(closing)
		close(idle)
	}()
	if err := c.Drain(grace); err != nil {
		c.Log.LogAttrs(ctx, slog.LevelWarn, "calls were cancelled and settled", slog.Int64("after_ms", c.Grace.Milliseconds()))
	}
	flush := time.AfterFunc(flushTime, cancelClosing)
	defer flush.Stop()
	<-idle
	_ = srv.Close()
}

// watchBody gives up on request bodies that stop coming. A server-wide read
// timeout cannot do this: it would also end the watch for hang-ups, and with
// it every long answer.
//
// The deadline is there from the beginning, because what a handler leaves of a
// body the server reads itself before it sends the answer, for as long as it
// takes. The request is copied, because the server must find a body of its own
// making in its own: of any other it does not know that a caller who expects a
// "100 Continue" has not sent it yet, and would wait for it.
func watchBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			conn := http.NewResponseController(w)
			_ = conn.SetReadDeadline(time.Now().Add(bodySilence)) // where it fails, reading does, too
			inner := r.WithContext(r.Context())
			inner.Body = &body{ReadCloser: r.Body, conn: conn}
			r = inner
		}
		next.ServeHTTP(w, r)
	})
}

// body renews the connection's read deadline before each read and lifts it at
// the end.
type body struct {
	io.ReadCloser

	conn *http.ResponseController
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.conn.SetReadDeadline(time.Now().Add(bodySilence)); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

package rig

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"weir/lib/fault"
	"weir/lib/host/local"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/upstream"
)

// serveInMemory serves on pipes, as weir local serves on a network.
func (r *Rig) serveInMemory() {
	ln := newPipes()
	r.URL, r.Client = "http://"+ln.Addr().String(), ln.client()
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.t.Context()))
	ended := make(chan error, 1)
	go func() { // r.stop waits for it
		ended <- local.Serve(ctx, ln, local.Config{Handler: r.Gateway, Drain: r.Gateway.Drain, Log: slog.New(slog.NewTextHandler(r.log, nil))})
	}()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("serving: %v", err)
		}
	})
}

// Stop ends the gateway as SIGTERM ends weir local, and returns when it has
// ended. For rigs in memory.
func (r *Rig) Stop() { r.stop() }

// pipes is a listener whose connections are in memory.
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

// Addr is an address that nobody can reach.
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// client dials p, whatever the address. Each request has a connection of its
// own: an idle one would be a goroutine that waits for ever.
func (p *pipes) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			select {
			case p.conns <- theirs:
				return ours, nil
			case <-p.done:
				return nil, errors.New("connection refused")
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
	}}
}

// Serve is a transport that hands each request to h in memory. The rig's
// Secret is its credential. A handler that panics, such as with
// http.ErrAbortHandler, breaks the connection; one whose caller closes the
// body finds its context cancelled, as over a network.
func Serve(h http.Handler) upstream.Transport { return serve{h} }

type serve struct{ h http.Handler }

func (s serve) Send(ctx context.Context, t provider.Target, out llm.Outbound, _ bool) (*upstream.Reply, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Endpoint.BaseURL+out.Path, bytes.NewReader(out.Body))
	if err != nil {
		cancel(nil)
		return nil, fault.Wrap(fault.TargetFailed, "rig.Send", err)
	}
	req.Header = out.Header.Clone()
	req.Header.Set("Authorization", "Bearer "+Secret)
	r, w := io.Pipe()
	a := &inMemory{header: http.Header{}, head: make(chan struct{}), body: w}
	go func() { // ends with the handler
		defer func() {
			err := io.EOF
			if recover() != nil {
				err = io.ErrUnexpectedEOF
				a.once.Do(func() { close(a.head) }) // no head came
			}
			a.WriteHeader(http.StatusOK)
			_ = w.CloseWithError(err)
		}()
		s.h.ServeHTTP(a, req)
	}()
	select {
	case <-a.head:
	case <-ctx.Done():
		cancel(nil)
		return nil, cause(ctx)
	}
	if a.sent == nil {
		cancel(nil)
		return nil, fault.Wrap(fault.TargetFailed, "rig.Send", io.ErrUnexpectedEOF)
	}
	stop := context.AfterFunc(ctx, func() { _ = w.CloseWithError(cause(ctx)) })
	body := &memoryBody{PipeReader: r, ctx: ctx, end: func() {
		stop()
		cancel(nil)
	}}
	return &upstream.Reply{Status: a.status, Header: a.sent, RequestID: a.sent.Get("X-Request-Id"), Body: body}, nil
}

// cause is why ctx ended, as upstream.HTTP tells it.
func cause(ctx context.Context) error {
	if f, ok := errors.AsType[*fault.Error](context.Cause(ctx)); ok {
		return f
	}
	return fault.Wrap(fault.ClientGone, "rig.Send", context.Cause(ctx))
}

// memoryBody ends the exchange when it is closed. As upstream.HTTP does, it
// first reads on for a moment, because the end of a body comes just after its
// last event.
type memoryBody struct {
	*io.PipeReader

	ctx   context.Context //nolint:containedctx // it is the body's own, ended by Close
	end   func()
	ended bool
}

func (b *memoryBody) Read(p []byte) (int, error) {
	n, err := b.PipeReader.Read(p)
	b.ended = b.ended || err != nil
	if err != nil && b.ctx.Err() != nil { // whatever the handler says of it
		err = cause(b.ctx)
	}
	return n, err
}

func (b *memoryBody) Close() error {
	if !b.ended {
		timer := time.AfterFunc(linger, func() { _ = b.PipeReader.Close() })
		_, _ = io.CopyN(io.Discard, b.PipeReader, lingerBytes)
		timer.Stop()
	}
	b.end()
	return b.PipeReader.Close()
}

const (
	linger      = 20 * time.Millisecond
	lingerBytes = 4 << 10
)

// inMemory is a http.ResponseWriter that sends at once.
type inMemory struct {
	header, sent http.Header
	status       int
	once         sync.Once
	head         chan struct{} // closed when the head is sent
	body         *io.PipeWriter
}

func (a *inMemory) Header() http.Header { return a.header }

func (a *inMemory) WriteHeader(status int) {
	a.once.Do(func() {
		a.status, a.sent = status, a.header.Clone()
		close(a.head)
	})
}

func (a *inMemory) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// Flush does nothing: nothing is held back.
func (a *inMemory) Flush() { a.WriteHeader(http.StatusOK) }

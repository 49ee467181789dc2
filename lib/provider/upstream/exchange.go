package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"weir/lib/fault"
)

// This file is what transports over HTTP share.

// Connecting bounds the time to a connection: where none is there after d, it
// cancels with a TargetTimeout. The returned context has to be the request's;
// connected ends the wait, and has to be called in any case. A d of 0 is no
// bound.
func Connecting(ctx context.Context, cancel context.CancelCauseFunc, d time.Duration) (_ context.Context, connected func()) {
	if d <= 0 {
		return ctx, func() {}
	}
	timer := time.AfterFunc(d, func() {
		cancel(&fault.Error{Kind: fault.TargetTimeout, Op: "upstream.Send", Public: "The provider could not be reached in time.", Err: errors.New("connect timeout")})
	})
	stop := func() { timer.Stop() }
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { stop() }}), stop
}

// RequestID is the provider's own id under the names vendors use.
func RequestID(h http.Header) string {
	for _, name := range []string{"X-Request-Id", "Request-Id", "X-Amzn-Requestid"} {
		if v := h.Get(name); v != "" && len(v) <= 256 {
			return v
		}
	}
	return ""
}

// Classify turns a failed exchange into a fault: the context's own cause where
// it has one, else by what went wrong.
func Classify(ctx context.Context, op string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if f, ok := errors.AsType[*fault.Error](cause); ok {
			return f
		}
		if errors.Is(cause, context.DeadlineExceeded) {
			return fault.Wrap(fault.TargetTimeout, op, cause)
		}
		return fault.Wrap(fault.ClientGone, op, cause)
	}
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		return fault.Wrap(fault.TargetTimeout, op, scrub(err))
	}
	return fault.Wrap(fault.TargetFailed, op, scrub(err))
}

// scrub keeps the reason of a network error and drops the addresses in it:
// logs must not show where providers live.
func scrub(err error) error {
	var (
		dns *net.DNSError
		ope *net.OpError
		ue  *url.Error
	)
	switch {
	case errors.As(err, &dns):
		return errors.New("look-up of the provider's host: " + dns.Err)
	case errors.As(err, &ope):
		return errors.New(ope.Op + ": " + ope.Err.Error())
	case errors.As(err, &ue):
		return ue.Err
	}
	return err
}

// Body is r as the body of a Reply: closing it ends ctx by cancel, and reads
// report ctx's cause.
func Body(ctx context.Context, cancel context.CancelCauseFunc, r io.ReadCloser) io.ReadCloser {
	return &body{ctx: ctx, cancel: cancel, r: r}
}

// body ends the attempt's context when it is closed, and reports a context's
// cause instead of the read error that follows from it.
type body struct {
	ctx    context.Context //nolint:containedctx // it is the body's own, ended by Close
	cancel context.CancelCauseFunc
	r      io.ReadCloser
	ended  bool // by its end or by an error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == nil {
		return n, nil
	}
	b.ended = true
	if errors.Is(err, io.EOF) {
		return n, io.EOF
	}
	if context.Cause(b.ctx) != nil {
		return n, Classify(b.ctx, "upstream.Read", err)
	}
	return n, fault.Wrap(fault.Truncated, "upstream.Read", scrub(err))
}

// How long and how far Close reads on for the end of a body. A stream's last
// event comes just before the body's end, and a connection whose body was not
// read to its end cannot be used again.
const (
	lingerTime  = 20 * time.Millisecond
	lingerBytes = 4 << 10
)

// Close releases the connection: to the pool if the body ends here, else it is
// cut.
func (b *body) Close() error {
	if !b.ended && context.Cause(b.ctx) == nil {
		timer := time.AfterFunc(lingerTime, func() { b.cancel(nil) })
		// Whatever the reason that it does not end: the connection is cut then.
		_, _ = io.CopyN(io.Discard, b.r, lingerBytes)
		timer.Stop()
	}
	b.cancel(nil)
	return b.r.Close()
}

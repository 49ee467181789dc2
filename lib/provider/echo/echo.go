// Package echo is the built-in provider: it answers with what it was asked,
// without a network and without an account, so that a gateway can be tried and
// tested from the first minute. It is reached like any provider, through an
// upstream.Transport and a dialect of its own.
//
// An answer depends on the request alone; tokens are counted by package
// tokens. Every model name is taken, and a few behave in a way of their own,
// to be watched and for tests:
//
//	slow    pauses before each word
//	busy    refuses, as a provider does that limits its callers
//	broken  breaks off in the middle of its answer
package echo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"weir/lib/dialect/echo"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/upstream"
)

// The models that behave in a way of their own.
const (
	ModelSlow   = "slow"
	ModelBusy   = "busy"
	ModelBroken = "broken"
)

// Pause is how long ModelSlow waits before each step of a stream.
const Pause = 200 * time.Millisecond

// Transport answers requests in the echo dialect. The zero value is ready;
// safe for concurrent use.
type Transport struct{}

var _ upstream.Transport = Transport{}

// Send implements upstream.Transport. Reads of the reply's body end with ctx,
// by its cause where that is a *fault.Error.
func (Transport) Send(ctx context.Context, _ provider.Target, out llm.Outbound, stream bool) (*upstream.Reply, error) {
	const op = "echo.Send"
	if err := over(ctx); err != nil {
		return nil, err
	}
	var req echo.Request
	if err := json.Unmarshal(out.Body, &req); err != nil {
		return nil, fault.Wrap(fault.TargetFailed, op, errors.New("not an echo request"))
	}
	reply := &upstream.Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, RequestID: id(out.Body)}
	if req.Model == ModelBusy {
		reply.Status = http.StatusServiceUnavailable
		reply.Header.Set("Retry-After", "1")
		reply.Body = io.NopCloser(bytes.NewReader(marshal(echo.Answer{Error: "busy, as this model always is"})))
		return reply, nil
	}
	b := &body{ctx: ctx, end: io.EOF}
	if steps := answer(req); stream {
		reply.Header.Set("Content-Type", "text/event-stream")
		for _, s := range steps {
			b.pieces = append(b.pieces, fmt.Appendf(nil, "data: %s\n\n", marshal(s)))
		}
	} else {
		b.pieces = [][]byte{marshal(join(steps))}
	}
	switch req.Model {
	case ModelSlow:
		b.pause = Pause
	case ModelBroken:
		b.cut()
	}
	reply.Body = b
	return reply, nil
}

// id is the same for the same request.
func id(body []byte) string {
	sum := sha256.Sum256(body)
	return fmt.Sprintf("echo-%x", sum[:8])
}

// marshal writes values of the echo dialect, all of which can be written.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// over is why ctx has ended, in the words that upstream.Transport promises;
// nil while it has not.
func over(ctx context.Context) error {
	cause := context.Cause(ctx)
	if cause == nil {
		return nil
	}
	if f, ok := errors.AsType[*fault.Error](cause); ok {
		return f
	}
	if errors.Is(cause, context.DeadlineExceeded) {
		return fault.Wrap(fault.TargetTimeout, "echo.Read", cause)
	}
	return fault.Wrap(fault.ClientGone, "echo.Read", cause)
}

// body is a reply's body: its pieces, each after a pause, and then end. It
// needs no goroutine.
type body struct {
	ctx    context.Context //nolint:containedctx // a body has no other way to learn that its request ended
	pieces [][]byte
	pause  time.Duration
	end    error
	rest   []byte // of the piece being read
	closed bool
}

// cut makes the body break off after half of its bytes.
func (b *body) cut() {
	whole := bytes.Join(b.pieces, nil)
	b.pieces = [][]byte{whole[:len(whole)/2]}
	b.end = fault.Wrap(fault.Truncated, "echo.Read", io.ErrUnexpectedEOF)
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if len(b.rest) == 0 {
		if err := over(b.ctx); err != nil {
			return 0, err
		}
		if len(b.pieces) == 0 {
			return 0, b.end
		}
		if err := b.wait(); err != nil {
			return 0, err
		}
		b.rest, b.pieces = b.pieces[0], b.pieces[1:]
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// wait pauses, or returns what ended the request.
func (b *body) wait() error {
	if b.pause == 0 {
		return nil
	}
	t := time.NewTimer(b.pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-b.ctx.Done():
		return over(b.ctx)
	}
}

// Close implements io.Closer.
func (b *body) Close() error {
	b.closed = true
	return nil
}

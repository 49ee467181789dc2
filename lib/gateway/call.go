package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/accounting/meter"
	"weir/lib/admission/keys"
	"weir/lib/catalog"
	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/routing"
)

// call is one call on its way through the stages. Each stage fills in its own
// part and reads those before it.
type call struct {
	id      string
	started time.Time
	front   dialect.Front
	op      llm.Op
	snap    *catalog.Snapshot

	caller keys.Caller      // authenticate
	in     llm.Inbound      // read
	req    *llm.Request     // decode
	labels labels           // decode
	plan   []routing.Choice // resolve
	row    bool             // open: there may be a row to settle
	opened bool             // open: there is one
	budget time.Duration    // open: the longest total of the plan

	tries    int              // attempt: begun
	newest   routing.Choice   // attempt: the one begun last
	attempts []ledger.Attempt // attempt: ended
	answer   *answer          // attempt: the target that was chosen
	meter    *meter.Meter     // attempt: of the newest attempt
	losses   []llm.Loss       // of the answer; the request's are in answer
	waited   time.Duration    // spent waiting for providers
	first    time.Duration    // to the first content; 0 before it
	gone     atomic.Bool      // the caller hung up
	hangUp   func()           // callContext: notes that it did, and starts the policy
	settling chan struct{}    // settle: begun, never twice; closed when it is over
}

// callHandler returns the handler of one operation in one dialect.
func (g *Gateway) callHandler(f dialect.Front, op llm.Op) handler {
	return func(w http.ResponseWriter, r *http.Request, id string) {
		c := g.newCall(f, op, id)
		out := newResponder(w, f)
		defer out.stop()
		defer g.guard(r.Context(), c, out)
		if err := g.admit(r, c); err != nil {
			g.finish(r.Context(), c, out, tail{}, err)
			return
		}
		ctx, cancel := g.callContext(r.Context(), c)
		defer cancel()
		end, err := g.pump(ctx, c, out)
		g.finish(r.Context(), c, out, end, err)
	}
}

func (g *Gateway) newCall(f dialect.Front, op llm.Op, id string) *call {
	return &call{id: id, started: g.cfg.Now(), front: f, op: op, snap: g.cfg.Catalog()}
}

// admit runs the stages before the provider: authenticate, read, decode,
// resolve, open.
func (g *Gateway) admit(r *http.Request, c *call) error {
	if err := g.prepare(r, c); err != nil {
		return err
	}
	if err := g.resolve(c); err != nil {
		return err
	}
	if err := g.open(r.Context(), c); err != nil {
		return err
	}
	if gone := r.Context().Err(); gone != nil { // nothing is bought for who has left
		return fault.Wrap(fault.ClientGone, "gateway.admit", gone)
	}
	return nil
}

// prepare runs the stages that every operation has: authenticate, read, decode.
func (g *Gateway) prepare(r *http.Request, c *call) error {
	var err error
	if c.caller, err = g.authenticate(r); err != nil {
		return err
	}
	if c.in, err = g.read(r, c); err != nil {
		return err
	}
	return g.decode(r, c)
}

// callContext is the context of everything that is done for providers. It
// outlives the caller, whose hang-up starts the policy for aborted calls, and
// ends at the call's budget, three seconds before a host's deadline, or when
// the process stops.
func (g *Gateway) callContext(caller context.Context, c *call) (context.Context, context.CancelFunc) {
	const margin = 3 * time.Second
	deadline := c.started.Add(c.budget)
	if d, ok := caller.Deadline(); ok && d.Add(-margin).Before(deadline) {
		deadline = d.Add(-margin)
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(caller))
	end := func(why error) {
		if c.gone.Load() { // whatever ends it, it was only read on for the bill
			why = &fault.Error{Kind: fault.ClientGone, Op: "gateway.call"}
		}
		cancel(why)
	}
	timer := time.AfterFunc(deadline.Sub(g.cfg.Now()), func() {
		end(&fault.Error{Kind: fault.TargetTimeout, Op: "gateway.call", Public: "The call took longer than its total timeout."})
	})
	stopShutdown := context.AfterFunc(g.stop, func() { end(context.Cause(g.stop)) })
	c.hangUp = sync.OnceFunc(func() {
		c.gone.Store(true)
		timer.Reset(min(g.drainTime(c), deadline.Sub(g.cfg.Now())))
	})
	stopGone := context.AfterFunc(caller, c.hangUp)
	return ctx, func() {
		stopGone()
		stopShutdown()
		timer.Stop()
		cancel(nil)
	}
}

// drainTime is how long an answer is read on after its caller hung up.
func (g *Gateway) drainTime(c *call) time.Duration {
	if c.snap.Settings.AbortedCalls == catalog.AbortBillDrained {
		return drainTime
	}
	return 0
}

// What is read of an answer after its caller hung up, at most.
const (
	drainTime  = 30 * time.Second
	drainBytes = 1 << 20
)

// drain reads an answer, and no more of it than the policy allows once the
// caller has gone.
type drain struct {
	r io.Reader
	c *call
	n int // bytes since then
}

func (d *drain) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	if !d.c.gone.Load() {
		return n, err
	}
	if d.n += n; d.n > drainBytes {
		return n, fault.Wrap(fault.ClientGone, "gateway.drain", errors.New("the answer is longer than is read for callers who left"))
	}
	return n, err
}

// guard settles and answers a call that panicked.
func (g *Gateway) guard(ctx context.Context, c *call, out *responder) {
	if v := recover(); v != nil {
		err := panicked("gateway.guard", v)
		defer abort()
		g.finish(ctx, c, out, tail{}, err)
	}
}

// rescue answers a request that panicked outside a call's guard.
func (g *Gateway) rescue(w http.ResponseWriter, r *http.Request, e endpoint, id string) {
	v := recover()
	if v == nil {
		return
	}
	defer abort()
	if v == http.ErrAbortHandler { //nolint:errorlint // a panic's value, as net/http compares it
		panic(v)
	}
	err := panicked("gateway.rescue", v)
	g.cfg.Log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("call_id", id), slog.String("error", err.Err.Error()))
	g.fail(w, r, e, id, err)
}

// abort cuts the connection when even an error cannot be told. The server
// keeps quiet about this one panic; of any other it would log the value.
func abort() {
	if recover() != nil {
		panic(http.ErrAbortHandler)
	}
}

// panicked is the error of a panic with value v. The value may hold anything,
// so its type and place stand for it. It is called by the deferred function
// that recovered.
func panicked(op string, v any) *fault.Error {
	return &fault.Error{Kind: fault.Internal, Op: op, Err: fmt.Errorf("panic of type %T at %s", v, panicSite())}
}

// panicSite is the function, file and line that panicked.
func panicSite() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs)])
	for {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") {
			file := f.File[strings.LastIndexByte(f.File, '/')+1:]
			return fmt.Sprintf("%s (%s:%d)", f.Function, file, f.Line)
		}
		if !more {
			return "unknown"
		}
	}
}

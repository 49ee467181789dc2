package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/accounting/meter"
	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/upstream"
	"weir/lib/routing"
	"weir/lib/wire"
	"weir/lib/wire/eventstream"
	"weir/lib/wire/sse"
)

// answer is what is known of the chosen target once its first content is here.
type answer struct {
	routing.Choice
	relay     bool // the provider's payloads go to the caller as they are
	header    http.Header
	requestID string
	losses    []llm.Loss // of the request's translation
}

// Limits on what one attempt may send.
const (
	maxEvent   = 16 << 20 // one event of a stream
	maxUnary   = 64 << 20 // a whole answer
	maxRefusal = 1 << 20  // an error's body
	maxHeld    = 1024     // chunks before the first content, which are maxEvent bytes together
)

// attempt is one call to one target.
type attempt struct {
	g       *Gateway
	c       *call
	p       routing.Choice
	last    bool     // the plan has no further target
	silence *silence // of streamed attempts
	answer  *answer
	status  int
}

// try sends the call to one target and yields its chunks from the first
// content on. committed says that content was yielded: from then on the choice
// is final and errors are yielded, too. Before that, held is what an error
// brought with it.
func (a *attempt) try(ctx context.Context, yield func(llm.Chunk, error) bool) (committed bool, held llm.Chunk, err error) {
	began := a.g.cfg.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer a.watch(cancel)()
	a.c.tries++
	a.c.newest = a.p
	a.c.meter = meter.New(a.c.req.Facts.InputTokens)
	over := false
	defer func() {
		if !over { // a panic is on its way to the guard
			err = fault.Wrap(fault.Internal, "gateway.try", nil)
		}
		a.record(began, err)
	}()
	committed, held, err = a.run(ctx, began, yield)
	over = true
	return committed, held, err
}

// run is try without what surrounds it.
func (a *attempt) run(ctx context.Context, began time.Time, yield func(llm.Chunk, error) bool) (committed bool, held llm.Chunk, err error) {
	g, c := a.g, a.c
	stream, err := a.send(ctx)
	c.waited += g.cfg.Now().Sub(began)
	if err != nil {
		return false, llm.Chunk{}, err
	}
	h := hold{yield: yield, commit: a.commit}
	mark, sum := g.cfg.Now(), bounds{}
	for chunk, e := range complete(stream) {
		c.waited += g.cfg.Now().Sub(mark)
		content := a.observe(chunk)
		if e == nil && c.req.Facts.Stream {
			if e = sum.add(chunk, content); e != nil {
				chunk = llm.Chunk{} // it is no error of the provider's own
			}
		}
		a.silence.pause() // a caller who reads slowly is not the provider's silence
		more, e := h.take(chunk, content, e)
		if !more {
			return h.committed, h.broken, e
		}
		a.silence.resume()
		mark = g.cfg.Now()
	}
	return h.committed, llm.Chunk{}, nil
}

// hold keeps the chunks before the first content back, for until then another
// target may take over.
type hold struct {
	yield     func(llm.Chunk, error) bool
	commit    func()
	ahead     []llm.Chunk
	size      int // bytes of ahead
	committed bool
	broken    llm.Chunk // what came beside an error before the first content
}

// take passes a chunk on, or keeps it. more is false when the stream is of no
// further use; err is its error then, nil where nobody listens any more.
func (h *hold) take(chunk llm.Chunk, content bool, err error) (more bool, _ error) {
	switch {
	case h.committed:
	case err != nil:
		h.broken = keep(chunk)
		return false, err
	case !content && (len(h.ahead) == maxHeld || h.size+len(chunk.Frame.Data) > maxEvent):
		return false, fault.Wrap(fault.TargetFailed, "gateway.take", errors.New("too many events without content"))
	case !content:
		h.ahead = append(h.ahead, keep(chunk))
		h.size += len(chunk.Frame.Data)
		return true, nil
	case !h.release():
		return false, nil
	}
	return h.yield(chunk, err) && err == nil, err
}

// release makes the choice final and sends what was kept.
func (h *hold) release() bool {
	h.committed = true
	h.commit()
	for _, c := range h.ahead {
		if !h.yield(c, nil) {
			return false
		}
	}
	h.ahead = nil
	return true
}

// commit makes a's target the call's.
func (a *attempt) commit() {
	a.c.answer = a.answer
	a.c.first = a.g.cfg.Now().Sub(a.c.started)
}

// observe meters a chunk and restarts the silence timer at content. The
// terminal mark of an answer without content counts as content here.
func (a *attempt) observe(chunk llm.Chunk) (content bool) {
	a.c.meter.Observe(chunk)
	for _, ev := range chunk.Events {
		if _, end := ev.(llm.Finished); end || llm.Content(ev) {
			content = true
		}
	}
	if content {
		a.silence.content(a.p.Target.Timeouts.BetweenTokens)
	}
	return content
}

// watch starts the attempt's timers and returns what stops them. The first
// token is not waited for without end where another target could answer; the
// last target is given its total.
func (a *attempt) watch(cancel context.CancelCauseFunc) (stop func()) {
	t := a.p.Target.Timeouts
	total := time.AfterFunc(t.Total, func() { cancel(timeout("The provider took longer than its total timeout.")) })
	if !a.c.req.Facts.Stream {
		return func() { total.Stop() }
	}
	wait := t.FirstToken
	if a.last {
		wait = t.Total
	}
	a.silence = watchSilence(wait, func() { cancel(timeout("The provider was silent for too long.")) })
	return func() {
		total.Stop()
		a.silence.stop()
	}
}

func timeout(public string) error {
	return &fault.Error{Kind: fault.TargetTimeout, Op: "gateway.attempt", Public: public}
}

// record adds the attempt to the call's list.
func (a *attempt) record(began time.Time, err error) {
	outcome := fault.OutcomeOK
	if err != nil {
		outcome = fault.KindOf(err).String()
	}
	entry := ledger.Attempt{
		Provider: a.p.Target.Endpoint.Name, Model: a.p.Target.Model,
		Outcome: outcome, Status: a.status, Millis: a.g.cfg.Now().Sub(began).Milliseconds(),
	}
	if a.c.answer == nil { // else the row has it
		entry.Reported = ledger.TokensOf(a.c.meter.Report())
	}
	a.c.attempts = append(a.c.attempts, entry)
}

// send writes the request in the target's dialect, sends it, and returns the
// answer as a stream.
func (a *attempt) send(ctx context.Context) (llm.Stream, error) {
	const op = "gateway.send"
	c := a.c
	back := a.g.backs[a.p.Offer.Dialect]
	if back == nil {
		return nil, fault.Wrap(fault.Internal, op, errors.New("no dialect "+a.p.Offer.Dialect))
	}
	t := dialect.Target{Model: a.p.Target.Model, Path: a.p.Offer.Path, Quirks: a.p.Target.Endpoint.Row.Quirks, Strict: c.labels.strict}
	relay := a.p.Offer.Dialect == c.front.Name()
	var (
		out    llm.Outbound
		losses []llm.Loss
		err    error
	)
	if relay {
		out, losses, err = back.Relay(c.op, c.in, c.req, t)
	} else {
		out, losses, err = back.Encode(c.op, c.req, t)
	}
	if err != nil {
		return nil, err
	}
	reply, err := a.g.cfg.Transport.Send(ctx, a.p.Target, out, c.req.Facts.Stream)
	if err != nil {
		return nil, targetFault(op, err)
	}
	a.status = reply.Status
	a.answer = &answer{
		Choice: a.p, relay: relay, header: reply.Header, requestID: reply.RequestID,
		losses: append(append([]llm.Loss{}, c.req.Loss...), losses...),
	}
	return a.receive(back, out, t, reply)
}

// receive turns a reply into a stream. It owns the reply's body.
func (a *attempt) receive(back dialect.Back, out llm.Outbound, t dialect.Target, reply *upstream.Reply) (llm.Stream, error) {
	op, answer := a.c.op, &drain{r: reply.Body, c: a.c}
	if reply.Status < 200 || reply.Status > 299 {
		defer closeBody(reply)
		body, err := io.ReadAll(io.LimitReader(reply.Body, maxRefusal))
		if err != nil {
			body = nil // the status alone says enough
		}
		return nil, back.Refusal(reply.Status, reply.Header, body)
	}
	if a.c.req.Facts.Stream && !whole(reply.Header) {
		return func(yield func(llm.Chunk, error) bool) {
			defer closeBody(reply)
			hiding(back.Stream(op, out, t, frames(a.p.Target.Endpoint.Row.Framing, answer)), reply.Secrets)(yield)
		}, nil
	}
	defer closeBody(reply)
	body, err := io.ReadAll(io.LimitReader(answer, maxUnary+1))
	if err != nil {
		return nil, targetFault("gateway.receive", err)
	}
	if len(body) > maxUnary {
		return nil, fault.Wrap(fault.TargetFailed, "gateway.receive", errors.New("the answer is too large"))
	}
	chunk, err := back.Unary(op, out, t, body)
	if err != nil {
		a.c.meter.Observe(chunk) // what it reports of an answer that is none
		return nil, hide(targetFault("gateway.receive", err), reply.Secrets)
	}
	if a.c.req.Facts.Stream {
		a.answer.relay = false // one body where a stream was asked for: written anew as a stream
	}
	return func(yield func(llm.Chunk, error) bool) { yield(chunk, nil) }, nil
}

// frames reads a stream in the framing that the provider's row names.
func frames(framing string, r io.Reader) wire.Frames {
	if framing == provider.FramingEventStream {
		return eventstream.Frames(r, maxEvent)
	}
	return sse.Frames(r, maxEvent)
}

// whole reports that a provider answered a streamed request with one body, as
// some do for errors and models that cannot stream.
func whole(h http.Header) bool {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (media == "application/json" || media == "text/html" || strings.HasSuffix(media, "+json"))
}

// complete adds the error that s lacks if it just stops: an answer that breaks
// off between two events must never read as whole.
func complete(s llm.Stream) llm.Stream {
	return func(yield func(llm.Chunk, error) bool) {
		finished := false
		for c, err := range s {
			if err != nil {
				yield(c, targetFault("gateway.complete", err))
				return
			}
			for _, ev := range c.Events {
				_, end := ev.(llm.Finished)
				finished = finished || end
			}
			if !yield(c, nil) {
				return
			}
		}
		if !finished {
			yield(llm.Chunk{}, fault.Wrap(fault.Truncated, "gateway.complete", io.ErrUnexpectedEOF))
		}
	}
}

// targetFault gives an unclassified error of a provider's side a Kind that
// leads to the next target.
func targetFault(op string, err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return fault.Wrap(fault.TargetFailed, op, err)
}

// closeBody gives the connection back; what a body says at its end changes
// nothing about what was read of it.
func closeBody(r *upstream.Reply) { _ = r.Body.Close() }

// keep copies what of a chunk is valid only until the stream's next step.
func keep(c llm.Chunk) llm.Chunk {
	c.Frame.Data = bytes.Clone(c.Frame.Data)
	return c
}

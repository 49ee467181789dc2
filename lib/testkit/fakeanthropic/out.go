package fakeanthropic

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
)

// out writes one answer and keeps its record.
type out struct {
	p      *Provider
	w      http.ResponseWriter
	ctx    context.Context //nolint:containedctx // the request's, for the time of its answer
	rec    *record
	header http.Header // more headers for the head
	cut    int
	sent   int
}

func (o *out) id() string { return fmt.Sprintf("req_fake_%d", o.rec.number) }

// head sends the status line and the headers. size is the length of the body,
// or -1.
func (o *out) head(status int, contentType string, size int) {
	h := o.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Request-Id", o.id())
	h.Set("Anthropic-Organization-Id", "fake-org")
	h.Set("Anthropic-Ratelimit-Requests-Remaining", "999")
	maps.Copy(h, o.header)
	if size >= 0 {
		h.Set("Content-Length", strconv.Itoa(size))
	}
	o.rec.set(func(q *Request) { q.Status, q.ID = status, o.id() })
	o.w.WriteHeader(status)
}

// write sends b, or as much of it as the cut lets through, and reports whether
// the caller is still there.
func (o *out) write(b []byte) bool {
	if o.cut > 0 && o.sent+len(b) > o.cut {
		_, _ = o.w.Write(b[:o.cut-o.sent]) // the connection is about to be closed
		_ = http.NewResponseController(o.w).Flush()
		panic(http.ErrAbortHandler)
	}
	n, err := o.w.Write(b)
	o.sent += n
	if err == nil {
		err = http.NewResponseController(o.w).Flush()
	}
	return err == nil && o.ctx.Err() == nil
}

// whole is a good answer of one JSON body.
func (o *out) whole(v any) bool {
	return o.raw(http.StatusOK, "application/json", encode(v))
}

func (o *out) raw(status int, contentType string, body []byte) bool {
	o.head(status, contentType, len(body))
	return o.write(body)
}

// refuse answers with an error.
func (o *out) refuse(e *APIError) {
	o.rec.set(func(q *Request) { q.Error = e })
	h := failureHeader(e.status())
	maps.Copy(h, o.header)
	o.header = h
	o.raw(e.status(), "application/json", e.body(o.id()))
}

// report records usage that the caller was shown.
func (o *out) report(u Tokens) {
	o.rec.set(func(q *Request) { q.Usage, q.Reported = u, true })
}

// wrong gives the answers that are no message, and reports whether a was one.
func (o *out) wrong(a Answer) bool {
	status := a.Status
	if status == 0 {
		status = http.StatusOK
	}
	if a.Body != "" {
		contentType := a.ContentType
		if contentType == "" {
			contentType = "application/json"
		}
		o.raw(status, contentType, []byte(a.Body))
		return true
	}
	if a.ErrorAfter > 0 || a.Error == nil && status == http.StatusOK {
		return false
	}
	e := a.Error
	if e == nil {
		e = Failure(status)
	}
	o.refuse(e)
	return true
}

// stream writes r as events.
func (o *out) stream(r reply, a Answer) {
	o.head(http.StatusOK, "text/event-stream; charset=utf-8", -1)
	e := events{o: o, a: a}
	if !e.send("message_start", object{"message": r.head([]any{})}) {
		return
	}
	for i, p := range r.parts {
		if !e.send("content_block_start", object{"index": i, "content_block": p.empty}) {
			return
		}
		for _, d := range p.deltas {
			if !e.piece(i, d) {
				return
			}
		}
		if !e.send("content_block_stop", object{"index": i}) {
			return
		}
	}
	if !e.send("message_delta", object{"delta": object{"stop_reason": r.stop, "stop_sequence": r.sequence}, "usage": r.usage.shape(r.usage.Output, r.tier)}) {
		return
	}
	o.report(r.usage)
	e.send("message_stop", object{})
}

// events is the state of a stream.
type events struct {
	o      *out
	a      Answer
	begun  bool
	pieces int // deltas sent so far
}

// piece sends a delta, with the delays, the stall and the failure that the
// answer has there; false: the stream is over.
func (e *events) piece(index int, delta object) bool {
	if !e.o.p.wait(e.o.ctx, e.a.PieceDelay) {
		panic(http.ErrAbortHandler)
	}
	if !e.send("content_block_delta", object{"index": index, "delta": delta}) {
		return false
	}
	e.pieces++
	if e.pieces == e.a.ErrorAfter {
		failure := e.a.Error
		if failure == nil {
			failure = Failure(StatusOverloaded)
		}
		e.o.write([]byte("event: error\ndata: " + string(failure.body(e.o.id())) + "\n\n"))
		return false
	}
	if e.pieces == e.a.StallAfter && !e.o.p.wait(e.o.ctx, Forever) {
		panic(http.ErrAbortHandler)
	}
	return true
}

// send writes one event, in one piece.
func (e *events) send(name string, data object) bool {
	data["type"] = name
	text := "event: " + name + "\ndata: " + string(encode(data)) + "\n\n"
	if e.a.Pings && e.begun {
		text = "event: ping\ndata: {\"type\": \"ping\"}\n\n" + text
	}
	e.begun = true
	return e.o.write([]byte(text))
}

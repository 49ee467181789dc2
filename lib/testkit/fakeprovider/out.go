package fakeprovider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
)

// created is the time of all answers, so that they are the same in every run.
const created = 1795514700

// out writes one answer and keeps its record.
type out struct {
	p   *Provider
	w   http.ResponseWriter
	ctx context.Context //nolint:containedctx // the request's, for the time of its answer
	rec *record
	cut *Cut

	header http.Header // more headers for the head
	sent   int
	ended  bool // cut, or the caller has gone
}

// head sends the status line and the headers
// (platform.openai.com/docs/api-reference/debugging-requests). size is the
// length of the body, or -1.
func (o *out) head(status int, contentType string, size int) {
	h := o.w.Header()
	for _, more := range []http.Header{{
		"Content-Type": {contentType}, "X-Request-Id": {fmt.Sprintf("req_fake_%d", o.rec.number)}, "Openai-Version": {"2020-10-01"},
		"Openai-Processing-Ms": {"7"}, "Openai-Organization": {"org-fake"}, "X-Ratelimit-Limit-Requests": {"10000"}, "X-Ratelimit-Remaining-Requests": {"9999"},
	}, o.header} {
		for name, values := range more {
			h[http.CanonicalHeaderKey(name)] = values
		}
	}
	if size >= 0 && (o.cut == nil || o.cut.How != CutClean) {
		h.Set("Content-Length", strconv.Itoa(size))
	}
	o.rec.set(func(q *Request) { q.Status, q.ID = status, h.Get("X-Request-Id") })
	o.w.WriteHeader(status)
}

// write sends b, or as much of it as the cut lets through, and reports whether
// all of it went out and the answer goes on.
func (o *out) write(b []byte) bool {
	if o.ended || o.ctx.Err() != nil {
		o.ended = true
		return false
	}
	part := b
	if o.cut != nil && o.sent+len(b) > o.cut.After {
		part = b[:o.cut.After-o.sent]
	}
	n, err := o.w.Write(part)
	o.sent += n
	o.rec.set(func(q *Request) { q.Sent += int64(n) })
	if err == nil {
		err = http.NewResponseController(o.w).Flush()
	}
	if len(part) < len(b) {
		o.ended = true
		o.sever()
	}
	if err != nil {
		o.ended = true
	}
	return !o.ended
}

// sever ends the connection as the cut says.
func (o *out) sever() {
	switch o.cut.How {
	case CutClean:
		return
	case CutReset:
		if conn, _, err := http.NewResponseController(o.w).Hijack(); err == nil {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // a reset is all that may come of it
			}
			_ = conn.Close()
			return
		}
	case CutAbort:
	}
	panic(http.ErrAbortHandler)
}

// whole answers with one JSON body.
func (o *out) whole(status int, v any) bool {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a value of this package's own
	}
	return o.raw(status, "application/json", append(b, '\n'))
}

func (o *out) raw(status int, contentType string, body []byte) bool {
	o.head(status, contentType, len(body))
	return o.write(body)
}

// refuse answers with an error.
func (o *out) refuse(e *APIError) {
	o.rec.set(func(q *Request) { q.Error = e })
	o.header = merged(failureHeader(e.status()), o.header)
	o.whole(e.status(), e)
}

func merged(a, b http.Header) http.Header {
	h := a.Clone()
	maps.Copy(h, b)
	return h
}

// report records usage that the caller was shown.
func (o *out) report(u Tokens) {
	o.rec.set(func(q *Request) { q.Usage, q.Reported = u, true })
}

// wrong gives the answers that are no completion, and reports whether a was
// one.
func (o *out) wrong(a Answer) bool {
	if a.Body != "" {
		contentType, status := a.ContentType, a.Status
		if contentType == "" {
			contentType = "application/json"
		}
		if status == 0 {
			status = http.StatusOK
		}
		o.raw(status, contentType, []byte(a.Body))
		return true
	}
	failed := a.Status != 0 && a.Status != http.StatusOK
	if a.ErrorAfter > 0 || a.Error == nil && !failed {
		return false
	}
	e := a.Error
	if e == nil {
		e = Failure(a.Status)
	}
	switch {
	case a.Status == http.StatusOK:
		o.whole(http.StatusOK, e)
	case failed && e.status() != a.Status:
		other := *e
		other.Status = a.Status
		o.refuse(&other)
	default:
		o.refuse(e)
	}
	return true
}

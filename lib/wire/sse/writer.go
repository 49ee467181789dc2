package sse

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"sync"

	"weir/lib/wire"
)

// Writer writes an event stream as the answer to one request. The head (status
// 200 and the stream's headers) leaves with the first bytes, so that until
// then the caller of the Writer may still decide for another answer.
//
// Every call writes whole lines, and whole events, in one piece and flushes
// it. A Writer is safe for concurrent use: a keep-alive never lands inside an
// event. After a failed write every later one fails with the same error.
type Writer struct {
	mu      sync.Mutex
	w       http.ResponseWriter
	flush   func() error
	buf     []byte
	started bool
	err     error
}

// NewWriter returns a Writer to w. It writes nothing yet. Other headers of the
// answer must be set before the first write and not touched after it.
func NewWriter(w http.ResponseWriter) *Writer {
	return &Writer{w: w, flush: http.NewResponseController(w).Flush}
}

// Write sends frames as events: an event line where the frame has a name, a
// data line for each line of its data. A frame with empty data is left out:
// some clients end a stream on such an event. Without frames to send, Write
// does nothing.
//
// The error is the connection's, or says that a name holds a line break; then
// nothing of the call was sent.
func (w *Writer) Write(frames ...wire.Frame) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf = w.buf[:0]
	for _, f := range frames {
		if strings.ContainsAny(f.Name, "\r\n") {
			return errName
		}
		w.buf = appendEvent(w.buf, f)
	}
	return w.send(w.buf)
}

var errName = errors.New("sse: an event name with a line break")

// Raw sends b as it is: a keep-alive, framing included. It does nothing when b
// is empty.
func (w *Writer) Raw(b []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.send(b)
}

// Started reports whether the head has left: from then on an error can only
// be told inside the stream.
func (w *Writer) Started() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.started
}

// send writes b behind the head and flushes it; the lock is held.
func (w *Writer) send(b []byte) error {
	if w.err != nil || len(b) == 0 {
		return w.err
	}
	if !w.started {
		w.started = true
		h := w.w.Header()
		h.Set("Content-Type", "text/event-stream; charset=utf-8")
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Accel-Buffering", "no") // nginx would hold events back (nginx.org, ngx_http_proxy_module)
		h.Del("Content-Length")
		w.w.WriteHeader(http.StatusOK)
	}
	if _, w.err = w.w.Write(b); w.err != nil {
		return w.err
	}
	// A host without Flush, such as Lambda's response pipe, does not buffer.
	if err := w.flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		w.err = err
	}
	return w.err
}

// appendEvent appends f's lines and the blank line after them.
func appendEvent(b []byte, f wire.Frame) []byte {
	if len(f.Data) == 0 {
		return b
	}
	if f.Name != "" {
		b = append(b, "event: "...)
		b = append(b, f.Name...)
		b = append(b, '\n')
	}
	rest := f.Data
	if bytes.IndexByte(rest, '\n') >= 0 || bytes.IndexByte(rest, '\r') >= 0 {
		for i := bytes.IndexAny(rest, "\r\n"); i >= 0; i = bytes.IndexAny(rest, "\r\n") {
			b = appendLine(b, rest[:i])
			if bytes.HasPrefix(rest[i:], []byte("\r\n")) {
				i++
			}
			rest = rest[i+1:]
		}
	}
	return append(appendLine(b, rest), '\n')
}

func appendLine(b, line []byte) []byte {
	b = append(b, "data: "...)
	b = append(b, line...)
	return append(b, '\n')
}

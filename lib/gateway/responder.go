package gateway

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/dialect"
	"weir/lib/llm"
	"weir/lib/wire"
	"weir/lib/wire/sse"
)

const (
	defaultKeepAlive = 10 * time.Second
	// writeTime is how long one write may be stuck; the deadline is renewed
	// when a third of it is gone.
	writeTime = time.Minute
)

// responder is the one writer of a call's answer. While a stream is silent it
// sends keep-alives from a goroutine of its own, which hush ends and waits
// for. Safe for use by that goroutine and the call at once.
type responder struct {
	mu    sync.Mutex
	w     http.ResponseWriter
	front dialect.Front

	sse  *sse.Writer // set once a stream's head is sent
	sent bool        // the head is sent, of a stream or of a whole answer
	wire []wire.Frame
	last time.Time // of the newest write
	// until is the connection's write deadline: a caller who stops reading
	// must not hold a call for ever.
	until time.Time

	quit chan struct{}
	done chan struct{}
}

func newResponder(w http.ResponseWriter, f dialect.Front) *responder {
	return &responder{w: w, front: f}
}

// live starts the keep-alives: the stream's head goes out after headWait at
// the latest, and then no silence is longer than interval.
func (o *responder) live(headWait, interval time.Duration) {
	o.quit, o.done = make(chan struct{}), make(chan struct{})
	o.last = time.Now()
	began := o.last
	go func() {
		defer close(o.done)
		timer := time.NewTimer(min(headWait, interval))
		defer timer.Stop()
		for {
			select {
			case <-o.quit:
				return
			case <-timer.C:
			}
			timer.Reset(o.beat(began.Add(headWait), interval))
		}
	}()
}

// beat sends what is due and returns when to come again.
func (o *responder) beat(head time.Time, interval time.Duration) time.Duration {
	if !o.mu.TryLock() { // a write is under way, maybe to a caller who does not read
		return max(interval/16, time.Millisecond)
	}
	defer o.mu.Unlock()
	now := time.Now()
	due := o.last.Add(interval)
	if !o.sent {
		due = head
	}
	if now.Before(due) {
		return max(min(due.Sub(now), interval), time.Millisecond)
	}
	o.begin()
	o.patience(now)
	// A failed write shows at the next frame, or by the request's context.
	_ = o.sse.Raw(o.front.Idle())
	o.last = now
	return interval
}

// hush ends the keep-alives: what is written from here on is the call's.
func (o *responder) hush() {
	if o.quit != nil {
		close(o.quit)
		<-o.done
		o.quit = nil
	}
}

// stop ends the keep-alives. After it, the writer is the host's again.
func (o *responder) stop() {
	o.hush()
	if !o.until.IsZero() {
		_ = http.NewResponseController(o.w).SetWriteDeadline(time.Time{})
	}
}

// patience renews the write deadline; the lock is held. A host without
// deadlines, such as Lambda, has a time limit of its own.
func (o *responder) patience(now time.Time) {
	if until := now.Add(writeTime); until.Sub(o.until) > writeTime/3 {
		o.until = until
		_ = http.NewResponseController(o.w).SetWriteDeadline(until)
	}
}

// begin sends a stream's head once; the lock is held.
func (o *responder) begin() {
	if o.sse == nil {
		o.sse, o.sent = sse.NewWriter(o.w), true
	}
}

// frames sends frames of a stream, the head before the first.
func (o *responder) frames(c *call, frames []llm.Frame) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.sent {
		c.describe(o.w.Header())
	}
	o.begin()
	o.wire = o.wire[:0]
	for _, f := range frames {
		o.wire = append(o.wire, wire.Frame{Name: f.Name, Data: f.Data})
	}
	o.last = time.Now()
	o.patience(o.last)
	return o.sse.Write(o.wire...)
}

// whole sends an answer in one piece. It does nothing when a head was sent.
func (o *responder) whole(status int, h http.Header, body []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sent {
		return nil
	}
	o.sent = true
	o.patience(time.Now())
	header := o.w.Header()
	maps.Copy(header, h)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-Content-Type-Options", "nosniff")
	o.w.WriteHeader(status)
	if _, err := o.w.Write(body); err != nil { //nolint:gosec // JSON, and said to be nothing else: content-type and nosniff are set
		return err
	}
	// The row may take longer than the caller is to wait for it, so the answer
	// must not lie in a buffer until then. A host that cannot flush has none.
	if err := http.NewResponseController(o.w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// streaming reports whether a stream's head was sent.
func (o *responder) streaming() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sse != nil
}

// What is forwarded of an upstream's headers, at most. Clients refuse answers
// with larger heads as a whole: Node's limit is 16 KB for all of it.
const (
	maxForwarded      = 32  // values
	maxForwardedValue = 128 // bytes, of the name and the value each
)

// forward copies the upstream headers that callers see into h. Those that no
// vendor sends, too long or too many, are left out.
func forward(h, from http.Header) {
	n := 0
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if !forwarded(name) || len(name) > maxForwardedValue {
			continue
		}
		for _, v := range from[name] {
			if n < maxForwarded && len(v) <= maxForwardedValue {
				h.Add(name, headerSafe(v))
				n++
			}
		}
	}
}

// forwarded are the upstream headers that callers see, by prefix; all others
// speak of the gateway's account or of hops.
func forwarded(name string) bool {
	switch name {
	case "Openai-Processing-Ms", "Openai-Version":
		return true
	}
	return strings.HasPrefix(name, "Anthropic-Ratelimit-Unified-")
}

// describe puts what is known of the answer into the head.
func (c *call) describe(h http.Header) {
	if c.answer == nil {
		return
	}
	forward(h, c.answer.header)
	h.Set("X-Weir-Provider", c.answer.Target.Endpoint.Name)
	h.Set("X-Weir-Model", headerSafe(c.answer.Target.Model))
	h.Set("X-Weir-Attempts", strconv.Itoa(c.tries))
	if c.answer.requestID != "" {
		h.Set("X-Weir-Upstream-Request-Id", headerSafe(c.answer.requestID))
	}
	if len(c.answer.losses) > 0 {
		h.Set("X-Weir-Loss", lossHeader(c.answer.losses))
	}
}

// lossHeader lists the lost fields, once each and in 1 KB at most.
func lossHeader(losses []llm.Loss) string {
	var b strings.Builder
	seen := map[string]bool{}
	for _, l := range losses {
		if seen[l.Field] || b.Len()+len(l.Field) > 1024 {
			continue
		}
		seen[l.Field] = true
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(headerSafe(l.Field))
	}
	return b.String()
}

// headerSafe drops what may not stand in a header's value.
func headerSafe(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

// costHeader is the price of a whole answer.
func costHeader(s ledger.Settlement) string {
	if s.Unpriced {
		return "unpriced"
	}
	return s.Cost.String()
}

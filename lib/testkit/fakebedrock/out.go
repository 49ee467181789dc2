package fakebedrock

import (
	"net/http"
	"strconv"
	"time"

	"weir/lib/wire/eventstream"
)

// out writes one answer.
type out struct {
	b    *Bedrock
	w    http.ResponseWriter
	done <-chan struct{}
	cut  int
	sent int
}

func (o *out) head(status int, contentType string) {
	o.w.Header().Set("Content-Type", contentType)
	o.w.Header().Set("X-Amzn-Requestid", "3f7b1c5e-0000-4000-8000-00000000000a")
	o.w.WriteHeader(status)
}

// write sends p, or as much of it as the cut lets through.
func (o *out) write(p []byte) {
	if o.cut > 0 && o.sent+len(p) > o.cut {
		_, _ = o.w.Write(p[:o.cut-o.sent])
		_ = http.NewResponseController(o.w).Flush()
		panic(http.ErrAbortHandler)
	}
	n, _ := o.w.Write(p)
	o.sent += n
	_ = http.NewResponseController(o.w).Flush()
}

func (o *out) whole(status int, body []byte) { o.body(status, "", body) }

func (o *out) body(status int, contentType string, body []byte) {
	if contentType == "" {
		contentType = "application/json"
	}
	o.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	o.head(status, contentType)
	o.write(body)
}

// wait ends the answer where the caller goes meanwhile.
func (o *out) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-o.done:
		panic(http.ErrAbortHandler)
	case <-o.b.closed:
		panic(http.ErrAbortHandler)
	}
}

// refuse answers with an exception: its type is in a header, with more behind
// it (docs: smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html).
func (o *out) refuse(e *Exception) {
	o.w.Header().Set("X-Amzn-Errortype", e.Type+":http://internal.amazon.com/coral/com.amazon.bedrock/")
	o.cut = 0
	o.whole(e.status(), encode(object{"message": e.Message}))
}

func (o *out) stream(a Answer, events []Event) {
	o.head(http.StatusOK, "application/vnd.amazon.eventstream")
	for i, ev := range events {
		if a.Exception != nil && i == a.After {
			name := string(a.Exception.Type[0]|0x20) + a.Exception.Type[1:]
			o.write(eventstream.AppendException(nil, name, encode(object{"message": a.Exception.Message})))
			return
		}
		if a.Stall > 0 && i == a.Stall {
			select {
			case <-o.done:
			case <-o.b.closed:
			}
			panic(http.ErrAbortHandler)
		}
		o.wait(a.PieceDelay)
		o.write(eventstream.AppendEvent(nil, ev.Name, []byte(ev.Data)))
	}
}

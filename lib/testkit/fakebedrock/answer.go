package fakebedrock

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"

	"weir/lib/wire/eventstream"
)

// Answer scripts one response. The zero Answer is a good one.
type Answer struct {
	// What the model says.
	Text      string // "Hello from Bedrock." if everything is empty
	Thinking  string
	Signature string
	Redacted  string // base64
	Calls     []Call
	Stop      string // follows from the rest if empty
	Usage     Usage
	Tier      string

	// How it goes wrong. Exception is the whole answer; with After, it comes
	// inside of a stream, behind so many events (Converse) or chunks (Invoke).
	// Cut ends the body after so many bytes, Stall goes silent after so many
	// events. Body replaces the answer, Events those of ConverseStream.
	Exception *Exception
	After     int
	Cut       int
	Stall     int
	Body      string
	Events    []Event
	Header    http.Header
	// ContentType is that of Body, application/json if empty.
	ContentType string
	// HeadDelay is waited before the head, PieceDelay before each event.
	HeadDelay, PieceDelay time.Duration
}

// Call is a tool call.
type Call struct{ ID, Name, Input string }

// Event is one event of ConverseStream.
type Event struct {
	Name string
	Data string
}

// Usage is what an answer reports; Input 11 and Output 7 if it is zero.
type Usage struct{ Input, Output, CacheRead, CacheWrite, CacheWrite1h int64 }

func (u Usage) orDefault() Usage {
	if u == (Usage{}) {
		return Usage{Input: 11, Output: 7}
	}
	return u
}

func (a *Answer) fill() {
	if a.Text == "" && a.Thinking == "" && a.Redacted == "" && len(a.Calls) == 0 {
		a.Text = "Hello from Bedrock."
	}
	if a.Stop == "" {
		a.Stop = "end_turn"
		if len(a.Calls) > 0 {
			a.Stop = "tool_use"
		}
	}
	a.Usage = a.Usage.orDefault()
}

// write answers a request.
func (a Answer) write(o *out, op string) {
	a.fill()
	maps.Copy(o.w.Header(), a.Header)
	o.cut = a.Cut
	o.wait(a.HeadDelay)
	switch {
	case a.Exception != nil && a.After == 0:
		o.refuse(a.Exception)
	case a.Body != "":
		o.body(http.StatusOK, a.ContentType, []byte(a.Body))
	case op == Converse:
		o.whole(http.StatusOK, encode(a.message()))
	case op == CountTokens:
		o.whole(http.StatusOK, encode(object{"inputTokens": a.Usage.Input}))
	case op == Invoke:
		o.whole(http.StatusOK, encode(a.anthropic()))
	case op == InvokeStream:
		o.stream(a, a.chunks())
	default:
		events := a.Events
		if events == nil {
			events = a.events()
		}
		o.stream(a, events)
	}
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a value of this package's own
	}
	return b
}

func (a *Answer) usage() object {
	u := object{"inputTokens": a.Usage.Input, "outputTokens": a.Usage.Output, "totalTokens": a.Usage.Input + a.Usage.Output}
	if a.Usage.CacheRead > 0 {
		u["cacheReadInputTokens"] = a.Usage.CacheRead
	}
	if n := a.Usage.CacheWrite + a.Usage.CacheWrite1h; n > 0 {
		u["cacheWriteInputTokens"] = n
		u["cacheDetails"] = []any{object{"ttl": "1h", "inputTokens": a.Usage.CacheWrite1h}, object{"ttl": "5m", "inputTokens": a.Usage.CacheWrite}}
	}
	return u
}

// report adds what stands beside the usage.
func (a *Answer) report(o object) object {
	o["usage"], o["metrics"] = a.usage(), object{"latencyMs": 42}
	if a.Tier != "" {
		o["serviceTier"] = object{"type": a.Tier}
	}
	return o
}

// message is the answer of Converse.
func (a *Answer) message() object {
	var content []any
	if a.Thinking != "" {
		content = append(content, object{"reasoningContent": object{"reasoningText": object{"text": a.Thinking, "signature": a.Signature}}})
	}
	if a.Redacted != "" {
		content = append(content, object{"reasoningContent": object{"redactedContent": a.Redacted}})
	}
	if a.Text != "" {
		content = append(content, object{"text": a.Text})
	}
	for _, c := range a.Calls {
		content = append(content, object{"toolUse": object{"toolUseId": c.ID, "name": c.Name, "input": json.RawMessage(c.Input)}})
	}
	return a.report(object{"output": object{"message": object{"role": "assistant", "content": content}}, "stopReason": a.Stop})
}

// events are those of ConverseStream. Texts come in pieces of a few bytes.
func (a *Answer) events() []Event {
	out := []Event{{"messageStart", `{"p":"abc","role":"assistant"}`}}
	at := 0
	add := func(name string, o object) {
		o["contentBlockIndex"], o["p"] = at, "abcdefghijk"
		out = append(out, Event{name, string(encode(o))})
	}
	delta := func(o object) { add("contentBlockDelta", object{"delta": o}) }
	stop := func() { add("contentBlockStop", object{}); at++ }
	if a.Thinking != "" {
		for _, p := range pieces(a.Thinking) {
			delta(object{"reasoningContent": object{"text": p}})
		}
		delta(object{"reasoningContent": object{"signature": a.Signature}})
		stop()
	}
	if a.Redacted != "" {
		delta(object{"reasoningContent": object{"redactedContent": a.Redacted}})
		stop()
	}
	if a.Text != "" {
		for _, p := range pieces(a.Text) {
			delta(object{"text": p})
		}
		stop()
	}
	for _, c := range a.Calls {
		add("contentBlockStart", object{"start": object{"toolUse": object{"toolUseId": c.ID, "name": c.Name}}})
		for _, p := range pieces(c.Input) {
			delta(object{"toolUse": object{"input": p}})
		}
		stop()
	}
	return append(out, Event{"messageStop", string(encode(object{"stopReason": a.Stop, "p": "ab"}))},
		Event{"metadata", string(encode(a.report(object{"p": "abcd"})))})
}

func pieces(s string) []string {
	var out []string
	runes := []rune(s)
	for len(runes) > 0 {
		n := min(4, len(runes))
		out, runes = append(out, string(runes[:n])), runes[n:]
	}
	return out
}

// anthropic is the answer of InvokeModel.
func (a *Answer) anthropic() object {
	content := []any{}
	if a.Thinking != "" {
		content = append(content, object{"type": "thinking", "thinking": a.Thinking, "signature": a.Signature})
	}
	if a.Redacted != "" {
		content = append(content, object{"type": "redacted_thinking", "data": a.Redacted})
	}
	if a.Text != "" {
		content = append(content, object{"type": "text", "text": a.Text})
	}
	for _, c := range a.Calls {
		content = append(content, object{"type": "tool_use", "id": c.ID, "name": c.Name, "input": json.RawMessage(c.Input)})
	}
	return object{
		"id": "msg_bdrk_1", "type": "message", "role": "assistant", "model": "claude", "content": content,
		"stop_reason": a.Stop, "stop_sequence": nil, "usage": a.spent(a.Usage.Output),
	}
}

// spent is Anthropic's usage, which has the caches' shares only where there
// are any.
func (a *Answer) spent(output int64) object {
	u := object{"input_tokens": a.Usage.Input, "output_tokens": output}
	if a.Usage.CacheRead > 0 {
		u["cache_read_input_tokens"] = a.Usage.CacheRead
	}
	if n := a.Usage.CacheWrite + a.Usage.CacheWrite1h; n > 0 {
		u["cache_creation_input_tokens"] = n
		u["cache_creation"] = object{"ephemeral_5m_input_tokens": a.Usage.CacheWrite, "ephemeral_1h_input_tokens": a.Usage.CacheWrite1h}
	}
	return u
}

// chunks are the events of InvokeModelWithResponseStream: each holds one event
// of Anthropic's stream, base64-encoded.
func (a *Answer) chunks() []Event {
	start := a.anthropic()
	start["content"], start["stop_reason"] = []any{}, nil
	start["usage"] = a.spent(1)
	inner := []object{{"type": "message_start", "message": start}}
	at := 0
	block := func(empty object, deltas ...object) {
		inner = append(inner, object{"type": "content_block_start", "index": at, "content_block": empty})
		for _, d := range deltas {
			inner = append(inner, object{"type": "content_block_delta", "index": at, "delta": d})
		}
		inner = append(inner, object{"type": "content_block_stop", "index": at})
		at++
	}
	if a.Thinking != "" {
		var deltas []object
		for _, p := range pieces(a.Thinking) {
			deltas = append(deltas, object{"type": "thinking_delta", "thinking": p})
		}
		deltas = append(deltas, object{"type": "signature_delta", "signature": a.Signature})
		block(object{"type": "thinking", "thinking": "", "signature": ""}, deltas...)
	}
	if a.Redacted != "" {
		block(object{"type": "redacted_thinking", "data": a.Redacted})
	}
	if a.Text != "" {
		var deltas []object
		for _, p := range pieces(a.Text) {
			deltas = append(deltas, object{"type": "text_delta", "text": p})
		}
		block(object{"type": "text", "text": ""}, deltas...)
	}
	for _, c := range a.Calls {
		block(object{"type": "tool_use", "id": c.ID, "name": c.Name, "input": object{}}, object{"type": "input_json_delta", "partial_json": c.Input})
	}
	inner = append(inner, object{"type": "message_delta", "delta": object{"stop_reason": a.Stop, "stop_sequence": nil}, "usage": object{"output_tokens": a.Usage.Output}},
		object{"type": "message_stop", "amazon-bedrock-invocationMetrics": object{"inputTokenCount": a.Usage.Input, "outputTokenCount": a.Usage.Output}})
	out := make([]Event, len(inner))
	for i, o := range inner {
		out[i] = Event{"chunk", string(encode(object{"bytes": base64.StdEncoding.EncodeToString(encode(o)), "p": "abcdefghijklmnop"}))}
	}
	return out
}

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

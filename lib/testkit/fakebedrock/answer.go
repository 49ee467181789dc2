package fakebedrock

import (
	"encoding/json"
	"maps"
	"net/http"
	"time"

	"weir/lib/testkit/strict"
)

// Answer scripts one response. The zero Answer is a good one.
type Answer struct {
	// What the model says.
	Text      string // "Hello from Bedrock." if everything is empty
	Thinking  string
	Signature string // on Thinking; the fakes' own if empty, none for models of others
	Redacted  string // base64
	Calls     []Call
	Stop      string // follows from the rest if empty
	Sequence  string // the stop sequence that was met, which Converse tells of Claude where it is asked
	Usage     Usage
	Tier      string

	// Interleave mixes the pieces of parallel calls (ConverseStream).
	Interleave bool

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

	asked bool // for the stop sequence
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

func (a *Answer) fill(model string) {
	if a.Thinking != "" && a.Signature == "" && claude(model) {
		a.Signature = strict.Sign(a.Thinking)
	}
	if a.Sequence != "" && a.Stop == "" {
		a.Stop = "stop_sequence"
	}
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
		text := object{"text": a.Thinking}
		if a.Signature != "" {
			text["signature"] = a.Signature
		}
		content = append(content, object{"reasoningContent": object{"reasoningText": text}})
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
	o := a.stopped()
	o["output"] = object{"message": object{"role": "assistant", "content": content}}
	return a.report(o)
}

// stopped says in Converse's words why the answer ended.
func (a *Answer) stopped() object {
	o := object{"stopReason": a.Stop}
	if a.asked && a.Sequence != "" {
		o["additionalModelResponseFields"] = object{"stop_sequence": a.Sequence}
	}
	return o
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
		"stop_reason": a.Stop, "stop_sequence": a.sequence(), "usage": a.spent(a.Usage.Output),
	}
}

// sequence is the stop sequence that was met, nil (null) where none was.
func (a *Answer) sequence() any {
	if a.Sequence == "" {
		return nil
	}
	return a.Sequence
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

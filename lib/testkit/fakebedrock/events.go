package fakebedrock

import (
	"encoding/base64"
	"slices"
)

// events are those of ConverseStream. Texts come in pieces of a few runes.
func (a *Answer) events() []Event {
	out := []Event{{"messageStart", `{"p":"abc","role":"assistant"}`}}
	at := 0
	block := func(all ...Event) {
		out = append(out, all...)
		out = append(out, stopOf(at))
		at++
	}
	if a.Thinking != "" {
		var all []Event
		for _, p := range pieces(a.Thinking) {
			all = append(all, deltaOf(at, object{"reasoningContent": object{"text": p}}))
		}
		if a.Signature != "" {
			all = append(all, deltaOf(at, object{"reasoningContent": object{"signature": a.Signature}}))
		}
		block(all...)
	}
	if a.Redacted != "" {
		block(deltaOf(at, object{"reasoningContent": object{"redactedContent": a.Redacted}}))
	}
	if a.Text != "" {
		var all []Event
		for _, p := range pieces(a.Text) {
			all = append(all, deltaOf(at, object{"text": p}))
		}
		block(all...)
	}
	out = append(out, a.callEvents(at)...)
	end := a.stopped()
	end["p"] = "ab"
	return append(out, Event{"messageStop", string(encode(end))},
		Event{"metadata", string(encode(a.report(object{"p": "abcd"})))})
}

// callEvents are those of the calls, whose first block is number at.
func (a *Answer) callEvents(at int) []Event {
	var calls [][]Event
	for i, c := range a.Calls {
		all := []Event{blockEvent("contentBlockStart", at+i, object{"start": object{"toolUse": object{"toolUseId": c.ID, "name": c.Name}}})}
		for _, p := range inputPieces(c.Input) {
			all = append(all, deltaOf(at+i, object{"toolUse": object{"input": p}}))
		}
		calls = append(calls, append(all, stopOf(at+i)))
	}
	if !a.Interleave {
		return slices.Concat(calls...)
	}
	var out []Event
	for len(calls) > 0 {
		for i := range calls {
			out = append(out, calls[i][0])
			calls[i] = calls[i][1:]
		}
		calls = slices.DeleteFunc(calls, func(c []Event) bool { return len(c) == 0 })
	}
	return out
}

// blockEvent is an event of a block, with the padding that hides its length.
func blockEvent(name string, at int, o object) Event {
	o["contentBlockIndex"], o["p"] = at, "abcdefghijk"
	return Event{name, string(encode(o))}
}

func deltaOf(at int, delta object) Event {
	return blockEvent("contentBlockDelta", at, object{"delta": delta})
}

func stopOf(at int) Event { return blockEvent("contentBlockStop", at, object{}) }

// inputPieces are those of a call's input; of an empty one none comes
// (github.com/anthropics/anthropic-sdk-python, tests of streaming).
func inputPieces(input string) []string {
	if input == "" || input == "{}" {
		return nil
	}
	return pieces(input)
}

func pieces(s string) []string {
	var out []string
	for run := range slices.Chunk([]rune(s), 4) {
		out = append(out, string(run))
	}
	return out
}

// chunks are the events of InvokeModelWithResponseStream: each holds one event
// of Anthropic's stream, base64-encoded.
func (a *Answer) chunks() []Event {
	start := a.anthropic()
	start["content"], start["stop_reason"], start["stop_sequence"] = []any{}, nil, nil
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
		deltas := []object{{"type": "input_json_delta", "partial_json": ""}}
		for _, p := range inputPieces(c.Input) {
			deltas = append(deltas, object{"type": "input_json_delta", "partial_json": p})
		}
		block(object{"type": "tool_use", "id": c.ID, "name": c.Name, "input": object{}}, deltas...)
	}
	inner = append(inner, object{"type": "message_delta", "delta": object{"stop_reason": a.Stop, "stop_sequence": a.sequence()}, "usage": object{"output_tokens": a.Usage.Output}},
		object{"type": "message_stop", "amazon-bedrock-invocationMetrics": object{"inputTokenCount": a.Usage.Input, "outputTokenCount": a.Usage.Output}})
	out := make([]Event, len(inner))
	for i, o := range inner {
		out[i] = Event{"chunk", string(encode(object{"bytes": base64.StdEncoding.EncodeToString(encode(o)), "p": "abcdefghijklmnop"}))}
	}
	return out
}

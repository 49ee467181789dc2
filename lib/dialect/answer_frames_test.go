package dialect_test

import (
	"encoding/json"
	"fmt"
	"maps"

	"weir/lib/wire"
)

// Each vendor's whole answers, cut into the events that it would stream.

// object is a JSON object of a fixture.
type object map[string]json.RawMessage

// must reads JSON of a fixture.
func must[T any](raw []byte) T {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		panic(fmt.Sprintf("%s: %v", raw, err))
	}
	return v
}

// but is o without some members and with others.
func (o object) but(with object, without ...string) object {
	out := object{}
	maps.Copy(out, o)
	for _, name := range without {
		delete(out, name)
	}
	maps.Copy(out, with)
	return out
}

func (o object) text(name string) string {
	if o[name] == nil {
		return ""
	}
	return must[string](o[name])
}

func (o object) raw() json.RawMessage { return raw(o) }

func raw(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// chatFrames streams as OpenAI does: the choice in pieces, its reason, then
// the usage in a chunk of its own.
func chatFrames(body string) []wire.Frame {
	whole := must[object]([]byte(body))
	var out []wire.Frame
	send := func(choices string, with object) {
		chunk := whole.but(with.but(object{"choices": json.RawMessage(choices), "object": raw("chat.completion.chunk")}), "usage")
		if with["usage"] != nil {
			chunk["usage"] = with["usage"]
		}
		out = append(out, wire.Frame{Data: chunk.raw()})
	}
	for _, c := range must[[]object](whole["choices"]) {
		message := must[object](c["message"])
		for _, name := range []string{"reasoning_content", "reasoning_details", "content", "refusal", "annotations", "audio", "images", "tool_calls"} {
			v := message[name]
			if v == nil {
				continue
			}
			if name == "tool_calls" {
				for i, call := range must[[]object](v) {
					v = raw([]object{call.but(object{"index": raw(i)})})
					send(fmt.Sprintf(`[{"index":%s,"delta":{"tool_calls":%s},"finish_reason":null}]`, c["index"], v), nil)
				}
				continue
			}
			choice := object{"index": c["index"], "delta": object{name: v}.raw(), "finish_reason": []byte("null")}
			if name == "content" && c["logprobs"] != nil {
				choice["logprobs"] = c["logprobs"]
			}
			send(string(raw([]object{choice})), nil)
		}
		send(fmt.Sprintf(`[{"index":%s,"delta":{},"finish_reason":%s}]`, c["index"], c["finish_reason"]), nil)
	}
	send(`[]`, object{"usage": whole["usage"]})
	return append(out, wire.Frame{Data: []byte("[DONE]")})
}

// anthropicFrames streams as Anthropic does: each block opens empty and grows.
func anthropicFrames(body string) []wire.Frame {
	whole := must[object]([]byte(body))
	var out []wire.Frame
	send := func(name string, members object) {
		members["type"] = raw(name)
		out = append(out, wire.Frame{Name: name, Data: members.raw()})
	}
	send("message_start", object{"message": whole.but(object{"content": raw([]int{}), "stop_reason": raw(nil), "stop_sequence": raw(nil)}, "stop_details").raw()})
	for i, b := range must[[]object](whole["content"]) {
		at := raw(i)
		delta := func(d object) { send("content_block_delta", object{"index": at, "delta": d.raw()}) }
		empty := raw("")
		switch kind := b.text("type"); kind {
		case "text":
			send("content_block_start", object{"index": at, "content_block": object{"type": raw(kind), "text": empty}.raw()})
			delta(object{"type": raw("text_delta"), "text": b["text"]})
			if b["citations"] != nil {
				for _, c := range must[[]json.RawMessage](b["citations"]) {
					delta(object{"type": raw("citations_delta"), "citation": c})
				}
			}
		case "thinking":
			send("content_block_start", object{"index": at, "content_block": object{"type": raw(kind), "thinking": empty, "signature": empty}.raw()})
			delta(object{"type": raw("thinking_delta"), "thinking": b["thinking"]})
			delta(object{"type": raw("signature_delta"), "signature": b["signature"]})
		case "tool_use", "server_tool_use":
			send("content_block_start", object{"index": at, "content_block": b.but(object{"input": raw(object{})}).raw()})
			delta(object{"type": raw("input_json_delta"), "partial_json": raw(string(b["input"]))})
		default:
			send("content_block_start", object{"index": at, "content_block": b.raw()})
		}
		send("content_block_stop", object{"index": at})
	}
	end := object{"stop_reason": whole["stop_reason"], "stop_sequence": whole["stop_sequence"]}
	if whole["stop_details"] != nil {
		end["stop_details"] = whole["stop_details"]
	}
	send("message_delta", object{"delta": end.raw(), "usage": whole["usage"]})
	send("message_stop", object{})
	return out
}

// converseFrames streams as Bedrock does: texts without a start, the usage
// behind the end.
func converseFrames(body string) []wire.Frame {
	whole := must[object]([]byte(body))
	var out []wire.Frame
	send := func(name string, members object) { out = append(out, wire.Frame{Name: name, Data: members.raw()}) }
	send("messageStart", object{"role": raw("assistant")})
	message := must[object](must[object](whole["output"])["message"])
	for i, b := range must[[]object](message["content"]) {
		at := raw(i)
		delta := func(d object) { send("contentBlockDelta", object{"contentBlockIndex": at, "delta": d.raw()}) }
		for kind, v := range b {
			switch kind {
			case "text":
				delta(object{"text": v})
			case "toolUse":
				use := must[object](v)
				send("contentBlockStart", object{"contentBlockIndex": at, "start": object{kind: use.but(nil, "input").raw()}.raw()})
				delta(object{kind: object{"input": raw(string(use["input"]))}.raw()})
			case "reasoningContent":
				reasoning := must[object](v)
				if reasoning["reasoningText"] == nil {
					delta(object{kind: v})
					continue
				}
				text := must[object](reasoning["reasoningText"])
				delta(object{kind: text.but(nil, "signature").raw()})
				if text["signature"] != nil {
					delta(object{kind: text.but(nil, "text").raw()})
				}
			case "citationsContent":
				cited := must[object](v)
				for _, c := range must[[]object](cited["content"]) {
					delta(object{"text": c["text"]})
				}
				for _, c := range must[[]json.RawMessage](cited["citations"]) {
					delta(object{"citation": c})
				}
			default:
				send("contentBlockStart", object{"contentBlockIndex": at, "start": object{kind: v}.raw()})
			}
		}
		send("contentBlockStop", object{"contentBlockIndex": at})
	}
	end := object{"stopReason": whole["stopReason"]}
	if v := whole["additionalModelResponseFields"]; v != nil {
		end["additionalModelResponseFields"] = v
	}
	send("messageStop", end)
	send("metadata", whole.but(nil, "output", "stopReason", "additionalModelResponseFields"))
	return out
}

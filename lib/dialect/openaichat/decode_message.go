package openaichat

import (
	"encoding/json"

	"weir/lib/llm"
	"weir/lib/tokens"
	"weir/lib/wire/rawjson"
)

var (
	messageFields = rawjson.NewFields("role", "content", "name", "cache_control",
		"tool_calls", "function_call", "refusal", "audio", "annotations", "tool_call_id",
		"reasoning_content", "thinking_blocks", "reasoning", "reasoning_details")
	callFields       = rawjson.NewFields("id", "type", "function", "custom", "index", "extra_content")
	calledFields     = rawjson.NewFields("name", "arguments")
	legacyCallFields = rawjson.NewFields("name", "arguments")
)

// messages reads the conversation. System and developer messages before the
// first other message are the system prompt; results of one round of tool
// calls become one user turn.
func (d *decoder) messages(root rawjson.Value, c *llm.Chat) {
	v := root.Get("messages")
	if !v.Exists() {
		d.Missing(root, "messages")
		return
	}
	all := d.array(v, "an array of objects")
	if v.Kind() == rawjson.Array && len(all) == 0 {
		d.fail("messages", codeEmpty, "Invalid 'messages': empty array. Expected at least one message.")
	}
	afterResult := false
	for i, m := range all {
		if m.Kind() != rawjson.Object {
			d.WrongType(m, "an object")
			return
		}
		turn := d.message(m, rawjson.Index("messages", i))
		if d.Err() != nil {
			return
		}
		d.facts.InputTokens += tokens.PerMessage
		isResult := m.Get("role").Is("tool")
		switch {
		case turn.Role == llm.System && len(c.Turns) == 0:
			c.System = append(c.System, turn.Blocks...)
		case isResult && afterResult:
			last := &c.Turns[len(c.Turns)-1]
			last.Blocks = append(last.Blocks, turn.Blocks...)
		default:
			c.Turns = append(c.Turns, turn)
		}
		afterResult = isResult
	}
}

// message reads the message at path at.
func (d *decoder) message(m rawjson.Value, at string) llm.Turn {
	t := llm.Turn{Role: llm.User, Name: d.Str(m.Get("name")), At: at}
	switch role := d.NeedStr(m, "role"); role {
	case "system", "developer":
		t.Role = llm.System
		t.Blocks = d.content(m, at, true)
		if t.Name != "" {
			d.keep(m.Get("name"), true)
		}
	case "user":
		t.Blocks = d.content(m, at, true)
	case "assistant":
		t.Role = llm.Assistant
		t.Blocks = d.assistant(m, at)
	case "tool":
		t.Blocks = []llm.Block{&llm.ToolResult{Mark: llm.Mark{At: at}, CallID: d.NeedStr(m, "tool_call_id"), Content: d.content(m, at, true)}}
	case "function":
		d.native(rawjson.Join(at, "role"))
		t.Blocks = []llm.Block{&llm.ToolResult{Mark: llm.Mark{At: at}, CallID: d.NeedStr(m, "name"), Content: d.content(m, at, false)}}
		t.Name = ""
	default:
		d.invalid(m.Get("role"), "'"+shorten(role)+"'. Supported values are: 'system', 'developer', 'user', 'assistant', 'tool' and 'function'.")
	}
	d.markLast(t.Blocks, m, at)
	d.keepUnknown(messageFields, m)
	return t
}

// shorten keeps a caller's value in a message to a readable length.
func shorten(s string) string {
	if r := []rune(s); len(r) > 64 {
		return string(r[:64]) + "…"
	}
	return s
}

// assistant reads an assistant message: thinking, then content, then calls,
// with each of thinking_blocks at the place that its index says.
func (d *decoder) assistant(m rawjson.Value, at string) []llm.Block {
	blocks := d.content(m, at, false)
	if v := m.Get("refusal"); v.Exists() {
		s := d.Str(v)
		d.count(s)
		blocks = append(blocks, &llm.Text{Mark: llm.Mark{At: rawjson.Join(at, "refusal")}, Text: s, Refusal: true})
	}
	for i, call := range d.array(m.Get("tool_calls"), "an array of objects") {
		if b := d.toolCall(call, rawjson.Index(rawjson.Join(at, "tool_calls"), i)); b != nil {
			blocks = append(blocks, b)
		}
	}
	if v := m.Get("function_call"); d.Object(v, "an object") {
		d.native(rawjson.Join(at, "function_call"))
		blocks = append(blocks, &llm.ToolUse{Mark: llm.Mark{At: rawjson.Join(at, "function_call")}, CallID: d.NeedStr(v, "name"), Name: d.NeedStr(v, "name"), Input: d.arguments(v)})
		d.keepUnknown(legacyCallFields, v)
	}
	if v := m.Get("audio"); d.Object(v, "an object") {
		d.native(rawjson.Join(at, "audio"))
		d.upstream(v.Get("id"))
	}
	for _, name := range []string{"reasoning", "reasoning_details"} {
		d.keep(m.Get(name), true)
	}
	if v := m.Get("annotations"); v.Len() > 0 {
		d.keep(v, true)
	}
	return d.thinking(m, at, blocks)
}

func (d *decoder) toolCall(call rawjson.Value, at string) llm.Block {
	if call.Kind() != rawjson.Object {
		d.WrongType(call, "an object")
		return nil
	}
	d.need(llm.NeedTools)
	d.keepUnknown(callFields, call)
	d.keep(call.Get("extra_content"), true) // Gemini's signature, on its compatible endpoint
	kind := d.Str(call.Get("type"))
	if kind != "" && kind != "function" {
		d.native(at)
		return &llm.Opaque{Mark: llm.Mark{At: at, ID: d.Str(call.Get("id"))}, Dialect: Name, Type: kind, Raw: call.Raw()}
	}
	fn := call.Get("function")
	if !fn.Exists() {
		d.Missing(call, "function")
		return nil
	}
	if !d.Object(fn, "an object") {
		return nil
	}
	d.keepUnknown(calledFields, fn)
	return &llm.ToolUse{Mark: llm.Mark{At: at}, CallID: d.NeedStr(call, "id"), Name: d.NeedStr(fn, "name"), Input: d.arguments(fn)}
}

// arguments are a string of JSON, as the model wrote it; an empty one is {}.
// Some vendors take and send an object instead.
func (d *decoder) arguments(fn rawjson.Value) json.RawMessage {
	v := fn.Get("arguments")
	if v.Kind() == rawjson.Object {
		d.count(string(v.Raw()))
		return v.Raw()
	}
	s := d.Str(v)
	d.count(s)
	if s == "" {
		return json.RawMessage("{}")
	}
	return json.RawMessage(s)
}

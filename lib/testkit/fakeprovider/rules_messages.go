package fakeprovider

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// toolName is what names of tools, schemas and speakers look like.
var toolName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// roles of messages, and the members that each may have
// (platform.openai.com/docs/api-reference/chat/create).
var roles = map[string][]string{
	"developer": {"role", "content", "name"},
	"system":    {"role", "content", "name"},
	"user":      {"role", "content", "name"},
	"assistant": {"role", "content", "name", "refusal", "audio", "tool_calls", "function_call", "annotations"},
	"tool":      {"role", "content", "tool_call_id"},
	"function":  {"role", "content", "name"},
}

// messageRules checks each message by itself.
func messageRules(p *Provider, body object) *APIError {
	list := listOf(body["messages"])
	for i, v := range list {
		path := fmt.Sprintf("messages[%d]", i)
		m, ok := v.(object)
		if !ok {
			return wrongType(path, "an object", v)
		}
		if e := p.message(path, m); e != nil {
			return e
		}
	}
	return nil
}

func (p *Provider) message(path string, m object) *APIError {
	role, ok := m["role"]
	if !ok {
		return missing(path + ".role")
	}
	members, ok := roles[text(role)]
	if !ok {
		return wrongValue(path+".role", text(role), "system", "assistant", "user", "function", "tool", "developer")
	}
	if e := only(m, path, p.opts.Allow, members...); e != nil {
		return e
	}
	if e := p.content(path, text(role), m); e != nil {
		return e
	}
	if name, ok := m["name"].(string); ok && !toolName.MatchString(name) {
		return wrongName(path + ".name") // crazyyanchao/llmcompiler#1
	}
	if text(role) == "tool" && text(m["tool_call_id"]) == "" {
		return missing(path + ".tool_call_id")
	}
	return p.toolCalls(path, m)
}

// content: felinics/Memoh#744 for the type, langchain-ai/langchainjs#4153 for
// null. Only an assistant's may be absent or null, and only beside tool_calls,
// a refusal, audio or function_call.
func (p *Provider) content(path, role string, m object) *APIError {
	path += ".content"
	switch c := m["content"].(type) {
	case string:
		return nil
	case nil:
		if role == "assistant" && (set(m, "tool_calls") || set(m, "refusal") || set(m, "audio") || set(m, "function_call")) {
			return nil
		}
		if _, ok := m["content"]; !ok {
			return missing(path)
		}
		return &APIError{Param: "messages." + strings.TrimPrefix(path, "messages"), Message: "Invalid value for 'content': expected a string, got null."}
	case []any:
		for i, part := range c {
			if e := p.part(fmt.Sprintf("%s[%d]", path, i), role, part); e != nil {
				return e
			}
		}
		return nil
	default:
		return wrongType(path, "one of a string or array of objects", c)
	}
}

// partTypes are the parts that a role's content may have
// (platform.openai.com/docs/api-reference/chat/create).
var partTypes = map[string][]string{
	"user":      {"text", "image_url", "input_audio", "file"},
	"assistant": {"text", "refusal"},
}

// part: aallam/openai-kotlin#320 for unknown types.
func (p *Provider) part(path, role string, v any) *APIError {
	part, ok := v.(object)
	if !ok {
		return wrongType(path, "an object", v)
	}
	kind := text(part["type"])
	switch {
	case kind == "":
		return missing(path + ".type")
	case !slices.Contains([]string{"text", "image_url", "input_audio", "refusal", "file"}, kind):
		return wrongValue(path+".type", kind, "text", "image_url", "input_audio", "refusal", "audio", "file")
	}
	allowed := partTypes[role]
	if allowed == nil {
		allowed = []string{"text"}
	}
	if !slices.Contains(allowed, kind) {
		return &APIError{Param: path + ".type", Code: "invalid_value", Message: fmt.Sprintf(
			"Invalid value: '%s'. '%s' messages only support content of type '%s'.", kind, role, strings.Join(allowed, "', '"))}
	}
	if e := only(part, path, p.opts.Allow, "type", kind); e != nil {
		return e
	}
	at := path + "." + kind
	inner, there := part[kind]
	if !there {
		return missing(at)
	}
	switch kind {
	case "text", "refusal":
		if _, ok := inner.(string); !ok {
			return wrongType(at, "a string", inner)
		}
		return nil
	}
	o, ok := inner.(object)
	if !ok {
		return wrongType(at, "an object", inner) // dataprofessor/builder#3
	}
	return media(at, kind, o)
}

// media checks what a part holds beyond text
// (platform.openai.com/docs/guides/images-vision, …/guides/audio,
// …/guides/pdf-files).
func media(path, kind string, o object) *APIError {
	switch kind {
	case "image_url":
		if e := only(o, path, nil, "url", "detail"); e != nil {
			return e
		}
		u := text(o["url"])
		switch {
		case u == "":
			return missing(path + ".url")
		case strings.HasPrefix(u, "https://"), strings.HasPrefix(u, "http://"):
		case !imageData.MatchString(u):
			return &APIError{Code: "invalid_image_format", // STranslate/STranslate#277
				Message: "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png', 'jpeg', 'gif', 'webp']."}
		}
		if d, ok := o["detail"]; ok && !slices.Contains([]string{"auto", "low", "high"}, text(d)) {
			return wrongValue(path+".detail", text(d), "low", "high", "auto")
		}
	case "input_audio":
		if text(o["data"]) == "" {
			return missing(path + ".data")
		}
		if f := text(o["format"]); f != "wav" && f != "mp3" {
			return wrongValue(path+".format", f, "wav", "mp3")
		}
		return only(o, path, nil, "data", "format")
	case "file":
		return only(o, path, nil, "file_id", "file_data", "filename")
	}
	return nil
}

// imageData is an image inside the request.
var imageData = regexp.MustCompile(`^data:image/(png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/]+=*$`)

// toolCalls: home-assistant/core#118577 for the empty list,
// mcp-use/mcp-use#90 for names.
func (p *Provider) toolCalls(path string, m object) *APIError {
	v, ok := m["tool_calls"]
	if !ok || v == nil {
		return nil
	}
	path += ".tool_calls"
	calls, ok := v.([]any)
	if !ok {
		return wrongType(path, "an array of objects", v)
	}
	if len(calls) == 0 {
		return emptyArray(path)
	}
	for i, v := range calls {
		at := fmt.Sprintf("%s[%d]", path, i)
		call, ok := v.(object)
		if !ok {
			return wrongType(at, "an object", v)
		}
		if e := p.toolCall(at, call); e != nil {
			return e
		}
	}
	return nil
}

func (p *Provider) toolCall(path string, call object) *APIError {
	if text(call["type"]) == "custom" {
		return only(call, path, p.opts.Allow, "id", "type", "custom")
	}
	if e := only(call, path, p.opts.Allow, "id", "type", "function"); e != nil {
		return e
	}
	if text(call["id"]) == "" {
		return missing(path + ".id")
	}
	switch kind := text(call["type"]); kind {
	case "function":
	case "":
		return missing(path + ".type")
	default:
		return wrongValue(path+".type", kind, "function", "custom")
	}
	f, ok := call["function"].(object)
	if !ok {
		return missing(path + ".function")
	}
	if e := only(f, path+".function", nil, "name", "arguments"); e != nil {
		return e
	}
	if !toolName.MatchString(text(f["name"])) {
		return wrongName(path + ".function.name")
	}
	if _, ok := f["arguments"].(string); !ok {
		return wrongType(path+".function.arguments", "a string", f["arguments"])
	}
	return nil
}

// toolHistory pairs calls and results: a tool message answers a call of the
// assistant message before it (simonw/llm#937), and every call is answered
// before anybody else speaks (aliasrobotics/cai#111). The wording for an id
// that was never called is this package's own.
func toolHistory(_ *Provider, body object) *APIError {
	list := listOf(body["messages"])
	var open []string  // ids without an answer
	answering := false // since the last assistant message with calls only tools spoke
	unanswered := func(i int) *APIError {
		return &APIError{Param: fmt.Sprintf("messages.[%d].role", i), Message: "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: " + strings.Join(open, ", ")}
	}
	for i, v := range list {
		m := objectOf(v)
		if text(m["role"]) == "tool" {
			id := text(m["tool_call_id"])
			at := slices.Index(open, id)
			switch {
			case !answering:
				return &APIError{Param: fmt.Sprintf("messages.[%d].role", i), Message: "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."} //nolint:misspell // the vendor's own
			case at < 0:
				return &APIError{Param: fmt.Sprintf("messages.[%d].tool_call_id", i), Message: "Invalid parameter: 'tool_call_id' of '" + id + "' not found in 'tool_calls' of previous message."}
			}
			open = slices.Delete(open, at, at+1)
			continue
		}
		if len(open) > 0 {
			return unanswered(i)
		}
		calls := listOf(m["tool_calls"])
		answering = len(calls) > 0
		for _, c := range calls {
			call := objectOf(c)
			open = append(open, text(call["id"]))
		}
	}
	if len(open) > 0 {
		return unanswered(len(list))
	}
	return nil
}

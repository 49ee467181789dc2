package fakeprovider

import "fmt"

// toolRules: platform.openai.com/docs/api-reference/chat/create and
// brekkylab/ailoy#109 for names.
func toolRules(p *Provider, body object) *APIError {
	v, ok := body["tools"]
	if !ok || v == nil {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return wrongType("tools", "an array of objects", v)
	}
	if len(list) == 0 {
		return emptyArray("tools")
	}
	if len(list) > 128 {
		return &APIError{Param: "tools", Code: "array_above_max_length", Message: fmt.Sprintf(
			"Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length %d instead.", len(list))}
	}
	for i, v := range list {
		path := fmt.Sprintf("tools[%d]", i)
		tool, ok := v.(object)
		if !ok {
			return wrongType(path, "an object", v)
		}
		if e := p.tool(path, tool); e != nil {
			return e
		}
	}
	return nil
}

func (p *Provider) tool(path string, tool object) *APIError {
	switch kind := text(tool["type"]); kind {
	case "":
		return missing(path + ".type")
	case "function":
	case "custom":
		return nil
	default:
		return wrongValue(path+".type", kind, "function", "custom")
	}
	if e := only(tool, path, p.opts.Allow, "type", "function"); e != nil {
		return e
	}
	path += ".function"
	f, ok := tool["function"].(object)
	if !ok {
		return missing(path)
	}
	name, ok := f["name"].(string)
	switch {
	case !ok:
		return missing(path + ".name")
	case len(name) > 64:
		return &APIError{Param: path + ".name", Code: "string_above_max_length", Message: fmt.Sprintf(
			"Invalid '%s.name': string too long. Expected a string with maximum length 64, but got a string with length %d instead.", path, len(name))}
	case !toolName.MatchString(name):
		return wrongName(path + ".name")
	}
	if s, ok := f["parameters"]; ok && s != nil {
		schema, ok := s.(object)
		if !ok {
			return wrongType(path+".parameters", "an object", s)
		}
		// ComposioHQ/composio#1829
		if kind := text(schema["type"]); kind != "object" && len(schema) > 0 {
			if kind == "" {
				kind = "None"
			}
			return &APIError{Param: path + ".parameters", Code: "invalid_function_parameters", Message: fmt.Sprintf(
				"Invalid schema for function '%s': schema must be a JSON Schema of 'type: \"object\"', got 'type: \"%s\"'.", name, kind)}
		}
	}
	return only(f, path, p.opts.Allow, "name", "description", "parameters", "strict")
}

// toolChoice: the API reference ties it to tools, camel-ai/camel#3706 does so
// for parallel_tool_calls. The wording is this package's own.
func toolChoice(_ *Provider, body object) *APIError {
	for _, name := range []string{"tool_choice", "parallel_tool_calls"} {
		if set(body, name) && !set(body, "tools") {
			return &APIError{Param: name, Message: "Invalid value for '" + name + "': '" + name + "' is only allowed when 'tools' are specified."}
		}
	}
	if !set(body, "tool_choice") {
		return nil
	}
	switch c := body["tool_choice"].(type) {
	case string:
		if c != "none" && c != "auto" && c != "required" {
			return wrongValue("tool_choice", c, "none", "auto", "required")
		}
		return nil
	case object:
		if text(c["type"]) == "" {
			return missing("tool_choice.type")
		}
		if text(c["type"]) != "function" {
			return nil
		}
		f, ok := c["function"].(object)
		if !ok {
			return missing("tool_choice.function")
		}
		if name := text(f["name"]); !offered(body, name) {
			return &APIError{Param: "tool_choice", Message: "Invalid value for 'tool_choice': '" + name + "' is not one of the specified 'tools'."}
		}
		return nil
	default:
		return wrongType("tool_choice", "one of a string or object", c)
	}
}

// offered reports whether the request has a tool of that name.
func offered(body object, name string) bool {
	for _, f := range functions(body) {
		if text(f["name"]) == name {
			return true
		}
	}
	return false
}

// functions are the function tools of a request.
func functions(body object) []object {
	list := listOf(body["tools"])
	var fs []object
	for _, v := range list {
		tool := objectOf(v)
		if f, ok := tool["function"].(object); ok {
			fs = append(fs, f)
		}
	}
	return fs
}

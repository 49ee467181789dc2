package fakeprovider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// object is a JSON object of a request, with numbers as json.Number.
type object = map[string]any

// A rule refuses a request with the vendor's words, or returns nil. Texts,
// params and codes are the vendor's own where a source is named; they were
// looked up on 2026-11-25.
type rule func(p *Provider, body object) *APIError

// chatRules in the order in which they are tried.
var chatRules = []rule{
	knownMembers, hasModel, modelExists, hasMessages, messageRules, toolHistory, tokenLimits, choices, streamOptions,
	toolRules, toolChoice, responseFormat, samplingRanges, reasoningModels, stopSequences, logProbabilities,
}

// chatMembers are the members of a chat request
// (platform.openai.com/docs/api-reference/chat/create; the same list in
// docs.rs/defect-llm, generated from OpenAI's OpenAPI document).
var chatMembers = []string{
	"audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens",
	"messages", "metadata", "modalities", "model", "n", "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key",
	"prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier", "seed", "service_tier", "stop", "store",
	"stream", "stream_options", "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity", "web_search_options",
}

// parse reads a request's body
// (ChatGPTNextWeb/NextChat#4064).
func parse(data []byte) (object, *APIError) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var body object
	err := d.Decode(&body)
	if _, end := d.Token(); err != nil || body == nil || !errors.Is(end, io.EOF) {
		return nil, &APIError{Message: "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)"}
	}
	return body, nil
}

// knownMembers refuses members that the API does not have, among them those
// that only a gateway reads (nashsu/llm_wiki#336 for thinking,
// langchain-ai/langchain#8593 for several).
func knownMembers(p *Provider, body object) *APIError {
	return p.unknown(body, chatMembers)
}

func (p *Provider) unknown(body object, members []string) *APIError {
	var extra []string
	for name := range body {
		if slices.Contains(p.opts.Forbid, name) || !slices.Contains(members, name) && !slices.Contains(p.opts.Allow, name) {
			extra = append(extra, name)
		}
	}
	slices.Sort(extra)
	switch len(extra) {
	case 0:
		return nil
	case 1:
		return &APIError{Message: "Unrecognized request argument supplied: " + extra[0]}
	}
	return &APIError{Message: "Unrecognized request arguments supplied: " + strings.Join(extra, ", ")}
}

// hasModel: danielmiessler/Fabric#239.
func hasModel(_ *Provider, body object) *APIError {
	if name, ok := body["model"].(string); !ok || name == "" {
		return &APIError{Message: "you must provide a model parameter"}
	}
	return nil
}

// modelExists: platform.openai.com/docs/guides/error-codes.
func modelExists(p *Provider, body object) *APIError {
	if name := text(body["model"]); !p.known(name) {
		return &APIError{Status: 404, Code: "model_not_found", Message: "The model `" + name + "` does not exist or you do not have access to it."}
	}
	return nil
}

// hasMessages: CopilotKit/CopilotKit#529 for the empty list.
func hasMessages(_ *Provider, body object) *APIError {
	v, ok := body["messages"]
	if !ok {
		return missing("messages")
	}
	list, ok := v.([]any)
	if !ok {
		return wrongType("messages", "an array of objects", v)
	}
	if len(list) == 0 {
		return emptyArray("messages")
	}
	return nil
}

// tokenLimits: langchain-ai/langgraph#5943 for both at once,
// ITSpecialist111/ai_automation_suggester#38 for models that think.
func tokenLimits(_ *Provider, body object) *APIError {
	if set(body, "max_tokens") && set(body, "max_completion_tokens") {
		return &APIError{
			Param: "max_tokens", Code: "invalid_parameter_combination",
			Message: "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
		}
	}
	if set(body, "max_tokens") && strings.HasPrefix(text(body["model"]), "o4-") {
		return &APIError{
			Param: "max_tokens", Code: "unsupported_parameter",
			Message: "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
		}
	}
	for _, name := range []string{"max_tokens", "max_completion_tokens"} {
		if e := intRange(body, name, 1, 1<<31); e != nil {
			return e
		}
	}
	return nil
}

// choices: thisisartium/continuous-alignment-testing#25 for more than 128.
func choices(_ *Provider, body object) *APIError { return intRange(body, "n", 1, 128) }

// streamOptions: BerriAI/litellm#5803.
func streamOptions(_ *Provider, body object) *APIError {
	if v, ok := body["stream"]; ok && v != nil {
		if _, ok := v.(bool); !ok {
			return wrongType("stream", "a boolean", v)
		}
	}
	if !set(body, "stream_options") {
		return nil
	}
	if on, ok := body["stream"].(bool); !ok || !on {
		return &APIError{Param: "stream_options", Message: "The 'stream_options' parameter is only allowed when 'stream' is enabled."}
	}
	o, ok := body["stream_options"].(object)
	if !ok {
		return wrongType("stream_options", "an object", body["stream_options"])
	}
	return only(o, "stream_options", nil, "include_usage", "include_obfuscation")
}

// responseFormat: architects-toolkit/SmartHopper#259 and
// microsoft/agent-framework#1842 for what is missing, spring-projects/spring-ai#2969
// for what is unknown.
func responseFormat(_ *Provider, body object) *APIError {
	if !set(body, "response_format") {
		return nil
	}
	f, ok := body["response_format"].(object)
	if !ok {
		return wrongType("response_format", "an object", body["response_format"])
	}
	switch kind := text(f["type"]); kind {
	case "":
		return missing("response_format.type")
	case "text", "json_object":
		return only(f, "response_format", nil, "type")
	case "json_schema":
		if e := only(f, "response_format", nil, "type", "json_schema"); e != nil {
			return e
		}
	default:
		return wrongValue("response_format.type", kind, "text", "json_object", "json_schema")
	}
	schema, ok := f["json_schema"].(object)
	if !ok {
		return missing("response_format.json_schema")
	}
	if name := text(schema["name"]); name == "" {
		return missing("response_format.json_schema.name")
	} else if !toolName.MatchString(name) {
		return wrongName("response_format.json_schema.name")
	}
	return only(schema, "response_format.json_schema", nil, "name", "description", "schema", "strict")
}

// samplingRanges: platform.openai.com/docs/api-reference/chat/create.
func samplingRanges(_ *Provider, body object) *APIError {
	for _, r := range []struct {
		name     string
		min, max float64
	}{{"temperature", 0, 2}, {"top_p", 0, 1}, {"presence_penalty", -2, 2}, {"frequency_penalty", -2, 2}} {
		if !set(body, r.name) {
			continue
		}
		n, ok := body[r.name].(json.Number)
		if !ok {
			return wrongType(r.name, "a decimal", body[r.name])
		}
		f, err := n.Float64()
		switch {
		case err != nil || f > r.max:
			return &APIError{Param: r.name, Code: "decimal_above_max_value", Message: fmt.Sprintf(
				"Invalid '%s': decimal above maximum value. Expected a value <= %v, but got %s instead.", r.name, r.max, n)}
		case f < r.min:
			return &APIError{Param: r.name, Code: "decimal_below_min_value", Message: fmt.Sprintf(
				"Invalid '%s': decimal below minimum value. Expected a value >= %v, but got %s instead.", r.name, r.min, n)}
		}
	}
	return nil
}

// stopSequences: at most four (platform.openai.com/docs/api-reference/chat/create).
func stopSequences(_ *Provider, body object) *APIError {
	if list, ok := body["stop"].([]any); ok && len(list) > 4 {
		return &APIError{Param: "stop", Code: "array_above_max_length", Message: fmt.Sprintf(
			"Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length %d instead.", len(list))}
	}
	return nil
}

// logProbabilities: top_logprobs is 0 to 20 and needs logprobs
// (platform.openai.com/docs/api-reference/chat/create). The wording for one
// without the other is this package's own.
func logProbabilities(_ *Provider, body object) *APIError {
	if set(body, "top_logprobs") && body["logprobs"] != true {
		return &APIError{Param: "top_logprobs", Message: "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled."}
	}
	return intRange(body, "top_logprobs", 0, 20)
}

// set reports whether a member is there and not null.
func set(body object, name string) bool { return body[name] != nil }

// text is v where it is a string.
func text(v any) string {
	s, _ := v.(string)
	return s
}

// listOf is v where it is an array, and objectOf where it is an object.
func listOf(v any) []any {
	l, _ := v.([]any)
	return l
}

func objectOf(v any) object {
	o, _ := v.(object)
	return o
}

// only refuses members of o that are neither named nor allowed. Nested
// members have another text than top-level ones (spring-projects/spring-ai#2969).
func only(o object, path string, allow []string, members ...string) *APIError {
	var extra []string
	for name := range o {
		if !slices.Contains(members, name) && !slices.Contains(allow, name) {
			extra = append(extra, name)
		}
	}
	if len(extra) == 0 {
		return nil
	}
	at := path + "." + slices.Min(extra)
	return &APIError{Param: at, Code: "unknown_parameter", Message: "Unknown parameter: '" + at + "'."}
}

func missing(path string) *APIError {
	return &APIError{Param: path, Code: "missing_required_parameter", Message: "Missing required parameter: '" + path + "'."}
}

func emptyArray(path string) *APIError {
	return &APIError{Param: path, Code: "empty_array", Message: "Invalid '" + path + "': empty array. Expected an array with minimum length 1, but got an empty array instead."}
}

func wrongType(path, want string, got any) *APIError {
	return &APIError{Param: path, Code: "invalid_type", Message: "Invalid type for '" + path + "': expected " + want + ", but got " + typeName(got) + " instead."}
}

func wrongValue(path, got string, want ...string) *APIError {
	last := len(want) - 1
	values := "'" + strings.Join(want[:last], "', '") + "', and '" + want[last] + "'"
	return &APIError{Param: path, Code: "invalid_value", Message: "Invalid value: '" + got + "'. Supported values are: " + values + "."}
}

// wrongName: brekkylab/ailoy#109.
func wrongName(path string) *APIError {
	return &APIError{Param: path, Code: "invalid_value", Message: "Invalid '" + path + "': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."}
}

func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case []any:
		return "an array"
	case json.Number:
		if _, err := v.Int64(); err == nil {
			return "an integer"
		}
		return "a decimal"
	}
	return "an object"
}

// intRange checks a member that is an integer, where it is set.
func intRange(body object, name string, low, high int64) *APIError {
	if !set(body, name) {
		return nil
	}
	number, ok := body[name].(json.Number)
	if !ok {
		return wrongType(name, "an integer", body[name])
	}
	n, err := number.Int64()
	switch {
	case err != nil:
		return wrongType(name, "an integer", body[name])
	case n < low:
		return &APIError{Param: name, Code: "integer_below_min_value", Message: fmt.Sprintf(
			"Invalid '%s': integer below minimum value. Expected a value >= %d, but got %d instead.", name, low, n)}
	case n > high:
		return &APIError{Param: name, Code: "integer_above_max_value", Message: fmt.Sprintf(
			"Invalid '%s': integer above maximum value. Expected a value <= %d, but got %d instead.", name, high, n)}
	}
	return nil
}

package fakebedrock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"weir/lib/testkit/strict"
)

// object is a JSON object of a request, with numbers as json.Number.
type object = map[string]any

// Operations, as the last element of their paths.
const (
	Converse       = "converse"
	ConverseStream = "converse-stream"
	CountTokens    = "count-tokens"
	Invoke         = "invoke"
	InvokeStream   = "invoke-with-response-stream"
)

// Check refuses what the service, or the model behind it, refuses of an
// operation's body, and returns nil for what they take. Members that the API
// does not have are refused, although the service may pass over them: they are
// mistakes of whoever sent them.
func Check(op, model string, body []byte) *Exception {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var root object
	err := d.Decode(&root)
	if _, end := d.Token(); err != nil || root == nil || !errors.Is(end, io.EOF) {
		return &Exception{Type: "SerializationException", Message: "the body is no JSON object"}
	}
	c := &check{model: model, stream: op == ConverseStream}
	switch op {
	case Converse, ConverseStream:
		c.converse(root, conversation)
	case CountTokens:
		c.count(root)
	case Invoke, InvokeStream:
		c.invoke(root)
	default:
		return &Exception{Type: "UnknownOperationException", Message: op, Status: 404}
	}
	return c.failed
}

// check is one reading of a request. The first thing that is wrong is kept.
type check struct {
	model  string
	stream bool
	failed *Exception

	tools     bool // toolConfig is there
	documents map[string]bool
	points    []string // lives of the cache points, in the order of the cache
}

func (c *check) fail(e *Exception) {
	if c.failed == nil {
		c.failed = e
	}
}

// known refuses members that the API does not have.
func (c *check) known(at string, o object, members ...string) {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(members, name) {
			c.fail(invalid("%s: unknown member %s", at, name))
		}
	}
}

// conversation are the members of Converse and ConverseStream.
var conversation = []string{
	"messages", "system", "inferenceConfig", "toolConfig", "additionalModelRequestFields", "requestMetadata",
	"performanceConfig", "serviceTier", "outputConfig", "additionalModelResponseFieldPaths",
}

func (c *check) converse(root object, members []string) {
	c.known("the request", root, members...)
	config, tools := c.object("toolConfig", root["toolConfig"])
	c.tools = tools
	if tools {
		c.toolConfig(config)
	}
	for i, v := range c.list("system", root["system"]) {
		c.system(fmt.Sprintf("system.%d", i), v)
	}
	c.messages(c.list("messages", root["messages"]))
	c.inference(root)
	c.additional(root, config)
	c.output(root)
	c.pointers(root)
	c.options(root)
	c.cachePoints()
}

// count reads CountTokens, whose input is a union
// (API_runtime_CountTokensInput).
func (c *check) count(root object) {
	c.known("the request", root, "input")
	input, _ := c.object("input", root["input"])
	kind, v := c.union("input", input, "converse", "invokeModel")
	switch kind {
	case "converse":
		if o, ok := c.object("input.converse", v); ok {
			c.converse(o, []string{"messages", "system", "toolConfig", "additionalModelRequestFields"})
		}
	case "invokeModel":
		c.fail(invalid("input.invokeModel is not used by this gateway"))
	}
	if strings.HasPrefix(c.model, "arn:") || !claude(c.model) { // github.com/pydantic/pydantic-ai/issues/4001
		c.fail(invalid("The provided model doesn't support counting tokens."))
	}
}

// object reads an object; ok is false where there is none.
func (c *check) object(at string, v any) (o object, ok bool) {
	if v == nil {
		return nil, false
	}
	o, ok = v.(object)
	if !ok {
		c.fail(invalid("%s must be an object", at))
	}
	return o, ok
}

func (c *check) list(at string, v any) []any {
	if v == nil {
		return nil
	}
	l, ok := v.([]any)
	if !ok {
		c.fail(invalid("%s must be a list", at))
	}
	return l
}

func (c *check) text(at string, v any) string {
	s, ok := v.(string)
	if !ok {
		c.fail(invalid("%s must be a string", at))
	}
	return s
}

// union reads an object of which exactly one member is there.
func (c *check) union(at string, o object, members ...string) (kind string, v any) {
	c.known(at, o, members...)
	if len(o) != 1 {
		c.fail(invalid("%s must have exactly one member", at))
		return "", nil
	}
	for kind, v := range o {
		return kind, v
	}
	return "", nil
}

// number reads a number between least and most; ok is false where there is
// none.
func (c *check) number(at string, v any, least, most float64) (f float64, ok bool) {
	if v == nil {
		return 0, false
	}
	n, isNumber := v.(json.Number)
	f, err := n.Float64()
	if !isNumber || err != nil || f < least || f > most {
		c.fail(invalid("Value at '%s' failed to satisfy constraint: between %g and %g", at, least, most))
		return 0, false
	}
	return f, true
}

// inference: the constraints of InferenceConfiguration in the service's model.
func (c *check) inference(root object) {
	config, ok := c.object("inferenceConfig", root["inferenceConfig"])
	if !ok {
		return
	}
	c.known("inferenceConfig", config, "maxTokens", "temperature", "topP", "stopSequences")
	n, _ := c.number("inferenceConfig.maxTokens", config["maxTokens"], 1, 1<<31-1)
	if _, name, _ := strings.Cut(c.model, "anthropic."); strict.Most(name) > 0 && n > float64(strict.Most(name)) { // github.com/vercel/ai/issues/2772
		c.fail(invalid("The maximum tokens you requested exceeds the model limit of %[1]d. Try again with a maximum tokens value that is lower than %[1]d.", strict.Most(name)))
	}
	c.number("inferenceConfig.temperature", config["temperature"], 0, 1)
	c.number("inferenceConfig.topP", config["topP"], 0, 1)
	for i, v := range c.list("inferenceConfig.stopSequences", config["stopSequences"]) {
		if blank(c.text(fmt.Sprintf("inferenceConfig.stopSequences.%d", i), v)) {
			c.fail(byModel("stop_sequences: each stop sequence must contain non-whitespace"))
		}
	}
	if _, ok := config["maxTokens"]; !ok && len(config) == 0 {
		c.fail(invalid("inferenceConfig is empty"))
	}
}

// pointers: "Converse and ConverseStream reject an empty JSON Pointer or
// incorrectly structured JSON Pointer with a 400 error code"
// (API_runtime_Converse, additionalModelResponseFieldPaths).
func (c *check) pointers(root object) {
	const name = "additionalModelResponseFieldPaths"
	for i, v := range c.list(name, root[name]) {
		if p := c.text(fmt.Sprintf("%s.%d", name, i), v); !strings.HasPrefix(p, "/") {
			c.fail(invalid("%s.%d is no JSON Pointer", name, i))
		}
	}
}

// serviceTiers: ServiceTierType in the service's model.
var serviceTiers = []string{"priority", "default", "flex", "reserved"}

// options: the constraints of ServiceTier, PerformanceConfiguration and
// RequestMetadata in the service's model.
func (c *check) options(root object) {
	c.word(root, "serviceTier", "type", serviceTiers...)
	c.word(root, "performanceConfig", "latency", "standard", "optimized")
	metadata, ok := c.object("requestMetadata", root["requestMetadata"])
	if ok && len(metadata) == 0 || len(metadata) > 16 {
		c.fail(invalid("requestMetadata must have 1 to 16 members"))
	}
	for name, v := range metadata {
		value := c.text("requestMetadata."+name, v)
		if !metadataText.MatchString(value) || !metadataText.MatchString(name) || name == "" {
			c.fail(invalid("requestMetadata.%s does not match the pattern", name))
		}
	}
}

func (c *check) word(root object, member, inner string, words ...string) {
	o, ok := c.object(member, root[member])
	if !ok {
		return
	}
	c.known(member, o, inner)
	if !slices.Contains(words, c.text(member+"."+inner, o[inner])) {
		c.fail(invalid("%s.%s must be one of %s", member, inner, strings.Join(words, ", ")))
	}
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

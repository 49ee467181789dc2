package fakebedrock

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	toolName  = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	toolUseID = regexp.MustCompile(`^[a-zA-Z0-9_.:-]{1,64}$`)
	claudeID  = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	mistralID = regexp.MustCompile(`^[a-zA-Z0-9]{9}$`)
)

// toolConfig: API_runtime_ToolConfiguration.
func (c *check) toolConfig(o object) {
	c.known("toolConfig", o, "tools", "toolChoice")
	tools := c.list("toolConfig.tools", o["tools"])
	if len(tools) == 0 {
		c.fail(invalid("toolConfig.tools must have at least one member"))
	}
	if c.stream && strings.Contains(c.model, "meta.llama") { // github.com/earendil-works/pi/issues/3739
		c.fail(invalid("This model doesn't support tool use in streaming mode."))
	}
	var names []string
	for i, v := range tools {
		at := fmt.Sprintf("toolConfig.tools.%d", i)
		tool, _ := c.object(at, v)
		kind, v := c.union(at, tool, "toolSpec", "cachePoint")
		switch kind {
		case "toolSpec":
			spec, _ := c.object(at, v)
			names = append(names, c.toolSpec(at+".toolSpec", spec))
		case "cachePoint":
			if i == 0 {
				c.fail(invalid("There is nothing available to cache. Please remove the invalid cache point and try again."))
			}
			c.cachePoint(at, v, "tools")
		}
	}
	if choice, ok := c.object("toolConfig.toolChoice", o["toolChoice"]); ok {
		c.toolChoice(choice, names)
	}
}

func (c *check) toolSpec(at string, spec object) string {
	c.known(at, spec, "name", "description", "inputSchema", "strict")
	name := c.text(at+".name", spec["name"])
	if !toolName.MatchString(name) {
		c.fail(invalid("Value at '%s.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+", at))
	}
	if d, ok := spec["description"]; ok && c.text(at+".description", d) == "" {
		c.fail(invalid("Value at '%s.description' failed to satisfy constraint: Member must have length greater than or equal to 1", at))
	}
	schema, _ := c.object(at+".inputSchema", spec["inputSchema"])
	_, v := c.union(at+".inputSchema", schema, "json")
	o, _ := c.object(at+".inputSchema.json", v)
	if o["type"] != "object" {
		c.fail(invalid("The value at %s.inputSchema.json.type must be one of the following: object.", at))
	}
	if spec["strict"] != nil && !structured(c.model) {
		c.fail(byModel("tools.0.custom.strict: Extra inputs are not permitted"))
	}
	return name
}

// toolChoice: any and tool are for Claude and Nova
// (API_runtime_ToolChoice; github.com/strands-agents/harness-sdk/issues/1241).
func (c *check) toolChoice(o object, names []string) {
	kind, v := c.union("toolConfig.toolChoice", o, "auto", "any", "tool")
	choice, _ := c.object("toolConfig.toolChoice."+kind, v)
	if kind == "tool" {
		c.known("toolConfig.toolChoice.tool", choice, "name")
		if !slices.Contains(names, c.text("toolConfig.toolChoice.tool.name", choice["name"])) {
			c.fail(invalid("The tool in toolConfig.toolChoice is none of toolConfig.tools"))
		}
	} else {
		c.known("toolConfig.toolChoice."+kind, choice)
	}
	if kind != "auto" && !claude(c.model) && !strings.Contains(c.model, "amazon.nova") {
		c.fail(invalid("This model doesn't support the toolConfig.toolChoice.%s field. Remove toolConfig.toolChoice.%s and try again.", kind, kind))
	}
	if kind != "auto" && (version(c.model) >= 55 && !strings.Contains(c.model, "haiku") || version(c.model) == 51) {
		c.fail(byModel("tool_choice: this model cannot be made to call a tool"))
	}
}

// needTools: github.com/langgenius/dify/issues/17545.
func (c *check) needTools() {
	if !c.tools {
		c.fail(invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks."))
	}
}

// id: the service's model; Claude's own pattern
// (github.com/vercel/ai/pull/13326); Mistral's
// (github.com/anomalyco/opencode/pull/48843).
func (c *check) id(at string, v any) string {
	id := c.text(at+".toolUseId", v)
	switch {
	case !toolUseID.MatchString(id):
		c.fail(invalid("Value at '%s.toolUseId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.:-]+", at))
	case claude(c.model) && !claudeID.MatchString(id):
		c.fail(byModel("%s.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'", at))
	case strings.Contains(c.model, "mistral.") && !mistralID.MatchString(id):
		c.fail(byModel("Tool call id was %s but must be a-z, A-Z, 0-9, with a length of 9.", id))
	}
	return id
}

func (c *check) toolUse(at, role string, v any) string {
	c.needTools()
	if role != "assistant" {
		c.fail(invalid("%s: toolUse is the assistant's", at))
	}
	o, _ := c.object(at, v)
	c.known(at, o, "toolUseId", "name", "input")
	if name := c.text(at+".name", o["name"]); !toolName.MatchString(name) {
		c.fail(invalid("Value at '%s.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+", at))
	}
	if _, ok := o["input"].(object); !ok { // github.com/sigoden/aichat/issues/1542
		c.fail(invalid("The format of the value at %s.toolUse.input is invalid. Provide a json object for the field and try again.", at))
	}
	return c.id(at, o["toolUseId"])
}

// toolResult: API_runtime_ToolResultBlock; an error needs content
// (github.com/aws-samples/sample-multi-agent-orchestration-chat-on-agentcore/issues/15);
// status is for Nova and Claude (the API reference).
func (c *check) toolResult(at, role string, v any) string {
	c.needTools()
	if role != "user" {
		c.fail(invalid("%s: toolResult is the user's", at))
	}
	o, _ := c.object(at, v)
	c.known(at, o, "toolUseId", "content", "status")
	if o["content"] == nil {
		c.fail(invalid("%s.toolResult.content must not be null", at))
	}
	content := c.list(at+".content", o["content"])
	if status, ok := o["status"]; ok {
		switch {
		case status != "error" && status != "success":
			c.fail(invalid("%s.toolResult.status must be success or error", at))
		case !claude(c.model) && !strings.Contains(c.model, "amazon.nova"):
			c.fail(invalid("This model doesn't support the status field in toolResult."))
		case status == "error" && len(content) == 0:
			c.fail(invalid("The content field at %s.toolResult cannot be empty when status value is error.", at))
		}
	}
	for i, v := range content {
		place := fmt.Sprintf("%s.toolResult.content.%d", at, i)
		block, _ := c.object(place, v)
		kind, v := c.union(place, block, "text", "json", "image", "document")
		switch kind {
		case "image", "document":
			c.media(place, kind, role, v)
		case "text":
			c.text(place, v)
		case "json":
			if _, ok := v.(object); !ok { // github.com/sigoden/aichat/issues/1542
				c.fail(invalid("The format of the value at %s.json is invalid. Provide a json object for the field and try again.", place))
			}
		}
	}
	return c.id(at, o["toolUseId"])
}

// output: API_runtime_OutputConfig; objects must be closed
// (github.com/UKGovernmentBEIS/inspect_ai/issues/4096).
func (c *check) output(root object) {
	config, ok := c.object("outputConfig", root["outputConfig"])
	if !ok {
		return
	}
	c.known("outputConfig", config, "textFormat", "effort")
	if e, ok := config["effort"]; ok && !slices.Contains([]string{"low", "medium", "high", "xhigh", "max"}, c.text("outputConfig.effort", e)) {
		c.fail(invalid("outputConfig.effort must be one of low, medium, high, xhigh, max"))
	}
	format, ok := c.object("outputConfig.textFormat", config["textFormat"])
	if !ok {
		return
	}
	c.known("outputConfig.textFormat", format, "type", "structure")
	structure, _ := c.object("outputConfig.textFormat.structure", format["structure"])
	_, v := c.union("outputConfig.textFormat.structure", structure, "jsonSchema")
	definition, _ := c.object("jsonSchema", v)
	c.known("jsonSchema", definition, "schema", "name", "description")
	var schema any
	if err := json.Unmarshal([]byte(c.text("jsonSchema.schema", definition["schema"])), &schema); err != nil || format["type"] != "json_schema" {
		c.fail(invalid("outputConfig.textFormat holds no JSON schema"))
	}
	if !structured(c.model) { // github.com/anomalyco/models.dev/pull/1765
		c.fail(byModel("output_config.format: Extra inputs are not permitted"))
	}
	c.closed(schema)
}

// closed looks into a schema and those in it; the values of other keywords
// (default, enum) are none.
func (c *check) closed(v any) {
	s, ok := v.(object)
	if !ok {
		return
	}
	if s["type"] == "object" && s["additionalProperties"] != false {
		c.fail(byModel("output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"))
	}
	for _, name := range []string{"items", "not"} {
		c.closed(s[name])
	}
	for _, name := range []string{"properties", "$defs", "definitions"} {
		named, _ := s[name].(object)
		for _, inner := range named {
			c.closed(inner)
		}
	}
	for _, name := range []string{"anyOf", "allOf", "oneOf", "prefixItems"} {
		list, _ := s[name].([]any)
		for _, inner := range list {
			c.closed(inner)
		}
	}
}

package fakebedrock

import (
	"slices"
	"strconv"
	"strings"
)

// claude reports whether a model is one of Anthropic's.
func claude(model string) bool { return strings.Contains(model, "anthropic.claude") }

// version of a model of Claude, times ten; 0 for others.
func version(model string) int {
	_, name, _ := strings.Cut(model, "anthropic.claude-")
	var numbers []int
	for word := range strings.SplitSeq(strings.ReplaceAll(name, ":", "-"), "-") {
		n, err := strconv.Atoi(word)
		if err == nil && len(word) <= 2 && len(numbers) < 2 {
			numbers = append(numbers, n)
		} else if len(numbers) > 0 {
			break
		}
	}
	switch len(numbers) {
	case 1:
		return 10 * numbers[0]
	case 2:
		return 10*numbers[0] + numbers[1]
	}
	return 0
}

// structured reports whether a model has structured answers
// (docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html).
func structured(model string) bool {
	if claude(model) {
		return version(model) == 45 || version(model) == 46
	}
	return slices.ContainsFunc([]string{"qwen.", "openai.", "deepseek.v3", "mistral.", "minimax.", "moonshot", "google.", "nvidia."}, func(v string) bool {
		return strings.Contains(model, v)
	})
}

// caches reports where a model takes cache points
// (docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html).
func caches(model, where string) bool {
	switch {
	case claude(model):
		return version(model) >= 35
	case strings.Contains(model, "amazon.nova"):
		return where != "tools"
	}
	return false
}

// cachePoint: API_runtime_CachePointBlock; models without
// (github.com/BerriAI/litellm/pull/39210), models without a life of an hour
// (github.com/earendil-works/pi/pull/1570).
func (c *check) cachePoint(at string, v any, where string) {
	o, _ := c.object(at, v)
	c.known(at, o, "type", "ttl")
	if o["type"] != "default" {
		c.fail(invalid("%s.cachePoint.type must be default", at))
	}
	if !caches(c.model, where) {
		c.fail(&Exception{Type: "AccessDeniedException", Message: "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information."})
	}
	life := "5m"
	if ttl, ok := o["ttl"]; ok {
		life = c.text(at+".ttl", ttl)
		switch {
		case life != "5m" && life != "1h":
			c.fail(invalid("%s.cachePoint.ttl must be 5m or 1h", at))
		case !claude(c.model):
			c.fail(invalid("Extended TTL prompt caching is only supported for Anthropic models"))
		case version(c.model) < 45:
			c.fail(byModel("cache_control.ephemeral.ttl: Extra inputs are not permitted"))
		}
	}
	c.points = append(c.points, life)
}

// pointBehind: what a cache point may not follow. Nothing
// (github.com/strands-agents/harness-sdk/pull/3677), reasoning
// (github.com/anomalyco/opencode/issues/36517), a document that becomes text
// (github.com/aws/aws-sdk-java-v2/issues/6277).
func (c *check) pointBehind(at string, before []any) {
	if len(before) == 0 {
		c.fail(invalid("There is nothing available to cache. Please remove the invalid cache point and try again."))
		return
	}
	last, _ := before[len(before)-1].(object)
	if last["reasoningContent"] != nil {
		c.fail(invalid("Cache point cannot be inserted after reasoning block. Please remove the invalid cache point and try again."))
	}
	if d, ok := last["document"].(object); ok && d["format"] != "pdf" || last["cachePoint"] != nil {
		c.fail(byModel("%s.type: Field required", at))
	}
}

// cachePoints: four, and an hour before five minutes (Anthropic's
// build-with-claude/prompt-caching).
func (c *check) cachePoints() {
	if len(c.points) > 4 {
		c.fail(byModel("A maximum of 4 blocks with cache_control may be provided. Found %d.", len(c.points)))
	}
	if i := slices.Index(c.points, "5m"); i >= 0 && slices.Contains(c.points[i:], "1h") {
		c.fail(byModel("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block"))
	}
}

// additional reads the model's own members, and what they mean for others.
func (c *check) additional(root, tools object) {
	fields, ok := c.object("additionalModelRequestFields", root["additionalModelRequestFields"])
	if ok && len(fields) == 0 {
		c.fail(invalid("additionalModelRequestFields is empty"))
	}
	switch {
	case claude(c.model):
		c.claude(root, fields, tools)
	case strings.Contains(c.model, "amazon.nova"):
		c.nova(root, fields)
	case strings.Contains(c.model, "openai.gpt-oss"), strings.Contains(c.model, "moonshot"):
		c.known("additionalModelRequestFields", fields, "reasoning_effort")
	case strings.Contains(c.model, "openai."):
		c.known("additionalModelRequestFields", fields, "reasoning")
	case strings.Contains(c.model, "mistral."):
		c.known("additionalModelRequestFields", fields, "top_k")
	case strings.Contains(c.model, "cohere."):
		c.known("additionalModelRequestFields", fields, "k")
	default:
		c.known("additionalModelRequestFields", fields)
	}
}

// nova: docs.aws.amazon.com/nova/latest/userguide and nova2-userguide.
func (c *check) nova(root, fields object) {
	c.known("additionalModelRequestFields", fields, "inferenceConfig", "reasoningConfig")
	config, ok := c.object("reasoningConfig", fields["reasoningConfig"])
	if !ok {
		return
	}
	c.known("reasoningConfig", config, "type", "maxReasoningEffort")
	kind, effort := c.text("reasoningConfig.type", config["type"]), config["maxReasoningEffort"]
	switch {
	case kind != "enabled" && kind != "disabled":
		c.fail(byModel("reasoningConfig.type: %s is none of enabled, disabled", kind))
	case kind == "enabled" && effort != "low" && effort != "medium" && effort != "high":
		c.fail(byModel("reasoningConfig.maxReasoningEffort must be low, medium or high when reasoning is enabled"))
	case kind == "disabled" && effort != nil:
		c.fail(byModel("reasoningConfig.maxReasoningEffort cannot be set when reasoning is disabled"))
	}
	if !strings.Contains(c.model, "nova-2") {
		c.fail(byModel("extraneous key [reasoningConfig] is not permitted"))
	}
	if inference, ok := root["inferenceConfig"].(object); ok && config["maxReasoningEffort"] == "high" {
		for _, name := range []string{"maxTokens", "temperature", "topP"} {
			if inference[name] != nil {
				c.fail(byModel("%s cannot be set when maxReasoningEffort is high", name))
			}
		}
	}
}

// claude: Anthropic's rules, as in platform.claude.com's
// build-with-claude/extended-thinking and the migration guides.
func (c *check) claude(root, fields, tools object) {
	c.known("additionalModelRequestFields", fields, "top_k", "thinking")
	inference, _ := root["inferenceConfig"].(object)
	v := version(c.model)
	temperature, hasTemperature := c.number("temperature", inference["temperature"], 0, 1)
	_, hasTopP := inference["topP"]
	switch {
	case v >= 47 && (hasTemperature || hasTopP || fields["top_k"] != nil): // github.com/srtab/daiv/pull/1429
		c.fail(byModel("`temperature` is deprecated for this model."))
	case v >= 41 && hasTemperature && hasTopP: // github.com/ccbogel/QualCoder/issues/1125
		c.fail(byModel("`temperature` and `top_p` cannot both be specified for this model. Please use only one."))
	}
	thinking, ok := c.object("thinking", fields["thinking"])
	kind, _ := thinking["type"].(string)
	if !ok || kind == "disabled" || kind == "between_tools" {
		return
	}
	most, limited := c.number("maxTokens", inference["maxTokens"], 1, 1<<31)
	budget, _ := c.number("budget_tokens", thinking["budget_tokens"], 0, 1<<31)
	choice, _ := tools["toolChoice"].(object)
	switch {
	case v < 37:
		c.fail(byModel("thinking: Extra inputs are not permitted"))
	case kind == "enabled" && v >= 47:
		c.fail(byModel("\"thinking.type.enabled\" is not supported for this model."))
	case kind == "enabled" && budget < 1024:
		c.fail(byModel("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"))
	case kind == "enabled" && limited && budget >= most:
		c.fail(byModel("`max_tokens` must be greater than `thinking.budget_tokens`."))
	case kind == "adaptive" && v < 46:
		c.fail(byModel("adaptive thinking is not supported on this model"))
	case hasTemperature && temperature != 1:
		c.fail(byModel("`temperature` may only be set to 1 when thinking is enabled."))
	case fields["top_k"] != nil:
		c.fail(byModel("`top_k` must be unset when thinking is enabled."))
	case choice["any"] != nil || choice["tool"] != nil:
		c.fail(byModel("Thinking may not be enabled when tool_choice forces tool use."))
	case kind == "enabled":
		c.signed(root)
	}
}

func member(v any, name string) any {
	o, _ := v.(object)
	return o[name]
}

// signed: the assistant's open tool turn begins with thinking
// (github.com/langchain-ai/langchain-aws/issues/844).
func (c *check) signed(root object) {
	list, _ := root["messages"].([]any)
	first := -1
	for i, v := range slices.Backward(list) {
		m, _ := v.(object)
		content, _ := m["content"].([]any)
		if m["role"] == "assistant" {
			first = i
			continue
		}
		if len(content) == 0 || member(content[0], "toolResult") == nil {
			break
		}
	}
	if first < 0 || first == len(list)-1 {
		return
	}
	m, _ := list[first].(object)
	content, _ := m["content"].([]any)
	if len(content) == 0 || member(content[0], "reasoningContent") == nil {
		c.fail(byModel("messages.%d.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`.", first))
	}
}

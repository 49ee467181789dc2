package fakebedrock

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"weir/lib/testkit/strict"
)

// invokeMembers are those of Anthropic's Messages that Claude takes on
// Bedrock, where the version is in the body, and model and stream are not
// (docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html).
var invokeMembers = []string{
	"anthropic_version", "anthropic_beta", "max_tokens", "messages", "system", "temperature", "top_p", "top_k", "tools",
	"tool_choice", "stop_sequences", "thinking", "metadata", "output_config", "context_management",
}

// invoke: the text of an unknown member as in
// github.com/anthropics/claude-code/issues/21612 and BerriAI/litellm#26240.
func (c *check) invoke(root object) {
	for name := range root {
		if !slices.Contains(invokeMembers, name) {
			c.fail(byModel("%s: Extra inputs are not permitted", name))
		}
	}
	switch {
	case root["anthropic_version"] != "bedrock-2023-05-31":
		c.fail(invalid("anthropic_version: Field required"))
	case root["max_tokens"] == nil:
		c.fail(byModel("max_tokens: Field required"))
	case len(c.list("messages", root["messages"])) == 0:
		c.fail(byModel("messages: at least one message is required"))
	case root["anthropic_beta"] != nil && len(c.list("anthropic_beta", root["anthropic_beta"])) == 0:
		c.fail(byModel("anthropic_beta: Input should be a valid list"))
	default:
		c.invokeBetas(root)
		c.invokeTools(root)
		for _, name := range []string{"tools", "system", "messages"} {
			c.invokeMarks(name, root[name])
		}
		c.messagesAPI(root)
	}
}

// invokeTools: what tools stream eagerly by is a beta on Bedrock, and no member
// (github.com/anthropics/claude-code/issues/32820, github.com/vercel/ai/pull/17179);
// strict is one for 4.5 and 4.6 (github.com/vercel/ai/pull/17919); tools that
// are searched for are a beta (github.com/Portkey-AI/gateway/pull/1452).
func (c *check) invokeTools(root object) {
	betas, _ := root["anthropic_beta"].([]any)
	refuse := func(i int, name string) {
		c.fail(byModel("tools.%d.custom.%s: Extra inputs are not permitted", i, name))
	}
	for i, v := range c.list("tools", root["tools"]) {
		if member(v, "eager_input_streaming") != nil {
			refuse(i, "eager_input_streaming")
		}
		if at := version(c.model); member(v, "strict") != nil && (at < 45 || at >= 47) {
			refuse(i, "strict")
		}
		if member(v, "defer_loading") != nil && !slices.Contains(betas, any("tool-search-tool-2025-10-19")) {
			refuse(i, "defer_loading")
		}
	}
}

// refusedBetas are some of those that Anthropic's own API takes
// (github.com/anthropics/claude-code/issues/49370 and 49648,
// github.com/Portkey-AI/gateway/pull/1452).
var refusedBetas = []string{
	"advanced-tool-use-2025-11-20", "prompt-caching-scope-2026-01-05", "structured-outputs-2025-11-13", "oauth-2025-04-20",
	"fast-mode-2026-02-01", "files-api-2025-04-14", "mcp-client-2025-11-20", "skills-2025-10-02", "extended-cache-ttl-2025-04-11",
}

// invokeBetas refuses a whole request for one beta.
func (c *check) invokeBetas(root object) {
	betas, _ := root["anthropic_beta"].([]any)
	for _, b := range betas {
		if name, _ := b.(string); slices.Contains(refusedBetas, name) {
			c.fail(byModel("invalid beta flag"))
		}
	}
}

// invokeMarks: cache marks have no scope (github.com/BerriAI/litellm/pull/22867),
// and before 4.5 no ttl (github.com/BerriAI/litellm/issues/34248).
func (c *check) invokeMarks(at string, v any) {
	switch v := v.(type) {
	case []any:
		for i, inner := range v {
			c.invokeMarks(fmt.Sprintf("%s.%d", at, i), inner)
		}
	case object:
		mark, _ := v["cache_control"].(object)
		if mark["scope"] != nil {
			c.fail(byModel("%s.cache_control.ephemeral.scope: Extra inputs are not permitted", at))
		}
		if mark["ttl"] != nil && version(c.model) < 45 {
			c.fail(byModel("%s.cache_control.ephemeral.ttl: Extra inputs are not permitted", at))
		}
		c.invokeMarks(at+".content", v["content"])
	}
}

var modelVersion = regexp.MustCompile(`(-\d{8})?(-v\d+(:\d+)?)?$`)

// messagesAPI refuses what Anthropic's own API refuses of the same messages,
// and sources by URL, which only that fetches
// (platform.claude.com/docs/en/build-with-claude/vision; the wording is this
// package's own).
func (c *check) messagesAPI(root object) {
	c.fetched("messages", root["messages"])
	rest := maps.Clone(root)
	maps.DeleteFunc(rest, func(name string, _ any) bool {
		return slices.Contains([]string{"anthropic_version", "anthropic_beta", "context_management"}, name)
	})
	_, name, _ := strings.Cut(c.model, "anthropic.")
	if err := strict.Anthropic(strict.Request{Model: modelVersion.ReplaceAllString(name, ""), Body: encode(rest), Joins: true}); err != nil {
		c.fail(byModel("%s", err))
	}
}

// fetched looks for sources by URL.
func (c *check) fetched(at string, v any) {
	switch v := v.(type) {
	case []any:
		for i, inner := range v {
			c.fetched(fmt.Sprintf("%s.%d", at, i), inner)
		}
	case object:
		if kind, _ := v["type"].(string); member(v["source"], "type") == "url" {
			c.fail(byModel("%s.%s.source: url sources are not supported", at, kind))
		}
		c.fetched(at+".content", v["content"])
	}
}

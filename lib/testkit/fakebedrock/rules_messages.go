package fakebedrock

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	metadataText = regexp.MustCompile(`^[a-zA-Z0-9\s:_@$#=/+,\-.]{0,256}$`)
	documentName = regexp.MustCompile(`^[a-zA-Z0-9\-()\[\]]+( [a-zA-Z0-9\-()\[\]]+)*$`)
)

// system: API_runtime_SystemContentBlock.
func (c *check) system(at string, v any) {
	o, _ := c.object(at, v)
	kind, v := c.union(at, o, "text", "cachePoint")
	switch kind {
	case "text":
		if blank(c.text(at, v)) {
			c.fail(invalid("The text field in the ContentBlock object at %s is blank. Add text to the text field, and try again.", at))
		}
	case "cachePoint":
		c.cachePoint(at, v, "system")
	}
}

// turn is what is remembered of the message before.
type turn struct {
	role string
	uses []string // ids of its calls
}

// messages: order and pairing. The texts are the service's own, as in
// github.com/MadcowD/ell/pull/369 (roles),
// github.com/earendil-works/pi/pull/3443 (empty content).
func (c *check) messages(list []any) {
	if len(list) == 0 {
		c.fail(invalid("A conversation must start with a user message. Try again with a conversation that starts with a user message."))
	}
	var before turn
	for i, v := range list {
		at := fmt.Sprintf("messages.%d", i)
		m, _ := c.object(at, v)
		c.known(at, m, "role", "content")
		now := turn{role: c.text(at+".role", m["role"])}
		content := c.list(at+".content", m["content"])
		switch {
		case now.role != "user" && now.role != "assistant":
			c.fail(invalid("%s.role must be user or assistant", at))
		case i == 0 && now.role != "user":
			c.fail(invalid("A conversation must start with a user message. Try again with a conversation that starts with a user message."))
		case now.role == before.role:
			c.fail(invalid("A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again."))
		case len(content) == 0:
			c.fail(invalid("The content field in the Message object at %s is empty. Add a ContentBlock object to the content field and try again.", at))
		}
		c.content(at, &now, before, content)
		before = now
	}
	if len(before.uses) > 0 {
		c.fail(invalid("Expected toolResult blocks at messages.%d.content for the following Ids: %s", len(list), strings.Join(before.uses, ", ")))
	}
	c.ending(list, before.role)
}

// content reads the blocks of a message.
func (c *check) content(at string, now *turn, before turn, content []any) {
	var kinds, results []string
	for j, v := range content {
		place := fmt.Sprintf("%s.content.%d", at, j)
		o, _ := c.object(place, v)
		kind, v := c.union(place, o, "text", "image", "document", "audio", "toolUse", "toolResult", "cachePoint", "reasoningContent")
		switch kind {
		case "text":
			if blank(c.text(place, v)) {
				c.fail(invalid("The text field in the ContentBlock object at %s is blank. Add text to the text field, and try again.", place))
			}
		case "image", "document", "audio":
			c.media(place, kind, now.role, v)
		case "toolUse":
			now.uses = append(now.uses, c.toolUse(place, now.role, v))
		case "toolResult":
			results = append(results, c.toolResult(place, now.role, v))
		case "reasoningContent":
			c.reasoning(place, now.role, v)
		case "cachePoint":
			c.pointBehind(place, content[:j])
			c.cachePoint(place, v, "messages")
		}
		kinds = append(kinds, kind)
	}
	if slices.Contains(kinds, "document") && !slices.Contains(kinds, "text") { // API_runtime_Message
		c.fail(invalid("%s: a message with a document must have a text", at))
	}
	c.counted(at, kinds)
	c.paired(at, before, results)
	c.together(at, now.role, kinds)
	if now.role == "assistant" && onlyReasoning(kinds) && version(c.model) >= 50 { // github.com/NousResearch/hermes-agent/issues/105780
		c.fail(byModel("This model does not support assistant message prefill. The conversation must end with a user message."))
	}
}

// counted: twenty images and five documents a message (API_runtime_Message; the
// wording is this package's own).
func (c *check) counted(at string, kinds []string) {
	for kind, most := range map[string]int{"image": 20, "document": 5} {
		n := 0
		for _, k := range kinds {
			if k == kind {
				n++
			}
		}
		if n > most {
			c.fail(invalid("%s: %d blocks of type %s, at most %d are allowed", at, n, kind, most))
		}
	}
}

func onlyReasoning(kinds []string) bool {
	return !slices.ContainsFunc(kinds, func(k string) bool { return k != "reasoningContent" })
}

// paired: github.com/langgenius/dify-official-plugins/issues/765,
// github.com/zeroclaw-labs/zeroclaw/pull/1476.
func (c *check) paired(at string, before turn, results []string) {
	if len(results) > len(before.uses) {
		c.fail(invalid("The number of toolResult blocks at %s.content exceeds the number of toolUse blocks of previous turn.", at))
	}
	want, got := slices.Sorted(slices.Values(before.uses)), slices.Sorted(slices.Values(results))
	if !slices.Equal(want, got) {
		c.fail(invalid("Expected toolResult blocks at %s.content for the following Ids: %s, but found: %s", at, strings.Join(want, ", "), strings.Join(got, ", ")))
	}
}

// together: what may not share a message. Results come first (Claude), and
// Llama takes no text beside tool blocks
// (github.com/strands-agents/harness-sdk/issues/1223,
// github.com/quarkiverse/quarkus-langchain4j/issues/1983).
func (c *check) together(at, role string, kinds []string) {
	tool := "toolResult"
	if role == "assistant" {
		tool = "toolUse"
	}
	n := 0
	for i, k := range kinds {
		if k != tool {
			continue
		}
		n++
		if tool == "toolResult" && i > 0 && kinds[i-1] == "text" {
			c.fail(byModel("%s: `tool_result` blocks must come before text", at))
		}
	}
	if strings.Contains(c.model, "meta.llama") && n > 0 && n < len(kinds) {
		c.fail(invalid("%s.content: Conversation blocks and %s blocks cannot be provided in the same turn.", at, map[string]string{"toolUse": "tool use", "toolResult": "tool result"}[tool]))
	}
}

// ending: github.com/NousResearch/hermes-agent/pull/101401; white space at the
// end as Anthropic's API has it.
func (c *check) ending(list []any, role string) {
	if role != "assistant" {
		return
	}
	last, _ := list[len(list)-1].(object)
	content, _ := last["content"].([]any)
	if !claude(c.model) || version(c.model) >= 46 || len(content) == 0 {
		c.fail(byModel("This model does not support assistant message prefill. The conversation must end with a user message."))
		return
	}
	o, _ := content[len(content)-1].(object)
	if s, ok := o["text"].(string); ok && s != strings.TrimRight(s, " \t\r\n") {
		c.fail(byModel("messages: final assistant content cannot end with trailing whitespace"))
	}
}

var mediaFormats = map[string][]string{
	"image":    {"png", "jpeg", "gif", "webp"},
	"document": {"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"},
	"audio":    {"mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg", "mpga", "pcm", "webm"},
}

// media: API_runtime_ImageBlock, API_runtime_DocumentBlock; names as in
// github.com/vercel/ai/issues/20365 and github.com/anomalyco/opencode/pull/48756.
func (c *check) media(at, kind, role string, v any) {
	if role != "user" {
		c.fail(invalid("%s: images and documents are the user's", at))
	}
	o, _ := c.object(at, v)
	if kind == "document" {
		c.known(at, o, "format", "name", "source")
		name := c.text(at+".name", o["name"])
		if !documentName.MatchString(name) || len(name) > 200 {
			c.fail(invalid("The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and square brackets. The name can't contain more than one consecutive whitespace character."))
		}
		if c.documents == nil {
			c.documents = map[string]bool{}
		}
		if c.documents[strings.ToLower(name)] {
			c.fail(invalid("Document names must be unique within a request: %s", name))
		}
		c.documents[strings.ToLower(name)] = true
	} else {
		c.known(at, o, "format", "source")
	}
	if format := c.text(at+".format", o["format"]); !slices.Contains(mediaFormats[kind], format) {
		c.fail(invalid("%s.format: %q is none of %v", at, format, mediaFormats[kind]))
	}
	source, _ := c.object(at+".source", o["source"])
	_, data := c.union(at+".source", source, "bytes")
	raw, err := base64.StdEncoding.DecodeString(c.text(at+".source.bytes", data))
	if err != nil || len(raw) == 0 {
		c.fail(invalid("%s.source.bytes must be base64 of at least one byte", at))
	}
}

// reasoning: API_runtime_ReasoningContentBlock; the text must be there
// (github.com/langchain-ai/langchainjs/pull/11165), and only Claude takes it
// back (github.com/langchain-ai/langchain-aws/issues/401).
func (c *check) reasoning(at, role string, v any) {
	if role != "assistant" || !claude(c.model) {
		c.fail(invalid("User messages cannot contain reasoning content. Please remove the reasoning content and try again."))
	}
	o, _ := c.object(at, v)
	kind, v := c.union(at, o, "reasoningText", "redactedContent")
	if kind == "redactedContent" {
		if _, err := base64.StdEncoding.DecodeString(c.text(at, v)); err != nil {
			c.fail(&Exception{Type: "SerializationException", Message: at + ".redactedContent is no base64"})
		}
		return
	}
	text, _ := c.object(at, v)
	c.known(at, text, "text", "signature")
	if _, ok := text["text"].(string); !ok {
		c.fail(invalid("1 validation error detected: Value at '%s.reasoningContent.reasoningText.text' failed to satisfy constraint: Member must not be null", at))
	}
	if s, _ := text["signature"].(string); s == "" {
		c.fail(byModel("%s.thinking.signature: Field required", at))
	}
}

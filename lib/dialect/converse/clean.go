package converse

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"unicode/utf8"

	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// clean returns the blocks of a turn that can be sent.
func (e *encoder) clean(at string, role llm.Role, blocks []llm.Block) []llm.Block {
	out := make([]llm.Block, 0, len(blocks))
	for _, b := range blocks {
		if clean := e.cleanBlock(at, role, b); clean != nil {
			out = append(out, clean)
		}
	}
	return out
}

func (e *encoder) cleanBlock(at string, role llm.Role, b llm.Block) llm.Block {
	switch b := b.(type) {
	case *llm.Text:
		return e.cleanText(at, b)
	case *llm.Thinking:
		if role != llm.Assistant {
			e.refuse(at, "thinking belongs to the assistant")
			return nil
		}
		return e.cleanThinking(b)
	case *llm.ToolUse:
		if role == llm.Assistant {
			return e.cleanUse(at, b)
		}
		e.refuse(at, "a tool's call belongs to the assistant")
	case *llm.ToolResult:
		if role == llm.User {
			return e.cleanResult(at, b)
		}
		e.refuse(at, "a tool's result belongs to the user")
	case *llm.Media:
		if role == llm.User {
			return e.cleanMedia(at, b)
		}
		e.refuse(at+"."+b.Kind, "only the user's messages hold images and documents here")
	case *llm.Opaque:
		e.refuse(at+"."+b.Type, "only the dialect of the request has it")
	}
	return nil
}

// cleanText leaves blank texts out ("The text field in the ContentBlock object
// at messages.0.content.0 is blank").
func (e *encoder) cleanText(at string, b *llm.Text) llm.Block {
	if blank(b.Text) {
		if b.Text != "" {
			e.drop(at+".content", "texts of nothing but white space are not taken here")
		}
		if b.Cache != nil {
			e.drop("cache_control", "a mark on an empty text is not taken here")
		}
		return nil
	}
	if len(b.Cites) > 0 {
		e.drop("citations", "citations of another dialect have no meaning here")
	}
	return b
}

// cleanThinking keeps what Claude signed. The service refuses thinking in the
// history of other models ("User messages cannot contain
// reasoning content", github.com/langchain-ai/langchain-aws/issues/401).
func (e *encoder) cleanThinking(b *llm.Thinking) llm.Block {
	switch {
	case e.family.vendor != anthropic:
		e.drop("thinking", "this model takes no thinking back")
	case b.Seal == nil || b.Seal.Data == "":
		e.drop("thinking", "thinking without a signature is not taken here")
	case b.Seal.Issuer != anthropic:
		e.drop("thinking", "thinking that another model family signed is not taken here")
	case b.Redacted && !isBase64(b.Seal.Data):
		e.drop("thinking", "redacted thinking has to be base64 here")
	default:
		if b.Cache != nil {
			e.drop("cache_control", "a mark on thinking is not taken here")
		}
		return b
	}
	return nil
}

func isBase64(s string) bool {
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil
}

// maxName bounds the name of a tool ("Member must have length less than or
// equal to 64", "must satisfy regular expression pattern: [a-zA-Z0-9_-]+").
const maxName = 64

// isName reports whether the service takes s as the name of a tool, and as the
// id of a call: it takes dots and colons there, too, but Claude does not.
func isName(s string) bool {
	for _, r := range s {
		if !nameRune(r) {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

func nameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
}

// cleanUse checks a call's arguments, as another model may have written them.
func (e *encoder) cleanUse(at string, b *llm.ToolUse) llm.Block {
	input := bytes.TrimSpace(b.Input)
	if len(input) == 0 || string(input) == "null" {
		input = []byte("{}")
	}
	var why string
	doc, err := rawjson.Parse(input, rawjson.Options{})
	switch {
	case errors.Is(err, rawjson.ErrDuplicate): // valid, and for the tool to judge
	case err != nil:
		why = "are no valid JSON"
	case doc.Root().Kind() != rawjson.Object:
		why = "are " + doc.Root().Kind().String() + ", not an object"
	}
	switch {
	case why != "":
		e.refuse(at+".tool_calls", fmt.Sprintf("the arguments of the call %q of the tool %q %s", clip(b.CallID, 64), clip(b.Name, 64), why))
		return nil
	case !isName(b.Name):
		e.refuse(at+".tool_calls", badName(b.Name))
		return nil
	}
	if b.Seal != nil {
		e.drop("signature", "a signature on a tool's call is not taken here")
	}
	out := *b
	out.Input = input
	return &out
}

func badName(name string) string {
	return fmt.Sprintf("the tool %q has a name that is not 1 to %d letters, digits, _ and -", clip(name, 80), maxName)
}

// cleanResult keeps a result's texts, images and documents. Without any the
// service takes an empty list, but not of a failed call
// (github.com/NousResearch/hermes-agent/issues/55092,
// github.com/aws-samples/sample-multi-agent-orchestration-chat-on-agentcore/issues/15),
// and not of every model.
func (e *encoder) cleanResult(at string, b *llm.ToolResult) llm.Block {
	out := *b
	out.Content = make([]llm.Block, 0, len(b.Content))
	for _, c := range b.Content {
		switch c := c.(type) {
		case *llm.Text:
			if blank(c.Text) {
				out.Cache = later(out.Cache, c.Cache)
				continue // nothing is lost by it
			}
			out.Content = append(out.Content, c)
		case *llm.Media:
			if c.Kind == kindAudio {
				e.refuse(at+".tool_result", "a tool's result holds texts, images and documents only")
			}
			if clean := e.cleanMedia(at+".tool_result", c); clean != nil {
				out.Content = append(out.Content, clean)
			}
		case *llm.Thinking, *llm.ToolUse, *llm.ToolResult, *llm.Opaque:
			e.refuse(at+".tool_result", "a tool's result holds texts, images and documents only")
		}
		if m := markOf(c); m != nil { // there are no cache points inside of a result
			out.Cache = later(out.Cache, m.Cache)
		}
	}
	if len(out.Content) == 0 {
		out.Content = []llm.Block{&llm.Text{Text: noText}}
	}
	if b.IsError && !e.family.status {
		e.drop("tool_result.is_error", "this model has no such mark; the text has to say it")
		out.IsError = false
	}
	return &out
}

// later is the mark that counts of two at the same place.
func later(a, b *llm.CachePoint) *llm.CachePoint {
	if b != nil {
		return b
	}
	return a
}

// markOf returns what a block may carry besides its content.
func markOf(b llm.Block) *llm.Mark {
	switch b := b.(type) {
	case *llm.Text:
		return &b.Mark
	case *llm.Thinking:
		return &b.Mark
	case *llm.Media:
		return &b.Mark
	case *llm.ToolUse:
		return &b.Mark
	case *llm.ToolResult:
		return &b.Mark
	case *llm.Opaque:
		return &b.Mark
	}
	return nil
}

// clip returns the first n bytes of s, or a little less where that would cut a
// rune.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

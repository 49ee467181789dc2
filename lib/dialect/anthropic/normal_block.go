package anthropic

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"

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
		if b.Dialect == Name {
			return b
		}
		e.refuse(at+"."+b.Type, "only the dialect of the request has it")
	}
	return nil
}

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

// cleanThinking keeps what this family signed, and what was only thought for a
// vendor that wants that back.
func (e *encoder) cleanThinking(b *llm.Thinking) llm.Block {
	signed := b.Seal != nil && b.Seal.Issuer == sealIssuer
	switch {
	case !signed && e.target.Quirks.TakesReasoning && b.Text != "":
		if b.Seal != nil {
			e.drop("thinking.signature", "a signature of another model family is not taken here")
		}
		return &llm.Thinking{Text: b.Text}
	case b.Seal == nil:
		e.drop("thinking", "thinking without a signature is not taken here")
	case !signed:
		e.drop("thinking", "thinking that another model family signed is not taken here")
	default:
		if b.Cache != nil {
			e.drop("cache_control", "a mark on thinking is not taken here")
		}
		return b
	}
	return nil
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
	if why != "" {
		e.refuse(at+".tool_calls", fmt.Sprintf("the arguments of the call %q of the tool %q %s", clip(b.CallID, 64), clip(b.Name, 64), why))
		return nil
	}
	if b.Seal != nil {
		e.drop("signature", "a signature on a tool's call is not taken here")
	}
	out := *b
	out.Input = input
	return &out
}

// cleanResult keeps a result's texts, images and documents.
func (e *encoder) cleanResult(at string, b *llm.ToolResult) llm.Block {
	out := *b
	out.Content = make([]llm.Block, 0, len(b.Content))
	for _, c := range b.Content {
		switch c := c.(type) {
		case *llm.Text, *llm.Media, *llm.Opaque:
			if clean := e.cleanBlock(at+".tool_result", llm.User, c); clean != nil {
				out.Content = append(out.Content, clean)
			}
		case *llm.Thinking, *llm.ToolUse, *llm.ToolResult:
			e.refuse(at+".tool_result", "a tool's result holds texts, images and documents only")
		}
	}
	if len(out.Content) == 0 && b.IsError { // an error must say something
		out.Content = []llm.Block{&llm.Text{Text: noText}}
	}
	return &out
}

// imageTypes are what the vendor takes
// (platform.claude.com/docs/en/build-with-claude/vision, read 2026-11).
var imageTypes = map[string]bool{"image/jpeg": true, "image/png": true, "image/gif": true, "image/webp": true}

// cleanMedia checks an image or a document, and names an image by what its
// bytes are, because the vendor refuses one that is named wrong.
func (e *encoder) cleanMedia(at string, b *llm.Media) llm.Block {
	at += "." + b.Kind
	out := *b
	switch {
	case b.Kind != "image" && b.Kind != "document":
		e.refuse(at, "this provider takes texts, images and documents only")
		return nil
	case len(b.Data) == 0:
		if !strings.HasPrefix(b.URL, "https://") && !strings.HasPrefix(b.URL, "http://") {
			e.refuse(at, "expected an http(s) URL or the data itself")
		}
	case b.Kind == "image":
		found := http.DetectContentType(b.Data)
		if out.MIME == "image/jpg" {
			out.MIME = "image/jpeg"
		}
		if imageTypes[found] && found != out.MIME {
			if out.MIME != "" {
				e.drop(at+".media_type", "sent as "+found+", which its bytes are")
			}
			out.MIME = found
		}
		if !imageTypes[out.MIME] {
			e.refuse(at, "images are taken as jpeg, png, gif or webp, not as "+clip(out.MIME, 64))
		}
	case isText(out.MIME):
		out.MIME = plainText
	case out.MIME != "application/pdf":
		e.refuse(at, "documents are taken as PDF or text, not as "+clip(out.MIME, 64))
	}
	if b.Detail != "" && b.Detail != "auto" {
		e.drop("image_url.detail", "images have no detail setting here")
	}
	return &out
}

// isText reports whether a document of that type is sent as text.
func isText(mime string) bool {
	switch mime {
	case "application/json", "application/xml", "application/yaml", "application/x-yaml":
		return true
	}
	return strings.HasPrefix(mime, "text/")
}

// call is a tool call that waits for its result.
type call struct {
	id, name string // id as it is sent
	answered bool
}

// pair checks that each call has its result in the message after it, and gives
// all calls ids that are valid and unique.
func (e *encoder) pair(h *history) {
	used := map[string]int{}
	var open map[string]*call
	var order []string
	for i := range h.messages {
		m := &h.messages[i]
		switch m.role {
		case llm.Assistant:
			open, order = e.openCalls(m, used)
		case llm.User:
			e.results(m, open, order)
			open, order = nil, nil
		case llm.System:
		}
	}
	e.unanswered(h.messages[len(h.messages)-1].at, open, order)
}

// openCalls collects the calls of an assistant message under their own ids.
func (e *encoder) openCalls(m *message, used map[string]int) (map[string]*call, []string) {
	var open map[string]*call
	var order []string
	for i, b := range m.blocks {
		u, ok := b.(*llm.ToolUse)
		if !ok {
			continue
		}
		if open[u.CallID] != nil {
			e.refuse(m.at+".tool_calls", fmt.Sprintf("two calls have the id %q", clip(u.CallID, 64)))
			continue
		}
		if open == nil {
			open = map[string]*call{}
		}
		c := &call{id: freshID(u.CallID, used), name: u.Name}
		open[u.CallID] = c
		order = append(order, u.CallID)
		renamed := *u
		renamed.CallID = c.id
		m.blocks[i] = &renamed
	}
	return open, order
}

// results matches the results of a user message with the calls before it.
func (e *encoder) results(m *message, open map[string]*call, order []string) {
	for i, b := range m.blocks {
		r, ok := b.(*llm.ToolResult)
		if !ok {
			continue
		}
		c := open[r.CallID]
		switch {
		case c == nil:
			e.refuse(m.at+".tool_call_id", fmt.Sprintf("there is no call %q in the assistant's message before this result", clip(r.CallID, 64)))
			return
		case c.answered:
			e.refuse(m.at+".tool_call_id", fmt.Sprintf("the call %q has two results", clip(r.CallID, 64)))
			return
		}
		c.answered = true
		renamed := *r
		renamed.CallID = c.id
		m.blocks[i] = &renamed
	}
	e.unanswered(m.at, open, order)
}

// unanswered refuses calls that have no result.
func (e *encoder) unanswered(at string, open map[string]*call, order []string) {
	for _, id := range order {
		if c := open[id]; !c.answered {
			e.refuse(at, fmt.Sprintf("the call %q of the tool %q has no result in the message after it", clip(id, 64), clip(c.name, 64)))
			return
		}
	}
}

// freshID makes an id that the vendor takes ([a-zA-Z0-9_-]+) and that no other
// call has: some vendors count their calls anew in each answer.
func freshID(id string, used map[string]int) string {
	valid := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '_'
	}, id)
	if valid == "" {
		valid = "call"
	}
	out := valid
	for used[out] > 0 {
		used[valid]++
		out = fmt.Sprintf("%s_%d", valid, used[valid])
	}
	used[out]++
	return out
}

package history

import (
	"bytes"
	"errors"
	"fmt"

	"weir/lib/dialect"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// maxShown bounds what a message says of a caller's ids and names.
const maxShown = 64

// clean returns the blocks of a turn that can be sent.
func (n *normal) clean(role llm.Role, blocks []llm.Block) []llm.Block {
	out := make([]llm.Block, 0, len(blocks))
	for _, b := range blocks {
		if clean := n.block(role, b); clean != nil {
			out = append(out, clean)
		}
	}
	return out
}

func (n *normal) block(role llm.Role, b llm.Block) llm.Block {
	switch b := b.(type) {
	case *llm.Text:
		return n.text(b)
	case *llm.Thinking:
		if role == llm.Assistant {
			return n.blocks.Thinking(b)
		}
		n.Refuse(b.At, "it is thinking, which only the assistant's messages hold; leave it out")
	case *llm.ToolUse:
		if role == llm.Assistant {
			return n.use(b)
		}
		n.Refuse(b.At, "it is a tool's call, which only the assistant's messages hold; put it into one")
	case *llm.ToolResult:
		if role == llm.User {
			return n.result(b)
		}
		n.Refuse(b.At, "it is a tool's result, which only the user's messages hold; put it into one")
	case *llm.Media:
		if role == llm.User {
			return n.blocks.Media(b)
		}
		n.Refuse(b.At, "it is "+Kind(b)+", which only the user's messages hold here; put it into one")
	case *llm.Opaque:
		return n.blocks.Opaque(b)
	}
	return nil
}

// Foreign refuses a block that only the caller's own dialect has.
func Foreign(b *llm.Opaque, l *dialect.Losses) {
	l.Refuse(b.At, fmt.Sprintf("it is a block of the type %q, which only the dialect of the request has; leave it out", dialect.Clip(b.Type, maxShown)))
}

// text leaves blank texts out ("text content blocks must contain
// non-whitespace text", github.com/NousResearch/hermes-agent/pull/61318; "The
// text field in the ContentBlock object at messages.0.content.0 is blank").
func (n *normal) text(b *llm.Text) llm.Block {
	if dialect.Blank(b.Text) {
		n.blank(b)
		if b.Cache != nil {
			n.Drop(b.Cache.Field(), "a mark on an empty text is not taken here")
		}
		return nil
	}
	if len(b.Cites) > 0 {
		n.Drop(llm.FieldCites, "citations of another dialect have no meaning here")
	}
	return b
}

func (n *normal) blank(b *llm.Text) {
	if b.Text != "" {
		n.Note(b.At, "a text of nothing but white space is not taken here, and was left out")
	}
}

// use checks a call's arguments, as another model may have written them.
func (n *normal) use(b *llm.ToolUse) llm.Block {
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
		n.Refuse(b.At, fmt.Sprintf("the arguments of the call %q of the tool %q %s", dialect.Clip(b.CallID, maxShown), dialect.Clip(b.Name, maxShown), why))
		return nil
	case !n.rules.IsName(b.Name):
		n.Refuse(b.At, n.rules.BadName(b.Name))
		return nil
	}
	if b.Seal != nil {
		n.Drop(b.At, "a signature on a tool's call is not taken here")
	}
	out := *b
	out.Input = input
	return &out
}

// result keeps a result's texts, images and documents. A cache mark on a text
// that is left out is the result's.
func (n *normal) result(b *llm.ToolResult) llm.Block {
	out := *b
	out.Content = make([]llm.Block, 0, len(b.Content))
	for _, c := range b.Content {
		switch c := c.(type) {
		case *llm.Text:
			if !dialect.Blank(c.Text) {
				out.Content = append(out.Content, n.text(c))
				continue
			}
			n.blank(c)
			if c.Cache != nil {
				out.Cache = c.Cache
			}
		case *llm.Media, *llm.Opaque:
			if clean := n.block(llm.User, c); clean != nil {
				out.Content = append(out.Content, clean)
			}
		case *llm.Thinking, *llm.ToolUse, *llm.ToolResult:
			n.Refuse(llm.MarkOf(c).At, "a tool's result holds texts, images and documents only; leave everything else out")
		}
	}
	n.blocks.Result(&out)
	return &out
}

// Fill gives a result without content the text that it has to have.
func Fill(b *llm.ToolResult, l *dialect.Losses) {
	if len(b.Content) == 0 {
		l.Note(b.At, "a result without anything in it is sent as "+NoText)
		b.Content = []llm.Block{&llm.Text{Text: NoText}}
	}
}

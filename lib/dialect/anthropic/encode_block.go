package anthropic

import (
	"fmt"
	"strings"

	"weir/lib/dialect"
	"weir/lib/dialect/claude"
	"weir/lib/dialect/history"
	"weir/lib/llm"
)

// blocks says which blocks this dialect takes.
type blocks struct{ *encoder }

var _ history.Blocks = blocks{}

// Thinking keeps what this family signed, and what was only thought for a
// vendor that wants that back.
func (e blocks) Thinking(b *llm.Thinking) llm.Block {
	sealed := b.Seal != nil && b.Seal.Data != ""
	signed := sealed && b.Seal.Issuer == claude.Issuer
	switch {
	case !signed && e.target.Quirks.TakesReasoning && b.Text != "":
		if sealed {
			e.Drop(llm.FieldThinking+".signature", "a signature of another model family is not taken here")
		}
		return &llm.Thinking{Text: b.Text}
	case !sealed:
		e.Drop(llm.FieldThinking, "thinking without a signature is not taken here")
	case !signed:
		e.Drop(llm.FieldThinking, "thinking that another model family signed is not taken here")
	default:
		if b.Cache != nil {
			e.Drop(b.Cache.Field(), "a mark on thinking is not taken here")
		}
		return b
	}
	return nil
}

// Media checks an image or a document.
func (e blocks) Media(b *llm.Media) llm.Block {
	out := *b
	switch {
	case b.Kind != history.Image && b.Kind != history.Document:
		e.Refuse(b.At, "it is "+history.Kind(b)+", and this provider takes texts, images and documents only; leave it out")
		return nil
	case len(b.Data) == 0:
		if !strings.HasPrefix(b.URL, "https://") && !strings.HasPrefix(b.URL, "http://") {
			e.Refuse(b.At, "it is "+history.Kind(b)+" without data and without an http(s) URL; send one of the two")
		}
	case b.Kind == history.Image:
		out.MIME = history.ImageType(b, e.Losses)
	case isText(out.MIME):
		out.MIME = plainText
	case out.MIME != "application/pdf":
		e.Refuse(b.At, fmt.Sprintf("it is a document of the type %q, and documents are taken as PDF or text here; send it as one of those", dialect.Clip(out.MIME, 64)))
	}
	history.Detail(b, e.Losses)
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

// Opaque keeps blocks of this dialect.
func (e blocks) Opaque(b *llm.Opaque) llm.Block {
	if b.Dialect == Name {
		return b
	}
	history.Foreign(b, e.Losses)
	return nil
}

// Result makes an error say something, which it has to.
func (e blocks) Result(b *llm.ToolResult) {
	if b.IsError {
		history.Fill(b, e.Losses)
	}
}

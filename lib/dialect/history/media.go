package history

import (
	"fmt"
	"net/http"

	"weir/lib/dialect"
	"weir/lib/llm"
)

// The kinds of media.
const (
	Image    = "image"
	Document = "document"
	Audio    = "audio"
)

// Kind is what b is, for messages to callers.
func Kind(b *llm.Media) string {
	switch b.Kind {
	case Image:
		return "an image"
	case Document:
		return "a document"
	case Audio:
		return "a sound"
	}
	return fmt.Sprintf("of the kind %q", dialect.Clip(b.Kind, maxShown))
}

// imageTypes are what is taken
// (platform.claude.com/docs/en/build-with-claude/vision and the API reference
// of Bedrock's ImageBlock, read 2026-11).
var imageTypes = map[string]bool{"image/jpeg": true, "image/png": true, "image/gif": true, "image/webp": true}

// ImageType is the type of an image that is sent as data: what its bytes are,
// because one that is named wrong is refused, or else what it is said to be.
// It is empty where the image is of a type that is not taken; then the request
// is refused.
func ImageType(b *llm.Media, l *dialect.Losses) string {
	mime := b.MIME
	if mime == "image/jpg" {
		mime = "image/jpeg"
	}
	if found := http.DetectContentType(b.Data); imageTypes[found] && found != mime {
		if mime != "" {
			l.Note(b.At, "sent as "+found+", which its bytes are, and not as "+dialect.Clip(mime, maxShown))
		}
		mime = found
	}
	if !imageTypes[mime] {
		l.Refuse(b.At, fmt.Sprintf("it is an image of the type %q, and images are taken as jpeg, png, gif or webp here; send it as one of those", dialect.Clip(mime, maxShown)))
		return ""
	}
	return mime
}

// Detail accounts for the resolution that an image is to be seen in.
func Detail(b *llm.Media, l *dialect.Losses) {
	if b.Detail != "" && b.Detail != "auto" {
		l.Drop(llm.FieldDetail, "images have no detail setting here")
	}
}

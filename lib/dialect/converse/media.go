package converse

import (
	"fmt"
	"net/http"
	"path"
	"strings"

	"weir/lib/llm"
)

// Kinds of media.
const (
	kindImage    = "image"
	kindDocument = "document"
	kindAudio    = "audio"
)

// formats names what the service takes, by kind and MIME type (the API
// reference of ImageBlock, DocumentBlock and AudioBlock).
var formats = map[string]map[string]string{
	kindImage: {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"},
	kindDocument: {
		"application/pdf": "pdf", "text/csv": "csv", "application/csv": "csv", "text/html": "html",
		"text/plain": "txt", "text/markdown": "md", "application/json": "txt", "application/xml": "txt",
		"application/yaml": "txt", "application/x-yaml": "txt",
		"application/msword": "doc", "application/vnd.ms-excel": "xls",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       "xlsx",
	},
	kindAudio: {
		"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav",
		"audio/opus": "opus", "audio/aac": "aac", "audio/flac": "flac", "audio/ogg": "ogg", "audio/mp4": "mp4",
		"audio/x-m4a": "m4a", "audio/m4a": "m4a", "audio/webm": "webm", "audio/pcm": "pcm", "audio/pcm16": "pcm",
	},
}

// endings are the formats of documents whose type says nothing.
var endings = map[string]string{
	".pdf": "pdf", ".csv": "csv", ".doc": "doc", ".docx": "docx", ".xls": "xls", ".xlsx": "xlsx",
	".html": "html", ".htm": "html", ".txt": "txt", ".md": "md",
}

// cleanMedia checks media that are to be sent. MIME is the service's format
// afterwards, and a document has a name that the service takes.
func (e *encoder) cleanMedia(at string, b *llm.Media) llm.Block {
	at += "." + b.Kind
	out := *b
	switch {
	case formats[b.Kind] == nil:
		e.refuse(at, "this provider takes texts, images, documents and sounds only")
		return nil
	case len(b.Data) == 0 && b.URL != "":
		e.refuse(at, "this provider fetches nothing; send the data instead of a URL")
		return nil
	case len(b.Data) == 0:
		e.refuse(at, "it is empty")
		return nil
	}
	mime, _, _ := strings.Cut(strings.ToLower(b.MIME), ";")
	out.MIME = formats[b.Kind][strings.TrimSpace(mime)]
	switch b.Kind {
	case kindImage:
		e.imageFormat(at, b, &out)
	case kindDocument:
		if out.MIME == "" {
			if out.MIME = endings[strings.ToLower(path.Ext(b.Name))]; out.MIME == "" && strings.HasPrefix(mime, "text/") {
				out.MIME = "txt"
			}
		}
		out.Name = e.documentName(b.Name)
	}
	if out.MIME == "" {
		e.refuse(at, fmt.Sprintf("this provider does not take %s of the type %q", b.Kind, clip(b.MIME, 64)))
		return nil
	}
	return &out
}

// imageFormat names an image by what its bytes are, because the model refuses
// one that is named wrong.
func (e *encoder) imageFormat(at string, b, out *llm.Media) {
	if found := formats[kindImage][http.DetectContentType(b.Data)]; found != "" && found != out.MIME {
		if out.MIME != "" {
			e.note(at+".media_type", "sent as "+found+", which its bytes are")
		}
		out.MIME = found
	}
	if b.Detail != "" && b.Detail != "auto" {
		e.drop("image_url.detail", "images have no detail setting here")
	}
}

// Documents' names are 1 to 200 characters, and no two in a request are the
// same (github.com/anomalyco/opencode/pull/48756).
const (
	maxDocumentName = 200
	documentName    = "document"
)

// documentName makes a name that the service takes and that no other document
// of the request has: letters, digits, single blanks, hyphens, parentheses and
// square brackets (the API reference of DocumentBlock).
func (e *encoder) documentName(name string) string {
	if ext := path.Ext(name); len(ext) < len(name) && len(ext) <= 6 {
		name = strings.TrimSuffix(name, ext)
	}
	name = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if nameRune(r) && r != '_' || strings.ContainsRune("()[]", r) {
			return r
		}
		return ' '
	}, name)), " ")
	if name == "" {
		name = documentName
	}
	name = strings.TrimSpace(name[:min(len(name), maxDocumentName)])
	if e.names == nil {
		e.names = map[string]int{}
	}
	key := strings.ToLower(name)
	unique, n := name, e.names[key]
	for ; e.names[strings.ToLower(unique)] > 0; n++ {
		end := fmt.Sprintf(" %d", n+1)
		unique = strings.TrimSpace(name[:min(len(name), maxDocumentName-len(end))]) + end
	}
	e.names[strings.ToLower(unique)] = 1
	e.names[key] = max(n, 1)
	return unique
}

package converse

import (
	"fmt"
	"path"
	"strings"

	"weir/lib/dialect"
	"weir/lib/dialect/history"
	"weir/lib/llm"
)

// formats names what the service takes, by kind and MIME type (the API
// reference of ImageBlock, DocumentBlock and AudioBlock).
var formats = map[string]map[string]string{
	history.Image: {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"},
	history.Document: {
		"application/pdf": "pdf", "text/csv": "csv", "application/csv": "csv", "text/html": "html",
		"text/plain": "txt", "text/markdown": "md", "application/json": "txt", "application/xml": "txt",
		"application/yaml": "txt", "application/x-yaml": "txt",
		"application/msword": "doc", "application/vnd.ms-excel": "xls",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       "xlsx",
	},
	history.Audio: {
		"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav",
		"audio/opus": "opus", "audio/aac": "aac", "audio/flac": "flac", "audio/ogg": "ogg", "audio/mp4": "mp4",
		"audio/x-m4a": "m4a", "audio/m4a": "m4a", "audio/webm": "webm", "audio/pcm": "pcm", "audio/pcm16": "pcm",
		"audio/mkv": "mkv", "audio/mka": "mka", "audio/x-matroska": "mka", "audio/x-aac": "x-aac", "audio/mpga": "mpga", "audio/x-flac": "flac",
	},
}

// endings are the formats of documents whose type says nothing.
var endings = map[string]string{
	".pdf": "pdf", ".csv": "csv", ".doc": "doc", ".docx": "docx", ".xls": "xls", ".xlsx": "xlsx",
	".html": "html", ".htm": "html", ".txt": "txt", ".md": "md",
}

// Media checks media that are to be sent. MIME is the service's format
// afterwards, and a document has a name that the service takes.
func (e blocks) Media(b *llm.Media) llm.Block {
	out := *b
	what := "it is " + history.Kind(b)
	switch {
	case formats[b.Kind] == nil:
		e.Refuse(b.At, what+", and this provider takes texts, images, documents and sounds only; leave it out")
		return nil
	case len(b.Data) == 0 && b.URL != "":
		e.Refuse(b.At, what+" by URL, and this provider fetches nothing; send the data instead")
		return nil
	case len(b.Data) == 0:
		e.Refuse(b.At, what+" without data; send some or leave it out")
		return nil
	}
	mime, _, _ := strings.Cut(strings.ToLower(b.MIME), ";")
	out.MIME = formats[b.Kind][strings.TrimSpace(mime)]
	switch b.Kind {
	case history.Image:
		out.MIME = formats[history.Image][history.ImageType(b, e.Losses)]
	case history.Document:
		if out.MIME == "" {
			if out.MIME = endings[strings.ToLower(path.Ext(b.Name))]; out.MIME == "" && strings.HasPrefix(mime, "text/") {
				out.MIME = "txt"
			}
		}
		out.Name = e.documentName(b.Name)
	}
	history.Detail(b, e.Losses)
	if out.MIME == "" {
		e.Refuse(b.At, fmt.Sprintf("%s of the type %q, which this provider does not take; send it in another format", what, dialect.Clip(b.MIME, 64)))
		return nil
	}
	return &out
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
		if history.NameRune(r) && r != '_' || strings.ContainsRune("()[]", r) {
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

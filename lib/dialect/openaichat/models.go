package openaichat

import (
	"time"

	"weir/lib/dialect"
	"weir/lib/wire/rawjson"
)

// Models renders the model list (platform.openai.com/docs/api-reference/models).
func (Front) Models(models []dialect.Model) []byte {
	var w rawjson.Builder
	w.Open('{').Name("object").Str("list").Name("data").Open('[')
	for _, m := range models {
		writeModel(&w, m)
	}
	return w.Close(']').Close('}').Take()
}

// Model renders one entry of it.
func (Front) Model(m dialect.Model) []byte {
	var w rawjson.Builder
	writeModel(&w, m)
	return w.Take()
}

func writeModel(w *rawjson.Builder, m dialect.Model) {
	w.Open('{').Name("id").Str(m.ID).Name("object").Str("model").
		Name("created").Int(unix(m.Created)).Name("owned_by").Str(m.OwnedBy).Close('}')
}

// unix is t in seconds, 0 where it is not known.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

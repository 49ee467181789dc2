package anthropic

import (
	"time"

	"weir/lib/dialect"
	"weir/lib/wire/rawjson"
)

// Models renders the model list (platform.claude.com/docs/en/api/models-list,
// read 2026-11) on one page.
func (Front) Models(models []dialect.Model) []byte {
	var w rawjson.Builder
	w.Open('{').Name("data").Open('[')
	for _, m := range models {
		writeModel(&w, m)
	}
	w.Close(']').Name("has_more").Bool(false)
	if len(models) == 0 {
		w.Name("first_id").Null().Name("last_id").Null()
	} else {
		w.Name("first_id").Str(models[0].ID).Name("last_id").Str(models[len(models)-1].ID)
	}
	return w.Close('}').Take()
}

// Model renders one entry of it.
func (Front) Model(m dialect.Model) []byte {
	var w rawjson.Builder
	writeModel(&w, m)
	return w.Take()
}

// writeModel writes an entry. A time that is not known is the epoch, as with
// the vendor; the other members, which its SDKs promise, are null where nothing
// is known.
func writeModel(w *rawjson.Builder, m dialect.Model) {
	created := m.Created
	if created.IsZero() {
		created = time.Unix(0, 0)
	}
	w.Open('{').Name("type").Str("model").Name("id").Str(m.ID).Name("display_name").Str(m.ID).
		Name("created_at").Str(created.UTC().Format(time.RFC3339)).Name("lifecycle").Str("active")
	for _, name := range []string{"line", "capabilities", "max_input_tokens", "max_tokens", "deprecated_at", "retires_at"} {
		w.Name(name).Null()
	}
	w.Close('}')
}

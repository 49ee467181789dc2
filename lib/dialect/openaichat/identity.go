package openaichat

import (
	"unicode/utf8"

	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// Limits of tags; what does not fit is dropped without a word, because
// metadata has other uses, too.
const (
	maxTags     = 16
	maxTagName  = 40
	maxTagValue = 128
)

// identity reads who is behind the call: the end user and tags.
func (d *decoder) identity(root rawjson.Value) {
	user, safety := root.Get("user"), root.Get("safety_identifier")
	d.facts.EndUser = fitting(d.Str(user))
	if id := d.Str(safety); d.facts.EndUser == "" {
		d.facts.EndUser = fitting(id)
		if id != "" {
			d.named(llm.FieldUser, "safety_identifier")
		}
	} else {
		d.keep(safety, true)
	}
	meta := root.Get("metadata")
	if !d.Object(meta, "an object of strings") {
		return
	}
	d.keep(meta, true)
	for m := range meta.Members() {
		value, ok := m.Value.Text()
		if !ok || len(d.facts.Tags) == maxTags || fitting(value) == "" || !tagName(m.Name()) {
			continue
		}
		if d.facts.Tags == nil {
			d.facts.Tags = map[string]string{}
		}
		d.facts.Tags[string(m.Name())] = value
	}
}

// fitting returns s, or nothing where it is too long for the ledger's row.
func fitting(s string) string {
	if utf8.RuneCountInString(s) > maxTagValue {
		return ""
	}
	return s
}

// tagName reports whether name is [a-z0-9_.-]{1,40}.
func tagName(name []byte) bool {
	if len(name) == 0 || len(name) > maxTagName {
		return false
	}
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return true
}

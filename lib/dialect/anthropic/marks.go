package anthropic

import (
	"weir/lib/dialect"
	"weir/lib/dialect/claude"
	"weir/lib/wire/rawjson"
)

// hostedMarks writes the cache marks as Bedrock takes them there. Three things
// that the vendor's own API has are refused there as extra inputs:
//
//   - a scope, which shares a cache with others and which Claude Code sends: it
//     is left out, and the mark is as good for the caller
//     (github.com/BerriAI/litellm/pull/22867);
//   - a ttl for models before 4.5
//     (docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html,
//     github.com/BerriAI/litellm/issues/34248): an hour is a Loss;
//   - cache_control at the top: it becomes the mark that it stands for
//     (github.com/BerriAI/litellm/issues/26320).
func (r *relay) hostedMarks(root rawjson.Value, model string) {
	m, ok := claude.Of(model)
	short := ok && m.Version < 45
	for _, name := range []string{"tools", "system", "messages"} {
		r.cleanMarks(root.Get(name), short)
	}
	all := root.Get("cache_control")
	if !r.edits.Remove(root, "cache_control") || !all.Exists() {
		return
	}
	if short && all.Get("ttl").Is("1h") {
		r.lose(all.Get("ttl").Path(), lostHour)
	}
	var w rawjson.Builder
	w.Open('{')
	for part := range all.Members() {
		if name := string(part.Name()); name != "scope" && (name != "ttl" || !short) {
			w.Name(name).Raw(part.Value.Raw())
		}
	}
	r.markLast(root.Get("messages"), w.Close('}').Take())
}

const lostHour = "this model keeps caches for five minutes on Bedrock"

// cleanMarks takes out of the marks in a list, and in what its elements hold,
// what is refused there.
func (r *relay) cleanMarks(list rawjson.Value, short bool) {
	if list.Kind() != rawjson.Array {
		return
	}
	for _, v := range list.Elems() {
		mark := v.Get("cache_control")
		r.edits.Remove(mark, "scope")
		if short {
			if ttl := mark.Get("ttl"); ttl.Is("1h") {
				r.lose(ttl.Path(), lostHour)
			}
			r.edits.Remove(mark, "ttl")
		}
		r.cleanMarks(v.Get("content"), short)
		r.cleanMarks(v.Get("source").Get("content"), short)
	}
}

// markLast puts mark on the last block that can have one, unless it has one.
// What the assistant said is passed over: shed may write it anew.
func (r *relay) markLast(messages rawjson.Value, mark []byte) {
	var last rawjson.Value // a block, or a content that is a string
	for _, m := range messages.Elems() {
		if m.Get("role").Is("assistant") {
			continue
		}
		content := m.Get("content")
		if text, ok := content.Text(); ok && !dialect.Blank(text) {
			last = content
		}
		for _, b := range content.Elems() {
			if text, ok := b.Get("text").Text(); !isThinking(b) && (!ok || !dialect.Blank(text)) {
				last = b
			}
		}
	}
	switch last.Kind() {
	case rawjson.String:
		var w rawjson.Builder
		r.edits.Replace(last, w.Open('[').Open('{').Name("type").Str("text").Name("text").Raw(last.Raw()).
			Name("cache_control").Raw(mark).Close('}').Close(']').Take())
	case rawjson.Object:
		if !last.Get("cache_control").Exists() {
			r.edits.Put(last, "cache_control", mark)
		}
	case rawjson.Absent, rawjson.Null, rawjson.Bool, rawjson.Number, rawjson.Array:
	}
}

package converse

import (
	"weir/lib/dialect/history"
	"weir/lib/llm"
)

// collectMarks chooses the cache points that are sent. A model that does not
// cache, or not there, refuses them ("your request did not allow prompt
// caching", github.com/BerriAI/litellm/pull/39210).
func (e *encoder) collectMarks(h *history.History, tools []llm.Tool) {
	var m history.Marks
	add := func(where places, point *llm.CachePoint, key any, prefix bool) {
		if point != nil && e.family.caches&where == 0 {
			e.Drop(point.Field(), "this model takes no marks there; it caches by itself or not at all")
			return
		}
		m.Add(key, point, prefix)
	}
	for i, t := range tools {
		add(inTools, t.Cache, i, true)
	}
	for _, b := range h.System {
		add(inSystem, llm.MarkOf(b).Cache, b, true)
	}
	for _, x := range h.Messages {
		for _, b := range x.Blocks {
			point := llm.MarkOf(b).Cache
			if point != nil && !e.marked(b) {
				continue
			}
			add(inMessages, point, b, false)
		}
	}
	e.marks = m.Lives(e.family.long, e.Losses)
}

// marked reports whether a point may stand behind b: not behind thinking, which
// was told before, and not right behind a document that the service turns into
// text (github.com/aws/aws-sdk-java-v2/issues/6277).
func (e *encoder) marked(b llm.Block) bool {
	switch b := b.(type) {
	case *llm.Thinking:
		return false
	case *llm.Media:
		if b.Kind == history.Document && b.MIME != "pdf" {
			e.Drop(b.Cache.Field(), "a mark on a document that is no PDF is not taken here")
			return false
		}
	case *llm.Text, *llm.ToolUse, *llm.ToolResult, *llm.Opaque:
	}
	return true
}

// cachePoint writes the point behind a block or a tool.
func (e *encoder) cachePoint(key any) {
	life, ok := e.marks[key]
	if !ok {
		return
	}
	e.w.Open('{').Name("cachePoint").Open('{').Name("type").Str("default")
	if life != "" {
		e.w.Name("ttl").Str(life)
	}
	e.w.Close('}').Close('}')
}

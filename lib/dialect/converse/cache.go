package converse

import (
	"weir/lib/llm"
)

// maxMarks is how many cache points a request may have, and the lives that
// they may have (docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html,
// read 2026-11). A long life must not come after a short one, in the order of
// tools, system prompt, messages.
const (
	maxMarks  = 4
	shortLife = "5m"
	longLife  = "1h"
)

// slot is a place that asks for a cache point.
type slot struct {
	key    any // block or index of a tool
	life   string
	prefix bool // in the tools or the system prompt
}

// collectMarks chooses the cache points that are sent: the last one of tools
// and system prompt, which all conversations share, and the newest. A model
// that does not cache, or not there, refuses them ("your request did not allow
// prompt caching", github.com/BerriAI/litellm/pull/39210).
func (e *encoder) collectMarks(h *history, tools []llm.Tool) {
	var slots []slot
	for i, t := range tools {
		slots = e.slot(slots, inTools, t.Cache, i, true)
	}
	for _, b := range h.system {
		slots = e.slot(slots, inSystem, markOf(b).Cache, b, true)
	}
	for _, m := range h.messages {
		for _, b := range m.blocks {
			mark := markOf(b).Cache
			if mark != nil && isDocument(b) && !isPDF(b) {
				// Refused right behind a document that the service turns into
				// text (github.com/aws/aws-sdk-java-v2/issues/6277).
				e.drop("cache_control", "a mark on a document that is no PDF is not taken here")
				continue
			}
			slots = e.slot(slots, inMessages, mark, b, false)
		}
	}
	if len(slots) > maxMarks {
		e.drop("cache_control", "a request has four marks here; the others were left out")
		slots = fewer(slots)
	}
	e.lives(slots)
}

// slot adds a place, if the model takes cache points there.
func (e *encoder) slot(slots []slot, where places, mark *llm.CachePoint, key any, prefix bool) []slot {
	switch {
	case mark == nil || isThinkingKey(key):
		return slots
	case e.family.caches&where == 0:
		e.drop("cache_control", "this model takes no marks there; it caches by itself or not at all")
		return slots
	}
	return append(slots, slot{key, mark.TTL, prefix})
}

func isThinkingKey(key any) bool {
	_, ok := key.(*llm.Thinking)
	return ok
}

func isPDF(b llm.Block) bool {
	m, ok := b.(*llm.Media)
	return ok && m.MIME == "pdf"
}

// fewer are the four of slots that are sent.
func fewer(slots []slot) []slot {
	last := -1 // of the prefix
	for i, s := range slots {
		if s.prefix {
			last = i
		}
	}
	cut := len(slots) - maxMarks
	if last < 0 || last >= cut {
		return slots[cut:]
	}
	return append([]slot{slots[last]}, slots[cut+1:]...)
}

// lives gives each point its life.
func (e *encoder) lives(slots []slot) {
	e.marks = make(map[any]string, len(slots))
	long := e.family.long
	for _, s := range slots {
		switch {
		case s.life == longLife && !e.family.long:
			e.drop("cache_control.ttl", "this model caches prompts for 5m only")
			s.life = ""
		case s.life == longLife && !long:
			e.drop("cache_control.ttl", "a life of 1h may not come after one of 5m; shortened")
			s.life = shortLife
		case s.life != longLife:
			long = false
			if s.life != "" && s.life != shortLife {
				e.drop("cache_control.ttl", "prompts are cached for 5m or 1h here; the shorter one was asked for")
				s.life = shortLife
			}
			if !e.family.long {
				s.life = "" // the member itself is refused; five minutes it is
			}
		}
		e.marks[s.key] = s.life
	}
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

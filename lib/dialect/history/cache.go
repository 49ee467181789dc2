package history

import (
	"slices"

	"weir/lib/dialect"
	"weir/lib/llm"
)

// maxMarks is how many cache marks a request may have, and the lives they may
// have (platform.claude.com/docs/en/build-with-claude/prompt-caching and
// docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html, read
// 2026-11). A long life must not come after a short one, in the order of tools,
// system prompt, messages.
const (
	maxMarks  = 4
	shortLife = "5m"
	longLife  = "1h"
)

// Marks chooses the cache marks that are sent, of those that are added in the
// order in which they are sent. The zero value is ready.
type Marks struct{ slots []slot }

// slot is a place that asks for a mark.
type slot struct {
	key    any
	point  *llm.CachePoint
	life   string
	prefix bool
}

// Add adds a mark behind key, a block or the index of a tool; prefix says that
// it stands in the tools or the system prompt. A nil point is none.
func (m *Marks) Add(key any, point *llm.CachePoint, prefix bool) {
	if point != nil {
		m.slots = append(m.slots, slot{key, point, point.TTL, prefix})
	}
}

// Lives returns the marks that are sent, and their lives: four at most, the
// last one of tools and system prompt, which all conversations share, and the
// newest. long says that a mark may ask for an hour; where none may, none says
// how long it lives.
func (m *Marks) Lives(long bool, l *dialect.Losses) map[any]string {
	sent := m.sent()
	for _, s := range m.slots {
		if !slices.Contains(sent, s) {
			l.Drop(s.point.Field(), "a request has four marks here; this one was left out")
		}
	}
	lives := make(map[any]string, len(sent))
	short := false // one of a short life has come
	for _, s := range sent {
		switch {
		case s.life == longLife && !long:
			l.Drop(s.point.LifeField(), "this model caches prompts for 5m only")
			s.life = ""
		case s.life == longLife && short:
			l.Drop(s.point.LifeField(), "a life of 1h may not come after one of 5m; shortened")
			s.life = shortLife
		case s.life != longLife:
			short = true
			if s.life != "" && s.life != shortLife {
				l.Drop(s.point.LifeField(), "prompts are cached for 5m or 1h here; the shorter one was asked for")
				s.life = shortLife
			}
			if !long {
				s.life = "" // the member itself is refused; five minutes it is
			}
		}
		lives[s.key] = s.life
	}
	return lives
}

// sent are the four slots that are sent.
func (m *Marks) sent() []slot {
	cut := len(m.slots) - maxMarks
	if cut <= 0 {
		return m.slots
	}
	last := -1 // of the prefix
	for i, s := range m.slots {
		if s.prefix {
			last = i
		}
	}
	if last < 0 || last >= cut {
		return m.slots[cut:]
	}
	return append([]slot{m.slots[last]}, m.slots[cut+1:]...)
}

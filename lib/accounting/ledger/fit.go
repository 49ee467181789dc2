package ledger

import (
	"fmt"
	"sort"
	"strings"

	"weir/lib/llm"
	"weir/lib/table"
)

// Sizes in bytes. A row's item has at most rowBytes, so that it costs few
// write units and always fits an event on the bus. The write at the end does
// not know how long the beginning was, so it keeps to its share: labels of
// ASCII at their full length, 16 tags among them, and what is added on the way
// to the books fit into the rest. Tags are never cut: many of them in other
// alphabets can lift a row above rowBytes.
const (
	rowBytes    = 8 << 10
	settleBytes = 3200

	maxID    = 64
	maxWord  = 64   // what the gateway itself names
	maxLabel = 512  // 128 characters
	maxModel = 1024 // 256 characters
	maxName  = 256  // a provider's
	maxPlace = 128  // provider and model of an attempt: two attempts are never cut
	maxNote  = 200  // texts of a loss

	maxEndUser = 128 // characters; longer ones are not kept
)

func keyBytes(callID string) int {
	return len(table.PK) + len(callID) + len(table.SK) + len(rowSK)
}

// fit puts attempts and losses into it, and cuts them until it has at most
// room bytes: losses first, from the end, then the attempts between the first
// and the last. What is left out is counted in an entry of its own.
func fit(it table.Item, attempts []Attempt, losses []llm.Loss, room int) {
	as, ls := make(list, len(attempts)), make(list, len(losses))
	for i, a := range attempts {
		a.Provider, a.Model, a.Outcome = line(a.Provider, maxPlace), line(a.Model, maxPlace), line(a.Outcome, maxWord)
		as[i] = toJSON(a)
	}
	for i, l := range losses {
		ls[i] = toJSON(llm.Loss{Field: line(l.Field, maxNote), Why: line(l.Why, maxNote)})
	}
	room -= it.Size()
	ls = shorten(len(ls), room-as.size(attrAttempts), attrLosses, func(left int) list { return cutLosses(ls, left) })
	as = shorten(len(as)-2, room-ls.size(attrLosses), attrAttempts, func(left int) list { return cutAttempts(as, attempts, left) })
	as.put(it, attrAttempts)
	ls.put(it, attrLosses)
}

// line is clip without control characters, which JSON would write six times as
// long.
func line(s string, limit int) string {
	return clip(strings.Map(func(r rune) rune {
		if r < ' ' {
			return '\uFFFD'
		}
		return r
	}, s), limit)
}

// list is a JSON array by its encoded elements.
type list []string

// put sets attr to the array; an empty one is left out.
func (l list) put(it table.Item, attr string) {
	if len(l) > 0 {
		it[attr] = "[" + strings.Join(l, ",") + "]"
	}
}

// size is what put adds to the size of an item.
func (l list) size(attr string) int {
	if len(l) == 0 {
		return 0
	}
	n := len(attr) + len("[]") + len(l) - 1
	for _, s := range l {
		n += len(s)
	}
	return n
}

// shorten leaves out as few elements as it can, at most n, so that cut's list
// fits room.
func shorten(n, room int, attr string, cut func(left int) list) list {
	n = max(n, 0)
	left := sort.Search(n, func(left int) bool { return cut(left).size(attr) <= room })
	return cut(left)
}

// cutLosses leaves out the last losses.
func cutLosses(ls list, left int) list {
	if left == 0 {
		return ls
	}
	mark := llm.Loss{Field: "…", Why: fmt.Sprintf("%d more, left out to keep the row small", left)}
	n := len(ls) - left
	return append(ls[:n:n], toJSON(mark))
}

// cutAttempts leaves out the last attempts before the last one. The mark has
// the time they took, and what was reported of them.
func cutAttempts(as list, attempts []Attempt, left int) list {
	if left == 0 {
		return as
	}
	n := len(as) - 1 - left
	mark := Attempt{Provider: "…", Outcome: fmt.Sprintf("%d attempts left out", left)}
	for _, a := range attempts[n : len(as)-1] {
		mark.Millis += a.Millis
		mark.Reported = mark.Reported.plus(a.Reported)
	}
	return append(as[:n:n], toJSON(mark), as[len(as)-1])
}

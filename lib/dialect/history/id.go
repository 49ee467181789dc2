package history

import (
	"fmt"
	"hash/fnv"
	"strings"

	"weir/lib/dialect"
)

// IsName reports whether s may name a tool.
func (r Rules) IsName(s string) bool {
	if r.MaxName == 0 {
		return true
	}
	return s != "" && len(s) <= r.MaxName && strings.IndexFunc(s, func(c rune) bool { return !NameRune(c) }) < 0
}

// BadName says what is wrong with a name that IsName refuses.
func (r Rules) BadName(name string) string {
	return fmt.Sprintf("the tool %q has a name that is not 1 to %d letters, digits, _ and -", dialect.Clip(name, 80), r.MaxName)
}

// NameRune reports whether names of tools and ids of calls may have c
// ([a-zA-Z0-9_-]).
func NameRune(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// ids are those that are taken: tries holds, for the first choice of each, how
// many were tried, so that a thousand calls of one id are no million tries.
type ids struct {
	rules Rules
	used  map[string]bool
	tries map[string]int
}

func newIDs(r Rules) *ids { return &ids{rules: r, used: map[string]bool{}, tries: map[string]int{}} }

// fresh makes an id that the model takes and that no other call has: some
// vendors count their calls anew in each answer. The same history gets the
// same ids each time, as prompt caches need it.
func (i *ids) fresh(id string) string {
	first := i.rules.valid(id, 1)
	out, n := first, 1
	if tried := i.tries[first]; tried > 0 {
		n = tried + 1
		out = i.rules.valid(id, n)
	}
	for i.used[out] {
		n++
		out = i.rules.valid(id, n)
	}
	i.used[out], i.tries[first] = true, n
	return out
}

// valid is the nth try for an id.
func (r Rules) valid(id string, n int) string {
	valid := strings.Map(func(c rune) rune {
		if NameRune(c) {
			return c
		}
		return '_'
	}, id)
	if r.IDSize > 0 {
		if n == 1 && len(id) == r.IDSize && valid == id && !strings.ContainsAny(id, "_-") {
			return id
		}
		return hashed(id, n, r.IDSize)
	}
	switch most := r.MaxName; {
	case valid == "":
		valid = "call"
	case most > 0 && len(valid) > most: // the end tells them apart as well as the beginning
		valid = valid[:most-12] + "_" + hashed(id, 1, 11)
	}
	if n == 1 {
		return valid
	}
	end := fmt.Sprintf("_%d", n)
	if most := r.MaxName; most > 0 {
		valid = valid[:min(len(valid), most-len(end))]
	}
	return valid + end
}

// hashed is an id of size letters and digits.
func hashed(id string, n, size int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d#%s", n, id)
	sum := h.Sum64()
	out := make([]byte, size)
	for i := range out {
		out[i] = digits[sum%uint64(len(digits))]
		sum /= uint64(len(digits))
	}
	return string(out)
}

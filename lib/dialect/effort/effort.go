// Package effort says what a request to think comes to where a target knows
// only words for it, or only budgets of tokens. It knows no model and no wire
// format.
package effort

import (
	"slices"

	"weir/lib/dialect"
	"weir/lib/llm"
)

// The efforts that some model knows, from low to high.
var order = []string{"minimal", "low", "medium", "high", "xhigh", "max"}

// Efforts, from low to high, as models of several makers know them.
var (
	ToHigh  = order[1:4]
	ToXhigh = order[1:]
)

// Least is the smallest budget of thinking tokens that anybody takes.
const Least = 1_024

// budgets are the thinking tokens that an effort stands for.
var budgets = map[string]int64{
	"minimal": Least, "low": 4_096, "medium": 16_384, "": 16_384, "high": 32_768, "xhigh": 65_536, "max": 65_536,
}

// Budget is the number of tokens that an effort stands for, the empty one
// included. ok is false where the word is no effort; then it is that of the
// empty one.
func Budget(word string) (tokens int64, ok bool) {
	if tokens, ok = budgets[word]; !ok {
		tokens = budgets[""]
	}
	return tokens, ok
}

// Of is the effort that a budget stands for.
func Of(budget int64) string {
	switch {
	case budget <= budgets["low"]:
		return "low"
	case budget <= budgets["medium"]:
		return "medium"
	}
	return "high"
}

// Nearest is the effort among known, which go from low to high, that is
// nearest to word: the lower one where word is between two. It is empty where
// word is no effort or none is known.
func Nearest(word string, known []string) string {
	at := slices.Index(order, word)
	if at < 0 || len(known) == 0 {
		return ""
	}
	for ; at > 0; at-- {
		if slices.Contains(known, order[at]) {
			return order[at]
		}
	}
	return known[0]
}

// Asked is the effort that r asks for, in a word that a target with the
// efforts known takes; empty where r asks for none or the target has none.
func Asked(r *llm.Reasoning, known []string, l *dialect.Losses) string {
	word := r.Effort
	if word == "" && r.Budget > 0 {
		word = Of(r.Budget)
		l.Drop(llm.FieldBudget, "sent as effort "+word)
	}
	if word == "" {
		return ""
	}
	return Taken(word, known, l)
}

// Taken is word as a target with the efforts known takes it: the nearest, which
// is told; empty where word is no effort.
func Taken(word string, known []string, l *dialect.Losses) string {
	found := Nearest(word, known)
	switch found {
	case word:
	case "":
		Unknown(l)
	default:
		l.Drop(llm.FieldEffort, "sent as "+found+", which this model knows")
	}
	return found
}

// Unknown notes that the effort that is asked for is none.
func Unknown(l *dialect.Losses) { l.Drop(llm.FieldEffort, "this model knows no such effort") }

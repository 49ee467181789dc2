package dialect

import (
	"fmt"

	"weir/lib/llm"
)

// NoPlace is why a part of an answer is lost that only its own dialect has.
const NoPlace = "only a caller of the provider's own dialect can be shown it"

// Told keeps what of one answer has been told to be lost, so that it is told
// once. Readers of answers tell it by llm.Dropped, encoders by what they
// return. Of one answer at most mostTold losses are told, because a provider
// may send any names. The zero value is ready; not safe for concurrent use.
type Told struct{ fields map[string]bool }

const (
	mostTold = 64
	maxWord  = 64 // bytes of a provider's word that are told
)

// Lose returns the loss of field, and nothing where it was told before.
func (t *Told) Lose(field, why string) []llm.Loss {
	field = short(field)
	if t.fields[field] || len(t.fields) >= mostTold {
		return nil
	}
	if t.fields == nil {
		t.fields = map[string]bool{}
	}
	t.fields[field] = true
	return []llm.Loss{{Field: field, Why: why}}
}

// UnknownWord is why a provider's word in field is lost that is not one of
// those that are known, as of vendors that have new reasons to stop.
func UnknownWord(word string) string {
	return fmt.Sprintf("the provider's word, %q, is not one that is known", short(word))
}

func short(word string) string {
	if cut := Clip(word, maxWord); len(cut) < len(word) {
		return cut + "…"
	}
	return word
}

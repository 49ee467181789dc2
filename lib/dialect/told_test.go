package dialect_test

import (
	"strconv"
	"strings"
	"testing"

	"weir/lib/dialect"
)

// A loss of an answer is told once, and no answer is told an endless list of
// what a provider may call its members.
func TestTold(t *testing.T) {
	var told dialect.Told
	if got := told.Lose("logprobs", dialect.NoPlace); len(got) != 1 || got[0].Field != "logprobs" || got[0].Why != dialect.NoPlace {
		t.Errorf("first: %v", got)
	}
	if got := told.Lose("logprobs", "again"); got != nil {
		t.Errorf("again: %v", got)
	}
	if got := told.Lose(strings.Repeat("é", 1000), "long"); len(got) != 1 || len(got[0].Field) > 70 {
		t.Errorf("a long name: %v", got)
	}
	n := 2
	for i := range 1000 {
		n += len(told.Lose("member "+strconv.Itoa(i), dialect.NoPlace))
	}
	if n > 64 {
		t.Errorf("%d losses of one answer", n)
	}
	if got := dialect.UnknownWord(strings.Repeat("a", 1000)); len(got) > 150 {
		t.Errorf("a long word: %s", got)
	}
}

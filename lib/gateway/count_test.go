package gateway_test

import (
	"strings"
	"testing"
)

// What a provider counted was not used: the log must not show a price for it,
// nor tokens as if they had been bought.
func TestACountIsLoggedWithoutACost(t *testing.T) {
	r, c := withCanned(t)
	c.answer(wholeType, `{"input_tokens":4711}`)
	a := r.Must(countPath, `{"model":"a","messages":[{"role":"user","content":"hello there"}]}`)
	if a.Status != 200 || a.Body != `{"input_tokens":4711}` {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	r.Stop() // the line is written after the answer
	log := r.Log()
	if !strings.Contains(log, "op=count") && !strings.Contains(log, `"op":"count"`) {
		t.Fatalf("no line about the count:\n%s", log)
	}
	for _, word := range []string{"cost_usd", "input_tokens", "output_tokens"} {
		if strings.Contains(log, word) {
			t.Errorf("the log of a count speaks of %s:\n%s", word, log)
		}
	}
}

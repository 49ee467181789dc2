package tokens_test

import (
	"testing"

	"pgregory.net/rapid"

	"weir/lib/tokens"
)

func TestText(t *testing.T) {
	for text, want := range map[string]int64{
		"":          0,
		"a":         1, // a part of a token is one
		"word":      1,
		"wordword":  2,
		"123":       1,
		"{}":        1,
		"мир":       2, // half a token a rune
		"日本語":       3, // a token a rune
		"🙂":         1,
		"\xff\xfe":  2, // what is no UTF-8 is counted by the byte
		"word 日本 1": 4,
	} {
		if got := tokens.Text(text); got != want {
			t.Errorf("Text(%q) = %d, want %d", text, got, want)
		}
	}
}

// Pieces count as the whole does, and more text never counts less.
func TestCounter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var c tokens.Counter
		whole, last := "", int64(0)
		for _, piece := range rapid.SliceOf(rapid.String()).Draw(rt, "pieces") {
			whole += piece
			c.Add(piece)
			if got := c.Tokens(); got < last || got != tokens.Text(whole) {
				rt.Fatalf("after %q: %d, before %d, Text %d", whole, got, last, tokens.Text(whole))
			}
			last = c.Tokens()
		}
		c.AddTokens(tokens.Image)
		if got := c.Tokens(); got != last+tokens.Image {
			rt.Fatalf("an image added %d tokens, want %d", got-last, tokens.Image)
		}
	})
}

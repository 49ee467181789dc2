package rawjson_test

import (
	"strings"
	"testing"

	"weir/lib/wire/rawjson"
)

// joined is what comes of pieces, the insides of JSON strings.
func joined(t *testing.T, pieces ...string) string {
	t.Helper()
	var h rawjson.Halves
	var out strings.Builder
	for _, p := range pieces {
		doc, err := rawjson.Parse([]byte(`"`+p+`"`), rawjson.Options{})
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		out.Write(h.Add(doc.Root()))
	}
	out.Write(h.Rest())
	return out.String()
}

func TestHalves(t *testing.T) {
	tests := []struct {
		pieces []string
		want   string
	}{
		{[]string{`a`, `b`}, "ab"},
		{[]string{`a\ud83c`, `\udf0ab`}, "a🌊b"},
		{[]string{`\ud83c`, ``, `\udf0a`}, "🌊"},
		{[]string{`\ud83c`, `\udf0a\ud83c`, `\udf0a`}, "🌊🌊"},
		{[]string{`\uD83C\uDF0A`, `\uD83C\uDF0A`}, "🌊🌊"},
		{[]string{`\ud83c`}, "\ufffd"},
		{[]string{`a\ud83c`, `b`}, "a\ufffdb"},
		{[]string{`\ud83c`, `\ud83c`, `\udf0a`}, "\ufffd🌊"},
		{[]string{`a`, `\udf0a`}, "a\ufffd"},
		{[]string{`\ud83c\udf0a`}, "🌊"},
		{[]string{`\\ud83c`, `\udf0a`}, `\ud83c` + "\ufffd"},
		{[]string{`\\\ud83c`, `\udf0a`}, `\🌊`},
		{[]string{`\\\\ud83c`, `x`}, `\\ud83cx`},
		{[]string{`\ufffd`, `a`}, "\ufffda"},
		{[]string{"\ufffd", `\udf0a`}, "\ufffd\ufffd"},
		{[]string{"\u00bd", "½"}, "½½"},
	}
	for _, tt := range tests {
		if got := joined(t, tt.pieces...); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.pieces, got, tt.want)
		}
	}
}

// A text is the same wherever it is cut between two of its escapes.
func FuzzHalves(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7}, uint(3))
	atoms := []string{`\ud83c`, `\udf0a`, `a`, `\\`, `\ufffd`, `ud83c`, `\n`, "ü"}
	f.Fuzz(func(t *testing.T, picks []byte, cut uint) {
		if len(picks) > 64 {
			return
		}
		var all []string
		for _, p := range picks {
			all = append(all, atoms[int(p)%len(atoms)])
		}
		at := int(cut % uint(len(all)+1))
		whole := joined(t, strings.Join(all, ""))
		if got := joined(t, strings.Join(all[:at], ""), strings.Join(all[at:], "")); got != whole {
			t.Errorf("%q cut at %d: %q, whole %q", all, at, got, whole)
		}
		if got := joined(t, all...); got != whole {
			t.Errorf("%q in pieces: %q, whole %q", all, got, whole)
		}
	})
}

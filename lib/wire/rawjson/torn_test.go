package rawjson_test

import (
	"testing"

	"weir/lib/wire/rawjson"
)

func TestTorn(t *testing.T) {
	for doc, want := range map[string]string{
		`{"a":"x","b":["\ud83c\udf0a"]}`:          "",
		`{"a":"x","b":["y","a\ud83cb"]}`:          "b[1]",
		`{"a":"\uDF0A","b":"\ud83c"}`:             "a",
		`{"a":"\ud83c\ud83c\udf0a"}`:              "a",
		`{"a":"\\ud83c"}`:                         "",
		`{"a":"\\\ud83c"}`:                        "a",
		`{"a":"\ud83c\n"}`:                        "a",
		`{"a":"\ufffd \u00e4"}`:                   "",
		`{"\ud83c":1}`:                            "",
		`{"own":{"a":"\ud83c"},"a":"\ud7ff"}`:     "",
		`{"own":"\ud83c","b":{"c":[{"d":"x"}]}}`:  "own",
		`{"b":{"c":[{"d":"x"},{"d":"\udfff."}]}}`: "b.c[1].d",
	} {
		d, err := rawjson.Parse([]byte(doc), rawjson.Options{Opaque: []string{"own"}})
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		if got := d.Torn().Path(); got != want {
			t.Errorf("%s: got %q, want %q", doc, got, want)
		}
	}
}

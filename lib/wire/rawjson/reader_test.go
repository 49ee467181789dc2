package rawjson_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"weir/lib/wire/rawjson"
)

// Each type is read as it is, absent and null are none, and the first thing
// that is wrong is kept, by its path.
func TestReader(t *testing.T) {
	words := rawjson.Words{
		WrongType: func(path, want string, got rawjson.Kind) error {
			return fmt.Errorf("%s: want %s, got %s", path, want, got)
		},
		Missing: func(path string) error { return fmt.Errorf("%s: missing", path) },
		Range: func(path string, n, least, most int64) error {
			return fmt.Errorf("%s: %d not in %d..%d", path, n, least, most)
		},
	}
	doc, err := rawjson.Parse([]byte(`{"s":"x","b":true,"f":1.5,"n":7,"o":{"p":[{"q":1}]},"a":[1],"z":null}`), rawjson.Options{})
	if err != nil {
		t.Fatal(err)
	}
	root := doc.Root()
	at := root.Get("o").Get("p").At(0)
	for _, tt := range []struct {
		read func(r *rawjson.Reader) string
		want string // what is read, or ! and the error
	}{
		{func(r *rawjson.Reader) string { return r.Str(root.Get("s")) }, "x"},
		{func(r *rawjson.Reader) string { return r.Str(root.Get("z")) }, ""},
		{func(r *rawjson.Reader) string { return r.Str(root.Get("none")) }, ""},
		{func(r *rawjson.Reader) string { return r.Str(root.Get("n")) }, "!n: want a string, got a number"},
		{func(r *rawjson.Reader) string { return r.NeedStr(root, "s") }, "x"},
		{func(r *rawjson.Reader) string { return r.NeedStr(root, "none") }, "!none: missing"},
		{func(r *rawjson.Reader) string { return r.NeedStr(at, "none") }, "!o.p[0].none: missing"},
		{func(r *rawjson.Reader) string { return r.NeedStr(root, "z") }, "!z: want a string, got null"},
		{func(r *rawjson.Reader) string { return r.NeedStr(at, "q") }, "!o.p[0].q: want a string, got a number"},
		{func(r *rawjson.Reader) string { return fmt.Sprint(*r.Bool(root.Get("b")), r.Flag(root.Get("b"))) }, "true true"},
		{func(r *rawjson.Reader) string { return fmt.Sprint(r.Bool(root.Get("z")), r.Flag(root.Get("none"))) }, "<nil> false"},
		{func(r *rawjson.Reader) string { return fmt.Sprint(r.Flag(root.Get("s"))) }, "!s: want a boolean, got a string"},
		{func(r *rawjson.Reader) string { return fmt.Sprint(*r.Float(root.Get("f")), r.Float(root.Get("z"))) }, "1.5 <nil>"},
		{func(r *rawjson.Reader) string { return fmt.Sprint(r.Float(root.Get("o"))) }, "!o: want a number, got an object"},
		{func(r *rawjson.Reader) string {
			return fmt.Sprint(*r.Int(root.Get("n"), 7, 7), r.Int(root.Get("z"), 1, 2))
		}, "7 <nil>"},
		{func(r *rawjson.Reader) string { return fmt.Sprint(r.Int(root.Get("f"), 0, 9)) }, "!f: want an integer, got a number"},
		{func(r *rawjson.Reader) string { return fmt.Sprint(r.Int(root.Get("n"), 8, math.MaxInt64)) }, fmt.Sprintf("!n: 7 not in 8..%d", math.MaxInt64)},
		{func(r *rawjson.Reader) string { return fmt.Sprint(r.Int(root.Get("n"), 0, 6)) }, "!n: 7 not in 0..6"},
		{func(r *rawjson.Reader) string {
			return fmt.Sprint(r.Object(root.Get("o"), "an o"), r.Object(root.Get("z"), "an o"))
		}, "true false"},
		{func(r *rawjson.Reader) string { return fmt.Sprint(r.Object(root.Get("a"), "an o")) }, "!a: want an o, got an array"},
		{func(r *rawjson.Reader) string {
			return fmt.Sprint(r.Array(root.Get("a"), "a list"), r.Array(root.Get("none"), "a list"))
		}, "true false"},
		{func(r *rawjson.Reader) string { return fmt.Sprint(r.Array(root.Get("o"), "a list")) }, "!o: want a list, got an object"},
	} {
		r := rawjson.NewReader(words)
		got := tt.read(&r)
		if err := r.Err(); err != nil {
			got = "!" + err.Error()
		}
		if got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
		r.Str(root.Get("n"))
		r.Fail(fmt.Errorf("later"))
		if want, wrong := strings.CutPrefix(tt.want, "!"); wrong && r.Err().Error() != want {
			t.Errorf("the first error %q became %q", want, r.Err())
		}
	}
}

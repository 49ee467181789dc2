package rawjson_test

import (
	"testing"

	"weir/lib/wire/rawjson"
)

func TestBuilder(t *testing.T) {
	var b rawjson.Builder
	b.Open('{').Name("s").Str("a{[,:").Name("n").Int(-7).Name("f").Float(0.25).Name("big").Float(1e21).
		Name("t").Bool(true).Name("nil").Null().Name("raw").Raw([]byte(`{"x": 1}`)).Name("none").Raw(nil).
		Name("a").Open('[').Int(1).Open('{').Close('}').Open('[').Close(']').Str("").Close(']').
		Name(`q"`).Open('{').Close('}').Close('}')
	want := `{"s":"a{[,:","n":-7,"f":0.25,"big":1e+21,"t":true,"nil":null,"raw":{"x": 1},"none":null,"a":[1,{},[],""],"q\"":{}}`
	if string(b.Bytes()) != want {
		t.Errorf("got  %s\nwant %s", b.Bytes(), want)
	}
	if got := b.Take(); string(got) != want || len(b.Bytes()) != 0 {
		t.Error("Take does not start anew")
	}
	if !rawjson.Valid([]byte(want), rawjson.Options{}) {
		t.Error("not valid JSON")
	}
}

package rawjson_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"weir/lib/wire/rawjson"
)

func parse(t *testing.T, s string) rawjson.Value {
	t.Helper()
	d, err := rawjson.Parse([]byte(s), rawjson.Options{})
	if err != nil {
		t.Fatalf("Parse(%q): %v", s, err)
	}
	return d.Root()
}

func TestErrorsSayWhatAndWhere(t *testing.T) {
	deep := strings.Repeat(`[`, rawjson.MaxDepth+1)
	tests := []struct {
		name, doc string
		want      error
		path      string
		offset    int
	}{
		{"empty", ``, rawjson.ErrSyntax, "", 0},
		{"only space", "  \n", rawjson.ErrSyntax, "", 3},
		{"no end", `{"a":1`, rawjson.ErrSyntax, "", 6},
		{"string without end", `{"a":"x`, rawjson.ErrSyntax, "a", 7},
		{"long string without end", `{"a":"0123456789abcdef`, rawjson.ErrSyntax, "a", 22},
		{"trailing data", `{} {}`, rawjson.ErrTrailing, "", 3},
		{"trailing comma in object", `{"a":1,}`, rawjson.ErrSyntax, "", 7},
		{"trailing comma in array", `[1,]`, rawjson.ErrSyntax, "[1]", 3},
		{"name without quotes", `{"b":1,a:1}`, rawjson.ErrSyntax, "", 7},
		{"no colon", `{"a" 1}`, rawjson.ErrSyntax, "a", 5},
		{"single quotes", `{'a':1}`, rawjson.ErrSyntax, "", 1},
		{"comment", `{"a":1/**/}`, rawjson.ErrSyntax, "", 6},
		{"byte order mark", "\ufeff{}", rawjson.ErrSyntax, "", 0},
		{"leading zero", `[01]`, rawjson.ErrSyntax, "[0]", 2},
		{"bare point", `[1.]`, rawjson.ErrSyntax, "[0]", 3},
		{"bare exponent", `[1e]`, rawjson.ErrSyntax, "[0]", 3},
		{"plus", `[+1]`, rawjson.ErrSyntax, "[0]", 1},
		{"minus alone", `-`, rawjson.ErrSyntax, "", 1},
		{"NaN", `{"t":NaN}`, rawjson.ErrSyntax, "t", 5},
		{"half a word", `{"t":tru}`, rawjson.ErrSyntax, "t", 5},
		{"control character", "{\"a\":\"x\ny\"}", rawjson.ErrSyntax, "a", 7},
		{"escape", `{"a":"\x"}`, rawjson.ErrSyntax, "a", 6},
		{"short unicode escape", `{"a":"\u12"}`, rawjson.ErrSyntax, "a", 6},
		{"invalid UTF-8", "{\"a\":[{\"b\":\"x\xff\"}]}", rawjson.ErrUTF8, "a[0].b", 13},
		{"invalid UTF-8 in a name", "{\"a\xc3\":1}", rawjson.ErrUTF8, "", 3},
		{"too deep", deep, rawjson.ErrDepth, strings.Repeat("[0]", 67) + "…", rawjson.MaxDepth},
		{"duplicate", `{"model":"a","model":"b"}`, rawjson.ErrDuplicate, "model", 13},
		{"duplicate, escaped", `{"model":"a","mod\u0065l":"b"}`, rawjson.ErrDuplicate, "model", 13},
		{"duplicate below", `{"m":[0,{"role":1,"x":{},"role":2}]}`, rawjson.ErrDuplicate, "m[1].role", 25},
		{"duplicate empty name", `{"":1,"":2}`, rawjson.ErrDuplicate, `[""]`, 6},
		{"duplicate in a large object", large(), rawjson.ErrDuplicate, "n7", len(large()) - 7},
		{"odd name in the path", `{"a b":{"c.d":x}}`, rawjson.ErrSyntax, `["a b"]["c.d"]`, 14},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rawjson.Parse([]byte(tt.doc), rawjson.Options{})
			var e *rawjson.Error
			if !errors.As(err, &e) || !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if e.Path != tt.path || e.Offset != tt.offset {
				t.Errorf("got path %q at %d, want %q at %d (%v)", e.Path, e.Offset, tt.path, tt.offset, err)
			}
		})
	}
}

func large() string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range 100 {
		b.WriteString(`"n` + string(rune('0'+i/10)) + string(rune('0'+i%10)) + `":{},`)
	}
	b.WriteString(`"n7":1,"n7":2}`)
	return b.String()
}

func TestOptions(t *testing.T) {
	tests := []struct {
		name, doc string
		opts      rawjson.Options
		ok        bool
	}{
		{"duplicate, strict", `{"a":1,"a":2}`, rawjson.Options{}, false},
		{"duplicate, lenient", `{"a":1,"a":2}`, rawjson.Options{Lenient: true}, true},
		{"UTF-8, lenient", "[\"\xff\"]", rawjson.Options{Lenient: true}, true},
		{"syntax, lenient", `[1,]`, rawjson.Options{Lenient: true}, false},
		{"duplicate in opaque", `{"schema":{"a":1,"a":2}}`, rawjson.Options{Opaque: []string{"schema"}}, true},
		{"duplicate behind opaque", `{"schema":{"a":1,"a":2},"x":{"b":1,"b":2}}`, rawjson.Options{Opaque: []string{"schema"}}, false},
		{"duplicate of opaque", `{"schema":{},"schema":{}}`, rawjson.Options{Opaque: []string{"schema"}}, false},
		{"opaque by escaped name", `{"sch\u0065ma":{"a":1,"a":2}}`, rawjson.Options{Opaque: []string{"schema"}}, true},
		{"opaque inside opaque", `{"schema":{"schema":[{"a":1,"a":1}]},"y":[1]}`, rawjson.Options{Opaque: []string{"schema"}}, true},
		{"syntax in opaque", `{"schema":{"a":}}`, rawjson.Options{Opaque: []string{"schema"}}, false},
		{"UTF-8 in opaque", "{\"schema\":\"\xff\"}", rawjson.Options{Opaque: []string{"schema"}}, false},
		{"depth in opaque", `{"schema":` + strings.Repeat(`[`, 200) + strings.Repeat(`]`, 200) + `}`, rawjson.Options{Opaque: []string{"schema"}}, false},
		{"many values", `[` + strings.Repeat(`1,`, rawjson.MaxValues) + `1]`, rawjson.Options{}, false},
		{"many values in opaque", `{"v":[` + strings.Repeat(`1,`, rawjson.MaxValues) + `1]}`, rawjson.Options{Opaque: []string{"v"}}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := rawjson.Parse([]byte(tt.doc), tt.opts); (err == nil) != tt.ok {
				t.Errorf("got %v, want ok %v", err, tt.ok)
			}
			if got := rawjson.Valid([]byte(tt.doc), tt.opts); got != tt.ok {
				t.Errorf("Valid = %v, want %v", got, tt.ok)
			}
		})
	}
}

func TestValues(t *testing.T) {
	v := parse(t, `{"s":"a\u00e9\n\"\ud83d\ude00\ud800x", "n":12, "f":1.5e1,"big":9007199254740993,
		"huge":1e400,"neg":-0,"long":123456789012345678901234567890,"t":true,"no":false,"null":null,
		"a":[1,[2],"x"], "o":{"k":{"kk":7}}, "":0}`)
	if s, ok := v.Get("s").Text(); !ok || s != "aé\n\"😀\ufffdx" {
		t.Errorf("s = %q, %v", s, ok)
	}
	ints := []struct {
		name string
		n    int64
		ok   bool
	}{{"n", 12, true}, {"f", 15, true}, {"big", 9007199254740993, true}, {"huge", 0, false}, {"neg", 0, true}, {"long", 0, false}, {"t", 0, false}, {"gone", 0, false}}
	for _, x := range ints {
		if n, ok := v.Get(x.name).Int(); n != x.n || ok != x.ok {
			t.Errorf("Int(%s) = %d, %v, want %d, %v", x.name, n, ok, x.n, x.ok)
		}
	}
	if f, ok := v.Get("f").Float(); f != 15 || !ok {
		t.Errorf("Float(f) = %v, %v", f, ok)
	}
	if _, ok := v.Get("huge").Float(); ok {
		t.Error("Float(huge): want not ok")
	}
	if b, ok := v.Get("t").Bool(); !b || !ok {
		t.Errorf("Bool(t) = %v, %v", b, ok)
	}
	if b, ok := v.Get("no").Bool(); b || !ok {
		t.Errorf("Bool(no) = %v, %v", b, ok)
	}
	if string(v.Get("long").Raw()) != "123456789012345678901234567890" {
		t.Errorf("long = %s", v.Get("long").Raw())
	}
	if v.Get("null").Exists() || v.Get("null").Kind() != rawjson.Null || v.Get("gone").Kind() != rawjson.Absent {
		t.Error("null and absent are not told apart")
	}
	if got := string(v.Get("a").At(1).Raw()); got != "[2]" {
		t.Errorf("a[1] = %s", got)
	}
	if v.Get("a").Len() != 3 || v.Get("a").At(3).Exists() || v.Get("a").At(-1).Exists() {
		t.Error("array length")
	}
	long := parse(t, strings.Repeat(`{"name":`, 60)+"1"+strings.Repeat("}", 60))
	for range 60 {
		long = long.Get("name")
	}
	if p := long.Path(); len(p) > 300 || !strings.HasSuffix(p, "name…") {
		t.Errorf("a long path: %q", p)
	}
	deep := v.Get("o").Get("k").Get("kk")
	if deep.Path() != "o.k.kk" || v.Get("a").At(1).At(0).Path() != "a[1][0]" || v.Path() != "" || v.Get("").Path() != `[""]` {
		t.Errorf("paths: %q %q", deep.Path(), v.Get("a").At(1).At(0).Path())
	}
	var names []string
	for m := range v.Members() {
		names = append(names, string(m.Name()))
	}
	want := []string{"s", "n", "f", "big", "huge", "neg", "long", "t", "no", "null", "a", "o", ""}
	if !slices.Equal(names, want) {
		t.Errorf("members %q, want %q", names, want)
	}
}

func TestZeroValueIsAbsent(t *testing.T) {
	var v rawjson.Value
	if v.Kind() != rawjson.Absent || v.Exists() || v.Raw() != nil || v.Bytes() != nil || v.Get("x").Exists() ||
		v.At(0).Exists() || v.Len() != 0 || v.Path() != "" || v.Offset() != 0 || v.Is("") {
		t.Error("the zero Value is not absent in all its methods")
	}
}

func TestLenientTakesTheLast(t *testing.T) {
	d, err := rawjson.Parse([]byte(`{"a":1,"b":0,"a":2}`), rawjson.Options{Lenient: true})
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := d.Root().Get("a").Int(); n != 2 {
		t.Errorf("a = %d, want the last, as other parsers read it", n)
	}
}

func TestOpaqueHidesItsInside(t *testing.T) {
	d, err := rawjson.Parse([]byte(`{"schema":{"model":"x"},"k":[ {"schema":[1]} ]}`), rawjson.Options{Opaque: []string{"schema"}})
	if err != nil {
		t.Fatal(err)
	}
	s := d.Root().Get("schema")
	if s.Kind() != rawjson.Object || s.Len() != 0 || s.Get("model").Exists() || string(s.Raw()) != `{"model":"x"}` {
		t.Errorf("schema: kind %v, len %d, raw %s", s.Kind(), s.Len(), s.Raw())
	}
	if got := string(d.Root().Get("k").At(0).Get("schema").Raw()); got != "[1]" {
		t.Errorf("inner schema %s", got)
	}
}

func TestFields(t *testing.T) {
	f := rawjson.NewFields("model", "stream")
	rest, err := f.Unknown(parse(t, `{"x":1,"model":"m","y":2}`))
	if err != nil || len(rest) != 2 || string(rest[0].Name()) != "x" || string(rest[1].Value.Raw()) != "2" {
		t.Errorf("got %v, %v", rest, err)
	}
	// The last one folds by Unicode: U+017F is a variant of s.
	for _, doc := range []string{`{"MODEL":"m"}`, `{"model":"m","Model":"n"}`, `{"mod\u0045l":1}`, `{"ſtream":true}`} {
		_, err := f.Unknown(parse(t, doc))
		if !errors.Is(err, rawjson.ErrCase) {
			t.Errorf("%s: got %v, want ErrCase", doc, err)
		}
	}
	if _, err := f.Unknown(parse(t, `{"x":{"MODEL":1}}`)); err != nil {
		t.Errorf("a case variant in a place that is not read is refused: %v", err)
	}
}

func TestDocIsReusable(t *testing.T) {
	var d rawjson.Doc
	for _, s := range []string{`{"a":[1,2,3]}`, `[]`, `{"b":"x"}`} {
		if err := d.Parse([]byte(s), rawjson.Options{}); err != nil {
			t.Fatal(err)
		}
		if string(d.Root().Raw()) != s {
			t.Errorf("root %s, want %s", d.Root().Raw(), s)
		}
	}
	if err := d.Parse([]byte(`{"a":[1,2`), rawjson.Options{}); err == nil {
		t.Fatal("no error")
	}
	if d.Root().Kind() != rawjson.Absent {
		t.Error("a document that failed still has a root")
	}
}

func TestAppendString(t *testing.T) {
	for in, want := range map[string]string{
		"":               `""`,
		"plain <&> é😀":   `"plain <&> é😀"`,
		"\"\\\n\r\t\x00": `"\"\\\n\r\t\u0000"`,
		"a\xffb\xc3":     "\"a\ufffdb\ufffd\"",
	} {
		if got := string(rawjson.AppendString(nil, in)); got != want {
			t.Errorf("AppendString(%q) = %s, want %s", in, got, want)
		}
	}
}

// A path made from an index is the one that the walk finds.
func TestIndex(t *testing.T) {
	doc, err := rawjson.Parse([]byte(`{"messages":[{},{"content":["a","b"]}]}`), rawjson.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := rawjson.Index(rawjson.Index("messages", 1)+".content", 1)
	if want := doc.Root().Get("messages").At(1).Get("content").At(1).Path(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

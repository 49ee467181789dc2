package rawjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"weir/lib/wire/rawjson"
)

// rebuild decodes v the way encoding/json decodes into any, with json.Number.
func rebuild(v rawjson.Value) any {
	switch v.Kind() {
	case rawjson.Object:
		m := map[string]any{}
		for x := range v.Members() {
			m[string(x.Name())] = rebuild(x.Value)
		}
		return m
	case rawjson.Array:
		a := []any{}
		for _, x := range v.Elems() {
			a = append(a, rebuild(x))
		}
		return a
	case rawjson.String:
		s, _ := v.Text()
		return s
	case rawjson.Number:
		return json.Number(v.Raw())
	case rawjson.Bool:
		b, _ := v.Bool()
		return b
	case rawjson.Absent, rawjson.Null:
	}
	return nil
}

// The documented differences from encoding/json, and no others.
func FuzzAgreesWithEncodingJSON(f *testing.F) {
	for _, s := range []string{
		`{"model":"m","messages":[{"role":"user","content":"hi"}]}`, `[1,2.5e-3,-0]`, `"\ud83d\ude00\ud800"`,
		`{"a":1,"a":2}`, "\"\xff\"", ` null `, `{"a":{"b":[{}]}}`, `[[[[[[]]]]]]`, `1 2`, `{"\u0061":0}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := rawjson.Parse(data, rawjson.Options{})
		valid := json.Valid(data)
		switch {
		case err == nil && !valid:
			t.Fatalf("accepted %q, which encoding/json refuses", data)
		case err != nil && valid && !documented(err, data):
			t.Fatalf("refused %q: %v, which encoding/json accepts", data, err)
		}
		if lenient, lerr := rawjson.Parse(data, rawjson.Options{Lenient: true}); lerr == nil {
			same(t, lenient, data)
		}
		if err != nil {
			return
		}
		same(t, d, data)
		if out := d.Edit().Apply(); !bytes.Equal(out, data) {
			t.Fatalf("no edit, but %q became %q", data, out)
		}
		editAll(t, d)
	})
}

func documented(err error, data []byte) bool {
	return errors.Is(err, rawjson.ErrDuplicate) || errors.Is(err, rawjson.ErrDepth) ||
		errors.Is(err, rawjson.ErrUTF8) && !utf8.Valid(data)
}

func same(t *testing.T, d *rawjson.Doc, data []byte) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var want any
	if err := dec.Decode(&want); err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	if !utf8.Valid(data) {
		return // encoding/json replaces, Text keeps
	}
	if diff := cmp.Diff(want, rebuild(d.Root())); diff != "" {
		t.Fatalf("%q:\n%s", data, diff)
	}
}

// editAll removes, replaces and adds at the root, and compares with the map.
func editAll(t *testing.T, d *rawjson.Doc) {
	t.Helper()
	want, ok := rebuild(d.Root()).(map[string]any)
	if !ok {
		return
	}
	e, i := d.Edit(), 0
	for m := range d.Root().Members() {
		name := string(m.Name())
		if i++; i%2 == 0 {
			e.Remove(d.Root(), name)
			delete(want, name)
		} else {
			e.Put(d.Root(), name, []byte(`[ "new" ]`))
			want[name] = []any{"new"}
		}
	}
	if d.Root().Get("added").Kind() == rawjson.Absent {
		e.Put(d.Root(), "added", []byte(`{}`))
		want["added"] = map[string]any{}
	}
	out, err := rawjson.Parse(e.Apply(), rawjson.Options{})
	if err != nil {
		t.Fatalf("edits broke the document: %v", err)
	}
	if diff := cmp.Diff(want, rebuild(out.Root())); diff != "" {
		t.Fatal(diff)
	}
}

func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\\n\x00", "é😀\u2028", "a\xffb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		enc := rawjson.AppendString(nil, s)
		var want, got string
		if err := json.Unmarshal(enc, &got); err != nil {
			t.Fatalf("%q became %s: %v", s, enc, err)
		}
		std, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(std, &want); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Fatalf("%q came back as %q, want %q", s, got, want)
		}
		d, err := rawjson.Parse(enc, rawjson.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if back, _ := d.Root().Text(); back != want {
			t.Fatalf("%q came back as %q", s, back)
		}
	})
}

package rawjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/lib/wire/rawjson"
)

func TestEdits(t *testing.T) {
	tests := []struct {
		name, doc string
		edit      func(e *rawjson.Edits, root rawjson.Value)
		want      string
	}{
		{"nothing", ` { "a" : 1 } `, func(*rawjson.Edits, rawjson.Value) {}, ` { "a" : 1 } `},
		{"replace keeps space", "{ \"model\" :\t\"a\" , \"x\":1.50}", func(e *rawjson.Edits, r rawjson.Value) {
			e.Put(r, "model", []byte(`"b"`))
		}, "{ \"model\" :\t\"b\" , \"x\":1.50}"},
		{"insert", `{"a":1}`, func(e *rawjson.Edits, r rawjson.Value) { e.Put(r, "b", []byte(`2`)) }, `{"a":1,"b":2}`},
		{"insert two into empty", `{ }`, func(e *rawjson.Edits, r rawjson.Value) {
			e.Put(r, "a", []byte(`1`))
			e.Put(r, "b", []byte(`2`))
		}, `{ "a":1,"b":2}`},
		{"remove first", `{"a":1, "b":2}`, func(e *rawjson.Edits, r rawjson.Value) { e.Remove(r, "a") }, `{"b":2}`},
		{"remove middle", `{"a":1, "b":2 ,"c":3}`, func(e *rawjson.Edits, r rawjson.Value) { e.Remove(r, "b") }, `{"a":1 ,"c":3}`},
		{"remove last", `{"a":1 , "b":2 }`, func(e *rawjson.Edits, r rawjson.Value) { e.Remove(r, "b") }, `{"a":1 }`},
		{"remove only", `{ "a":1 }`, func(e *rawjson.Edits, r rawjson.Value) { e.Remove(r, "a") }, `{  }`},
		{"remove twice", `{"a":1,"b":2}`, func(e *rawjson.Edits, r rawjson.Value) {
			e.Remove(r, "a")
			e.Remove(r, "a")
		}, `{"b":2}`},
		{"remove all", `{"a":1,"b":2,"c":3}`, func(e *rawjson.Edits, r rawjson.Value) {
			e.Remove(r, "b")
			e.Remove(r, "a")
			e.Remove(r, "c")
		}, `{}`},
		{"remove first and last", `{"a":1,"b":2,"c":3}`, func(e *rawjson.Edits, r rawjson.Value) {
			e.Remove(r, "a")
			e.Remove(r, "c")
		}, `{"b":2}`},
		{"remove all, insert", `{"a":1,"b":2}`, func(e *rawjson.Edits, r rawjson.Value) {
			e.Remove(r, "a")
			e.Remove(r, "b")
			e.Put(r, "c", []byte(`3`))
		}, `{"c":3}`},
		{"change inside removed", `{"a":{"x":1},"b":2}`, func(e *rawjson.Edits, r rawjson.Value) {
			e.Put(r.Get("a"), "y", []byte(`2`))
			e.Put(r.Get("a"), "x", []byte(`9`))
			e.Remove(r, "a")
		}, `{"b":2}`},
		{"change inside replaced", `{"a":{"x":1},"b":2}`, func(e *rawjson.Edits, r rawjson.Value) {
			e.Remove(r.Get("a"), "x")
			e.Put(r, "a", []byte(`null`))
		}, `{"a":null,"b":2}`},
		{"rename", `{"max_completion_tokens" : 5,"b":1}`, func(e *rawjson.Edits, r rawjson.Value) {
			e.Rename(r, "max_completion_tokens", "max_tokens")
			e.Rename(r, "gone", "x")
		}, `{"max_tokens" : 5,"b":1}`},
		{"in an array", `{"m":[{"r":1,"x":2},{"x":3,"r":4},[]]}`, func(e *rawjson.Edits, r rawjson.Value) {
			for _, m := range r.Get("m").Elems() {
				e.Remove(m, "x")
			}
		}, `{"m":[{"r":1},{"r":4},[]]}`},
		{"escaped name", `{"mod\u0065l":"a"}`, func(e *rawjson.Edits, r rawjson.Value) { e.Put(r, "model", []byte(`"b"`)) }, `{"mod\u0065l":"b"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root, e := begin(t, tt.doc)
			tt.edit(e, root)
			if got := string(e.Apply()); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func begin(t *testing.T, doc string) (rawjson.Value, *rawjson.Edits) {
	t.Helper()
	d, err := rawjson.Parse([]byte(doc), rawjson.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Root(), d.Edit()
}

func TestSetByPath(t *testing.T) {
	tests := []struct{ doc, want string }{
		{`{"a":1}`, `{"a":1,"so":{"iu":true}}`},
		{`{"so":null}`, `{"so":{"iu":true}}`},
		{`{"so":{}}`, `{"so":{"iu":true}}`},
		{`{"so":{"iu":false}}`, `{"so":{"iu":true}}`},
		{`{"so":{"x":[1]}}`, `{"so":{"x":[1],"iu":true}}`},
		{`{"so":7}`, ``},
		{`[]`, ``},
	}
	for _, tt := range tests {
		_, e := begin(t, tt.doc)
		err := e.Set([]byte("true"), "so", "iu")
		if tt.want == "" {
			if !errors.Is(err, rawjson.ErrNoObject) {
				t.Errorf("%s: got %v, want ErrNoObject", tt.doc, err)
			}
			continue
		}
		if got := string(e.Apply()); err != nil || got != tt.want {
			t.Errorf("%s: got %s, %v, want %s", tt.doc, got, err, tt.want)
		}
	}
}

// anyJSON draws a document with odd spacing and names that repeat often.
func anyJSON(t *rapid.T, depth int) string {
	space := rapid.SampledFrom([]string{"", " ", "\n\t"})
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind = kind % 4
	}
	switch kind {
	case 0:
		return rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "word")
	case 1:
		return rapid.SampledFrom([]string{"0", "-1.50", "9007199254740993", "1e5"}).Draw(t, "number")
	case 2, 3:
		return rapid.SampledFrom([]string{`""`, `"a\u0062\/c"`, `"é\n"`, `"long enough to leave the word"`}).Draw(t, "string")
	case 4:
		var b bytes.Buffer
		b.WriteString("[" + space.Draw(t, "s"))
		for i := range rapid.IntRange(0, 3).Draw(t, "n") {
			if i > 0 {
				b.WriteString(space.Draw(t, "s") + ",")
			}
			b.WriteString(anyJSON(t, depth-1))
		}
		return b.String() + "]"
	default:
		return anyObject(t, depth)
	}
}

func anyObject(t *rapid.T, depth int) string {
	space := rapid.SampledFrom([]string{"", " ", "\n\t"})
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d\\u0020", ""}), 0, 4, rapid.ID[string]).Draw(t, "names")
	var b bytes.Buffer
	b.WriteString("{" + space.Draw(t, "s"))
	for i, n := range names {
		if i > 0 {
			b.WriteString("," + space.Draw(t, "s"))
		}
		b.WriteString(`"` + n + `"` + space.Draw(t, "s") + ":" + space.Draw(t, "s") + anyJSON(t, depth-1) + space.Draw(t, "s"))
	}
	return b.String() + "}"
}

// An edit of the bytes means what the same edit of the decoded map means.
func TestEditsMeanWhatMapEditsMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := anyObject(t, 3)
		d, err := rawjson.Parse([]byte(doc), rawjson.Options{})
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		var want map[string]any
		decode(t, []byte(doc), &want)
		e := d.Edit()
		touched := map[string]bool{}
		for i := range rapid.IntRange(0, 4).Draw(t, "edits") {
			name := rapid.SampledFrom([]string{"a", "b", "c", "d ", "", "new"}).Draw(t, "name")
			if touched[name] {
				continue
			}
			touched[name] = true
			value := fmt.Sprintf(`{"edit": %d}`, i)
			switch rapid.IntRange(0, 2).Draw(t, "op") {
			case 0:
				e.Remove(d.Root(), name)
				delete(want, name)
			case 1:
				e.Put(d.Root(), name, []byte(value))
				want[name] = anyOf(t, value)
			case 2:
				err := e.Set([]byte(value), name, "x", "y")
				setPath(want, anyOf(t, value), err != nil, name, "x", "y")
			}
		}
		out := e.Apply()
		var got map[string]any
		decode(t, out, &got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\nbecame %s\n%s", doc, out, diff)
		}
		if len(touched) == 0 && string(out) != doc {
			t.Fatalf("no edit, but %s became %s", doc, out)
		}
	})
}

func setPath(m map[string]any, v any, refused bool, path ...string) {
	if refused {
		return
	}
	for _, name := range path[:len(path)-1] {
		next, ok := m[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[name] = next
		}
		m = next
	}
	m[path[len(path)-1]] = v
}

func decode(t *rapid.T, data []byte, into any) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
}

func anyOf(t *rapid.T, s string) (v any) {
	decode(t, []byte(s), &v)
	return v
}

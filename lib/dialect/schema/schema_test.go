package schema_test

import (
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"weir/lib/dialect"
	"weir/lib/dialect/schema"
	"weir/lib/fault"
	"weir/lib/llm"
)

func losses(strict bool) *dialect.Losses {
	return dialect.NewLosses("test", &llm.Request{}, dialect.Target{Strict: strict})
}

func TestInput(t *testing.T) {
	tests := []struct{ in, want string }{
		{``, `{"type":"object","properties":{}}`},
		{`true`, `{"type":"object","properties":{}}`},
		{`{}`, `{"type":"object"}`},
		{`{"properties":{"b":{},"a":{}}}`, `{"properties":{"b":{},"a":{}},"type":"object"}`},
		{`{ "type":"object" }`, `{ "type":"object" }`},
		{`{"a":1,"a":2}`, `{"a":1,"a":2}`},
	}
	for _, tt := range tests {
		l := losses(true)
		if got := string(schema.Input(llm.Tool{Schema: []byte(tt.in)}, l)); got != tt.want || l.Err() != nil {
			t.Errorf("%s: %s, %v, want %s", tt.in, got, l.Err(), tt.want)
		}
	}
	for _, in := range []string{`{"type":"string"}`, `{"type":null}`, `{"type":["object","null"]}`} {
		for at, param := range map[string]string{"tools[3].function": "tools[3].function", "": "tools"} {
			l := losses(false)
			schema.Input(llm.Tool{Schema: []byte(in), At: at}, l)
			if e := fault.Of(l.Err()); e == nil || e.Kind != fault.Invalid || e.Param != param {
				t.Errorf("%s at %q: %+v, want a refusal of %s", in, at, e, param)
			}
		}
	}
}

// The schema of an answer is closed, and loses the keywords that are refused;
// each is told of once, at its first place.
func TestAnswer(t *testing.T) {
	format := func(s string) *llm.Format { return &llm.Format{Type: "json_schema", Schema: []byte(s)} }
	tests := []struct {
		name   string
		format *llm.Format
		want   string
		lost   []string
	}{
		{"nothing", nil, "", nil},
		{"text", &llm.Format{Type: "text"}, "", nil},
		{"any object", &llm.Format{Type: "json_object"}, "", []string{"response_format"}},
		{"no schema", &llm.Format{Type: "json_schema"}, "", []string{"response_format"}},
		{"closed", format(`{ "type":"object","additionalProperties":false }`), `{ "type":"object","additionalProperties":false }`, nil},
		{"open", format(`{"type":["null","object"]}`), `{"type":["null","object"],"additionalProperties":false}`, nil},
		{"open on purpose", format(`{"properties":{},"additionalProperties":true}`), `{"properties":{},"additionalProperties":false}`, []string{"response_format.json_schema.schema.additionalProperties"}},
		{"a map", format(`{"type":"object","additionalProperties":{"type":"string"}}`), `{"type":"object","additionalProperties":false}`, []string{"response_format.json_schema.schema.additionalProperties"}},
		{"a keyword as a name", format(`{"type":"object","properties":{"minimum":{"type":"string"}},"additionalProperties":false}`), `{"type":"object","properties":{"minimum":{"type":"string"}},"additionalProperties":false}`, nil},
		{
			"deep",
			format(`{"anyOf":[{"type":"array","minItems":2,"items":{"minimum":1}},{"$defs":{"x":{"not":{"minimum":2,"maxLength":3}}}},{"minItems":1}]}`),
			`{"anyOf":[{"type":"array","items":{}},{"$defs":{"x":{"not":{}}}},{"minItems":1}]}`,
			[]string{
				"response_format.json_schema.schema.anyOf[0].minItems", "response_format.json_schema.schema.anyOf[0].items.minimum",
				"response_format.json_schema.schema.anyOf[1].$defs.x.not.maxLength",
			},
		},
		{"a name twice", format(`{"minimum":1,"minimum":2}`), `{"minimum":1,"minimum":2}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := losses(false)
			if got := string(schema.Answer(tt.format, true, l)); got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
			var lost []string
			for _, loss := range l.All() {
				lost = append(lost, loss.Field)
			}
			if diff := gocmp.Diff(tt.lost, lost); diff != "" || l.Err() != nil {
				t.Errorf("lost (-want +got):\n%s%v", diff, l.Err())
			}
			l = losses(true)
			schema.Answer(tt.format, true, l)
			if e := fault.Of(l.Err()); (e != nil) != (len(tt.lost) > 0) {
				t.Errorf("strict: %v", e)
			}
		})
	}
	l := losses(false)
	if got := schema.Answer(format("{}"), false, l); got != nil || fault.Of(l.Err()).Param != "response_format" {
		t.Errorf("a model that has none: %s, %v", got, l.Err())
	}
}

// A schema of many wrong keywords is read in a time that grows with its length
// only, and told of in few words.
func TestManyKeywords(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"type":"object","properties":{`)
	for i := range 20_000 {
		fmt.Fprintf(&b, `"p%d":{"minimum":1},`, i)
	}
	l := losses(false)
	schema.Answer(&llm.Format{Type: "json_schema", Schema: []byte(b.String() + `"z":{"maximum":2}}}`)}, true, l)
	if len(l.All()) != 2 {
		t.Errorf("%d losses", len(l.All()))
	}
}

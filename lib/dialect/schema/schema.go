// Package schema puts JSON Schemas into the form that vendors take: of a tool's
// input, and of a structured answer that Anthropic's API or Amazon Bedrock is
// asked for. What it
// need not change stays byte for byte, because key order is part of the prompt
// that providers cache.
//
// A schema that says a name twice is left as it is, for the provider to judge.
package schema

import (
	"cmp"
	"encoding/json"

	"weir/lib/dialect"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

var anyObject = json.RawMessage(`{"type":"object","properties":{}}`)

// Input is the schema of t's input with the type that has to be at its top
// everywhere. A schema of another type is refused: Anthropic's input_schema.type
// is "object" (platform.claude.com/docs/en/api/messages), Bedrock's "must be one
// of the following: object" (github.com/kirodotdev/Kiro/issues/11027),
// and OpenAI wants "a JSON Schema of 'type: \"object\"'"
// (github.com/ComposioHQ/composio/issues/1829), read 2026-11.
func Input(t llm.Tool, l *dialect.Losses) json.RawMessage {
	doc, err := rawjson.Parse(t.Schema, rawjson.Options{})
	switch {
	case len(t.Schema) == 0:
		return anyObject
	case err != nil:
		return t.Schema
	case doc.Root().Kind() != rawjson.Object:
		return anyObject
	}
	switch kind := doc.Root().Get("type"); {
	case kind.Is("object"):
		return t.Schema
	case kind.Kind() != rawjson.Absent:
		l.Refuse(cmp.Or(t.At, "tools"), `the schema of a tool's input has to be of type "object"`)
		return t.Schema
	}
	edits := doc.Edit()
	edits.Put(doc.Root(), "type", []byte(`"object"`))
	return edits.Apply()
}

// Answer is the schema of a structured answer, nil where f asks for none.
// taken says that the model has structured answers.
func Answer(f *llm.Format, taken bool, l *dialect.Losses) json.RawMessage {
	switch {
	case f == nil || f.Type == "" || f.Type == "text":
		return nil
	case f.Type != "json_schema" || len(f.Schema) == 0:
		l.Drop(llm.FieldFormat, "JSON without a schema can only be asked for in words here")
		return nil
	case !taken:
		l.Refuse(llm.FieldFormat, "this model has no structured answers here")
		return nil
	}
	doc, err := rawjson.Parse(f.Schema, rawjson.Options{})
	if err != nil {
		return f.Schema
	}
	c := closing{Losses: l, edits: doc.Edit(), told: map[string]bool{}}
	c.schema(doc.Root())
	return c.edits.Apply()
}

// unsupported are the keywords that are refused in the schema of an answer
// (platform.claude.com/docs/en/build-with-claude/structured-outputs and
// docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html, read
// 2026-11); minItems is taken up to 1.
var unsupported = []string{
	"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	"minLength", "maxLength", "maxItems", "uniqueItems", "minProperties", "maxProperties",
}

// closing edits the schema of an answer: objects are closed, and keywords that
// are refused left out.
type closing struct {
	*dialect.Losses
	edits *rawjson.Edits
	told  map[string]bool // keywords
}

// drop notes a keyword that is left out or changed, at the first place where
// the schema has it.
func (c *closing) drop(v rawjson.Value, name, why string) {
	if !c.told[name] {
		c.told[name] = true
		c.Drop(llm.FieldSchema+"."+v.Get(name).Path(), why)
	}
}

// schema edits one schema and those in it. The depth is bounded by the
// parser's.
func (c *closing) schema(v rawjson.Value) {
	if v.Kind() != rawjson.Object {
		return
	}
	c.keywords(v)
	for m := range v.Members() {
		switch string(m.Name()) {
		case "properties", "$defs", "definitions":
			for p := range m.Value.Members() {
				c.schema(p.Value)
			}
		case "items", "not":
			c.schema(m.Value)
		case "anyOf", "allOf", "oneOf", "prefixItems":
			for _, s := range m.Value.Elems() {
				c.schema(s)
			}
		}
	}
}

// keywords edits a schema's own members.
func (c *closing) keywords(v rawjson.Value) {
	for _, name := range unsupported {
		if c.edits.Remove(v, name) {
			c.drop(v, name, "this provider does not hold itself to it")
		}
	}
	if n, ok := v.Get("minItems").Int(); ok && n > 1 {
		c.edits.Remove(v, "minItems")
		c.drop(v, "minItems", "this provider does not hold itself to more than 1")
	}
	if !isObject(v) {
		return
	}
	others := v.Get("additionalProperties")
	if some, ok := others.Bool(); !ok || some {
		c.edits.Put(v, "additionalProperties", []byte("false"))
		if others.Exists() {
			c.drop(v, "additionalProperties", "objects have the named properties only here")
		}
	}
}

// isObject reports whether a schema describes objects.
func isObject(v rawjson.Value) bool {
	kind := v.Get("type")
	if kind.Is("object") {
		return true
	}
	for _, k := range kind.Elems() {
		if k.Is("object") {
			return true
		}
	}
	return kind.Kind() == rawjson.Absent && v.Get("properties").Exists()
}

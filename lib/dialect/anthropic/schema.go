package anthropic

import (
	"encoding/json"

	"weir/lib/wire/rawjson"
)

// objectSchema is a tool's schema with the type that the vendor wants at its
// top; everything else stays byte for byte.
func objectSchema(schema json.RawMessage) json.RawMessage {
	doc, err := rawjson.Parse(schema, rawjson.Options{})
	if err != nil {
		if len(schema) == 0 {
			return json.RawMessage(`{"type":"object","properties":{}}`)
		}
		return schema // valid, with a name twice: for the provider to judge
	}
	root := doc.Root()
	if root.Kind() != rawjson.Object {
		return json.RawMessage(`{"type":"object","properties":{}}`)
	}
	if root.Get("type").Kind() != rawjson.Absent {
		return schema
	}
	edits := doc.Edit()
	edits.Put(root, "type", []byte(`"object"`))
	return edits.Apply()
}

// unsupported are the keywords that the vendor refuses in the schema of an
// answer (platform.claude.com/docs/en/build-with-claude/structured-outputs,
// read 2026-11); minItems is taken up to 1.
var unsupported = []string{
	"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	"minLength", "maxLength", "maxItems", "uniqueItems", "minProperties", "maxProperties",
}

// outputSchema is the schema of an answer in the form that the vendor takes:
// objects closed, without keywords that it refuses.
func (e *encoder) outputSchema(schema json.RawMessage) []byte {
	doc, err := rawjson.Parse(schema, rawjson.Options{})
	if err != nil {
		return schema // valid, with a name twice: for the provider to judge
	}
	edits := doc.Edit()
	e.subschema(edits, doc.Root())
	return edits.Apply()
}

// subschema edits one schema and those in it. The depth is bounded by the
// parser's.
func (e *encoder) subschema(edits *rawjson.Edits, v rawjson.Value) {
	if v.Kind() != rawjson.Object {
		return
	}
	e.keywords(edits, v)
	for m := range v.Members() {
		switch string(m.Name()) {
		case "properties", "$defs", "definitions":
			for p := range m.Value.Members() {
				e.subschema(edits, p.Value)
			}
		case "items", "not":
			e.subschema(edits, m.Value)
		case "anyOf", "allOf", "oneOf", "prefixItems":
			for _, s := range m.Value.Elems() {
				e.subschema(edits, s)
			}
		}
	}
}

// keywords edits a schema's own members.
func (e *encoder) keywords(edits *rawjson.Edits, v rawjson.Value) {
	const field = "response_format.json_schema.schema."
	for _, name := range unsupported {
		if edits.Remove(v, name) {
			e.drop(field+name, "this provider does not hold itself to it")
		}
	}
	if n, ok := v.Get("minItems").Int(); ok && n > 1 {
		edits.Remove(v, "minItems")
		e.drop(field+"minItems", "this provider does not hold itself to more than 1")
	}
	if !isObject(v) {
		return
	}
	others := v.Get("additionalProperties")
	if some, ok := others.Bool(); !ok || some {
		edits.Put(v, "additionalProperties", []byte("false"))
		if others.Exists() {
			e.drop(field+"additionalProperties", "objects have the named properties only here")
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

package converse

import (
	"encoding/json"

	"weir/lib/wire/rawjson"
)

var anyObject = json.RawMessage(`{"type":"object","properties":{}}`)

// objectSchema is a tool's schema with the type that the service wants at its
// top; everything else stays byte for byte, because key order is part of the
// prompt that is cached.
func objectSchema(schema json.RawMessage) json.RawMessage {
	doc, err := rawjson.Parse(schema, rawjson.Options{})
	switch {
	case len(schema) == 0:
		return anyObject
	case err != nil:
		return schema // valid, with a name twice: for the service to judge
	case doc.Root().Kind() != rawjson.Object:
		return anyObject
	case doc.Root().Get("type").Kind() != rawjson.Absent:
		return schema
	}
	edits := doc.Edit()
	edits.Put(doc.Root(), "type", []byte(`"object"`))
	return edits.Apply()
}

// unsupported are the keywords that the service refuses in the schema of an
// answer (docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html,
// read 2026-11); minItems is taken up to 1.
var unsupported = []string{
	"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	"minLength", "maxLength", "maxItems", "uniqueItems", "minProperties", "maxProperties",
}

const schemaField = "response_format.json_schema.schema."

// outputSchema is the schema of an answer in the form that the service takes:
// objects closed, without keywords that it refuses.
func (e *encoder) outputSchema(schema json.RawMessage) json.RawMessage {
	doc, err := rawjson.Parse(schema, rawjson.Options{})
	if err != nil {
		return schema
	}
	edits := doc.Edit()
	e.subschema(edits, doc.Root())
	return edits.Apply()
}

func (e *encoder) subschema(edits *rawjson.Edits, v rawjson.Value) {
	if v.Kind() != rawjson.Object {
		return
	}
	for _, name := range unsupported {
		if edits.Remove(v, name) {
			e.drop(schemaField+name, "this provider does not hold itself to it")
		}
	}
	if n, ok := v.Get("minItems").Int(); ok && n > 1 {
		edits.Remove(v, "minItems")
		e.drop(schemaField+"minItems", "this provider does not hold itself to more than 1")
	}
	if describesObject(v) {
		e.closeObject(edits, v)
	}
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

// closeObject forbids properties that are not named, as the service wants it.
func (e *encoder) closeObject(edits *rawjson.Edits, v rawjson.Value) {
	const name = "additionalProperties"
	open := v.Get(name)
	if closed, ok := open.Bool(); ok && !closed {
		return
	}
	edits.Put(v, name, []byte("false"))
	if open.Exists() {
		e.drop(schemaField+name, "objects have the named properties only here")
	}
}

// describesObject reports whether a schema is one of objects.
func describesObject(v rawjson.Value) bool {
	kind := v.Get("type")
	if kind.Kind() == rawjson.Absent {
		return v.Get("properties").Exists()
	}
	for _, k := range kind.Elems() {
		if k.Is("object") {
			return true
		}
	}
	return kind.Is("object")
}

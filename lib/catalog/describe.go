package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"weir/lib/provider"
)

// Schema returns the JSON Schema (draft 2020-12) of the file for a provider
// table, for editors. It says what a schema can: names, types, forms; bounds
// of durations, references and addresses are left to Parse. A file that Parse
// accepts, the schema accepts.
func Schema(rows []provider.Row) ([]byte, error) {
	root := rootShape(rows).about
	defs := map[string]any{}
	for _, o := range objects(root) {
		defs[o.Name] = o.schema()
	}
	top, ok := defs[root.Object.Name].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("catalog: no object %s", root.Object.Name)
	}
	delete(defs, root.Object.Name)
	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["title"] = FileName
	top["$defs"] = defs
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(top); err != nil {
		return nil, fmt.Errorf("catalog: writing the schema: %w", err)
	}
	return b.Bytes(), nil
}

// objects are the mappings with known keys at and below a, each once, in the
// order of the file.
func objects(a about) []*objectAbout {
	var out []*objectAbout
	var walk func(a about)
	walk = func(a about) {
		if o := a.Object; o != nil && !slices.ContainsFunc(out, func(x *objectAbout) bool { return x.Name == o.Name }) {
			out = append(out, o)
			for _, f := range o.Fields {
				walk(f.About)
			}
		}
		for _, x := range a.Either {
			walk(x)
		}
		if a.Item != nil {
			walk(*a.Item)
		}
		if a.Value != nil {
			walk(*a.Value)
		}
	}
	walk(a)
	return out
}

// schema is the JSON Schema of a shape; objects are referred to by name.
func (a about) schema() map[string]any {
	switch {
	case a.Object != nil:
		return map[string]any{"$ref": "#/$defs/" + a.Object.Name}
	case a.Either != nil:
		var forms []any
		for _, x := range a.Either {
			forms = append(forms, x.schema())
		}
		return map[string]any{"anyOf": forms}
	case a.Item != nil:
		out := map[string]any{"type": "array", "items": a.Item.schema(), "minItems": a.Least}
		if a.Unique {
			out["uniqueItems"] = true
		}
		return out
	case a.Value != nil:
		return map[string]any{"type": "object", "propertyNames": a.Key.schema(), "additionalProperties": a.Value.schema(), "minProperties": a.Least}
	}
	return maps.Clone(a.Plain)
}

func (o *objectAbout) schema() map[string]any {
	props, need := map[string]any{}, []string{}
	for _, f := range o.Fields {
		p := f.About.schema()
		p["description"] = f.Doc
		if f.Default != "" {
			p["default"] = f.Default
		}
		props[f.Key] = p
		if f.Required {
			need = append(need, f.Key)
		}
	}
	out := map[string]any{"type": "object", "description": o.Doc, "properties": props, "additionalProperties": false}
	if len(need) > 0 {
		out["required"] = need
	}
	if len(o.Extra) > 0 {
		out["allOf"] = o.Extra
	}
	return out
}

// rules are what holds for the file as a whole.
const rules = "`weir validate` checks a file and names every problem with its line and column. Editors complete and check it with " +
	"`gateway.schema.json`: put `# yaml-language-server: $schema=lib/catalog/gateway.schema.json` on the first line.\n\n" +
	"- One YAML document in UTF-8, at most 1 MiB. Unknown keys, keys that are there twice and keys without a value are errors.\n" +
	"- No anchors, aliases, merge keys or tags: what a line says can be read where it stands.\n" +
	"- `${NAME}` is not expanded, and no key of a provider stands in the file: a credential names its source.\n" +
	"- A name that ends in `*` is a wildcard. Its targets may end in `*`, too, and then take on the rest of the name; a target without `*` serves all of them. " +
	"A wildcard target needs a wildcard name.\n" +
	"- A provider whose credential is missing is unavailable, which is a warning: the gateway starts without it.\n" +
	"- Amounts are read from their text, never as floating-point numbers.\n"

// Page returns the reference of the file for a provider table, in Markdown.
// GATEWAY.md holds it.
func Page(rows []provider.Row) string {
	var b strings.Builder
	b.WriteString("# gateway.yaml\n\nMade from the table in this package (table.go); `go generate ./lib/catalog` writes it anew.\n\n" + rules)
	for _, o := range objects(rootShape(rows).about) {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| key | value | default | meaning |\n|---|---|---|---|\n", o.Name, o.Doc)
		for _, f := range o.Fields {
			def := ""
			switch {
			case f.Required:
				def = "needed"
			case f.Default != "":
				def = "`" + f.Default + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Key, f.About.text(), def, f.Doc)
		}
	}
	return b.String()
}

// text describes a shape for people; objects are links to their sections.
func (a about) text() string {
	switch {
	case a.Object != nil:
		return "[" + a.Object.Name + "](#" + a.Object.Name + ")"
	case a.Either != nil:
		var forms []string
		for _, x := range a.Either {
			forms = append(forms, x.text())
		}
		return strings.Join(forms, " or ")
	case a.Item != nil:
		return "list, each " + a.Item.text()
	case a.Value != nil:
		return "map of " + a.Key.text() + " to " + a.Value.text()
	case a.Range != "":
		return a.What + " (" + a.Range + ")"
	}
	return a.What
}

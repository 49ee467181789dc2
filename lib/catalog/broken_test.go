package catalog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"

	"weir/lib/accounting/price"
	"weir/lib/catalog"
	"weir/lib/money"
	"weir/lib/provider"
	"weir/lib/provider/credential"
)

// now is the day of these tests.
var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// book is a price book that knows one price for the models it names, under
// the overrides of a file.
type book struct {
	models    map[string]bool
	overrides []price.Override
}

func (b book) Find(q price.Query) (price.Price, bool) {
	for _, o := range b.overrides {
		if provider.Match(o.Target, q.Target) && !q.At.Before(o.From) {
			return o.Price, true
		}
	}
	one, two := money.PerMillion(1_000_000_000), money.PerMillion(2_500_000_000)
	return price.Price{Input: &one, Output: &two, Source: "book", Review: q.Model == "gpt-review"},
		b.models[q.Model] || q.Vendor == "echo"
}

func (b book) Version() string { return "test" }

// noKeys are options under which no provider has a credential, and keys some
// under which all have.
func noKeys() catalog.Options {
	return options(func(name string) (string, bool) { return "true", name == "AWS_EC2_METADATA_DISABLED" })
}

func options(getenv credential.Env) catalog.Options {
	known := map[string]bool{"gpt-4o": true, "gpt-4o-mini": true, "gpt-review": true}
	return catalog.Options{
		Now:         now,
		Prices:      func(o []price.Override) price.Pricer { return book{known, o} },
		Credentials: getenv,
	}
}

// Every rule of the file has a broken one that shows its message. The line
// after the messages tells what the JSON Schema says of the same file.
func TestBroken(t *testing.T) {
	schema := compile(t, provider.Rows())
	files, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		wants := map[string]string{}
		var cases []txtar.File
		for _, f := range archive.Files {
			if name, want := strings.CutSuffix(f.Name, ".want"); want {
				wants[name] = string(f.Data)
			} else {
				cases = append(cases, f)
			}
		}
		var out []txtar.File
		for _, c := range cases {
			name := strings.TrimSuffix(c.Name, ".yaml")
			t.Run(filepath.Base(file)+"/"+name, func(t *testing.T) {
				got := judge(t, schema, c.Data, !strings.HasPrefix(name, "warning-"))
				out = append(out, c, txtar.File{Name: name + ".want", Data: []byte(got)})
				if diff := cmp.Diff(wants[name], got); diff != "" && !*update {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		}
		if *update {
			archive.Files = out
			if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// judge returns what parser and schema say of a file. broken says whether the
// parser must refuse it.
func judge(t *testing.T, schema *jsonschema.Schema, data []byte, broken bool) string {
	t.Helper()
	snap, problems := catalog.Parse(t.Context(), "gateway.yaml", data, noKeys())
	refused := problems.Err() != nil
	if refused != broken || (snap == nil) != refused {
		t.Errorf("refused %v, want %v; snapshot %v", refused, broken, snap)
	}
	verdict := "not asked"
	if v, ok := asJSON(data); ok {
		verdict = "accepts"
		if err := schema.Validate(v); err != nil {
			verdict = "refuses"
			if !refused {
				t.Errorf("the schema refuses what the parser takes: %v", err)
			}
		}
	}
	return problems.Error() + "\nschema: " + verdict + "\n"
}

func compile(t testing.TB, rows []provider.Row) *jsonschema.Schema {
	t.Helper()
	text, err := catalog.Schema(rows)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("gateway.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("gateway.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON turns a file into the value an editor would check. ok is false where
// there is none: no YAML, several documents, aliases, a key twice.
func asJSON(data []byte) (v any, ok bool) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if dec.Decode(&doc) != nil || len(doc.Content) != 1 || !errors.Is(dec.Decode(&more), io.EOF) {
		return nil, false
	}
	return jsonOf(doc.Content[0])
}

func jsonOf(n *yaml.Node) (any, bool) {
	if n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		return nil, false
	}
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			v, ok := jsonOf(n.Content[i+1])
			if _, again := out[k.Value]; again || !ok || k.Kind != yaml.ScalarNode || k.Tag == "!!merge" || k.Tag == "!!null" {
				return nil, false
			}
			out[k.Value] = v
		}
		return out, true
	case yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			v, ok := jsonOf(c)
			if !ok {
				return nil, false
			}
			out = append(out, v)
		}
		return out, true
	case yaml.ScalarNode:
		return jsonScalar(n)
	case yaml.DocumentNode, yaml.AliasNode:
	}
	return nil, false
}

func jsonScalar(n *yaml.Node) (any, bool) {
	switch n.Tag {
	case "!!null":
		return nil, true
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), true
	case "!!int", "!!float":
		num := json.Number(n.Value)
		if _, err := json.Marshal(num); err != nil {
			return nil, false // 0x10, .inf: numbers that JSON does not have
		}
		return num, true
	}
	return n.Value, true
}

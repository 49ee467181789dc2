package events_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"weir/events"
)

const (
	usageSchema    = "usage.recorded.v1.schema.json"
	envelopeSchema = "eventbridge.schema.json"
)

func compile(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t interface{ Fatal(...any) }, s *jsonschema.Schema, data []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// samples returns the samples of a folder by name.
func samples(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("samples", dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".json")] = data
	}
	return out
}

// object is a JSON object whose members can be changed.
type object map[string]any

func parse(t *testing.T, data []byte) object {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o object) bytes(t *testing.T) []byte {
	t.Helper()
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSamples: every sample is what the struct writes, no member more and none
// less, and what the schema says.
func TestSamples(t *testing.T) {
	schema := compile(t, usageSchema)
	all := samples(t, events.TypeUsageRecordedV1)
	for _, name := range []string{"settled", "refused", "unpriced", "abandoned", "correction"} {
		if all[name] == nil {
			t.Errorf("there is no sample of a call that is %s", name)
		}
	}
	seen := map[string]bool{}
	for name, data := range all {
		t.Run(name, func(t *testing.T) {
			if err := validate(t, schema, data); err != nil {
				t.Errorf("the schema refuses it: %v", err)
			}
			e, err := events.DecodeUsageRecordedV1(data)
			if err != nil {
				t.Fatal(err)
			}
			again, err := json.MarshalIndent(e, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(data), string(again)+"\n"); diff != "" {
				t.Errorf("the struct writes it otherwise (-sample +written):\n%s", diff)
			}
			for member := range parse(t, data) {
				seen[member] = true
			}
		})
	}
	for _, m := range members(reflect.TypeFor[events.UsageRecordedV1]()) {
		if !seen[m.name] {
			t.Errorf("no sample has the member %s", m.name)
		}
	}
}

func TestEnvelopes(t *testing.T) {
	schema := compile(t, envelopeSchema)
	for name, data := range samples(t, "eventbridge") {
		t.Run(name, func(t *testing.T) {
			if err := validate(t, schema, data); err != nil {
				t.Errorf("the schema refuses it: %v", err)
			}
			var env struct {
				Type   string          `json:"detail-type"`
				Source string          `json:"source"`
				Detail json.RawMessage `json:"detail"`
			}
			if err := json.Unmarshal(data, &env); err != nil {
				t.Fatal(err)
			}
			if env.Type != name || env.Source != events.Source {
				t.Errorf("an event %s of %s", env.Type, env.Source)
			}
			if _, err := events.DecodeUsageRecordedV1(env.Detail); err != nil {
				t.Error(err)
			}
			o := parse(t, data)
			detail, _ := o["detail"].(map[string]any)
			delete(detail, "day")
			if err := validate(t, schema, o.bytes(t)); err == nil {
				t.Error("the schema of the envelope does not look at the detail")
			}
		})
	}
}

// member is a field of an event, as its tag has it.
type member struct {
	name     string
	optional bool
	typ      reflect.Type
}

func members(t reflect.Type) (out []member) {
	for f := range t.Fields() {
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		out = append(out, member{name, opts == "omitempty", f.Type})
	}
	return out
}

// TestSchemaIsTheStruct: the schema has the struct's members and no others, of
// the same types, and requires those that are always written.
func TestSchemaIsTheStruct(t *testing.T) {
	s := compile(t, usageSchema)
	for typ, s := range map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[events.UsageRecordedV1](): s,
		reflect.TypeFor[events.Tokens]():          target(s.Properties["tokens"]),
	} {
		var required, names []string
		for _, m := range members(typ) {
			names = append(names, m.name)
			if !m.optional {
				required = append(required, m.name)
			}
			p, ok := s.Properties[m.name]
			if !ok {
				t.Errorf("the schema has no member %s", m.name)
				continue
			}
			if got, want := types(p), jsonTypes(m.typ); got != want {
				t.Errorf("member %s is %q in the schema and %q in the struct", m.name, got, want)
			}
		}
		for name := range s.Properties {
			if !slices.Contains(names, name) {
				t.Errorf("the struct has no member %s", name)
			}
		}
		slices.Sort(required)
		if diff := cmp.Diff(required, slices.Sorted(slices.Values(s.Required))); diff != "" {
			t.Errorf("required members of %v (-struct +schema):\n%s", typ, diff)
		}
	}
}

// target follows a reference.
func target(s *jsonschema.Schema) *jsonschema.Schema {
	for s.Ref != nil {
		s = s.Ref
	}
	return s
}

// types are the JSON types that a schema allows.
func types(s *jsonschema.Schema) string {
	s = target(s)
	if len(s.AnyOf) > 0 {
		var all []string
		for _, a := range s.AnyOf {
			all = append(all, types(a))
		}
		return strings.Join(all, " ")
	}
	out := strings.Join(s.Types.ToStrings(), " ")
	if values, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
		out += " of " + types(values)
	}
	return out
}

func jsonTypes(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return jsonTypes(t.Elem()) + " null"
	case reflect.Map:
		return "object of " + jsonTypes(t.Elem())
	case reflect.Struct:
		return "object"
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Bool:
		return "boolean"
	default:
		return t.Kind().String()
	}
}

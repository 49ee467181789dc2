package catalog_test

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/catalog"
	"weir/lib/provider"
)

//go:generate go test -run TestGenerated -update .
var update = flag.Bool("update", false, "write generated files and golden results anew")

// The schema and the page say what the table says.
func TestGeneratedFiles(t *testing.T) {
	schema, err := catalog.Schema(provider.Rows())
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"gateway.schema.json": string(schema),
		"GATEWAY.md":          catalog.Page(provider.Rows()),
	} {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s is not what the table says; run go generate ./lib/catalog (-table +file):\n%s", file, diff)
		}
	}
}

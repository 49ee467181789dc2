package layout_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/lib/table"
	"weir/lib/table/layout"
)

// parts draws what users may choose as names, separators and escapes often
// among them.
func parts() *rapid.Generator[[]string] {
	name := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("#%235a"))))
	return rapid.SliceOfN(name, 1, 5)
}

func TestKeysSplitIntoTheirParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := parts().Draw(t, "parts")
		if diff := cmp.Diff(in, layout.Split(layout.Join(in...))); diff != "" {
			t.Errorf("key %q (-parts +split):\n%s", layout.Join(in...), diff)
		}
	})
}

// TestPrefixesOfKeysAreTheirFirstParts is what a query by prefix relies on: no
// name, whatever it holds, reaches into its neighbour's range.
func TestPrefixesOfKeysAreTheirFirstParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, first := parts().Draw(t, "key"), parts().Draw(t, "first")
		isPrefix := len(first) < len(key) && cmp.Equal(first, key[:len(first)])
		if got := strings.HasPrefix(layout.Join(key...), layout.Join(first...)+"#"); got != isPrefix {
			t.Errorf("%q under %q: %v, want %v", layout.Join(key...), layout.Join(first...), got, isPrefix)
		}
	})
}

func TestSchemasAreTables(t *testing.T) {
	if _, err := table.NewChecker(layout.All()); err != nil {
		t.Error(err)
	}
}

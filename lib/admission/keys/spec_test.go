package keys_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"weir/lib/admission/keys"
	"weir/lib/fault"
	"weir/lib/table/tabletest"
)

func TestCreateRefuses(t *testing.T) {
	s := keys.NewStore(tabletest.SQLite(t), newClock().now)
	long := strings.Repeat("é", 129)
	for name, tc := range map[string]struct {
		spec        keys.Spec
		param, says string
	}{
		"no team":                    {keys.Spec{App: "web"}, "team", "team is missing"},
		"no app":                     {keys.Spec{Team: "search"}, "app", "app is missing"},
		"a long team":                {keys.Spec{Team: long, App: "web"}, "team", "129 characters"},
		"a team in spaces":           {keys.Spec{Team: " search", App: "web"}, "team", "space"},
		"a control character":        {keys.Spec{Team: "search", App: "a\nb"}, "app", "printed"},
		"bytes that are no text":     {keys.Spec{Team: "search", App: "\xff"}, "app", "UTF-8"},
		"a long name":                {keys.Spec{Team: "search", App: "web", Name: long}, "name", "128"},
		"an empty pattern":           {keys.Spec{Team: "search", App: "web", Models: []string{"a", ""}}, "models", "empty"},
		"a pattern of two lines":     {keys.Spec{Team: "search", App: "web", Models: []string{"a\tb"}}, "models", "printed"},
		"too many patterns":          {keys.Spec{Team: "search", App: "web", Models: slices.Repeat([]string{"a"}, 65)}, "models", "64"},
		"expired already":            {keys.Spec{Team: "search", App: "web", Expires: noon}, "expires", "2026-11-22T12:00:00Z"},
		"a year that does not sort":  {keys.Spec{Team: "search", App: "web", Expires: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "expires", "10000"},
		"a principal that is no ARN": {keys.Spec{Team: "search", App: "web", Principal: "role/x"}, "principal", "ARN"},
		"everybody":                  {keys.Spec{Team: "search", App: "web", Principal: "*"}, "principal", "ARN"},
		"every account":              {keys.Spec{Team: "search", App: "web", Principal: "arn:aws:iam::*:role/x"}, "principal", "account"},
		"a key as a name":            {keys.Spec{Team: "search", App: "web", Name: "sk-weir-" + strings.Repeat("a", 51)}, "name", "holds a key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := s.Create(t.Context(), tc.spec)
			f := fault.Of(err)
			if f == nil || f.Kind != fault.Invalid || f.Param != tc.param || !strings.Contains(f.Message(), tc.says) {
				t.Errorf("error %v, want one about %s that says %q", err, tc.param, tc.says)
			}
		})
	}
	if got, err := s.List(t.Context()); err != nil || len(got) > 0 {
		t.Errorf("what was refused is there: %v, %v", got, err)
	}
}

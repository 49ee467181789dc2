package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/fault"
	"weir/lib/llm"
)

func TestReadLabels(t *testing.T) {
	long := strings.Repeat("x", maxTagValue)
	tags := func(n int) string {
		var s []string
		for i := range n {
			s = append(s, fmt.Sprintf("t%d=v", i))
		}
		return strings.Join(s, ",")
	}
	with := func(header, name, value string) map[string]string {
		all := map[string]string{name: value}
		for pair := range strings.SplitSeq(header, ",") {
			k, v, _ := strings.Cut(pair, "=")
			all[k] = v
		}
		return all
	}
	cases := map[string]struct {
		header string
		body   map[string]string
		tags   map[string]string
		use    string
		bad    string // in the message; empty: accepted
	}{
		"none":              {tags: map[string]string{}},
		"use case is apart": {header: "use_case=faq, env = prod", use: "faq", tags: map[string]string{"env": "prod"}},
		"percent-encoded":   {header: "a=x%2Cy%3Dz%20%C3%A9", tags: map[string]string{"a": "x,y=z é"}},
		"empty value":       {header: "a=", tags: map[string]string{"a": ""}},
		"value with equals": {header: "a=b=c", tags: map[string]string{"a": "b=c"}},
		"trailing comma":    {header: "a=b,", tags: map[string]string{"a": "b"}},
		"longest value":     {header: "a=" + long, tags: map[string]string{"a": long}},
		"most tags":         {header: tags(16), tags: nil},
		"header wins":       {header: "env=prod", body: map[string]string{"env": "dev", "x": "1"}, tags: map[string]string{"env": "prod", "x": "1"}},
		"body alone":        {body: map[string]string{"use_case": "chat"}, use: "chat", tags: map[string]string{}},
		"room for two of the body": {
			header: tags(14), body: map[string]string{"a": "1", "use_case": "chat", "b": "2", "c": "3", "d": "4", "e": "5"},
			use: "chat", tags: with(tags(14), "a", "1"),
		},
		"body that does not fit":  {body: map[string]string{"User ID": "1", "ok": "v", "long": long + "x"}, tags: map[string]string{"ok": "v"}},
		"no equals":               {header: "prod", bad: "has no ="},
		"upper case":              {header: "Env=prod", bad: "a name must be"},
		"long name":               {header: strings.Repeat("n", 41) + "=v", bad: "a name must be"},
		"long value":              {header: "a=" + long + "x", bad: "the value of a"},
		"bad escape":              {header: "a=%zz", bad: "the value of a"},
		"control character":       {header: "a=%0A", bad: "the value of a"},
		"not UTF-8":               {header: "a=%FF", bad: "the value of a"},
		"twice":                   {header: "a=1,a=2", bad: "occurs twice"},
		"too many":                {header: tags(17), bad: "more than 16"},
		"name of another grammar": {header: "a/b=1", bad: "a name must be"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			if c.header != "" {
				h.Set("X-Weir-Tags", c.header)
			}
			got, err := readLabels(h, llm.Facts{Tags: c.body})
			if c.bad != "" {
				if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.bad) {
					t.Fatalf("got %v, want invalid with %q", err, c.bad)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.useCase != c.use {
				t.Errorf("use case %q, want %q", got.useCase, c.use)
			}
			if c.tags != nil {
				if diff := cmp.Diff(c.tags, got.tags); diff != "" {
					t.Errorf("tags (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestReadLabelsOtherHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		header, value string
		bad           bool
	}{
		"run id":            {header: headerRun, value: strings.Repeat("r", 128)},
		"run id too long":   {header: headerRun, value: strings.Repeat("r", 129), bad: true},
		"strict":            {header: headerStrict, value: "TRUE"},
		"strict off":        {header: headerStrict, value: "false"},
		"strict misspelled": {header: headerStrict, value: "yes", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := readLabels(http.Header{c.header: {c.value}}, llm.Facts{})
			if c.bad != (fault.KindOf(err) == fault.Invalid) {
				t.Fatalf("got %v, want refused %v", err, c.bad)
			}
			if !c.bad && c.header == headerRun && l.runID != c.value {
				t.Errorf("run id %q", l.runID)
			}
			if l.strict != strings.EqualFold(c.value, "true") {
				t.Errorf("strict is %v for %q", l.strict, c.value)
			}
		})
	}
}

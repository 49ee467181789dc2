package provider

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Page returns the table of kinds as a page for people, in Markdown.
// PROVIDERS.md holds it.
func Page(rows []Row) string {
	var b strings.Builder
	b.WriteString("# Kinds of providers\n\nMade from the table in this package; `go generate ./lib/provider` writes it anew. " +
		"A new vendor with an API like one of these is one more row of data.\n\n" +
		"| kind | vendor | base URL | environment variable | offers | quirks |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", r.Kind, r.Title, address(r), variable(r), offers(r), quirks(r))
	}
	b.WriteString("\n## Sources\n\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "- `%s`, read %s: %s\n", r.Kind, r.Read, strings.Join(r.Sources, ", "))
	}
	return b.String()
}

func address(r Row) string {
	switch {
	case r.BaseURL != "":
		return "`" + r.BaseURL + "`"
	case r.Regional:
		return "the region's"
	case r.Transport == transportHTTP:
		return "`base_url` is needed"
	}
	return "built in"
}

func variable(r Row) string {
	switch {
	case r.Auth == authNone:
		return "none needed"
	case r.Auth == authAWS:
		return "the AWS SDK's own, or `" + r.Env + "`"
	case r.Env == "":
		return "`credential` is needed"
	case r.Optional:
		return "`" + r.Env + "`, optional"
	}
	return "`" + r.Env + "`"
}

func offers(r Row) string {
	var out []string
	for _, o := range r.Offers {
		s := string(o.Op)
		if o.Models != "*" {
			s += " for " + o.Models
		}
		out = append(out, s)
	}
	return strings.Join(slices.Compact(out), ", ")
}

// quirks are the names of what the row departs in, as the dialect names them.
func quirks(r Row) string {
	text, err := json.Marshal(r.Quirks)
	if err != nil {
		panic(err) // a struct of booleans
	}
	var set map[string]any
	if err := json.Unmarshal(text, &set); err != nil {
		panic(err)
	}
	var names []string
	for name := range set {
		names = append(names, "`"+name+"`")
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

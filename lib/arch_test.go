// Package lib_test holds what is true of the whole repository: which package
// may import which.
package lib_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// A rule says what packages may import outside their tests, besides the
// standard library. Own packages are named without "weir/"; "*" stands for one
// path element. What is not listed is forbidden, and a package without a rule
// fails the test: whoever adds one decides where it stands.
type rule struct {
	pkg  string
	own  []string
	deps []string // modules
}

const (
	aws      = "github.com/aws/*"
	cobra    = "github.com/spf13/cobra"
	pflag    = "github.com/spf13/pflag"
	cmp      = "github.com/google/go-cmp"
	rapid    = "pgregory.net/rapid"
	modernc  = "modernc.org/*"
	xsys     = "golang.org/x/sys"
	xterm    = "golang.org/x/term"
	xtools   = "golang.org/x/tools"
	yaml     = "go.yaml.in/yaml/v3"
	uuid     = "github.com/google/uuid"
	openaiGo = "github.com/openai/*"
	claudeGo = "github.com/anthropics/*"
)

// rules go from the ground up: a package stands below those that import it.
var rules = []rule{
	{pkg: "lib"}, // this test

	// Words that everybody shares.
	{pkg: "lib/fault"},
	{pkg: "lib/money"},
	{pkg: "lib/tokens"},
	{pkg: "lib/llm"},
	{pkg: "lib/wire", own: []string{"lib/fault"}},
	{pkg: "lib/wire/*", own: []string{"lib/fault", "lib/wire"}},

	// Dialects: pure, and strangers to each other. What several of them have to
	// know of models, histories and schemas stands in packages of its own, which
	// know no dialect.
	{pkg: "lib/dialect", own: []string{"lib/fault", "lib/money", "lib/wire", "lib/llm"}},
	{pkg: "lib/dialect/effort", own: []string{"lib/dialect", "lib/llm"}},
	{pkg: "lib/dialect/claude", own: []string{"lib/dialect", "lib/dialect/effort", "lib/llm", "lib/wire/rawjson"}},
	{pkg: "lib/dialect/history", own: []string{"lib/dialect", "lib/llm", "lib/wire/rawjson"}},
	{pkg: "lib/dialect/schema", own: []string{"lib/dialect", "lib/llm", "lib/wire/rawjson"}},
	{pkg: "lib/dialect/*", own: []string{
		"lib/fault", "lib/money", "lib/wire", "lib/wire/*", "lib/llm", "lib/tokens", "lib/dialect",
		"lib/dialect/effort", "lib/dialect/claude", "lib/dialect/history", "lib/dialect/schema",
	}},

	// Providers: data, credentials, and the only outbound HTTP.
	{pkg: "lib/provider/credential", own: []string{"lib/fault"}},
	{pkg: "lib/provider", own: []string{"lib/dialect", "lib/llm", "lib/provider/credential"}},
	{pkg: "lib/provider/upstream", own: []string{"lib/fault", "lib/llm", "lib/provider", "lib/provider/credential"}},
	{pkg: "lib/provider/upstream/bedrock", own: []string{
		"lib/fault", "lib/llm", "lib/provider", "lib/provider/upstream", "lib/wire/eventstream", "lib/wire/rawjson",
	}, deps: []string{aws}},
	{pkg: "lib/provider/echo", own: []string{"lib/dialect/echo", "lib/fault", "lib/llm", "lib/provider", "lib/provider/upstream", "lib/tokens"}},

	// The store: a port, and drivers that only composition roots know.
	{pkg: "lib/table"},
	{pkg: "lib/table/layout", own: []string{"lib/table"}},
	{pkg: "lib/table/sqlite", own: []string{"lib/table"}, deps: []string{modernc}},
	{pkg: "lib/table/dynamo", own: []string{"lib/table"}, deps: []string{aws}},

	// Domains over the port.
	{pkg: "lib/accounting/price", own: []string{"lib/fault", "lib/llm", "lib/money", "lib/provider"}},
	{pkg: "lib/accounting/price/generate", own: []string{"lib/money"}},
	{pkg: "lib/accounting/ledger", own: []string{"lib/fault", "lib/llm", "lib/money", "lib/provider", "lib/table", "lib/table/layout"}},
	{pkg: "lib/accounting/meter", own: []string{"lib/accounting/ledger", "lib/llm", "lib/tokens"}},
	{pkg: "lib/admission/keys", own: []string{"lib/fault", "lib/provider", "lib/table", "lib/table/layout"}},
	{pkg: "lib/catalog", own: []string{"lib/accounting/price", "lib/fault", "lib/llm", "lib/money", "lib/provider", "lib/provider/credential"}, deps: []string{yaml}},
	{pkg: "lib/routing", own: []string{"lib/admission/keys", "lib/catalog", "lib/fault", "lib/llm", "lib/provider"}},

	// From the row to finance: events on a bus, and what is made of them.
	{pkg: "events"},
	{pkg: "lib/bus"},
	{pkg: "lib/bus/letters", own: []string{"lib/bus", "lib/fault", "lib/table", "lib/table/layout"}},
	{pkg: "lib/accounting/publisher", own: []string{"events", "lib/accounting/ledger", "lib/bus", "lib/fault", "lib/table", "lib/table/layout"}},
	{pkg: "lib/accounting/reaper", own: []string{"lib/accounting/ledger", "lib/fault", "lib/table", "lib/table/layout"}},
	{pkg: "lib/accounting/costs", own: []string{"events", "lib/accounting/ledger", "lib/bus", "lib/fault", "lib/money", "lib/table", "lib/table/layout"}},

	// The pipeline sees stages and interfaces, never a store or a driver.
	{pkg: "lib/gateway", own: []string{
		"lib/accounting/*", "lib/admission/keys", "lib/catalog", "lib/dialect", "lib/fault", "lib/llm", "lib/money",
		"lib/provider", "lib/provider/upstream", "lib/routing", "lib/wire", "lib/wire/*",
	}},

	// Hosts, programs, and who puts them together.
	{pkg: "lib/host/local", deps: []string{xsys}},
	{pkg: "lib/cli", own: []string{
		"lib/accounting/costs", "lib/accounting/ledger", "lib/accounting/price", "lib/admission/keys", "lib/bus", "lib/bus/letters",
		"lib/catalog", "lib/fault", "lib/llm", "lib/money", "lib/provider", "lib/provider/credential",
	}, deps: []string{cobra, pflag, xterm}},
	{pkg: "lib/app/*", own: []string{
		"lib/accounting/*", "lib/admission/*", "lib/bus", "lib/bus/*", "lib/catalog", "lib/cli", "lib/dialect", "lib/dialect/*", "lib/fault", "lib/gateway", "lib/host/*",
		"lib/llm", "lib/money", "lib/provider", "lib/provider/*", "lib/provider/upstream/*", "lib/routing", "lib/table", "lib/table/*",
	}, deps: []string{aws, uuid}},
	{pkg: "functions/*", own: []string{"lib/app/*"}},

	// What only tests use.
	{pkg: "lib/table/tabletest", own: []string{"lib/table", "lib/table/layout", "lib/table/sqlite"}, deps: []string{cmp, rapid}},
	{pkg: "lib/table/tabletest/awstest", own: []string{"lib/table", "lib/table/*"}, deps: []string{aws}},
	{pkg: "lib/table/tabletest/drivers", own: []string{"lib/table", "lib/table/tabletest", "lib/table/tabletest/awstest"}},
	{pkg: "lib/testkit/booktest", own: []string{"lib/*", "lib/*/*"}},
	{pkg: "lib/testkit/rig", own: []string{"lib/*", "lib/*/*", "lib/*/*/*"}, deps: []string{uuid}},
	{pkg: "lib/testkit/strict"},
	{pkg: "lib/testkit/hubtest", own: []string{"lib/llm"}, deps: []string{rapid}},
	{pkg: "lib/testkit/golden", deps: []string{cmp, xtools}},
	{pkg: "lib/testkit/fakeanthropic", own: []string{"lib/testkit/strict"}},
	{pkg: "lib/testkit/fakebedrock", own: []string{"lib/testkit/strict", "lib/wire/eventstream"}},
	{pkg: "lib/testkit/fakeprovider", own: []string{"lib/wire", "lib/wire/*"}},
	{pkg: "lib/testkit/sdkjs/stage", own: []string{"lib/testkit/fakeanthropic", "lib/testkit/fakebedrock", "lib/testkit/fakeprovider"}},
	{pkg: "lib/testkit/sdktest/members"},
	{pkg: "lib/testkit/sdktest", own: []string{"lib/*", "lib/*/*"}, deps: []string{openaiGo, claudeGo}},
}

// neverLinked says what must not be reachable at all, through any number of
// packages.
var neverLinked = []struct{ pkg, dep string }{
	{"lib/gateway", aws},
	{"lib/gateway", modernc},
	{"lib/gateway", "weir/lib/table/dynamo"},
	{"lib/gateway", "weir/lib/table/sqlite"},
	{"lib/routing", aws},
	{"lib/routing", modernc},
	{"lib/accounting/*", aws},
	{"lib/accounting/*", modernc},
	{"lib/admission/*", aws},
	{"lib/provider/upstream", aws},
	{"lib/admission/*", modernc},
}

// modules are the folders with a go.mod.
var modules = []string{"..", "testkit/sdktest"}

// listed is a package as go list shows it. Imports are those of its product
// files, not of its tests.
type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
	Module     *struct{ Path string }
}

func TestImportDirections(t *testing.T) {
	t.Parallel()
	for _, dir := range modules {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			pkgs := list(t, dir)
			for _, p := range pkgs {
				if own, ok := ownPath(p); ok {
					checkRule(t, own, p, pkgs)
				}
			}
			for _, n := range neverLinked {
				for _, p := range pkgs {
					if own, ok := ownPath(p); ok && match(n.pkg, own) {
						if via := reach(pkgs, p, n.dep); via != "" {
							t.Errorf("%s links %s: %s", own, n.dep, via)
						}
					}
				}
			}
		})
	}
}

// TestRulesAreUsed keeps the table honest: a rule for a package that is gone
// would quietly allow its next namesake.
func TestRulesAreUsed(t *testing.T) {
	t.Parallel()
	var all []string
	for _, dir := range modules {
		for _, p := range list(t, dir) {
			if own, ok := ownPath(p); ok {
				all = append(all, own)
			}
		}
	}
	for i, r := range rules {
		if slices.ContainsFunc(rules[:i], func(s rule) bool { return s.pkg == r.pkg }) {
			t.Errorf("there are two rules for %q: make one of them", r.pkg)
		}
		if !slices.ContainsFunc(all, func(pkg string) bool { return match(r.pkg, pkg) }) {
			t.Errorf("no package matches the rule %q: remove it", r.pkg)
		}
	}
}

func checkRule(t *testing.T, own string, p listed, pkgs map[string]listed) {
	t.Helper()
	r, ok := find(own)
	if !ok {
		t.Errorf("%s has no rule: add one to the table in lib/arch_test.go that says what it may import", own)
		return
	}
	for _, imp := range p.Imports {
		dep, ok := pkgs[imp]
		if !ok || dep.Standard {
			continue
		}
		if depOwn, isOwn := ownPath(dep); isOwn {
			if !matchAny(r.own, depOwn) {
				t.Errorf("%s may not import %s", own, depOwn)
			}
			continue
		}
		if dep.Module != nil && !matchAny(r.deps, dep.Module.Path) {
			t.Errorf("%s may not import %s (module %s)", own, imp, dep.Module.Path)
		}
	}
}

// find returns the rule of a package, an exact one before a pattern.
func find(pkg string) (rule, bool) {
	if i := slices.IndexFunc(rules, func(r rule) bool { return r.pkg == pkg }); i >= 0 {
		return rules[i], true
	}
	if i := slices.IndexFunc(rules, func(r rule) bool { return match(r.pkg, pkg) }); i >= 0 {
		return rules[i], true
	}
	return rule{}, false
}

func matchAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, name) })
}

// match reports whether name is pattern, or its "*" elements filled in. For
// modules a pattern also covers everything below it.
func match(pattern, name string) bool {
	if ok, err := path.Match(pattern, name); ok && err == nil {
		return true
	}
	prefix, star := strings.CutSuffix(pattern, "/*")
	return star && strings.Contains(prefix, ".") && strings.HasPrefix(name, prefix+"/")
}

// reach returns the chain of imports by which from links dep, empty when it
// does not.
func reach(pkgs map[string]listed, from listed, dep string) string {
	seen := map[string]bool{}
	var walk func(p listed) string
	walk = func(p listed) string {
		for _, imp := range p.Imports {
			if match(dep, imp) {
				return p.ImportPath + " → " + imp
			}
			next, ok := pkgs[imp]
			if !ok || next.Standard || seen[imp] {
				continue
			}
			seen[imp] = true
			if via := walk(next); via != "" {
				return p.ImportPath + " → " + via
			}
		}
		return ""
	}
	return walk(from)
}

// ownPath is the package's path inside the repository.
func ownPath(p listed) (string, bool) {
	if p.Module == nil {
		return "", false
	}
	return strings.CutPrefix(p.ImportPath, "weir/")
}

// list returns every package of the module in dir and all they depend on.
func list(t *testing.T, dir string) map[string]listed {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports,Standard,Module", "./...")
	cmd.Dir, cmd.Stderr = dir, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list in %s: %v\n%s", dir, err, stderr.String())
	}
	pkgs := map[string]listed{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		if err != nil {
			t.Fatalf("the output of go list: %v", err)
		}
		pkgs[p.ImportPath] = p
	}
}

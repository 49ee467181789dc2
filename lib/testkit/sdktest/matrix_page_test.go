package sdktest_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write CONFORMANCE.md anew")

const conformancePage = "../CONFORMANCE.md"

// conformance counts cells. Safe for concurrent use.
type conformance struct {
	mu    sync.Mutex
	cells map[spot]*tally
}

// spot is a place of the page.
type spot struct{ scenario, client, target string }

// tally counts the cells of a place: whole and streamed.
type tally struct {
	exist, ran, passed int
	why                []string // the rules by which the others do not exist
}

func (p *conformance) at(c *cell, change func(*tally)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := spot{c.scenario.name, c.who.name, c.to.name}
	if p.cells[key] == nil {
		p.cells[key] = &tally{}
	}
	change(p.cells[key])
}

func (p *conformance) expect(c *cell) { p.at(c, func(t *tally) { t.exist++ }) }

func (p *conformance) skip(c *cell, why string) {
	p.at(c, func(t *tally) { t.why = append(t.why, why) })
}

func (p *conformance) done(c *cell, failed bool) {
	p.at(c, func(t *tally) {
		t.ran++
		if !failed {
			t.passed++
		}
	})
}

// check compares the page with what ran, or writes it. A run of some of the
// cells says nothing of the page.
func (p *conformance) check(t *testing.T) {
	t.Helper()
	exist, ran, _, _ := p.sum(func(spot) bool { return true })
	if ran < exist {
		t.Logf("%d of %d cells ran: the page is not compared", ran, exist)
		return
	}
	got := p.page(t)
	if *update {
		if err := os.WriteFile(conformancePage, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(conformancePage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("CONFORMANCE.md is of another run; go generate ./lib/testkit/sdktest writes it anew (-page +run):\n%s", diff)
	}
}

// sum adds up the places that are picked.
func (p *conformance) sum(pick func(spot) bool) (exist, ran, passed, skipped int) {
	for at, t := range p.cells {
		if pick(at) {
			exist, ran, passed, skipped = exist+t.exist, ran+t.ran, passed+t.passed, skipped+len(t.why)
		}
	}
	return exist, ran, passed, skipped
}

func (p *conformance) page(t *testing.T) string {
	t.Helper()
	exist, _, passed, skipped := p.sum(func(spot) bool { return true })
	var w strings.Builder
	fmt.Fprintf(&w, `# Conformance of the official Go SDKs

**%d of %d cells pass.** %d more cannot exist, each for the reason that is named.

A cell is a scenario of `+"`sdktest/matrix_*_test.go`"+` by one client over one provider in one mode (whole or streamed), against a whole gateway
with fake providers behind it that refuse what the vendors refuse. `+"`go test ./...` in `sdktest`"+` runs them all and compares this page;
`+"`go generate ./...`"+` there writes it anew. The npm SDKs have a page of their own: [sdkjs/CONFORMANCE.md](sdkjs/CONFORMANCE.md).

Clients: %s. Providers: OpenAI; DeepSeek, for the compatible ones; Anthropic; Amazon Bedrock with Claude, by InvokeModel for callers of
Anthropic's API and by Converse for those of OpenAI's; Bedrock with Nova, by Converse.
`, passed, exist, skipped, sdkVersions(t))
	for _, who := range clients {
		p.table(&w, who)
	}
	return w.String()
}

// table writes the cells of one client.
func (p *conformance) table(w *strings.Builder, who client) {
	exist, _, passed, _ := p.sum(func(at spot) bool { return at.client == who.name })
	fmt.Fprintf(w, "\n## %s: %d of %d\n\n| scenario |", who.title, passed, exist)
	for _, to := range targets {
		fmt.Fprintf(w, " %s |", to.title)
	}
	w.WriteString("\n|---|" + strings.Repeat("---|", len(targets)) + "\n")
	var reasons []string
	for _, s := range scenarios() {
		fmt.Fprintf(w, "| %s |", strings.ReplaceAll(s.name, "_", " "))
		for _, to := range targets {
			fmt.Fprintf(w, " %s |", p.cells[spot{s.name, who.name, to.name}].text(&reasons))
		}
		w.WriteString("\n")
	}
	w.WriteString("\n")
	for i, why := range reasons {
		fmt.Fprintf(w, "%d. %s\n", i+1, why)
	}
}

// text is a spot as it stands in the table; new reasons are added to the list
// below it.
func (t *tally) text(reasons *[]string) string {
	text := "–"
	if t.exist > 0 {
		text = fmt.Sprintf("%d of %d", t.passed, t.exist)
	}
	why := slices.Clone(t.why)
	slices.Sort(why)
	for _, y := range slices.Compact(why) {
		if !slices.Contains(*reasons, y) {
			*reasons = append(*reasons, y)
		}
		text += fmt.Sprintf("<sup>%d</sup>", slices.Index(*reasons, y)+1)
	}
	return text
}

// sdkVersions are those of go.mod.
func sdkVersions(t *testing.T) string {
	t.Helper()
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, who := range clients {
		m := regexp.MustCompile(`(?m)^\t` + regexp.QuoteMeta(who.module) + ` (v\S+)$`).FindStringSubmatch(string(mod))
		if m == nil {
			t.Fatalf("go.mod does not name %s", who.module)
		}
		all = append(all, strings.TrimPrefix(who.module, "github.com/")+" "+m[1])
	}
	return strings.Join(all, ", ")
}

package costs_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"weir/lib/accounting/costs"
	"weir/lib/accounting/ledger"
	"weir/lib/accounting/publisher"
	"weir/lib/bus"
	"weir/lib/cli"
	"weir/lib/llm"
	"weir/lib/money"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
)

// page is what finance reads. Its figures come from the calls in monthFile.
const (
	page      = "../../../events/FINANCE.md"
	monthFile = "testdata/month.csv"
)

//go:generate go test -run TestFinancePage -update .
var update = flag.Bool("update", false, "write the figures of FINANCE.md anew")

// worked is one line of the worked month: a call, or a correction of one.
type worked struct {
	no                                string
	began                             time.Time
	dims                              costs.Dims
	end                               string
	source                            ledger.UsageSource
	input, cacheRead, output          int64
	refused, abandoned, corrects, raw string
	cost                              money.NanoUSD
	priced                            bool
}

// tariff is the worked month's, in nano-dollars a token: input, cache_read,
// output.
var tariff = map[string][3]int64{
	"gpt-4o-mini":       {150, 75, 600},
	"claude-sonnet-4-5": {3000, 300, 15000},
}

func workedMonth(t *testing.T) []worked {
	t.Helper()
	f, err := os.Open(monthFile)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var month []worked
	for _, l := range lines[1:] {
		w := worked{no: l[0], dims: costs.Dims{Team: l[2], App: l[3], UseCase: l[4], Provider: l[5], Model: l[6]}, source: ledger.UsageSource(l[8]), raw: l[7]}
		if w.began, err = time.Parse(time.RFC3339, l[1]); err != nil {
			t.Fatal(err)
		}
		for i, to := range []*int64{&w.input, &w.cacheRead, &w.output} {
			if *to, err = strconv.ParseInt(l[9+i], 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		w.end = l[7]
		if rest, ok := strings.CutPrefix(w.end, "refused "); ok {
			w.refused, w.end = rest, rest
		}
		if rest, ok := strings.CutPrefix(w.end, "corrects "); ok {
			w.corrects, w.end, _ = strings.Cut(rest, " ")
		}
		if w.end == "abandoned" {
			w.abandoned = w.no
		}
		price, ok := tariff[w.dims.Model]
		w.priced = ok || w.dims.Model == ""
		w.cost = money.NanoUSD(w.input*price[0] + w.cacheRead*price[1] + w.output*price[2])
		month = append(month, w)
	}
	return month
}

func workedID(no string) string { return "019a0000-0000-7000-8000-" + fmt.Sprintf("%012s", no) }

// id is that of the row.
func (w worked) id() string {
	if w.corrects != "" {
		return workedID(w.corrects) + "~1"
	}
	return workedID(w.no)
}

// happen lets the call happen, as far as the ledger is concerned.
func (w worked) happen(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("call %s: %v", w.no, err)
		}
	}
	deadline := w.began.Add(11 * time.Minute)
	if w.corrects == "" {
		must(l.Open(t.Context(), ledger.Row{
			CallID: w.id(), State: ledger.Open, Team: w.dims.Team, App: w.dims.App, KeyID: "0123456789AB", UseCase: w.dims.UseCase,
			Op: llm.OpChat, Dialect: "openaichat", RequestedModel: "fast", StartedAt: w.began, Day: ledger.DayOf(w.began, time.UTC), Deadline: deadline,
		}))
	}
	switch {
	case w.refused != "":
		must(l.Refuse(t.Context(), w.id(), w.refused, w.began))
	case w.abandoned != "":
		_, err := l.Abandon(t.Context(), w.id(), deadline.Add(time.Minute))
		must(err)
	default:
		must(l.Settle(t.Context(), strings.TrimSuffix(w.id(), "~1"), ledger.Settlement{
			Outcome: w.end, Provider: w.dims.Provider, Model: w.dims.Model, UsageSource: w.source,
			Usage: llm.Usage{Input: w.input, CacheRead: w.cacheRead, Output: w.output}, Cost: w.cost, Unpriced: !w.priced, SettledAt: w.began.Add(time.Second),
		}))
	}
}

// lay lets the worked month happen and brings it all the way into the cells.
func lay(t *testing.T, tb table.Table, month []worked) {
	t.Helper()
	letters := &dead{}
	pub := publisher.New(bus.NewDirect(booker(tb, letters).Book), letters, clock, slog.New(slog.DiscardHandler))
	l := ledger.New(tb)
	for _, w := range month {
		w.happen(t, l)
		it, err := tb.Get(t.Context(), layout.Ledger, rowKey(w.id()), true)
		if err != nil || it == nil {
			t.Fatalf("row of call %s: %v, %v", w.no, it, err)
		}
		done, err := pub.Take(t.Context(), []table.Change{{Table: layout.Ledger, Key: rowKey(w.id()), New: it}})
		if err != nil || done != 1 {
			t.Fatalf("publishing call %s: %d, %v", w.no, done, err)
		}
	}
	letters.want(t)
}

// weir runs the command with these arguments on tb and returns what it prints.
func weir(t *testing.T, tb table.Table, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	p := &cli.Program{
		LookupEnv: func(string) (string, bool) { return "", false }, Stdout: &out, Stderr: &errs, Now: clock,
		OpenStore: func(context.Context, cli.StoreRef, bool) (*cli.Store, error) {
			return &cli.Store{Costs: costs.NewReader(tb), Close: func() error { return nil }}, nil
		},
	}
	if status := p.Run(t.Context(), args); status != 0 {
		t.Fatalf("weir %s: exit status %d: %s", strings.Join(args, " "), status, errs.String())
	}
	return out.String()
}

// TestFinancePage: the figures on the page are those that the program makes of
// the calls on the page.
func TestFinancePage(t *testing.T) {
	month := workedMonth(t)
	tb := tabletest.SQLite(t)
	lay(t, tb, month)
	text := readPage(t)
	want := text
	for name, block := range map[string]string{
		"prices": priceTable(), "calls": callTable(month), "cells": cellTable(t, tb, month), "days": dayTable(t, tb),
	} {
		want = fill(t, want, name, "end "+name, block)
	}
	for _, command := range commands(text) {
		out := weir(t, tb, strings.Fields(command)[1:]...)
		want = fill(t, want, command, "end", "```text\n"+out+"```\n")
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(want, text); diff != "" {
		t.Errorf("FINANCE.md is not what the program says; run go generate ./lib/accounting/costs (-program +page):\n%s", diff)
	}
}

func readPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fill replaces what stands between the marks begin and end.
func fill(t *testing.T, text, begin, end, block string) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, "<!-- begin "+begin+" -->\n")
	_, after, closed := strings.Cut(rest, "<!-- "+end+" -->")
	if !ok || !closed {
		t.Fatalf("the page has no place for %q", begin)
	}
	return before + "<!-- begin " + begin + " -->\n" + block + "<!-- " + end + " -->" + after
}

// commands are those whose output is on the page.
func commands(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if c, ok := strings.CutPrefix(strings.TrimSpace(line), "<!-- begin weir "); ok {
			all = append(all, "weir "+strings.TrimSuffix(c, " -->"))
		}
	}
	return all
}

// mdTable writes a table; columns from right on are numbers.
func mdTable(right int, head []string, lines [][]string) string {
	var b strings.Builder
	row := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	row(head)
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = "---"
		if i >= right {
			rule[i] = "--:"
		}
	}
	fmt.Fprintf(&b, "|%s|\n", strings.Join(rule, "|"))
	for _, l := range lines {
		row(l)
	}
	return b.String()
}

func priceTable() string {
	lines := [][]string{}
	for _, model := range []string{"gpt-4o-mini", "claude-sonnet-4-5"} {
		line := []string{model}
		for _, nano := range tariff[model] {
			line = append(line, money.NanoUSD(nano*1_000_000).String())
		}
		lines = append(lines, line)
	}
	lines = append(lines, []string{"in-house", "not known", "", ""})
	return mdTable(1, []string{"model", "input", "cache_read", "output"}, lines)
}

func callTable(month []worked) string {
	var lines [][]string
	for _, w := range month {
		cost := w.cost.Fixed()
		if !w.priced {
			cost = "not known"
		}
		lines = append(lines, []string{
			w.no, w.began.Format(time.DateTime), w.dims.Team, w.dims.App, w.dims.UseCase, w.dims.Model, w.raw, string(w.source),
			fmt.Sprint(w.input), fmt.Sprint(w.cacheRead), fmt.Sprint(w.output), cost,
		})
	}
	return mdTable(8, []string{"no.", "began", "team", "app", "use_case", "model", "end", "usage", "input", "cache_read", "output", "cost in USD"}, lines)
}

// columns are the figures of the page's own tables; the others are 0 in all of
// its cells.
var columns = []string{"calls", "refused", "errors", "input", "cache_read", "output", "cost_nano_usd", "estimated_nano_usd", "unpriced_calls"}

func shown(s costs.Sums) []string {
	var out []string
	for _, name := range columns {
		out = append(out, fmt.Sprint(s.Values()[slices.Index(costs.Figures(), name)]))
	}
	return out
}

func cellTable(t *testing.T, tb table.Table, month []worked) string {
	t.Helper()
	rep, err := costs.NewReader(tb).Report(t.Context(), costs.Filter{Month: "2026-11"}, costs.Dimensions())
	if err != nil {
		t.Fatal(err)
	}
	var lines [][]string
	for _, r := range rep.Rows {
		var of []string
		for _, w := range month {
			if w.dims == r.Dims && w.began.Month() == time.November {
				of = append(of, w.no)
			}
		}
		lines = append(lines, slices.Concat([]string{r.Team, r.App, r.UseCase, r.Provider, r.Model, strings.Join(of, ", ")}, shown(r.Sums)))
	}
	lines = append(lines, slices.Concat([]string{"total", "", "", "", "", ""}, shown(rep.Total)))
	return mdTable(6, slices.Concat(costs.Dimensions(), []string{"of"}, columns), lines)
}

func dayTable(t *testing.T, tb table.Table) string {
	t.Helper()
	var lines [][]string
	var total costs.Sums
	for d := range 30 {
		day := fmt.Sprintf("2026-11-%02d", d+1)
		rep, err := costs.NewReader(tb).Report(t.Context(), costs.Filter{Day: day}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(rep.Rows) == 0 {
			continue
		}
		lines = append(lines, append([]string{day}, shown(rep.Total)...))
		if err := total.Add(rep.Total); err != nil {
			t.Fatal(err)
		}
	}
	lines = append(lines, append([]string{"total"}, shown(total)...))
	return mdTable(1, append([]string{"day"}, columns...), lines)
}

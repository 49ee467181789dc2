package booktest

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/table"
	"weir/lib/table/layout"
)

// What follows adds up rows by hand. Nothing of it is code that adds them up
// for the cells, and the names are those that scripts use.

var (
	dimensionNames = []string{"team", "app", "use_case", "provider", "model"}
	tokenNames     = []string{"input", "cache_read", "cache_write_5m", "cache_write_1h", "audio_input", "output", "audio_output", "reasoning"}
	figureNames    = slices.Concat([]string{"calls", "refused", "errors", "cache_hits"}, tokenNames,
		[]string{"cost_nano_usd", "saved_nano_usd", "estimated_nano_usd", "unpriced_calls"})
)

// sums are the figures of a cell, by name.
type sums map[string]int64

func (s sums) add(o sums) {
	for name, v := range o {
		s[name] += v
	}
}

// cells are sums by period and dimensions.
type cells map[string]sums

func (c cells) at(period string, dimensions ...string) sums {
	name := fmt.Sprintf("%s %q", period, dimensions)
	if c[name] == nil {
		c[name] = sums{}
		for _, f := range figureNames {
			c[name][f] = 0
		}
	}
	return c[name]
}

// periods are those that have cells.
func (c cells) periods() map[string]bool {
	all := map[string]bool{}
	for name := range c {
		period, _, _ := strings.Cut(name, " ")
		all[period] = true
	}
	return all
}

// total is the sum of all cells of months, or of days.
func (c cells) total(months bool) sums {
	all := sums{}
	for name, s := range c {
		if period, _, _ := strings.Cut(name, " "); isMonth(period) == months {
			all.add(s)
		}
	}
	return all
}

func isMonth(period string) bool { return len(period) == len("2026-11") }

// account is a row as weir calls shows it, as far as finance asks.
type account struct {
	CallID      string           `json:"call_id"`
	Corrects    string           `json:"corrects"`
	State       string           `json:"state"`
	Outcome     string           `json:"outcome"`
	Team        string           `json:"team"`
	App         string           `json:"app"`
	UseCase     string           `json:"use_case"`
	CellUseCase *string          `json:"cell_use_case"`
	Provider    string           `json:"provider"`
	Model       string           `json:"model"`
	Tokens      map[string]int64 `json:"tokens"`
	UsageSource string           `json:"usage_source"`
	Cost        *int64           `json:"cost_nano_usd"`
	StartedAt   time.Time        `json:"started_at"`
}

// figures are what the row adds to its cells.
func (a account) figures() sums {
	s := maps.Clone(sums(a.Tokens))
	if a.Cost == nil {
		s["unpriced_calls"] = 1
	} else {
		s["cost_nano_usd"] = *a.Cost
		if a.UsageSource == "estimated" {
			s["estimated_nano_usd"] = *a.Cost
		}
	}
	switch {
	case a.Corrects != "":
		if a.Outcome == "ok" {
			s["errors"] = -1
		}
	case a.State == "refused":
		s["refused"] = 1
	default:
		s["calls"] = 1
		if a.Outcome != "ok" {
			s["errors"] = 1
		}
	}
	return s
}

// fold adds up the rows that are closed, by the day and the month in which
// they began in zone.
func fold(rows []account, zone *time.Location) cells {
	all := cells{}
	for _, a := range rows {
		if a.State == "open" {
			continue
		}
		useCase := a.UseCase
		if a.CellUseCase != nil {
			useCase = *a.CellUseCase
		}
		for _, form := range []string{"2006-01-02", "2006-01"} {
			all.at(a.StartedAt.In(zone).Format(form), a.Team, a.App, useCase, a.Provider, a.Model).add(a.figures())
		}
	}
	return all
}

func accountsOf(t *testing.T, raw map[string]json.RawMessage) []account {
	t.Helper()
	rows := make([]account, 0, len(raw))
	for _, text := range raw {
		var a account
		if err := json.Unmarshal(text, &a); err != nil {
			t.Fatalf("row %s: %v", text, err)
		}
		rows = append(rows, a)
	}
	return rows
}

// costs asks weir costs for all cells of periods, in JSON for months and in
// CSV for days, and checks that the total is that of the cells.
func (p *program) costs(periods ...string) cells {
	p.t.Helper()
	all := cells{}
	for _, period := range periods {
		if isMonth(period) {
			p.costsJSON(all, period)
		} else {
			p.costsCSV(all, period)
		}
	}
	return all
}

func (p *program) costsJSON(all cells, month string) {
	p.t.Helper()
	type line map[string]json.RawMessage
	var doc struct {
		Period string
		Rows   []line
		Total  line
	}
	p.cli(&doc, "costs", "--month", month, "--by", strings.Join(dimensionNames, ","))
	figures := func(l line) sums {
		s := sums{}
		for _, name := range figureNames {
			s[name] = p.number(string(l[name]))
		}
		return s
	}
	total := sums{}
	for _, l := range doc.Rows {
		names := make([]string, len(dimensionNames))
		for i, name := range dimensionNames {
			if err := json.Unmarshal(l[name], &names[i]); err != nil {
				p.t.Fatalf("%s of %v: %v", name, l, err)
			}
		}
		s := figures(l)
		total.add(s)
		all.at(month, names...).add(s)
	}
	if diff := cmp.Diff(total, figures(doc.Total)); len(doc.Rows) > 0 && diff != "" || doc.Period != month {
		p.t.Errorf("weir costs: %s, total of %d lines (-want +got):\n%s", doc.Period, len(doc.Rows), diff)
	}
}

func (p *program) costsCSV(all cells, day string) {
	p.t.Helper()
	out := p.output("costs", "--day", day, "--by", strings.Join(dimensionNames, ","), "--format", "csv")
	lines, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		p.t.Fatalf("weir costs: %v: %s", err, out)
	}
	column := func(line []string, name string) string {
		i := slices.Index(lines[0], name)
		if i < 0 {
			p.t.Fatalf("weir costs has no column %s: %v", name, lines[0])
		}
		return line[i]
	}
	for _, line := range lines[1:] {
		var names []string
		for _, name := range dimensionNames {
			names = append(names, column(line, name))
		}
		s := sums{}
		for _, name := range figureNames {
			s[name] = p.number(column(line, name))
		}
		all.at(column(line, "period"), names...).add(s)
	}
}

func (p *program) number(text string) int64 {
	p.t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// stored reads all cells of periods by the names of their attributes.
func stored(t *testing.T, tb table.Table, periods ...string) cells {
	t.Helper()
	all := cells{}
	for _, period := range periods {
		q := table.Query{Table: layout.Costs, PK: period}
		for {
			page, err := tb.Query(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range page.Items {
				d := table.Decode(it)
				var names []string
				for _, name := range dimensionNames {
					names = append(names, d.String(name))
				}
				s := sums{}
				for _, name := range figureNames {
					s[name] = d.Int(name)
				}
				if err := d.Err(); err != nil {
					t.Error(err)
				}
				all.at(period, names...).add(s)
			}
			if q.Cursor = page.Cursor; q.Cursor == "" {
				break
			}
		}
	}
	return all
}

// wantCells checks that the rows, by hand, are the cells: so each is in one
// cell of a day and one of a month, and nothing else is in any.
func wantCells(t *testing.T, want, got cells) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cells (-rows added up +kept):\n%s", diff)
	}
	if diff := cmp.Diff(got.total(false), got.total(true)); diff != "" {
		t.Errorf("sums (-days +months):\n%s", diff)
	}
}

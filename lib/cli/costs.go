package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"weir/lib/accounting/costs"
	"weir/lib/fault"
)

// Costs are the cost cells, as commands read them; *costs.Reader implements it.
type Costs interface {
	Report(ctx context.Context, f costs.Filter, by []string) (costs.Report, error)
}

func (p *Program) costs() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "costs",
		Short: "Sum up what calls cost, by team, application, use case, provider and model",
		Long: `Sum up the cost cells of a month or a day: calls, tokens and cost, by the named
columns, with a total.

A call counts in the day and month in which it began, in the billing zone
(settings.billing_zone; UTC unless stated). Figures of the last minutes may
still be on their way; a month is final an hour after its end. A filter takes
an empty value, too: --use-case '' are the calls that named none.`,
		Example: `  weir costs                                   # this month, by team
  weir costs --month 2026-11 --by team,app
  weir costs --day 2026-11-22 --by provider,model
  weir costs --month 2026-11 --team search --by use_case --format csv`,
		Args: noArgs,
	}
	flags := cmd.Flags()
	month := flags.String("month", "", "the `MONTH` to sum up, such as 2026-11 (default: this one, in the billing zone of the configuration)")
	day := flags.String("day", "", "a `DAY` instead, such as 2026-11-22")
	by := flags.StringSlice("by", []string{"team"}, "tell apart by these `COLUMNS`: "+strings.Join(costs.Dimensions(), ", "))
	filters := map[string]*string{}
	for _, name := range costs.Dimensions() {
		filters[name] = flags.String(strings.ReplaceAll(name, "_", "-"), "", "only this "+strings.ReplaceAll(name, "_", " "))
	}
	cmd.MarkFlagsMutuallyExclusive("month", "day")
	p.complete(cmd, "by", costs.Dimensions())
	format := formatFlag(cmd, formatTable, formatJSON, formatCSV)
	config := p.configFlag(cmd)
	store := p.storeFlag(cmd)
	cmd.RunE = run(func(ctx context.Context, _ []string) error {
		as, err := format()
		if err != nil {
			return err
		}
		f := costs.Filter{Month: *month, Day: *day, Is: map[string]string{}}
		if err := p.orThisMonth(ctx, config, &f); err != nil {
			return err
		}
		for name, value := range filters {
			if flags.Changed(strings.ReplaceAll(name, "_", "-")) {
				f.Is[name] = *value
			}
		}
		columns, err := byColumns(*by)
		if err != nil {
			return usageError{err}
		}
		return p.withStore(ctx, store, false, func(s *Store) error {
			defer p.slow("reading the cost cells")()
			report, err := s.Costs.Report(ctx, f, columns)
			switch {
			case fault.KindOf(err) == fault.Invalid:
				return usageError{explain(err)}
			case err != nil:
				return explain(err)
			}
			return p.showCosts(as, f, report)
		})
	})
	return cmd
}

// orThisMonth fills in the month in which a call that began now would be
// booked, where f names no period.
func (p *Program) orThisMonth(ctx context.Context, config func() (string, error), f *costs.Filter) error {
	if f.Month != "" || f.Day != "" {
		return nil
	}
	file, err := config()
	if err != nil {
		return err
	}
	snap, problems, err := p.readConfig(ctx, file)
	if err != nil {
		return err
	}
	if problems.Err() != nil { // warnings are not for here
		return fmt.Errorf("the billing zone is not known, because %s cannot be used: name a --month, or see weir validate --config %[1]s", file)
	}
	f.Month = p.Now().In(snap.Settings.BillingZone).Format("2006-01")
	return nil
}

// complete lets the shell complete a flag by a fixed list.
func (p *Program) complete(cmd *cobra.Command, flag string, values []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the caller has added the flag
	}
}

// byColumns checks the names of --by and puts them into the order of columns.
func byColumns(names []string) ([]string, error) {
	known := costs.Dimensions()
	wanted := map[string]bool{}
	for _, n := range names {
		n = strings.ReplaceAll(strings.TrimSpace(n), "-", "_")
		switch {
		case n == "":
		case !slices.Contains(known, n):
			return nil, fmt.Errorf("--by %q is not known: choose from %s", n, strings.Join(known, ", "))
		default:
			wanted[n] = true
		}
	}
	return slices.DeleteFunc(known, func(n string) bool { return !wanted[n] }), nil
}

func (p *Program) showCosts(format string, f costs.Filter, r costs.Report) error {
	switch format {
	case formatJSON:
		return writeJSON(p.Stdout, costDocument(f, r))
	case formatCSV:
		return p.costCSV(f, r)
	}
	if len(r.Rows) == 0 {
		p.say("No calls were booked in %s.", period(f))
		return nil
	}
	return p.costTable(r)
}

func period(f costs.Filter) string {
	if f.Day != "" {
		return f.Day
	}
	return f.Month
}

// costTable shows what people look for first; the other formats have all
// columns.
func (p *Program) costTable(r costs.Report) error {
	var columns []column
	for _, name := range r.By {
		columns = append(columns, column{head: strings.ToUpper(strings.ReplaceAll(name, "_", " "))})
	}
	for _, head := range []string{"CALLS", "ERRORS", "REFUSED", "INPUT", "CACHED", "OUTPUT", "COST $", "ESTIMATED $", "UNPRICED"} {
		columns = append(columns, column{head: head, right: true, spare: head == "ESTIMATED $" || head == "UNPRICED" || head == "REFUSED" || head == "CACHED"})
	}
	line := func(names []string, s costs.Sums) []string {
		return append(names, number(s.Calls), number(s.Errors), number(s.Refused), number(s.Input+s.CacheWrite5m+s.CacheWrite1h+s.AudioInput),
			number(s.CacheRead), number(s.Output+s.AudioOutput), s.Cost.Fixed(), s.Estimated.Fixed(), number(s.Unpriced))
	}
	lines := make([][]string, 0, len(r.Rows)+1)
	for _, row := range r.Rows {
		var names []string
		for _, name := range r.By {
			names = append(names, orDash(row.Get(name)))
		}
		lines = append(lines, line(names, row.Sums))
	}
	if len(r.By) > 0 {
		names := make([]string, len(r.By))
		names[0] = "total"
		lines = append(lines, line(names, r.Total))
	}
	return p.table(columns, lines)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// costCSV writes the columns of the cost tables, and cost_usd behind them.
func (p *Program) costCSV(f costs.Filter, r costs.Report) error {
	header := append([]string{"period"}, csvColumns(costs.Dimensions(), costs.Figures(), "cost_usd")...)
	lines := make([][]string, 0, len(r.Rows))
	for _, row := range r.Rows {
		var names, numbers []string
		for _, name := range costs.Dimensions() {
			names = append(names, row.Get(name))
		}
		for _, v := range row.Values() {
			numbers = append(numbers, number(v))
		}
		lines = append(lines, append([]string{period(f)}, csvColumns(names, numbers, row.Cost.Fixed())...))
	}
	return writeCSV(p.Stdout, header, lines)
}

// csvColumns puts the columns of a line in order. Those that the first version
// had keep their places, for spreadsheets that count columns; what was added
// since stands behind them.
func csvColumns(dimensions, figures []string, usd string) []string {
	const firstDimensions, firstFigures = 5, 16
	return slices.Concat(dimensions[:firstDimensions], figures[:firstFigures], []string{usd},
		dimensions[firstDimensions:], figures[firstFigures:])
}

// costJSON is a report as scripts read it.
type costJSON struct {
	Period string           `json:"period"`
	By     []string         `json:"by"`
	Rows   []map[string]any `json:"rows"`
	Total  map[string]any   `json:"total"`
}

func costDocument(f costs.Filter, r costs.Report) costJSON {
	doc := costJSON{Period: period(f), By: r.By, Rows: []map[string]any{}, Total: figures(r.Total)}
	if doc.By == nil {
		doc.By = []string{}
	}
	for _, row := range r.Rows {
		m := figures(row.Sums)
		for _, name := range r.By {
			m[name] = row.Get(name)
		}
		doc.Rows = append(doc.Rows, m)
	}
	return doc
}

// figures are the sums by name; cost_usd is exact where a number of JSON might
// not be.
func figures(s costs.Sums) map[string]any {
	m := map[string]any{"cost_usd": s.Cost.Fixed()}
	for i, v := range s.Values() {
		m[costs.Figures()[i]] = v
	}
	return m
}

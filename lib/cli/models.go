package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"weir/lib/catalog"
)

func (p *Program) models() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List the models callers may ask for",
		Long: `List the models callers may ask for: the targets behind each name, the dialects
they speak, the price in US dollars per million tokens, and, where a target
cannot be called, why.`,
		Example: `  weir models
  weir models --format json`,
		Args: noArgs,
	}
	config := p.configFlag(cmd)
	format := formatFlag(cmd, formatTable, formatJSON, formatCSV)
	cmd.RunE = run(func(ctx context.Context, _ []string) error {
		as, err := format()
		if err != nil {
			return err
		}
		snap, err := p.usableConfig(ctx, config)
		if err != nil {
			return err
		}
		list := snap.Listing(p.Now())
		switch as {
		case formatJSON:
			return writeJSON(p.Stdout, list)
		case formatCSV:
			return writeCSV(p.Stdout, modelsHeader, modelsCSV(list))
		}
		return p.table(modelsColumns, modelsTable(list))
	})
	return cmd
}

var (
	modelsColumns = []column{
		{head: "MODEL"},
		{head: "TARGET"},
		{head: "DIALECTS", spare: true},
		{head: "INPUT", right: true},
		{head: "OUTPUT", right: true},
		{head: "NOTE"},
	}
	modelsHeader = []string{
		"model", "strategy", "target", "provider", "kind", "upstream_model", "dialects",
		"input_usd_per_million", "output_usd_per_million", "priced", "price_source", "review", "unavailable",
	}
)

func modelsTable(list []catalog.Listing) [][]string {
	var rows [][]string
	for _, l := range list {
		name := l.Model
		for _, t := range l.Targets {
			rows = append(rows, []string{name, t.Target, strings.Join(t.Dialects, " "), t.Input, t.Output, note(t)})
			name = "" // further targets of a route stand below its name
		}
	}
	return rows
}

// note says what is special about a target, the weightiest thing only.
func note(t catalog.ListingTarget) string {
	switch {
	case t.Unavailable != "":
		return t.Unavailable
	case t.Review:
		return "price to be reviewed: its sources disagree"
	case !t.Priced && !strings.HasSuffix(t.Model, "*"):
		return "no price is known"
	}
	return ""
}

func modelsCSV(list []catalog.Listing) [][]string {
	var rows [][]string
	for _, l := range list {
		for _, t := range l.Targets {
			rows = append(rows, []string{
				l.Model, l.Strategy, t.Target, t.Provider, t.Kind, t.Model, strings.Join(t.Dialects, " "),
				t.Input, t.Output, strconv.FormatBool(t.Priced), t.PriceSource, strconv.FormatBool(t.Review), t.Unavailable,
			})
		}
	}
	return rows
}

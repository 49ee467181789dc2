package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"weir/lib/accounting/price"
)

func (p *Program) version() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Show the versions of program, Go and price book",
		Example: `  weir version
  weir version --format json`,
		Args: noArgs,
	}
	format := formatFlag(cmd, formatTable, formatJSON)
	cmd.RunE = run(func(context.Context, []string) error {
		as, err := format()
		if err != nil {
			return err
		}
		book, err := price.Load()
		if err != nil {
			return err
		}
		if as == formatJSON {
			return writeJSON(p.Stdout, struct {
				Version   string `json:"version"`
				Commit    string `json:"commit"`
				Go        string `json:"go"`
				PriceBook string `json:"price_book"`
			}{p.Version.Version, p.Version.Commit, p.Version.Go, book.Version()})
		}
		commit := p.Version.Commit
		if commit == "" {
			commit = "unknown"
		}
		_, err = fmt.Fprintf(p.Stdout, "weir %s (commit %s, %s, price book %s)\n", p.Version.Version, commit, p.Version.Go, book.Version())
		return err
	})
	return cmd
}

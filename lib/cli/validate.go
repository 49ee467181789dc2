package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"weir/lib/catalog"
)

func (p *Program) validate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Find every problem of a configuration",
		Long: `Find every problem of a configuration.

Errors go to stdout as file:line:column: message, and the exit status is 1. What
only limits the gateway here, such as a credential that is not set, is a warning
on stderr. A clean configuration is silent.`,
		Example: `  weir validate
  weir validate --config staging.yaml --format json`,
		Args: noArgs,
	}
	config := p.configFlag(cmd)
	format := formatFlag(cmd, formatTable, formatJSON)
	cmd.RunE = run(func(ctx context.Context, _ []string) error {
		as, err := format()
		if err != nil {
			return err
		}
		file, err := config()
		if err != nil {
			return err
		}
		if file == "" {
			return errors.New("there is no " + catalog.FileName + " in this folder: name a file with --config")
		}
		_, problems, err := p.readConfig(ctx, file)
		if err != nil {
			return err
		}
		if err := p.showProblems(as, problems); err != nil {
			return err
		}
		if problems.Err() != nil {
			return silentError{}
		}
		return nil
	})
	return cmd
}

// problemJSON is a problem as scripts read it.
type problemJSON struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
}

func (p *Program) showProblems(format string, problems catalog.Problems) error {
	if format == formatJSON {
		list := make([]problemJSON, 0, len(problems))
		for _, x := range problems {
			list = append(list, problemJSON{x.File, x.Line, x.Column, x.Severity.String(), x.Message})
		}
		return writeJSON(p.Stdout, list)
	}
	for _, x := range problems {
		w := p.Stdout
		if x.Severity == catalog.Warning {
			w = p.Stderr
		}
		if _, err := fmt.Fprintln(w, x); err != nil {
			return err
		}
	}
	return nil
}

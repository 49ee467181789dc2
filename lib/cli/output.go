package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// Output formats.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatCSV   = "csv"
)

// formatFlag adds --format to a command and returns its checked value.
func formatFlag(cmd *cobra.Command, allowed ...string) func() (string, error) {
	list := strings.Join(allowed, ", ")
	flag := cmd.Flags().String("format", allowed[0], "output as "+list)
	complete := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return allowed, cobra.ShellCompDirectiveNoFileComp
	}
	if err := cmd.RegisterFlagCompletionFunc("format", complete); err != nil {
		panic(err) // the flag was added one line above
	}
	return func() (string, error) {
		if !slices.Contains(allowed, *flag) {
			return "", usageError{fmt.Errorf("--format %q is not known: choose one of %s", *flag, list)}
		}
		return *flag, nil
	}
}

// writeJSON writes v as one indented document.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// writeCSV writes rows below a header of stable names, as what spreadsheets
// take for text or numbers and never for a formula.
func writeCSV(w io.Writer, header []string, rows [][]string) error {
	out := csv.NewWriter(w)
	if err := out.Write(header); err != nil {
		return err
	}
	for _, row := range rows {
		line := make([]string, len(row))
		for i, cell := range row {
			line[i] = inert(cell)
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// inert puts an apostrophe before what a spreadsheet would run: tags and names
// come from callers, and the file goes to finance
// (owasp.org/www-community/attacks/CSV_Injection, read 2026-11).
func inert(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return cell
	}
	if _, err := strconv.ParseFloat(cell, 64); err == nil {
		return cell
	}
	return "'" + cell
}

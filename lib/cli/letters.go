package cli

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"weir/lib/bus"
	"weir/lib/bus/letters"
)

// Letters are the dead letters, as commands read them; *letters.Letters
// implements it.
type Letters interface {
	List(ctx context.Context, next string, limit int) (letters.Page, error)
	Delete(ctx context.Context, key string) error
}

func (p *Program) usage() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "usage",
		Short:   "Look after the way from the ledger to the cost tables",
		Example: `  weir usage dead-letters`,
		Args:    noArgs,
		RunE:    help,
	}
	cmd.AddCommand(p.deadLetters())
	return cmd
}

func (p *Program) deadLetters() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dead-letters",
		Short: "Show rows and events that could not be counted",
		Long: `Show rows and events that could not be counted: of a version that this program
does not know, with figures that cannot be, or too large for a sum. Each is kept
until it is deleted here, and is in no cost cell.

The exit status is 1 when there are any.`,
		Example: `  weir usage dead-letters
  weir usage dead-letters --format json
  weir usage dead-letters --delete 0193a8c4-8a4e-7c3e-9d0b-6f7a1c2d3e4f`,
		Args: noArgs,
	}
	remove := cmd.Flags().String("delete", "", "delete the letter of this `KEY`, once it has been dealt with")
	format := formatFlag(cmd, formatTable, formatJSON)
	store := p.storeFlag(cmd)
	cmd.RunE = run(func(ctx context.Context, _ []string) error {
		as, err := format()
		if err != nil {
			return err
		}
		return p.withStore(ctx, store, false, func(s *Store) error {
			if *remove != "" {
				return explain(s.Letters.Delete(ctx, *remove))
			}
			return p.listLetters(ctx, as, s.Letters)
		})
	})
	return cmd
}

// letterJSON is a dead letter as scripts read it.
type letterJSON struct {
	Key    string `json:"key"`
	From   string `json:"from"`
	Reason string `json:"reason"`
	At     string `json:"at"`
	Body   string `json:"body"`
}

func (p *Program) listLetters(ctx context.Context, format string, from Letters) error {
	const page = 100
	all := []bus.Letter{}
	unreadable := 0
	for next := ""; ; {
		got, err := from.List(ctx, next, page)
		if err != nil {
			return explain(err)
		}
		all = append(all, got.Letters...)
		for _, err := range got.Unreadable {
			p.say("weir: %v", err)
			unreadable++
		}
		if next = got.Next; next == "" {
			break
		}
	}
	if err := p.writeLetters(format, all); err != nil {
		return err
	}
	if len(all)+unreadable > 0 {
		return silentError{}
	}
	return nil
}

func (p *Program) writeLetters(format string, all []bus.Letter) error {
	if format == formatJSON {
		doc := make([]letterJSON, len(all))
		for i, l := range all {
			doc[i] = letterJSON{Key: l.Key, From: l.From, Reason: l.Reason, At: l.At.UTC().Format(time.RFC3339), Body: string(l.Body)}
		}
		return writeJSON(p.Stdout, doc)
	}
	if len(all) == 0 {
		p.say("There are no dead letters.")
		return nil
	}
	lines := make([][]string, len(all))
	for i, l := range all {
		lines[i] = []string{l.At.UTC().Format(time.DateTime), l.Key, l.From, l.Reason, fmt.Sprint(utf8.RuneCount(l.Body))}
	}
	return p.table([]column{{head: "SINCE"}, {head: "KEY"}, {head: "FROM"}, {head: "REASON"}, {head: "LENGTH", right: true, spare: true}}, lines)
}

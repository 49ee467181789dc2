package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
)

// Calls are the ledger's rows, as commands read them; *ledger.Ledger
// implements it.
type Calls interface {
	Recent(ctx context.Context, f ledger.Filter) (ledger.Found, error)
	Corrected(ctx context.Context, callID string) (c ledger.Corrected, ok bool, err error)
}

func (p *Program) calls() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "calls",
		Short: "Show what was called, and what it cost",
		Long: `Show calls, the newest first: one row of the ledger for each.

A call that is open is under way, or its process has died; open calls are shown
whatever their age, unless --since is given. It takes a span such as 1h or 7d, a
day such as 2026-11-25, or an instant such as 2026-11-25T08:00:00Z.`,
		Example: `  weir calls --last 5
  weir calls --team search --since 1h
  weir calls --state open
  weir calls --since 7d --last 1000 --format csv > calls.csv
  weir calls show 0193a8c4-8a4e-7c3e-9d0b-6f7a1c2d3e4f`,
		Args: noArgs,
	}
	flags := cmd.Flags()
	last := flags.Int("last", 20, "show at most this many")
	team := flags.String("team", "", "only calls of this team")
	state := flags.String("state", "", "only calls in this state: open, settled or refused")
	since := flags.String("since", "30d", "only calls since then: a `SPAN`, a day, or an instant")
	format := formatFlag(cmd, formatTable, formatJSON, formatCSV)
	store := p.storeFlag(cmd)
	cmd.RunE = run(func(ctx context.Context, _ []string) error {
		as, err := format()
		if err != nil {
			return err
		}
		if ledger.State(*state) == ledger.Open && !flags.Changed("since") {
			*since = ""
		}
		f, err := p.callFilter(*last, *team, *state, *since)
		if err != nil {
			return usageError{err}
		}
		return p.withStore(ctx, store, false, func(s *Store) error {
			defer p.slow("reading the ledger")()
			found, err := s.Calls.Recent(ctx, f)
			if err != nil {
				return explain(err)
			}
			return p.showCalls(as, found)
		})
	})
	cmd.AddCommand(p.callsShow())
	return cmd
}

func (p *Program) callFilter(last int, team, state, since string) (ledger.Filter, error) {
	f := ledger.Filter{Until: p.Now().Add(time.Minute), Team: team, State: ledger.State(state), Limit: last}
	if last < 1 {
		return f, fmt.Errorf("--last %d: show at least 1", last)
	}
	switch f.State {
	case "", ledger.Open, ledger.Settled, ledger.Refused:
	default:
		return f, fmt.Errorf("--state %q is not known: choose one of open, settled, refused", state)
	}
	if since == "" {
		return f, nil
	}
	var err error
	if f.Since, err = parseSince(since, p.Now()); err != nil {
		return f, fmt.Errorf("--since: %w", err)
	}
	if f.Since.After(p.Now()) {
		return f, fmt.Errorf("--since %s is in the future", since)
	}
	return f, nil
}

func (p *Program) showCalls(format string, found ledger.Found) error {
	if err := p.writeCalls(format, found.Rows); err != nil {
		return err
	}
	if found.Bounded {
		p.say("Older calls may match, too: the search ended at its bounds. Narrow it with --since, or show fewer with --last.")
	}
	for _, err := range found.Unreadable {
		p.say("weir: %v", err)
	}
	if len(found.Unreadable) > 0 {
		p.say("weir: these rows cannot be read by this version of weir")
		return silentError{}
	}
	return nil
}

func (p *Program) writeCalls(format string, rows []ledger.Row) error {
	switch format {
	case formatJSON:
		if rows == nil {
			rows = []ledger.Row{}
		}
		return writeJSON(p.Stdout, rows)
	case formatCSV:
		lines := make([][]string, 0, len(rows))
		for _, r := range rows {
			lines = append(lines, callCSV(r))
		}
		return writeCSV(p.Stdout, callHeader, lines)
	}
	if len(rows) == 0 {
		p.say("No calls match.")
		return nil
	}
	lines := make([][]string, 0, len(rows))
	for _, r := range rows {
		lines = append(lines, callLine(r))
	}
	return p.table(callColumns, lines)
}

func (p *Program) callsShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show CALL-ID",
		Short: "Show everything that is known of one call",
		Long: `Show everything that is known of one call. Its id is in the answer's header
x-weir-call-id, and in the list of weir calls.

A call that was given up, because its process seemed dead, and that came to an
end after all has a correction: a row of its own, which is shown below it. Its
figures are what the end added.`,
		Example: `  weir calls show 0193a8c4-8a4e-7c3e-9d0b-6f7a1c2d3e4f
  weir calls show 0193a8c4-8a4e-7c3e-9d0b-6f7a1c2d3e4f --format json`,
		Args: oneArg("call id"),
	}
	format := formatFlag(cmd, formatTable, formatJSON)
	store := p.storeFlag(cmd)
	cmd.RunE = run(func(ctx context.Context, args []string) error {
		as, err := format()
		if err != nil {
			return err
		}
		return p.withStore(ctx, store, false, func(s *Store) error {
			call, ok, err := s.Calls.Corrected(ctx, args[0])
			switch {
			case err != nil:
				return explain(err)
			case !ok:
				return fmt.Errorf("there is no call %q: weir calls lists the newest ones", args[0])
			case as == formatJSON:
				return writeJSON(p.Stdout, call)
			}
			return p.writeCall(call)
		})
	})
	return cmd
}

// writeCall writes a call and, behind an empty line, its correction.
func (p *Program) writeCall(c ledger.Corrected) error {
	pairs := callRecord(c.Row)
	if c.Correction == nil {
		return writeRecord(p.Stdout, pairs)
	}
	pairs = append(pairs, pair{"corrected by", c.Correction.CallID})
	if err := writeRecord(p.Stdout, pairs); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(p.Stdout); err != nil {
		return err
	}
	return writeRecord(p.Stdout, callRecord(*c.Correction))
}

// explain turns a fault into what an operator can act on: its public text
// where it has one, with the cause behind it.
func explain(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	switch {
	case f.Kind == fault.StoreDown && f.Err != nil:
		return fmt.Errorf("the store does not answer (%w): wait a moment and try again", f.Err)
	case f.Public != "":
		return errors.New(f.Public)
	case f.Err != nil:
		return f.Err
	}
	return errors.New(f.Message())
}

// Package cli holds the commands of weir. It promises what scripts rely on:
// data on stdout and all else on stderr; exit status 0 for done, 1 for failed
// or found something, 2 for wrong usage; one JSON document with stable names;
// and errors that say what to do next.
//
// The package knows no store and no server. It is given both, so that a
// program links only what it uses.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Program is the weir command with what it needs from outside. All fields must
// be set. A Program runs once.
type Program struct {
	Version   Version
	LookupEnv func(name string) (string, bool)
	Stdout    io.Writer
	Stderr    io.Writer
	Now       func() time.Time
	// OpenStore opens the store that ref names. create allows it to make one
	// that is not there; otherwise that is an error.
	OpenStore func(ctx context.Context, ref StoreRef, create bool) (*Store, error)
	// Serve runs the gateway until ctx ends and then stops it in order.
	Serve func(ctx context.Context, g Gateway) error
}

// Version says which program this is.
type Version struct {
	Version string // of the release, or a description of the commit
	Commit  string // empty when it is not known
	Go      string
}

// Run runs the command that args name, without the program's own name, and
// returns the exit status.
func (p *Program) Run(ctx context.Context, args []string) int {
	root := p.root() //nolint:contextcheck // the commands get ctx from cobra, below
	root.SetArgs(args)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	var (
		reported silentError
		failure  failureError
	)
	switch {
	case errors.As(err, &reported):
		return exitFailed
	case errors.As(err, &failure):
		p.say("weir: %v", err)
		return exitFailed
	}
	p.say("weir: %s\nRun '%s --help' for its usage.", strings.TrimSpace(err.Error()), cmd.CommandPath())
	return exitUsage
}

func (p *Program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "weir",
		Short: "An LLM gateway: route, limit, price and record every call",
		Long: `Weir is an LLM gateway: one address that every application calls and every
model provider answers through.`,
		Example: `  weir local                                   # the whole gateway on this machine
  weir keys create --team search --app web     # a key for an application
  weir calls --last 5                          # what was called, and what it cost
  weir costs --by team,app                     # this month, summed up`,
		Args:          noArgs,
		RunE:          help,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(p.local(), p.validate(), p.models(), p.keys(), p.calls(), p.costs(), p.usage(), p.version())
	root.SetHelpCommand(helpCommand())
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	return root
}

// say writes a line for people. Where stderr is gone there is nobody to tell.
func (p *Program) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.Stderr, format+"\n", args...)
}

// help is what a command does that only has commands below it.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// helpCommand is weir help, for those who do not think of --help.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show the help of a command",
		Example: `  weir help
  weir help keys create`,
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return fmt.Errorf("there is no command %q to help with", strings.Join(args, " "))
			}
			return about.Help()
		},
	}
}

// noArgs refuses arguments; below a command that has others it takes them for
// misspelt commands.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasAvailableSubCommands() {
		return fmt.Errorf("%s takes no argument, but got %q", cmd.CommandPath(), args[0])
	}
	msg := fmt.Sprintf("%s has no command %q", cmd.CommandPath(), args[0])
	cmd.SuggestionsMinimumDistance = 2
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		msg += fmt.Sprintf("; did you mean %s?", strings.Join(similar, " or "))
	}
	return errors.New(msg)
}

// oneArg takes exactly one argument, which name describes.
func oneArg(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return fmt.Errorf("%s takes one %s, but got %d arguments", cmd.CommandPath(), name, len(args))
	}
}

// run adapts what a command does: an error from it is a failure, not wrong
// usage, unless it says so itself.
func run(do func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := do(cmd.Context(), args)
		var usage usageError
		if err == nil || errors.As(err, &usage) {
			return err
		}
		return failureError{err}
	}
}

// failureError is an error of a command that was used rightly.
type failureError struct{ err error }

func (e failureError) Error() string { return e.err.Error() }
func (e failureError) Unwrap() error { return e.err }

// usageError is a wrong flag value that only the command could see.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// silentError is a failure that the command has already told.
type silentError struct{}

func (silentError) Error() string { return "failed" }

// Package weir puts the operator's program together: the commands, the store
// they work on, and the gateway that runs on this machine. It is the one place
// that knows every part, and holds no rule of its own.
package weir

import (
	"context"
	"io"
	"runtime"
	"time"

	"weir/lib/cli"
)

// Process is what the program is given by the system.
type Process struct {
	Args      []string // without the program's name
	LookupEnv func(name string) (string, bool)
	Stdout    io.Writer
	Stderr    io.Writer
	Version   string // of the release, or a description of the commit
	Commit    string
}

// Main runs the command that p names and returns the exit status. It returns
// soon after ctx ends; a running gateway first stops in order.
func Main(ctx context.Context, p Process) int {
	program := cli.Program{
		Version:   cli.Version{Version: p.Version, Commit: p.Commit, Go: runtime.Version()},
		LookupEnv: p.LookupEnv,
		Stdout:    p.Stdout,
		Stderr:    p.Stderr,
		Now:       time.Now,
		OpenStore: openStore,
		Serve: func(ctx context.Context, g cli.Gateway) error {
			return serve(ctx, p.LookupEnv, g)
		},
	}
	return program.Run(ctx, p.Args)
}

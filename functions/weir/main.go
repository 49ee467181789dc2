// Command weir is the operator's program: the gateway on this machine, and the
// commands around it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // settings.billing_zone on systems that have no zones

	"weir/lib/app/weir"
)

// Set by the linker; see the Makefile.
var (
	version = "devel"
	commit  string
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	return weir.Main(ctx, weir.Process{
		Args:      os.Args[1:],
		LookupEnv: os.LookupEnv,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
		Version:   version,
		Commit:    commit,
	})
}

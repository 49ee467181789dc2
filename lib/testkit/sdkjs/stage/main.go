// Command stage runs a command of tests beside a whole weir local: the real
// program on a free port with a store of its own, and fake providers behind
// it. It promises that all of it is gone when the command has ended, and that
// its own exit status is the command's.
//
//	stage -weir bin/weir node --test chat.test.mjs
//
// The command finds what it needs in its environment: WEIR_URL and WEIR_KEY of
// the gateway, WEIR_NARROW_KEY, a key that may use the model echo/any alone,
// WEIR_DIRECT, what the fakes are called by without the gateway, as JSON, and
// WEIR_STAGE, an address whose GET /requests?model=NAME lists what the
// providers were sent for a model, and whose POST /openai, /anthropic and
// /bedrock ?model=NAME queue answers of a fake.
//
// Only tests use it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() { os.Exit(run()) }

func run() int {
	weir := flag.String("weir", "bin/weir", "the `program` to test")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: stage [-weir program] command [argument ...]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := perform(ctx, *weir, flag.Args())
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return max(exit.ExitCode(), 1) // -1 is a signal
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stage:", err)
		return 1
	}
	return 0
}

// perform builds the stage, runs the command on it and takes it down.
func perform(ctx context.Context, weir string, command []string) (err error) {
	dir, err := os.MkdirTemp("", "weir-stage-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fakes, err := startFakes(ctx)
	if err != nil {
		return err
	}
	defer fakes.close()
	gateway, err := startGateway(ctx, weir, dir, fakes)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // the operator's own command
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "WEIR_URL="+gateway.url, "WEIR_KEY="+gateway.key, "WEIR_NARROW_KEY="+gateway.narrow, "WEIR_DIRECT="+fakes.direct(), "WEIR_STAGE="+fakes.control.url)
	err = cmd.Run()
	if stopped := gateway.stop(); stopped != nil && err == nil {
		err = stopped
	}
	if err != nil {
		showLog(filepath.Join(dir, logName))
	}
	return err
}

// showLog prints the end of the gateway's log.
func showLog(path string) {
	const most = 8 << 10
	f, err := os.Open(path) //nolint:gosec // our own file
	if err != nil {
		return // it was told already
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd)
	}
	fmt.Fprintln(os.Stderr, "stage: the end of the gateway's log:")
	_, _ = io.Copy(os.Stderr, f)
}

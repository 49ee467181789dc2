package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakeprovider"
)

const (
	logName = "log"
	// upTime and downTime are how long the program may take to begin and to
	// end.
	upTime   = 30 * time.Second
	downTime = 40 * time.Second
)

// config is the gateway.yaml. A short head_wait lets keep-alives leave before
// the first token of a provider that takes two seconds; a shorter one would let
// heads leave before errors where the machine is busy.
func config(f *fakes) string {
	return `version: 1
providers:
  echo: { kind: echo }
  openai: { kind: openai, base_url: "` + f.openai.url + `/v1" }
  anthropic: { kind: anthropic, base_url: "` + f.anthropic.url + `" }
  bedrock: { kind: bedrock, region: eu-west-1, base_url: "` + f.bedrock.url + `" }
  nobody: { kind: openai-compatible, base_url: "http://127.0.0.1:1/v1", credential: none }
models:
  "echo/*": echo/*
  "openai/*": openai/*
  "anthropic/*": anthropic/*
  "bedrock/*": bedrock/*
  nobody: nobody/any
prices:
  "openai/*": { input: 1.00, output: 4.00, cache_read: 0.25 }
  "anthropic/*": { input: 1.00, output: 4.00, cache_read: 0.25, cache_write_5m: 1.25, cache_write_1h: 2.00 }
  "bedrock/*": { input: 1.00, output: 4.00, cache_read: 0.25, cache_write_5m: 1.25, cache_write_1h: 2.00 }
  "nobody/*": { input: 1.00, output: 4.00 }
settings:
  head_wait: 1500ms
  timeouts: { total: 30s }
`
}

// gateway is a weir local under way.
type gateway struct {
	url, key string
	narrow   string // a key that may use echo/any alone
	cmd      *exec.Cmd
	ended    chan error
}

// startGateway starts the program and waits until it answers calls.
func startGateway(ctx context.Context, weir, dir string, f *fakes) (*gateway, error) {
	file, store := filepath.Join(dir, "gateway.yaml"), filepath.Join(dir, "store")
	if err := os.WriteFile(file, []byte(config(f)), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, logName)) //nolint:gosec // in our own folder
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()                                                                                        // the program has its own handle
	cmd := exec.CommandContext(ctx, weir, "local", "--config", file, "--store", "embedded:"+store, "--listen", "127.0.0.1:0") //nolint:gosec // the program under test
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir,
		"OPENAI_API_KEY=" + fakeprovider.Key, "ANTHROPIC_API_KEY=" + fakeanthropic.Key,
		"AWS_ACCESS_KEY_ID=AKIDSTAGE", "AWS_SECRET_ACCESS_KEY=secret-of-the-stage", "AWS_EC2_METADATA_DISABLED=true",
	}
	cmd.Stderr = log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = downTime
	out, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		_, _ = w.Close(), out.Close()
		return nil, fmt.Errorf("%w; build it with: make build", err)
	}
	_ = w.Close()
	g := &gateway{cmd: cmd, ended: make(chan error, 1)}
	go func() { g.ended <- cmd.Wait() }()
	err = g.greeting(out)
	if err == nil {
		g.narrow, err = narrowKey(ctx, weir, store)
	}
	if err != nil {
		_ = g.stop()
		showLog(log.Name())
		return nil, err
	}
	return g, nil
}

// narrowKey makes a key that may use one model.
func narrowKey(ctx context.Context, weir, store string) (string, error) {
	cmd := exec.CommandContext(ctx, weir, "keys", "create", "--team", "stage", "--app", "narrow", "--models", "echo/any", "--store", "embedded:"+store) //nolint:gosec // the program under test
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	key, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("weir keys create: %w", err)
	}
	return strings.TrimSpace(string(key)), nil
}

// greeting reads address and key from what the program prints, and goes on
// reading so that it can print more.
func (g *gateway) greeting(out *os.File) error {
	if err := out.SetReadDeadline(time.Now().Add(upTime)); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for (g.url == "" || g.key == "") && lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch n := len(fields); {
		case n > 2 && fields[n-2] == "at" && g.url == "":
			g.url = fields[n-1]
		case n == 2 && fields[0] == "key":
			g.key = fields[1]
		}
	}
	if g.url == "" || g.key == "" {
		_ = out.Close()
		return errors.New("weir local did not print its address and its key")
	}
	if err := out.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	go func() { // ends with the program
		_, _ = io.Copy(io.Discard, out)
		_ = out.Close()
	}()
	return nil
}

// stop ends the program as an operator does; it must end well.
func (g *gateway) stop() error {
	_ = g.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case err := <-g.ended:
		if err != nil {
			return fmt.Errorf("weir local ended badly: %w", err)
		}
		return nil
	case <-time.After(downTime):
		_ = g.cmd.Process.Kill()
		return fmt.Errorf("weir local did not end within %v: %w", downTime, <-g.ended)
	}
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is the real program on a folder of its own.
type program struct {
	t   *testing.T
	dir string
	env []string
}

func (p program) command(args ...string) *exec.Cmd {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.CommandContext(p.t.Context(), self)
	cmd.Args = append([]string{"weir"}, args...) // TestMain goes by the name
	cmd.Dir, cmd.Env = p.dir, append(p.env, "HOME="+p.dir, quickExit)
	return cmd
}

// start starts weir local and returns its address and development key.
func (p program) start() (cmd *exec.Cmd, url, key string) {
	p.t.Helper()
	cmd = p.command("local", "--listen", "127.0.0.1:0")
	cmd.Stderr = p.t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	banner := readBanner(stdout)
	return cmd, find(`is ready at (\S+)`, banner), find(`(sk-weir-\S+)\n`, banner)
}

// rows are the ledger's rows that weir calls shows with args.
func (p program) rows(args ...string) (rows []struct{ State, Outcome string }) {
	p.t.Helper()
	out, err := p.command(append([]string{"calls", "--format", "json"}, args...)...).Output()
	if err != nil {
		p.t.Fatalf("weir calls: %v", err)
	}
	if err := json.Unmarshal(out, &rows); err != nil {
		p.t.Fatal(err)
	}
	return rows
}

// stream begins a slow streamed answer of ten words and returns when its first
// frame has come.
func stream(t *testing.T, url, key string) *bufio.Reader {
	t.Helper()
	const body = `{"model":"echo/slow","stream":true,"messages":[{"role":"user","content":"one two three four five six seven eight nine ten"}]}`
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	r := bufio.NewReader(resp.Body)
	if first, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(first, "data: ") {
		t.Fatalf("the first line is %q, %v", first, err)
	}
	return r
}

// SIGTERM lets a call under way come to its end, and its row is settled.
func TestStopFinishesCalls(t *testing.T) {
	t.Parallel()
	p := program{t: t, dir: t.TempDir()}
	cmd, url, key := p.start()
	answer := stream(t, url, key)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(answer)
	if err != nil || !strings.Contains(string(rest), `"ten"`) || !strings.HasSuffix(string(rest), "data: [DONE]\n\n") {
		t.Errorf("the answer ended with %q, %v", rest, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
	rows := p.rows()
	if len(rows) != 1 || rows[0].State != "settled" || rows[0].Outcome != "ok" {
		t.Errorf("rows %v, want one that is settled and ok", rows)
	}
}

// After kill -9 the call under way is an open row, and nothing else is.
func TestKillLeavesOpenRows(t *testing.T) {
	t.Parallel()
	p := program{t: t, dir: t.TempDir()}
	cmd, url, key := p.start()
	if _, err := io.ReadAll(stream(t, url, key)); err != nil {
		t.Fatal(err)
	}
	stream(t, url, key)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the program survived kill -9")
	}
	if open := p.rows("--state", "open"); len(open) != 1 {
		t.Errorf("open rows: %v, want one", open)
	}
	if all := p.rows(); len(all) != 2 {
		t.Errorf("rows: %v, want two", all)
	}
}

//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is an ordinary user: root may write anywhere, so that under root the
// program is run as somebody else.
const nobody = 65534

// What a folder without write access does to each command is told with what
// to do about it.
func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "weir")
	copyProgram(t, program)
	folder := filepath.Join(dir, "store")
	if err := os.Mkdir(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	// The folders above a test's belong to whoever runs it.
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"local", "--listen", "127.0.0.1:0"},
		{"keys", "create", "--team", "a", "--app", "b"},
		{"keys", "list"},
		{"calls"},
	} {
		t.Run(args[0], func(t *testing.T) {
			var stderr strings.Builder
			cmd := exec.CommandContext(t.Context(), program, append(args, "--store", "embedded:"+folder)...)
			cmd.Env, cmd.Stderr = []string{"HOME=" + dir, quickExit}, &stderr
			if os.Geteuid() == 0 {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
			}
			err := cmd.Run()
			if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 {
				t.Fatalf("%v, want exit status 1\n%s", err, stderr.String())
			}
			for _, want := range []string{folder, "permission denied", "choose another folder"} {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("the error does not say %q: %s", want, stderr.String())
				}
			}
		})
	}
}

func copyProgram(t *testing.T, to string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	// A program that another test forks meanwhile would hold the file open for
	// writing until its exec, and a file that is written cannot be run
	// (ETXTBSY; go.dev/issue/22315). So nobody forks meanwhile.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// status N command args… runs a command that must exit with status N.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command args…")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s\n%s%s", got, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// gatewayKey is the key of a script's gateway among its values.
type gatewayKey struct{}

// gateway is a weir local under way.
type gateway struct{ cmd *exec.Cmd }

// quickExit spares programs with the race detector a second's sleep at their
// end (go.dev/doc/articles/race_detector, "Options").
const quickExit = "GORACE=atexit_sleep_ms=0"

func setup(env *testscript.Env) error {
	env.Values[gatewayKey{}] = &gateway{}
	env.Vars = append(env.Vars, quickExit)
	return nil
}

// startGateway starts weir local on a free port and waits until it is ready.
// It writes what is printed to the file banner, and the curl in it to
// pasted.sh; URL, KEY and KEYID are set from it.
func startGateway(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: gateway args…")
	}
	path, err := exec.LookPath("weir") // testscript puts it into the test's own PATH
	ts.Check(err)
	stderr, err := os.Create(ts.MkAbs("log"))
	ts.Check(err)
	cmd := exec.Command(path, append([]string{"local", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Dir, cmd.Stderr = ts.MkAbs("."), stderr
	cmd.Env = []string{quickExit}
	for _, name := range []string{"PATH", "HOME", "WEIR_LOG", "WEIR_STORE", "WEIR_CONFIG", "OPENAI_API_KEY", "GROQ_API_KEY"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	stdout, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = stderr.Close()
	})
	banner := readBanner(stdout)
	ts.Check(os.WriteFile(ts.MkAbs("banner"), []byte(banner), 0o600))
	if !strings.Contains(banner, "is ready at") {
		ts.Fatalf("no gateway: %s%s", banner, ts.ReadFile("log"))
	}
	ts.Setenv("URL", find(`is ready at (\S+)`, banner))
	ts.Setenv("KEY", find(`(sk-weir-\S+)\n`, banner))
	ts.Setenv("KEYID", find(`sk-weir-(\w{12})-`, banner))
	_, pasted, _ := strings.Cut(banner, "Try it:\n")
	ts.Check(os.WriteFile(ts.MkAbs("pasted.sh"), []byte(pasted), 0o600))
	ts.Setenv("PID", strconv.Itoa(cmd.Process.Pid))
	ts.Value(gatewayKey{}).(*gateway).cmd = cmd //nolint:errcheck,forcetypeassert // set in setup
}

// readBanner reads until the banner is whole or the program has ended.
func readBanner(r io.Reader) string {
	var b strings.Builder
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		b.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), bannerEnd) || strings.Contains(lines.Text(), "weir keys create makes others") {
			break
		}
	}
	return b.String()
}

// bannerEnd stands in the last line of a banner with a curl.
const bannerEnd = "-d '"

// endGateway stops the gateway with a signal. SIGTERM must end it well, and
// nothing else may.
func endGateway(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) > 1 || neg {
		ts.Fatalf("usage: endgateway [KILL]")
	}
	cmd := ts.Value(gatewayKey{}).(*gateway).cmd //nolint:errcheck,forcetypeassert // set in setup
	sig := syscall.SIGTERM
	if len(args) == 1 && args[0] == "KILL" {
		sig = syscall.SIGKILL
	}
	ts.Check(cmd.Process.Signal(sig))
	err := cmd.Wait()
	if sig == syscall.SIGTERM && err != nil {
		ts.Fatalf("the gateway did not end well: %v\n%s", err, ts.ReadFile("log"))
	}
	ts.Logf("%s", ts.ReadFile("log"))
}

func find(pattern, text string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// capture VAR FILE PATTERN sets VAR to the pattern's first group in the file.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: capture VAR file pattern")
	}
	text := ts.ReadFile(args[1])
	value := find(args[2], text)
	if value == "" {
		ts.Fatalf("%s does not match %s:\n%s", args[1], args[2], text)
	}
	ts.Setenv(args[0], value)
}

// masks replace what differs from run to run.
var masks = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`sk-weir-[0-9A-Za-z]{12}-[0-9A-Za-z]{38}`), "SECRET"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`), "CALL"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?`), "TIME"},
	{regexp.MustCompile(`_ms": [\d.]+`), `_ms": MS`},
	{regexp.MustCompile(`\b[\d.]+ ms\b`), "MS ms"},
	{regexp.MustCompile(`(?m)^(config +)\w+$`), "${1}HASH"},
	{regexp.MustCompile(`(price_version": "|price book +)\d{4}-\d\d-\d\d`), "${1}BOOK"},
}

// masked FILE WANT compares a file, what differs from run to run apart, with
// another.
func masked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: masked file want")
	}
	got := ts.ReadFile(args[0])
	if id := ts.Getenv("KEYID"); id != "" {
		got = strings.ReplaceAll(got, id, "KEY-ID")
	}
	for _, m := range masks {
		got = m.pattern.ReplaceAllString(got, m.with)
	}
	if diff := cmp.Diff(ts.ReadFile(args[1]), got); diff != "" {
		ts.Fatalf("%s (-want +got):\n%s", args[0], diff)
	}
}

// mode MODE FILE checks a file's permissions, in octal.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode 600 file")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

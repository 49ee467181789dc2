package booktest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"weir/lib/testkit/rig"
)

// shipped is the program as it is shipped, without the race detector, built
// once for all tests that ask for it.
var shipped struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shipped.dir != "" {
		_ = os.RemoveAll(shipped.dir)
	}
	os.Exit(code)
}

func build(t *testing.T) (bin string) {
	t.Helper()
	shipped.once.Do(func() {
		if shipped.dir, shipped.err = os.MkdirTemp("", "weir-books-"); shipped.err != nil { //nolint:usetesting // outlives the test
			return
		}
		cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", shipped.dir, "weir/functions/weir")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			shipped.err = fmt.Errorf("building the program: %w\n%s", err, out)
		}
	})
	if shipped.err != nil {
		t.Fatal(shipped.err)
	}
	return filepath.Join(shipped.dir, "weir")
}

// program is weir on a folder of its own.
type program struct {
	t   *testing.T
	bin string
	dir string
}

func newProgram(t *testing.T, config string) *program {
	t.Helper()
	p := &program{t: t, bin: build(t), dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(p.dir, "gateway.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// command is weir with args, in an environment that holds nothing but the
// provider's credential.
func (p *program) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(p.t.Context(), p.bin, args...)
	cmd.Dir, cmd.Env = p.dir, []string{"HOME=" + p.dir, "BOOKS_KEY=" + rig.Secret}
	return cmd
}

// running is weir local.
type running struct {
	*program

	cmd      *exec.Cmd
	url, key string
	stderr   *bytes.Buffer // to be read when the program has ended
}

var (
	readyAt = regexp.MustCompile(`is ready at (\S+)`)
	devKey  = regexp.MustCompile(`(sk-weir-\S+)`)
)

// start starts weir local and returns when it answers.
func (p *program) start() *running {
	p.t.Helper()
	r := &running{program: p, stderr: &bytes.Buffer{}}
	r.cmd = p.command("local", "--config", "gateway.yaml", "--store", "embedded:store", "--listen", "127.0.0.1:0")
	r.cmd.Stderr = r.stderr
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	for r.url == "" || r.key == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			_ = r.cmd.Wait()
			p.t.Fatalf("weir local ended before it was ready: %v\n%s", err, r.stderr)
		}
		if m := readyAt.FindStringSubmatch(line); m != nil {
			r.url = m[1]
		}
		if m := devKey.FindStringSubmatch(line); m != nil {
			r.key = m[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }() // ends with the program
	return r
}

// end waits for the program's end and checks that its log holds no secret, no
// panic and no address of a provider.
func (r *running) end() error {
	err := r.cmd.Wait()
	log := r.stderr.String()
	for _, private := range []string{rig.Secret, r.key, "panic", "goroutine ", "DATA RACE"} {
		if strings.Contains(log, private) {
			r.t.Errorf("the log holds %q:\n%s", private, log)
		}
	}
	return err
}

// output is what a command on the store prints.
func (p *program) output(args ...string) string {
	p.t.Helper()
	cmd := p.command(append(args, "--store", "embedded:store")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// cli runs a command on the store and decodes what it prints.
func (p *program) cli(into any, args ...string) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.output(append(args, "--format", "json")...)), into); err != nil {
		p.t.Fatalf("weir %s: %v", strings.Join(args, " "), err)
	}
}

// row is a row as weir calls and GET /v1/usage show it.
type row struct {
	CallID   string            `json:"call_id"`
	Corrects string            `json:"corrects"`
	State    string            `json:"state"`
	Outcome  *string           `json:"outcome"`
	Tags     map[string]string `json:"tags"`
	Provider *string           `json:"provider"`
	Model    *string           `json:"model"`
	Tokens   *struct {
		Input       int64 `json:"input"`
		CacheRead   int64 `json:"cache_read"`
		Output      int64 `json:"output"`
		AudioInput  int64 `json:"audio_input"`
		AudioOutput int64 `json:"audio_output"`
		Reasoning   int64 `json:"reasoning"`
	} `json:"tokens"`
	UsageSource       *string `json:"usage_source"`
	CostNanoUSD       *int64  `json:"cost_nano_usd"`
	UpstreamRequestID *string `json:"upstream_request_id"`
	Attempts          []struct {
		Outcome string `json:"outcome"`
	} `json:"attempts"`
}

// rows are all rows, or those in one state, each with the JSON it came as.
func (p *program) rows(state string) map[string]json.RawMessage {
	p.t.Helper()
	args := []string{"calls", "--last", "5000"}
	if state != "" {
		args = append(args, "--state", state)
	}
	var list []json.RawMessage
	p.cli(&list, args...)
	rows := map[string]json.RawMessage{}
	for _, raw := range list {
		r := p.decode(raw)
		if rows[r.CallID] != nil {
			p.t.Fatalf("row %s is listed twice", r.CallID)
		}
		rows[r.CallID] = raw
	}
	return rows
}

func (p *program) decode(raw json.RawMessage) (r row) {
	p.t.Helper()
	if err := json.Unmarshal(raw, &r); err != nil {
		p.t.Fatalf("row %s: %v", raw, err)
	}
	return r
}

package openaichat_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"weir/lib/dialect"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/golden"
	"weir/lib/testkit/hubtest"
	"weir/lib/wire/sse"
)

const maxEvent = 1 << 20

var head = dialect.Head{CallID: "0199", Model: "upstream-model", Created: time.Unix(1795514700, 0)}

// op of a fixture: its name begins with embed where it is one.
func opOf(fx *golden.Fixture) llm.Op {
	if strings.HasPrefix(fx.Name, "embed") {
		return llm.OpEmbed
	}
	return llm.OpChat
}

// target of a fixture: target.json, or a plain one.
func targetOf(t *testing.T, fx *golden.Fixture) dialect.Target {
	t.Helper()
	target := dialect.Target{Model: "upstream-model", Path: openaichat.PathChat}
	if opOf(fx) == llm.OpEmbed {
		target.Path = openaichat.PathEmbed
	}
	if fx.Has("target.json") {
		if err := json.Unmarshal(fx.Bytes("target.json"), &target); err != nil {
			t.Fatal(err)
		}
	}
	return target
}

// problem is an error as a fixture shows it.
func problem(err error) string {
	e := fault.Of(err)
	return fmt.Sprintf("kind: %s\nparam: %s\ncode: %s\nmessage: %s\n", e.Kind, e.Param, e.Code, e.Message())
}

func losses(all []llm.Loss) string {
	var b strings.Builder
	for _, l := range all {
		fmt.Fprintf(&b, "%s: %s\n", l.Field, l.Why)
	}
	return b.String()
}

// A caller's request becomes this hub value, or this error.
func TestDecode(t *testing.T) {
	golden.Each(t, "testdata/decode/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		body := bytes.TrimSuffix(fx.Bytes("request.json"), []byte("\n"))
		req, err := openaichat.Front{}.Decode(opOf(fx), llm.Inbound{Raw: body})
		if err != nil {
			fx.Text(t, "error.txt", problem(err))
			status, _, answer := openaichat.Front{}.Error(err, "")
			if status != http.StatusBadRequest || !json.Valid(answer) {
				t.Errorf("status %d, body %s", status, answer)
			}
			return
		}
		fx.JSON(t, "llm.json", hubtest.Request(req))
		hubtest.Located(t, body, req)
	})
}

// A hub value of another dialect's caller becomes this request, or this error.
func TestEncode(t *testing.T) {
	golden.Each(t, "testdata/encode/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		req := hubtest.ParseRequest(t, fx.Bytes("llm.json"))
		out, loss, err := openaichat.Back{}.Encode(opOf(fx), req, targetOf(t, fx))
		if err != nil {
			fx.Text(t, "error.txt", problem(err))
			return
		}
		fx.JSON(t, "upstream.json", out.Body)
		fx.Text(t, "loss.txt", losses(loss))
		if got := out.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("content-type %q", got)
		}
	})
}

// A caller's request is sent on byte for byte, but for these edits.
func TestRelay(t *testing.T) {
	golden.Each(t, "testdata/relay/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		in := llm.Inbound{Dialect: openaichat.Name, Raw: fx.Bytes("request.json")}
		req, err := openaichat.Front{}.Decode(opOf(fx), in)
		if err != nil {
			t.Fatal(err)
		}
		out, loss, err := openaichat.Back{}.Relay(opOf(fx), in, req, targetOf(t, fx))
		if err != nil {
			fx.Text(t, "error.txt", problem(err))
			return
		}
		fx.Text(t, "upstream.json", string(out.Body))
		fx.Text(t, "notes.txt", fmt.Sprintf("path: %s\naccept: %s\nwithheld: %s\n%s", out.Path, out.Header.Get("Accept"), out.Withheld, losses(loss)))
	})
}

// transcript runs a stream and writes what it yields.
func transcript(fx *golden.Fixture, target dialect.Target, r io.Reader) (lines string, events []llm.Event, failed error) {
	sent := llm.Outbound{}
	if !fx.Has("usage-asked") {
		sent.Withheld = []string{"usage"}
	}
	var b strings.Builder
	for c, err := range (openaichat.Back{}).Stream(llm.OpChat, sent, target, sse.Frames(r, maxEvent)) {
		switch {
		case c.Frame.Withhold:
			fmt.Fprintf(&b, "withheld\n")
		case len(c.Frame.Data) > 0:
			fmt.Fprintf(&b, "frame %d bytes\n", len(c.Frame.Data))
		default:
			b.WriteString("no frame\n")
		}
		for _, ev := range c.Events {
			fmt.Fprintf(&b, "  %s\n", hubtest.Line(ev))
		}
		events = append(events, c.Events...)
		if err != nil {
			failed = err
			fmt.Fprintf(&b, "error %s\n", fault.KindOf(err))
		}
	}
	return b.String(), events, failed
}

// A provider's stream means these events under every chunking of its bytes,
// and callers get these frames, streamed and whole.
func TestStream(t *testing.T) {
	readers := map[string]func(io.Reader) io.Reader{
		"whole":         func(r io.Reader) io.Reader { return r },
		"byte by byte":  iotest.OneByteReader,
		"halves":        iotest.HalfReader,
		"data with EOF": iotest.DataErrReader,
	}
	golden.Each(t, "testdata/stream/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		target := targetOf(t, fx)
		var events []llm.Event
		var failed error
		for _, name := range []string{"whole", "byte by byte", "halves", "data with EOF"} {
			var lines string
			lines, events, failed = transcript(fx, target, readers[name](bytes.NewReader(fx.Bytes("upstream.sse"))))
			fx.Text(t, "chunks.txt", lines)
		}
		ordered(t, events, failed)
		if failed != nil {
			return
		}
		fx.Text(t, "client.sse", streamed(events, fx.Has("usage-asked")))
		fx.JSON(t, "client.json", whole(t, events))
		if fx.Has("upstream.json") {
			sameUsage(t, fx, target, events)
		}
	})
}

func sameUsage(t *testing.T, fx *golden.Fixture, target dialect.Target, streamed []llm.Event) {
	t.Helper()
	c, err := openaichat.Back{}.Unary(llm.OpChat, llm.Outbound{}, target, fx.Bytes("upstream.json"))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := lastUsage(streamed), lastUsage(c.Events); a != b {
		t.Errorf("streamed usage %s, unstreamed %s", a, b)
	}
	ordered(t, c.Events, nil)
	var lines strings.Builder
	for _, ev := range c.Events {
		fmt.Fprintln(&lines, hubtest.Line(ev))
	}
	fx.Text(t, "unary.txt", lines.String())
}

func lastUsage(events []llm.Event) string {
	for _, ev := range slices.Backward(events) {
		if u, ok := ev.(llm.Used); ok {
			return hubtest.Line(u)
		}
	}
	return "none"
}

func chatRequest(stream, usage bool) *llm.Request {
	return &llm.Request{Facts: llm.Facts{Stream: stream}, Body: &llm.Chat{Params: llm.Params{StreamUsage: usage}}}
}

// streamed is what a caller of a streamed call gets.
func streamed(events []llm.Event, usage bool) string {
	enc := openaichat.Front{}.Answer(chatRequest(true, usage), head)
	var b strings.Builder
	write := func(fs []llm.Frame) {
		for _, f := range fs {
			fmt.Fprintf(&b, "data: %s\n\n", f.Data)
		}
	}
	for _, ev := range events {
		fs, loss := enc.Event(ev)
		write(fs)
		for _, l := range loss {
			fmt.Fprintf(&b, "(loss %s)\n", l.Field)
		}
	}
	write(enc.End())
	return b.String()
}

// whole is what a caller of an unstreamed call gets.
func whole(t *testing.T, events []llm.Event) []byte {
	t.Helper()
	enc := openaichat.Front{}.Answer(chatRequest(false, false), head)
	for _, ev := range events {
		if fs, _ := enc.Event(ev); len(fs) > 0 {
			t.Fatalf("a unary answer sends frames before its end")
		}
	}
	frames := enc.End()
	if len(frames) != 1 {
		t.Fatalf("a unary answer has %d frames", len(frames))
	}
	return frames[0].Data
}

// ordered checks the order that llm.Event promises.
func ordered(t *testing.T, events []llm.Event, failed error) {
	t.Helper()
	open, next, stopped := map[int]bool{}, 0, false
	for i, ev := range events {
		switch ev := ev.(type) {
		case llm.Started:
			if i != 0 {
				t.Errorf("Started at place %d", i)
			}
		case llm.Opened:
			if ev.Index != next || stopped {
				t.Errorf("Opened %d, want %d (stopped: %v)", ev.Index, next, stopped)
			}
			open[ev.Index] = true
			next++
		case llm.Delta:
			if !open[ev.Index] || ev.Text == "" {
				t.Errorf("Delta %q of block %d, which is not open", ev.Text, ev.Index)
			}
		case llm.Cited:
			if !open[ev.Index] {
				t.Errorf("Cited block %d, which is not open", ev.Index)
			}
		case llm.Closed:
			if !open[ev.Index] {
				t.Errorf("Closed %d, which is not open", ev.Index)
			}
			delete(open, ev.Index)
		case llm.Stopped:
			if stopped || len(open) > 0 {
				t.Errorf("Stopped twice, or with %d open blocks", len(open))
			}
			stopped = true
		case llm.Finished:
			if i != len(events)-1 || failed != nil || !stopped {
				t.Errorf("Finished at place %d of %d, error %v, stopped %v", i, len(events), failed, stopped)
			}
		case llm.Used:
			if negative(ev.Usage) {
				t.Errorf("negative bucket: %+v", ev.Usage)
			}
		case llm.Sealed, llm.Beside, llm.Vectors, llm.Counted, llm.Dropped:
		}
	}
	if failed == nil {
		if _, ok := events[len(events)-1].(llm.Finished); !ok {
			t.Error("no error and no Finished")
		}
	}
}

func negative(u llm.Usage) bool {
	return min(u.Input, u.CacheRead, u.CacheWrite5m, u.CacheWrite1h, u.AudioIn, u.Output, u.AudioOut, u.Reasoning) < 0 || u.Reasoning > u.Output
}

// A stream that is cut at any byte ends in an error and never in Finished.
func TestCutStreamIsAnError(t *testing.T) {
	golden.Each(t, "testdata/stream/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		target := targetOf(t, fx)
		if _, _, failed := transcript(fx, target, bytes.NewReader(fx.Bytes("upstream.sse"))); failed != nil || target.Quirks.NoDone {
			return // not a whole answer, or one without a mark: see TestNoDone
		}
		data := fx.Bytes("upstream.sse")
		end := bytes.Index(data, []byte("[DONE]")) + len("[DONE]")
		for cut := range end + 1 { // the blank line behind the mark is missing
			lines, events, failed := transcript(fx, target, bytes.NewReader(data[:cut]))
			if failed == nil {
				t.Fatalf("cut after byte %d: no error\n%s", cut, lines)
			}
			for _, ev := range events {
				if _, ok := ev.(llm.Finished); ok {
					t.Fatalf("cut after byte %d: Finished\n%s", cut, lines)
				}
			}
			if kind := fault.KindOf(failed); kind != fault.Truncated && kind != fault.TargetFailed {
				t.Fatalf("cut after byte %d: kind %s", cut, kind)
			}
		}
	})
}

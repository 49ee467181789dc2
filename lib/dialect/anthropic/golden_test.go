package anthropic_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/golden"
	"weir/lib/testkit/hubtest"
	"weir/lib/wire/sse"
)

const maxEvent = 1 << 20

var head = dialect.Head{CallID: "0199", Model: "upstream-model", Created: time.Unix(1795514700, 0), InputTokens: 25}

// op of a fixture: its name begins with count where it is one.
func opOf(fx *golden.Fixture) llm.Op {
	if strings.HasPrefix(fx.Name, "count") {
		return llm.OpCount
	}
	return llm.OpChat
}

// target of a fixture: target.json, or a plain one.
func targetOf(t *testing.T, fx *golden.Fixture) dialect.Target {
	t.Helper()
	target := dialect.Target{Model: "claude-sonnet-4-5", Path: anthropic.PathMessages}
	if opOf(fx) == llm.OpCount {
		target.Path = anthropic.PathCount
	}
	if fx.Has("target.json") {
		if err := json.Unmarshal(fx.Bytes("target.json"), &target); err != nil {
			t.Fatal(err)
		}
	}
	return target
}

// inbound is a fixture's request: request.json, headers (Name: value) and
// query.
func inbound(t *testing.T, fx *golden.Fixture) llm.Inbound {
	t.Helper()
	in := llm.Inbound{Dialect: anthropic.Name, Header: http.Header{}, Raw: bytes.TrimSuffix(fx.Bytes("request.json"), []byte("\n"))}
	if fx.Has("headers") {
		for line := range strings.SplitSeq(strings.TrimSpace(string(fx.Bytes("headers"))), "\n") {
			name, value, ok := strings.Cut(line, ": ")
			if !ok {
				t.Fatalf("header %q", line)
			}
			in.Header.Add(name, value)
		}
	}
	if fx.Has("query") {
		q, err := url.ParseQuery(strings.TrimSpace(string(fx.Bytes("query"))))
		if err != nil {
			t.Fatal(err)
		}
		in.Query = q
	}
	return in
}

// problem is an error as a fixture shows it.
func problem(err error) string {
	e := fault.Of(err)
	return fmt.Sprintf("kind: %s\nparam: %s\nmessage: %s\n", e.Kind, e.Param, e.Message())
}

// A caller's request becomes this hub value, or this error.
func TestDecode(t *testing.T) {
	golden.Each(t, "testdata/decode/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		req, err := anthropic.Front{}.Decode(opOf(fx), inbound(t, fx))
		if err != nil {
			fx.Text(t, "error.txt", problem(err))
			status, _, answer := anthropic.Front{}.Error(err, "")
			if status != http.StatusBadRequest || !json.Valid(answer) {
				t.Errorf("status %d, body %s", status, answer)
			}
			return
		}
		fx.JSON(t, "llm.json", hubtest.Request(req))
		hubtest.Located(t, fx.Bytes("request.json"), req)
	})
}

// A hub value of another dialect's caller becomes this request, which the
// vendor takes, or this error.
func TestEncode(t *testing.T) {
	golden.Each(t, "testdata/encode/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		req := hubtest.ParseRequest(t, fx.Bytes("llm.json"))
		target := targetOf(t, fx)
		out, loss, err := anthropic.Back{}.Encode(opOf(fx), req, target)
		if err != nil {
			fx.Text(t, "error.txt", problem(err))
			if k := fault.KindOf(err); k != fault.Invalid {
				t.Errorf("kind %s", k)
			}
			return
		}
		fx.JSON(t, "upstream.json", out.Body)
		fx.Text(t, "loss.txt", hubtest.Losses(loss))
		if got := out.Header.Get("Anthropic-Version"); got != anthropic.Version {
			t.Errorf("anthropic-version %q", got)
		}
		if err := refused(target.Model, opOf(fx), out.Body); err != nil && !fx.Has("unchecked") {
			t.Errorf("the vendor refuses it: %v", err)
		}
	})
}

// A caller's request is sent on byte for byte, but for these edits.
func TestRelay(t *testing.T) {
	golden.Each(t, "testdata/relay/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		in := inbound(t, fx)
		req, err := anthropic.Front{}.Decode(opOf(fx), in)
		if err != nil {
			t.Fatal(err)
		}
		out, loss, err := anthropic.Back{}.Relay(opOf(fx), in, req, targetOf(t, fx))
		if err != nil {
			fx.Text(t, "error.txt", problem(err))
			return
		}
		fx.Text(t, "upstream.json", string(out.Body))
		fx.Text(t, "notes.txt", fmt.Sprintf("path: %s\nquery: %s\nversion: %s\nbeta: %q\naccept: %s\n%s",
			out.Path, out.Query.Encode(), out.Header.Get("Anthropic-Version"), out.Header.Values("Anthropic-Beta"), out.Header.Get("Accept"), hubtest.Losses(loss)))
	})
}

// A request that is sent once more without its signatures.
func TestUnseal(t *testing.T) {
	golden.Each(t, "testdata/unseal/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		in := inbound(t, fx)
		before := string(in.Raw)
		out, loss, err := anthropic.Back{}.Unseal(in)
		if err != nil {
			t.Fatal(err)
		}
		fx.Text(t, "upstream.json", string(out.Raw))
		fx.Text(t, "loss.txt", hubtest.Losses(loss))
		if string(in.Raw) != before {
			t.Error("the caller's body was changed in place")
		}
	})
}

// transcript runs a stream and writes what it yields.
func transcript(r io.Reader) (lines string, events []llm.Event, failed error) {
	var b strings.Builder
	for c, err := range (anthropic.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, sse.Frames(r, maxEvent)) {
		if len(c.Frame.Data) > 0 {
			fmt.Fprintf(&b, "%s, %d bytes\n", c.Frame.Name, len(c.Frame.Data))
		} else {
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
// and callers get these frames, streamed and whole. An answer that was not
// streamed means the same.
func TestStream(t *testing.T) {
	readers := []struct {
		name string
		wrap func(io.Reader) io.Reader
	}{
		{"whole", func(r io.Reader) io.Reader { return r }},
		{"byte by byte", iotest.OneByteReader},
		{"halves", iotest.HalfReader},
		{"data with EOF", iotest.DataErrReader},
	}
	golden.Each(t, "testdata/stream/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		var events []llm.Event
		var failed error
		for _, r := range readers {
			var lines string
			lines, events, failed = transcript(r.wrap(bytes.NewReader(fx.Bytes("upstream.sse"))))
			fx.Text(t, "chunks.txt", lines)
		}
		hubtest.Ordered(t, events, failed)
		if failed != nil {
			return
		}
		fx.Text(t, "client.sse", streamed(events))
		fx.JSON(t, "client.json", whole(t, events))
		if fx.Has("upstream.json") {
			sameMeaning(t, fx, events)
		}
	})
}

func sameMeaning(t *testing.T, fx *golden.Fixture, streamed []llm.Event) {
	t.Helper()
	c, err := anthropic.Back{}.Unary(llm.OpChat, llm.Outbound{}, dialect.Target{}, fx.Bytes("upstream.json"))
	if err != nil {
		t.Fatal(err)
	}
	hubtest.Ordered(t, c.Events, nil)
	if a, b := lastUsage(streamed), lastUsage(c.Events); a != b {
		t.Errorf("streamed usage %s, unstreamed %s", a, b)
	}
	if a, b := string(whole(t, streamed)), string(whole(t, c.Events)); a != b {
		t.Errorf("streamed   %s\nunstreamed %s", a, b)
	}
}

func lastUsage(events []llm.Event) string {
	for _, ev := range slices.Backward(events) {
		if u, ok := ev.(llm.Used); ok {
			return hubtest.Line(u)
		}
	}
	return "none"
}

func chatRequest(stream bool) *llm.Request {
	return &llm.Request{Facts: llm.Facts{Op: llm.OpChat, Stream: stream}, Body: &llm.Chat{}}
}

// streamed is what a caller of a streamed call gets.
func streamed(events []llm.Event) string {
	enc := anthropic.Front{}.Answer(chatRequest(true), head)
	var b strings.Builder
	write := func(fs []llm.Frame) {
		for _, f := range fs {
			fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", f.Name, f.Data)
		}
	}
	for _, ev := range events {
		fs, loss := enc.Event(ev)
		write(fs)
		for _, l := range loss {
			fmt.Fprintf(&b, ": loss %s\n\n", l.Field)
		}
	}
	write(enc.End())
	return b.String()
}

// whole is what a caller of an unstreamed call gets.
func whole(t *testing.T, events []llm.Event) []byte {
	t.Helper()
	enc := anthropic.Front{}.Answer(chatRequest(false), head)
	for _, ev := range events {
		if fs, _ := enc.Event(ev); len(fs) > 0 {
			t.Fatalf("a unary answer sends frames before its end")
		}
	}
	frames := enc.End()
	if len(frames) != 1 || frames[0].Name != "" {
		t.Fatalf("a unary answer has %d frames", len(frames))
	}
	return frames[0].Data
}

// A stream that is cut at any byte ends in an error and never in Finished.
func TestCutStreamIsAnError(t *testing.T) {
	golden.Each(t, "testdata/stream/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		data := fx.Bytes("upstream.sse")
		if _, _, failed := transcript(bytes.NewReader(data)); failed != nil {
			return // no whole answer
		}
		end := bytes.Index(data, []byte(`"message_stop"}`)) + len(`"message_stop"}`)
		for cut := range end + 1 { // the blank line behind the mark is missing
			lines, events, failed := transcript(bytes.NewReader(data[:cut]))
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

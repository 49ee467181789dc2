package converse_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"weir/lib/dialect"
	"weir/lib/dialect/converse"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/fakebedrock"
	"weir/lib/testkit/golden"
	"weir/lib/testkit/hubtest"
	"weir/lib/wire/eventstream"
)

const maxEvent = 1 << 20

const plainModel = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"

// targetOf a fixture: target.json, or a plain one.
func targetOf(t *testing.T, fx *golden.Fixture) dialect.Target {
	t.Helper()
	target := dialect.Target{Model: plainModel, Path: converse.PathConverse}
	if strings.HasPrefix(fx.Name, "count") {
		target.Path = converse.PathCount
	}
	if fx.Has("target.json") {
		if err := json.Unmarshal(fx.Bytes("target.json"), &target); err != nil {
			t.Fatal(err)
		}
	}
	return target
}

func opFor(fx *golden.Fixture) llm.Op {
	if strings.HasPrefix(fx.Name, "count") {
		return llm.OpCount
	}
	return llm.OpChat
}

// A hub value becomes this request, which a strict Bedrock takes, or this
// error.
func TestEncode(t *testing.T) {
	golden.Each(t, "testdata/encode/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		req := hubtest.ParseRequest(t, fx.Bytes("llm.json"))
		target := targetOf(t, fx)
		out, loss, err := converse.Back{}.Encode(opFor(fx), req, target)
		if err != nil {
			e := fault.Of(err)
			fx.Text(t, "error.txt", fmt.Sprintf("kind: %s\nparam: %s\nmessage: %s\n", e.Kind, e.Param, e.Message()))
			return
		}
		fx.JSON(t, "upstream.json", out.Body)
		fx.Text(t, "notes.txt", "path: "+out.Path+"\n"+hubtest.Losses(loss))
		if e := fakebedrock.Check(opOf(out.Path), target.Model, out.Body); e != nil {
			t.Errorf("refused: %v", e)
		}
		if got := out.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("content-type %q", got)
		}
		strict := target
		strict.Strict = true
		if _, _, err := (converse.Back{}).Encode(opFor(fx), req, strict); err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("strict: %v", err)
		}
	})
}

// framed makes a stream of a fixture's section events: a line for each event,
// its name and its data. A name with ! before it is an exception's.
func framed(data []byte) []byte {
	var out []byte
	for line := range strings.Lines(string(data)) {
		name, payload, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch exception, ok := strings.CutPrefix(name, "!"); {
		case name == "":
		case exception == "error":
			out = eventstream.AppendError(out, payload, "it failed")
		case ok:
			out = eventstream.AppendException(out, exception, []byte(payload))
		default:
			out = eventstream.AppendEvent(out, name, []byte(payload))
		}
	}
	return out
}

// transcript runs a stream and writes what it yields.
func transcript(target dialect.Target, r io.Reader) (lines string, events []llm.Event, failed error) {
	var b strings.Builder
	for c, err := range (converse.Back{}).Stream(llm.OpChat, llm.Outbound{}, target, eventstream.Frames(r, maxEvent)) {
		if c.Frame.Name != "" {
			fmt.Fprintf(&b, "%s, %d bytes\n", c.Frame.Name, len(c.Frame.Data))
		}
		for _, ev := range c.Events {
			fmt.Fprintf(&b, "  %s\n", hubtest.Line(ev))
		}
		events = append(events, c.Events...)
		if err != nil {
			failed = err
			e := fault.Of(err)
			fmt.Fprintf(&b, "error %s %q code %q\n", e.Kind, e.Public, e.Code)
		}
	}
	return b.String(), events, failed
}

// A provider's stream means these events under every chunking of its bytes.
func TestStream(t *testing.T) {
	readers := []func(io.Reader) io.Reader{
		func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader,
	}
	golden.Each(t, "testdata/stream/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		target, data := targetOf(t, fx), framed(fx.Bytes("events"))
		var events []llm.Event
		var failed error
		for _, wrap := range readers {
			var lines string
			lines, events, failed = transcript(target, wrap(bytes.NewReader(data)))
			fx.Text(t, "chunks.txt", lines)
		}
		hubtest.Ordered(t, events, failed)
		if fx.Has("upstream.json") {
			sameAnswer(t, fx, target, events)
		}
	})
}

// sameAnswer checks that the whole answer of a fixture says the same as its
// stream, and means the same usage.
func sameAnswer(t *testing.T, fx *golden.Fixture, target dialect.Target, streamed []llm.Event) {
	t.Helper()
	c, err := converse.Back{}.Unary(llm.OpChat, llm.Outbound{}, target, fx.Bytes("upstream.json"))
	if err != nil {
		t.Fatal(err)
	}
	hubtest.Ordered(t, c.Events, nil)
	var lines strings.Builder
	for _, ev := range c.Events {
		fmt.Fprintln(&lines, hubtest.Line(ev))
	}
	fx.Text(t, "unary.txt", lines.String())
	if a, b := joined(streamed), joined(c.Events); a != b {
		t.Errorf("streamed:\n%s\nunstreamed:\n%s", a, b)
	}
}

// joined is an answer with each block's deltas in one, and the usage where it
// counts: at the end.
func joined(events []llm.Event) string {
	var out []string
	texts := map[int]int{}
	used := ""
	for _, ev := range events {
		switch ev := ev.(type) {
		case llm.Used:
			used = hubtest.Line(ev)
		case llm.Delta:
			if at, ok := texts[ev.Index]; ok {
				out[at] += ev.Text
				continue
			}
			texts[ev.Index] = len(out)
			out = append(out, fmt.Sprintf("Text %d %s", ev.Index, ev.Text))
		case llm.Started, llm.Opened, llm.Sealed, llm.Cited, llm.Closed, llm.Beside, llm.Vectors, llm.Counted, llm.Stopped, llm.Dropped, llm.Finished:
			out = append(out, hubtest.Line(ev))
		}
	}
	return strings.Join(append(out, used), "\n")
}

// A stream that is cut at any byte ends in an error and never in Finished.
func TestCutStreamIsAnError(t *testing.T) {
	golden.Each(t, "testdata/stream/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		target, data := targetOf(t, fx), framed(fx.Bytes("events"))
		if _, _, failed := transcript(target, bytes.NewReader(data)); failed != nil {
			return
		}
		// The last event that counts is the second of messageStop and metadata.
		stop, meta := bytes.LastIndex(data, []byte("messageStop")), bytes.LastIndex(data, []byte("metadata"))
		for cut := range max(stop, meta) {
			lines, events, failed := transcript(target, bytes.NewReader(data[:cut]))
			if kind := fault.KindOf(failed); kind != fault.Truncated {
				t.Fatalf("cut after byte %d: %v\n%s", cut, failed, lines)
			}
			if slices.ContainsFunc(events, func(ev llm.Event) bool { _, ok := ev.(llm.Finished); return ok }) {
				t.Fatalf("cut after byte %d: Finished\n%s", cut, lines)
			}
		}
	})
}

package anthropic_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/llm"
	"weir/lib/testkit/golden"
	"weir/lib/wire/sse"
)

// What the front writes, the back reads as the same answer: the usage and all
// that was said are the same in the relay lane and in the translate lane.
func TestWrittenAnswersReadTheSame(t *testing.T) {
	golden.Each(t, "testdata/stream/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		_, events, failed := transcript(bytes.NewReader(fx.Bytes("upstream.sse")))
		if failed != nil || lastUsage(events) == "none" {
			return // no answer, or one whose usage is estimated
		}
		readTheSame(t, events)
	})
}

// readTheSame writes an answer, streamed and whole, and reads it again.
func readTheSame(t rapid.TB, events []llm.Event) {
	want := summary(events)
	var again []llm.Event
	for c, err := range (anthropic.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, sse.Frames(strings.NewReader(streamed(events)), maxEvent)) {
		if err != nil {
			t.Fatal(err)
		}
		again = append(again, c.Events...)
	}
	if diff := cmp.Diff(want, summary(again)); diff != "" {
		t.Fatalf("streamed (-want +got):\n%s", diff)
	}
	enc := anthropic.Front{}.Answer(chatRequest(false), head)
	for _, ev := range events {
		enc.Event(ev)
	}
	c, err := anthropic.Back{}.Unary(llm.OpChat, llm.Outbound{}, dialect.Target{}, enc.End()[0].Data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, summary(c.Events)); diff != "" {
		t.Fatalf("whole (-want +got):\n%s", diff)
	}
}

// summary is what an answer says, block by block, and its end. Blocks without
// anything in them are not told.
func summary(events []llm.Event) []string {
	out := map[int]string{}
	text := map[int]string{}
	n := 0
	end := ""
	for _, ev := range events {
		switch ev := ev.(type) {
		case llm.Opened:
			n = max(n, ev.Index+1)
			switch b := ev.Block.(type) {
			case *llm.Text:
				text[ev.Index], out[ev.Index] = b.Text, "text"
			case *llm.Thinking:
				text[ev.Index], out[ev.Index] = b.Text, "thinking"
				if b.Seal != nil {
					out[ev.Index] += " " + b.Seal.Data
				}
			case *llm.ToolUse:
				out[ev.Index] = "call " + b.CallID + " " + b.Name
			case *llm.Opaque:
				out[ev.Index] = b.Type
			case *llm.Media, *llm.ToolResult:
			}
		case llm.Delta:
			text[ev.Index] += ev.Text
		case llm.Sealed:
			out[ev.Index] += " " + ev.Seal.Data
		case llm.Cited:
			out[ev.Index] += " " + string(ev.Cite)
		case llm.Stopped:
			end = fmt.Sprintf("%s %s", ev.Reason, ev.Sequence)
		case llm.Started, llm.Closed, llm.Beside, llm.Vectors, llm.Counted, llm.Used, llm.Dropped, llm.Finished:
		}
	}
	var all []string
	for i := range n {
		if strings.HasPrefix(out[i], "call") && text[i] == "" {
			text[i] = "{}"
		}
		if out[i] == "server_tool_use" { // whole, the input is in the block
			text[i] = ""
		}
		if out[i] != "text" || text[i] != "" {
			all = append(all, out[i]+": "+text[i])
		}
	}
	return append(all, end, lastUsage(events))
}

// Events in any order that the hub allows make a stream whose blocks start in
// order, one at a time, and that says the same as the whole answer.
func TestAnyAnswerIsWrittenInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := anyAnswer(t)
		at, open, started := 0, false, false
		for c, err := range (anthropic.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, sse.Frames(strings.NewReader(streamed(events)), maxEvent)) {
			if err != nil {
				t.Fatal(err)
			}
			var ev struct{ Index int }
			if err := json.Unmarshal(c.Frame.Data, &ev); err != nil {
				t.Fatal(err)
			}
			switch c.Frame.Name {
			case "message_start":
				if started {
					t.Fatal("two starts")
				}
				started = true
			case "content_block_start":
				if ev.Index != at || open || !started {
					t.Fatalf("block %d starts, want %d (one is open: %v)", ev.Index, at, open)
				}
				open = true
			case "content_block_delta", "content_block_stop":
				if ev.Index != at || !open {
					t.Fatalf("%s of block %d, open is %d", c.Frame.Name, ev.Index, at)
				}
				if c.Frame.Name == "content_block_stop" {
					open = false
					at++
				}
			}
		}
		readTheSame(t, events)
	})
}

// anyAnswer draws the events of an answer whose blocks interleave.
func anyAnswer(t *rapid.T) []llm.Event {
	events := []llm.Event{llm.Started{ID: "m", Model: "x"}}
	type live struct {
		index int
		parts []llm.Event
	}
	var open []*live
	step := func(i int) {
		l := open[i]
		events = append(events, l.parts[0])
		if l.parts = l.parts[1:]; len(l.parts) == 0 {
			open = append(open[:i], open[i+1:]...)
		}
	}
	n := rapid.IntRange(0, 5).Draw(t, "blocks")
	for i := range n {
		l := &live{index: i}
		var b llm.Block
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			b = &llm.Text{}
			for range rapid.IntRange(0, 2).Draw(t, "deltas") {
				l.parts = append(l.parts, llm.Delta{Index: i, Text: rapid.SampledFrom([]string{"a", "é\u2028", "<\"\n>"}).Draw(t, "text")})
			}
		case 1:
			b = &llm.Thinking{}
			l.parts = append(l.parts, llm.Delta{Index: i, Text: "hm"}, llm.Sealed{Index: i, Seal: llm.Seal{Issuer: "anthropic", Data: "S"}})
		case 2:
			b = &llm.Thinking{Redacted: true, Mark: llm.Mark{Seal: &llm.Seal{Issuer: "anthropic", Data: "R"}}}
		case 3:
			b = &llm.ToolUse{CallID: fmt.Sprint("c", i), Name: "f"}
			if rapid.Bool().Draw(t, "input") {
				l.parts = append(l.parts, llm.Delta{Index: i, Text: `{"a":`}, llm.Delta{Index: i, Text: `1}`})
			}
		}
		l.parts = append(l.parts, llm.Closed{Index: i})
		events = append(events, llm.Opened{Index: i, Block: b})
		open = append(open, l)
		for range rapid.IntRange(0, 4).Draw(t, "steps") {
			if len(open) > 0 {
				step(rapid.IntRange(0, len(open)-1).Draw(t, "which"))
			}
		}
	}
	for len(open) > 0 {
		step(rapid.IntRange(0, len(open)-1).Draw(t, "which"))
	}
	reason := llm.StopLength
	return append(events, llm.Stopped{Reason: reason}, llm.Used{Usage: llm.Usage{Input: 3, CacheWrite1h: 2, Output: 9}}, llm.Finished{})
}

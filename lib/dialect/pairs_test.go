package dialect_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/hubtest"
	"weir/lib/testkit/strict"
	"weir/lib/wire/sse"
)

// Dialects meet at the hub and do not know each other; here each front is
// tried on each other's back, with the fixtures of both.

// speaker is one dialect with the fixtures it is tested by.
type speaker struct {
	name  string
	front dialect.Front
	back  dialect.Back
	model string
	path  string
}

var speakers = []speaker{
	{"openaichat", openaichat.Front{}, openaichat.Back{}, "gpt-5", openaichat.PathChat},
	{"anthropic", anthropic.Front{}, anthropic.Back{}, "claude-sonnet-4-5", anthropic.PathMessages},
}

// sections yields a section of each fixture of a dialect.
func sections(t *testing.T, dialectName, kind, section string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dialectName, "testdata", kind, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures %s of %s (%v)", kind, dialectName, err)
	}
	out := map[string][]byte{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range txtar.Parse(data).Files {
			if f.Name == section {
				out[strings.TrimSuffix(filepath.Base(p), ".txtar")] = f.Data
			}
		}
	}
	return out
}

// pairs runs test for each front with each other dialect's back.
func pairs(t *testing.T, test func(t *testing.T, front, back speaker)) {
	for _, f := range speakers {
		for _, b := range speakers {
			if f.name != b.name {
				t.Run(f.name+" to "+b.name, func(t *testing.T) { test(t, f, b) })
			}
		}
	}
}

// Every request of every front is refused by naming the member, or becomes one
// that the target takes.
func TestRequestsOfAllPairs(t *testing.T) {
	pairs(t, func(t *testing.T, front, back speaker) {
		for name, body := range sections(t, front.name, "decode", "request.json") {
			if strings.HasPrefix(name, "embed") || strings.HasPrefix(name, "count") {
				continue
			}
			req, err := front.front.Decode(llm.OpChat, llm.Inbound{Raw: bytes.TrimSpace(body)})
			if err != nil {
				continue // shown by the front's own tests
			}
			out, _, err := back.back.Encode(llm.OpChat, req, dialect.Target{Model: back.model, Path: back.path})
			if err != nil {
				if e := fault.Of(err); e.Kind != fault.Invalid || e.Param == "" || e.Public == "" {
					t.Errorf("%s: %+v", name, e)
				}
				continue
			}
			switch back.name {
			case anthropic.Name:
				if err := strict.Anthropic(strict.Request{Model: back.model, Body: out.Body}); err != nil {
					t.Errorf("%s became %s\n%v", name, out.Body, err)
				}
			default:
				if _, err := back.front.Decode(llm.OpChat, llm.Inbound{Raw: out.Body}); err != nil {
					t.Errorf("%s became %s\n%v", name, out.Body, err)
				}
			}
		}
	})
}

// Every answer of every back says the same to a caller of every front,
// streamed and whole: what the front writes is read again.
func TestAnswersOfAllPairs(t *testing.T) {
	pairs(t, func(t *testing.T, front, back speaker) {
		for name, body := range sections(t, back.name, "stream", "upstream.sse") {
			events, ok := answer(back, body)
			if !ok {
				continue // no whole answer
			}
			want := said(events)
			again, ok := answer(front, written(t, front, events))
			if !ok {
				t.Errorf("%s: no whole answer", name)
				continue
			}
			if diff := cmp.Diff(want, said(again)); diff != "" {
				t.Errorf("%s, streamed (-want +got):\n%s", name, diff)
			}
			c, err := front.back.Unary(llm.OpChat, llm.Outbound{}, dialect.Target{}, whole(front, events))
			if err != nil {
				t.Errorf("%s, whole: %v", name, err)
				continue
			}
			if diff := cmp.Diff(want, said(c.Events)); diff != "" {
				t.Errorf("%s, whole (-want +got):\n%s", name, diff)
			}
		}
	})
}

func answer(s speaker, body []byte) ([]llm.Event, bool) {
	var events []llm.Event
	for c, err := range s.back.Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, sse.Frames(bytes.NewReader(body), 1<<20)) {
		if err != nil {
			return nil, false
		}
		events = append(events, c.Events...)
	}
	return events, slices.ContainsFunc(events, func(ev llm.Event) bool { _, ok := ev.(llm.Used); return ok })
}

func request(stream bool) *llm.Request {
	return &llm.Request{Facts: llm.Facts{Op: llm.OpChat, Stream: stream}, Body: &llm.Chat{Params: llm.Params{StreamUsage: true}}}
}

// written is events as a stream of a front.
func written(t *testing.T, s speaker, events []llm.Event) []byte {
	t.Helper()
	enc := s.front.Answer(request(true), dialect.Head{CallID: "c", Model: "m"})
	var b bytes.Buffer
	write := func(fs []llm.Frame) {
		for _, f := range fs {
			if f.Name != "" {
				fmt.Fprintf(&b, "event: %s\n", f.Name)
			}
			if bytes.ContainsAny(f.Data, "\r\n") {
				t.Errorf("a frame of two lines: %s", f.Data)
			}
			fmt.Fprintf(&b, "data: %s\n\n", f.Data)
		}
	}
	for _, ev := range events {
		fs, _ := enc.Event(ev)
		write(fs)
	}
	write(enc.End())
	return b.Bytes()
}

// whole is events as one body of a front.
func whole(s speaker, events []llm.Event) []byte {
	enc := s.front.Answer(request(false), dialect.Head{CallID: "c", Model: "m"})
	for _, ev := range events {
		enc.Event(ev)
	}
	return enc.End()[0].Data
}

// said is what an answer says whatever the order of its blocks: its texts by
// kind, its calls, its usage. Blocks that only one dialect has are left out,
// as every front does with a Loss.
func said(events []llm.Event) map[string]string {
	out := map[string]string{}
	kinds := map[int]string{}
	for _, ev := range events {
		switch ev := ev.(type) {
		case llm.Opened:
			text := ""
			switch b := ev.Block.(type) {
			case *llm.Text:
				kinds[ev.Index], text = "text", b.Text
			case *llm.Thinking:
				if !b.Redacted {
					kinds[ev.Index], text = "thinking", b.Text
				}
			case *llm.ToolUse:
				kinds[ev.Index], text = "call "+b.CallID+" "+b.Name, string(b.Input)
			case *llm.Media, *llm.ToolResult, *llm.Opaque:
			}
			if kind := kinds[ev.Index]; kind != "" && (text != "" || strings.HasPrefix(kind, "call")) {
				out[kind] += text
			}
		case llm.Delta:
			if kind := kinds[ev.Index]; kind != "" {
				out[kind] += ev.Text
			}
		case llm.Used:
			u := ev.Usage
			u.Units, u.Tier = nil, "" // Chat has no place for units
			u.Input, u.AudioIn = u.Input+u.AudioIn, 0
			u.Output, u.AudioOut = u.Output+u.AudioOut, 0
			u.CacheWrite5m, u.CacheWrite1h = u.CacheWrite5m+u.CacheWrite1h, 0 // nor for lives
			out["usage"] = hubtest.Line(llm.Used{Usage: u})
		case llm.Started, llm.Sealed, llm.Cited, llm.Closed, llm.Beside, llm.Vectors, llm.Counted, llm.Stopped, llm.Dropped, llm.Finished:
		}
	}
	for kind, text := range out {
		if !strings.HasPrefix(kind, "call") {
			continue
		}
		var v any
		if text == "" || json.Unmarshal([]byte(text), &v) != nil {
			out[kind] = "{}"
			continue
		}
		b, err := json.Marshal(v) // a whole body has no white space of the model's
		if err == nil {
			out[kind] = string(b)
		}
	}
	return out
}

// Signed thinking goes through Chat and back to the family that signed it,
// byte for byte, with the place that it had among the turn's blocks.
func TestSignedThinkingThroughChat(t *testing.T) {
	const upstream = `{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[` +
		`{"type":"thinking","thinking":"Let me see.","signature":"EqQB+/="},{"type":"redacted_thinking","data":"EmwK"},{"type":"text","text":"I look."},` +
		`{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":2}}`
	c, err := anthropic.Back{}.Unary(llm.OpChat, llm.Outbound{}, dialect.Target{}, []byte(upstream))
	if err != nil {
		t.Fatal(err)
	}
	var chat struct {
		Choices []struct{ Message json.RawMessage }
	}
	if err := json.Unmarshal(whole(speakers[0], c.Events), &chat); err != nil {
		t.Fatal(err)
	}
	body := `{"model":"m","reasoning_effort":"low","max_tokens":9000,"tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"hi"},` +
		string(chat.Choices[0].Message) + `,{"role":"tool","tool_call_id":"toolu_1","content":"r"}]}`
	req, err := openaichat.Front{}.Decode(llm.OpChat, llm.Inbound{Raw: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	target := dialect.Target{Model: "claude-sonnet-4-5"}
	out, loss, err := anthropic.Back{}.Encode(llm.OpChat, req, target)
	if err != nil || len(loss) > 0 {
		t.Fatalf("losses %v, %v", loss, err)
	}
	want := `{"role":"assistant","content":[{"type":"thinking","thinking":"Let me see.","signature":"EqQB+/="},{"type":"redacted_thinking","data":"EmwK"},` +
		`{"type":"text","text":"I look."},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}]}`
	if !strings.Contains(string(out.Body), want) || !strings.Contains(string(out.Body), `"thinking":{"type":"enabled","budget_tokens":4096}`) {
		t.Errorf("got %s", out.Body)
	}

	// Refused once: the same request without its seals has thinking off.
	body2, ok := req.Body.(*llm.Chat)
	if !ok {
		t.Fatal("no chat")
	}
	clean, lost := llm.Unseal(body2)
	out, loss, err = anthropic.Back{}.Encode(llm.OpChat, &llm.Request{Facts: req.Facts, Body: clean}, target)
	if err != nil || len(lost) != 2 || len(loss) == 0 || strings.Contains(string(out.Body), "thinking") {
		t.Errorf("unsealed: %s\nlosses %v and %v, %v", out.Body, lost, loss, err)
	}
}

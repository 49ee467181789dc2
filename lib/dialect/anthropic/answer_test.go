package anthropic_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/hubtest"
)

// An answer of another dialect: calls that interleave, thinking that another
// family signed, no input but at the end, usage behind the reason.
var foreign = []llm.Event{
	llm.Started{ID: "chatcmpl-1", Model: "gpt"},
	llm.Opened{Index: 0, Block: &llm.Thinking{}},
	llm.Delta{Index: 0, Text: "h"},
	llm.Delta{Index: 0, Text: "m"},
	llm.Sealed{Index: 0, Seal: llm.Seal{Issuer: "gemini", Account: "a:b", Data: "SIG:1"}},
	llm.Closed{Index: 0},
	llm.Opened{Index: 1, Block: &llm.Thinking{Mark: llm.Mark{Seal: &llm.Seal{Issuer: "anthropic", Data: "BLOB"}}, Redacted: true}},
	llm.Closed{Index: 1},
	llm.Opened{Index: 2, Block: &llm.Text{}},
	llm.Closed{Index: 2},
	llm.Opened{Index: 3, Block: &llm.Text{Text: "Hi"}},
	llm.Cited{Index: 3, Cite: json.RawMessage(`{"type":"url_citation"}`)},
	llm.Opened{Index: 4, Block: &llm.ToolUse{CallID: "t1", Name: "f", Input: json.RawMessage("{}")}},
	llm.Opened{Index: 5, Block: &llm.ToolUse{CallID: "t2", Name: "g", Input: json.RawMessage(`{"b":2}`)}},
	llm.Delta{Index: 5, Text: ""},
	llm.Delta{Index: 4, Text: `{"a":`},
	llm.Closed{Index: 5},
	llm.Closed{Index: 3},
	llm.Delta{Index: 4, Text: `1}`},
	llm.Closed{Index: 4},
	llm.Opened{Index: 6, Block: &llm.ToolUse{CallID: "t3", Name: "h"}},
	llm.Stopped{Reason: llm.StopEnd},
	llm.Used{Usage: llm.Usage{Input: 1, CacheRead: 2, CacheWrite5m: 3, CacheWrite1h: 4, AudioIn: 10, Output: 5, AudioOut: 20, Reasoning: 2, Units: map[string]int64{"web_search": 3}, Tier: "priority"}},
	llm.Finished{},
}

const foreignUsage = `"usage":{"input_tokens":11,"cache_creation_input_tokens":7,"cache_read_input_tokens":2,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},` +
	`"output_tokens":25,"output_tokens_details":{"thinking_tokens":2},"server_tool_use":{"web_search_requests":3},"service_tier":"priority"}`

func TestForeignAnswerStreamed(t *testing.T) {
	want := []string{
		`message_start {"type":"message_start","message":{"id":"chatcmpl-1","type":"message","role":"assistant","model":"gpt","content":[],"stop_reason":null,"stop_sequence":null,` +
			`"usage":{"input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":0}}}`,
		`content_block_start {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`,
		`content_block_delta {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"h"}}`,
		`content_block_delta {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"m"}}`,
		`content_block_delta {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"weir:gemini:a_b:SIG:1"}}`,
		`content_block_stop {"type":"content_block_stop","index":0}`,
		`content_block_start {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"BLOB"}}`,
		`content_block_stop {"type":"content_block_stop","index":1}`,
		`content_block_start {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}`,
		`content_block_delta {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Hi"}}`,
		`content_block_stop {"type":"content_block_stop","index":2}`,
		`content_block_start {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"t1","name":"f","input":{}}}`,
		`content_block_delta {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}`,
		`content_block_delta {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"1}"}}`,
		`content_block_stop {"type":"content_block_stop","index":3}`,
		`content_block_start {"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"t2","name":"g","input":{}}}`,
		`content_block_delta {"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"{\"b\":2}"}}`,
		`content_block_stop {"type":"content_block_stop","index":4}`,
		`content_block_start {"type":"content_block_start","index":5,"content_block":{"type":"tool_use","id":"t3","name":"h","input":{}}}`,
		`content_block_stop {"type":"content_block_stop","index":5}`,
		`message_delta {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},` + foreignUsage + `}`,
		`message_stop {"type":"message_stop"}`,
	}
	var got, lost []string
	for line := range strings.SplitSeq(strings.TrimSpace(streamed(foreign)), "\n\n") {
		if field, ok := strings.CutPrefix(line, ": loss "); ok {
			lost = append(lost, field)
			continue
		}
		name, data, _ := strings.Cut(line, "\ndata: ")
		got = append(got, strings.TrimPrefix(name, "event: ")+" "+data)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"citations", "usage.audio_tokens"}, lost); diff != "" {
		t.Error(diff)
	}
}

func TestForeignAnswerWhole(t *testing.T) {
	got := string(whole(t, foreign))
	want := `{"id":"chatcmpl-1","type":"message","role":"assistant","model":"gpt","content":[` +
		`{"type":"thinking","thinking":"hm","signature":"weir:gemini:a_b:SIG:1"},{"type":"redacted_thinking","data":"BLOB"},{"type":"text","text":"Hi"},` +
		`{"type":"tool_use","id":"t1","name":"f","input":{"a":1}},{"type":"tool_use","id":"t2","name":"g","input":{"b":2}},{"type":"tool_use","id":"t3","name":"h","input":{}}],` +
		`"stop_reason":"tool_use","stop_sequence":null,` + foreignUsage + `}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What the front writes, it reads back as it was, so that thinking returns to
// the family that signed it.
func TestThinkingComesBack(t *testing.T) {
	var answer struct{ Content json.RawMessage }
	if err := json.Unmarshal(whole(t, foreign), &answer); err != nil {
		t.Fatal(err)
	}
	body := `{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":` + string(answer.Content) + `}]}`
	req, err := anthropic.Front{}.Decode(llm.OpChat, llm.Inbound{Raw: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	chat, ok := req.Body.(*llm.Chat)
	if !ok {
		t.Fatalf("body %T", req.Body)
	}
	want := []llm.Block{
		&llm.Thinking{Mark: llm.Mark{Seal: &llm.Seal{Issuer: "gemini", Account: "a_b", Data: "SIG:1"}}, Text: "hm"},
		&llm.Thinking{Mark: llm.Mark{Seal: &llm.Seal{Issuer: "anthropic", Data: "BLOB"}}, Redacted: true},
		&llm.Text{Text: "Hi"},
		&llm.ToolUse{CallID: "t1", Name: "f", Input: json.RawMessage(`{"a":1}`)},
		&llm.ToolUse{CallID: "t2", Name: "g", Input: json.RawMessage(`{"b":2}`)},
		&llm.ToolUse{CallID: "t3", Name: "h", Input: json.RawMessage(`{}`)},
	}
	if diff := cmp.Diff(want, chat.Turns[1].Blocks, cmpopts.IgnoreFields(llm.Mark{}, "At")); diff != "" {
		t.Error(diff)
	}
}

func TestStopReasons(t *testing.T) {
	tests := []struct {
		stop          llm.Stopped
		tools, refuse bool
		want          string
	}{
		{llm.Stopped{Reason: llm.StopEnd}, false, false, `"stop_reason":"end_turn","stop_sequence":null`},
		{llm.Stopped{Reason: llm.StopEnd}, true, false, `"stop_reason":"tool_use"`},
		{llm.Stopped{Reason: llm.StopEnd}, false, true, `"stop_reason":"refusal"`},
		{llm.Stopped{Reason: llm.StopSequence, Sequence: "END"}, false, false, `"stop_reason":"stop_sequence","stop_sequence":"END"`},
		{llm.Stopped{Reason: llm.StopLength}, true, false, `"stop_reason":"max_tokens"`},
		{llm.Stopped{Reason: llm.StopContext}, false, false, `"stop_reason":"model_context_window_exceeded"`},
		{llm.Stopped{Reason: llm.StopTools}, true, false, `"stop_reason":"tool_use"`},
		{llm.Stopped{Reason: llm.StopRefusal}, false, false, `"stop_reason":"refusal"`},
		{llm.Stopped{Reason: llm.StopFilter}, false, false, `"stop_reason":"refusal"`},
		{llm.Stopped{Reason: llm.StopPause}, false, false, `"stop_reason":"pause_turn"`},
		{llm.Stopped{Reason: "new"}, false, false, `"stop_reason":"end_turn"`},
	}
	for _, tt := range tests {
		events := []llm.Event{llm.Opened{Block: &llm.Text{Text: "a", Refusal: tt.refuse}}, llm.Closed{}}
		if tt.tools {
			events = append(events, llm.Opened{Index: 1, Block: &llm.ToolUse{CallID: "c", Name: "f"}}, llm.Closed{Index: 1})
		}
		events = append(events, tt.stop, llm.Finished{})
		if got := streamed(events); !strings.Contains(got, `"delta":{`+tt.want) {
			t.Errorf("%+v: %s", tt, got)
		}
		if got := string(whole(t, events)); !strings.Contains(got, tt.want) {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

// Where the provider does not say which stop sequence it met, it is the one
// that there is.
func TestTheOnlyStopSequence(t *testing.T) {
	for want, stop := range map[string][]string{
		`"stop_sequence":"END"`: {"END"},
		`"stop_sequence":null`:  {"END", "STOP"},
	} {
		for _, stream := range []bool{true, false} {
			req := chatRequest(stream)
			req.Body = &llm.Chat{Params: llm.Params{Stop: stop}}
			enc := anthropic.Front{}.Answer(req, head)
			var got []byte
			for _, ev := range []llm.Event{llm.Opened{Block: &llm.Text{Text: "a"}}, llm.Closed{}, llm.Stopped{Reason: llm.StopSequence}, llm.Finished{}} {
				enc.Event(ev)
			}
			for _, f := range enc.End() {
				got = append(got, f.Data...)
			}
			if !strings.Contains(string(got), `"stop_reason":"stop_sequence",`+want) {
				t.Errorf("%s of %q, streamed %v: %s", want, stop, stream, got)
			}
		}
	}
}

// A provider that tells no usage is answered with estimates, not with zeros.
func TestUnknownUsageIsEstimated(t *testing.T) {
	events := []llm.Event{llm.Opened{Block: &llm.Text{}}, llm.Delta{Text: strings.Repeat("word ", 100)}, llm.Closed{}, llm.Stopped{Reason: llm.StopEnd}, llm.Finished{}}
	const want = `"usage":{"input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":125}`
	if got := string(whole(t, events)); !strings.Contains(got, want) {
		t.Error(got)
	}
	if got := streamed(events); !strings.Contains(got, want) {
		t.Error(got)
	}
}

func TestLosses(t *testing.T) {
	events := []llm.Event{
		llm.Opened{Index: 0, Block: &llm.Media{Kind: "image"}},
		llm.Delta{Index: 0, Text: "x"},
		llm.Closed{Index: 0},
		llm.Opened{Index: 1, Block: &llm.Opaque{Dialect: "openaichat", Type: "audio"}},
		llm.Opened{Index: 2, Block: &llm.ToolResult{}},
		llm.Opened{Index: 3, Block: &llm.Text{Text: "t", Cites: []json.RawMessage{[]byte(`{}`), []byte(`{"type":"char_location"}`)}}},
		llm.Opened{Index: 4, Block: &llm.ToolUse{Mark: llm.Mark{Seal: &llm.Seal{}}, CallID: "c", Name: "f", Input: json.RawMessage(`{"cut":`)}},
		llm.Sealed{Index: 3},
		llm.Opened{Index: 5, Block: &llm.Thinking{Redacted: true}},
		llm.Opened{Index: 6, Block: &llm.Opaque{Dialect: anthropic.Name, Type: "server_tool_use", Raw: json.RawMessage(`{"type":"server_tool_use","input":{}}`)}},
		llm.Delta{Index: 6, Text: `{"q":1}`},
		llm.Sealed{Index: 99},
		llm.Cited{Index: 99},
		llm.Delta{Index: 99, Text: "nowhere"},
		llm.Closed{Index: 99},
		llm.Stopped{Reason: llm.StopLength},
		llm.Finished{},
	}
	common := []string{"content.image", "content.audio", "content.tool_result", "citations", "tool_use.signature", "signature"}
	for stream, want := range map[bool][]string{true: append(common[:6:6], "content.redacted_thinking"), false: append(common[:6:6], "tool_use.input", "content.redacted_thinking")} {
		enc := anthropic.Front{}.Answer(chatRequest(stream), head)
		var got []string
		for _, ev := range events {
			_, loss := enc.Event(ev)
			for _, l := range loss {
				got = append(got, l.Field)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("stream %v: %s", stream, diff)
		}
	}
	want := `"content":[{"type":"text","text":"t","citations":[{"type":"char_location"}]},{"type":"tool_use","id":"c","name":"f","input":{}},{"type":"server_tool_use","input":{"q":1}}]`
	if got := string(whole(t, events)); !strings.Contains(got, want) {
		t.Error(got)
	}
}

func TestCount(t *testing.T) {
	req := &llm.Request{Facts: llm.Facts{Op: llm.OpCount}, Body: &llm.Chat{}}
	c, err := anthropic.Back{}.Unary(llm.OpCount, llm.Outbound{}, dialect.Target{}, []byte(`{"input_tokens":14,"context_management":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	hubtest.Ordered(t, c.Events, nil)
	for want, events := range map[string][]llm.Event{`{"input_tokens":14}`: c.Events, `{"input_tokens":25}`: {llm.Finished{}}} {
		enc := anthropic.Front{}.Answer(req, head)
		for _, ev := range events {
			if fs, loss := enc.Event(ev); len(fs)+len(loss) > 0 {
				t.Fatal("frames or losses before the end")
			}
		}
		if got := enc.End(); len(got) != 1 || string(got[0].Data) != want {
			t.Errorf("got %s, want %s", got[0].Data, want)
		}
	}
}

func TestUnaryRefusesWhatIsNoAnswer(t *testing.T) {
	tests := []struct {
		name, body string
		op         llm.Op
		want       fault.Kind
		frame      bool
	}{
		{"empty", ``, llm.OpChat, fault.TargetFailed, false},
		{"HTML", `<html>`, llm.OpChat, fault.TargetFailed, false},
		{"no content", `{}`, llm.OpChat, fault.TargetFailed, false},
		{"content is a string", `{"content":"a"}`, llm.OpChat, fault.TargetFailed, false},
		{"array", `[]`, llm.OpChat, fault.TargetFailed, false},
		{"error of the server", `{"type":"error","error":{"type":"api_error","message":"x"}}`, llm.OpChat, fault.TargetFailed, false},
		{"error of the caller", `{"type":"error","error":{"type":"invalid_request_error","message":"x"}}`, llm.OpChat, fault.Invalid, true},
		{"error of another form", `{"error":{"message":"x"}}`, llm.OpChat, fault.TargetFailed, false},
		{"count without a number", `{"input_tokens":"x"}`, llm.OpCount, fault.TargetFailed, false},
		{"count below zero", `{"input_tokens":-1}`, llm.OpCount, fault.TargetFailed, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := anthropic.Back{}.Unary(tt.op, llm.Outbound{}, dialect.Target{}, []byte(tt.body))
			if err == nil || fault.KindOf(err) != tt.want || (len(c.Frame.Data) > 0) != tt.frame {
				t.Errorf("got %v (frame: %v), want %s", err, len(c.Frame.Data) > 0, tt.want)
			}
		})
	}
}

// Ids of calls are ones that the vendor takes back: its callers may go on
// elsewhere. Those that differ stay different, whole and streamed alike.
func TestAnswerCallIDs(t *testing.T) {
	taken := regexp.MustCompile(`"type":"tool_use","id":"([a-zA-Z0-9_-]+)"`)
	seen := map[string]bool{}
	for _, id := range []string{"toolu_01-a", "functions.level:0", "functions:level.0", "functions_level_0", "Zürich"} {
		events := []llm.Event{
			llm.Started{ID: "1", Model: "m"},
			llm.Opened{Index: 0, Block: &llm.ToolUse{CallID: id, Name: "f", Input: json.RawMessage("{}")}},
			llm.Closed{Index: 0},
			llm.Stopped{Reason: llm.StopTools},
			llm.Finished{},
		}
		got := taken.FindSubmatch(whole(t, events))
		if got == nil || seen[string(got[1])] || !strings.ContainsAny(id, ".:ü") && string(got[1]) != id {
			t.Fatalf("%s is %q", id, got)
		}
		seen[string(got[1])] = true
		if text := streamed(events); !strings.Contains(text, string(got[0])) {
			t.Errorf("%s: streamed %s", id, text)
		}
	}
}

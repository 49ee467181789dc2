package openaichat_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
)

// An answer of another dialect: signed and redacted thinking, tool input that
// comes with the block, citations, a pause.
var foreign = []llm.Event{
	llm.Started{ID: "msg_1", Model: "claude"},
	llm.Opened{Index: 0, Block: &llm.Thinking{}},
	llm.Delta{Index: 0, Text: "h"},
	llm.Delta{Index: 0, Text: "m"},
	llm.Sealed{Index: 0, Seal: llm.Seal{Issuer: "anthropic", Data: "SIG"}},
	llm.Closed{Index: 0},
	llm.Opened{Index: 1, Block: &llm.Thinking{Mark: llm.Mark{Seal: &llm.Seal{Issuer: "gemini", Data: "BLOB"}}, Redacted: true}},
	llm.Closed{Index: 1},
	llm.Opened{Index: 2, Block: &llm.Text{Text: "Hi"}},
	llm.Cited{Index: 2, Cite: json.RawMessage(`{}`)},
	llm.Cited{Index: 2, Cite: json.RawMessage(`{}`)},
	llm.Closed{Index: 2},
	llm.Opened{Index: 3, Block: &llm.ToolUse{CallID: "t1", Name: "f", Input: json.RawMessage("{}")}},
	llm.Delta{Index: 3, Text: `{"a":`},
	llm.Delta{Index: 3, Text: `1}`},
	llm.Closed{Index: 3},
	llm.Opened{Index: 4, Block: &llm.ToolUse{CallID: "t2", Name: "g", Input: json.RawMessage(`{"b":2}`)}},
	llm.Closed{Index: 4},
	llm.Opened{Index: 5, Block: &llm.ToolUse{CallID: "t3", Name: "h"}},
	llm.Used{Usage: llm.Usage{Input: 1, CacheRead: 2, CacheWrite5m: 3, CacheWrite1h: 4, Output: 5, Reasoning: 2}},
	llm.Stopped{Reason: llm.StopTools},
	llm.Finished{},
}

func TestForeignAnswerStreamed(t *testing.T) {
	enc := openaichat.Front{}.Answer(chatRequest(true, true), head)
	var got []string
	var lost []string
	for _, ev := range foreign {
		fs, loss := enc.Event(ev)
		got = append(got, deltas(t, fs)...)
		for _, l := range loss {
			lost = append(lost, l.Field)
		}
	}
	got = append(got, deltas(t, enc.End())...)
	want := []string{
		`{"role":"assistant","content":""}`,
		`{"reasoning_content":"h"}`,
		`{"reasoning_content":"m"}`,
		`{"thinking_blocks":[{"index":0,"type":"thinking","thinking":"hm","signature":"SIG"}]}`,
		`{"thinking_blocks":[{"index":1,"type":"redacted_thinking","data":"BLOB","issuer":"gemini"}]}`,
		`{"content":"Hi"}`,
		`{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":""}}]}`,
		`{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}`,
		`{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}`,
		`{"tool_calls":[{"index":1,"id":"t2","type":"function","function":{"name":"g","arguments":""}}]}`,
		`{"tool_calls":[{"index":1,"function":{"arguments":"{\"b\":2}"}}]}`,
		`{"tool_calls":[{"index":2,"id":"t3","type":"function","function":{"name":"h","arguments":""}}]}`,
		`{"tool_calls":[{"index":2,"function":{"arguments":"{}"}}]}`,
		`{} tool_calls`,
		`usage {"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":7,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":2,"audio_tokens":0}}`,
		`[DONE]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"citations", "usage.prompt_tokens_details.cache_write_tokens"}, lost); diff != "" {
		t.Error(diff)
	}
}

// deltas shortens chunks to what changes from one to the next.
func deltas(t *testing.T, frames []llm.Frame) []string {
	t.Helper()
	var out []string
	for _, f := range frames {
		if string(f.Data) == "[DONE]" {
			out = append(out, "[DONE]")
			continue
		}
		var c struct {
			ID, Object, Model string
			Choices           []struct {
				Delta        json.RawMessage
				FinishReason *string `json:"finish_reason"`
			}
			Usage json.RawMessage
		}
		if err := json.Unmarshal(f.Data, &c); err != nil || c.ID != "msg_1" || c.Object != "chat.completion.chunk" || c.Model != "claude" {
			t.Fatalf("%s: %v", f.Data, err)
		}
		if len(c.Choices) == 0 {
			out = append(out, "usage "+string(c.Usage))
			continue
		}
		s := string(c.Choices[0].Delta)
		if r := c.Choices[0].FinishReason; r != nil {
			s += " " + *r
		}
		out = append(out, s)
	}
	return out
}

func TestForeignAnswerWhole(t *testing.T) {
	got := string(whole(t, foreign))
	want := `{"id":"msg_1","object":"chat.completion","created":1795514700,"model":"claude","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null,` +
		`"reasoning_content":"hm","thinking_blocks":[{"index":0,"type":"thinking","thinking":"hm","signature":"SIG"},{"index":1,"type":"redacted_thinking","data":"BLOB","issuer":"gemini"}],` +
		`"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"t2","type":"function","function":{"name":"g","arguments":"{\"b\":2}"}},{"id":"t3","type":"function","function":{"name":"h","arguments":"{}"}}]},` +
		`"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":7,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":2,"audio_tokens":0}}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What the front writes into thinking_blocks, it reads back as it was.
func TestThinkingComesBack(t *testing.T) {
	var answer struct {
		Choices []struct{ Message json.RawMessage }
	}
	if err := json.Unmarshal(whole(t, foreign), &answer); err != nil {
		t.Fatal(err)
	}
	body := `{"model":"m","messages":[{"role":"user","content":"x"},` + string(answer.Choices[0].Message) + `]}`
	req, err := openaichat.Front{}.Decode(llm.OpChat, llm.Inbound{Raw: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	chat, ok := req.Body.(*llm.Chat)
	if !ok {
		t.Fatalf("body %T", req.Body)
	}
	want := []llm.Block{
		&llm.Thinking{Mark: llm.Mark{Seal: &llm.Seal{Issuer: "anthropic", Data: "SIG"}}, Text: "hm"},
		&llm.Thinking{Mark: llm.Mark{Seal: &llm.Seal{Issuer: "gemini", Data: "BLOB"}}, Redacted: true},
		&llm.Text{Text: "Hi"},
		&llm.ToolUse{CallID: "t1", Name: "f", Input: json.RawMessage(`{"a":1}`)},
		&llm.ToolUse{CallID: "t2", Name: "g", Input: json.RawMessage(`{"b":2}`)},
		&llm.ToolUse{CallID: "t3", Name: "h", Input: json.RawMessage(`{}`)},
	}
	if diff := cmp.Diff(want, chat.Turns[1].Blocks, cmpopts.IgnoreFields(llm.Mark{}, "At")); diff != "" {
		t.Error(diff)
	}
}

func TestFinishReasons(t *testing.T) {
	tests := []struct {
		reason llm.StopReason
		tools  bool
		want   string
		loss   string
	}{
		{llm.StopEnd, false, "stop", ""},
		{llm.StopEnd, true, "tool_calls", ""},
		{llm.StopSequence, false, "stop", ""},
		{llm.StopLength, false, "length", ""},
		{llm.StopLength, true, "length", ""},
		{llm.StopContext, false, "length", "finish_reason"},
		{llm.StopTools, true, "tool_calls", ""},
		{llm.StopRefusal, false, "content_filter", ""},
		{llm.StopFilter, false, "content_filter", ""},
		{llm.StopPause, false, "stop", "finish_reason"},
		{"new", false, "stop", ""},
	}
	for _, tt := range tests {
		var events []llm.Event
		if tt.tools {
			events = append(events, llm.Opened{Block: &llm.ToolUse{CallID: "c", Name: "f"}}, llm.Closed{})
		}
		events = append(events, llm.Stopped{Reason: tt.reason}, llm.Finished{})
		if got := streamed(events, false); !strings.Contains(got, `"finish_reason":"`+tt.want+`"`) || strings.Contains(got, "(loss "+tt.loss) != (tt.loss != "") {
			t.Errorf("%s, tools %v: %s", tt.reason, tt.tools, got)
		}
		if got := string(whole(t, events)); !strings.Contains(got, `"finish_reason":"`+tt.want+`"`) {
			t.Errorf("%s, tools %v: %s", tt.reason, tt.tools, got)
		}
	}
}

func TestLosses(t *testing.T) {
	events := []llm.Event{
		llm.Opened{Index: 0, Block: &llm.Media{Kind: "image"}},
		llm.Delta{Index: 0, Text: "x"},
		llm.Closed{Index: 0},
		llm.Opened{Index: 1, Block: &llm.Opaque{Type: "server_tool_use"}},
		llm.Opened{Index: 2, Block: &llm.ToolResult{}},
		llm.Opened{Index: 3, Block: &llm.Text{Cites: []json.RawMessage{nil}}},
		llm.Opened{Index: 4, Block: &llm.ToolUse{Mark: llm.Mark{Seal: &llm.Seal{}}, CallID: "c", Name: "f"}},
		llm.Sealed{Index: 3},
		llm.Sealed{Index: 99},
		llm.Delta{Index: 99, Text: "nowhere"},
		llm.Closed{Index: 99},
		llm.Stopped{Reason: llm.StopEnd},
		llm.Finished{},
	}
	want := []string{"content.image", "content.server_tool_use", "content.tool_result", "citations", "tool_calls.signature", "signature"}
	for _, stream := range []bool{true, false} {
		enc := openaichat.Front{}.Answer(chatRequest(stream, false), head)
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
}

func TestEmbeddings(t *testing.T) {
	// 1.0 and -0.5 as little-endian float32.
	const packed, floats = `"AACAPwAAAL8="`, `[1,-0.5]`
	tests := []struct{ encoding, vector, want string }{
		{"", floats, floats},
		{"float", floats, floats},
		{"base64", floats, packed},
		{"", packed, floats},
		{"float", packed, floats},
		{"base64", packed, packed},
		{"float", `"not base64!"`, `"not base64!"`},
		{"base64", `["x"]`, `["x"]`},
	}
	for _, tt := range tests {
		body := `{"object":"list","data":[{"index":1,"embedding":[0]},{"index":0,"embedding":` + tt.vector + `}],"model":"emb-1","usage":{"prompt_tokens":3,"total_tokens":3}}`
		c, err := openaichat.Back{}.Unary(llm.OpEmbed, llm.Outbound{}, targetEmbed, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		enc := openaichat.Front{}.Answer(&llm.Request{Body: &llm.Embed{Encoding: tt.encoding}}, head)
		for _, ev := range c.Events {
			if fs, _ := enc.Event(ev); len(fs) > 0 {
				t.Fatal("frames before the end")
			}
		}
		second := `[0]`
		if tt.encoding == "base64" {
			second = `"AAAAAA=="`
		}
		want := `{"object":"list","data":[{"object":"embedding","index":0,"embedding":` + tt.want + `},{"object":"embedding","index":1,"embedding":` + second + `}],"model":"emb-1","usage":{"prompt_tokens":3,"total_tokens":3}}`
		if got := string(enc.End()[0].Data); got != want {
			t.Errorf("%s of %s:\ngot  %s\nwant %s", tt.encoding, tt.vector, got, want)
		}
		if string(c.Frame.Data) != body {
			t.Error("the frame is not the body")
		}
	}
}

// Choices beside the first are told as output, in whichever order they come,
// and a choice that failed makes the answer one that failed.
func TestUnaryTellsEveryChoice(t *testing.T) {
	const (
		words = `{"index":0,"message":{"content":"first"},"finish_reason":"stop"}`
		tools = `{"index":1,"message":{"reasoning_content":"hm ","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}`
	)
	for _, list := range []string{words + "," + tools, tools + "," + words} {
		c, err := openaichat.Back{}.Unary(llm.OpChat, llm.Outbound{}, targetEmbed, []byte(`{"choices":[`+list+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		ordered(t, c.Events, nil)
		var said, beside string
		for _, ev := range c.Events {
			switch ev := ev.(type) { //nolint:gochecksumtype // what is said is all that matters
			case llm.Delta:
				said += ev.Text
			case llm.Beside:
				beside += ev.Text
			}
		}
		if said != "first" || beside != "hm f{}" {
			t.Errorf("%s: said %q and beside it %q", list, said, beside)
		}
	}
	failed := `{"choices":[` + words + `,{"index":1,"message":{"content":"a"},"finish_reason":"error"}]}`
	if _, err := (openaichat.Back{}).Unary(llm.OpChat, llm.Outbound{}, targetEmbed, []byte(failed)); fault.KindOf(err) != fault.TargetFailed {
		t.Errorf("a failed choice: %v", err)
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
		{"no choices", `{}`, llm.OpChat, fault.TargetFailed, false},
		{"empty choices", `{"choices":[]}`, llm.OpChat, fault.TargetFailed, false},
		{"array", `[]`, llm.OpChat, fault.TargetFailed, false},
		{"error of the server", `{"error":{"message":"x","type":"server_error"}}`, llm.OpChat, fault.TargetFailed, false},
		{"error of the caller", `{"error":{"message":"x","type":"invalid_request_error"}}`, llm.OpChat, fault.Invalid, true},
		{"error with a status", `{"error":{"message":"x","code":502}}`, llm.OpChat, fault.TargetFailed, false},
		{"finish reason error", `{"choices":[{"message":{"content":"a"},"finish_reason":"error"}]}`, llm.OpChat, fault.TargetFailed, false},
		{"no data", `{"data":[]}`, llm.OpEmbed, fault.TargetFailed, false},
		{"no vector", `{"data":[{}]}`, llm.OpEmbed, fault.TargetFailed, false},
		{"index twice", `{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}`, llm.OpEmbed, fault.TargetFailed, false},
		{"index too large", `{"data":[{"index":7,"embedding":[1]}]}`, llm.OpEmbed, fault.TargetFailed, false},
		{"no such operation", `{}`, llm.OpCount, fault.TargetFailed, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := openaichat.Back{}.Unary(tt.op, llm.Outbound{}, targetEmbed, []byte(tt.body))
			if err == nil || fault.KindOf(err) != tt.want || (len(c.Frame.Data) > 0) != tt.frame {
				t.Errorf("got %v (frame: %v), want %s", err, len(c.Frame.Data) > 0, tt.want)
			}
		})
	}
	ok := `{"error":null,"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}`
	if _, err := (openaichat.Back{}).Unary(llm.OpChat, llm.Outbound{}, targetEmbed, []byte(ok)); err != nil {
		t.Errorf("error null: %v", err)
	}
}

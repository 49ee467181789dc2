package dialect_test

import (
	"strings"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/converse"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire"
	"weir/lib/wire/sse"
)

// What says that it is over, and not why, may have broken off anywhere: it is
// Truncated, and nothing that callers take for an end comes of it. All vendors
// document the reason as there in every answer.
func TestAnAnswerWithoutAReasonIsNoWholeOne(t *testing.T) {
	const (
		messageStart = `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}}`
		blockStart   = `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`
		blockDelta   = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}`
		messageStop  = `{"type":"message_stop"}`
		chunk        = `{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}`
		call         = `{"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{}"}}]}}]}`
		metadata     = `metadata {"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`
	)
	for name, c := range map[string]struct {
		back   dialect.Back
		stream []string // an event each, its name before it where it has one
		whole  string
	}{
		"messages: none": {
			anthropic.Back{},
			[]string{messageStart, blockStart, blockDelta, messageStop},
			`{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"a"}],"usage":{"input_tokens":1,"output_tokens":1}}`,
		},
		"messages: null": {
			anthropic.Back{},
			[]string{messageStart, blockStart, blockDelta, `{"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":1}}`, messageStop},
			`{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"a"}],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}`,
		},
		"messages: no block": {
			anthropic.Back{},
			[]string{messageStart, messageStop},
			`{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}`,
		},
		"converse: none": {
			converse.Back{},
			[]string{`contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"a"}}`, `messageStop {}`, metadata},
			`{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}},"usage":{"inputTokens":1,"outputTokens":1}}`,
		},
		"converse: null": {
			converse.Back{},
			[]string{`contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"a"}}`, `messageStop {"stopReason":null}`, metadata},
			`{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}},"stopReason":null,"usage":{"inputTokens":1,"outputTokens":1}}`,
		},
		"converse: empty": {
			converse.Back{},
			[]string{`contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"a"}}`, `messageStop {"stopReason":""}`, metadata},
			`{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}},"stopReason":"","usage":{"inputTokens":1,"outputTokens":1}}`,
		},
		"chat: null": {
			openaichat.Back{},
			[]string{chunk, `[DONE]`},
			`{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":null}]}`,
		},
		"chat: none, behind a call": {
			openaichat.Back{},
			[]string{call, `[DONE]`},
			`{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a"}}]}`,
		},
		"chat: the word null": { // KoboldCpp: github.com/PowerShell/AIShell/issues/350
			openaichat.Back{},
			[]string{strings.Replace(chunk, ":null", `:"null"`, 1), `[DONE]`},
			`{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"null"}]}`,
		},
		"chat: another choice": {
			openaichat.Back{},
			[]string{chunk, `{"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{},"finish_reason":"stop"}]}`, `[DONE]`},
			`{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"},{"index":1,"message":{"content":"b"},"finish_reason":null}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			frames := func(yield func(wire.Frame, error) bool) {
				for _, ev := range c.stream {
					var f wire.Frame
					if !strings.HasPrefix(ev, "{") && !strings.HasPrefix(ev, "[") {
						f.Name, ev, _ = strings.Cut(ev, " ")
					}
					f.Data = []byte(ev)
					if !yield(f, nil) {
						return
					}
				}
			}
			var failed error
			for chunk, err := range c.back.Stream(llm.OpChat, llm.Outbound{}, dialect.Target{Quirks: dialect.Quirks{NoDone: true}}, frames) {
				failed = err
				if err != nil && len(chunk.Frame.Data) > 0 {
					t.Errorf("a caller of the dialect is sent %s", chunk.Frame.Data)
				}
				for _, ev := range chunk.Events {
					if _, ok := ev.(llm.Finished); ok {
						t.Error("streamed: finished")
					}
					if _, ok := ev.(llm.Stopped); ok && name != "chat: another choice" {
						t.Error("streamed: stopped")
					}
				}
			}
			if fault.KindOf(failed) != fault.Truncated {
				t.Errorf("streamed: %v, want %s", failed, fault.Truncated)
			}
			chunk, err := c.back.Unary(llm.OpChat, llm.Outbound{}, dialect.Target{}, []byte(c.whole))
			if fault.KindOf(err) != fault.Truncated || len(chunk.Frame.Data) > 0 {
				t.Errorf("whole: %v with frame %s, want %s", err, chunk.Frame.Data, fault.Truncated)
			}
			for _, ev := range chunk.Events {
				if _, ok := ev.(llm.Used); !ok {
					t.Errorf("whole: %T beside the error", ev)
				}
			}
		})
	}
}

// Words that stand for none until the reason comes do not end an answer.
func TestAReasonThatIsStillToComeEndsNothing(t *testing.T) {
	for _, none := range []string{`null`, `""`, `"null"`} {
		body := `data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":` + none + `}]}` + "\n\n" +
			`data: {"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"length"}]}` + "\n\ndata: [DONE]\n\n"
		var text, stops []string
		for chunk, err := range (openaichat.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, sse.Frames(strings.NewReader(body), 1<<20)) {
			if err != nil {
				t.Errorf("%s: %v", none, err)
			}
			for _, ev := range chunk.Events {
				if d, ok := ev.(llm.Delta); ok {
					text = append(text, d.Text)
				}
				if s, ok := ev.(llm.Stopped); ok {
					stops = append(stops, string(s.Reason))
				}
			}
		}
		if strings.Join(text, "") != "ab" || strings.Join(stops, " ") != "length" {
			t.Errorf("%s: text %q, stops %q", none, text, stops)
		}
	}
}

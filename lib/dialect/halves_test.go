package dialect_test

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/converse"
	"weir/lib/dialect/openaichat"
	"weir/lib/llm"
	"weir/lib/wire"
)

// A character whose two escapes are cut apart is one character again, in texts,
// in thinking and in the arguments of calls, though others come between its
// halves. A half that stays alone is U+FFFD.
func TestCutCharactersAreWhole(t *testing.T) {
	want := map[int]string{0: "a🌊b", 1: `{"p":"🌊"}`, 2: "🌊\ufffd"}
	tests := map[string]struct {
		back   dialect.Back
		stream string // an event a line, its name before it where it has one
	}{
		"messages": {anthropic.Back{}, `
{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}}
{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}
{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}
{"type":"content_block_start","index":2,"content_block":{"type":"thinking","thinking":"","signature":""}}
{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\ud83c"}}
{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"p\":\"\ud83c"}}
{"type":"content_block_delta","index":2,"delta":{"type":"thinking_delta","thinking":"\ud83c"}}
{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\udf0ab"}}
{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"\udf0a\"}"}}
{"type":"content_block_delta","index":2,"delta":{"type":"thinking_delta","thinking":"\udf0a\ud83c"}}
{"type":"content_block_stop","index":0}
{"type":"content_block_stop","index":1}
{"type":"content_block_stop","index":2}
{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":1}}
{"type":"message_stop"}`},
		"converse": {converse.Back{}, `
messageStart {"role":"assistant"}
contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"a\ud83c"}}
contentBlockStart {"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}
contentBlockDelta {"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\"p\":\"\ud83c"}}}
contentBlockDelta {"contentBlockIndex":2,"delta":{"reasoningContent":{"text":"\ud83c"}}}
contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"\udf0ab"}}
contentBlockDelta {"contentBlockIndex":1,"delta":{"toolUse":{"input":"\udf0a\"}"}}}
contentBlockDelta {"contentBlockIndex":2,"delta":{"reasoningContent":{"text":"\udf0a\ud83c"}}}
contentBlockStop {"contentBlockIndex":0}
contentBlockStop {"contentBlockIndex":1}
contentBlockStop {"contentBlockIndex":2}
messageStop {"stopReason":"tool_use"}
metadata {"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`},
		"chat": {openaichat.Back{}, `
{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"a\ud83c"}}]}
{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"\udf0ab"}}]}
{"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{\"p\":\"\ud83c"}}]}}]}
{"id":"c","model":"m","choices":[{"index":0,"delta":{"reasoning_content":"\ud83c"}}]}
{"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\udf0a\"}"}}]}}]}
{"id":"c","model":"m","choices":[{"index":0,"delta":{"reasoning_content":"\udf0a\ud83c"}}]}
{"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}
[DONE]`},
	}
	for name, tt := range tests {
		frames := func(yield func(wire.Frame, error) bool) {
			for line := range strings.Lines(strings.TrimSpace(tt.stream)) {
				event, data := "", strings.TrimSpace(line)
				if i := strings.IndexAny(data, "{["); i > 0 {
					event, data = strings.TrimSpace(data[:i]), data[i:]
				}
				if !yield(wire.Frame{Name: event, Data: []byte(data)}, nil) {
					return
				}
			}
		}
		got := map[int]string{}
		for c, err := range tt.back.Stream(llm.OpChat, llm.Outbound{}, dialect.Target{Model: "anthropic.claude-sonnet-4-5"}, frames) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, ev := range c.Events {
				if d, ok := ev.(llm.Delta); ok {
					got[d.Index] += d.Text
				}
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

package gateway_test

import (
	"strings"
	"testing"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
)

// An answer that says that it is over, and not why, is none: before the first
// content another target answers, after it the caller is told in band, and
// neither front hears an end. So in the relay lane and in the translate lane.
func TestAnAnswerWithoutAReasonIsTold(t *testing.T) {
	const (
		start = `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":11,"output_tokens":1}}}`
		open  = `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`
		delta = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello there"}}`
		stop  = `{"type":"message_stop"}`
		chunk = `{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"hello there"},"finish_reason":null}]}`
		whole = `{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hello there"}],"stop_reason":null,"usage":{"input_tokens":11,"output_tokens":7}}`
	)
	text := func(events ...string) string { return strings.Join(events, "") }
	for name, tt := range map[string]struct {
		model, path         string // path: of the one front it is for; empty: of both
		kind, empty, broken string // streams that say nothing, and something
		whole               string
	}{
		"OpenAI": {
			"o", "", sseType, sseOf(false, `{"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant"}}]}`, "[DONE]"), sseOf(false, chunk, "[DONE]"),
			`{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello there"},"finish_reason":null}],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}`,
		},
		"Anthropic": {"a", "", sseType, sseOf(true, start, stop), sseOf(true, start, open, delta, stop), whole},
		"Bedrock": {
			"b", chatPath, eventsType, converseOf(`messageStart {"role":"assistant"}`, `messageStop {}`),
			converseOf(`contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"hello there"}}`, `messageStop {}`, `metadata {"usage":{"inputTokens":11,"outputTokens":7}}`),
			`{"output":{"message":{"role":"assistant","content":[{"text":"hello there"}]}},"usage":{"inputTokens":11,"outputTokens":7}}`,
		},
		"Claude on Bedrock": {"b", messagesPath, eventsType, text(invokeOf(start, stop)), invokeOf(start, open, delta, stop), whole},
	} {
		for path, body := range chats {
			if tt.path != "" && tt.path != path {
				continue
			}
			t.Run(name+" over "+path, func(t *testing.T) {
				r, c := withCanned(t)
				for _, early := range []struct {
					kind, body string
					stream     bool
				}{{wholeType, tt.whole, false}, {wholeType, tt.whole, true}, {tt.kind, tt.empty, true}} {
					c.answer(early.kind, early.body)
					a := r.Must(path, body(tt.model+"-or-echo", early.stream))
					row := r.Row(a.CallID())
					if a.Status != 200 || row.Provider != "echo" || row.Outcome != fault.OutcomeOK || len(row.Attempts) != 2 || row.Attempts[0].Outcome != fault.Truncated.String() {
						t.Errorf("%s: status %d: %s\nrow %+v", early.body, a.Status, a.Body, row)
					}
					a = r.Must(path, body(tt.model, early.stream))
					if row := r.Row(a.CallID()); a.Status != 502 || row.Outcome != fault.OutcomeTruncated || strings.Contains(a.Body, "hello") {
						t.Errorf("%s: status %d: %s\nrow %+v", early.body, a.Status, a.Body, row)
					}
				}
				c.answer(tt.kind, tt.broken)
				for _, model := range []string{tt.model, tt.model + "-or-echo"} {
					a := r.Must(path, body(model, true))
					if a.Status != 200 || ended(a.Body) || !strings.Contains(a.Body, "hello there") || !strings.Contains(a.Body, `"error"`) {
						t.Errorf("status %d: %s", a.Status, a.Body)
					}
					if strings.Contains(a.Body, `"stop_reason":"`) || strings.Contains(a.Body, `"finish_reason":"`) {
						t.Errorf("a reason that nobody gave: %s", a.Body)
					}
					row := r.Row(a.CallID())
					if row.Outcome != fault.OutcomeTruncated || row.UsageSource == ledger.UsageNone || row.Cost == 0 || len(row.Attempts) != 1 {
						t.Errorf("row %+v: what was sent must be billed", row)
					}
				}
			})
		}
	}
}

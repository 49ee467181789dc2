package gateway_test

import (
	"testing"

	"weir/lib/accounting/ledger"
)

// What a provider reported of an attempt that another target took over from is
// in the attempt's entry, and not in the call's own figures: those are the
// answer's. What it reported of an answer that broke off is the row's alone.
func TestWhatFailedAttemptsReportedIsKept(t *testing.T) {
	const (
		start = `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":11,"cache_read_input_tokens":7,"output_tokens":1}}}`
		open  = `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"hello there"}}`
		busy  = `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`
	)
	for name, tt := range map[string]struct {
		model, path, kind, body string
		stream                  bool
		want                    ledger.Tokens
	}{
		"Anthropic, overloaded": {"a", "", sseType, sseOf(true, start, busy), true, ledger.Tokens{Input: 11, CacheRead: 7, Output: 1}},
		"Anthropic, cut":        {"a", "", sseType, sseOf(true, start), true, ledger.Tokens{Input: 11, CacheRead: 7, Output: 1}},
		"Anthropic, no reason": {
			"a", "", wholeType,
			`{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":null,"usage":{"input_tokens":11,"output_tokens":3}}`,
			false,
			ledger.Tokens{Input: 11, Output: 3},
		},
		"OpenAI, no reason": {
			"o", "", wholeType,
			`{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":null}],"usage":{"prompt_tokens":11,"completion_tokens":3,"completion_tokens_details":{"reasoning_tokens":2},"total_tokens":14}}`,
			false,
			ledger.Tokens{Input: 11, Output: 3, Reasoning: 2},
		},
		"OpenAI, usage alone": {
			"o", "", sseType, sseOf(false, `{"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":0}}`, `{"error":{"message":"x","type":"server_error"}}`),
			true,
			ledger.Tokens{Input: 11},
		},
		"Bedrock, no reason": {
			"b", chatPath, wholeType, `{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"usage":{"inputTokens":11,"outputTokens":3}}`,
			false,
			ledger.Tokens{Input: 11, Output: 3},
		},
		"nothing": {"o", "", wholeType, `{"error":{"message":"x","type":"server_error"}}`, false, ledger.Tokens{}},
	} {
		for path, body := range chats {
			if tt.path != "" && tt.path != path {
				continue
			}
			t.Run(name+" over "+path, func(t *testing.T) {
				r, c := withCanned(t)
				c.answer(tt.kind, tt.body)
				a := r.Must(path, body(tt.model+"-or-echo", tt.stream))
				row := r.Row(a.CallID())
				if a.Status != 200 || len(row.Attempts) != 2 || row.Provider != "echo" {
					t.Fatalf("status %d: %s\nrow %+v", a.Status, a.Body, row)
				}
				if row.Attempts[0].Reported != tt.want || row.Attempts[1].Reported != (ledger.Tokens{}) || row.Usage.Input == 11 || row.Usage.CacheRead != 0 {
					t.Errorf("attempts %+v, usage %+v; want %+v of the first alone", row.Attempts, row.Usage, tt.want)
				}
				a = r.Must(path, body(tt.model, tt.stream))
				row = r.Row(a.CallID())
				if row.Attempts[0].Reported != tt.want || row.UsageSource != ledger.UsageNone || row.Cost != 0 {
					t.Errorf("alone: row %+v, want %+v", row, tt.want)
				}
			})
		}
	}
	r, c := withCanned(t)
	c.answer(sseType, sseOf(true, start, open, busy))
	row := r.Row(r.Must(chatPath, ask("a-or-echo", true)).CallID())
	if len(row.Attempts) != 1 || row.Attempts[0].Reported != (ledger.Tokens{}) || row.Usage.Input != 11 || row.Usage.CacheRead != 7 || row.Cost == 0 {
		t.Errorf("broken off after content: row %+v", row)
	}
}

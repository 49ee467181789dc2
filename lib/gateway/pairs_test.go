package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"weir/lib/fault"
	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

// both is a gateway with an OpenAI and an Anthropic, as routes in either order.
func both(t *testing.T) (*rig.Rig, *fakeprovider.Provider, *fakeanthropic.Provider) {
	t.Helper()
	o := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
	a := fakeanthropic.Start(t, fakeanthropic.Options{Key: rig.Secret})
	return rig.Start(t, rig.Options{Config: `
version: 1
providers:
  o: { kind: openai, base_url: ` + o.URL + ` }
  a: { kind: anthropic, base_url: ` + a.URL + ` }
models:
  "o/*": o/*
  "a/*": a/*
  openai-first: { strategy: fallback, targets: [o/gpt-4o, a/claude-sonnet-4-5] }
  claude-first: { strategy: fallback, targets: [a/claude-sonnet-4-5, o/gpt-4o] }
prices:
  "o/*": { input: 1.00, output: 4.00 }
  "a/*": { input: 3.00, output: 15.00 }
`}), o, a
}

// From either front, in either order: the second target answers in the
// caller's dialect, though the first one speaks another, and the row says who
// failed.
func TestFailoverCrossesDialects(t *testing.T) {
	r, o, a := both(t)
	o.Model("gpt-4o", fakeprovider.Answer{})
	for _, route := range []string{"openai-first", "claude-first"} {
		for _, path := range []string{chatPath, messagesPath} {
			for _, stream := range []bool{false, true} {
				body, first, second := ask(route, stream), "o", "a"
				if path == messagesPath {
					body = askAnthropic(route, stream)
				}
				if route == "openai-first" {
					o.Script("gpt-4o", fakeprovider.Answer{Status: 500})
				} else {
					first, second = "a", "o"
					a.Script("claude-sonnet-4-5", fakeanthropic.Answer{Status: 529})
				}
				got := r.Must(path, body)
				if got.Status != 200 || !strings.Contains(got.Body, "hello ") || got.Header.Get("X-Weir-Provider") != second || got.Header.Get("X-Weir-Attempts") != "2" {
					t.Errorf("%s over %s, stream %v: status %d, %v: %s", route, path, stream, got.Status, got.Header, got.Body)
				}
				end := map[string]string{chatPath: "data: [DONE]", messagesPath: "event: message_stop"}[path]
				if stream && !strings.Contains(got.Body, end) {
					t.Errorf("%s over %s has no end: %s", route, path, got.Body)
				}
				row := r.Row(got.CallID())
				if len(row.Attempts) != 2 || row.Attempts[0].Provider != first || row.Attempts[0].Outcome == fault.OutcomeOK || row.Attempts[1].Outcome != fault.OutcomeOK || row.Provider != second {
					t.Errorf("%s over %s: attempts %+v", route, path, row.Attempts)
				}
			}
		}
	}
}

// sealed is a tool turn with signed thinking, as callers of either dialect
// send it back. signature is not the provider's.
func sealed(path string, stream bool) string {
	const signature = "c2lnbmVkIGJ5IGFub3RoZXI="
	if path == chatPath {
		return fmt.Sprintf(`{"model":"a/claude-sonnet-4-5","stream":%v,"reasoning_effort":"low","max_tokens":9000,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"messages":[
			{"role":"user","content":"hello there"},
			{"role":"assistant","content":null,"thinking_blocks":[{"type":"thinking","thinking":"Let me see.","signature":%q}],"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"call_1","content":"done"}]}`, stream, signature)
	}
	return fmt.Sprintf(`{"model":"a/claude-sonnet-4-5","stream":%v,"thinking":{"type":"enabled","budget_tokens":1024},"max_tokens":9000,"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[
			{"role":"user","content":"hello there"},
			{"role":"assistant","content":[{"type":"thinking","thinking":"Let me see.","signature":%q},{"type":"tool_use","id":"call_1","name":"f","input":{}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"done"}]}]}`, stream, signature)
}

// A seal that a target refuses before the first content: the same target is
// asked once more without it, which the caller and the row are told.
func TestARefusedSealIsLeftOut(t *testing.T) {
	for _, path := range []string{chatPath, messagesPath} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s stream %v", path, stream), func(t *testing.T) {
				r, _, a := both(t)
				got := r.Must(path, sealed(path, stream))
				if got.Status != 200 || !strings.Contains(got.Body, "done") || got.Header.Get("X-Weir-Attempts") != "2" || !strings.Contains(got.Header.Get("X-Weir-Loss"), "thinking") {
					t.Errorf("status %d, %v: %s", got.Status, got.Header, got.Body)
				}
				row := r.Row(got.CallID())
				if len(row.Attempts) != 2 || row.Attempts[0].Provider != "a" || row.Attempts[0].Status != 400 || row.Attempts[1].Provider != "a" || row.Attempts[1].Outcome != fault.OutcomeOK {
					t.Errorf("attempts %+v", row.Attempts)
				}
				lost := 0
				for _, l := range row.Losses {
					if strings.HasPrefix(l.Why, "the provider refused it") {
						lost++
					}
				}
				if lost == 0 || row.Outcome != fault.OutcomeOK {
					t.Errorf("outcome %s, losses %+v", row.Outcome, row.Losses)
				}
				asked := a.Requests()
				if len(asked) != 2 || strings.Contains(string(asked[1].Body), "Let me see.") {
					t.Errorf("%d requests, the last %s", len(asked), asked[len(asked)-1].Body)
				}
			})
		}
	}
}

// A caller who wants nothing dropped gets the provider's refusal instead.
func TestARefusedSealIsNotLeftOutOfStrictCalls(t *testing.T) {
	for _, path := range []string{chatPath, messagesPath} {
		r, _, a := both(t)
		got := r.Must(path, sealed(path, false), "X-Weir-Strict", "true")
		if got.Status != 400 || !strings.Contains(got.Body, "Invalid `signature` in `thinking` block") || len(a.Requests()) != 1 {
			t.Errorf("%s: status %d after %d requests: %s", path, got.Status, len(a.Requests()), got.Body)
		}
	}
}

// A refusal of another kind is not asked again, and a seal is left out once.
func TestOtherRefusalsAreFinal(t *testing.T) {
	r, _, a := both(t)
	forged := &fakeanthropic.APIError{Type: "invalid_request_error", Message: "messages.1.content.0: Invalid `signature` in `thinking` block"}
	a.Script("claude-sonnet-4-5", fakeanthropic.Answer{Error: fakeanthropic.ContextLength(9, 8)}, fakeanthropic.Answer{Error: forged})
	for range 2 {
		got := r.Must(messagesPath, askAnthropic("a/claude-sonnet-4-5", false))
		if n := len(r.Row(got.CallID()).Attempts); got.Status != 400 || n != 1 {
			t.Errorf("status %d, %d attempts: %s", got.Status, n, got.Body)
		}
	}
}

// What would be dropped with a Loss is a 400 that names the member where the
// caller wants it so, and nothing is sent.
func TestStrictCallersLoseNothing(t *testing.T) {
	r, o, a := both(t)
	for name, tt := range map[string]struct{ path, model, member, field string }{
		"seed":      {chatPath, "a/claude-sonnet-4-5", `"seed":7`, "seed"},
		"penalty":   {chatPath, "a/claude-sonnet-4-5", `"presence_penalty":0.5`, "presence_penalty"},
		"top_k":     {messagesPath, "o/gpt-4o", `"top_k":5`, "top_k"},
		"no effort": {messagesPath, "o/gpt-4o", `"thinking":{"type":"enabled","budget_tokens":1024}`, "thinking"},
	} {
		for _, stream := range []bool{false, true} {
			body := fmt.Sprintf(`{%s,"model":%q,"stream":%v,"max_tokens":4096,"messages":[{"role":"user","content":"hello there"}]}`, tt.member, tt.model, stream)
			sent := len(o.Requests()) + len(a.Requests())
			strict := r.Must(tt.path, body, "X-Weir-Strict", "true")
			if strict.Status != 400 || !strings.Contains(strict.Body, tt.field) || len(o.Requests())+len(a.Requests()) != sent {
				t.Errorf("%s: status %d: %s", name, strict.Status, strict.Body)
			}
			lax := r.Must(tt.path, body)
			if lax.Status != 200 || !strings.Contains(lax.Header.Get("X-Weir-Loss"), tt.field) {
				t.Errorf("%s: status %d, loss %q: %s", name, lax.Status, lax.Header.Get("X-Weir-Loss"), lax.Body)
			}
		}
	}
}

// An error in the middle of a stream is in the caller's dialect, also where it
// is one that a caller of the provider's own would be sent as it is: a frame of
// another dialect is none to the caller's SDK, which would take the answer for
// whole.
func TestErrorsInStreamsAreInTheCallersDialect(t *testing.T) {
	r, o, a := both(t)
	o.Script("gpt-4o", fakeprovider.Answer{Text: "one two three four", ErrorAfter: 2, Error: fakeprovider.ContextLength(8, 9)})
	a.Script("claude-sonnet-4-5", fakeanthropic.Answer{Text: "one two three four", ErrorAfter: 2, Error: fakeanthropic.ContextLength(9, 8)})
	got := r.Must(messagesPath, askAnthropic("o/gpt-4o", true))
	if _, last, _ := strings.Cut(got.Body, "event: error\ndata: "); !strings.HasPrefix(last, `{"type":"error","error":{"type":"invalid_request_error","message":"This model's maximum context length is 8 tokens.`) {
		t.Errorf("an Anthropic caller reads %s", got.Body)
	}
	got = r.Must(chatPath, ask("a/claude-sonnet-4-5", true))
	if _, last, _ := strings.Cut(got.Body, `data: {"error":{`); !strings.Contains(last, `"code":"context_length_exceeded"`) || strings.Contains(got.Body, `"type":"error"`) {
		t.Errorf("a Chat caller reads %s", got.Body)
	}
}

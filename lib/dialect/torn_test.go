package dialect_test

import (
	"strings"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire"
)

// Half of a character in a request cannot be said in another dialect: that it
// is replaced is told by its place, and a strict caller is refused. In the
// caller's own dialect the bytes go as they are.
func TestHalvesInRequestsAreTold(t *testing.T) {
	const members = `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"whole 🌊 \ud83c\udf0a"},{"role":"assistant","content":"a"},{"role":"user","content":[{"type":"text","text":"half \ud83c of it"}]}]}`
	const at = "messages[2].content[0].text"
	for _, l := range lanes {
		req, err := l.front.Decode(llm.OpChat, llm.Inbound{Raw: []byte(members)})
		if err != nil {
			t.Fatal(err)
		}
		target := dialect.Target{Model: l.model, Path: l.path}
		out, losses, err := l.back.Encode(llm.OpChat, req, target)
		if err != nil || len(losses) != 1 || losses[0].Field != at || !strings.Contains(string(out.Body), "half \ufffd of it") {
			t.Errorf("%s: %v, losses %v, sent %s", l.name, err, losses, out.Body)
		}
		target.Strict = true
		if _, _, err = l.back.Encode(llm.OpChat, req, target); fault.KindOf(err) != fault.Invalid || fault.Of(err).Param != at {
			t.Errorf("%s, strict: %v", l.name, err)
		}
	}
	for _, same := range []struct {
		front dialect.Front
		back  dialect.Back
	}{{openaichat.Front{}, openaichat.Back{}}, {anthropic.Front{}, anthropic.Back{}}} {
		in := llm.Inbound{Dialect: same.front.Name(), Raw: []byte(members)}
		req, err := same.front.Decode(llm.OpChat, in)
		if err != nil {
			t.Fatal(err)
		}
		out, losses, err := same.back.Relay(llm.OpChat, in, req, dialect.Target{Model: "m", Strict: true})
		if err != nil || len(losses) > 0 || !strings.Contains(string(out.Body), `half \ud83c of it`) {
			t.Errorf("%s relayed: %v, losses %v, sent %s", same.front.Name(), err, losses, out.Body)
		}
	}
}

// Arguments without the name of what they are for are no answer, and an entry
// that says nothing is no call.
func TestCallsWithoutAName(t *testing.T) {
	const done = "[DONE]"
	for name, tt := range map[string]struct {
		chunks []string
		kind   fault.Kind
	}{
		"arguments": {[]string{
			`{"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"arguments":"{}"}}]}}]}`,
			`{"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`, done,
		}, fault.TargetFailed},
		"nothing": {[]string{
			`{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"a"}}]}`,
			`{"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":""}}]}}]}`,
			`{"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, done,
		}, fault.Internal},
	} {
		frames := func(yield func(wire.Frame, error) bool) {
			for _, c := range tt.chunks {
				if !yield(wire.Frame{Data: []byte(c)}, nil) {
					return
				}
			}
		}
		var failed error
		var reason llm.StopReason
		for c, err := range (openaichat.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{Model: "m"}, frames) {
			failed = err
			for _, ev := range c.Events {
				if o, ok := ev.(llm.Opened); ok {
					if _, ok := o.Block.(*llm.ToolUse); ok {
						t.Errorf("%s: a call was opened", name)
					}
				}
				if s, ok := ev.(llm.Stopped); ok {
					reason = s.Reason
				}
			}
		}
		if tt.kind == fault.TargetFailed && (fault.KindOf(failed) != tt.kind || reason != "") {
			t.Errorf("%s: %v, stopped for %q", name, failed, reason)
		}
		if tt.kind == fault.Internal && (failed != nil || reason != llm.StopEnd) {
			t.Errorf("%s: %v, stopped for %q", name, failed, reason)
		}
	}
}

package dialect_test

import (
	"fmt"
	"strings"
	"testing"

	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
)

// A choice of a tool that is not there is refused by its name, at every vendor.
func TestAChoiceOfNoToolIsRefused(t *testing.T) {
	chat, err := openaichat.Front{}.Decode(llm.OpChat, llm.Inbound{Raw: []byte(`{"model":"m","messages":[{"role":"user","content":"hi"}],
		"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":{"type":"function","function":{"name":"g"}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := anthropic.Front{}.Decode(llm.OpChat, llm.Inbound{Raw: []byte(`{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}],
		"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"g"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range everybody {
		for name, req := range map[string]*llm.Request{"Chat": chat, "Messages": messages} {
			_, _, err := v.back.Encode(llm.OpChat, req, v.target)
			if e := fault.Of(err); e == nil || e.Kind != fault.Invalid || e.Param != "tool_choice" {
				t.Errorf("%s to %s: %v", name, v.name, err)
			}
		}
	}
}

// What OpenAI refuses of a conversation is refused by the caller's own path.
func TestWhatOpenAITakesOfNoConversation(t *testing.T) {
	for _, c := range []struct{ messages, param string }{
		{`{"role":"assistant","content":""}`, "messages"},
		{`{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"}]}`, "messages"},
		{`{"role":"user","content":[{"type":"image","source":{"type":"url","url":"ftp://x/a.png"}}]}`, "messages[0].content[0]"},
		{
			`{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"no clock","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t"}]}`,
			"messages[1].content[0]",
		},
	} {
		req, err := anthropic.Front{}.Decode(llm.OpChat, llm.Inbound{Raw: fmt.Appendf(nil, `{"model":"m","max_tokens":9,"messages":[%s]}`, c.messages)})
		if err != nil {
			t.Fatalf("%s: %v", c.messages, err)
		}
		v := toOpenAI("gpt-4o")
		_, _, err = v.back.Encode(llm.OpChat, req, v.target)
		if e := fault.Of(err); e == nil || e.Kind != fault.Invalid || e.Param != c.param {
			t.Errorf("%s: %v, want a refusal of %s", c.messages, err, c.param)
		}
	}
}

// What is out of OpenAI's ranges is set to their ends, with a Loss, and refused
// where the caller wants nothing changed.
func TestValuesOutOfOpenAIsRanges(t *testing.T) {
	for _, c := range []struct{ member, sent, field string }{
		{`"temperature":3.5`, `"temperature":2`, "temperature"},
		{`"temperature":-1`, `"temperature":0`, "temperature"},
		{`"top_p":7`, `"top_p":1`, "top_p"},
		{`"temperature":2`, `"temperature":2`, ""},
		{`"top_p":0`, `"top_p":0`, ""},
	} {
		req, err := anthropic.Front{}.Decode(llm.OpChat, llm.Inbound{Raw: fmt.Appendf(nil, `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}],%s}`, c.member)})
		if err != nil {
			t.Fatalf("%s: %v", c.member, err)
		}
		v := toOpenAI("gpt-4o")
		out, losses, err := v.back.Encode(llm.OpChat, req, v.target)
		if err != nil || !strings.Contains(string(out.Body), c.sent) {
			t.Errorf("%s became %s (%v), want %s", c.member, out.Body, err, c.sent)
		}
		var fields []string
		for _, l := range losses {
			fields = append(fields, l.Field)
		}
		if got := strings.Join(fields, " "); got != c.field {
			t.Errorf("%s: losses of %q, want %q", c.member, got, c.field)
		}
		v.target.Strict = true
		if _, _, err := v.back.Encode(llm.OpChat, req, v.target); (err != nil) != (c.field != "") {
			t.Errorf("%s, strict: %v", c.member, err)
		}
	}
}

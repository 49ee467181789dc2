package openaichat_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/lib/dialect"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/golden"
	"weir/lib/wire"
	"weir/lib/wire/sse"
)

var targetEmbed = dialect.Target{Model: "upstream-model", Path: openaichat.PathEmbed}

// anyRequest draws a Chat request with odd spacing, unknown members and, some
// times, members that only the gateway understands.
func anyRequest(t *rapid.T) string {
	pick := func(all ...string) string { return rapid.SampledFrom(all).Draw(t, "pick") }
	part := func() string {
		return `{"type":"text",` + pick("", `"cache_control":{"type":"ephemeral"} , `) + `"text": ` + pick(`"a\u00e9\/"`, `""`, `"<b>"`) + `}`
	}
	message := func() string {
		switch pick("s", "u", "p", "a") {
		case "s":
			return `{"role":"system","content":"s"` + pick("", ` , "cache_control":{"ttl":"1h"}`) + `}`
		case "u":
			return `{ "role" : "user", "content":"u\ud800" ,"x":` + pick("1.0", "null", `{"a":[1 ,2]}`) + `}`
		case "p":
			return `{"content":[` + part() + ` , ` + part() + `],"role":"user"}`
		default:
			return `{"role":"assistant",` + pick("", `"reasoning_content":"r",`) + pick("", `"thinking_blocks":[{"type":"thinking","thinking":"t","signature":"s"}] ,`) + `"content":"a"}`
		}
	}
	members := []string{`"model":` + pick(`"alias"`, `"upstream-model"`, `"al\u0069as"`)}
	var messages []string
	for range rapid.IntRange(1, 4).Draw(t, "messages") {
		messages = append(messages, message())
	}
	members = append(members, `"messages":[`+strings.Join(messages, " ,\n")+`]`)
	for _, m := range []string{
		`"seed":9007199254740993`, `"temperature": 1.0e0`, `"frob":{"cache_control":1}`, `"thinking":{"type":"enabled"}`,
		`"tools":[{"type":"function","cache_control":{},"function":{"name":"f","parameters":{"a":1,"a":2}}}]`,
		`"stream":true`, `"stream_options":` + pick(`null`, `{}`, `{"include_usage":false}`, `{"include_usage":true,"x":1}`),
		`"max_completion_tokens":7`, `"max_tokens":` + pick("5", "null"),
	} {
		if rapid.Bool().Draw(t, "there") {
			members = append(members, m)
		}
	}
	members = rapid.Permutation(members).Draw(t, "order")
	return pick("{", "{ ", "{\n") + strings.Join(members, pick(",", " ,", ",\n ")) + pick("}", " }")
}

// The relayed request is the caller's but for the listed edits: the same edits
// of the decoded request give the same value, and where nothing is to be
// edited the bytes are the same.
func TestRelayIsTheCallersRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := []byte(anyRequest(t))
		q := dialect.Quirks{
			NoStreamUsage:  rapid.Bool().Draw(t, "no usage"),
			MaxTokensOnly:  rapid.Bool().Draw(t, "max tokens"),
			TakesReasoning: rapid.Bool().Draw(t, "reasoning"), TakesCacheControl: rapid.Bool().Draw(t, "cache"),
		}
		in := llm.Inbound{Raw: raw}
		req, err := openaichat.Front{}.Decode(llm.OpChat, in)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		before := bytes.Clone(raw)
		out, _, err := openaichat.Back{}.Relay(llm.OpChat, in, req, dialect.Target{Model: "upstream-model", Path: "/x", Quirks: q})
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if !bytes.Equal(raw, before) {
			t.Fatal("the caller's body was changed in place")
		}
		want := edited(t, raw, q, req.Facts.Stream)
		if diff := cmp.Diff(want, object(t, out.Body)); diff != "" {
			t.Fatalf("%s\nbecame %s\n%s", raw, out.Body, diff)
		}
		if cmp.Equal(want, object(t, raw)) && !bytes.Equal(out.Body, raw) {
			t.Fatalf("nothing to edit, but %s\nbecame %s", raw, out.Body)
		}
		again, _, err := openaichat.Back{}.Relay(llm.OpChat, llm.Inbound{Raw: out.Body}, req, dialect.Target{Model: "upstream-model", Path: "/x", Quirks: q})
		if err != nil || !bytes.Equal(again.Body, out.Body) {
			t.Fatalf("relayed again, %s\nbecame %s (%v)", out.Body, again.Body, err)
		}
	})
}

func object(t *rapid.T, data []byte) map[string]any {
	var m map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&m); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return m
}

// edited is Relay done on the decoded value.
func edited(t *rapid.T, raw []byte, q dialect.Quirks, stream bool) map[string]any {
	m := object(t, raw)
	m["model"] = "upstream-model"
	if !q.TakesReasoning {
		delete(m, "thinking")
	}
	var walk func(v any, parts bool)
	walk = func(v any, parts bool) {
		list, _ := v.([]any)
		for _, x := range list {
			o, ok := x.(map[string]any)
			if !ok {
				continue
			}
			delete(o, "thinking_blocks")
			if !q.TakesReasoning {
				delete(o, "reasoning_content")
			}
			if !q.TakesCacheControl {
				delete(o, "cache_control")
			}
			if parts {
				walk(o["content"], false)
			}
		}
	}
	walk(m["messages"], true)
	walk(m["tools"], false)
	if v, ok := m["max_completion_tokens"]; ok && q.MaxTokensOnly {
		m["max_tokens"] = v
		delete(m, "max_completion_tokens")
	}
	if stream && !q.NoStreamUsage {
		o, ok := m["stream_options"].(map[string]any)
		if !ok {
			o = map[string]any{}
			m["stream_options"] = o
		}
		o["include_usage"] = true
	}
	return m
}

// Who stops reading closes the stream below, also in the middle.
func TestBreakingOffReleasesTheStream(t *testing.T) {
	closed := false
	var frames wire.Frames = func(yield func(wire.Frame, error) bool) {
		defer func() { closed = true }()
		for i := 0; ; i++ {
			if !yield(wire.Frame{Data: fmt.Appendf(nil, `{"choices":[{"delta":{"content":"%d"}}]}`, i)}, nil) {
				return
			}
		}
	}
	n := 0
	for _, err := range (openaichat.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, frames) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	if !closed {
		t.Error("the frames were not released")
	}
}

// Errors from below keep their kind; one without a kind means failover.
func TestErrorsFromBelow(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want fault.Kind
	}{
		{fault.New(fault.TargetTimeout, "upstream", ""), fault.TargetTimeout},
		{fmt.Errorf("wrapped: %w", fault.New(fault.Truncated, "sse", "")), fault.Truncated},
		{errors.New("reset"), fault.TargetFailed},
	} {
		var frames wire.Frames = func(yield func(wire.Frame, error) bool) {
			if yield(wire.Frame{Data: []byte(`{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}`)}, nil) {
				yield(wire.Frame{}, tt.err)
			}
		}
		var got error
		for _, err := range (openaichat.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{Quirks: dialect.Quirks{NoDone: true}}, frames) {
			got = err
		}
		if fault.KindOf(got) != tt.want || !errors.Is(got, tt.err) {
			t.Errorf("%v: got %v", tt.err, got)
		}
	}
}

// What the front writes, the back reads as the same answer: the usage, the
// text and the calls are the same in the relay lane and in the translate lane.
func TestWrittenAnswersReadTheSame(t *testing.T) {
	golden.Each(t, "testdata/stream/*.txtar", func(t *testing.T, fx *golden.Fixture) {
		target := targetOf(t, fx)
		_, events, failed := transcript(fx, target, bytes.NewReader(fx.Bytes("upstream.sse")))
		if failed != nil {
			return
		}
		want := summary(events)
		var streamedAgain []llm.Event
		frames := sse.Frames(strings.NewReader(strings.ReplaceAll(streamed(events, true), "(loss ", ": ")), maxEvent)
		for c, err := range (openaichat.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, frames) {
			if err != nil {
				t.Fatal(err)
			}
			streamedAgain = append(streamedAgain, c.Events...)
		}
		if diff := cmp.Diff(want, summary(streamedAgain)); diff != "" {
			t.Errorf("streamed (-want +got):\n%s", diff)
		}
		c, err := openaichat.Back{}.Unary(llm.OpChat, llm.Outbound{}, dialect.Target{}, whole(t, events))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, summary(c.Events)); diff != "" {
			t.Errorf("whole (-want +got):\n%s", diff)
		}
	})
}

// summary is what an answer says, whatever its order: texts by kind, calls, usage.
func summary(events []llm.Event) map[string]string {
	out := map[string]string{"usage": lastUsage(events)}
	kinds := map[int]string{}
	for _, ev := range events {
		switch ev := ev.(type) {
		case llm.Opened:
			switch b := ev.Block.(type) {
			case *llm.Text:
				kinds[ev.Index] = fmt.Sprintf("text, refusal %v", b.Refusal)
			case *llm.Thinking:
				kinds[ev.Index] = "thinking"
			case *llm.ToolUse:
				kinds[ev.Index] = "call " + b.CallID + " " + b.Name
				out[kinds[ev.Index]] = ""
			case *llm.Media, *llm.ToolResult, *llm.Opaque:
			}
		case llm.Delta:
			if kind := kinds[ev.Index]; kind != "" {
				out[kind] += ev.Text
			}
		case llm.Closed:
			if kind := kinds[ev.Index]; strings.HasPrefix(kind, "call ") && out[kind] == "" {
				out[kind] = "{}"
			}
		case llm.Started, llm.Sealed, llm.Beside, llm.Cited, llm.Vectors, llm.Counted, llm.Used, llm.Stopped, llm.Dropped, llm.Finished:
		}
	}
	return out
}

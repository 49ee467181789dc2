package anthropic_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire"
)

// anyRequest draws a request with odd spacing, unknown members at every level
// and thinking of several origins.
func anyRequest(t *rapid.T) string {
	pick := func(all ...string) string { return rapid.SampledFrom(all).Draw(t, "pick") }
	block := func() string {
		return pick(
			`{"type":"text",`+pick("", `"cache_control":{"type":"ephemeral" ,"x":1} , `)+`"text": `+pick(`"a\u00e9\/"`, `"<b>"`, `"\ud800"`)+`}`,
			`{"type":"thinking","thinking":"t","signature":`+pick(`"SIG"`, `""`, `"weir:g::x"`, `"we\u0069r:g::x"`)+`}`,
			`{"type":"redacted_thinking" ,"data":`+pick(`"BLOB"`, `"weir:g::x"`)+`}`,
			`{"type":"tool_use","id":"t","name":"f","input":{"a":1, "a":2}}`,
			`{"type":"new","x":[1.0,{"b" : null}]}`)
	}
	message := func() string {
		switch pick("u", "s", "a", "a", "r") {
		case "u":
			return `{ "role" : "user", "content":"u\ud800" ,"x":` + pick("1.0", "null", `{"a":[1 ,2]}`) + `}`
		case "s":
			return `{"role":"assistant","content":"a"}`
		case "r":
			return `{"role":"user","content":[{"type":"tool_result","tool_use_id":"t"}]}`
		}
		var blocks []string
		for range rapid.IntRange(0, 3).Draw(t, "blocks") {
			blocks = append(blocks, block())
		}
		return `{"content":[` + strings.Join(blocks, " ,\n") + `],"role":"assistant"}`
	}
	members := []string{`"model":` + pick(`"alias"`, `"upstream-model"`, `"al\u0069as"`), `"max_tokens":1e3`}
	var messages []string
	for range rapid.IntRange(1, 5).Draw(t, "messages") {
		messages = append(messages, message())
	}
	members = append(members, `"messages":[`+strings.Join(messages, " ,\n")+`]`)
	for _, m := range []string{
		`"x":9007199254740993`, `"temperature": 1.0e0`, `"stream":true`, `"thinking":{"type":"enabled" , "budget_tokens":2000}`,
		`"tools":[{"name":"f","cache_control":{"type":"ephemeral"},"input_schema":{"a":1,"a":2}}]`,
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
		q := dialect.Quirks{TakesReasoning: rapid.Bool().Draw(t, "reasoning"), VersionInBody: rapid.SampledFrom([]string{"", "", "v"}).Draw(t, "hosted")}
		in := llm.Inbound{Raw: raw, Header: http.Header{"Anthropic-Beta": {"compact-2026-01-12"}}}
		req, err := anthropic.Front{}.Decode(llm.OpChat, in)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		before := bytes.Clone(raw)
		target := dialect.Target{Model: "upstream-model", Path: "/x", Quirks: q}
		out, _, err := anthropic.Back{}.Relay(llm.OpChat, in, req, target)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if !bytes.Equal(raw, before) {
			t.Fatal("the caller's body was changed in place")
		}
		want := edited(t, raw, q)
		if diff := cmp.Diff(want, object(t, out.Body)); diff != "" {
			t.Fatalf("%s\nbecame %s\n%s", raw, out.Body, diff)
		}
		if cmp.Equal(want, object(t, raw)) && !bytes.Equal(out.Body, raw) {
			t.Fatalf("nothing to edit, but %s\nbecame %s", raw, out.Body)
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
func edited(t *rapid.T, raw []byte, q dialect.Quirks) map[string]any {
	m := object(t, raw)
	if q.VersionInBody == "" {
		m["model"] = "upstream-model"
	} else {
		delete(m, "model")
		delete(m, "stream")
		m["anthropic_version"], m["anthropic_beta"] = "v", []any{"compact-2026-01-12"}
	}
	open := openAssistant(m)
	for i, x := range list(m["messages"]) {
		msg, _ := x.(map[string]any)
		content, isList := msg["content"].([]any)
		if msg["role"] != "assistant" || !isList {
			continue
		}
		kept, changed := editedBlocks(content, q)
		if !changed {
			continue
		}
		if len(kept) == 0 {
			kept = []any{map[string]any{"type": "text", "text": "(no text)"}}
		}
		msg["content"] = kept
		first, _ := kept[0].(map[string]any)
		if th, ok := m["thinking"].(map[string]any); ok && i == open && first["type"] != "thinking" && first["type"] != "redacted_thinking" && th["type"] == "enabled" {
			m["thinking"] = map[string]any{"type": "disabled"}
		}
	}
	return m
}

// editedBlocks is the assistant's content without thinking that the target
// cannot read, or, where it takes unsigned thinking, without foreign seals.
func editedBlocks(content []any, q dialect.Quirks) (kept []any, changed bool) {
	kept = []any{}
	for _, x := range content {
		b, _ := x.(map[string]any)
		signature, redacted := b["signature"], b["type"] == "redacted_thinking"
		if redacted {
			signature = b["data"]
		}
		s, _ := signature.(string)
		foreign := strings.HasPrefix(s, "weir:")
		switch {
		case b["type"] != "thinking" && !redacted:
		case q.TakesReasoning && foreign && !redacted:
			b["signature"], changed = "", true
		case foreign || s == "" && !q.TakesReasoning:
			changed = true
			continue
		}
		kept = append(kept, b)
	}
	return kept, changed
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// openAssistant is the place of the first assistant's message of the tool turn
// that is open, -1 where there is none.
func openAssistant(m map[string]any) int {
	first, last := -1, ""
	for i, x := range list(m["messages"]) {
		msg, _ := x.(map[string]any)
		last, _ = msg["role"].(string)
		_, text := msg["content"].(string)
		switch {
		case last == "user" && text:
			first = -1
		case last == "assistant" && first < 0:
			first = i
		}
	}
	if last != "user" {
		return -1
	}
	return first
}

// Without seals, nothing of the request is left that a seal vouches for, and
// it can be sent.
func TestUnsealedIsUnsealed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := anyRequest(t)
		out, loss, err := anthropic.Back{}.Unseal(llm.Inbound{Raw: []byte(raw)})
		if err != nil {
			t.Fatal(err)
		}
		if (len(loss) > 0) != (string(out.Raw) != raw) {
			t.Fatalf("losses %v, but %s\nbecame %s", loss, raw, out.Raw)
		}
		req, err := anthropic.Front{}.Decode(llm.OpChat, out)
		if err != nil {
			t.Fatalf("%s\nbecame %s\n%v", raw, out.Raw, err)
		}
		chat, ok := req.Body.(*llm.Chat)
		if !ok {
			t.Fatal("no chat")
		}
		for _, turn := range chat.Turns {
			for _, b := range turn.Blocks {
				if _, thinks := b.(*llm.Thinking); thinks && turn.Role == llm.Assistant {
					t.Fatalf("%s\nbecame %s", raw, out.Raw)
				}
			}
		}
		again, loss, err := anthropic.Back{}.Unseal(out)
		if err != nil || len(loss) > 0 || !bytes.Equal(again.Raw, out.Raw) {
			t.Fatalf("twice: %s, losses %v (%v)", again.Raw, loss, err)
		}
	})
}

func TestRelayOfNoRequest(t *testing.T) {
	for _, raw := range []string{"[]", "{", `{"a":1,"a":2}`} {
		in := llm.Inbound{Raw: []byte(raw)}
		_, _, err := anthropic.Back{}.Relay(llm.OpChat, in, &llm.Request{}, dialect.Target{})
		_, _, unseal := anthropic.Back{}.Unseal(in)
		if fault.KindOf(err) != fault.Invalid || fault.KindOf(unseal) != fault.Invalid {
			t.Errorf("%s: %v, %v", raw, err, unseal)
		}
	}
}

// Who stops reading closes the stream below, also in the middle.
func TestBreakingOffReleasesTheStream(t *testing.T) {
	closed := false
	var frames wire.Frames = func(yield func(wire.Frame, error) bool) {
		defer func() { closed = true }()
		for i := 0; ; i++ {
			if !yield(wire.Frame{Data: fmt.Appendf(nil, `{"type":"content_block_start","index":%d,"content_block":{"type":"text","text":"x"}}`, i)}, nil) {
				return
			}
		}
	}
	n := 0
	for _, err := range (anthropic.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, frames) {
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
			if yield(wire.Frame{Data: []byte(`{"type":"message_start","message":{}}`)}, nil) {
				yield(wire.Frame{}, tt.err)
			}
		}
		var got error
		for _, err := range (anthropic.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, frames) {
			got = err
		}
		if fault.KindOf(got) != tt.want || !errors.Is(got, tt.err) {
			t.Errorf("%v: got %v", tt.err, got)
		}
	}
}

// A host that has a header for the tier is told it there.
func TestRelayedTiers(t *testing.T) {
	for _, tt := range []struct{ tier, header, left string }{
		{`"standard_only"`, "default", ""},
		{`"flex"`, "flex", ""},
		{`"auto"`, "", ""},
		{`"of_our_own"`, "", `"service_tier":"of_our_own",`},
		{`null`, "", `"service_tier":null,`},
	} {
		raw := `{"model":"claude","service_tier":` + tt.tier + `,"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}`
		in := llm.Inbound{Raw: []byte(raw)}
		req, err := anthropic.Front{}.Decode(llm.OpChat, in)
		if err != nil {
			t.Fatal(err)
		}
		out, losses, err := anthropic.Back{}.Relay(llm.OpChat, in, req, dialect.Target{Model: "m", Quirks: dialect.Quirks{VersionInBody: "v"}})
		want := `{` + tt.left + `"max_tokens":5,"messages":[{"role":"user","content":"hi"}],"anthropic_version":"v"}`
		if err != nil || string(out.Body) != want || out.Header.Get("X-Amzn-Bedrock-Service-Tier") != tt.header || len(losses) > 0 {
			t.Errorf("%s: %s, %v, losses %v, %v; want %s and the header %q", tt.tier, out.Body, out.Header, losses, err, want, tt.header)
		}
		own, _, err := anthropic.Back{}.Relay(llm.OpChat, in, req, dialect.Target{Model: "claude"})
		if err != nil || string(own.Body) != raw {
			t.Errorf("the vendor itself: %s, %v", own.Body, err)
		}
	}
}

// A host that knows eager_input_streaming as a beta is told it so.
func TestRelayedEagerTools(t *testing.T) {
	const eager = `"fine-grained-tool-streaming-2025-05-14"`
	for _, tt := range []struct{ beta, before, after, betas string }{
		{"", `{"name":"f","eager_input_streaming":true,"input_schema":{"type":"object"}},{"name":"g","input_schema":{"type":"object"}}`, `{"name":"f","input_schema":{"type":"object"}},{"name":"g","input_schema":{"type":"object"}}`, `,"anthropic_beta":[` + eager + `]`},
		{"compact-2026-01-12, " + strings.Trim(eager, `"`), `{"name":"f","input_schema":{"type":"object"},"eager_input_streaming":true}`, `{"name":"f","input_schema":{"type":"object"}}`, `,"anthropic_beta":["compact-2026-01-12",` + eager + `]`},
		{"", `{"name":"f","input_schema":{"type":"object"},"eager_input_streaming":false}`, `{"name":"f","input_schema":{"type":"object"}}`, ""},
	} {
		rest := `"max_tokens":5,"messages":[{"role":"user","content":"hi"}],"tools":[`
		raw := `{"model":"claude",` + rest + tt.before + `]}`
		in := llm.Inbound{Raw: []byte(raw), Header: http.Header{"Anthropic-Beta": {tt.beta}}}
		req, err := anthropic.Front{}.Decode(llm.OpChat, in)
		if err != nil {
			t.Fatal(err)
		}
		out, losses, err := anthropic.Back{}.Relay(llm.OpChat, in, req, dialect.Target{Model: "m", Quirks: dialect.Quirks{VersionInBody: "v"}})
		if want := `{` + rest + tt.after + `],"anthropic_version":"v"` + tt.betas + `}`; err != nil || string(out.Body) != want || len(losses) > 0 {
			t.Errorf("%s: %s, losses %v, %v; want %s", tt.before, out.Body, losses, err, want)
		}
		own, _, err := anthropic.Back{}.Relay(llm.OpChat, in, req, dialect.Target{Model: "claude"})
		if err != nil || string(own.Body) != raw {
			t.Errorf("the vendor itself: %s, %v", own.Body, err)
		}
	}
}

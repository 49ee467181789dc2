package echo_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/dialect"
	"weir/lib/dialect/echo"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire"
)

func user(blocks ...llm.Block) *llm.Chat {
	return &llm.Chat{Turns: []llm.Turn{{Role: llm.User, Blocks: blocks}}}
}

func text(s string) *llm.Text { return &llm.Text{Text: s} }

func encode(c llm.Body, f llm.Facts, t dialect.Target) (echo.Request, []llm.Loss, error) {
	out, loss, err := echo.Back{}.Encode(llm.OpChat, &llm.Request{Facts: f, Body: c}, t)
	var r echo.Request
	if err == nil {
		err = json.Unmarshal(out.Body, &r)
	}
	return r, loss, err
}

func TestEncodeAsksForTheLastWords(t *testing.T) {
	tests := []struct {
		name string
		chat *llm.Chat
		want string
	}{
		{"text", user(text("a"), text("b")), "a\nb"},
		{"image", user(text("see"), &llm.Media{Kind: "image", MIME: "image/png", Data: []byte{1}}), "see\n[image]"},
		{"tool results", user(&llm.ToolResult{CallID: "c", Content: []llm.Block{text("42")}}, text("so?")), "42\nso?"},
		{"another's block", user(&llm.Opaque{Dialect: "x", Type: "search"}), "[search]"},
		{"last user turn", &llm.Chat{Turns: []llm.Turn{
			{Role: llm.User, Blocks: []llm.Block{text("first")}},
			{Role: llm.User, Blocks: []llm.Block{text("last")}},
			{Role: llm.Assistant, Blocks: []llm.Block{text("answer"), &llm.ToolUse{Name: "f"}, &llm.Thinking{Text: "t"}}},
		}}, "last"},
		{"no user", &llm.Chat{System: []llm.Block{text("be brief")}}, "(nothing was said)"},
		{"empty", user(text("")), "(nothing was said)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, loss, err := encode(tt.chat, llm.Facts{Model: "alias", InputTokens: 9}, dialect.Target{Model: "m", Path: "/chat"})
			if err != nil || len(loss) > 0 {
				t.Fatalf("%v, losses %v", err, loss)
			}
			if diff := cmp.Diff(echo.Request{Model: "m", Text: tt.want, InputTokens: 9}, r); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncodeLimits(t *testing.T) {
	seven := int64(7)
	for _, tt := range []struct {
		asked *int64
		most  int64
		want  int64
	}{{nil, 0, 0}, {&seven, 0, 7}, {&seven, 5, 5}, {&seven, 9, 7}, {nil, 5, 5}} {
		c := user(text("a"))
		c.Params.MaxTokens, c.Params.Stop = tt.asked, []string{"END"}
		r, _, err := encode(c, llm.Facts{}, dialect.Target{MaxOutput: tt.most})
		if err != nil || r.MaxTokens != tt.want || len(r.Stop) != 1 {
			t.Errorf("asked %v, model's most %d: %+v, %v; want %d", tt.asked, tt.most, r, err, tt.want)
		}
	}
}

func TestEncodeTools(t *testing.T) {
	tools := []llm.Tool{{Name: "f"}, {Name: "g"}}
	for _, tt := range []struct {
		choice llm.ToolChoice
		tools  []llm.Tool
		want   string
		kind   fault.Kind
	}{
		{llm.ToolChoice{}, tools, "", fault.Internal},
		{llm.ToolChoice{Mode: "auto"}, tools, "", fault.Internal},
		{llm.ToolChoice{Mode: "none"}, tools, "", fault.Internal},
		{llm.ToolChoice{Mode: "required"}, tools, "f", fault.Internal},
		{llm.ToolChoice{Mode: "tool", Name: "g"}, tools, "g", fault.Internal},
		{llm.ToolChoice{Mode: "required"}, nil, "", fault.Invalid},
	} {
		c := user(text("a"))
		c.Choice, c.Tools = tt.choice, tt.tools
		r, _, err := encode(c, llm.Facts{}, dialect.Target{})
		if r.Tool != tt.want || fault.KindOf(err) != tt.kind {
			t.Errorf("%+v: tool %q, %v; want %q", tt.choice, r.Tool, err, tt.want)
		}
	}
}

// What echo cannot do is told, and stops the call where the caller is strict.
func TestEncodeLosesNothingInSilence(t *testing.T) {
	tests := []struct {
		name  string
		edit  func(*llm.Chat, *llm.Facts)
		field string
		fatal bool // also where the target is not strict
	}{
		{"format", func(c *llm.Chat, _ *llm.Facts) { c.Params.Format = &llm.Format{Type: "json_schema"} }, "response_format", false},
		{"reasoning", func(c *llm.Chat, _ *llm.Facts) { c.Params.Reasoning = &llm.Reasoning{Effort: "high"} }, "reasoning", false},
		{"tier", func(c *llm.Chat, _ *llm.Facts) { c.Params.ServiceTier = "flex" }, "service_tier", false},
		{"hint", func(c *llm.Chat, _ *llm.Facts) { c.Extra = []llm.Extra{{Path: "prompt_cache_key", Hint: true}} }, "prompt_cache_key", false},
		{"extra", func(c *llm.Chat, _ *llm.Facts) { c.Extra = []llm.Extra{{Path: "logit_bias"}} }, "logit_bias", true},
		{"native", func(_ *llm.Chat, f *llm.Facts) { f.Native = []string{"n"} }, "n", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, strict := range []bool{false, true} {
				c, f := user(text("a")), llm.Facts{}
				tt.edit(c, &f)
				_, loss, err := encode(c, f, dialect.Target{Strict: strict})
				if tt.fatal || strict {
					if e := fault.Of(err); e == nil || e.Kind != fault.Invalid || e.Param != tt.field || !strings.Contains(e.Public, tt.field) {
						t.Errorf("strict %v: %v, want invalid with %s", strict, err, tt.field)
					}
					continue
				}
				if err != nil || len(loss) != 1 || loss[0].Field != tt.field || loss[0].Why == "" {
					t.Errorf("losses %v, %v; want %s", loss, err, tt.field)
				}
			}
		})
	}
	harmless := user(text("a"))
	one := 1.0
	harmless.Params = llm.Params{Temperature: &one, Format: &llm.Format{Type: "text"}, Reasoning: &llm.Reasoning{Off: true}, ServiceTier: "auto"}
	if _, loss, err := encode(harmless, llm.Facts{}, dialect.Target{Strict: true}); err != nil || len(loss) > 0 {
		t.Errorf("what does not matter: %v, %v", loss, err)
	}
}

func TestEncodeEmbeddings(t *testing.T) {
	r, _, err := encode(&llm.Embed{Tokens: [][]int64{{1, 2}, {3}}, Dimensions: 4, Encoding: "base64"}, llm.Facts{}, dialect.Target{Model: "m"})
	if diff := cmp.Diff(echo.Request{Model: "m", Inputs: []string{"[1,2]", "[3]"}, Dimensions: 4, Base64: true}, r); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, n := range []int64{-1, echo.MaxDimensions + 1} {
		if _, _, err := encode(&llm.Embed{Inputs: []string{"a"}, Dimensions: n}, llm.Facts{}, dialect.Target{}); fault.KindOf(err) != fault.Invalid || fault.Of(err).Param != "dimensions" {
			t.Errorf("%d dimensions: %v, want invalid", n, err)
		}
	}
}

func TestWhatEchoNeverDoes(t *testing.T) {
	if _, _, err := (echo.Back{}).Relay(llm.OpChat, llm.Inbound{}, nil, dialect.Target{}); fault.KindOf(err) != fault.Internal || err == nil {
		t.Errorf("relay: %v, want internal", err)
	}
	if _, _, err := encode(nil, llm.Facts{}, dialect.Target{}); fault.KindOf(err) != fault.Internal || err == nil {
		t.Errorf("no body: %v, want internal", err)
	}
}

// What no echo provider would send is a failed target, never an answer.
func TestDecodeRefusesNonsense(t *testing.T) {
	end := `{"stop":"end","usage":{"input":1,"output":1},"done":true}`
	for name, steps := range map[string][]string{
		"no JSON":            {"<html>"},
		"another type":       {`{"text":1}`},
		"an error":           {`{"error":"no"}`},
		"no reason":          {`{"text":"a"}`, `{"usage":{"input":1,"output":1},"done":true}`},
		"no usage":           {`{"text":"a","stop":"end","done":true}`},
		"unknown reason":     {`{"text":"a","stop":"tired","usage":{"input":1,"output":1},"done":true}`},
		"a reason of others": {`{"text":"a","stop":"pause","usage":{"input":1,"output":1},"done":true}`},
		"text after stop":    {`{"text":"a","stop":"end"}`, `{"text":"b"}`, end},
		"text after a tool":  {`{"text":"a","tool":"f"}`, `{"text":"b"}`, end},
	} {
		t.Run(name, func(t *testing.T) {
			var last error
			for _, err := range (echo.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, frames(nil, steps...)) {
				last = err
			}
			if fault.KindOf(last) != fault.TargetFailed {
				t.Errorf("streamed: %v, want a failed target", last)
			}
			if len(steps) == 1 {
				if _, err := (echo.Back{}).Unary(llm.OpChat, llm.Outbound{}, dialect.Target{}, []byte(steps[0])); fault.KindOf(err) != fault.TargetFailed {
					t.Errorf("whole: %v, want a failed target", err)
				}
			}
		})
	}
	if _, err := (echo.Back{}).Unary(llm.OpChat, llm.Outbound{}, dialect.Target{}, []byte(`{"text":"a"}`)); fault.KindOf(err) != fault.TargetFailed {
		t.Errorf("an answer without its end: %v, want a failed target", err)
	}
}

// frames yields payloads and then err.
func frames(err error, payloads ...string) wire.Frames {
	return func(yield func(wire.Frame, error) bool) {
		for _, p := range payloads {
			if !yield(wire.Frame{Data: []byte(p)}, nil) {
				return
			}
		}
		if err != nil {
			yield(wire.Frame{}, err)
		}
	}
}

func TestStreamKeepsTheKindOfAnError(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want fault.Kind
	}{
		{nil, fault.Truncated},
		{errors.New("what?"), fault.TargetFailed},
		{fault.New(fault.TargetTimeout, "test", ""), fault.TargetTimeout},
	} {
		var last error
		n := 0
		for c, err := range (echo.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, frames(tt.err, `{"text":"a"}`)) {
			n, last = n+len(c.Events), err
		}
		if fault.KindOf(last) != tt.want || n != 3 {
			t.Errorf("%v: %d events and %v, want 3 and kind %v", tt.err, n, last, tt.want)
		}
	}
}

// A caller who stops reading is not called again.
func TestStreamStops(t *testing.T) {
	n := 0
	for _, err := range (echo.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, frames(nil, `{"text":"a"}`, `{"text":"b"}`)) {
		if err != nil {
			t.Error(err)
		}
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d chunks, want 1", n)
	}
}

func TestRefusal(t *testing.T) {
	for status, want := range map[int]fault.Kind{http.StatusServiceUnavailable: fault.TargetThrottled, http.StatusInternalServerError: fault.TargetFailed} {
		if e := (echo.Back{}).Refusal(status, http.Header{}, []byte("?")); e.Kind != want || e.RetryAfter != 0 || e.Public != "" {
			t.Errorf("%d: %+v, want kind %v", status, e, want)
		}
	}
}

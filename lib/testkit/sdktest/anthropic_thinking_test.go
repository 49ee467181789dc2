package sdktest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/google/go-cmp/cmp"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"

	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakeprovider"
)

// turns of the loops below.
const turns = 12

// script12 makes both providers call tools in twelve answers, each with a
// thought, and then answer.
func (h *house) script12(model string) {
	for i := range turns {
		thought := fmt.Sprintf("Step %d: I need \u2028 more.", i)
		a := fakeanthropic.Answer{Thinking: thought, AllTools: true}
		if i%3 == 0 {
			a.Redacted, a.Text = fmt.Sprint("hidden ", i), "I look again."
		}
		o := fakeprovider.Answer{Reasoning: thought, Interleave: i%2 == 0, Calls: []fakeprovider.Call{
			{ID: fmt.Sprintf("call_%d_w", i), Name: "weather", Arguments: `{"call":1}`}, {ID: fmt.Sprintf("call_%d_c", i), Name: "clock"},
		}}
		h.script(model, a, o)
	}
	h.script(model, fakeanthropic.Answer{Thinking: "Now I know."}, fakeprovider.Answer{Reasoning: "Now I know.", Text: "The weir is deep."})
}

// claudeLoop runs an agent to its end and returns all that it was told.
func claudeLoop(t *testing.T, c claude, model string, stream bool) (all []string) {
	t.Helper()
	p := question(model, "How deep is the weir?")
	p.Tools, p.Thinking = claudeTools(), anthropic.ThinkingConfigParamOfEnabled(1024)
	for i := range turns + 1 {
		m := say(t, c, p, stream)
		all = append(all, told(m)...)
		p.Messages = append(p.Messages, m.ToParam())
		var results []anthropic.ContentBlockParamUnion
		for _, b := range m.Content {
			if b.Type == "tool_use" {
				results = append(results, anthropic.NewToolResultBlock(b.ID, fmt.Sprintf("%s says %d", b.Name, i), false))
			}
		}
		if len(results) == 0 {
			if i != turns {
				t.Fatalf("over after %d turns: %v", i, told(m))
			}
			return all
		}
		p.Messages = append(p.Messages, anthropic.NewUserMessage(results...))
	}
	t.Fatal("no end")
	return nil
}

// A tool loop of twelve turns with thinking ends through the gateway as it does
// without; the provider, which checks each signature, refuses none of it.
func TestClaudeToolLoop(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		h := openHouse(t)
		h.script12(sonnet)
		want := claudeLoop(t, h.direct(), "claude-sonnet-4-5", stream)
		h.script12(sonnet)
		if diff := cmp.Diff(want, claudeLoop(t, h.claude(), sonnet, stream)); diff != "" {
			t.Errorf("stream %v (-direct +gateway):\n%s", stream, diff)
		}
		h.taken()
		for _, row := range h.Rows() {
			if len(row.Losses) > 0 || len(row.Attempts) != 1 || row.Usage.Reasoning == 0 {
				t.Errorf("losses %v, attempts %v, usage %+v", row.Losses, row.Attempts, row.Usage)
			}
		}
	}
}

// The same over OpenAI's API, whose thoughts carry no signature.
func TestClaudeToolLoopOverOpenAI(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		h := openHouse(t)
		h.script12("o/gpt-5")
		all := claudeLoop(t, h.claude(), "o/gpt-5", stream)
		if last := all[len(all)-1]; !strings.Contains(last, "The weir is deep.") {
			t.Errorf("stream %v ends with %s", stream, last)
		}
		h.taken()
	}
}

// ask asks once over OpenAI's API and returns the message, with the members
// that its SDK does not know.
func (c gpt) ask(t *testing.T, p openai.ChatCompletionNewParams, stream bool) (m openai.ChatCompletionMessage, extra map[string]any) {
	t.Helper()
	extra = map[string]any{}
	if !stream {
		got, err := c.Chat.Completions.New(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		m = got.Choices[0].Message
		for _, name := range []string{"reasoning_content", "thinking_blocks"} {
			if f := m.JSON.ExtraFields[name]; f.Raw() != "" {
				extra[name] = json.RawMessage(f.Raw())
			}
		}
		return m, extra
	}
	in := c.Chat.Completions.NewStreaming(t.Context(), p)
	defer in.Close()
	var acc openai.ChatCompletionAccumulator
	text, blocks := "", []json.RawMessage{}
	for in.Next() {
		acc.AddChunk(in.Current())
		for _, choice := range in.Current().Choices {
			text += unquoted(choice.Delta.JSON.ExtraFields["reasoning_content"].Raw())
			var more []json.RawMessage
			if raw := choice.Delta.JSON.ExtraFields["thinking_blocks"].Raw(); raw != "" {
				if err := json.Unmarshal([]byte(raw), &more); err != nil {
					t.Fatal(err)
				}
			}
			blocks = append(blocks, more...)
		}
	}
	if in.Err() != nil {
		t.Fatal(in.Err())
	}
	if text != "" {
		extra["reasoning_content"] = text
	}
	if len(blocks) > 0 {
		extra["thinking_blocks"] = blocks
	}
	return acc.Choices[0].Message, extra
}

// gptLoop is claudeLoop over OpenAI's API. signed sends the thinking back.
func gptLoop(t *testing.T, c gpt, model string, stream, signed bool) string {
	t.Helper()
	p := openai.ChatCompletionNewParams{
		Model: model, ReasoningEffort: shared.ReasoningEffortLow, MaxCompletionTokens: openai.Int(9000),
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("How deep is the weir?")},
	}
	schema := shared.FunctionParameters{"type": "object", "properties": map[string]any{"call": map[string]any{"type": "integer"}, "where": map[string]any{"type": "string"}}}
	for _, name := range []string{"weather", "clock"} {
		p.Tools = append(p.Tools, openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: name, Parameters: schema}))
	}
	for i := range turns + 1 {
		m, extra := c.ask(t, p, stream)
		if len(m.ToolCalls) == 0 {
			if i != turns {
				t.Fatalf("over after %d turns: %+v", i, m)
			}
			return m.Content
		}
		back := m.ToParam()
		if signed {
			back.OfAssistant.SetExtraFields(extra)
		}
		p.Messages = append(p.Messages, back)
		for _, call := range m.ToolCalls {
			p.Messages = append(p.Messages, openai.ToolMessage(fmt.Sprintf("%s says %d", call.Function.Name, i), call.ID))
		}
	}
	t.Fatal("no end")
	return ""
}

// The twelve turns through OpenAI's API end as the direct call does: with
// signed thinking where the application sends it back, else with thinking off
// in the turns that lack it, and a Loss that says so.
func TestChatToolLoopOverClaude(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		for _, signed := range []bool{true, false} {
			t.Run(fmt.Sprintf("stream %v signed %v", stream, signed), func(t *testing.T) {
				t.Parallel()
				h := openHouse(t)
				h.script12(sonnet)
				all := claudeLoop(t, h.direct(), "claude-sonnet-4-5", stream)
				h.script12(sonnet)
				got := gptLoop(t, h.gpt(), sonnet, stream, signed)
				if want := all[len(all)-1]; !strings.Contains(want, "|"+got+"|") || got == "" {
					t.Errorf("got %q, want %q", got, want)
				}
				h.taken()
				thought := 0
				for _, row := range h.Rows() {
					if row.Usage.Reasoning > 0 {
						thought++
					}
					if told := len(row.Losses) > 0; told != (row.Usage.Reasoning == 0) {
						t.Errorf("thought %d tokens, losses %v", row.Usage.Reasoning, row.Losses)
					}
				}
				if want := map[bool]int{true: turns + 1, false: 1}[signed]; thought != want {
					t.Errorf("%d answers with thinking, want %d", thought, want)
				}
			})
		}
	}
}

package sdktest_test

import (
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/google/go-cmp/cmp"

	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakeprovider"
)

// An agent's loop with the SDK's own messages, whole and streamed, with one
// call and with several in one answer; one of the results is an error.
func TestClaudeToolRoundTrip(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	via := h.claude()
	for _, model := range []string{sonnet, "o/gpt-4o"} {
		for _, text := range []string{"", "I look it up."} {
			for _, n := range []int{1, 2} {
				for _, stream := range []bool{false, true} {
					h.script(model, fakeanthropic.Answer{AllTools: true, Text: text}, fakeprovider.Answer{AllTools: true, Text: text, Interleave: true})
					p := question(model, "Is it a good day for a swim?")
					p.Tools = claudeTools()[:n]
					first := say(t, via, p, stream)
					p.Messages = append(p.Messages, first.ToParam())
					var results []anthropic.ContentBlockParamUnion
					for _, b := range first.Content {
						if b.Type == "tool_use" {
							results = append(results, anthropic.NewToolResultBlock(b.ID, "it is "+b.Name, len(results) == 1))
						}
					}
					if len(results) != n || first.StopReason != "tool_use" {
						t.Fatalf("%s, stream %v: %v", model, stream, told(first))
					}
					p.Messages = append(p.Messages, anthropic.NewUserMessage(results...))
					last := say(t, via, p, stream)
					if len(last.Content) != 1 || last.StopReason != "end_turn" {
						t.Errorf("%s, stream %v: %v", model, stream, told(last))
					}
				}
			}
		}
	}
	h.taken()
}

// A choice of tools and the wish for one call at a time reach every provider;
// what the model answers has the same input, U+2028 and all, whole and
// streamed.
func TestClaudeToolChoice(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	via := h.claude()
	for _, model := range []string{sonnet, "o/gpt-4o"} {
		for name, choice := range map[string]anthropic.ToolChoiceUnionParam{
			"any":   {OfAny: &anthropic.ToolChoiceAnyParam{}},
			"tool":  anthropic.ToolChoiceParamOfTool("clock"),
			"alone": {OfAny: &anthropic.ToolChoiceAnyParam{DisableParallelToolUse: anthropic.Bool(true)}},
		} {
			p := question(model, "What time is it?")
			p.Tools, p.ToolChoice = claudeTools(), choice
			whole, streamed := say(t, via, p, false), say(t, via, p, true)
			if diff := cmp.Diff(told(whole), told(streamed)); diff != "" || whole.StopReason != "tool_use" || len(whole.Content) != 1 {
				t.Errorf("%s %s: %v (-whole +streamed):\n%s", model, name, told(whole), diff)
			}
			if name == "tool" && whole.Content[0].Name != "clock" {
				t.Errorf("%s: %v", model, told(whole))
			}
		}
		p := question(model, "What time is it?")
		p.Tools, p.ToolChoice = claudeTools(), anthropic.ToolChoiceUnionParam{OfNone: &anthropic.ToolChoiceNoneParam{}}
		if m := say(t, via, p, false); m.StopReason != "end_turn" {
			t.Errorf("%s: %v", model, told(m))
		}
	}
	h.taken()
}

// A call without arguments has {} as its input, and its result may be a
// picture.
func TestClaudeEmptyInputAndPictures(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	via := h.claude()
	for _, model := range []string{sonnet, "o/gpt-4o"} {
		for _, stream := range []bool{false, true} {
			h.script(model, fakeanthropic.Answer{Calls: []fakeanthropic.Call{{Name: "clock"}}}, fakeprovider.Answer{Calls: []fakeprovider.Call{{Name: "clock"}}})
			p := question(model, "What time is it?")
			p.Tools = claudeTools()
			first := say(t, via, p, stream)
			if got := string(first.Content[0].Input); strings.TrimSpace(got) != "{}" {
				t.Errorf("%s, stream %v: input %q", model, stream, got)
			}
			result := anthropic.ToolResultBlockParam{ToolUseID: first.Content[0].ID, Content: []anthropic.ToolResultBlockParamContentUnion{
				{OfText: &anthropic.TextBlockParam{Text: "a photo of the clock"}},
				{OfImage: &anthropic.ImageBlockParam{Source: anthropic.ImageBlockParamSourceUnion{OfBase64: &anthropic.Base64ImageSourceParam{Data: "iVBORw0KGgo=", MediaType: "image/png"}}}},
			}}
			p.Messages = append(p.Messages, first.ToParam(), anthropic.NewUserMessage(anthropic.ContentBlockParamUnion{OfToolResult: &result}))
			if last := say(t, via, p, stream); last.StopReason != "end_turn" {
				t.Errorf("%s: %v", model, told(last))
			}
		}
	}
	h.taken()
}

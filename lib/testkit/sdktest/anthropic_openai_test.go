package sdktest_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"

	"weir/lib/testkit/fakeanthropic"
)

func chatQuestion(text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: sonnet, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)}}
}

// Histories that are normal to Chat are put into a form that a strict
// Anthropic takes.
func TestChatHistoriesOverClaude(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	c := h.gpt()
	for name, messages := range map[string][]openai.ChatCompletionMessageParamUnion{
		"one":                  {openai.UserMessage("hello")},
		"system and developer": {openai.SystemMessage("Be brief."), openai.DeveloperMessage("Be kind."), openai.UserMessage("hello")},
		"two users":            {openai.UserMessage("hello"), openai.UserMessage("there")},
		"assistant first":      {openai.AssistantMessage("Hi."), openai.UserMessage("hello")},
		"empty texts":          {openai.UserMessage(""), openai.AssistantMessage(""), openai.UserMessage("hello")},
		"system later":         {openai.UserMessage("hello"), openai.AssistantMessage("Hi."), openai.SystemMessage("Be brief."), openai.UserMessage("how deep?")},
		"pictures": {openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
			openai.TextContentPart("What is this?"),
			openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: "data:image/png;base64,iVBORw0KGgo="}),
			openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: "https://example.com/weir.png"}),
		})},
	} {
		for _, stream := range []bool{false, true} {
			m, _ := c.ask(t, openai.ChatCompletionNewParams{Model: sonnet, Messages: messages}, stream)
			if !strings.HasPrefix(m.Content, "You said: ") {
				t.Errorf("%s, stream %v: %q", name, stream, m.Content)
			}
		}
	}
	h.taken()
}

// Parallel calls come back with their results in any order.
func TestChatToolsOverClaude(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	c := h.gpt()
	for _, stream := range []bool{false, true} {
		h.a.Script("claude-sonnet-4-5", fakeanthropic.Answer{AllTools: true, Text: "I look."})
		p := chatQuestion("A good day for a swim?")
		for _, name := range []string{"weather", "clock"} {
			p.Tools = append(p.Tools, openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: name, Parameters: shared.FunctionParameters{"type": "object"}}))
		}
		m, _ := c.ask(t, p, stream)
		if len(m.ToolCalls) != 2 || m.Content != "I look." {
			t.Fatalf("%+v", m)
		}
		for i, call := range m.ToolCalls {
			var args struct {
				Call  int
				Where string
			}
			if err := json.Unmarshal([]byte(call.Function.Arguments), &args); err != nil || args.Call != i+1 || args.Where != "Zürich \u2028 \"weir\"" {
				t.Errorf("%s: %v", call.Function.Arguments, err)
			}
		}
		p.Messages = append(p.Messages, m.ToParam(), openai.ToolMessage("noon", m.ToolCalls[1].ID), openai.ToolMessage("sun", m.ToolCalls[0].ID))
		if last, _ := c.ask(t, p, stream); !strings.Contains(last.Content, "sun") || !strings.Contains(last.Content, "noon") {
			t.Errorf("%+v", last)
		}
		p = chatQuestion("What time is it?")
		p.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "clock"})}
		p.ToolChoice = openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String("required")}
		p.ParallelToolCalls = openai.Bool(false)
		if m, _ := c.ask(t, p, stream); len(m.ToolCalls) != 1 {
			t.Errorf("%+v", m)
		}
	}
	h.taken()
}

// A schema becomes Anthropic's own structured output.
func TestChatSchemaOverClaude(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	c := h.gpt()
	p := chatQuestion("How deep is the weir?")
	p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
		Name: "depth", Strict: openai.Bool(true),
		Schema: map[string]any{"type": "object", "properties": map[string]any{"metres": map[string]any{"type": "number"}}, "required": []string{"metres"}, "additionalProperties": false},
	}}
	for _, stream := range []bool{false, true} {
		h.a.Script("claude-sonnet-4-5", fakeanthropic.Answer{Text: `{"metres":2.5}`})
		if m, _ := c.ask(t, p, stream); m.Content != `{"metres":2.5}` {
			t.Errorf("%+v", m)
		}
		last, _ := h.a.Last()
		if body := string(last.Body); !strings.Contains(body, `"output_config":{"format":{"type":"json_schema","schema":{`) {
			t.Errorf("sent %s", body)
		}
	}
	h.taken()
}

// What Anthropic says is wrong reaches a Chat caller in the words and codes
// that its SDK and its framework know.
func TestChatErrorsOverClaude(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	c := h.gpt()
	for name, tt := range map[string]struct {
		a      fakeanthropic.Answer
		status int
		code   string
	}{
		"overloaded": {fakeanthropic.Answer{Status: 529}, 503, ""},
		"limited":    {fakeanthropic.Answer{Status: 429}, 503, ""},
		"failed":     {fakeanthropic.Answer{Status: 500}, 502, ""},
		"context":    {fakeanthropic.Answer{Error: fakeanthropic.ContextLength(9, 8)}, 400, "context_length_exceeded"},
	} {
		h.a.Script("claude-sonnet-4-5", tt.a)
		_, err := c.Chat.Completions.New(t.Context(), chatQuestion("How deep is the weir?"))
		e, ok := errors.AsType[*openai.Error](err)
		if !ok || e.StatusCode != tt.status || tt.code != "" && e.Code != tt.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	for reason, want := range map[string]string{"max_tokens": "length", "refusal": "content_filter", "pause_turn": "stop", "stop_sequence": "stop", "model_context_window_exceeded": "length"} {
		h.a.Script("claude-sonnet-4-5", fakeanthropic.Answer{Text: "so far", Stop: reason})
		got, err := c.Chat.Completions.New(t.Context(), chatQuestion("How deep is the weir?"))
		if err != nil || got.Choices[0].FinishReason != want {
			t.Errorf("%s: %+v, %v", reason, got, err)
		}
	}
}

package sdktest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"

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

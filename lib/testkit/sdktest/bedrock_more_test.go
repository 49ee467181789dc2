package sdktest_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"

	"weir/lib/testkit/fakeanthropic"
)

// Betas, which are a header of Anthropic's, are in the body that Bedrock takes.
func TestBedrockBetas(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	via := c.claude()
	p := anthropic.BetaMessageNewParams{
		Model: "b/" + bedrockClaude, MaxTokens: 100, Betas: []anthropic.AnthropicBeta{"context-1m-2025-08-07"},
		Messages: []anthropic.BetaMessageParam{anthropic.NewBetaUserMessage(anthropic.NewBetaTextBlock("How deep is the weir?"))},
	}
	whole, err := via.Beta.Messages.New(t.Context(), p)
	if err != nil || len(whole.Content) != 1 || whole.Content[0].Text != "Hello from Bedrock." {
		t.Errorf("%v, %v", whole, err)
	}
	in := via.Beta.Messages.NewStreaming(t.Context(), p)
	defer in.Close()
	var acc anthropic.BetaMessage
	for in.Next() {
		if err := acc.Accumulate(in.Current()); err != nil {
			t.Fatal(err)
		}
	}
	if in.Err() != nil || len(acc.Content) != 1 || acc.Content[0].Text != "Hello from Bedrock." {
		t.Errorf("%+v, %v", acc.Content, in.Err())
	}
	for _, r := range c.b.Requests() {
		if got := canonical(r.Body); !strings.Contains(got, `"anthropic_beta":["context-1m-2025-08-07"]`) || !strings.Contains(got, `"anthropic_version":"bedrock-2023-05-31"`) {
			t.Errorf("sent %s", got)
		}
	}
	c.accepted()
}

// A conversation with signed thoughts goes on where it did not begin: the same
// vendor's model takes them at either place, and one that cannot take them is
// not sent them, which the answer tells.
func TestBedrockTakesOver(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	claude, gpt := c.claude(), c.gpt()
	for _, stream := range []bool{false, true} {
		c.a.Script("claude-sonnet-4-5", fakeanthropic.Answer{Thinking: "I need more.", AllTools: true})
		p := question("either", "How deep is the weir?")
		p.Tools, p.Thinking = claudeTools(), anthropic.ThinkingConfigParamOfEnabled(1024)
		first := say(t, claude, p, stream)
		p.Messages = append(p.Messages, first.ToParam())
		var results []anthropic.ContentBlockParamUnion
		for _, b := range first.Content {
			if b.Type == "tool_use" {
				results = append(results, anthropic.NewToolResultBlock(b.ID, "deep", false))
			}
		}
		p.Messages = append(p.Messages, anthropic.NewUserMessage(results...))
		signature := first.Content[0].Signature
		for model, kept := range map[string]bool{"either": true, "b/" + bedrockNova: false} {
			if kept {
				c.a.Script("claude-sonnet-4-5", fakeanthropic.Answer{Status: 529})
			}
			p.Model = model
			if last := say(t, claude, p, stream); last.StopReason != "end_turn" || last.Content[0].Text != "Hello from Bedrock." {
				t.Errorf("%s, stream %v: %v", model, stream, told(last))
			}
			lost := claude.last().header.Get("X-Weir-Loss")
			if got := c.newestAsked(); strings.Contains(got, signature) != kept || (lost == "") != kept || signature == "" {
				t.Errorf("%s, stream %v: loss %q, sent %s", model, stream, lost, got)
			}
		}
		q := chat("b/"+bedrockNova, "How deep is the weir?")
		q.ReasoningEffort = "low"
		gpt.ask(t, q, stream)
		if lost := gpt.last().header.Get("X-Weir-Loss"); !strings.Contains(lost, "reasoning_effort") {
			t.Errorf("stream %v: loss %q", stream, lost)
		}
	}
	c.accepted()
}

// An image by its address, which Bedrock has no place for, is refused in words
// that say what to send, before anything is asked; so is a request that wants
// nothing lost.
func TestBedrockCannot(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	claude, gpt := c.claude(), c.gpt()
	const address = "https://example.com/weir.png"
	p := question("b/"+bedrockNova, "What is in it?")
	p.Messages[0].Content = append(p.Messages[0].Content, anthropic.NewImageBlock(anthropic.URLImageSourceParam{URL: address}))
	for _, stream := range []bool{false, true} {
		_, err := try(t, claude, p, stream)
		if e, ok := errors.AsType[*anthropic.Error](err); !ok || e.StatusCode != http.StatusBadRequest || !strings.Contains(e.RawJSON(), "image") {
			t.Errorf("stream %v: %v", stream, err)
		}
		for model := range bedrockModels {
			q := chat(model, "")
			q.Messages = []openai.ChatCompletionMessageParamUnion{openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
				openai.TextContentPart("What is in it?"), openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: address}),
			})}
			err := gpt.try(t, q, stream)
			if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != http.StatusBadRequest || !strings.Contains(e.Message, "image") {
				t.Errorf("%s, stream %v: %v", model, stream, err)
			}
		}
	}
	if asked := c.b.Requests(); len(asked) != 0 {
		t.Errorf("bedrock was asked %d times", len(asked))
	}
}

// The SDK asks again by itself where that may help, and not where it cannot.
func TestBedrockRetries(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	via := c.anthropic(c.URL, c.Key, 2)
	for kind, asked := range map[string]int{"ThrottlingException": 2, "ServiceUnavailableException": 2, "ValidationException": 1} {
		for model := range bedrockModels {
			before := len(via.exchanges())
			c.b.Script(bare(model), exception(kind, "no"))
			_, err := try(t, via, question(model, "How deep is the weir?"), false)
			if got := len(via.exchanges()) - before; got != asked || (err == nil) != (asked == 2) {
				t.Errorf("%s of %s: asked %d times: %v", kind, model, got, err)
			}
		}
	}
	c.accepted()
}

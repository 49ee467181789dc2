package sdktest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/google/go-cmp/cmp"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"

	"weir/lib/accounting/ledger"
	"weir/lib/llm"
	"weir/lib/testkit/fakebedrock"
)

// Either SDK reads from either model what the model said, whole and streamed:
// Claude answers an Anthropic caller by InvokeModel, all else goes by Converse.
func TestBedrockSays(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	claude, gpt := c.claude(), c.gpt()
	const text = "deep \u2028 Zürich 🌊 \"quoted\" <b>&amp;"
	for model, ops := range bedrockModels {
		for i, stream := range []bool{false, true} {
			c.b.Script(bare(model), fakebedrock.Answer{Text: text}, fakebedrock.Answer{Text: text})
			m := say(t, claude, question(model, "How deep is the weir?"), stream)
			if len(m.Content) != 1 || m.Content[0].Text != text || m.StopReason != "end_turn" || m.Role != "assistant" || m.ID == "" || m.Usage.InputTokens != 11 || m.Usage.OutputTokens != 7 {
				t.Errorf("%s, stream %v: %+v", model, stream, told(m))
			}
			all := c.b.Requests()
			if got := all[len(all)-1].Op; got != ops[i] {
				t.Errorf("%s, stream %v: by %s", model, stream, got)
			}
			if got, _ := gpt.ask(t, chat(model, "How deep is the weir?"), stream); got.Content != text {
				t.Errorf("%s, stream %v: %+v", model, stream, got)
			}
			all = c.b.Requests()
			if got, want := all[len(all)-1].Op, []string{fakebedrock.Converse, fakebedrock.ConverseStream}[i]; got != want {
				t.Errorf("%s, stream %v: by %s", model, stream, got)
			}
		}
	}
	c.accepted()
}

// The older SDK of OpenAI's reads the same.
func TestBedrockSaysToEverySDK(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	each(t, func(t *testing.T, v version) {
		tap := c.tap()
		via := v.open(access{url: c.URL + "/v1", key: c.Key, client: clientOf(tap)})
		for model := range bedrockModels {
			a := ask1(model, "How deep is the weir?")
			whole, err := via.chat(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			a.usage = true
			got := via.stream(t.Context(), a, nil)
			if got.err != nil || got.refused || got.usages != 1 || got.Usage.plain() != (usage{Prompt: 11, Completion: 7, Total: 18}) || whole.Usage.plain() != got.Usage.plain() {
				t.Errorf("%s: %v, %+v and %+v", model, got.err, whole.Usage, got.Usage)
			}
			if diff := cmp.Diff(text(whole), text(got.answer)); diff != "" || whole.Choices[0].Content != "Hello from Bedrock." {
				t.Errorf("%s (-whole +streamed):\n%s", model, diff)
			}
		}
	})
	c.accepted()
}

// What is booked is what Bedrock reported, the same whole and streamed, from
// either front; caches and all.
func TestBedrockCostsTheSame(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	claude, gpt := c.claude(), c.gpt()
	tools := []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "weather", Parameters: shared.FunctionParameters{"type": "object"}})}
	fronts := map[string]func(model string, stream bool) ledger.Row{
		"anthropic": func(model string, stream bool) ledger.Row {
			p := question(model, "How deep is the weir?")
			p.Tools = claudeTools()[:1]
			say(t, claude, p, stream)
			return c.newest(claude.wiretap)
		},
		"openai": func(model string, stream bool) ledger.Row {
			p := chat(model, "How deep is the weir?")
			p.Tools = tools
			gpt.ask(t, p, stream)
			return c.newest(gpt.wiretap)
		},
	}
	for kind, a := range map[string]fakebedrock.Answer{
		"text":   {Usage: fakebedrock.Usage{Input: 23, Output: 19}},
		"tools":  {Usage: fakebedrock.Usage{Input: 29, Output: 31}, Calls: []fakebedrock.Call{{ID: "call_1", Name: "weather", Input: `{"where":"here"}`}}},
		"cached": {Usage: fakebedrock.Usage{Input: 13, Output: 5, CacheRead: 900, CacheWrite: 40, CacheWrite1h: 17}},
	} {
		want := llm.Usage{Input: a.Usage.Input, Output: a.Usage.Output, CacheRead: a.Usage.CacheRead, CacheWrite5m: a.Usage.CacheWrite, CacheWrite1h: a.Usage.CacheWrite1h}
		for model := range bedrockModels {
			var costs []string
			for front, ask := range fronts {
				for _, stream := range []bool{false, true} {
					c.b.Script(bare(model), a)
					row := ask(model, stream)
					if diff := cmp.Diff(want, row.Usage); diff != "" || row.UsageSource != ledger.UsageProvider || row.Cost == 0 || row.Unpriced || row.Provider != "b" || row.Model != bare(model) {
						t.Errorf("%s of %s to %s, stream %v: %s from %s (-bedrock +row):\n%s", kind, model, front, stream, row.Cost, row.UsageSource, diff)
					}
					costs = append(costs, row.Cost.String())
				}
			}
			for _, cost := range costs {
				if cost != costs[0] {
					t.Errorf("%s of %s costs %v", kind, model, costs)
				}
			}
		}
	}
	c.accepted()
}

// Marks of the caches reach Claude from either front in the form of the
// operation: as they are by InvokeModel, as cache points by Converse.
func TestBedrockCacheMarks(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	for model := range bedrockModels {
		point, life := `{"cachePoint":{"type":"default"}}`, anthropic.CacheControlEphemeralTTLTTL5m
		if bare(model) == bedrockClaude {
			point, life = `{"cachePoint":{"ttl":"1h","type":"default"}}`, anthropic.CacheControlEphemeralTTLTTL1h
		}
		for _, stream := range []bool{false, true} {
			p := question(model, "How deep is the weir?")
			p.System = []anthropic.TextBlockParam{{Text: "Be brief.", CacheControl: anthropic.CacheControlEphemeralParam{TTL: life}}}
			say(t, c.claude(), p, stream)
			want := point
			if bare(model) == bedrockClaude {
				want = `"cache_control":{"ttl":"1h","type":"ephemeral"}`
			}
			if got := c.newestAsked(); !strings.Contains(got, want) {
				t.Errorf("%s: sent %s", model, got)
			}
			part := openai.TextContentPart("How deep is the weir?")
			part.OfText.SetExtraFields(map[string]any{"cache_control": map[string]any{"type": "ephemeral", "ttl": string(life)}})
			c.gpt().ask(t, openai.ChatCompletionNewParams{Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{part})}}, stream)
			if got := strings.Replace(c.newestAsked(), `"ttl":"5m",`, "", 1); !strings.Contains(got, point) {
				t.Errorf("%s: sent %s", model, got)
			}
		}
	}
	c.accepted()
}

// Images go as bytes.
func TestBedrockImages(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	claude, gpt := c.claude(), c.gpt()
	const block = `{"image":{"format":"png","source":{"bytes":"` + pixel + `"}}}`
	for model := range bedrockModels {
		for _, stream := range []bool{false, true} {
			p := question(model, "What is in it?")
			p.Messages[0].Content = append(p.Messages[0].Content, anthropic.NewImageBlockBase64("image/png", pixel))
			say(t, claude, p, stream)
			want := block
			if bare(model) == bedrockClaude {
				want = `"source":{"data":"` + pixel + `","media_type":"image/png","type":"base64"}`
			}
			if got := c.newestAsked(); !strings.Contains(got, want) {
				t.Errorf("%s: sent %s", model, got)
			}
			gpt.ask(t, openai.ChatCompletionNewParams{Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
				openai.TextContentPart("What is in it?"),
				openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: "data:image/png;base64," + pixel}),
			})}}, stream)
			if got := c.newestAsked(); !strings.Contains(got, block) {
				t.Errorf("%s: sent %s", model, got)
			}
		}
	}
	c.accepted()
}

// A schema is the operation's own structured output where the model has it.
func TestBedrockSchema(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	gpt, claude := c.gpt(), c.claude()
	const reply = `{"depth":2.5}`
	schema := object(map[string]any{"depth": map[string]any{"type": "number"}})
	for _, stream := range []bool{false, true} {
		c.b.Script(bedrockClaude, fakebedrock.Answer{Text: reply}, fakebedrock.Answer{Text: reply})
		p := chat("b/"+bedrockClaude, "How deep is the weir?")
		p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "depth", Strict: openai.Bool(true), Schema: schema}}
		if m, _ := gpt.ask(t, p, stream); m.Content != reply {
			t.Errorf("stream %v: %+v", stream, m)
		}
		if got := c.newestAsked(); !strings.Contains(got, `"outputConfig":{"textFormat":{"structure":{"jsonSchema":{`) {
			t.Errorf("sent %s", got)
		}
		q := question("b/"+bedrockClaude, "How deep is the weir?")
		q.OutputConfig.Format = anthropic.JSONOutputFormatParam{Schema: schema}
		if m := say(t, claude, q, stream); len(m.Content) != 1 || m.Content[0].Text != reply {
			t.Errorf("stream %v: %v", stream, told(m))
		}
		if got := c.newestAsked(); !strings.Contains(got, `"output_config":{"format":{"schema":{`) {
			t.Errorf("sent %s", got)
		}
	}
	c.accepted()
}

// Claude's tokens are counted by Bedrock, others' are estimated; neither
// leaves a row.
func TestBedrockCounts(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	via := c.claude()
	for model := range bedrockModels {
		own := bare(model) == bedrockClaude
		if own {
			c.b.Script(bare(model), fakebedrock.Answer{Usage: fakebedrock.Usage{Input: 4321, Output: 1}})
		}
		got, err := via.Messages.CountTokens(t.Context(), anthropic.MessageCountTokensParams{Model: model, Messages: question(model, "How deep is the weir?").Messages, Tools: countTools()})
		if err != nil || got.InputTokens == 0 || own != (got.InputTokens == 4321) {
			t.Errorf("%s: %+v, %v", model, got, err)
		}
		if loss := via.last().header.Get("X-Weir-Loss"); (loss == "") != own {
			t.Errorf("%s: loss %q", model, loss)
		}
	}
	if ops := c.accepted(); ops[fakebedrock.CountTokens] != 1 || len(ops) != 1 || len(c.Rows()) != 0 {
		t.Errorf("asked %v, %d rows", ops, len(c.Rows()))
	}
}

func countTools() []anthropic.MessageCountTokensToolUnionParam {
	return []anthropic.MessageCountTokensToolUnionParam{{OfTool: claudeTools()[0].OfTool}}
}

// Reasons to stop are told in the words of each API.
func TestBedrockStops(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	claude, gpt := c.claude(), c.gpt()
	for model := range bedrockModels {
		for reason, want := range map[string][2]string{"max_tokens": {"max_tokens", "length"}, "stop_sequence": {"stop_sequence", "stop"}} {
			a := fakebedrock.Answer{Text: "so far", Stop: reason}
			c.b.Script(bare(model), a, a)
			if m := say(t, claude, question(model, "How deep?"), true); string(m.StopReason) != want[0] {
				t.Errorf("%s, %s: %s", model, reason, m.StopReason)
			}
			got, err := gpt.Chat.Completions.New(t.Context(), chat(model, "How deep?"))
			if err != nil || got.Choices[0].FinishReason != want[1] {
				t.Errorf("%s, %s: %s, %v", model, reason, fmt.Sprint(got), err)
			}
		}
	}
	c.accepted()
}

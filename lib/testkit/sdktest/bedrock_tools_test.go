package sdktest_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/google/go-cmp/cmp"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"

	"weir/lib/testkit/fakebedrock"
)

const input = "{\"call\":1,\"where\":\"Zürich \\u2028 \\\"weir\\\"\"}"

// Parallel calls and their results, one of them an error, go there and back.
func TestBedrockParallelTools(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	claude, gpt := c.claude(), c.gpt()
	calls := fakebedrock.Answer{Text: "I look.", Calls: []fakebedrock.Call{{ID: "tooluse_w", Name: "weather", Input: input}, {ID: "tooluse_c", Name: "clock", Input: "{}"}}}
	for model := range bedrockModels {
		for _, stream := range []bool{false, true} {
			c.b.Script(bare(model), calls)
			p := question(model, "A good day for a swim?")
			p.Tools = claudeTools()
			first := say(t, claude, p, stream)
			if len(first.Content) != 3 || first.StopReason != "tool_use" || canonical(first.Content[1].Input) != canonical([]byte(input)) || canonical(first.Content[2].Input) != "{}" {
				t.Fatalf("%s, stream %v: %v", model, stream, told(first))
			}
			p.Messages = append(p.Messages, first.ToParam(), anthropic.NewUserMessage(
				anthropic.NewToolResultBlock(first.Content[2].ID, "noon", true), anthropic.NewToolResultBlock(first.Content[1].ID, "sun", false)))
			if last := say(t, claude, p, stream); len(last.Content) != 1 || last.StopReason != "end_turn" {
				t.Errorf("%s, stream %v: %v", model, stream, told(last))
			}

			c.b.Script(bare(model), calls)
			q := chat(model, "A good day for a swim?")
			q.Tools = chatTools()
			m, _ := gpt.ask(t, q, stream)
			if len(m.ToolCalls) != 2 || m.Content != "I look." || canonical([]byte(m.ToolCalls[0].Function.Arguments)) != canonical([]byte(input)) {
				t.Fatalf("%s, stream %v: %+v", model, stream, m)
			}
			q.Messages = append(q.Messages, m.ToParam(), openai.ToolMessage("noon", m.ToolCalls[1].ID), openai.ToolMessage("sun", m.ToolCalls[0].ID))
			if last, _ := gpt.ask(t, q, stream); last.Content != "Hello from Bedrock." {
				t.Errorf("%s, stream %v: %+v", model, stream, last)
			}
		}
	}
	c.accepted()
}

// A choice of tools is in the request as the operation has it.
func TestBedrockToolChoice(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	claude, gpt := c.claude(), c.gpt()
	for model := range bedrockModels {
		p := question(model, "What time is it?")
		p.Tools, p.ToolChoice = claudeTools(), anthropic.ToolChoiceParamOfTool("clock")
		say(t, claude, p, false)
		want := `"toolChoice":{"tool":{"name":"clock"}}`
		if bare(model) == bedrockClaude {
			want = `"tool_choice":{"name":"clock","type":"tool"}`
		}
		if got := c.newestAsked(); !strings.Contains(got, want) {
			t.Errorf("%s: sent %s", model, got)
		}
		for choice, want := range map[string]string{"required": `"toolChoice":{"any":{}}`, "none": ""} {
			q := chat(model, "What time is it?")
			q.Tools, q.ToolChoice.OfAuto = chatTools(), openai.String(choice)
			gpt.ask(t, q, true)
			if got := c.newestAsked(); !strings.Contains(got, want) {
				t.Errorf("%s, %s: sent %s", model, choice, got)
			}
		}
	}
	c.accepted()
}

func chatTools() (all []openai.ChatCompletionToolUnionParam) {
	schema := shared.FunctionParameters{"type": "object", "properties": map[string]any{"call": map[string]any{"type": "integer"}, "where": map[string]any{"type": "string"}}}
	for _, name := range []string{"weather", "clock"} {
		all = append(all, openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: name, Parameters: schema}))
	}
	return all
}

// scriptLoop makes a model call tools in twelve answers, each with a signed
// thought where it thinks, and then answer.
func (c *cloud) scriptLoop(model string, thinks bool) {
	for i := range turns + 1 {
		a := fakebedrock.Answer{}
		if thinks {
			a.Thinking, a.Signature = fmt.Sprintf("Step %d: I need \u2028 more.", i), base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "signature of step %d", i))
			if i%3 == 0 {
				a.Redacted = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "hidden %d", i))
			}
		}
		if i == turns {
			a.Text = "The weir is deep."
		} else {
			a.Calls = []fakebedrock.Call{{ID: fmt.Sprintf("tooluse_%d_w", i), Name: "weather", Input: input}, {ID: fmt.Sprintf("tooluse_%d_c", i), Name: "clock", Input: "{}"}}
		}
		c.b.Script(model, a)
	}
}

// A tool loop of twelve turns ends with the same text on each front. Claude's
// thoughts go back with their signatures, each byte of them.
func TestBedrockToolLoop(t *testing.T) {
	t.Parallel()
	for model := range bedrockModels {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s stream %v", bare(model), stream), func(t *testing.T) {
				t.Parallel()
				c := openCloud(t)
				thinks := bare(model) == bedrockClaude
				c.scriptLoop(bare(model), thinks)
				all := claudeLoop(t, c.claude(), model, stream)
				if last := all[len(all)-1]; !strings.Contains(last, "|The weir is deep.|") {
					t.Errorf("an Anthropic caller ends with %s", last)
				}
				c.signaturesKept(thinks)
				c.scriptLoop(bare(model), thinks)
				if got := gptLoop(t, c.gpt(), model, stream, true); got != "The weir is deep." {
					t.Errorf("an OpenAI caller ends with %s", got)
				}
				c.signaturesKept(thinks)
				c.scriptLoop(bare(model), thinks)
				if got := gptLoop(t, c.gpt(), model, stream, false); got != "The weir is deep." {
					t.Errorf("an OpenAI caller who drops thoughts ends with %s", got)
				}
				if ops := c.accepted(); thinks {
					c.lossesOf(3 * (turns + 1))
				} else if len(ops) != 1 {
					t.Errorf("asked %v", ops)
				}
			})
		}
	}
}

// lossesOf checks that of the three loops the first two lost nothing, and that
// the last, whose thoughts do not come back, told so after its first turn.
func (c *cloud) lossesOf(calls int) {
	c.t.Helper()
	rows := c.Settled() // newest first
	if len(rows) != calls {
		c.t.Fatalf("%d rows, want %d", len(rows), calls)
	}
	for i, row := range rows {
		if dropped := i < turns; dropped != (len(row.Losses) > 0) || len(row.Attempts) != 1 || row.Usage.Input == 0 {
			c.t.Errorf("call %d from the end: losses %v, attempts %v, usage %+v", i, row.Losses, row.Attempts, row.Usage)
		}
	}
}

// signaturesKept looks for all signatures of the loop in the newest request.
func (c *cloud) signaturesKept(thinks bool) {
	c.t.Helper()
	body := c.newestAsked()
	for i := range turns {
		s := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "signature of step %d", i))
		if strings.Contains(body, `"signature":"`+s+`"`) != thinks {
			c.t.Errorf("the signature of step %d: want %v in %s", i, thinks, body)
		}
	}
}

// What an Anthropic caller reads of a turn is the same whole and streamed,
// thoughts and signatures and all.
func TestBedrockThoughts(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	for model := range bedrockModels {
		if bare(model) == bedrockNova {
			continue
		}
		var all [][]string
		for _, stream := range []bool{false, true} {
			c.b.Script(bare(model), fakebedrock.Answer{Thinking: "deep \u2028 thought", Signature: "c2ln", Redacted: "aGlkZGVu", Text: "Very.", Calls: []fakebedrock.Call{{ID: "t1", Name: "clock", Input: input}}})
			p := question(model, "How deep?")
			p.Tools, p.Thinking = claudeTools(), anthropic.ThinkingConfigParamOfEnabled(1024)
			m := say(t, c.claude(), p, stream)
			all = append(all, told(m))
			if len(m.Content) != 4 || m.Content[0].Signature != "c2ln" || m.Content[1].Data != "aGlkZGVu" {
				t.Errorf("stream %v: %v", stream, told(m))
			}
		}
		if diff := cmp.Diff(all[0], all[1]); diff != "" {
			t.Errorf("(-whole +streamed):\n%s", diff)
		}
	}
	c.accepted()
}

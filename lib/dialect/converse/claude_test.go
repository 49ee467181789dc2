package converse_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/converse"
	"weir/lib/llm"
)

// said is what a model is told of how to answer.
type said struct {
	Temperature, TopP, TopK, MaxTokens, Thinking, Budget, Effort, Choice, Display any
	Last                                                                          string // role of the last message
	Losses                                                                        int
}

func get(v any, path ...string) any {
	for _, name := range path {
		o, _ := v.(map[string]any)
		v = o[name]
	}
	return v
}

func body(t *testing.T, out llm.Outbound) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(out.Body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func last(v map[string]any) string {
	all, _ := v["messages"].([]any)
	role, _ := get(all[len(all)-1], "role").(string)
	return role
}

// Claude is told the same by Bedrock's format as by Anthropic's own: the rules
// are those of package claude, and the two dialects ask it the same.
func TestClaudeIsToldTheSameByEitherDialect(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	f := func(v float64) *float64 { return &v }
	asks := map[string]llm.Params{
		"nothing":      {MaxTokens: n(5000)},
		"sampling":     {MaxTokens: n(5000), Temperature: f(0.5), TopP: f(0.9), TopK: n(5)},
		"defaults":     {MaxTokens: n(5000), Temperature: f(1), TopP: f(1)},
		"out of range": {MaxTokens: n(5000), Temperature: f(1.8)},
		"too much":     {MaxTokens: n(900_000)},
		"budget":       {MaxTokens: n(9000), Reasoning: &llm.Reasoning{Budget: 3000}, Temperature: f(0.5)},
		"big budget":   {MaxTokens: n(9000), Reasoning: &llm.Reasoning{Budget: 30_000}},
		"low":          {MaxTokens: n(20_000), Reasoning: &llm.Reasoning{Effort: "low"}},
		"xhigh":        {MaxTokens: n(20_000), Reasoning: &llm.Reasoning{Effort: "xhigh", Summary: "omitted"}},
		"odd":          {MaxTokens: n(20_000), Reasoning: &llm.Reasoning{Effort: "odd"}},
		"off":          {MaxTokens: n(20_000), Reasoning: &llm.Reasoning{Off: true}},
		"small":        {MaxTokens: n(500), Reasoning: &llm.Reasoning{Effort: "high"}},
	}
	text := func(role llm.Role, s string) llm.Turn {
		return llm.Turn{Role: role, Blocks: []llm.Block{&llm.Text{Text: s}}}
	}
	tools := []llm.Tool{{Name: "f"}}
	histories := map[string]llm.Chat{
		"plain":  {Turns: []llm.Turn{text(llm.User, "x")}},
		"forced": {Turns: []llm.Turn{text(llm.User, "x")}, Tools: tools, Choice: llm.ToolChoice{Mode: "required"}},
		"ending": {Turns: []llm.Turn{text(llm.User, "x"), text(llm.Assistant, "y ")}},
		"unsigned": {Tools: tools, Turns: []llm.Turn{
			text(llm.User, "x"),
			{Role: llm.Assistant, Blocks: []llm.Block{&llm.ToolUse{CallID: "c", Name: "f"}}},
			{Role: llm.User, Blocks: []llm.Block{&llm.ToolResult{CallID: "c", Content: []llm.Block{&llm.Text{Text: "z"}}}}},
		}},
	}
	for _, model := range models[:14] {
		for ask, params := range asks {
			for history, c := range histories {
				t.Run(fmt.Sprintf("%s/%s/%s", model, ask, history), func(t *testing.T) {
					c := c
					c.Params = params
					req := &llm.Request{Body: &c}
					a, lossA, errA := anthropic.Back{}.Encode(llm.OpChat, req, dialect.Target{Model: model})
					b, lossB, errB := converse.Back{}.Encode(llm.OpChat, req, dialect.Target{Model: model, Path: converse.PathConverse})
					if errA != nil || errB != nil {
						t.Fatal(errA, errB)
					}
					va, vb := body(t, a), body(t, b)
					own := said{
						va["temperature"], va["top_p"], va["top_k"], va["max_tokens"], get(va, "thinking", "type"), get(va, "thinking", "budget_tokens"),
						get(va, "output_config", "effort"), get(va, "tool_choice", "type"), get(va, "thinking", "display"), last(va), len(lossA),
					}
					extra := vb["additionalModelRequestFields"]
					bedrock := said{
						get(vb, "inferenceConfig", "temperature"), get(vb, "inferenceConfig", "topP"), get(extra, "top_k"), get(vb, "inferenceConfig", "maxTokens"),
						get(extra, "thinking", "type"), get(extra, "thinking", "budget_tokens"), get(vb, "outputConfig", "effort"), nil, get(extra, "thinking", "display"), last(vb), len(lossB),
					}
					if get(vb, "toolConfig", "toolChoice", "any") != nil {
						bedrock.Choice = "any"
					}
					if own.Choice == "auto" {
						own.Choice = nil // Converse's default needs no word
					}
					if own != bedrock {
						t.Errorf("Anthropic's %+v\nBedrock's   %+v\n%v\n%v", own, bedrock, lossA, lossB)
					}
				})
			}
		}
	}
}

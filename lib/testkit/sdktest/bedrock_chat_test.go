package sdktest_test

import (
	"testing"

	"github.com/anthropics/anthropic-sdk-go"

	"weir/lib/testkit/fakebedrock"
)

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

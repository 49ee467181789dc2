package converse_test

import (
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/converse"
	"weir/lib/llm"
)

// many are histories of n calls, documents or calls of one turn that must be
// told apart.
func many(n int) map[string]*llm.Chat {
	use := func() llm.Block { return &llm.ToolUse{CallID: "call_0", Name: "f"} }
	result := func() llm.Block {
		return &llm.ToolResult{CallID: "call_0", Content: []llm.Block{&llm.Text{Text: "x"}}}
	}
	calls, documents := &llm.Chat{Turns: []llm.Turn{{Role: llm.User, Blocks: []llm.Block{&llm.Text{Text: "go"}}}}}, &llm.Chat{}
	for range n {
		calls.Turns = append(calls.Turns,
			llm.Turn{Role: llm.Assistant, Blocks: []llm.Block{use()}}, llm.Turn{Role: llm.User, Blocks: []llm.Block{result()}})
		documents.Turns = append(documents.Turns, llm.Turn{Role: llm.User, Blocks: []llm.Block{
			&llm.Media{Kind: "document", MIME: "text/plain", Name: "a.txt", Data: []byte("x")},
		}})
	}
	return map[string]*llm.Chat{"calls": calls, "documents": documents}
}

// What a history of equal ids and names costs grows with its length and not
// with its square.
func TestManyOfOneName(t *testing.T) {
	for _, model := range []string{"us.anthropic.claude-sonnet-4-5-20250929-v1:0", "mistral.mistral-large-2402-v1:0"} {
		cost := func(c *llm.Chat) float64 {
			return testing.AllocsPerRun(1, func() {
				target := dialect.Target{Model: model, Path: converse.PathConverse}
				if _, _, err := (converse.Back{}).Encode(llm.OpChat, &llm.Request{Body: c}, target); err != nil {
					t.Fatal(err)
				}
			})
		}
		small, large := many(500), many(2000)
		for name := range small {
			few, more := cost(small[name]), cost(large[name])
			if more > 6*few {
				t.Errorf("%s for %s: %.0f allocations for 500, %.0f for 2000", name, model, few, more)
			}
		}
	}
}

package llm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/llm"
)

func TestUnseal(t *testing.T) {
	seal := llm.Mark{Seal: &llm.Seal{Issuer: "anthropic", Data: "SIG"}}
	user := llm.Turn{Role: llm.User, Blocks: []llm.Block{&llm.Text{Text: "hi"}}}
	c := &llm.Chat{
		System: []llm.Block{&llm.Text{Text: "s"}},
		Turns: []llm.Turn{
			user,
			{Role: llm.Assistant, Blocks: []llm.Block{
				&llm.Text{Text: "a"},
				&llm.Thinking{Mark: seal, Text: "t"},
				&llm.Thinking{Mark: seal, Redacted: true},
				&llm.Thinking{Mark: seal},
				&llm.Text{Mark: seal, Text: "b"},
				&llm.Media{Mark: seal, Kind: "image"},
				&llm.Opaque{Mark: seal, Type: "x"},
				&llm.ToolUse{Mark: llm.Mark{Seal: seal.Seal, ID: "1", Cache: &llm.CachePoint{TTL: "1h"}}, CallID: "c"},
			}},
			{Role: llm.User, Blocks: []llm.Block{
				&llm.ToolResult{CallID: "c", Content: []llm.Block{&llm.Text{Mark: seal, Text: "r"}}},
				&llm.ToolResult{Mark: seal, CallID: "d"},
				&llm.Text{Text: "z"},
			}},
		},
	}
	want := []llm.Turn{
		user,
		{Role: llm.Assistant, Blocks: []llm.Block{
			&llm.Text{Text: "a"},
			&llm.Thinking{Text: "t"},
			&llm.Text{Text: "b"},
			&llm.Media{Kind: "image"},
			&llm.Opaque{Type: "x"},
			&llm.ToolUse{Mark: llm.Mark{ID: "1", Cache: &llm.CachePoint{TTL: "1h"}}, CallID: "c"},
		}},
		{Role: llm.User, Blocks: []llm.Block{
			&llm.ToolResult{CallID: "c", Content: []llm.Block{&llm.Text{Text: "r"}}},
			&llm.ToolResult{CallID: "d"},
			&llm.Text{Text: "z"},
		}},
	}
	got, loss := llm.Unseal(c)
	if diff := cmp.Diff(want, got.Turns); diff != "" {
		t.Error(diff)
	}
	if len(loss) != 1 || loss[0].Field != "thinking.signature" {
		t.Errorf("losses %v", loss)
	}
	before, ok := c.Turns[1].Blocks[1].(*llm.Thinking)
	if !ok || before.Seal == nil || len(c.Turns[1].Blocks) != 8 {
		t.Error("the caller's own conversation was changed")
	}
	again, loss := llm.Unseal(got)
	if again != got || loss != nil {
		t.Errorf("without seals: got %p, want %p; losses %v", again, got, loss)
	}
	sealed := &llm.Chat{System: []llm.Block{&llm.Text{Mark: seal, Text: "s"}}}
	got, loss = llm.Unseal(sealed)
	if diff := cmp.Diff([]llm.Block{&llm.Text{Text: "s"}}, got.System); diff != "" || len(loss) != 1 {
		t.Errorf("system: %s, losses %v", diff, loss)
	}
	placed := &llm.Chat{Turns: []llm.Turn{{Role: llm.Assistant, Blocks: []llm.Block{
		&llm.Thinking{Mark: llm.Mark{Seal: seal.Seal, At: "messages[1].thinking_blocks[0]"}, Text: "a"},
		&llm.Thinking{Mark: llm.Mark{Seal: seal.Seal, At: "messages[1].thinking_blocks[1]"}, Redacted: true},
		&llm.Text{Mark: llm.Mark{At: "messages[1].content"}, Text: "b"},
	}}}}
	if _, loss = llm.Unseal(placed); len(loss) != 2 || loss[0].Field != "messages[1].thinking_blocks[0]" || loss[1].Field != "messages[1].thinking_blocks[1]" {
		t.Errorf("losses %v", loss)
	}
}

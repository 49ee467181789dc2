package converse_test

import (
	"strings"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/converse"
	"weir/lib/llm"
	"weir/lib/testkit/fakebedrock"
	"weir/lib/wire"
)

// taken checks that a strict service takes what is sent.
func taken(t *testing.T, req *llm.Request, model string) {
	t.Helper()
	out, _, err := converse.Back{}.Encode(llm.OpChat, req, dialect.Target{Model: model, Path: converse.PathConverse})
	if err != nil {
		t.Fatal(err)
	}
	if e := fakebedrock.Check(fakebedrock.Converse, model, out.Body); e != nil {
		t.Fatalf("%v\n%s", e, out.Body)
	}
}

// pieces repeats one piece of text of a stream.
func pieces(n int) wire.Frames {
	data := []byte(`{"contentBlockIndex":0,"delta":{"text":" level"},"p":"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR"}`)
	return func(yield func(wire.Frame, error) bool) {
		for range n {
			if !yield(wire.Frame{Name: "contentBlockDelta", Data: data}, nil) {
				return
			}
		}
		if yield(wire.Frame{Name: "messageStop", Data: []byte(`{"stopReason":"end_turn"}`)}, nil) {
			yield(wire.Frame{Name: "metadata", Data: []byte(`{"usage":{"inputTokens":1,"outputTokens":1}}`)}, nil)
		}
	}
}

// One operation is one piece decoded.
func BenchmarkDecodedChunk(b *testing.B) {
	b.ReportAllocs()
	for _, err := range (converse.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{Model: plainModel}, pieces(b.N)) {
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	text := strings.Repeat("How does a weir hold a river to its level? ", 40)
	for name, n := range map[string]int{"2KB": 1, "200KB": 114} {
		c := &llm.Chat{}
		for range n {
			c.Turns = append(c.Turns, llm.Turn{Role: llm.User, Blocks: []llm.Block{&llm.Text{Text: text}}}, llm.Turn{Role: llm.Assistant, Blocks: []llm.Block{&llm.Text{Text: "ok"}}})
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := (converse.Back{}).Encode(llm.OpChat, &llm.Request{Body: c}, dialect.Target{Model: plainModel, Path: converse.PathConverse}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Ten thousand messages are written in bounded time.
func TestTenThousandMessages(t *testing.T) {
	c := &llm.Chat{}
	for range 2500 {
		c.Turns = append(c.Turns,
			llm.Turn{Role: llm.User, Blocks: []llm.Block{&llm.Text{Text: "go on"}}},
			llm.Turn{Role: llm.Assistant, Blocks: []llm.Block{&llm.ToolUse{CallID: "call_0", Name: "f"}}},
			llm.Turn{Role: llm.User, Blocks: []llm.Block{&llm.ToolResult{CallID: "call_0"}}},
			llm.Turn{Role: llm.Assistant, Blocks: []llm.Block{&llm.Text{Text: "done"}}})
	}
	taken(t, &llm.Request{Body: c}, plainModel)
}

package anthropic_test

import (
	"strings"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/llm"
	"weir/lib/wire"
)

// chunks repeats one delta of text as the vendor sends it.
func chunks(n int) wire.Frames {
	frames := []wire.Frame{
		{Name: "message_start", Data: []byte(`{"type":"message_start","message":{"id":"msg_01","model":"claude","usage":{"input_tokens":9,"output_tokens":1}}}`)},
		{Name: "content_block_start", Data: []byte(`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`)},
	}
	delta := wire.Frame{Name: "content_block_delta", Data: []byte(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" level of the river"}}`)}
	end := []wire.Frame{
		{Name: "message_delta", Data: []byte(`{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":9}}`)},
		{Name: "message_stop", Data: []byte(`{"type":"message_stop"}`)},
	}
	return func(yield func(wire.Frame, error) bool) {
		for _, f := range frames {
			if !yield(f, nil) {
				return
			}
		}
		for range n {
			if !yield(delta, nil) {
				return
			}
		}
		for _, f := range end {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// One operation is one relayed chunk.
func BenchmarkRelayedChunk(b *testing.B) {
	b.ReportAllocs()
	for _, err := range (anthropic.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, chunks(b.N)) {
		if err != nil {
			b.Fatal(err)
		}
	}
}

// One operation is one chunk decoded and written anew.
func BenchmarkTranslatedChunk(b *testing.B) {
	b.ReportAllocs()
	enc := anthropic.Front{}.Answer(chatRequest(true), head)
	for c, err := range (anthropic.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, chunks(b.N)) {
		if err != nil {
			b.Fatal(err)
		}
		for _, ev := range c.Events {
			enc.Event(ev)
		}
	}
}

func requestOf(messages int) []byte {
	text := strings.Repeat("How does a weir hold a river to its level? ", 40)
	pair := `{"role":"user","content":[{"type":"text","text":"` + text + `"}]},{"role":"assistant","content":"` + text + `"},`
	return []byte(`{"model":"claude-sonnet-4-5","max_tokens":100,"stream":true,"messages":[` + strings.Repeat(pair, messages) + `{"role":"user","content":"and?"}]}`)
}

func BenchmarkRequest(b *testing.B) {
	for name, n := range map[string]int{"3KB": 1, "200KB": 57} {
		in := llm.Inbound{Raw: requestOf(n)}
		req, err := anthropic.Front{}.Decode(llm.OpChat, in)
		if err != nil {
			b.Fatal(err)
		}
		target := dialect.Target{Model: "claude-opus-5", Path: "/x"}
		for what, do := range map[string]func() error{
			"Decode": func() error { _, err := anthropic.Front{}.Decode(llm.OpChat, in); return err },
			"Relay":  func() error { _, _, err := anthropic.Back{}.Relay(llm.OpChat, in, req, target); return err },
			"Encode": func() error { _, _, err := anthropic.Back{}.Encode(llm.OpChat, req, target); return err },
		} {
			b.Run(what+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(in.Raw)))
				for b.Loop() {
					if err := do(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

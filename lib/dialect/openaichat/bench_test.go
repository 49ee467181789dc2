package openaichat_test

import (
	"strings"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/openaichat"
	"weir/lib/llm"
	"weir/lib/wire"
)

// chunks repeats one text chunk of a stream as OpenAI sends it.
func chunks(n int) wire.Frames {
	data := []byte(`{"id":"chatcmpl-BDq8lC9yVqkZ1mXh0x2Wn5","object":"chat.completion.chunk","created":1795514700,"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_0123456789","choices":[{"index":0,"delta":{"content":" level"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"aB3dE5"}`)
	return func(yield func(wire.Frame, error) bool) {
		for range n {
			if !yield(wire.Frame{Data: data}, nil) {
				return
			}
		}
		yield(wire.Frame{Data: []byte("[DONE]")}, nil)
	}
}

// One operation is one relayed chunk.
func BenchmarkRelayedChunk(b *testing.B) {
	b.ReportAllocs()
	for _, err := range (openaichat.Back{}).Stream(llm.OpChat, llm.Outbound{Withheld: []string{"usage"}}, dialect.Target{}, chunks(b.N)) {
		if err != nil {
			b.Fatal(err)
		}
	}
}

// One operation is one chunk decoded and written anew.
func BenchmarkTranslatedChunk(b *testing.B) {
	b.ReportAllocs()
	enc := openaichat.Front{}.Answer(chatRequest(true, false), head)
	for c, err := range (openaichat.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, chunks(b.N)) {
		if err != nil {
			b.Fatal(err)
		}
		for _, ev := range c.Events {
			enc.Event(ev)
		}
	}
}

func requestOf(messages int) []byte {
	msg := `{"role":"user","content":"` + strings.Repeat("How does a weir hold a river to its level? ", 40) + `"}`
	return []byte(`{"model":"gpt-4o-mini","stream":true,"temperature":0.2,"messages":[` + strings.Repeat(msg+",", messages-1) + msg + `]}`)
}

func BenchmarkRequest(b *testing.B) {
	for name, n := range map[string]int{"2KB": 1, "200KB": 114} {
		in := llm.Inbound{Raw: requestOf(n)}
		b.Run("Decode/"+name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(in.Raw)))
			for b.Loop() {
				if _, err := (openaichat.Front{}).Decode(llm.OpChat, in); err != nil {
					b.Fatal(err)
				}
			}
		})
		req, err := openaichat.Front{}.Decode(llm.OpChat, in)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("Relay/"+name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(in.Raw)))
			for b.Loop() {
				if _, _, err := (openaichat.Back{}).Relay(llm.OpChat, in, req, dialect.Target{Model: "upstream-model", Path: "/x"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

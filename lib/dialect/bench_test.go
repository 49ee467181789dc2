package dialect_test

import (
	"fmt"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/converse"
	"weir/lib/dialect/openaichat"
	"weir/lib/llm"
	"weir/lib/wire"
)

// spoken is a provider's stream: what stands before, one piece of text, and
// what stands behind.
type spoken struct {
	back          dialect.Back
	before, after []wire.Frame
	piece         wire.Frame
}

func frame(name, data string) wire.Frame { return wire.Frame{Name: name, Data: []byte(data)} }

var streams = map[string]spoken{
	"openaichat": {
		back:   openaichat.Back{},
		before: []wire.Frame{frame("", `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}`)},
		piece:  frame("", `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":" level"},"finish_reason":null}]}`),
		after: []wire.Frame{
			frame("", `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`),
			frame("", `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`),
			frame("", `[DONE]`),
		},
	},
	"anthropic": {
		back: anthropic.Back{},
		before: []wire.Frame{
			frame("message_start", `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}`),
			frame("content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`),
		},
		piece: frame("content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" level"}}`),
		after: []wire.Frame{
			frame("content_block_stop", `{"type":"content_block_stop","index":0}`),
			frame("message_delta", `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":1}}`),
			frame("message_stop", `{"type":"message_stop"}`),
		},
	},
	"converse": {
		back:   converse.Back{},
		before: []wire.Frame{frame("messageStart", `{"role":"assistant"}`)},
		piece:  frame("contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":" level"},"p":"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR"}`),
		after: []wire.Frame{
			frame("contentBlockStop", `{"contentBlockIndex":0}`),
			frame("messageStop", `{"stopReason":"end_turn"}`),
			frame("metadata", `{"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`),
		},
	},
}

// frames is the stream with n pieces.
func (s spoken) frames(n int) wire.Frames {
	return func(yield func(wire.Frame, error) bool) {
		for _, f := range s.before {
			if !yield(f, nil) {
				return
			}
		}
		for range n {
			if !yield(s.piece, nil) {
				return
			}
		}
		for _, f := range s.after {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// One operation is one chunk of a stream, from the provider's frame to the
// caller's. A pair of one dialect is relayed. Streams of two lengths show that
// a chunk costs the same wherever it stands.
func BenchmarkPairs(b *testing.B) {
	fronts := []dialect.Front{openaichat.Front{}, anthropic.Front{}}
	for _, name := range []string{"openaichat", "anthropic", "converse"} {
		s := streams[name]
		for _, f := range fronts {
			for _, length := range []int{100, 10_000} {
				b.Run(fmt.Sprintf("%s→%s/%d", name, f.Name(), length), func(b *testing.B) {
					b.ReportAllocs()
					for left := b.N; left > 0; left -= length {
						carry(b, s, f, min(left, length))
					}
				})
			}
		}
	}
}

// carry takes a stream of n pieces from a provider to a caller.
func carry(b *testing.B, s spoken, f dialect.Front, n int) {
	b.Helper()
	req := &llm.Request{Facts: llm.Facts{Op: llm.OpChat, Stream: true, Choices: 1}, Body: &llm.Chat{}}
	enc := f.Answer(req, dialect.Head{CallID: "c", Model: "m"})
	relay := s.back.Name() == f.Name()
	sent := 0
	for c, err := range s.back.Stream(llm.OpChat, llm.Outbound{}, dialect.Target{Model: "m"}, s.frames(n)) {
		if err != nil {
			b.Fatal(err)
		}
		if relay {
			sent += len(c.Frame.Data)
			continue
		}
		for _, ev := range c.Events {
			out, _ := enc.Event(ev)
			for _, o := range out {
				sent += len(o.Data)
			}
		}
	}
	if sent == 0 {
		b.Fatal("nothing was sent")
	}
}

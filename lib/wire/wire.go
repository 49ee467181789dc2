// Package wire holds what the framings share. Its folders read and write bytes
// without knowing what they mean: rawjson (strict, byte-preserving JSON), sse
// (server-sent events) and eventstream (the framing of AWS).
package wire

import "iter"

// Frame is one framed payload. Data is valid until the iterator's next step.
type Frame struct {
	Name string // SSE event name or eventstream event type; may be empty
	Data []byte
}

// Frames iterates over a body's frames: one error at most, last. A body that
// ends between two frames ends the iteration without an error; whether that
// was the end of the answer is for the dialect to say.
type Frames = iter.Seq2[Frame, error]

package gateway

import (
	"errors"

	"weir/lib/fault"
	"weir/lib/llm"
)

// Limits on a streamed answer as a whole. Decoders and encoders keep something
// of each block until it ends, and of some blocks all; no model comes near
// these.
const (
	maxBlocks  = 16 << 10
	maxContent = maxUnary // bytes of text, of arguments, of seals
)

// bounds sums up a streamed answer.
type bounds struct {
	blocks int
	size   int // bytes of content
	idle   int // bytes since the last content
}

// add counts a chunk and reports the answer that has no end.
func (b *bounds) add(c llm.Chunk, content bool) error {
	for _, ev := range c.Events {
		switch ev := ev.(type) {
		case llm.Opened:
			b.blocks++
		case llm.Delta:
			b.size += len(ev.Text)
		case llm.Sealed:
			b.size += len(ev.Seal.Data)
		case llm.Cited:
			b.size += len(ev.Cite)
		case llm.Started, llm.Closed, llm.Beside, llm.Vectors, llm.Counted, llm.Used, llm.Stopped, llm.Dropped, llm.Finished:
		}
	}
	b.idle += len(c.Frame.Data)
	if content {
		b.idle = 0
	}
	switch {
	case b.blocks > maxBlocks:
		return fault.Wrap(fault.TargetFailed, "gateway.bounds", errors.New("the answer has too many blocks"))
	case b.size > maxContent:
		return fault.Wrap(fault.TargetFailed, "gateway.bounds", errors.New("the answer is too large"))
	case b.idle > maxContent:
		return fault.Wrap(fault.TargetFailed, "gateway.bounds", errors.New("too many events without content"))
	}
	return nil
}

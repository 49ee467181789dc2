package gateway

import (
	"context"
	"errors"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
)

// tail is what of an answer is still to be sent when its row is settled: the
// terminal frames of a stream, or a whole body.
type tail struct {
	frames []llm.Frame
	body   []byte
	// fail is the provider's own error frame, sent instead of ours.
	fail *llm.Frame
}

// pump moves the answer to the caller and returns what must wait for the row
// to be settled. After the caller has gone it reads on for the bill, within
// the limits of the policy.
func (g *Gateway) pump(ctx context.Context, c *call, out *responder) (tail, error) {
	if c.req.Facts.Stream {
		out.live(c.snap.Settings.HeadWait, g.cfg.KeepAlive)
	}
	enc := lazyEncoder{c: c}
	for chunk, err := range g.first(ctx, c) {
		if err != nil {
			return c.failing(chunk), err
		}
		frames, end := enc.encode(chunk)
		if end {
			return c.last(frames)
		}
		if len(frames) > 0 && c.req.Facts.Stream && !c.gone.Load() && out.frames(c, frames) != nil {
			c.hangUp() // a hang-up is seen by the write where the host does not tell
		}
	}
	return tail{}, fault.Wrap(fault.Internal, "gateway.pump", errors.New("a stream ended without an end"))
}

// last sorts the frames of the terminal chunk.
func (c *call) last(frames []llm.Frame) (tail, error) {
	if c.gone.Load() {
		return tail{}, fault.New(fault.ClientGone, "gateway.pump", "")
	}
	if c.req.Facts.Stream {
		return tail{frames: cloneFrames(frames)}, nil
	}
	if len(frames) != 1 {
		return tail{}, fault.Wrap(fault.Internal, "gateway.pump", errors.New("an answer has no body"))
	}
	return tail{body: frames[0].Data}, nil
}

// failing returns the provider's own error frame, where it sent one that the
// caller may see, and can read.
func (c *call) failing(chunk llm.Chunk) tail {
	if len(chunk.Frame.Data) == 0 || chunk.Frame.Withhold || chunk.Frame.Dialect != c.front.Name() {
		return tail{}
	}
	f := keep(chunk).Frame
	return tail{fail: &f}
}

func cloneFrames(frames []llm.Frame) []llm.Frame {
	out := make([]llm.Frame, len(frames))
	for i, f := range frames {
		out[i] = keep(llm.Chunk{Frame: f}).Frame
	}
	return out
}

// lazyEncoder turns chunks into the caller's frames: the provider's own in the
// relay lane, else an encoding of the events. The encoder is made at the first
// chunk, when the target is known.
type lazyEncoder struct {
	c   *call
	enc dialect.Encoder
	buf []llm.Frame
}

// encode returns the frames of one chunk, valid until the next call; end says
// that they complete the answer.
func (l *lazyEncoder) encode(chunk llm.Chunk) (frames []llm.Frame, end bool) {
	for _, ev := range chunk.Events {
		if d, ok := ev.(llm.Dropped); ok && !l.c.answer.relay { // relayed, it is there
			l.c.losses = append(l.c.losses, d.Loss)
		}
		_, last := ev.(llm.Finished)
		end = end || last
	}
	l.buf = l.buf[:0]
	if l.c.answer.relay {
		if len(chunk.Frame.Data) > 0 && !chunk.Frame.Withhold {
			l.buf = append(l.buf, chunk.Frame)
		}
		return l.buf, end
	}
	if l.enc == nil {
		a := l.c.answer
		l.enc = l.c.front.Answer(l.c.req, dialect.Head{CallID: l.c.id, Model: a.Target.Model, Created: l.c.started, InputTokens: l.c.req.Facts.InputTokens})
	}
	for _, ev := range chunk.Events {
		fs, losses := l.enc.Event(ev)
		l.buf = append(l.buf, fs...)
		l.c.losses = append(l.c.losses, losses...)
	}
	if end {
		l.buf = append(l.buf, l.enc.End()...)
	}
	return l.buf, end
}

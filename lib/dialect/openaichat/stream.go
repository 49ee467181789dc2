package openaichat

import (
	"bytes"
	"errors"
	"slices"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire"
	"weir/lib/wire/rawjson"
)

const opStream = "openaichat.Stream"

// doneFrame ends the stream of a vendor that sends no terminal mark of its own
// (Quirks.NoDone): callers of this dialect wait for it.
var doneFrame = []byte(done)

// Stream reads a streamed Chat answer.
//
// Frames hold the provider's payloads; event names are framing that this
// dialect does not use. A chunk that holds nothing but the usage that only the
// gateway asked for is withheld. Only choice 0 becomes blocks; others are
// relayed, and their output is told beside it. What comes after [DONE] is not
// read. A stream that ends without it is Truncated, and so is one of which a
// choice never said why it ended: vendors and proxies send [DONE] behind what
// broke off, too, and OpenAI's own SDK takes no such answer ("missing
// finish_reason for choice", github.com/openai/openai-node,
// src/lib/ChatCompletionStream.ts, read 2026-11).
func (Back) Stream(_ llm.Op, sent llm.Outbound, t dialect.Target, frames wire.Frames) llm.Stream {
	return func(yield func(llm.Chunk, error) bool) {
		d := &streamDecoder{
			state:    newState(t.Quirks),
			withhold: slices.Contains(sent.Withheld, withheldUsage),
		}
		for f, err := range frames {
			if err != nil {
				yield(llm.Chunk{}, classified(opStream, err))
				return
			}
			c, end, err := d.frame(f)
			if !yield(c, err) || err != nil || end {
				return
			}
		}
		if t.Quirks.NoDone && d.complete() {
			yield(llm.Chunk{Frame: frame(doneFrame), Events: []llm.Event{llm.Finished{}}}, nil)
			return
		}
		yield(llm.Chunk{}, fault.Wrap(fault.Truncated, opStream, errors.New("the stream ended without [DONE]")))
	}
}

// errNoReason is that of an answer that may have broken off anywhere.
var errNoReason = errors.New("an end without a finish reason")

// classified gives err a kind where it has none: unclassified means failover.
func classified(op string, err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return fault.Wrap(fault.TargetFailed, op, err)
}

// streamDecoder is the state of one stream.
type streamDecoder struct {
	*state
	doc      rawjson.Doc
	withhold bool
}

// frame reads one payload; end says that it is the terminal mark.
func (d *streamDecoder) frame(f wire.Frame) (c llm.Chunk, end bool, err error) {
	if bytes.Equal(bytes.TrimSpace(f.Data), doneFrame) {
		c, err := d.terminal(f)
		return c, true, err
	}
	if err := d.doc.Parse(f.Data, answerOptions); err != nil {
		return llm.Chunk{}, false, fault.Wrap(fault.TargetFailed, opStream, err)
	}
	root := d.doc.Root()
	failure, failed := readFailure(root)
	if failed || f.Name == "error" { // some vendors name the event instead
		failure.loose(root)
		e := failure.fault(opStream, 0)
		e.Upstream = failure.upstream(200, jsonType, "", f.Data)
		return failureChunk(e, f.Data), false, e
	}
	if root.Kind() != rawjson.Object {
		return llm.Chunk{}, false, fault.Wrap(fault.TargetFailed, opStream, errors.New("a chunk that is no object"))
	}
	var ch chunk
	ch.read(root)
	d.events = nil
	d.start(&ch)
	for _, choice := range ch.choices.Elems() {
		if err := d.choice(choice); err != nil {
			return llm.Chunk{}, false, err
		}
	}
	c.Frame = frame(f.Data)
	if d.usage.read(&ch) {
		if u, ok := d.usage.report(d.quirks); ok {
			d.emit(llm.Used{Usage: u})
		}
		c.Frame.Withhold = d.withhold && ch.choices.Len() == 0
	}
	c.Events = d.events
	return c, false, nil
}

// terminal reads [DONE].
func (d *streamDecoder) terminal(f wire.Frame) (llm.Chunk, error) {
	switch {
	case !d.began:
		return llm.Chunk{}, fault.Wrap(fault.TargetFailed, opStream, errors.New("[DONE] without an answer before it"))
	case !d.complete():
		return llm.Chunk{}, fault.Wrap(fault.Truncated, opStream, errNoReason)
	}
	return llm.Chunk{Frame: frame(f.Data), Events: []llm.Event{llm.Finished{}}}, nil
}

// choice reads one choice of a chunk.
func (d *streamDecoder) choice(c rawjson.Value) error {
	n := index(c, 0)
	reason := c.Get("finish_reason")
	delta := c.Get("delta")
	if !delta.Exists() {
		delta = c.Get("message")
	}
	if n != 0 {
		return d.beside(n, delta, reason, false, opStream)
	}
	if c.Get("logprobs").Exists() {
		d.drop("logprobs", dialect.NoPlace)
	}
	if d.stopped {
		d.late(delta)
		return nil
	}
	d.delta(delta, false)
	return d.finish(reason, opStream)
}

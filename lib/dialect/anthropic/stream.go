package anthropic

import (
	"errors"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire"
	"weir/lib/wire/rawjson"
)

const (
	opStream = "anthropic.Stream"
	opUnary  = "anthropic.Unary"
)

// answerOptions: answers are read as they come. Inputs of tools are never
// looked into.
var answerOptions = rawjson.Options{Lenient: true}

// Stream reads a streamed answer
// (platform.claude.com/docs/en/build-with-claude/streaming, read 2026-11).
//
// Events are told apart by the type in their data; a frame without a name, as
// other framings have it, is given that type as its name. Events and deltas
// that are not known yield a chunk without events, so that callers of this
// dialect still get them. What comes after message_stop is not read. A stream
// that ends without it is Truncated, and so is one that has it but never said
// why the answer ended: by the documentation (…/api/messages) stop_reason is
// null in message_start alone.
func (Back) Stream(_ llm.Op, _ llm.Outbound, _ dialect.Target, frames wire.Frames) llm.Stream {
	return func(yield func(llm.Chunk, error) bool) {
		d := &decoding{}
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
		yield(llm.Chunk{}, fault.Wrap(fault.Truncated, opStream, errors.New("the stream ended without message_stop")))
	}
}

// errNoReason is that of an answer that may have broken off anywhere.
var errNoReason = errors.New("an end without a stop reason")

// classified gives err a kind where it has none: unclassified means failover.
func classified(op string, err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return fault.Wrap(fault.TargetFailed, op, err)
}

// decoding is the state of one stream.
type decoding struct {
	state
	doc rawjson.Doc
}

// event holds the members of one event that are read.
type event struct {
	kind                                  []byte
	index                                 int64
	message, block, delta, usage, failure rawjson.Value
}

func (e *event) read(root rawjson.Value) {
	for m := range root.Members() {
		switch string(m.Name()) {
		case "type":
			e.kind = m.Value.Bytes()
		case "index":
			e.index, _ = m.Value.Int()
		case "message":
			e.message = m.Value
		case "content_block":
			e.block = m.Value
		case "delta":
			e.delta = m.Value
		case "usage":
			e.usage = m.Value
		case "error":
			e.failure = m.Value
		}
	}
}

// frame reads one payload; end says that it is the terminal mark.
func (d *decoding) frame(f wire.Frame) (c llm.Chunk, end bool, err error) {
	if err := d.doc.Parse(f.Data, answerOptions); err != nil {
		return llm.Chunk{}, false, fault.Wrap(fault.TargetFailed, opStream, err)
	}
	root := d.doc.Root()
	if root.Kind() != rawjson.Object {
		return llm.Chunk{}, false, fault.Wrap(fault.TargetFailed, opStream, errors.New("an event that is no object"))
	}
	var ev event
	ev.read(root)
	kind := string(ev.kind)
	if kind == "" {
		kind = f.Name
	}
	if kind == "error" || kind == "" && ev.failure.Exists() {
		c, err := failed(opStream, root, f.Data)
		c.Frame.Name = "error"
		return c, false, err
	}
	d.events = nil
	end, err = d.read(kind, &ev)
	if err != nil {
		return llm.Chunk{}, false, err
	}
	name := f.Name
	if name == "" {
		name = kind
	}
	return llm.Chunk{Frame: llm.Frame{Dialect: Name, Name: name, Data: f.Data}, Events: d.events}, end, nil
}

// read takes one event.
func (d *decoding) read(kind string, ev *event) (end bool, err error) {
	switch kind {
	case "message_start":
		d.start(ev.message)
		d.use(ev.message.Get("usage"))
		for i, b := range ev.message.Get("content").Elems() { // a caller's prefill, with some vendors
			d.end(d.begin(int64(i), b))
		}
	case "content_block_start":
		d.start(rawjson.Value{})
		d.begin(ev.index, ev.block)
	case "content_block_delta":
		return false, d.delta(ev.index, ev.delta)
	case "content_block_stop":
		d.end(d.byIndex[ev.index])
	case "message_delta":
		d.start(rawjson.Value{})
		d.stop(ev.delta)
		d.use(ev.usage)
	case "message_stop":
		switch {
		case !d.began:
			return false, fault.Wrap(fault.TargetFailed, opStream, errors.New("message_stop without an answer before it"))
		case !d.stopped:
			return false, fault.Wrap(fault.Truncated, opStream, errNoReason)
		}
		d.emit(llm.Finished{})
		return true, nil
	}
	return false, nil
}

// use takes a report of usage. Until both sides have been counted there is
// none: half a bill would pass for a whole one.
func (d *decoding) use(v rawjson.Value) {
	if d.usage.read(v) && d.usage.has[input] && d.usage.has[output] {
		d.emit(llm.Used{Usage: d.usage.buckets()})
	}
}

// Unary reads a whole answer. The frame is body itself. One without a stop
// reason is Truncated.
func (Back) Unary(op llm.Op, _ llm.Outbound, _ dialect.Target, body []byte) (llm.Chunk, error) {
	doc, err := rawjson.Parse(body, answerOptions)
	if err != nil {
		return llm.Chunk{}, fault.Wrap(fault.TargetFailed, opUnary, err)
	}
	root := doc.Root()
	if root.Get("type").Is("error") || root.Get("error").Exists() {
		return failed(opUnary, root, body)
	}
	c := llm.Chunk{Frame: llm.Frame{Dialect: Name, Data: body}}
	if op == llm.OpCount {
		n, ok := root.Get("input_tokens").Int()
		if !ok || n < 0 || n > maxCount {
			return llm.Chunk{}, fault.Wrap(fault.TargetFailed, opUnary, errors.New("a count without input_tokens"))
		}
		c.Events = []llm.Event{llm.Counted{Input: n}, llm.Finished{}}
		return c, nil
	}
	content := root.Get("content")
	if content.Kind() != rawjson.Array {
		return llm.Chunk{}, fault.Wrap(fault.TargetFailed, opUnary, errors.New("an answer without content"))
	}
	d := &decoding{}
	d.start(root)
	for i, b := range content.Elems() {
		d.end(d.begin(int64(i), b))
	}
	if d.stop(root); !d.stopped {
		d.events = nil
		d.use(root.Get("usage"))
		return llm.Chunk{Events: d.events}, fault.Wrap(fault.Truncated, opUnary, errNoReason)
	}
	d.use(root.Get("usage"))
	d.emit(llm.Finished{})
	c.Events = d.events
	return c, nil
}

package converse

import (
	"errors"
	"strings"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire"
	"weir/lib/wire/rawjson"
)

const (
	opStream = "converse.Stream"
	opUnary  = "converse.Unary"
)

// answerOptions: answers are read as they come.
var answerOptions = rawjson.Options{Lenient: true}

// Stream reads a streamed answer (the API reference of ConverseStreamOutput).
//
// A frame's name is the event's type, or the exception's: an exception is a
// fault, classified as in Refusal. Events and deltas that are not known yield a
// chunk without events. The answer is whole when messageStop and metadata,
// which holds the usage, have come; what comes after them is not read, and a
// stream that ends without one of them is Truncated. So is a messageStop that
// does not say why the answer ended, as it must (API_runtime_MessageStopEvent).
func (Back) Stream(_ llm.Op, _ llm.Outbound, t dialect.Target, frames wire.Frames) llm.Stream {
	return func(yield func(llm.Chunk, error) bool) {
		d := &decoding{state: state{family: familyOf(t.Model)}}
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
		yield(llm.Chunk{}, fault.Wrap(fault.Truncated, opStream, errors.New("the stream ended without messageStop and metadata")))
	}
}

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

// frame reads one payload; end says that the answer is whole.
func (d *decoding) frame(f wire.Frame) (c llm.Chunk, end bool, err error) {
	if isException(f.Name) {
		return llm.Chunk{}, false, exception(f)
	}
	if err := d.doc.Parse(f.Data, answerOptions); err != nil {
		return llm.Chunk{}, false, fault.Wrap(fault.TargetFailed, opStream, err)
	}
	root := d.doc.Root()
	if root.Kind() != rawjson.Object {
		return llm.Chunk{}, false, fault.Wrap(fault.TargetFailed, opStream, errors.New("an event that is no object"))
	}
	d.events = nil
	if err := d.read(f.Name, root); err != nil {
		return llm.Chunk{}, false, err
	}
	if d.stopped && d.used {
		end = true
		d.emit(llm.Finished{})
	}
	return llm.Chunk{Frame: frame(f.Name, f.Data), Events: d.events}, end, nil
}

// read takes one event.
func (d *decoding) read(name string, root rawjson.Value) error {
	at, _ := root.Get("contentBlockIndex").Int()
	switch name {
	case "messageStart":
		d.start()
	case "contentBlockStart":
		d.end(d.byIndex[at]) // should its stop be missing
		for m := range root.Get("start").Members() {
			if kind := string(m.Name()); kind == kindToolUse {
				d.toolUse(at, m.Value)
			} else {
				d.opaque(at, kind, m.Value)
			}
			break // a union has one member
		}
	case "contentBlockDelta":
		return d.delta(at, root.Get("delta"))
	case "contentBlockStop":
		d.end(d.byIndex[at])
	case "messageStop":
		return d.stop(root, opStream)
	case "metadata":
		d.start()
		d.use(root)
	}
	return nil
}

// delta reads a piece of a block. One that is not known, and is not of a block
// that is lost as a whole, is told to be lost.
func (d *decoding) delta(at int64, v rawjson.Value) error {
	for m := range v.Members() {
		switch string(m.Name()) {
		case kindText:
			d.text(at, m.Value)
		case kindToolUse:
			input := m.Value.Get("input")
			if o := d.byIndex[at]; o != nil && !o.closed && o.kind == kindToolUse {
				d.piece(o, input)
			} else if len(input.Bytes()) > 0 {
				return fault.Wrap(fault.TargetFailed, opStream, errors.New("a piece of arguments without a call"))
			}
		case kindReasoning:
			d.reasoning(at, m.Value)
		case "citation":
			d.cite(at, m.Value)
		default:
			if kind := string(m.Name()); d.byIndex[at] == nil || d.byIndex[at].kind != kind {
				d.drop("content."+kind, dialect.NoPlace)
			}
		}
	}
	return nil
}

// isException reports whether a frame of that name is an exception or an error
// of the framing.
func isException(name string) bool {
	return name == "error" || strings.HasSuffix(name, "Exception")
}

// exception classifies an exception in a stream.
func exception(f wire.Frame) error {
	var x failure
	if doc, err := rawjson.Parse(f.Data, answerOptions); err == nil {
		x.read(doc.Root())
	}
	if f.Name != "error" {
		x.kind = f.Name
	}
	return x.fault(opStream, 0)
}

// Unary reads a whole answer. One without a stop reason is Truncated.
func (Back) Unary(op llm.Op, _ llm.Outbound, t dialect.Target, body []byte) (llm.Chunk, error) {
	doc, err := rawjson.Parse(body, answerOptions)
	if err != nil {
		return llm.Chunk{}, fault.Wrap(fault.TargetFailed, opUnary, err)
	}
	root := doc.Root()
	c := llm.Chunk{Frame: frame("", body)}
	if op == llm.OpCount {
		n, ok := root.Get("inputTokens").Int()
		if !ok || n < 0 || n > maxCount {
			return llm.Chunk{}, noAnswer(root, "a count without inputTokens")
		}
		c.Events = []llm.Event{llm.Counted{Input: n}, llm.Finished{}}
		return c, nil
	}
	content := root.Get("output").Get("message").Get("content")
	if content.Kind() != rawjson.Array {
		return llm.Chunk{}, noAnswer(root, "an answer without content")
	}
	s := &state{family: familyOf(t.Model)}
	s.start()
	for i, b := range content.Elems() {
		s.whole(int64(i), b)
	}
	if err := s.stop(root, opUnary); err != nil {
		s.events = nil
		s.use(root)
		return llm.Chunk{Events: s.events}, err
	}
	s.use(root)
	s.emit(llm.Finished{})
	c.Events = s.events
	return c, nil
}

// noAnswer is the error of a 2xx that is none: the service's own, where it
// holds one.
func noAnswer(root rawjson.Value, why string) error {
	var f failure
	f.read(root)
	if f.kind != "" {
		return f.fault(opUnary, 0)
	}
	return fault.Wrap(fault.TargetFailed, opUnary, errors.New(why))
}

package openaichat

import (
	"encoding/json"
	"errors"
	"fmt"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

const opUnary = "openaichat.Unary"

// answerOptions: answers are read as they come. Vectors and log probabilities
// are never looked into.
var answerOptions = rawjson.Options{Lenient: true, Opaque: []string{"embedding", "logprobs"}}

// Unary reads a whole answer. The frame is body itself. A chat of which a choice
// has no finish reason is Truncated.
func (Back) Unary(op llm.Op, _ llm.Outbound, t dialect.Target, body []byte) (llm.Chunk, error) {
	doc, err := rawjson.Parse(body, answerOptions)
	if err != nil {
		return llm.Chunk{}, fault.Wrap(fault.TargetFailed, opUnary, err)
	}
	root := doc.Root()
	if failure, ok := readFailure(root); ok {
		e := failure.fault(opUnary, 0)
		e.Upstream = failure.upstream(200, jsonType, "", body)
		return failureChunk(e, body), e
	}
	var events []llm.Event
	switch op {
	case llm.OpChat:
		events, err = chatEvents(root, t)
	case llm.OpEmbed:
		events, err = vectorEvents(root, t)
	case llm.OpCount, llm.OpRaw:
		err = fmt.Errorf("no operation %q", op)
	default:
		err = fmt.Errorf("no operation %q", op)
	}
	if err != nil {
		return llm.Chunk{Events: events}, classified(opUnary, err)
	}
	return llm.Chunk{Frame: frame(body), Events: append(events, llm.Finished{})}, nil
}

// failureChunk holds the provider's own error where the caller may see it.
func failureChunk(e *fault.Error, body []byte) llm.Chunk {
	if e.Upstream == nil || !e.Kind.Disposition().RelayBody {
		return llm.Chunk{}
	}
	return llm.Chunk{Frame: frame(body)}
}

// chatEvents reads an answer. Beside an error they are what it reports of its
// usage.
func chatEvents(root rawjson.Value, t dialect.Target) ([]llm.Event, error) {
	s := newState(t.Quirks)
	choices := root.Get("choices")
	if choices.Len() == 0 {
		return nil, errors.New("an answer without choices")
	}
	var ch chunk
	ch.read(root)
	s.start(&ch)
	s.usage.read(&ch)
	err := s.all(choices)
	if err != nil {
		s.events = nil
	}
	if u, ok := s.usage.report(t.Quirks); ok {
		s.emit(llm.Used{Usage: u})
	}
	return s.events, err
}

// all reads the choices of a whole answer.
func (s *state) all(choices rawjson.Value) error {
	first := 0
	for i, c := range choices.Elems() {
		if index(c, int64(i)) == 0 {
			first = i
			break
		}
	}
	for i, c := range choices.Elems() {
		message, reason := c.Get("message"), c.Get("finish_reason")
		var err error
		if i == first {
			if c.Get("logprobs").Exists() {
				s.drop("logprobs", dialect.NoPlace)
			}
			s.delta(message, true)
			err = s.finish(reason, opUnary)
		} else {
			err = s.beside(int64(i), message, reason, true, opUnary)
		}
		if err != nil {
			return err
		}
	}
	if !s.complete() {
		return fault.Wrap(fault.Truncated, opUnary, errNoReason)
	}
	return nil
}

func vectorEvents(root rawjson.Value, t dialect.Target) ([]llm.Event, error) {
	data := root.Get("data")
	n := data.Len()
	if n == 0 {
		return nil, errors.New("an answer without data")
	}
	vectors := make([]json.RawMessage, n)
	for i, d := range data.Elems() {
		v := d.Get("embedding")
		at := index(d, int64(i))
		if k := v.Kind(); k != rawjson.Array && k != rawjson.String {
			return nil, errors.New("an entry of data without an embedding")
		}
		if at < 0 || at >= int64(n) || vectors[at] != nil {
			return nil, errors.New("an entry of data with a wrong index")
		}
		vectors[at] = v.Raw()
	}
	s := newState(t.Quirks)
	var ch chunk
	ch.read(root)
	s.start(&ch)
	s.emit(llm.Vectors{Raw: vectors})
	if s.usage.read(&ch) {
		s.emit(llm.Used{Usage: s.usage.buckets(t.Quirks)})
	}
	return s.events, nil
}

// index is an element's own index, or its place where it has none.
func index(v rawjson.Value, place int64) int64 {
	if n, ok := v.Get("index").Int(); ok {
		return n
	}
	return place
}

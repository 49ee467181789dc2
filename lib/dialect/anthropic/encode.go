package anthropic

import (
	"fmt"
	"net/http"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

const (
	opEncode = "anthropic.Encode"
	jsonType = "application/json"
)

// Encode writes a request of another dialect anew, in a form that the vendor
// accepts for any history that is normal elsewhere:
//
//   - turns of one side that follow each other become one message; the first
//     is the user's, and so is the last where the model does not go on with an
//     assistant turn;
//   - blank texts are left out, and a turn of the user without anything is
//     sent as "(no text)";
//   - system messages in mid-conversation keep their role for models that take
//     it, and are part of the user's message for all others;
//   - the results of one round of tool calls come first in one message; a call
//     without a result, a result without a call and arguments that are no JSON
//     object are errors that name the call; ids are made unique and valid;
//   - tools that only the history knows are declared, and not to be called;
//   - thinking goes back where this family signed it, and unsigned to a vendor
//     that takes it (Quirks.TakesReasoning); a tool turn without it is sent
//     with thinking off;
//   - of cache marks four stay, in an order of life that the vendor takes.
//
// What the format cannot say is a Loss, or an error that names the member
// where leaving it out would change the meaning or the target is strict.
//
// max_tokens, which must be said here, is the caller's, no higher than the
// model's most; where the caller set none it is 32,000 or the model's most if
// that is less, and 8,192 for a model of another maker; a thinking budget is
// added.
func (Back) Encode(op llm.Op, req *llm.Request, t dialect.Target) (llm.Outbound, []llm.Loss, error) {
	e := &encoder{target: t, family: familyOf(t.Model), op: op}
	for _, path := range req.Facts.Native {
		e.refuse(path, "only the dialect of the request has it")
	}
	out := outbound(t, req.Facts.Stream)
	e.w.Open('{').Name("model").Str(t.Model)
	switch b := req.Body.(type) {
	case *llm.Chat:
		e.chat(b, req.Facts)
		e.extras(b.Extra, out.Header)
	case *llm.Embed:
		e.refuse("input", "this provider has no embeddings")
	case nil:
		return llm.Outbound{}, nil, fault.Wrap(fault.Internal, opEncode, fmt.Errorf("no body for %q", op))
	}
	if e.err != nil {
		return llm.Outbound{}, nil, e.err
	}
	out.Body = e.w.Close('}').Take()
	return out, e.loss, nil
}

// outbound has what relayed and written requests share.
func outbound(t dialect.Target, stream bool) llm.Outbound {
	h := http.Header{"Content-Type": {jsonType}, "Accept": {jsonType}, headerVersion: {Version}}
	if stream {
		h.Set("Accept", "text/event-stream")
	}
	return llm.Outbound{Path: t.Path, Header: h}
}

// encoder writes one request.
type encoder struct {
	w      rawjson.Builder
	target dialect.Target
	family family
	op     llm.Op
	marks  map[any]string // block or index of a tool → life of its cache mark
	loss   []llm.Loss
	lost   map[string]bool
	err    error
}

// refuse stops the request: leaving field out would change its meaning.
func (e *encoder) refuse(field, why string) {
	if e.err == nil {
		e.err = &fault.Error{
			Kind: fault.Invalid, Op: opEncode, Param: field,
			Public: fmt.Sprintf("%s cannot be sent to this model's provider: %s.", field, why),
		}
	}
}

// drop notes once for a field that it is left out or changed.
func (e *encoder) drop(field, why string) {
	if e.target.Strict {
		e.refuse(field, why)
	}
	if e.lost[field] {
		return
	}
	if e.lost == nil {
		e.lost = map[string]bool{}
	}
	e.lost[field] = true
	e.loss = append(e.loss, llm.Loss{Field: field, Why: why})
}

func (e *encoder) chat(c *llm.Chat, f llm.Facts) {
	h := e.normal(c)
	tools, declared := e.toolsOf(c, h)
	choice := e.choiceOf(c, declared)
	params := c.Params
	if e.op == llm.OpCount {
		params.MaxTokens = nil // it is not sent, and limits nothing
	}
	most := e.maxTokens(params)
	th := e.think(c.Params.Reasoning, most, choice == "any" || choice == "tool", h.unsigned())
	e.ending(h, !th.on && c.Params.Format == nil)
	e.collectMarks(h, tools)

	if e.op == llm.OpChat {
		e.w.Name("max_tokens").Int(most)
	}
	e.system(h.system)
	e.messages(h.messages)
	e.tools(tools)
	e.choice(c.Choice, choice, len(tools) > 0)
	e.thinking(th, c.Params.Format)
	if e.op == llm.OpCount {
		return
	}
	e.params(c.Params, th)
	if f.EndUser != "" {
		e.w.Name("metadata").Open('{').Name("user_id").Str(f.EndUser).Close('}')
	}
	if f.Stream {
		e.w.Name("stream").Bool(true)
	}
}

// extras writes this dialect's own members back and accounts for others'.
func (e *encoder) extras(all []llm.Extra, h http.Header) {
	for _, x := range all {
		switch {
		case x.Dialect == Name && x.Path == "anthropic-beta":
			doc, err := rawjson.Parse(x.Raw, rawjson.Options{})
			if err == nil {
				h.Set(headerBeta, string(doc.Root().Bytes()))
			}
		case x.Dialect == Name && topLevel(x.Path):
			e.w.Name(x.Path).Raw(x.Raw)
		case x.Hint:
			e.drop(x.Path, "this provider has no such parameter")
		default:
			e.refuse(x.Path, "it has no such parameter")
		}
	}
}

func topLevel(path string) bool {
	for _, c := range path {
		if c == '.' || c == '[' {
			return false
		}
	}
	return path != ""
}

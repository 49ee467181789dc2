package converse

import (
	"fmt"
	"net/http"
	"strings"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

const (
	opEncode = "converse.Encode"
	jsonType = "application/json"
)

// storedPrompt is in the ARN of a prompt that the account holds. The service
// takes it for a model (the API reference of Converse, modelId); a caller of a
// wildcard route could use any of them, and the model within.
const storedPrompt = ":prompt/"

// Encode writes a request anew, in a form that the service accepts for any
// history that is normal elsewhere:
//
//   - turns of one side that follow each other become one message; the first
//     is the user's, and so is the last where the model does not go on with an
//     assistant turn;
//   - blank texts are left out; a message or a failed tool's result without
//     anything says "(no text)"; an assistant's turn of nothing but thinking is
//     left out;
//   - system messages in mid-conversation are part of the user's message;
//   - the results of one round of tool calls come first in one message, in the
//     order of the calls; a call without a result, a result without a call and
//     arguments that are no JSON object are errors that name the call; ids are
//     made unique and valid;
//   - toolConfig is there wherever the history has tool blocks. The service
//     cannot be told to call none: then tools are left out, or, where the
//     history needs them, a Loss says that they may be called;
//   - documents get names that the service takes, each another, and a text
//     beside them; images and documents by URL are errors, because the service
//     fetches none;
//   - thinking goes back where this family signed it, and nowhere else; a tool
//     turn without it is sent with thinking off;
//   - of cache marks four stay, where the model takes them, in an order of
//     life that it takes.
//
// What the format cannot say is a Loss, or an error that names the member
// where leaving it out would change the meaning or the target is strict.
//
// maxTokens is the caller's, no higher than the model's most, and left out
// where the caller set none, because the service counts it against the
// account's quota when the call begins; a budget of thinking tokens needs one.
//
// A streamed request of a model that has no streamed tools goes to Converse,
// whose one answer the pipeline takes for a stream.
func (Back) Encode(op llm.Op, req *llm.Request, t dialect.Target) (llm.Outbound, []llm.Loss, error) {
	e := &encoder{target: t, family: familyOf(t.Model), op: op}
	if strings.Contains(t.Model, storedPrompt) {
		e.refuse("model", "it is a stored prompt, which brings a model of its own; name a model")
	}
	for _, path := range req.Facts.Native {
		e.refuse(path, "only the dialect of the request has it")
	}
	out := llm.Outbound{Path: t.Path, Header: http.Header{"Content-Type": {jsonType}, "Accept": {jsonType}}}
	switch b := req.Body.(type) {
	case *llm.Chat:
		tools := e.chat(b, req.Facts)
		if req.Facts.Stream && op == llm.OpChat && (!tools || !e.family.whole) {
			out.Path += streamEnd
			out.Header.Set("Accept", "application/vnd.amazon.eventstream")
		}
		e.extras(b.Extra)
	case *llm.Embed:
		e.refuse("input", "this provider has no embeddings here")
	case nil:
		return llm.Outbound{}, nil, fault.Wrap(fault.Internal, opEncode, fmt.Errorf("no body for %q", op))
	}
	if e.err != nil {
		return llm.Outbound{}, nil, e.err
	}
	out.Body = e.w.Take()
	return out, e.loss, nil
}

// encoder writes one request.
type encoder struct {
	w      rawjson.Builder
	target dialect.Target
	family family
	op     llm.Op
	names  map[string]int // of documents, in lower case → last number tried for it
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

// drop notes once for a field that it is left out or changed. A strict target
// refuses it.
func (e *encoder) drop(field, why string) {
	if e.target.Strict {
		e.refuse(field, why)
	}
	e.note(field, why)
}

// note notes once that something was added, which no caller needs to be
// refused for.
func (e *encoder) note(field, why string) {
	if e.lost[field] {
		return
	}
	if e.lost == nil {
		e.lost = map[string]bool{}
	}
	e.lost[field] = true
	e.loss = append(e.loss, llm.Loss{Field: field, Why: why})
}

// chat writes a conversation and reports whether it has tools.
func (e *encoder) chat(c *llm.Chat, f llm.Facts) (tools bool) {
	h := e.normal(c)
	kit := e.kitOf(c, h)
	most := e.maxTokens(c.Params)
	th := e.think(c.Params.Reasoning, most, kit.forced(), h.unsigned())
	e.ending(h, !th.on && c.Params.Format == nil)
	if e.family.apart {
		e.separate(h)
	}
	e.collectMarks(h, kit.tools)

	e.w.Open('{')
	if e.op == llm.OpCount {
		e.w.Name("input").Open('{').Name("converse").Open('{')
	}
	e.messages(h.messages)
	e.system(h.system)
	e.toolConfig(kit)
	if e.op == llm.OpCount {
		e.additional(nil, th)
		e.w.Close('}').Close('}').Close('}')
		return len(kit.tools) > 0
	}
	e.inference(c.Params, th, most)
	e.additional(e.topK(c.Params, th), th)
	e.endUser(f.EndUser)
	e.tier(c.Params.ServiceTier)
	e.output(c.Params.Format, th)
	e.w.Close('}')
	return len(kit.tools) > 0
}

// extras accounts for members of other dialects.
func (e *encoder) extras(all []llm.Extra) {
	for _, x := range all {
		if x.Hint {
			e.drop(x.Path, "this provider has no such parameter")
		} else {
			e.refuse(x.Path, "it has no such parameter")
		}
	}
}

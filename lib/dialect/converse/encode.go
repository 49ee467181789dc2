package converse

import (
	"fmt"
	"net/http"
	"strings"

	"weir/lib/dialect"
	"weir/lib/dialect/claude"
	"weir/lib/dialect/history"
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
// history that is normal elsewhere: the one of package history, and
//
//   - a tool's result without anything says "(no text)"; results come in the
//     order of the calls;
//   - toolConfig is there wherever the history has tool blocks. The service
//     cannot be told to call none: then tools are left out, or, where the
//     history needs them, a Loss says that they may be called;
//   - documents get names that the service takes, each another, and a text
//     beside them; images and documents by URL are errors, because the service
//     fetches none;
//   - thinking goes back where Claude signed it, and nowhere else; a tool turn
//     without it is sent with thinking off;
//   - cache marks are sent where the model takes them.
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
	e := &encoder{Losses: dialect.NewLosses(opEncode, req, t), target: t, family: familyOf(t.Model), op: op}
	if strings.Contains(t.Model, storedPrompt) {
		e.Refuse("model", "it is a stored prompt, which brings a model of its own; name a model")
	}
	e.Native()
	out := llm.Outbound{Path: t.Path, Header: http.Header{"Content-Type": {jsonType}, "Accept": {jsonType}}}
	switch b := req.Body.(type) {
	case *llm.Chat:
		tools := e.chat(b, req.Facts)
		if req.Facts.Stream && op == llm.OpChat && (!tools || !e.family.whole) {
			out.Path += streamEnd
			out.Header.Set("Accept", "application/vnd.amazon.eventstream")
		}
		for _, x := range b.Extra {
			e.Extra(x)
		}
	case *llm.Embed:
		e.Refuse("input", "this provider has no embeddings here")
	case nil:
		return llm.Outbound{}, nil, fault.Wrap(fault.Internal, opEncode, fmt.Errorf("no body for %q", op))
	}
	if err := e.Err(); err != nil {
		return llm.Outbound{}, nil, err
	}
	out.Body = e.w.Take()
	return out, e.All(), nil
}

// encoder writes one request.
type encoder struct {
	*dialect.Losses
	w      rawjson.Builder
	target dialect.Target
	family family
	op     llm.Op
	names  map[string]int // of documents, in lower case → last number tried for it
	marks  map[any]string // block or index of a tool → life of its cache mark
}

// chat writes a conversation and reports whether it has tools.
func (e *encoder) chat(c *llm.Chat, f llm.Facts) (tools bool) {
	h := history.Normal(c, blocks{e}, e.family.rules(), e.Losses)
	e.accompany(h)
	e.Choice(c)
	kit := e.kitOf(c, h)
	most := e.maxTokens(c.Params)
	th := e.think(c.Params.Reasoning, claude.Call{MaxTokens: most, Forced: kit.forced(), Unsigned: h.Unsigned()})
	h.End(e.family.claude.Prefill && !th.On && c.Params.Format == nil, e.Losses)
	if e.family.apart {
		e.separate(h)
	}
	e.collectMarks(h, kit.tools)

	e.w.Open('{')
	if e.op == llm.OpCount {
		e.w.Name("input").Open('{').Name("converse").Open('{')
	}
	e.messages(h.Messages)
	e.system(h.System)
	e.toolConfig(kit)
	if e.op == llm.OpCount {
		e.additional(nil, th)
		e.w.Close('}').Close('}').Close('}')
		return len(kit.tools) > 0
	}
	topK := e.inference(c.Params, th, most)
	e.additional(topK, th)
	// Which sequence was met is told where it is asked; a field that a model
	// does not have is ignored (API_runtime_Converse). Of one it is known.
	if len(c.Params.Stop) > 1 {
		e.w.Name("additionalModelResponseFieldPaths").Open('[').Str("/stop_sequence").Close(']')
	}
	e.endUser(f.EndUser)
	e.tier(c.Params.ServiceTier)
	e.output(c.Params.Format, th)
	e.w.Close('}')
	return len(kit.tools) > 0
}

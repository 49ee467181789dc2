package anthropic

import (
	"fmt"
	"net/http"

	"weir/lib/dialect"
	"weir/lib/dialect/claude"
	"weir/lib/dialect/history"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

const (
	opEncode = "anthropic.Encode"
	jsonType = "application/json"
)

// Encode writes a request of another dialect anew, in a form that the vendor
// accepts for any history that is normal elsewhere: the one of package history,
// and
//
//   - system messages in mid-conversation keep their role for models that take
//     it;
//   - tools that only the history knows are declared, and not to be called;
//   - thinking goes back where this family signed it, and unsigned to a vendor
//     that takes it (Quirks.TakesReasoning); a tool turn without it is sent
//     with thinking off;
//   - a failed tool's result without anything says "(no text)".
//
// What the format cannot say is a Loss, or an error that names the member
// where leaving it out would change the meaning or the target is strict.
//
// max_tokens, which must be said here, is the caller's, no higher than the
// model's most; where the caller set none it is 32,000 or the model's most if
// that is less, and 8,192 for a model of another maker; a thinking budget is
// added.
func (Back) Encode(op llm.Op, req *llm.Request, t dialect.Target) (llm.Outbound, []llm.Loss, error) {
	e := &encoder{Losses: dialect.NewLosses(opEncode, req, t), target: t, model: modelOf(t.Model), op: op}
	e.Native()
	out := outbound(t, req.Facts.Stream)
	e.w.Open('{').Name("model").Str(t.Model)
	switch b := req.Body.(type) {
	case *llm.Chat:
		e.chat(b, req.Facts)
		e.extras(b.Extra, out.Header)
	case *llm.Embed:
		e.Refuse("input", "this provider has no embeddings")
	case nil:
		return llm.Outbound{}, nil, fault.Wrap(fault.Internal, opEncode, fmt.Errorf("no body for %q", op))
	}
	if err := e.Err(); err != nil {
		return llm.Outbound{}, nil, err
	}
	out.Body = e.w.Close('}').Take()
	return out, e.All(), nil
}

// outbound has what relayed and written requests share.
func outbound(t dialect.Target, stream bool) llm.Outbound {
	h := http.Header{"Content-Type": {jsonType}, "Accept": {jsonType}, headerVersion: {Version}}
	if stream {
		h.Set("Accept", "text/event-stream")
	}
	return llm.Outbound{Path: t.Path, Header: h}
}

// stranger is a model of another maker behind an endpoint that speaks this
// dialect. Those follow the vendor's API as of thinking budgets, and say
// nothing of the newer members.
var stranger = claude.Model{Thinking: claude.Budgeted | claude.Switchable, Prefill: true}

// modelOf returns what a model takes.
func modelOf(name string) claude.Model {
	if m, ok := claude.Of(name); ok {
		return m
	}
	return stranger
}

// encoder writes one request.
type encoder struct {
	*dialect.Losses
	w      rawjson.Builder
	target dialect.Target
	model  claude.Model
	op     llm.Op
	marks  map[any]string // block or index of a tool → life of its cache mark
}

func (e *encoder) chat(c *llm.Chat, f llm.Facts) {
	h := history.Normal(c, blocks{e}, history.Rules{System: e.model.System}, e.Losses)
	tools, declared := e.toolsOf(c, h)
	e.Choice(c)
	choice := e.choiceOf(c, declared)
	params := c.Params
	if e.op == llm.OpCount {
		params.MaxTokens = nil // it is not sent, and limits nothing
	}
	most := e.maxTokens(params)
	th := e.model.Think(c.Params.Reasoning, claude.Call{
		MaxTokens: most, Forced: choice == "any" || choice == "tool", Unsigned: h.Unsigned(),
	}, e.Losses)
	h.End(e.model.Prefill && !th.On && c.Params.Format == nil, e.Losses)
	e.collectMarks(h, tools)

	if e.op == llm.OpChat {
		e.w.Name("max_tokens").Int(most)
	}
	e.system(h.System)
	e.messages(h.Messages)
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
		case x.Dialect == Name && x.Path == fieldBeta:
			doc, err := rawjson.Parse(x.Raw, rawjson.Options{})
			if err == nil {
				h.Set(headerBeta, string(doc.Root().Bytes()))
			}
		case x.Dialect == Name && topLevel(x.Path):
			e.w.Name(x.Path).Raw(x.Raw)
		default:
			e.Extra(x)
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

package openaichat

import (
	"cmp"
	"net/http"
	"regexp"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

const opRelay = "openaichat.Relay"

// withheldUsage is the word in Outbound.Withheld for usage inside a stream
// that only the gateway asked for.
const withheldUsage = "usage"

// Relay edits the caller's own body. These places are touched and no others:
//
//   - model becomes the upstream model;
//   - stream_options.include_usage is set in streamed Chat requests, unless the
//     vendor refuses it (Quirks.NoStreamUsage); if the caller did not ask for
//     it, "usage" is Withheld;
//   - reasoning_content, thinking_blocks, thinking and cache_control, which
//     OpenAI does not know, are removed with a Loss, or refused for a strict
//     target; a vendor that takes them is sent them (Quirks.TakesReasoning,
//     Quirks.TakesCacheControl), but never thinking_blocks;
//   - max_completion_tokens becomes max_tokens for vendors that know only
//     that (Quirks.MaxTokensOnly), and max_tokens max_completion_tokens for
//     models of OpenAI that refuse it: older SDKs have no other word.
func (Back) Relay(op llm.Op, in llm.Inbound, req *llm.Request, t dialect.Target) (llm.Outbound, []llm.Loss, error) {
	doc, err := rawjson.Parse(in.Raw, requestOptions)
	if err != nil {
		return llm.Outbound{}, nil, invalidJSON(opRelay, err)
	}
	root := doc.Root()
	if root.Kind() != rawjson.Object {
		return llm.Outbound{}, nil, fault.New(fault.Invalid, opRelay, "The body must be a JSON object.")
	}
	// Paths are the request's own here, not the hub's names.
	r := relay{Losses: dialect.NewLosses(opRelay, &llm.Request{}, t), edits: doc.Edit(), target: t}
	if !root.Get("model").Is(t.Model) {
		r.edits.Put(root, "model", rawjson.AppendString(nil, t.Model))
	}
	out := outbound(t, req.Facts.Stream)
	if op == llm.OpChat {
		r.gatewayOnly(root)
		r.maxTokens(root)
		if req.Facts.Stream && !t.Quirks.NoStreamUsage {
			out.Withheld = r.streamUsage(root)
		}
	}
	if err := cmp.Or(r.err, r.Err()); err != nil {
		return llm.Outbound{}, nil, err
	}
	out.Body = r.edits.Apply()
	return out, r.All(), nil
}

// outbound has what relayed and written requests share. None of the caller's
// headers travel: OpenAI-Organization and the like speak of accounts.
func outbound(t dialect.Target, stream bool) llm.Outbound {
	h := http.Header{"Content-Type": {jsonType}, "Accept": {jsonType}}
	if stream {
		h.Set("Accept", "text/event-stream")
	}
	return llm.Outbound{Path: t.Path, Header: h}
}

// relay collects the edits of one request.
type relay struct {
	*dialect.Losses
	edits  *rawjson.Edits
	target dialect.Target
	lost   map[string]bool
	err    error
}

// gatewayOnly removes the members that only the gateway understands.
func (r *relay) gatewayOnly(root rawjson.Value) {
	reasoning, cache := !r.target.Quirks.TakesReasoning, !r.target.Quirks.TakesCacheControl
	r.removeIf(reasoning, root, "thinking", "this provider has no such parameter")
	for _, m := range root.Get("messages").Elems() {
		r.removeIf(reasoning, m, "reasoning_content", "this provider does not take reasoning back")
		r.removeIf(true, m, "thinking_blocks", "signed thinking is read by the model family that issued it only")
		r.removeCache(cache, m)
		for _, part := range m.Get("content").Elems() {
			r.removeCache(cache, part)
		}
	}
	for _, tool := range root.Get("tools").Elems() {
		r.removeCache(cache, tool)
		r.removeCache(cache, tool.Get("function"))
	}
}

func (r *relay) removeCache(on bool, obj rawjson.Value) {
	r.removeIf(on, obj, "cache_control", "this provider caches prompts by itself or not at all")
}

// removeIf removes a member and notes the loss once for its name. A member
// that is null says nothing and is no loss.
func (r *relay) removeIf(on bool, obj rawjson.Value, name, why string) {
	if !on {
		return
	}
	v := obj.Get(name)
	if !r.edits.Remove(obj, name) || !v.Exists() {
		return
	}
	if !r.lost[name] {
		if r.lost == nil {
			r.lost = map[string]bool{}
		}
		r.lost[name] = true
		r.Drop(v.Path(), why)
	}
}

// reasons matches the models of OpenAI that refuse max_tokens
// (github.com/teilomillet/gollm/issues/33 for o1 and o3,
// github.com/griptape-ai/ComfyUI-Griptape/issues/312 for gpt-5,
// github.com/koosoli/ESPHomeDesigner/issues/379 for its successors).
var reasons = regexp.MustCompile(`^(.*/)?(o[1-9]|gpt-([5-9]|[1-9][0-9]))`)

func (r *relay) maxTokens(root rawjson.Value) {
	newer := root.Get("max_completion_tokens").Kind() != rawjson.Absent
	switch {
	case !r.target.Quirks.MaxTokensOnly && !newer && root.Get("max_tokens").Exists() && reasons.MatchString(r.target.Model):
		r.edits.Rename(root, "max_tokens", "max_completion_tokens")
		return
	case !r.target.Quirks.MaxTokensOnly, !newer:
		return
	}
	if older := root.Get("max_tokens"); older.Kind() == rawjson.Absent {
		r.edits.Rename(root, "max_completion_tokens", "max_tokens")
		return
	}
	if newer := root.Get("max_completion_tokens"); newer.Exists() { // the newer one counts
		r.edits.Put(root, "max_tokens", newer.Raw())
	}
	r.edits.Remove(root, "max_completion_tokens")
}

// streamUsage asks for usage inside the stream and returns what is to be
// withheld from the caller.
func (r *relay) streamUsage(root rawjson.Value) []string {
	if asked, _ := root.Get("stream_options").Get("include_usage").Bool(); asked {
		return nil
	}
	if err := r.edits.Set([]byte("true"), "stream_options", "include_usage"); err != nil && r.err == nil {
		r.err = &fault.Error{
			Kind: fault.Invalid, Op: opRelay, Param: "stream_options", Code: codeType, Err: err,
			Public: "Invalid type for 'stream_options': expected an object.",
		}
	}
	return []string{withheldUsage}
}

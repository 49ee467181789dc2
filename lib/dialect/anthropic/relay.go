package anthropic

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"weir/lib/dialect"
	"weir/lib/dialect/history"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

const opRelay = "anthropic.Relay"

// Relay edits the caller's own body. These places are touched and no others:
//
//   - model becomes the upstream model;
//   - thinking in the assistant's messages that no target of this dialect can
//     read, because it has no signature or one of another family (the front
//     writes both, for answers of other dialects), is taken out with a Loss,
//     or refused for a strict target; if the open tool turn has no thinking
//     then, a thinking budget gives way to disabled. A vendor that takes
//     unsigned thinking back is sent it (Quirks.TakesReasoning), without the
//     signature of another family;
//   - for a host that wants them there (Quirks.VersionInBody) anthropic_version
//     and anthropic_beta are set, and model and stream removed; service_tier
//     becomes a header, what of tools is a beta there asks for it, cache_control at
//     the top a mark on the last block, and output_format output_config.format.
//     Betas, hints, strict of tools and parts of cache marks that the host would
//     refuse the request for are left out, with a Loss where something is lost by
//     that.
//
// Of the headers anthropic-beta and anthropic-version go on as they are,
// Version where there is none; of the query, beta.
func (Back) Relay(_ llm.Op, in llm.Inbound, req *llm.Request, t dialect.Target) (llm.Outbound, []llm.Loss, error) {
	r, root, err := newRelay(in.Raw, t.Strict)
	if err != nil {
		return llm.Outbound{}, nil, err
	}
	out := outbound(t, req.Facts.Stream)
	if t.Quirks.VersionInBody != "" {
		r.hosted(root, in.Header, t)
		r.hostedTier(root, out.Header)
		r.hostedMarks(root, t.Model)
		r.hostedHints(root)
	} else {
		if !root.Get("model").Is(t.Model) {
			r.edits.Put(root, "model", rawjson.AppendString(nil, t.Model))
		}
		own(out.Header, in)
		if beta, ok := in.Query["beta"]; ok {
			out.Query = map[string][]string{"beta": beta}
		}
	}
	if t.Quirks.TakesReasoning {
		r.shed(root, bare, "a signature of another model family is not taken here")
	} else {
		r.shed(root, readable, "thinking that another model family wrote cannot be sent back to this one")
	}
	if r.err != nil {
		return llm.Outbound{}, nil, r.err
	}
	out.Body = r.edits.Apply()
	return out, r.loss, nil
}

// own sends the caller's headers of this dialect on.
func own(h http.Header, in llm.Inbound) {
	for _, name := range []string{headerVersion, headerBeta} {
		if v := in.Header.Values(name); len(v) > 0 {
			h[name] = v
		}
	}
}

// Unseal returns the caller's request without thinking in the assistant's
// messages. A message that consists of nothing else says "(no text)" then, and
// a thinking budget gives way to disabled where the open tool turn has no
// thinking any more.
func (Back) Unseal(in llm.Inbound) (llm.Inbound, []llm.Loss, error) {
	r, root, err := newRelay(in.Raw, false)
	if err != nil {
		return in, nil, err
	}
	none := func(rawjson.Value) []byte { return nil }
	r.shed(root, none, "the provider refused its signature, so that it was asked again without")
	if len(r.loss) > 0 {
		in.Raw = r.edits.Apply()
	}
	return in, r.loss, nil
}

// relay collects the edits of one request.
type relay struct {
	edits  *rawjson.Edits
	strict bool
	loss   []llm.Loss
	err    error
}

func newRelay(raw []byte, strict bool) (*relay, rawjson.Value, error) {
	doc, err := rawjson.Parse(raw, requestOptions)
	if err != nil {
		return nil, rawjson.Value{}, invalidJSON(opRelay, err)
	}
	if doc.Root().Kind() != rawjson.Object {
		return nil, rawjson.Value{}, fault.New(fault.Invalid, opRelay, "The request body must be a JSON object.")
	}
	return &relay{edits: doc.Edit(), strict: strict}, doc.Root(), nil
}

// readable returns a block of thinking, nil where no target of this dialect can
// read it.
func readable(b rawjson.Value) []byte {
	if s := signatureOf(b); s == "" || strings.HasPrefix(s, foreignSeal) {
		return nil
	}
	return b.Raw()
}

// bare returns a block of thinking without the signature of another family, nil
// where nothing is left of it.
func bare(b rawjson.Value) []byte {
	if !strings.HasPrefix(signatureOf(b), foreignSeal) {
		return b.Raw()
	}
	said := b.Get("thinking")
	if text, _ := said.Text(); b.Get("type").Is("redacted_thinking") || text == "" {
		return nil
	}
	var w rawjson.Builder
	return w.Open('{').Name("type").Str("thinking").Name("thinking").Raw(said.Raw()).Name("signature").Str("").Close('}').Take()
}

// signatureOf is what only the family that wrote a block of thinking can read.
func signatureOf(b rawjson.Value) string {
	if b.Get("type").Is("redacted_thinking") {
		return string(b.Get("data").Bytes())
	}
	return string(b.Get("signature").Bytes())
}

// isThinking reports whether a block is thinking of either kind.
func isThinking(b rawjson.Value) bool {
	kind := b.Get("type")
	return kind.Is("thinking") || kind.Is("redacted_thinking")
}

// shed writes the thinking in the assistant's messages as form has it: nil is
// left out.
func (r *relay) shed(root rawjson.Value, form func(rawjson.Value) []byte, why string) {
	first := openTurn(root.Get("messages"))
	for _, m := range root.Get("messages").Elems() {
		content := m.Get("content")
		if content.Kind() != rawjson.Array || !m.Get("role").Is("assistant") {
			continue
		}
		left, found, thinks := reformed(content, form)
		if !found.Exists() {
			continue
		}
		r.lose(found.Path(), why)
		r.edits.Replace(content, left)
		if m.Offset() == first && !thinks {
			r.disable(root)
		}
	}
}

// reformed returns the array content with its thinking as form has it, and the
// first block that this changed; what stays is byte for byte as it was. thinks
// says that it begins with thinking still.
func reformed(content rawjson.Value, form func(rawjson.Value) []byte) (left []byte, found rawjson.Value, thinks bool) {
	var w rawjson.Builder
	w.Open('[')
	n := 0
	for _, b := range content.Elems() {
		raw := []byte(b.Raw())
		if isThinking(b) {
			raw = form(b)
			if !found.Exists() && !bytes.Equal(raw, b.Raw()) {
				found = b
			}
		}
		if raw == nil {
			continue
		}
		thinks = thinks || n == 0 && isThinking(b)
		w.Raw(raw)
		n++
	}
	if n == 0 {
		w.Open('{').Name("type").Str("text").Name("text").Str(history.NoText).Close('}')
	}
	return w.Close(']').Take(), found, thinks
}

// lose notes what is left out at path, once for a reason.
func (r *relay) lose(path, why string) {
	if r.strict && r.err == nil {
		r.err = &fault.Error{
			Kind: fault.Invalid, Op: opRelay, Param: path,
			Public: fmt.Sprintf("%s: %s. Leave it out, or allow it to be dropped.", dotted(path), why),
		}
	}
	if !slices.ContainsFunc(r.loss, func(l llm.Loss) bool { return l.Why == why }) {
		r.loss = append(r.loss, llm.Loss{Field: path, Why: why})
	}
}

// disable turns a thinking budget off, once.
func (r *relay) disable(root rawjson.Value) {
	if v := root.Get("thinking"); v.Get("type").Is("enabled") {
		r.edits.Replace(v, []byte(`{"type":"disabled"}`))
		r.loss = append(r.loss, llm.Loss{Field: "thinking", Why: "it is off, because the tool turn goes back without its signed thinking"})
	}
}

// openTurn is where the first message of the assistant's open tool turn
// begins, that is, of the assistant's messages after the user's last message
// that is more than results of tools; -1 where there is none.
func openTurn(messages rawjson.Value) int {
	first, answered := -1, false
	for _, m := range messages.Elems() {
		switch {
		case m.Get("role").Is("user") && !hasResult(m):
			first, answered = -1, false
		case m.Get("role").Is("user"):
			answered = first >= 0
		case m.Get("role").Is("assistant"):
			if first < 0 {
				first = m.Offset()
			}
			answered = false
		}
	}
	if !answered {
		return -1
	}
	return first
}

func hasResult(m rawjson.Value) bool {
	for _, b := range m.Get("content").Elems() {
		if b.Get("type").Is("tool_result") {
			return true
		}
	}
	return false
}

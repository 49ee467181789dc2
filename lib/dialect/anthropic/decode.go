package anthropic

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/tokens"
	"weir/lib/wire/rawjson"
)

const opDecode = "anthropic.Decode"

const (
	// maxModel bounds a model's name: it becomes a column of the ledger.
	maxModel = 256
	// maxTokens bounds max_tokens, so that prices stay in int64. No model
	// comes near it.
	maxTokens = 1 << 32
	// maxUser bounds the end user's id, which is kept in the ledger's row.
	maxUser = 128
	// maxNotes bounds how many members of a kind are noted, so that a request
	// made of nothing else stays cheap: the first one decides.
	maxNotes = 64
)

// requestOptions: schemas and tool inputs are the caller's own documents and
// only checked to be valid.
var requestOptions = rawjson.Options{Opaque: []string{"input_schema", "input", "schema"}}

// requestFields are the members of a request that this package reads.
var requestFields = rawjson.NewFields(
	"model", "messages", "system", "max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences",
	"tools", "tool_choice", "thinking", "output_config", "output_format", "service_tier", "metadata", "cache_control",
	"container", "mcp_servers", "context_management", "compaction", "fallbacks", "fallback_credit_token",
	"diagnostics", "speed", "inference_geo", "thread", "billing_policy",
)

// Decode reads a request strictly. Unknown members are kept as Extra, so that
// another dialect can refuse them by name; in the relay lane they are sent on
// as they are. Betas, which only this dialect has, are a hint.
func (Front) Decode(op llm.Op, in llm.Inbound) (*llm.Request, error) {
	if op != llm.OpChat && op != llm.OpCount {
		return nil, fault.New(fault.NotFound, opDecode, "This dialect has no such operation.")
	}
	doc, err := rawjson.Parse(in.Raw, requestOptions)
	if err != nil {
		return nil, invalidJSON(opDecode, err)
	}
	root := doc.Root()
	if root.Kind() != rawjson.Object {
		return nil, fault.New(fault.Invalid, opDecode, "The request body must be a JSON object, but it is "+root.Kind().String()+".")
	}
	d := &decoder{reader: newReader(opDecode), facts: llm.Facts{Op: op, Choices: 1}}
	body := d.chat(root)
	if d.Err() != nil {
		return nil, d.Err()
	}
	d.betas(in)
	body.Extra = d.extra
	return &llm.Request{Facts: d.facts, Body: body, Paths: d.paths, Torn: doc.Torn().Path(), Loss: ofAccounts(in)}, nil
}

// accountHeaders speak of the account at the vendor, which is this gateway's.
var accountHeaders = []string{"anthropic-user-profile-id", "anthropic-workspace-id"}

// ofAccounts are the headers that no vendor is sent.
func ofAccounts(in llm.Inbound) (loss []llm.Loss) {
	for _, name := range accountHeaders {
		if in.Header.Get(name) != "" {
			loss = append(loss, llm.Loss{Field: name, Why: "which account is used is this gateway's to say"})
		}
	}
	return loss
}

// decoder reads one request into facts and a body.
type decoder struct {
	reader
	facts llm.Facts
	extra []llm.Extra
	hints int // of extra
	paths map[string]string
}

// named notes that what the hub calls field stands at path; the first counts.
// A path that is the hub's name is noted only among others, one of which may
// be that of the member that it stands below.
func (d *decoder) named(field, path string) {
	if _, ok := d.paths[field]; ok || field == path && d.paths == nil {
		return
	}
	if d.paths == nil {
		d.paths = map[string]string{}
	}
	d.paths[field] = path
}

func (d *decoder) need(what string) {
	if !slices.Contains(d.facts.Needs, what) {
		d.facts.Needs = append(d.facts.Needs, what)
	}
}

// native notes a member that only this dialect can carry.
func (d *decoder) native(v rawjson.Value) {
	if v.Exists() && len(d.facts.Native) < maxNotes {
		if path := v.Path(); !slices.Contains(d.facts.Native, path) {
			d.facts.Native = append(d.facts.Native, path)
		}
	}
}

// upstream notes an id of state that a provider holds.
func (d *decoder) upstream(v rawjson.Value) {
	if id, ok := v.Text(); ok && id != "" && len(d.facts.Upstream) < maxNotes {
		d.facts.Upstream = append(d.facts.Upstream, v.Path()+": "+id)
	}
}

// keep notes a member that the hub has no place for; null says nothing.
func (d *decoder) keep(v rawjson.Value, hint bool) {
	if !v.Exists() || hint && d.hints >= maxNotes || !hint && len(d.extra)-d.hints >= maxNotes {
		return
	}
	if hint {
		d.hints++
	}
	d.extra = append(d.extra, llm.Extra{Dialect: Name, Path: v.Path(), Raw: v.Raw(), Hint: hint})
}

// keepUnknown notes the members of v that f does not list.
func (d *decoder) keepUnknown(f *rawjson.Fields, v rawjson.Value) {
	rest, err := f.Unknown(v)
	if err != nil {
		d.Fail(invalidJSON(d.op, err))
	}
	for _, m := range rest {
		d.keep(m.Value, false)
	}
}

// count adds a text to the estimate of input tokens.
func (d *decoder) count(s string) { d.facts.InputTokens += tokens.Text(s) }

// chat reads the body of either operation.
func (d *decoder) chat(root rawjson.Value) *llm.Chat {
	c := &llm.Chat{}
	d.model(root)
	d.facts.Stream = d.Flag(root.Get("stream")) && d.facts.Op == llm.OpChat
	c.System = d.system(root.Get("system"))
	d.messages(root, c)
	c.Tools = d.tools(root)
	c.Choice = d.toolChoice(root.Get("tool_choice"))
	c.Params = d.params(root)
	d.cacheAll(root.Get("cache_control"), c)
	d.natives(root)
	d.accounts(root)
	d.thread(root.Get("thread"))
	d.keepUnknown(requestFields, root)
	return c
}

// model reads the model's name.
func (d *decoder) model(root rawjson.Value) {
	d.facts.Model = d.NeedStr(root, "model")
	switch n := utf8.RuneCountInString(d.facts.Model); {
	case d.Err() != nil:
	case n == 0:
		d.fail("model", "expected the name of a model, but got an empty string")
	case n > maxModel:
		d.fail("model", "expected at most %d characters, but got %d", maxModel, n)
	}
}

// betas notes the features that the caller turns on by header. Other dialects
// have none of them.
func (d *decoder) betas(in llm.Inbound) {
	all := in.Header.Values(headerBeta)
	if len(all) == 0 {
		return
	}
	raw, err := json.Marshal(strings.ToValidUTF8(strings.Join(all, ","), "\ufffd"))
	if err != nil { // a string can be marshalled
		return
	}
	d.extra = append(d.extra, llm.Extra{Dialect: Name, Path: fieldBeta, Raw: raw, Hint: true})
}

// natives notes the members at the top that only this dialect can say, and
// ids of state that a provider holds.
func (d *decoder) natives(root rawjson.Value) {
	for _, name := range []string{"container", "mcp_servers", "context_management", "compaction", "fallback_credit_token", "inference_geo"} {
		d.native(root.Get(name))
	}
	container := root.Get("container")
	d.upstream(container)
	d.upstream(container.Get("id"))
	for _, s := range container.Get("skills").Elems() {
		if !s.Get("type").Is("anthropic") { // a team's own skill
			d.upstream(s.Get("skill_id"))
		}
	}
	credit := root.Get("fallback_credit_token")
	d.upstream(credit)
	d.upstream(credit.Get("token"))
	d.upstream(root.Get("diagnostics").Get("previous_message_id"))
	d.keep(root.Get("diagnostics"), true)
	if speed := root.Get("speed"); d.Str(speed) != "standard" {
		d.keep(speed, true)
	}
}

// thread refuses a conversation that the provider holds: its id would be
// honoured for whoever has it. The vendor's own SDK sends the conversation
// without a thread when it is told so by this code (BetaToolRunner of
// github.com/anthropics/anthropic-sdk-typescript 1.13.0, read 2026-11).
func (d *decoder) thread(v rawjson.Value) {
	if !v.Exists() || v.Kind() == rawjson.Null || d.Err() != nil {
		return
	}
	d.Fail(&fault.Error{
		Kind: fault.Invalid, Op: d.op, Param: "thread", Code: codeNoThread,
		Public: "thread refers to state that a provider keeps, which this gateway does not accept; send the whole conversation without it.",
	})
}

// user returns an end user's id, or nothing where it is too long for the
// ledger's row.
func user(id string) string {
	if utf8.RuneCountInString(id) > maxUser {
		return ""
	}
	return id
}

package openaichat

import (
	"slices"
	"unicode/utf8"

	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/tokens"
	"weir/lib/wire/rawjson"
)

const opDecode = "openaichat.Decode"

// maxModel bounds a model's name: it becomes a column of the ledger.
const maxModel = 256

// maxTokens bounds max_tokens, so that products and prices stay in int64. No
// model comes near it.
const maxTokens = 1 << 32

// maxChoices is the most that n may be (platform.openai.com/docs/api-reference/chat/create).
const maxChoices = 128

// maxNotes bounds how many members of a kind are noted, so that a request made
// of nothing else stays cheap: the first one decides.
const maxNotes = 64

// requestOptions: schemas and arguments are the caller's own documents and
// only checked to be valid.
var requestOptions = rawjson.Options{Opaque: []string{"parameters", "schema", "arguments"}}

// Decode reads a request strictly. Unknown members are kept as Extra, so that
// another dialect can refuse them by name; in the relay lane they are sent on
// as they are.
func (Front) Decode(op llm.Op, in llm.Inbound) (*llm.Request, error) {
	doc, err := rawjson.Parse(in.Raw, requestOptions)
	if err != nil {
		return nil, invalidJSON(opDecode, err)
	}
	root := doc.Root()
	if root.Kind() != rawjson.Object {
		return nil, &fault.Error{Kind: fault.Invalid, Op: opDecode, Public: "The body must be a JSON object, but it is " + root.Kind().String() + "."}
	}
	d := &decoder{reader: newReader(opDecode), facts: llm.Facts{Op: op, Choices: 1}}
	req := &llm.Request{}
	switch op {
	case llm.OpChat:
		req.Body = d.chat(root)
	case llm.OpEmbed:
		req.Body = d.embed(root)
	case llm.OpCount, llm.OpRaw:
		return nil, fault.New(fault.NotFound, opDecode, "This dialect has no such operation.")
	default:
		return nil, fault.New(fault.NotFound, opDecode, "This dialect has no such operation.")
	}
	if d.Err() != nil {
		return nil, d.Err()
	}
	req.Facts, req.Paths, req.Torn = d.facts, d.paths, doc.Torn().Path()
	return req, nil
}

// decoder reads one request into facts and a body.
type decoder struct {
	reader
	facts llm.Facts
	extra []llm.Extra
	aside int // hints in extra
	paths map[string]string
}

// named notes that what the hub calls field stands at path; the first counts.
func (d *decoder) named(field, path string) {
	if _, ok := d.paths[field]; ok || field == path {
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
func (d *decoder) native(path string) {
	if len(d.facts.Native) < maxNotes && !slices.Contains(d.facts.Native, path) {
		d.facts.Native = append(d.facts.Native, path)
	}
}

// upstream notes an id of state that a provider holds.
func (d *decoder) upstream(v rawjson.Value) {
	if id, ok := v.Text(); ok && id != "" && len(d.facts.Upstream) < maxNotes {
		d.facts.Upstream = append(d.facts.Upstream, v.Path()+": "+id)
	}
}

// keep notes a member that the hub has no place for. Members that are null say
// nothing and are not kept.
func (d *decoder) keep(v rawjson.Value, hint bool) {
	if !v.Exists() || hint && d.aside >= maxNotes || !hint && len(d.extra)-d.aside >= maxNotes {
		return
	}
	if hint {
		d.aside++
	}
	d.extra = append(d.extra, llm.Extra{Dialect: Name, Path: v.Path(), Raw: v.Raw(), Hint: hint})
}

// keepUnknown notes the members of v that f does not list.
func (d *decoder) keepUnknown(f *rawjson.Fields, v rawjson.Value) {
	for _, m := range d.unknown(f, v) {
		d.keep(m.Value, false)
	}
}

// count adds a text to the estimate of input tokens.
func (d *decoder) count(s string) { d.facts.InputTokens += tokens.Text(s) }

// model reads the model's name.
func (d *decoder) model(root rawjson.Value) {
	v := root.Get("model")
	if !v.Exists() {
		d.fail("model", codeMissing, "Missing required parameter: 'model'.")
		return
	}
	d.facts.Model = d.Str(v)
	switch n := utf8.RuneCountInString(d.facts.Model); {
	case d.Err() != nil:
	case n == 0:
		d.fail("model", codeValue, "Invalid value for 'model': expected the name of a model, but got an empty string instead.")
	case n > maxModel:
		d.fail("model", codeLong, "Invalid 'model': string too long. Expected a string with maximum length %d, but got a string with length %d instead.", maxModel, n)
	}
}

// chat reads a Chat Completions request.
func (d *decoder) chat(root rawjson.Value) *llm.Chat {
	c := &llm.Chat{}
	d.model(root)
	d.facts.Stream = d.Flag(root.Get("stream"))
	d.messages(root, c)
	c.Tools = d.tools(root)
	c.Choice = d.toolChoice(root)
	c.Params = d.params(root)
	d.choices(root)
	d.identity(root)
	d.natives(root)
	d.hints(root)
	d.states(root)
	d.keepUnknown(chatFields, root)
	c.Extra = d.extra
	return c
}

// choices reads n and, with it, the most output that may be asked for.
func (d *decoder) choices(root rawjson.Value) {
	v := root.Get("n")
	if n := d.Int(v, 1, maxChoices); n != nil {
		d.facts.Choices = *n
		if *n > 1 {
			d.native(v.Path())
		}
	}
	if most := d.maxTokens(root); most != nil {
		d.facts.MaxOutput = *most * d.facts.Choices
	}
}

// maxTokens: max_completion_tokens replaces the older max_tokens.
func (d *decoder) maxTokens(root rawjson.Value) *int64 {
	older := d.Int(root.Get("max_tokens"), 1, maxTokens)
	if newer := d.Int(root.Get("max_completion_tokens"), 1, maxTokens); newer != nil {
		d.named(llm.FieldMaxTokens, "max_completion_tokens")
		return newer
	}
	return older
}

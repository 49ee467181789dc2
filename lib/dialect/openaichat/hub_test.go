package openaichat_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"weir/lib/llm"
)

// hub is a Request in a form that JSON can say: blocks carry their type.
type hub struct {
	Facts  llm.Facts
	System []block `json:",omitempty"`
	Turns  []turn  `json:",omitempty"`
	Rest   rest
	Embed  *llm.Embed `json:",omitempty"`
}

type turn struct {
	Role   llm.Role
	Name   string `json:",omitempty"`
	Blocks []block
}

type rest struct {
	Tools  []llm.Tool     `json:",omitempty"`
	Choice llm.ToolChoice `json:",omitzero"`
	Params llm.Params     `json:",omitzero"`
	Extra  []llm.Extra    `json:",omitempty"`
}

type block struct{ llm.Block }

var blockTypes = map[string]func() llm.Block{
	"Text": func() llm.Block { return &llm.Text{} }, "Thinking": func() llm.Block { return &llm.Thinking{} },
	"Media": func() llm.Block { return &llm.Media{} }, "ToolUse": func() llm.Block { return &llm.ToolUse{} },
	"Opaque": func() llm.Block { return &llm.Opaque{} },
}

// result is a ToolResult with typed content.
type result struct {
	Block   string
	Cache   *llm.CachePoint `json:",omitempty"`
	CallID  string
	Content []block
	IsError bool `json:",omitempty"`
}

func (b block) MarshalJSON() ([]byte, error) {
	if r, ok := b.Block.(*llm.ToolResult); ok {
		return json.Marshal(result{Block: "ToolResult", Cache: r.Cache, CallID: r.CallID, Content: wrap(r.Content), IsError: r.IsError})
	}
	v := reflect.ValueOf(b.Block).Elem()
	out := map[string]any{"Block": v.Type().Name()}
	for _, f := range reflect.VisibleFields(v.Type()) {
		x := v.FieldByIndex(f.Index)
		if f.Anonymous || x.IsZero() {
			continue
		}
		if raw, ok := reflect.TypeAssert[json.RawMessage](x); ok {
			out[f.Name] = string(raw) // as written: it may be no JSON
			continue
		}
		out[f.Name] = x.Interface()
	}
	return json.Marshal(out)
}

func (b *block) UnmarshalJSON(data []byte) error {
	var r result
	if err := json.Unmarshal(data, &r); err == nil && r.Block == "ToolResult" {
		b.Block = &llm.ToolResult{Mark: llm.Mark{Cache: r.Cache}, CallID: r.CallID, Content: unwrap(r.Content), IsError: r.IsError}
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	name := strings.Trim(string(fields["Block"]), `"`)
	delete(fields, "Block")
	for _, raw := range []string{"Input", "Raw"} {
		if v, ok := fields[raw]; ok {
			var s string
			if err := json.Unmarshal(v, &s); err != nil {
				return err
			}
			delete(fields, raw)
			defer func() { reflect.ValueOf(b.Block).Elem().FieldByName(raw).SetBytes([]byte(s)) }()
		}
	}
	newBlock, ok := blockTypes[name]
	if !ok {
		return fmt.Errorf("no block type %q", name)
	}
	b.Block = newBlock()
	rest, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return json.Unmarshal(rest, b.Block)
}

func wrap(in []llm.Block) []block {
	out := make([]block, len(in))
	for i, b := range in {
		out[i] = block{b}
	}
	return out
}

func unwrap(in []block) []llm.Block {
	out := make([]llm.Block, len(in))
	for i, b := range in {
		out[i] = b.Block
	}
	return out
}

func toHub(t *testing.T, r *llm.Request) hub {
	t.Helper()
	h := hub{Facts: r.Facts}
	switch b := r.Body.(type) {
	case *llm.Chat:
		h.System = wrap(b.System)
		for _, x := range b.Turns {
			h.Turns = append(h.Turns, turn{x.Role, x.Name, wrap(x.Blocks)})
		}
		h.Rest = rest{b.Tools, b.Choice, b.Params, b.Extra}
	case *llm.Embed:
		h.Embed = b
	}
	return h
}

func fromHub(t *testing.T, data []byte) *llm.Request {
	t.Helper()
	var h hub
	if err := json.Unmarshal(data, &h); err != nil {
		t.Fatal(err)
	}
	r := &llm.Request{Facts: h.Facts}
	if h.Embed != nil {
		r.Body = h.Embed
		return r
	}
	c := &llm.Chat{System: unwrap(h.System), Tools: h.Rest.Tools, Choice: h.Rest.Choice, Params: h.Rest.Params, Extra: h.Rest.Extra}
	for _, x := range h.Turns {
		c.Turns = append(c.Turns, llm.Turn{Role: x.Role, Name: x.Name, Blocks: unwrap(x.Blocks)})
	}
	r.Body = c
	return r
}

// line writes an event on one line.
func line(ev llm.Event) string {
	switch ev := ev.(type) {
	case llm.Started:
		return fmt.Sprintf("Started %q %q", ev.ID, ev.Model)
	case llm.Opened:
		b, err := json.Marshal(block{ev.Block})
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("Opened %d %s", ev.Index, b)
	case llm.Delta:
		return fmt.Sprintf("Delta %d %q", ev.Index, ev.Text)
	case llm.Beside:
		return fmt.Sprintf("Beside %q", ev.Text)
	case llm.Cited:
		return fmt.Sprintf("Cited %d %s", ev.Index, ev.Cite)
	case llm.Closed:
		return fmt.Sprintf("Closed %d", ev.Index)
	case llm.Vectors:
		return fmt.Sprintf("Vectors %s", ev.Raw)
	case llm.Used:
		b, err := json.Marshal(ev.Usage)
		if err != nil {
			return err.Error()
		}
		return "Used " + string(b)
	case llm.Stopped:
		return fmt.Sprintf("Stopped %s (%q)", ev.Reason, ev.Raw)
	case llm.Finished:
		return "Finished"
	case llm.Sealed, llm.Counted, llm.Dropped:
	}
	return fmt.Sprintf("%T %+v", ev, ev)
}

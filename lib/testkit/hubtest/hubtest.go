// Package hubtest shows hub values in the fixtures of dialects, checks the
// promises that hold for the events of any dialect, and draws conversations
// at random. It knows the hub and no dialect.
package hubtest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"weir/lib/llm"
)

// request is a Request in a form that JSON can say.
type request struct {
	Facts  llm.Facts
	System blocks `json:",omitempty"`
	Turns  []turn `json:",omitempty"`
	Rest   rest
	Embed  *llm.Embed        `json:",omitempty"`
	Paths  map[string]string `json:",omitempty"`
}

type turn struct {
	Role   llm.Role
	Name   string `json:",omitempty"`
	At     string `json:",omitempty"`
	Blocks blocks
}

type rest struct {
	Tools  []llm.Tool     `json:",omitempty"`
	Choice llm.ToolChoice `json:",omitzero"`
	Params llm.Params     `json:",omitzero"`
	Extra  []llm.Extra    `json:",omitempty"`
}

type blocks []llm.Block

// Request returns r as a value for golden's JSON: blocks carry their type in
// the member Block, and what need not be JSON (a tool's input, an opaque
// block) is a string.
func Request(r *llm.Request) any {
	out := request{Facts: r.Facts, Paths: r.Paths}
	switch b := r.Body.(type) {
	case *llm.Chat:
		out.System = b.System
		for _, t := range b.Turns {
			out.Turns = append(out.Turns, turn{t.Role, t.Name, t.At, t.Blocks})
		}
		out.Rest = rest{b.Tools, b.Choice, b.Params, b.Extra}
	case *llm.Embed:
		out.Embed = b
	}
	return out
}

// ParseRequest reads what Request wrote, and gives what has no place there one
// by Place.
func ParseRequest(t testing.TB, data []byte) *llm.Request {
	t.Helper()
	var in request
	if err := json.Unmarshal(data, &in); err != nil {
		t.Fatalf("hub value: %v", err)
	}
	r := &llm.Request{Facts: in.Facts, Paths: in.Paths}
	if in.Embed != nil {
		r.Body = in.Embed
		return r
	}
	c := &llm.Chat{System: in.System, Tools: in.Rest.Tools, Choice: in.Rest.Choice, Params: in.Rest.Params, Extra: in.Rest.Extra}
	for _, x := range in.Turns {
		c.Turns = append(c.Turns, llm.Turn{Role: x.Role, Name: x.Name, At: x.At, Blocks: x.Blocks})
	}
	r.Body = Place(c)
	return r
}

// newBlock makes an empty block by the name of its type.
var newBlock = map[string]func() llm.Block{
	"Text": func() llm.Block { return &llm.Text{} }, "Thinking": func() llm.Block { return &llm.Thinking{} },
	"Media": func() llm.Block { return &llm.Media{} }, "ToolUse": func() llm.Block { return &llm.ToolUse{} },
	"ToolResult": func() llm.Block { return &llm.ToolResult{} }, "Opaque": func() llm.Block { return &llm.Opaque{} },
}

// MarshalJSON writes blocks with their types.
func (bs blocks) MarshalJSON() ([]byte, error) {
	out := make([]map[string]any, len(bs))
	for i, b := range bs {
		out[i] = fields(b)
	}
	return json.Marshal(out)
}

// fields are the members of a block that say something.
func fields(b llm.Block) map[string]any {
	v := reflect.ValueOf(b).Elem()
	out := map[string]any{"Block": v.Type().Name()}
	for _, f := range reflect.VisibleFields(v.Type()) {
		x := v.FieldByIndex(f.Index)
		if f.Anonymous || x.IsZero() {
			continue
		}
		switch value := x.Interface().(type) {
		case json.RawMessage:
			out[f.Name] = string(value)
		case []llm.Block:
			out[f.Name] = blocks(value)
		default:
			out[f.Name] = value
		}
	}
	return out
}

// UnmarshalJSON reads blocks with their types.
func (bs *blocks) UnmarshalJSON(data []byte) error {
	var all []map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	for _, members := range all {
		var name string
		if err := json.Unmarshal(members["Block"], &name); err != nil {
			return fmt.Errorf("a block without a type: %w", err)
		}
		create, ok := newBlock[name]
		if !ok {
			return fmt.Errorf("no block type %q", name)
		}
		delete(members, "Block")
		b := create()
		if err := fill(b, members); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		*bs = append(*bs, b)
	}
	return nil
}

func fill(b llm.Block, members map[string]json.RawMessage) error {
	v := reflect.ValueOf(b).Elem()
	for name, raw := range members {
		f := v.FieldByName(name)
		if !f.IsValid() {
			return fmt.Errorf("no field %q", name)
		}
		switch to := f.Addr().Interface().(type) {
		case *json.RawMessage:
			var s string
			if err := json.Unmarshal(raw, &s); err != nil {
				return err
			}
			*to = json.RawMessage(s)
		case *[]llm.Block:
			if err := json.Unmarshal(raw, (*blocks)(to)); err != nil {
				return err
			}
		default:
			if err := json.Unmarshal(raw, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// Line writes an event on one line.
func Line(ev llm.Event) string {
	value := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	switch ev := ev.(type) {
	case llm.Started:
		return fmt.Sprintf("Started %q %q", ev.ID, ev.Model)
	case llm.Opened:
		return fmt.Sprintf("Opened %d %s", ev.Index, value(fields(ev.Block)))
	case llm.Delta:
		return fmt.Sprintf("Delta %d %q", ev.Index, ev.Text)
	case llm.Sealed:
		return fmt.Sprintf("Sealed %d %s", ev.Index, value(ev.Seal))
	case llm.Cited:
		return fmt.Sprintf("Cited %d %s", ev.Index, ev.Cite)
	case llm.Closed:
		return fmt.Sprintf("Closed %d", ev.Index)
	case llm.Beside:
		return fmt.Sprintf("Beside %q", ev.Text)
	case llm.Vectors:
		return fmt.Sprintf("Vectors %s", ev.Raw)
	case llm.Counted:
		return fmt.Sprintf("Counted %d", ev.Input)
	case llm.Used:
		return "Used " + value(ev.Usage)
	case llm.Stopped:
		s := fmt.Sprintf("Stopped %s (%q)", ev.Reason, ev.Raw)
		if ev.Sequence != "" {
			s += fmt.Sprintf(" at %q", ev.Sequence)
		}
		return s
	case llm.Dropped:
		return "Dropped " + value(ev.Loss)
	case llm.Finished:
		return "Finished"
	}
	return fmt.Sprintf("%T", ev)
}

// Losses writes losses on a line each.
func Losses(all []llm.Loss) string {
	var b strings.Builder
	for _, l := range all {
		fmt.Fprintf(&b, "%s: %s\n", l.Field, l.Why)
	}
	return b.String()
}

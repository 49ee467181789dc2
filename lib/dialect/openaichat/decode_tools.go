package openaichat

import (
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

var (
	toolFields     = rawjson.NewFields("type", "function", "cache_control")
	functionFields = rawjson.NewFields("name", "description", "parameters", "strict", "cache_control")
	choiceFields   = rawjson.NewFields("type", "function")
	chosenFields   = rawjson.NewFields("name")
)

// tools reads the functions of tools, and of the older functions. Tools of
// another type can only be said in this dialect.
func (d *decoder) tools(root rawjson.Value) []llm.Tool {
	var out []llm.Tool
	for i, v := range d.array(root.Get("tools"), "an array of objects") {
		at := rawjson.Index("tools", i)
		if v.Kind() != rawjson.Object {
			d.WrongType(v, "an object")
			return out
		}
		d.need(llm.NeedTools)
		if kind := d.NeedStr(v, "type"); kind != "function" {
			d.native(at)
			d.toolState(v)
			d.count(string(v.Raw()))
			continue
		}
		d.keepUnknown(toolFields, v)
		fn := v.Get("function")
		if !fn.Exists() {
			d.Missing(v, "function")
			return out
		}
		if t, ok := d.function(fn, rawjson.Join(at, "function")); ok {
			if c := d.cachePoint(v, at); c != nil {
				t.Cache = c
			}
			out = append(out, t)
		}
	}
	for i, v := range d.array(root.Get("functions"), "an array of objects") {
		d.need(llm.NeedTools)
		if t, ok := d.function(v, rawjson.Index("functions", i)); ok {
			out = append(out, t)
		}
	}
	return out
}

// toolState notes what tools that run at the provider refer to.
func (d *decoder) toolState(v rawjson.Value) {
	for m := range v.Members() {
		for _, holder := range []rawjson.Value{v, m.Value} {
			d.upstreamOnce(holder.Get("container"))
			for _, id := range holder.Get("vector_store_ids").Elems() {
				d.upstreamOnce(id)
			}
		}
	}
}

func (d *decoder) upstreamOnce(v rawjson.Value) {
	before := len(d.facts.Upstream)
	d.upstream(v)
	for i := range before {
		if len(d.facts.Upstream) > before && d.facts.Upstream[i] == d.facts.Upstream[before] {
			d.facts.Upstream = d.facts.Upstream[:before]
		}
	}
}

// function reads the function at path at.
func (d *decoder) function(fn rawjson.Value, at string) (llm.Tool, bool) {
	if fn.Kind() != rawjson.Object {
		d.WrongType(fn, "an object")
		return llm.Tool{}, false
	}
	t := llm.Tool{
		Name:        d.NeedStr(fn, "name"),
		Description: d.Str(fn.Get("description")),
		Strict:      d.Bool(fn.Get("strict")),
		Cache:       d.cachePoint(fn, at),
		At:          at,
	}
	if t.Strict != nil && *t.Strict {
		d.named(llm.FieldStrict, rawjson.Join(at, "strict"))
	}
	if p := fn.Get("parameters"); d.Object(p, "an object") {
		t.Schema = p.Raw()
	}
	d.count(t.Name)
	d.count(t.Description)
	d.count(string(t.Schema))
	d.keepUnknown(functionFields, fn)
	return t, true
}

// toolChoice reads tool_choice and parallel_tool_calls.
func (d *decoder) toolChoice(root rawjson.Value) llm.ToolChoice {
	c := llm.ToolChoice{Parallel: d.Bool(root.Get("parallel_tool_calls"))}
	v := root.Get("tool_choice")
	if s, ok := v.Text(); ok {
		switch s {
		case "none", "auto", "required":
			c.Mode = s
		case "any": // Mistral's word
			c.Mode = "required"
		default:
			d.invalid(v, "'"+shorten(s)+"'. Supported values are: 'none', 'auto' and 'required'.")
		}
		return c
	}
	if !d.Object(v, "a string or an object") {
		return c
	}
	if kind := d.NeedStr(v, "type"); kind != "function" { // custom, allowed_tools …
		d.native(v.Path())
		return c
	}
	d.keepUnknown(choiceFields, v)
	fn := v.Get("function")
	if !fn.Exists() {
		d.Missing(v, "function")
	}
	if d.Object(fn, "an object") {
		c.Mode, c.Name = "tool", d.NeedStr(fn, "name")
		d.keepUnknown(chosenFields, fn)
	}
	return c
}

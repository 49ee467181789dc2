package converse

import (
	"encoding/json"

	"weir/lib/dialect"
	"weir/lib/dialect/history"
	"weir/lib/dialect/schema"
	"weir/lib/llm"
)

// kit is what is sent about tools.
type kit struct {
	tools  []llm.Tool
	choice string // of toolChoice; empty: it is left out
	name   string // of the tool that must be called
}

// forced reports whether a tool must be called.
func (k kit) forced() bool { return k.choice == "any" || k.choice == "tool" }

// kitOf chooses the tools that are sent: the caller's, or those that only the
// history calls ("The toolConfig field must be defined when using toolUse and
// toolResult content blocks").
func (e *encoder) kitOf(c *llm.Chat, h *history.History) kit {
	called, rules := h.Called(), e.family.rules()
	mode := c.Choice.Mode
	if p := c.Choice.Parallel; p != nil && !*p && len(c.Tools) > 0 && mode != "none" {
		e.Drop(llm.FieldParallel, "this provider cannot be told to call one tool at a time")
	}
	for _, t := range c.Tools {
		if !rules.IsName(t.Name) {
			e.Refuse(t.At, rules.BadName(t.Name))
		}
	}
	switch {
	case len(c.Tools) == 0 && len(called) > 0:
		e.Drop("tools", "tools that only the history calls were declared; this provider wants them to be, and may call them")
		return kit{tools: called}
	case mode == "none" && len(called) == 0:
		return kit{} // the same as tools that may not be called
	case mode == "none":
		e.Drop("tool_choice", "this provider cannot be told to call no tool while the history has calls")
		return kit{tools: c.Tools}
	case (mode == "required" || mode == "tool") && !e.family.forces:
		e.Drop("tool_choice", "this model cannot be made to call a tool; it was left to choose")
	case mode == "required":
		return kit{tools: c.Tools, choice: "any"}
	case mode == "tool":
		return kit{tools: c.Tools, choice: "tool", name: c.Choice.Name}
	}
	return kit{tools: c.Tools} // auto is the default, and some models refuse the word
}

// toolConfig writes the tools and whether they must be called.
func (e *encoder) toolConfig(k kit) {
	if len(k.tools) == 0 {
		return
	}
	e.w.Name("toolConfig").Open('{').Name("tools").Open('[')
	for i, t := range k.tools {
		e.w.Open('{').Name("toolSpec").Open('{').Name("name").Str(t.Name)
		if !dialect.Blank(t.Description) {
			e.w.Name("description").Str(t.Description)
		}
		e.w.Name("inputSchema").Open('{').Name("json").Raw(schema.Input(t, e.Losses)).Close('}')
		if t.Strict != nil && *t.Strict {
			if e.family.schema {
				e.w.Name("strict").Bool(true)
			} else {
				e.Drop(llm.FieldStrict, "this model does not hold itself to a tool's schema here")
			}
		}
		e.w.Close('}').Close('}')
		e.cachePoint(i)
	}
	e.w.Close(']')
	switch k.choice {
	case "any":
		e.w.Name("toolChoice").Raw(json.RawMessage(`{"any":{}}`))
	case "tool":
		e.w.Name("toolChoice").Open('{').Name("tool").Open('{').Name("name").Str(k.name).Close('}').Close('}')
	}
	e.w.Close('}')
}

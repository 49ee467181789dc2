package anthropic

import (
	"fmt"

	"weir/lib/llm"
)

// thought is what is sent about thinking.
type thought struct {
	kind    string // of thinking.type; empty: the member is left out
	budget  int64  // with enabled
	display string
	effort  string // of output_config
	on      bool   // the model thinks, or may
}

// Budgets of thinking tokens that stand for an effort, for models that know
// only budgets. minBudget is the least that the vendor takes, and a budget
// must be less than max_tokens.
const minBudget = 1_024

var budgets = map[string]int64{
	"minimal": minBudget, "low": 4_096, "medium": 16_384, "": 16_384, "high": 32_768, "xhigh": 65_536, "max": 65_536,
}

// effortOf is the effort that a budget stands for, for models that know only
// efforts.
func effortOf(budget int64) string {
	switch {
	case budget <= 4_096:
		return "low"
	case budget <= 16_384:
		return "medium"
	}
	return "high"
}

// think decides how the model is to think: by an effort for models that think
// as much as they see fit, by a budget of tokens for older ones, where an
// effort becomes a budget of half of max_tokens at most. Nothing is said where
// the caller says nothing.
//
// forced: a tool must be called, which the vendor does not take together with
// thinking. unsigned: the turn that is open has calls and no signed thinking.
func (e *encoder) think(r *llm.Reasoning, most int64, forced, unsigned bool) thought {
	asked := r != nil && !r.Off
	switch {
	case !asked && r != nil, forced && e.family.thinks && !asked:
		return e.unthinking(r != nil)
	case !asked:
		return thought{on: e.family.thinks}
	case forced && !e.family.canRest():
		e.drop("thinking", "it was left to the model, because a tool has to be called")
		return thought{on: true}
	case forced:
		e.drop("thinking", "it is off, because a tool has to be called")
		return e.unthinking(false)
	case unsigned:
		e.drop("thinking", "the tool turn came back without its signed thinking, so that it is off where the model allows that")
		if e.family.canRest() {
			return e.unthinking(false)
		}
	}
	switch {
	case e.family.has(budgeted) && (r.Budget > 0 || !e.family.has(adaptive)):
		return e.byBudget(r, most)
	case e.family.has(adaptive):
		return e.byEffort(r)
	}
	e.drop("thinking", "this model does not think")
	return thought{}
}

// unthinking turns thinking off. Models that always think are asked for the
// least; told says that the caller wanted it off.
func (e *encoder) unthinking(told bool) thought {
	switch {
	case !e.family.thinks:
		return thought{}
	case e.family.has(switchable):
		return thought{kind: "disabled"}
	case e.family.has(betweenTools):
		return thought{kind: "between_tools"}
	}
	if !told {
		return thought{on: true}
	}
	e.drop("thinking", "this model always thinks; it was asked to think little")
	return thought{on: true, effort: e.family.effort("low")}
}

func (e *encoder) byEffort(r *llm.Reasoning) thought {
	t := thought{kind: "adaptive", on: true, display: "summarized"}
	if r.Summary == "omitted" {
		t.display = r.Summary
	}
	word := r.Effort
	if word == "" && r.Budget > 0 {
		word = effortOf(r.Budget)
		e.drop("thinking.budget_tokens", "sent as effort "+word)
	}
	if word == "" {
		return t
	}
	if t.effort = e.family.effort(word); t.effort == "" {
		e.drop("reasoning_effort", "this model knows no such effort")
	}
	return t
}

func (e *encoder) byBudget(r *llm.Reasoning, most int64) thought {
	t := thought{kind: "enabled", on: true, budget: r.Budget}
	if r.Summary == "omitted" {
		t.display = r.Summary
	}
	if r.Budget <= 0 {
		budget, ok := budgets[r.Effort]
		if !ok {
			e.drop("reasoning_effort", "this model knows no such effort")
			budget = budgets[""]
		}
		t.budget = min(budget, most/2)
	}
	bounded := min(max(t.budget, minBudget), most-1)
	switch {
	case bounded < minBudget || t.budget < minBudget && r.Budget <= 0:
		e.drop("thinking", fmt.Sprintf("it is off, because it takes more than %d of the %d tokens", minBudget, most))
		return thought{}
	case bounded != t.budget:
		e.drop("thinking.budget_tokens", fmt.Sprintf("set to %d: it must be at least %d and less than max_tokens", bounded, minBudget))
		t.budget = bounded
	}
	return t
}

// thinking writes thinking and output_config.
func (e *encoder) thinking(t thought, f *llm.Format) {
	if t.kind != "" {
		e.w.Name("thinking").Open('{').Name("type").Str(t.kind)
		if t.kind == "enabled" {
			e.w.Name("budget_tokens").Int(t.budget)
		}
		if t.display != "" {
			e.w.Name("display").Str(t.display)
		}
		e.w.Close('}')
	}
	schema := e.format(f)
	if t.effort == "" && schema == nil {
		return
	}
	e.w.Name("output_config").Open('{')
	if t.effort != "" {
		e.w.Name("effort").Str(t.effort)
	}
	if schema != nil {
		e.w.Name("format").Open('{').Name("type").Str("json_schema").Name("schema").Raw(schema).Close('}')
	}
	e.w.Close('}')
}

// format returns the schema of a structured answer, nil where none is asked
// for.
func (e *encoder) format(f *llm.Format) []byte {
	switch {
	case f == nil || f.Type == "" || f.Type == "text":
		return nil
	case f.Type != "json_schema" || len(f.Schema) == 0:
		e.drop("response_format", "JSON without a schema can only be asked for in words here")
		return nil
	case !e.family.schema:
		e.refuse("response_format", "this model has no structured answers")
		return nil
	}
	if f.Description != "" {
		e.drop("response_format.json_schema.description", "a schema has no description of its own here")
	}
	return e.outputSchema(f.Schema)
}

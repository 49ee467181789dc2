package converse

import (
	"fmt"

	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// thought is what is sent about reasoning.
type thought struct {
	on      bool   // the model reasons, or may
	kind    string // Claude: of thinking.type; empty: the member is left out
	budget  int64  // with enabled
	display string
	effort  string // Claude: of outputConfig
	level   string // others: the effort
	alone   bool   // no sampling parameter may stand beside it
}

// Budgets of thinking tokens that stand for an effort. minBudget is the least
// that Claude takes, and a budget must be less than maxTokens.
const minBudget = 1_024

var budgets = map[string]int64{
	"minimal": minBudget, "low": 4_096, "medium": 16_384, "": 16_384, "high": 32_768, "xhigh": 65_536, "max": 65_536,
}

// effortOf is the effort that a budget stands for.
func effortOf(budget int64) string {
	switch {
	case budget <= budgets["low"]:
		return "low"
	case budget <= budgets["medium"]:
		return "medium"
	}
	return "high"
}

// think decides how the model is to reason. Nothing is said where the caller
// says nothing.
//
// forced: a tool must be called, which Claude does not take together with
// thinking. unsigned: the turn that is open has calls and no signed thinking.
func (e *encoder) think(r *llm.Reasoning, most int64, forced, unsigned bool) thought {
	if e.family.vendor != anthropic {
		return e.reason(r)
	}
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
	t.effort = e.word(r)
	return t
}

// word is the effort that is asked for, as the model knows it; empty where
// none is.
func (e *encoder) word(r *llm.Reasoning) string {
	word := r.Effort
	if word == "" && r.Budget > 0 {
		word = effortOf(r.Budget)
		e.drop("thinking.budget_tokens", "sent as effort "+word)
	}
	if word == "" {
		return ""
	}
	known := e.family.effort(word)
	if known == "" {
		e.drop("reasoning_effort", "this model knows no such effort")
	}
	return known
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

// reason asks a model of another maker to reason.
func (e *encoder) reason(r *llm.Reasoning) thought {
	switch {
	case r == nil:
		return thought{}
	case r.Off && e.family.has(nestedEffort):
		return thought{level: "none"}
	case r.Off:
		return thought{} // it is off where nothing is said, or always on
	case e.family.thinking == 0:
		e.drop("reasoning_effort", "this model cannot be told how to reason here")
		return thought{}
	}
	t := thought{on: true, level: e.word(r)}
	if t.level == "" && e.family.has(novaEffort) {
		t.level = "medium"
	}
	// Nova's highest effort goes with no other parameter
	// (docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html).
	t.alone = e.family.has(novaEffort) && t.level == "high"
	return t
}

// write writes the members of additionalModelRequestFields.
func (t thought) write(w *rawjson.Builder, f *family) {
	if t.kind != "" {
		w.Name("thinking").Open('{').Name("type").Str(t.kind)
		if t.kind == "enabled" {
			w.Name("budget_tokens").Int(t.budget)
		}
		if t.display != "" {
			w.Name("display").Str(t.display)
		}
		w.Close('}')
	}
	switch {
	case t.level == "":
	case f.has(novaEffort):
		w.Name("reasoningConfig").Open('{').Name("type").Str("enabled").Name("maxReasoningEffort").Str(t.level).Close('}')
	case f.has(flatEffort):
		w.Name("reasoning_effort").Str(t.level)
	case f.has(nestedEffort):
		w.Name("reasoning").Open('{').Name("effort").Str(t.level).Close('}')
	}
}

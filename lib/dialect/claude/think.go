package claude

import (
	"fmt"

	"weir/lib/dialect"
	"weir/lib/dialect/effort"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// Thought is what a model is told about thinking.
type Thought struct {
	On      bool   // the model thinks, or may
	Kind    string // of thinking.type; empty: the member is left out
	Budget  int64  // with enabled
	Display string // of thinking.display; empty: left out
	Effort  string // empty: left out
}

// Write writes the member thinking, where there is something to say.
func (t Thought) Write(w *rawjson.Builder) {
	if t.Kind == "" {
		return
	}
	w.Name("thinking").Open('{').Name("type").Str(t.Kind)
	if t.Kind == "enabled" {
		w.Name("budget_tokens").Int(t.Budget)
	}
	if t.Display != "" {
		w.Name("display").Str(t.Display)
	}
	w.Close('}')
}

// Call is what else of a request bears on thinking.
type Call struct {
	MaxTokens int64 // that are sent
	Forced    bool  // a tool must be called, which goes with no thinking
	Unsigned  bool  // the open tool turn has calls and no signed thinking
}

// Think decides how the model is to think: by an effort for models that think
// as much as they see fit, by a budget of tokens for older ones, where an
// effort becomes a budget of half of max_tokens at most. Nothing is said where
// r is nil.
func (m *Model) Think(r *llm.Reasoning, c Call, l *dialect.Losses) Thought {
	asked := r != nil && !r.Off
	switch {
	case !asked && r != nil, c.Forced && m.Thinks && !asked:
		return m.rest(r != nil, l)
	case !asked:
		return Thought{On: m.Thinks}
	case c.Forced && !m.CanRest():
		l.Drop(llm.FieldReasoning, "it was left to the model, because a tool has to be called")
		return Thought{On: true}
	case c.Forced:
		l.Drop(llm.FieldReasoning, "it is off, because a tool has to be called")
		return m.rest(false, l)
	case c.Unsigned:
		l.Drop(llm.FieldReasoning, "the tool turn came back without its signed thinking, so that it is off where the model allows that")
		if m.CanRest() {
			return m.rest(false, l)
		}
	}
	switch {
	case m.Has(Budgeted) && (r.Budget > 0 || !m.Has(Adaptive)):
		return byBudget(r, c.MaxTokens, l)
	case m.Has(Adaptive):
		t := Thought{Kind: "adaptive", On: true, Display: "summarized", Effort: effort.Asked(r, m.Efforts, l)}
		if r.Summary == "omitted" {
			t.Display = r.Summary
		}
		return t
	}
	l.Drop(llm.FieldReasoning, "this model does not think")
	return Thought{}
}

// rest turns thinking off. Models that always think are asked for the least;
// told says that the caller wanted it off.
func (m *Model) rest(told bool, l *dialect.Losses) Thought {
	switch {
	case !m.Thinks:
		return Thought{}
	case m.Has(Switchable):
		return Thought{Kind: "disabled"}
	case m.Has(BetweenTools):
		return Thought{Kind: "between_tools"}
	}
	if !told {
		return Thought{On: true}
	}
	l.Drop(llm.FieldReasoning, "this model always thinks; it was asked to think little")
	return Thought{On: true, Effort: effort.Nearest("low", m.Efforts)}
}

// byBudget gives thinking a budget, which must be at least effort.Least and
// less than most, the tokens of the whole answer.
func byBudget(r *llm.Reasoning, most int64, l *dialect.Losses) Thought {
	t := Thought{Kind: "enabled", On: true, Budget: r.Budget}
	if r.Summary == "omitted" {
		t.Display = r.Summary
	}
	if r.Budget <= 0 {
		budget, ok := effort.Budget(r.Effort)
		if !ok {
			effort.Unknown(l)
		}
		t.Budget = min(budget, most/2)
	}
	bounded := min(max(t.Budget, effort.Least), most-1)
	switch {
	case bounded < effort.Least || t.Budget < effort.Least && r.Budget <= 0:
		l.Drop(llm.FieldReasoning, fmt.Sprintf("it is off, because it takes more than %d of the %d tokens", effort.Least, most))
		return Thought{}
	case bounded != t.Budget:
		l.Drop(llm.FieldBudget, fmt.Sprintf("set to %d: it must be at least %d and less than max_tokens", bounded, effort.Least))
		t.Budget = bounded
	}
	return t
}

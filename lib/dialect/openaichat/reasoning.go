package openaichat

import (
	"strings"

	"weir/lib/dialect/effort"
	"weir/lib/llm"
)

// thinker is what a model takes about reasoning and, with it, about sampling.
type thinker struct {
	// known says that the model is one of OpenAI's. Others are told what the
	// caller asks for, in OpenAI's words.
	known   bool
	efforts []string // from low to high; empty: it does not reason
	// rests: it takes the word none, and does not reason where nobody asks.
	rests bool
}

// thinkerOf knows OpenAI's models by their names, with or without a vendor
// before them. Those that only the Responses API has (codex, pro) are none of
// these.
//
// Sources, read 2026-11: the comment on ReasoningEffort in OpenAI's API
// description (github.com/openai/openai-ruby, lib/openai/models/reasoning_effort.rb);
// for gpt-5.1 and minimal github.com/anomalyco/opencode/issues/4451; for gpt-4o
// github.com/davidmigloz/langchain_dart/issues/712.
func thinkerOf(model string) thinker {
	name := strings.ToLower(model[strings.LastIndexByte(model, '/')+1:])
	switch {
	case strings.HasPrefix(name, "gpt-3.5"), strings.HasPrefix(name, "gpt-4"), strings.HasPrefix(name, "chatgpt-"),
		strings.HasPrefix(name, "gpt-") && strings.Contains(name, "-chat"):
		return thinker{known: true}
	case len(name) > 1 && name[0] == 'o' && name[1] >= '1' && name[1] <= '9':
		return thinker{known: true, efforts: effort.ToHigh}
	case strings.HasPrefix(name, "gpt-5.1"):
		return thinker{known: true, efforts: effort.ToHigh, rests: true}
	case strings.HasPrefix(name, "gpt-5."):
		return thinker{known: true, efforts: []string{"low", "medium", "high", "xhigh"}, rests: true}
	case strings.HasPrefix(name, "gpt-5"):
		return thinker{known: true, efforts: []string{"minimal", "low", "medium", "high"}}
	}
	return thinker{}
}

const none = "none"

// reasoning writes how the model is to reason, and reports whether it does, so
// that it takes no sampling parameters; of vendors other than OpenAI it is not
// known.
func (e *encoder) reasoning(r *llm.Reasoning) bool {
	m := thinkerOf(e.target.Model)
	word := ""
	switch {
	case r == nil:
		return m.known && len(m.efforts) > 0 && !m.rests
	case m.known && len(m.efforts) == 0:
		if !r.Off {
			e.Drop(llm.FieldReasoning, "this model does not reason")
		}
		return false
	case r.Off:
		word = e.off(m)
	default:
		e.shown(r)
		word = e.word(r, m)
	}
	e.thinking(r)
	if word != "" {
		e.w.Name("reasoning_effort").Str(word)
	}
	return m.known && word != none
}

// off is the word for no reasoning, or the next best one.
func (e *encoder) off(m thinker) string {
	switch {
	case m.rests:
		return none
	case m.known:
		e.Drop(llm.FieldReasoning, "this model always reasons; it was asked to reason little")
		return m.efforts[0]
	case !e.target.Quirks.TakesReasoning:
		e.Drop(llm.FieldReasoning, "it was left to the model: vendors have no word for it in common")
	}
	return ""
}

// word is the effort that is asked for.
func (e *encoder) word(r *llm.Reasoning, m thinker) string {
	word := r.Effort
	switch {
	case r.Budget > 0 && word == "":
		word = effort.Of(r.Budget)
		e.Drop(llm.FieldBudget, "sent as reasoning_effort "+word)
	case r.Budget > 0:
		e.Drop(llm.FieldBudget, "the effort is sent in its place")
	}
	switch {
	case word == "" && m.rests:
		return "medium" // it does not reason unasked
	case word == "" && !m.known && !e.target.Quirks.TakesReasoning:
		e.Drop(llm.FieldReasoning, "it was left to the model: vendors have no word for it in common")
		return ""
	case word == "" || !m.known:
		return word
	}
	return effort.Taken(word, m.efforts, e.Losses)
}

// thinking writes the vendor's own switch, where it has one.
func (e *encoder) thinking(r *llm.Reasoning) {
	if !e.target.Quirks.TakesReasoning {
		return
	}
	kind := "enabled"
	if r.Off {
		kind = "disabled"
	}
	e.w.Name("thinking").Open('{').Name("type").Str(kind).Close('}')
}

// shown accounts for whether reasoning is to be shown: Chat Completions of
// OpenAI's never does, and vendors that do cannot be told not to.
func (e *encoder) shown(r *llm.Reasoning) {
	if hides := !e.target.Quirks.TakesReasoning; r.Summary != "" && hides != (r.Summary == "omitted") {
		e.Drop(llm.FieldReasoning+".display", "whether reasoning is shown is the provider's to say")
	}
}

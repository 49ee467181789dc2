package openaichat

import (
	"strings"

	"weir/lib/dialect/effort"
	"weir/lib/llm"
)

// thinker is what a model takes about reasoning and, with it, about sampling
// and tools.
type thinker struct {
	// known says that the model is one of OpenAI's. Others are told what the
	// caller asks for, in OpenAI's words.
	known   bool
	efforts []string // from low to high; empty: it does not reason
	none    bool     // takes the word none
	rests   bool     // does not reason where nobody asks
	// idle: it takes tools here only where it does not reason.
	idle bool
}

var (
	toXhigh = []string{"low", "medium", "high", "xhigh"}
	from5   = []string{"minimal", "low", "medium", "high"}
)

// thinkers are OpenAI's models by how their names begin, the first that fits.
// Those that only the Responses API has (codex, pro) are none of these.
//
// gpt-6-astra and gpt-6.1-sol always reason, and take no tools here; that is for
// OpenAI to say.
//
// Sources, read 2026-11: the comment on ReasoningEffort in OpenAI's API
// description (github.com/openai/openai-ruby, lib/openai/models/reasoning_effort.rb);
// for gpt-5.1 and minimal github.com/anomalyco/opencode/issues/4451; for gpt-4o
// github.com/davidmigloz/langchain_dart/issues/712; for efforts from gpt-5.4 on
// github.com/tetsuo-ai/agenc-core/pull/2394, github.com/livekit/agents/pull/7169,
// github.com/BerriAI/litellm-docs/pull/1173 and
// dev.to/aihubmix/choosing-a-reasoning-effort-for-gpt-61-sol-low-to-max-4326,
// apidog.com/blog/gpt-6-1-terra-api and, for no max by this API,
// docs.laozhang.ai/en/announcements/gpt-6-chat-tools-2026-11;
// for tools github.com/openai/openai-openapi/issues/541,
// github.com/BerriAI/litellm/pull/34569, github.com/onyx-dot-app/onyx/issues/15008
// and github.com/bolna-ai/bolna/pull/1019.
var thinkers = []struct {
	begin string
	thinker
}{
	{"gpt-3.5", thinker{}},
	{"gpt-4", thinker{}},
	{"chatgpt-", thinker{}},
	{"gpt-5.1", thinker{efforts: effort.ToHigh, none: true, rests: true}},
	{"gpt-5.2", thinker{efforts: toXhigh, none: true, rests: true}},
	{"gpt-5.3", thinker{efforts: toXhigh, none: true, rests: true}},
	{"gpt-5.4", thinker{efforts: toXhigh, none: true, rests: true, idle: true}},
	{"gpt-5.", thinker{efforts: toXhigh, none: true, idle: true}},
	{"gpt-5", thinker{efforts: from5}},
	{"gpt-6-sol", thinker{efforts: toXhigh, none: true, idle: true}},
	{"gpt-6-luna", thinker{efforts: toXhigh, none: true, idle: true}},
	{"gpt-6.1-terra", thinker{efforts: toXhigh, none: true, idle: true}},
	{"gpt-6", thinker{efforts: toXhigh}},
}

// thinkerOf knows OpenAI's models by their names, with or without a vendor
// before them. A vendor that has them beside others' may have tools where
// OpenAI has not.
func thinkerOf(model string) thinker {
	slash := strings.LastIndexByte(model, '/')
	name := strings.ToLower(model[slash+1:])
	switch {
	case strings.HasPrefix(name, "gpt-") && strings.Contains(name, "-chat"):
		return thinker{known: true}
	case len(name) > 1 && name[0] == 'o' && name[1] >= '1' && name[1] <= '9':
		return thinker{known: true, efforts: effort.ToHigh}
	}
	for _, row := range thinkers {
		if strings.HasPrefix(name, row.begin) {
			m := row.thinker
			m.known, m.idle = true, m.idle && slash < 0
			return m
		}
	}
	return thinker{}
}

const none = "none"

// reasoning writes how the model is to reason, and reports whether it does, so
// that it takes no sampling parameters; of vendors other than OpenAI it is not
// known.
func (e *encoder) reasoning(r *llm.Reasoning, tools bool) bool {
	m := thinkerOf(e.target.Model)
	var word string
	switch {
	case m.idle && tools:
		return e.idle(r, m)
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

// idle keeps a model from reasoning that takes no tools while it does.
func (e *encoder) idle(r *llm.Reasoning, m thinker) bool {
	const why = "this model takes no tools by Chat Completions while it reasons"
	switch {
	case r != nil && !r.Off:
		e.Drop(llm.FieldReasoning, why)
	case r == nil && !m.rests:
		e.Note(llm.FieldReasoning, why+", which it would do unasked")
	}
	e.w.Name("reasoning_effort").Str(none)
	return false
}

// off is the word for no reasoning, or the next best one.
func (e *encoder) off(m thinker) string {
	switch {
	case m.none:
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

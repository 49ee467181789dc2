package converse

import (
	"weir/lib/dialect/claude"
	"weir/lib/dialect/effort"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

// thought is what is sent about reasoning: Claude's own members, or the level
// of others.
type thought struct {
	claude.Thought
	level string // the effort
	alone bool   // no sampling parameter may stand beside it
}

// think decides how the model is to reason. Nothing is said where the caller
// says nothing.
func (e *encoder) think(r *llm.Reasoning, c claude.Call) thought {
	if e.family.vendor != claude.Issuer {
		return e.reason(r)
	}
	return thought{Thought: e.family.claude.Think(r, c, e.Losses)}
}

// reason asks a model of another maker to reason.
func (e *encoder) reason(r *llm.Reasoning) thought {
	switch {
	case r == nil:
		return thought{}
	case r.Off && e.family.reasons == nestedEffort:
		return thought{level: "none"}
	case r.Off:
		return thought{} // it is off where nothing is said, or always on
	case e.family.reasons == notToBeTold:
		e.Drop(llm.FieldReasoning, "this model cannot be told how to reason here")
		return thought{}
	}
	t := thought{level: effort.Asked(r, e.family.efforts, e.Losses)}
	t.On = true
	if t.level == "" && e.family.reasons == novaEffort {
		t.level = "medium"
	}
	// Nova's highest effort goes with no other parameter
	// (docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html).
	t.alone = e.family.reasons == novaEffort && t.level == "high"
	return t
}

// write writes the members of additionalModelRequestFields.
func (t thought) write(w *rawjson.Builder, by reasoning) {
	t.Write(w)
	if t.level == "" {
		return
	}
	switch by {
	case novaEffort:
		w.Name("reasoningConfig").Open('{').Name("type").Str("enabled").Name("maxReasoningEffort").Str(t.level).Close('}')
	case flatEffort:
		w.Name("reasoning_effort").Str(t.level)
	case nestedEffort:
		w.Name("reasoning").Open('{').Name("effort").Str(t.level).Close('}')
	case notToBeTold:
	}
}

package fakebedrock

import (
	"encoding/json"

	"weir/lib/testkit/strict"
)

// sign remembers what an answer vouches for.
func (b *Bedrock) sign(a Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.signed[a.Signature+"\n"+a.Thinking] = true
	b.signed[a.Redacted] = true
}

// vouched reports whether a thought came from this service or, as the vendor's
// signatures are good everywhere, from another fake of its models.
func (b *Bedrock) vouched(thinking, signature string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return signature == strict.Sign(thinking) || b.signed[signature+"\n"+thinking]
}

func (b *Bedrock) sealed(data string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strict.Sealed(data) || data != "" && b.signed[data]
}

// thought is a block of thinking in either operation's form.
type thought struct {
	Type, Thinking, Signature, Data string // InvokeModel

	ReasoningContent *struct { // Converse
		ReasoningText   *struct{ Text, Signature string }
		RedactedContent string
	}
}

// verify refuses thinking that is not as a model of Anthropic's gave it away.
// Texts as in github.com/anthropics/claude-code/issues/10627 and
// github.com/UKGovernmentBEIS/inspect_ai/issues/3025, behind the words that the
// service puts before all of the model's (github.com/can1357/oh-my-pi/pull/10486).
func (b *Bedrock) verify(op string, body []byte) *Exception {
	var root struct {
		Messages []struct{ Content json.RawMessage }
		Input    struct{ Converse json.RawMessage }
	}
	_ = json.Unmarshal(body, &root) // Check has read it
	if op == CountTokens {
		return b.verify(Converse, root.Input.Converse)
	}
	for i, m := range root.Messages {
		var content []thought
		if json.Unmarshal(m.Content, &content) != nil {
			continue // a text
		}
		for j, t := range content {
			if what := b.forged(t); what != "" {
				return byModel("messages.%d.content.%d: Invalid %s block", i, j, what)
			}
		}
	}
	return nil
}

// forged says what is wrong with a thought.
func (b *Bedrock) forged(t thought) string {
	const signature, data = "`signature` in `thinking`", "`data` in `redacted_thinking`"
	r := t.ReasoningContent
	switch {
	case t.Type == "thinking" && !b.vouched(t.Thinking, t.Signature):
		return signature
	case t.Type == "redacted_thinking" && !b.sealed(t.Data):
		return data
	case r != nil && r.ReasoningText != nil && !b.vouched(r.ReasoningText.Text, r.ReasoningText.Signature):
		return signature
	case r != nil && r.ReasoningText == nil && !b.sealed(r.RedactedContent):
		return data
	}
	return ""
}

package fakeprovider

import "strings"

// The vendor's shapes, members in its order
// (platform.openai.com/docs/api-reference/chat/object and …/chat/streaming,
// read 2026-11-25).

type usageShape struct {
	Prompt     int64 `json:"prompt_tokens"`
	Completion int64 `json:"completion_tokens"`
	Total      int64 `json:"total_tokens"`
	In         struct {
		Cached int64 `json:"cached_tokens"`
		Audio  int64 `json:"audio_tokens"`
	} `json:"prompt_tokens_details"`
	Out struct {
		Reasoning int64 `json:"reasoning_tokens"`
		Audio     int64 `json:"audio_tokens"`
		Accepted  int64 `json:"accepted_prediction_tokens"`
		Rejected  int64 `json:"rejected_prediction_tokens"`
	} `json:"completion_tokens_details"`
}

func (t Tokens) shape() *usageShape {
	u := &usageShape{Prompt: t.Prompt, Completion: t.Completion, Total: t.Prompt + t.Completion}
	u.In.Cached, u.In.Audio = t.Cached, t.AudioIn
	u.Out.Reasoning, u.Out.Audio = t.Reasoning, t.AudioOut
	return u
}

type functionShape struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"`
}

type callShape struct {
	Index    *int          `json:"index,omitempty"` // streams only
	ID       string        `json:"id,omitempty"`
	Type     string        `json:"type,omitempty"`
	Function functionShape `json:"function"`
}

type messageShape struct {
	Role        string      `json:"role"`
	Content     *string     `json:"content"`
	Reasoning   string      `json:"reasoning_content,omitempty"`
	ToolCalls   []callShape `json:"tool_calls,omitempty"`
	Refusal     *string     `json:"refusal"`
	Annotations []any       `json:"annotations"`
}

type choiceShape struct {
	Index    int            `json:"index"`
	Message  messageShape   `json:"message"`
	Logprobs *logprobsShape `json:"logprobs"`
	Finish   string         `json:"finish_reason"`
}

type completionShape struct {
	ID          string        `json:"id"`
	Object      string        `json:"object"`
	Created     int64         `json:"created"`
	Model       string        `json:"model"`
	Choices     []choiceShape `json:"choices"`
	Usage       *usageShape   `json:"usage,omitempty"`
	Tier        string        `json:"service_tier,omitempty"`
	Fingerprint string        `json:"system_fingerprint"`
}

// whole is c as one body.
func (c completion) whole(usage bool) completionShape {
	s := completionShape{ID: c.id, Object: "chat.completion", Created: created, Model: c.model, Tier: c.tier, Fingerprint: "fp_fake"}
	if usage {
		s.Usage = c.usage.shape()
	}
	for i, ch := range c.choices {
		m := messageShape{Role: "assistant", Content: joined(ch.text), Reasoning: strings.Join(ch.reasoning, ""), Refusal: joined(ch.refusal), Annotations: []any{}}
		for _, call := range ch.calls {
			m.ToolCalls = append(m.ToolCalls, callShape{ID: call.id, Type: "function", Function: functionShape{call.name, strings.Join(call.arguments, "")}})
		}
		s.Choices = append(s.Choices, choiceShape{Index: i, Message: m, Logprobs: ch.probabilities(ch.text, ch.refusal), Finish: ch.finish})
	}
	return s
}

// joined is the text, or nil (null) where there is none.
func joined(parts []string) *string {
	if len(parts) == 0 {
		return nil
	}
	s := strings.Join(parts, "")
	return &s
}

type logprobsShape struct {
	Content []tokenShape `json:"content"`
	Refusal []tokenShape `json:"refusal"`
}

type tokenShape struct {
	Token   string       `json:"token"`
	Logprob float64      `json:"logprob"`
	Bytes   []int        `json:"bytes"`
	Top     []tokenShape `json:"top_logprobs,omitzero"` // of tokens, not of candidates
}

// probabilities are those of the tokens of text or refusal, nil where they
// were not asked for or there are no tokens.
func (ch choice) probabilities(text, refusal []string) *logprobsShape {
	if !ch.logprobs || len(text)+len(refusal) == 0 {
		return nil
	}
	return &logprobsShape{Content: ch.tokens(text), Refusal: ch.tokens(refusal)}
}

// tokens makes each piece a token. Its candidates are the token itself and
// made-up ones, less likely from one to the next.
func (ch choice) tokens(pieces []string) []tokenShape {
	var all []tokenShape
	for _, s := range pieces {
		t := candidate(s, 0)
		t.Top = []tokenShape{}
		for i := range ch.top {
			t.Top = append(t.Top, candidate(s+strings.Repeat("~", i), i))
		}
		all = append(all, t)
	}
	return all
}

// candidate has a probability that is the same in every run.
func candidate(s string, rank int) tokenShape {
	t := tokenShape{Token: s, Logprob: -float64(len(s)%7)/8 - float64(rank)}
	for _, b := range []byte(s) {
		t.Bytes = append(t.Bytes, int(b))
	}
	return t
}

type deltaShape struct {
	Role      string      `json:"role,omitempty"`
	Content   *string     `json:"content,omitempty"`
	Reasoning string      `json:"reasoning_content,omitempty"`
	Refusal   *string     `json:"refusal,omitempty"`
	ToolCalls []callShape `json:"tool_calls,omitempty"`
}

type chunkChoice struct {
	Index    int            `json:"index"`
	Delta    deltaShape     `json:"delta"`
	Logprobs *logprobsShape `json:"logprobs"`
	Finish   *string        `json:"finish_reason"`
}

type chunkShape struct {
	ID          string        `json:"id"`
	Object      string        `json:"object"`
	Created     int64         `json:"created"`
	Model       string        `json:"model"`
	Tier        string        `json:"service_tier,omitempty"`
	Fingerprint string        `json:"system_fingerprint"`
	Choices     []chunkChoice `json:"choices"`
	Usage       any           `json:"usage,omitempty"` // nullUsage is null
}

// nullUsage is the usage of chunks before the last, where usage was asked for.
type nullUsage struct{}

// MarshalJSON writes null.
func (nullUsage) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

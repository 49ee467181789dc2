package fakeprovider_test

import (
	"encoding/json"
	"strings"
	"testing"

	"weir/lib/testkit/fakeprovider"
)

// usage is the part of an answer that says what it cost.
type usage struct {
	Prompt     int64 `json:"prompt_tokens"`
	Completion int64 `json:"completion_tokens"`
	In         struct {
		Cached int64 `json:"cached_tokens"`
		Audio  int64 `json:"audio_tokens"`
	} `json:"prompt_tokens_details"`
	Out struct {
		Reasoning int64 `json:"reasoning_tokens"`
		Audio     int64 `json:"audio_tokens"`
	} `json:"completion_tokens_details"`
}

func (u *usage) tokens() fakeprovider.Tokens {
	if u == nil {
		return fakeprovider.Tokens{}
	}
	return fakeprovider.Tokens{Prompt: u.Prompt, Cached: u.In.Cached, AudioIn: u.In.Audio, Completion: u.Completion, Reasoning: u.Out.Reasoning, AudioOut: u.Out.Audio}
}

// message is what a choice says, whole or put together from a stream.
type message struct {
	Role      string
	Content   string
	Reasoning string `json:"reasoning_content"`
	Refusal   string
	ToolCalls []struct {
		Index    int
		ID       string
		Function struct{ Name, Arguments string }
	} `json:"tool_calls"`
	Finish string
}

// answer is all that a client learns.
type answer struct {
	Choices []message
	Usage   fakeprovider.Tokens
	Reports int // chunks with usage
	Done    bool
	Err     string // error.message inside a stream
}

// whole reads an unstreamed answer.
func whole(t *testing.T, body []byte) answer {
	t.Helper()
	var in struct {
		Choices []struct {
			Message message
			Finish  string `json:"finish_reason"`
		}
		Usage *usage
	}
	if err := json.Unmarshal(body, &in); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	a := answer{Usage: in.Usage.tokens(), Done: true}
	if in.Usage != nil {
		a.Reports = 1
	}
	for _, c := range in.Choices {
		c.Message.Finish = c.Finish
		for i := range c.Message.ToolCalls {
			c.Message.ToolCalls[i].Index = i
		}
		a.Choices = append(a.Choices, c.Message)
	}
	return a
}

// streamed puts a stream together as clients do.
func streamed(t *testing.T, body []byte) answer {
	t.Helper()
	var a answer
	for event := range strings.SplitSeq(string(body), "\n\n") {
		data, ok := strings.CutPrefix(event, "data: ")
		if !ok {
			continue
		}
		if data == "[DONE]" {
			a.Done = true
			continue
		}
		var in struct {
			Choices []struct {
				Index  int
				Delta  message
				Finish *string `json:"finish_reason"`
			}
			Usage *usage
			Error *struct{ Message string }
		}
		if err := json.Unmarshal([]byte(data), &in); err != nil {
			t.Fatalf("%v in %q", err, data)
		}
		if in.Error != nil {
			a.Err = in.Error.Message
		}
		if in.Usage != nil {
			a.Usage = in.Usage.tokens()
			a.Reports++
		}
		for _, c := range in.Choices {
			for len(a.Choices) <= c.Index {
				a.Choices = append(a.Choices, message{})
			}
			a.Choices[c.Index].add(c.Delta, c.Finish)
		}
	}
	return a
}

func (m *message) add(d message, finish *string) {
	m.Role += d.Role
	m.Content += d.Content
	m.Reasoning += d.Reasoning
	m.Refusal += d.Refusal
	if finish != nil {
		m.Finish += *finish
	}
	for _, c := range d.ToolCalls {
		if c.Index == len(m.ToolCalls) {
			m.ToolCalls = append(m.ToolCalls, c)
			continue
		}
		m.ToolCalls[c.Index].ID += c.ID
		m.ToolCalls[c.Index].Function.Name += c.Function.Name
		m.ToolCalls[c.Index].Function.Arguments += c.Function.Arguments
	}
}

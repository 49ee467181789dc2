package fakeanthropic

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"weir/lib/testkit/strict"
)

// request is what of a request decides about its answer.
type request struct {
	Model    string
	Stream   bool
	System   json.RawMessage
	Messages []message
	Tools    []json.RawMessage
	Choice   *struct{ Type, Name string } `json:"tool_choice"`
	Thinking *struct{ Type string }
}

type message struct {
	Role    string
	Content content
}

// content is a list of blocks, or a string that stands for one text.
type content []block

// UnmarshalJSON reads either form.
func (c *content) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err == nil {
		*c = content{{Type: "text", Text: text}}
		return nil
	}
	return json.Unmarshal(data, (*[]block)(c))
}

type block struct {
	Type, Text, Thinking, Data, ID, Name string
	Signature                            *string
	Input                                json.RawMessage
	Content                              content
}

// text is all text of a message, tools' results included.
func (c content) text() string {
	var all []string
	for _, b := range c {
		all = append(all, b.Text)
		if len(b.Content) > 0 {
			all = append(all, b.Content.text())
		}
		if b.Type == "image" || b.Type == "document" {
			all = append(all, "["+b.Type+"]")
		}
	}
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), " ")
}

// request reads a request and refuses what the vendor refuses. count is for counting tokens.
func (p *Provider) request(raw []byte, count bool) (*request, *APIError) {
	var q request
	if err := json.Unmarshal(raw, &q); err != nil {
		return nil, invalid("The request body is not valid JSON: %v", err)
	}
	if q.Model == "" {
		return nil, invalid("model: Field required")
	}
	if !p.known(q.Model) {
		return nil, &APIError{Status: http.StatusNotFound, Type: "not_found_error", Message: "model: " + q.Model}
	}
	if e := p.verify(&q); e != nil {
		return nil, e
	}
	if err := strict.Anthropic(strict.Request{Model: q.Model, Count: count, Body: raw, Joins: true}); err != nil {
		return nil, invalid("%s", err)
	}
	return &q, nil
}

// input counts a request: by four bytes of what the model reads.
func (q *request) input() int64 {
	n := len(q.System)
	for _, t := range q.Tools {
		n += len(t)
	}
	for _, m := range q.Messages {
		n += 8 + len(m.Content.text())
		for _, b := range m.Content {
			n += len(b.Input)
		}
	}
	return int64(n/4) + 3
}

// thinks reports whether the model is let think.
func (q *request) thinks() bool {
	return q.Thinking != nil && (q.Thinking.Type == "enabled" || q.Thinking.Type == "adaptive")
}

// said is the answer's text where none is scripted: it depends on all that was
// asked and on every tool's result, and on nothing else.
func (q *request) said() string {
	var all []string
	for _, m := range q.Messages {
		if m.Role == "user" {
			all = append(all, m.Content.text())
		}
	}
	return "You said: " + strings.Join(all, " / ")
}

// calls are the calls of an answer.
func (q *request) calls(a Answer) []Call {
	calls := slices.Clone(a.Calls)
	forced := q.Choice != nil && (q.Choice.Type == "any" || q.Choice.Type == "tool") && len(calls) == 0
	for i, raw := range q.Tools {
		var t struct{ Name string }
		if err := json.Unmarshal(raw, &t); err != nil {
			continue // the rules have seen it
		}
		if a.AllTools || forced && (q.Choice.Type == "any" && i == 0 || q.Choice.Name == t.Name) {
			calls = append(calls, Call{Name: t.Name, Input: fmt.Sprintf(`{"call":%d,"where":"Zürich \u2028 \"weir\""}`, i+1)})
		}
	}
	return calls
}

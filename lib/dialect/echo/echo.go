// Package echo is the private format of the built-in provider, which answers
// with what it was asked. No caller speaks it, so every call to echo goes
// through the hub and is written anew in the caller's dialect: a gateway
// without any account shows its whole pipeline.
//
// A request is one Request as JSON. A whole answer is one Answer as JSON; a
// streamed one is a sequence of Answers, of which the last has Done set.
package echo

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire"
)

// Name is the dialect's name.
const Name = "echo"

// Request is what the built-in provider is asked.
type Request struct {
	Model       string   `json:"model"`
	Text        string   `json:"text,omitempty"` // of the newest user turn
	Tool        string   `json:"tool,omitempty"` // a tool that must be called
	InputTokens int64    `json:"input_tokens"`
	MaxTokens   int64    `json:"max_tokens,omitempty"` // 0: no limit
	Inputs      []string `json:"inputs,omitempty"`     // to embed
	Dimensions  int64    `json:"dimensions,omitempty"`
	Base64      bool     `json:"base64,omitempty"`
}

// Answer is an answer, or one step of it.
type Answer struct {
	ID      string            `json:"id,omitempty"` // with the first step
	Text    string            `json:"text,omitempty"`
	Tool    string            `json:"tool,omitempty"` // the tool that is called, with an empty object
	Vectors []json.RawMessage `json:"vectors,omitempty"`
	Stop    string            `json:"stop,omitempty"` // an llm.StopReason
	Usage   *Usage            `json:"usage,omitempty"`
	Done    bool              `json:"done,omitempty"`
	Error   string            `json:"error,omitempty"`
}

// Usage counts tokens by estimate.
type Usage struct {
	Input  int64 `json:"input"`
	Output int64 `json:"output"`
}

// Back is the provider's side of the format. The zero value is ready.
type Back struct{}

var _ dialect.Back = Back{}

// Name returns the dialect's name.
func (Back) Name() string { return Name }

// Relay fails: no caller speaks this dialect.
func (Back) Relay(llm.Op, llm.Inbound, *llm.Request, dialect.Target) (llm.Outbound, []llm.Loss, error) {
	return llm.Outbound{}, nil, fault.Wrap(fault.Internal, "echo.Relay", errors.New("no caller speaks echo"))
}

// Encode writes the part of a request that echo answers to. What has no
// influence on an echo (sampling, tools that need not be called) is no loss.
func (Back) Encode(_ llm.Op, req *llm.Request, t dialect.Target) (llm.Outbound, []llm.Loss, error) {
	r := Request{Model: t.Model, InputTokens: req.Facts.InputTokens}
	switch b := req.Body.(type) {
	case *llm.Chat:
		r.Text = asked(b)
		if b.Params.MaxTokens != nil {
			r.MaxTokens = *b.Params.MaxTokens
		}
		r.Tool = forced(b)
	case *llm.Embed:
		r.Inputs, r.Dimensions, r.Base64 = b.Inputs, b.Dimensions, b.Encoding == "base64"
		for _, ids := range b.Tokens {
			text, err := json.Marshal(ids)
			if err != nil {
				return llm.Outbound{}, nil, fault.Wrap(fault.Internal, "echo.Encode", err)
			}
			r.Inputs = append(r.Inputs, string(text))
		}
	}
	body, err := json.Marshal(r)
	if err != nil {
		return llm.Outbound{}, nil, fault.Wrap(fault.Internal, "echo.Encode", err)
	}
	return llm.Outbound{Path: t.Path, Body: body}, nil, nil
}

// asked is the text of the newest user turn. What is no text is named.
func asked(c *llm.Chat) string {
	for i := len(c.Turns) - 1; i >= 0; i-- {
		if c.Turns[i].Role != llm.User {
			continue
		}
		if text := spoken(c.Turns[i].Blocks); text != "" {
			return text
		}
	}
	return "(nothing was said)"
}

func spoken(blocks []llm.Block) string {
	var parts []string
	for _, b := range blocks {
		switch b := b.(type) {
		case *llm.Text:
			parts = append(parts, b.Text)
		case *llm.Media:
			parts = append(parts, "["+b.Kind+"]")
		case *llm.ToolResult:
			parts = append(parts, spoken(b.Content))
		case *llm.Thinking, *llm.ToolUse, *llm.Opaque:
		}
	}
	return strings.Join(parts, "\n")
}

// forced is the tool that the caller insists on; none when it is the model's
// choice, for echo has no reason to choose one.
func forced(c *llm.Chat) string {
	switch c.Choice.Mode {
	case "tool":
		return c.Choice.Name
	case "required":
		if len(c.Tools) > 0 {
			return c.Tools[0].Name
		}
	}
	return ""
}

// Unary reads a whole answer.
func (Back) Unary(_ llm.Op, _ llm.Outbound, _ dialect.Target, body []byte) (llm.Chunk, error) {
	var a Answer
	if err := json.Unmarshal(body, &a); err != nil {
		return llm.Chunk{}, fault.Wrap(fault.TargetFailed, "echo.Unary", errors.New("not an answer"))
	}
	if a.Error != "" || !a.Done {
		return llm.Chunk{}, fault.Wrap(fault.TargetFailed, "echo.Unary", errors.New("the answer is not whole"))
	}
	var d decoder
	return llm.Chunk{Events: d.events(a)}, nil
}

// Stream reads a streamed answer.
func (Back) Stream(_ llm.Op, _ llm.Outbound, _ dialect.Target, frames wire.Frames) llm.Stream {
	const op = "echo.Stream"
	return func(yield func(llm.Chunk, error) bool) {
		var d decoder
		for f, err := range frames {
			if err != nil {
				yield(llm.Chunk{}, err)
				return
			}
			var a Answer
			if err := json.Unmarshal(f.Data, &a); err != nil {
				yield(llm.Chunk{}, fault.Wrap(fault.TargetFailed, op, errors.New("not an answer")))
				return
			}
			if a.Error != "" {
				yield(llm.Chunk{}, fault.Wrap(fault.TargetFailed, op, errors.New("an error in mid-stream")))
				return
			}
			if !yield(llm.Chunk{Events: d.events(a)}, nil) || a.Done {
				return
			}
		}
		yield(llm.Chunk{}, fault.New(fault.Truncated, op, ""))
	}
}

// Refusal classifies an answer whose status is not 2xx; the built-in provider
// has no reason to give one.
func (Back) Refusal(status int, _ http.Header, _ []byte) *fault.Error {
	return &fault.Error{Kind: fault.TargetFailed, Op: "echo.Refusal", Err: errors.New(http.StatusText(status))}
}

// decoder turns steps into events. The text is block 0, a tool's call the
// block after it.
type decoder struct {
	started, text bool
	next          int
}

func (d *decoder) events(a Answer) []llm.Event {
	var out []llm.Event
	if !d.started {
		d.started = true
		out = append(out, llm.Started{ID: a.ID, Model: Name})
	}
	if a.Text != "" {
		if !d.text {
			d.text, d.next = true, 1
			out = append(out, llm.Opened{Index: 0, Block: &llm.Text{}})
		}
		out = append(out, llm.Delta{Index: 0, Text: a.Text})
	}
	if d.text && (a.Tool != "" || a.Stop != "") {
		d.text = false
		out = append(out, llm.Closed{Index: 0})
	}
	if a.Tool != "" {
		out = append(out, llm.Opened{Index: d.next, Block: &llm.ToolUse{CallID: "call_echo", Name: a.Tool}},
			llm.Delta{Index: d.next, Text: "{}"}, llm.Closed{Index: d.next})
		d.next++
	}
	if a.Vectors != nil {
		out = append(out, llm.Vectors{Raw: a.Vectors})
	}
	if a.Stop != "" {
		out = append(out, llm.Stopped{Reason: llm.StopReason(a.Stop), Raw: a.Stop})
	}
	if a.Usage != nil {
		out = append(out, llm.Used{Usage: llm.Usage{Input: a.Usage.Input, Output: a.Usage.Output}})
	}
	if a.Done {
		out = append(out, llm.Finished{})
	}
	return out
}

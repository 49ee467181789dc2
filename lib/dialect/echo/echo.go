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

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
)

// Name is the dialect's name.
const Name = "echo"

// MaxDimensions is the longest vector that may be asked for.
const MaxDimensions = 4096

// Request is what the built-in provider is asked.
type Request struct {
	Model       string   `json:"model"`
	Text        string   `json:"text,omitempty"` // of the newest user turn
	Tool        string   `json:"tool,omitempty"` // a tool that must be called
	InputTokens int64    `json:"input_tokens"`
	MaxTokens   int64    `json:"max_tokens,omitempty"` // 0: no limit
	Stop        []string `json:"stop,omitempty"`       // sequences that end the answer
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
	Met     string            `json:"met,omitempty"`  // the stop sequence that was met
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

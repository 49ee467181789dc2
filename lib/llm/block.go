package llm

import (
	"cmp"
	"encoding/json"
)

// A Block is one part of a message. The set is closed: the linter fails every
// switch that forgets a type added here.
//
//sumtype:decl
type Block interface {
	block()
	mark() *Mark
}

// Mark is what any block may carry besides its content.
type Mark struct {
	Cache *CachePoint // asks for a prompt-cache breakpoint after this block
	Seal  *Seal       // a provider's signature over this block
	ID    string      // the block's id in its dialect, where it has one
	// At is the path at which the caller wrote the block
	// (messages[3].content[1], messages[3].tool_calls[0]), for losses and
	// refusals; empty in answers.
	At string
}

func (m *Mark) mark() *Mark { return m }

// CachePoint asks the provider to cache the prompt up to here.
type CachePoint struct {
	TTL string // 5m, 1h; empty: the provider's default
	// At is the path at which the caller wrote it; empty where nobody did.
	At string `json:",omitempty"`
}

// Field names the mark in losses, by its place in the caller's request.
func (c *CachePoint) Field() string { return cmp.Or(c.At, FieldCache) }

// LifeField names the mark's life in losses.
func (c *CachePoint) LifeField() string {
	if c.At == "" {
		return FieldCacheLife
	}
	return c.At + ".ttl"
}

// Seal is a provider's signature over a block. It comes back byte for byte and
// only to the family that issued it; for any other target it is dropped with a
// Loss.
type Seal struct {
	Issuer  string // model family that reads it
	Account string // set only where the seal is bound to one account
	Data    string
}

// Text is plain text; Refusal marks the model's own refusal to answer.
type Text struct {
	Mark
	Text    string
	Refusal bool
	Cites   []json.RawMessage // citations in their dialect's form
}

// Thinking is reasoning that is shown, or redacted to its seal.
type Thinking struct {
	Mark
	Text     string
	Redacted bool
}

// Media is an image, a document or a sound, by URL or by value.
type Media struct {
	Mark
	Kind string // image, document, audio
	MIME string // empty where only a URL is known
	URL  string // exclusive with Data
	Name string
	Data []byte
	// Detail is the resolution hint of Chat's images: auto, low, high.
	Detail string
}

// ToolUse is the model's call of a tool. Input is as the model wrote it and
// may be no valid JSON.
type ToolUse struct {
	Mark
	CallID string
	Name   string
	Input  json.RawMessage
}

// ToolResult answers a ToolUse.
type ToolResult struct {
	Mark
	CallID  string
	Content []Block
	IsError bool
}

// Opaque is a block that only its own dialect can say.
type Opaque struct {
	Mark
	Dialect string
	Type    string
	Raw     json.RawMessage
}

func (*Text) block()       {}
func (*Thinking) block()   {}
func (*Media) block()      {}
func (*ToolUse) block()    {}
func (*ToolResult) block() {}
func (*Opaque) block()     {}

// MarkOf is what b carries besides its content: b's own, to be changed only by
// who owns b.
func MarkOf(b Block) *Mark { return b.mark() }

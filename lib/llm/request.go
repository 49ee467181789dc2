// Package llm is the hub: the one internal, block-structured model of a
// request and of a stream of answer events. Dialects translate to and from it;
// every other stage reads Facts and Events only.
//
// The package is data without behaviour. It knows no wire format, no provider
// and no I/O.
package llm

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// An Op is what a call does. Routes of different dialects share Ops.
type Op string

// The operations.
const (
	OpChat  Op = "chat"  // messages in, a message out
	OpEmbed Op = "embed" // texts in, vectors out
	OpCount Op = "count" // messages in, a token count out; costs nothing
	OpRaw   Op = "raw"   // relayed without a body model
)

// Inbound is the caller's request as it came.
type Inbound struct {
	Dialect string
	Path    string
	Query   url.Values
	Header  http.Header // without credentials
	Raw     []byte      // the body; read only
}

// Outbound is one attempt's request before credentials are added.
type Outbound struct {
	Path   string // below the provider's base URL, with a leading slash
	Query  url.Values
	Header http.Header
	Body   []byte
	// Withheld names what the gateway asked for and the caller did not
	// (Chat: "usage"): the answer's frames for it are metered and not sent.
	Withheld []string
}

// Request is a decoded call.
type Request struct {
	Facts Facts
	Body  Body   // *Chat or *Embed; nil for raw
	Loss  []Loss // what decoding could not keep

	// Paths maps the hub's name of a member (FieldMaxTokens …) to the path at
	// which the caller wrote it (max_completion_tokens), where that is another,
	// so that losses and refusals speak of what the caller has before them.
	Paths map[string]string
	// Torn is the path of the first text in which half of a character stands,
	// which cannot be said but in the caller's own bytes; empty for none.
	Torn string
}

// Facts are all that admission, routing, price and cache may know of a call.
// No stage but a dialect reads Body.
type Facts struct {
	Op     Op
	Model  string // as the caller asked
	Stream bool

	InputTokens int64 // estimate by bytes; see package tokens
	MaxOutput   int64 // max output tokens × choices; 0 when the caller set none
	Choices     int64 // n; at least 1

	// Needs lists capabilities a target must have; see the Need constants.
	Needs []string
	// Native lists members that only the caller's own dialect can carry (n,
	// logprobs, web_search_options …), as member paths.
	Native []string
	// Upstream lists ids of state a provider holds (previous_response_id,
	// file ids …), as "member: id".
	Upstream []string

	EndUser string            // the caller's own user, as the dialect names it
	Tags    map[string]string // from the dialect's metadata; headers are merged by the gateway
}

// Capabilities a request may need.
const (
	NeedTools      = "tools"
	NeedImages     = "images"
	NeedAudio      = "audio"
	NeedDocuments  = "documents"
	NeedJSONSchema = "json_schema"
	NeedReasoning  = "reasoning"
)

// Body is the operation's own part of a Request: *Chat or *Embed.
//
//sumtype:decl
type Body interface{ body() }

// Chat is a conversation to be continued.
type Chat struct {
	System []Block
	Turns  []Turn
	Tools  []Tool
	Choice ToolChoice
	Params Params
	Extra  []Extra
}

// Embed asks for one vector per input. Exactly one of Inputs and Tokens is set.
type Embed struct {
	Inputs     []string
	Tokens     [][]int64
	Dimensions int64  // 0: the model's own
	Encoding   string // float or base64; empty is the dialect's default
	Extra      []Extra
}

func (*Chat) body()  {}
func (*Embed) body() {}

// A Role says who speaks a turn.
type Role string

// The roles. Tool results are blocks of a user turn.
const (
	User      Role = "user"
	Assistant Role = "assistant"
	System    Role = "system" // a system message in mid-conversation
)

// Turn is one message: consecutive blocks of one role.
type Turn struct {
	Role   Role
	Name   string // the speaker's name, where the dialect has one
	At     string // path of the caller's message: messages[3]
	Blocks []Block
}

// Tool is a function the model may call. Schema is kept byte for byte: its key
// order is part of providers' prompt-cache keys.
type Tool struct {
	Name        string
	Description string
	Schema      json.RawMessage
	Strict      *bool
	Cache       *CachePoint
	// At is the path of the caller's object that has the name (tools[3], or
	// tools[3].function).
	At string `json:",omitempty"`
}

// ToolChoice says whether and which tools must be called.
type ToolChoice struct {
	Mode string // "", auto, none, required, tool
	Name string // with Mode tool
	// Parallel is nil where the caller left it to the provider.
	Parallel *bool
}

// Params are the sampling and output parameters that several dialects share.
// A nil pointer means that the caller did not set the parameter.
type Params struct {
	MaxTokens        *int64
	Temperature      *float64
	TopP             *float64
	TopK             *int64
	Stop             []string
	Seed             *int64
	PresencePenalty  *float64
	FrequencyPenalty *float64
	Format           *Format
	Reasoning        *Reasoning
	ServiceTier      string
	// StreamUsage: the caller asked for usage inside the stream.
	StreamUsage bool
}

// Format asks for structured output.
type Format struct {
	Type        string // text, json_object, json_schema
	Name        string
	Description string
	Schema      json.RawMessage
	Strict      *bool
}

// Reasoning asks for thinking: by Effort, by a Budget of tokens, or off.
type Reasoning struct {
	Effort string // minimal, low, medium, high …; as the caller wrote it
	Budget int64  // tokens; 0 when unsaid
	Off    bool
	// Summary asks for thinking to be shown: auto, concise, detailed, omitted.
	Summary string
}

// Extra is a member the hub has no place for. Hint: it may be dropped with a
// Loss when another dialect is spoken; otherwise that is a 400 naming Path.
type Extra struct {
	Dialect string
	Path    string
	Raw     json.RawMessage
	Hint    bool
}

// Loss is something that a translation could not carry.
type Loss struct {
	Field string `json:"field"`
	Why   string `json:"why"`
}

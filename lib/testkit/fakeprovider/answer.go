package fakeprovider

import (
	"net/http"
	"time"
)

// Forever is a delay that ends when the caller hangs up, or with the Provider.
const Forever = time.Duration(1<<63 - 1)

// Answer scripts one response. The zero Answer is a good one: a text that is
// made from the request alone, or a call of the first tool where tool_choice
// asks for one.
type Answer struct {
	// What the model says. Reasoning is shown as reasoning_content, as DeepSeek
	// does; ReasoningTokens are hidden ones, as OpenAI's. AllTools calls every
	// tool of the request.
	Text            string
	Calls           []Call
	AllTools        bool
	Refusal         string
	Reasoning       string
	ReasoningTokens int64
	// Finish replaces the finish reason that follows from the rest.
	Finish string
	// Usage replaces the counted usage. CachedTokens and the audio tokens are
	// parts of the counted one otherwise.
	Usage          *Tokens
	CachedTokens   int64
	AudioInTokens  int64
	AudioOutTokens int64

	// How it is sent.
	Report     Report // where a stream's usage stands
	Interleave bool   // fragments of parallel tool calls alternate
	Comments   bool   // a comment before every event, as OpenRouter sends
	NoDone     bool   // the stream ends without [DONE]
	Whole      bool   // one JSON body, also where a stream was asked for

	// Delays, divided by Options.Scale: before the head, after the chunk that
	// has only the role, and before each piece after the first. StallAfter
	// goes silent for ever after that many pieces.
	HeadDelay  time.Duration
	RoleDelay  time.Duration
	PieceDelay time.Duration
	StallAfter int

	// How it goes wrong. A Status other than 0 and 200 is an error answer with
	// Error as its body, by default what the vendor says with that status.
	// With Status 200 an Error is the body of a good head. ErrorAfter sends
	// Error as an event of the stream after that many pieces and ends.
	Status     int
	Error      *APIError
	ErrorAfter int
	Header     http.Header // added to the answer's
	// Body replaces the body, of type ContentType (application/json if empty).
	Body        string
	ContentType string
	Cut         *Cut
}

// Call is a tool call.
type Call struct {
	ID        string // call_1 … if empty
	Name      string
	Arguments string
}

// Cut ends an answer after a number of bytes of its body.
type Cut struct {
	After int
	How   CutHow
}

// CutHow is how the connection ends.
type CutHow int

// The ways to end.
const (
	// CutClean ends the body as HTTP wants it: it only lacks the rest.
	CutClean CutHow = iota
	// CutAbort closes the connection within the body: an unexpected EOF.
	CutAbort
	// CutReset resets the connection. What the caller's system had received
	// and not read may be lost with it.
	CutReset
)

// Report is where a stream's usage stands.
type Report int

// The places.
const (
	ReportAsked    Report = iota // a last chunk without choices, where include_usage asks for it
	ReportAlways                 // the same, asked for or not
	ReportOnFinish               // on the chunk with the finish reason
	ReportOnEvery                // on every chunk, growing
	ReportNever                  // nowhere, not even in a whole answer
)

// behaviours are the models that every Provider knows. Beside them a model
// named status-NNN answers with that status.
func behaviours() map[string]Answer {
	return map[string]Answer{
		// Good answers.
		"gpt-4o-mini":            {},
		"gpt-4o":                 {},
		"o4-mini":                {ReasoningTokens: 64}, // takes no max_tokens
		"gpt-4o-audio-preview":   {AudioInTokens: 7, AudioOutTokens: 5},
		"deepseek-reasoner":      {Reasoning: "First I think about it. Then I answer."},
		"text-embedding-3-small": {},
		"text-embedding-3-large": {},
		"cached":                 {CachedTokens: 3},
		"tools":                  {AllTools: true},
		"interleaved-tools":      {AllTools: true, Interleave: true},
		"refusal":                {Refusal: "I'm sorry, I can't help with that."},
		"comments":               {Comments: true},

		// Usage elsewhere.
		"usage-always":    {Report: ReportAlways},
		"usage-on-finish": {Report: ReportOnFinish},
		"usage-on-every":  {Report: ReportOnEvery},
		"usage-never":     {Report: ReportNever},

		// Slow.
		"slow":        {HeadDelay: 30 * time.Second},
		"slow-tokens": {PieceDelay: time.Second},
		"stall-head":  {HeadDelay: Forever},
		"stall-role":  {RoleDelay: Forever},
		"stall":       {StallAfter: 3},

		// Broken.
		"cut-clean":       {Cut: &Cut{After: 400, How: CutClean}},
		"cut-abort":       {Cut: &Cut{After: 400, How: CutAbort}},
		"cut-reset":       {Cut: &Cut{After: 400, How: CutReset}},
		"no-done":         {NoDone: true},
		"whole":           {Whole: true},
		"error-200":       {Status: http.StatusOK, Error: Failure(http.StatusInternalServerError)},
		"error-in-stream": {ErrorAfter: 2},
		"html":            {Body: "<html><body>Sign in</body></html>", ContentType: "text/html"},
		"garbage":         {Body: `{"id":"chatcmpl-1","choices":[{"ind`},
		"empty":           {Body: " "},

		// Refused.
		"context-length": {Error: ContextLength(8192, 9000)},
		"content-policy": {Error: ContentPolicy()},
		"no-quota":       {Error: NoQuota()},
	}
}

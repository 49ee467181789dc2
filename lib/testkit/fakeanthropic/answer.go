package fakeanthropic

import (
	"net/http"
	"time"
)

// Forever is a delay that ends when the caller hangs up, or with the Provider.
const Forever = time.Duration(1<<63 - 1)

// Answer scripts one response. The zero Answer is a good one: a text that is
// made from the request alone, or a call of a tool where tool_choice asks for
// one.
type Answer struct {
	// What the model says, in this order. Thinking and Redacted are said only
	// where the request lets the model think. AllTools calls every tool.
	Thinking string
	Redacted string
	Text     string
	Calls    []Call
	AllTools bool
	// Refusal ends the answer as one that the model's safeguards stopped.
	Refusal bool
	// Stop and Sequence replace the stop reason that follows from the rest.
	Stop     string
	Sequence string

	// Usage replaces the counted usage. Otherwise parts of the input were read
	// from the cache or written to it, beside what is counted.
	Usage                                 *Tokens
	CacheRead, CacheWrite5m, CacheWrite1h int64
	Tier                                  string // standard if empty

	// How it is sent. Pings puts one before every event after the first; the
	// vendor promises none of their places.
	Pings bool
	Whole bool // one JSON body, also where a stream was asked for

	// Delays, divided by Options.Scale: before the head and before each piece.
	// StallAfter goes silent for ever after that many pieces.
	HeadDelay  time.Duration
	PieceDelay time.Duration
	StallAfter int

	// How it goes wrong. A Status other than 0 and 200 is an error answer, by
	// default what the vendor says with that status. ErrorAfter sends Error as
	// an event of the stream after that many pieces and ends.
	Status     int
	Error      *APIError
	ErrorAfter int
	Header     http.Header // added to the answer's
	Body       string      // replaces the body, of type ContentType (application/json if empty)

	ContentType string
	// Cut closes the connection after that many bytes of the body.
	Cut int
}

// Call is a tool call.
type Call struct {
	ID    string // one that was never used, if empty
	Name  string
	Input string // {} if empty
}

// Package fault is the gateway's error vocabulary. An error carries a Kind, and
// everything that depends on an error (status, body, failover, cooldown,
// outcome in the ledger) is read from one table by that Kind; see Of and Table.
//
// The package knows no HTTP, no dialect and no provider: it holds only the
// words, so that every other package can share them.
package fault

import (
	"errors"
	"time"
)

// A Kind says who must act on an error. Decisions are made by Kind, never by
// an error's text.
type Kind uint8

// The kinds. The zero Kind is Internal, so that an error nobody classified is
// never shown to a caller in detail.
const (
	Internal         Kind = iota // ours, or unclassified
	Invalid                      // the caller's request is wrong; never sent to a second target
	Unauthenticated              // no key, or one that is unknown, expired or revoked
	Forbidden                    // the key is good but may not do this
	NotFound                     // no such path, call or record
	ModelNotFound                // no such model in this gateway
	MethodNotAllowed             // the path exists under another method
	TooLarge                     // the request's body is over the limit
	Unprocessable                // well-formed but refused by the provider (422)
	ContextLength                // the prompt does not fit the model
	ContentPolicy                // refused by a content policy
	NotPriced                    // no price is known and settings.unknown_price is refuse
	RateLimited                  // the caller's own limit; RetryAfter is set
	OverBudget                   // the caller's money is spent
	NoTarget                     // no target can serve this call now
	TargetThrottled              // the provider limits us, not the caller
	TargetRefused                // the provider refuses our credential or account
	TargetMissing                // the provider does not have the model
	TargetFailed                 // the provider failed or sent what cannot be read
	TargetTimeout                // the provider was silent for too long
	Truncated                    // the provider's answer broke off before its terminal mark
	StoreDown                    // our store is locked, throttled or away
	ClientGone                   // the caller hung up
	ShuttingDown                 // this process is about to stop
	numKinds
)

// Error is an error with a Kind.
type Error struct {
	Kind Kind
	// Op is where the error arose, as package.Func. For logs.
	Op string
	// Public is shown to callers. It holds no secret, no upstream address and
	// no other tenant's name. Empty means the Kind's standard text.
	Public string
	// Param is the request member at fault, as a path such as
	// messages[2].content; empty when there is none.
	Param string
	// Code replaces the Kind's code in bodies that have one. Empty: the Kind's.
	Code string
	// RetryAfter is how long the caller should wait; zero means unsaid.
	RetryAfter time.Duration
	// Upstream is the provider's own refusal, where there was one.
	Upstream *Upstream
	// Err is the cause. For logs only; its text is never shown to a caller.
	Err error
}

// Upstream is a provider's refusal as it came. A caller who speaks Dialect is
// shown Body where the Kind's disposition allows it.
type Upstream struct {
	Dialect     string
	Status      int
	ContentType string
	Body        []byte
	// ShouldRetry is the provider's x-should-retry header: "true", "false" or "".
	ShouldRetry string
}

// New returns an error of kind k with a text for the caller.
func New(k Kind, op, public string) *Error { return &Error{Kind: k, Op: op, Public: public} }

// Wrap returns an error of kind k around err, with the Kind's standard text
// for the caller.
func Wrap(k Kind, op string, err error) *Error { return &Error{Kind: k, Op: op, Err: err} }

// Error returns a text for logs. Callers are shown Message instead.
func (e *Error) Error() string {
	s := e.Kind.String()
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Public != "" {
		s += ": " + e.Public
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Message returns what a caller may read.
func (e *Error) Message() string {
	if e.Public != "" {
		return e.Public
	}
	return e.Kind.Disposition().Text
}

// Of returns the *Error in err's chain. An error without one is Internal, and
// its text stays private. Of(nil) is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Internal, Err: err}
}

// KindOf returns the Kind of err, Internal where it has none or is nil.
func KindOf(err error) Kind {
	if e := Of(err); e != nil {
		return e.Kind
	}
	return Internal
}

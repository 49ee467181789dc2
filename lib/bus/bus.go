// Package bus carries events from the ledger to those who count and watch
// them: EventBridge on AWS, a direct call in one process.
package bus

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// ErrRejected says that an event will never be accepted, however often it is
// sent: it is malformed or too large. Every other failure may pass.
var ErrRejected = errors.New("bus: event rejected")

// Event is one event, as EventBridge has it.
type Event struct {
	Source string
	Type   string // detail-type
	Time   time.Time
	Detail json.RawMessage
}

// Failure is one event that was not accepted.
type Failure struct {
	Index int // in the call's list
	Err   error
}

// Publisher sends events. Safe for concurrent use.
type Publisher interface {
	// Publish sends all of es and returns those that were not accepted, in
	// order of Index; they may be sent again. An error means that nothing is
	// known to have been accepted. Delivery is at least once. A failure that
	// is an ErrRejected is final.
	Publish(ctx context.Context, es []Event) ([]Failure, error)
}

// Handler takes events as a subscriber. It returns the events that it could
// not take; they are delivered again. An event that it can never take it
// keeps itself (see DeadLetters) and counts as taken.
type Handler func(ctx context.Context, es []Event) ([]Failure, error)

// Letter is something that could not be processed and must not be lost.
type Letter struct {
	Key    string // what it is about; a second letter of the same key replaces the first
	From   string // who could not process it: publisher, aggregator
	Reason string
	Body   []byte
	At     time.Time
}

// DeadLetters keeps letters until somebody has looked at them. Safe for
// concurrent use.
type DeadLetters interface {
	Put(ctx context.Context, l Letter) error
}

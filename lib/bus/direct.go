package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Direct is the bus of a single process: Publish hands events to every
// subscriber and returns when all of them have taken them. So whoever
// publishes knows that they were taken, and what was not can be sent again.
// It refuses the malformed events that EventBridge refuses. It is immutable,
// and as safe for concurrent use as its subscribers are.
type Direct struct{ subscribers []Handler }

var _ Publisher = (*Direct)(nil)

// NewDirect returns a bus with these subscribers. Without one, events are
// accepted and nobody gets them, as on EventBridge.
func NewDirect(subscribers ...Handler) *Direct {
	return &Direct{subscribers: append([]Handler(nil), subscribers...)}
}

// Publish gives es to each subscriber in turn, and returns the events that one
// of them did not take. Sent again they reach all subscribers again, also those
// that had taken them. When a subscriber returns an error the others are still
// asked, and none of es counts as accepted.
func (d *Direct) Publish(ctx context.Context, es []Event) ([]Failure, error) {
	why := make([]error, len(es)) // by index
	sound, index := make([]Event, 0, len(es)), make([]int, 0, len(es))
	for i, e := range es {
		if why[i] = check(e); why[i] == nil {
			sound, index = append(sound, e), append(index, i)
		}
	}
	var errs []error
	for _, take := range d.subscribers {
		if len(sound) == 0 {
			break
		}
		failed, err := take(ctx, append([]Event(nil), sound...)) // theirs to keep
		if err == nil {
			err = note(why, index, failed)
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var out []Failure
	for i, err := range why {
		if err != nil {
			out = append(out, Failure{Index: i, Err: err})
		}
	}
	return out, nil
}

// note writes down what a subscriber failed; index leads from its list to the
// whole one. Of several reasons for one event the first stays.
func note(why []error, index []int, failed []Failure) error {
	for _, f := range failed {
		if f.Index < 0 || f.Index >= len(index) {
			return fmt.Errorf("bus: a subscriber failed event %d of %d: %w", f.Index, len(index), f.Err)
		}
		if i := index[f.Index]; why[i] == nil {
			why[i] = cause(f.Err)
		}
	}
	return nil
}

// cause keeps a failure without an error from counting as success.
func cause(err error) error {
	if err == nil {
		return errors.New("bus: a subscriber failed the event without saying why")
	}
	return err
}

// check refuses what EventBridge refuses: an event without source or type, and
// a detail that is no JSON object.
//
// Source: docs.aws.amazon.com/eventbridge/latest/APIReference/
// API_PutEventsRequestEntry.html and API_PutEventsResultEntry.html
// (InvalidArgument, MalformedDetail), read 2026-11-25.
func check(e Event) error {
	switch {
	case e.Source == "":
		return fmt.Errorf("%w: it has no source", ErrRejected)
	case e.Type == "":
		return fmt.Errorf("%w: it has no type", ErrRejected)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(e.Detail, &members); err != nil || members == nil {
		return fmt.Errorf("%w: its detail is no JSON object", ErrRejected)
	}
	return nil
}

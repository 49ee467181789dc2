package table

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// How Repeat waits: a random time below a bound that doubles from the first
// to the last, so that those who were refused together do not come back
// together.
const (
	firstWait = 20 * time.Millisecond
	lastWait  = time.Second
	// patience bounds Repeat under a context that has no deadline.
	patience = 20 * time.Second
)

// Repeat calls step until it succeeds or fails for good, at most until ctx
// ends or, where ctx has no deadline, for 20 seconds. What it repeats is
// ErrThrottled and ErrConflict, where nothing happened, and ErrUnknown, where
// the write may have happened: so step must be one that may be applied twice,
// and a condition that refuses the second time may have been met by the first.
// Callers look at the item in the *ConditionError to tell.
//
// When time is up the error is the store's last one together with the
// context's. An error other than a refusal is ErrUnknown if any try was,
// because that try may have happened. Time runs on the clock of package time.
func Repeat(ctx context.Context, step func(ctx context.Context) error) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	unknown := false
	for bound := firstWait; ; bound = min(2*bound, lastWait) {
		err := step(ctx)
		unknown = unknown || errors.Is(err, ErrUnknown)
		if passing(err) {
			if pause(ctx, rand.N(bound)) { //nolint:gosec // jitter
				continue
			}
			err = fmt.Errorf("%w (%w)", err, context.Cause(ctx))
		}
		if err != nil && unknown && !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrCondition) {
			err = fmt.Errorf("%w; then: %w", ErrUnknown, err)
		}
		return err
	}
}

// passing reports whether another try may succeed.
func passing(err error) bool {
	return errors.Is(err, ErrThrottled) || errors.Is(err, ErrConflict) || errors.Is(err, ErrUnknown)
}

// pause waits for d and reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return ctx.Err() == nil
	}
}

// Unavailable reports whether err says that the store did not serve, or not in
// time, and that the same call may succeed later.
func Unavailable(err error) bool {
	return passing(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// Refused reports whether err says that the condition of a single write
// failed, and returns the item that refused it, nil where there was none.
func Refused(err error) (old Item, refused bool) {
	var c *ConditionError
	if !errors.As(err, &c) || len(c.Failed) == 0 {
		return nil, false
	}
	return c.Failed[0].Old, true
}

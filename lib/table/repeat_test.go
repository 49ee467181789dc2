package table_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"weir/lib/table"
)

func TestRepeat(t *testing.T) {
	gone := errors.New("gone for good")
	for name, tc := range map[string]struct {
		answers []error
		want    error
		calls   int
	}{
		"success is not repeated":            {answers: []error{nil}, calls: 1},
		"a refusal is not repeated":          {answers: []error{&table.ConditionError{}}, want: table.ErrCondition, calls: 1},
		"a wrong call is not repeated":       {answers: []error{table.ErrInvalid}, want: table.ErrInvalid, calls: 1},
		"what is too large is not repeated":  {answers: []error{table.ErrTooLarge}, want: table.ErrTooLarge, calls: 1},
		"any other error is not repeated":    {answers: []error{gone}, want: gone, calls: 1},
		"throttling and conflicts are":       {answers: []error{table.ErrThrottled, fmt.Errorf("busy: %w", table.ErrConflict), nil}, calls: 3},
		"a lost answer is":                   {answers: []error{table.ErrUnknown, nil}, calls: 2},
		"a refusal after a lost answer ends": {answers: []error{table.ErrUnknown, &table.ConditionError{}}, want: table.ErrCondition, calls: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				err := table.Repeat(t.Context(), func(context.Context) error {
					calls++
					return tc.answers[calls-1]
				})
				if !errors.Is(err, tc.want) || calls != tc.calls {
					t.Errorf("%v after %d calls, want %v after %d", err, calls, tc.want, tc.calls)
				}
			})
		})
	}
}

func TestRepeatEndsWithItsTime(t *testing.T) {
	for name, tc := range map[string]struct {
		deadline time.Duration
		most     time.Duration
	}{
		"with the deadline":         {deadline: 3 * time.Second, most: 3 * time.Second},
		"after 20 seconds, without": {most: 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tc.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tc.deadline)
					defer cancel()
				}
				began, calls := time.Now(), 0
				err := table.Repeat(ctx, func(ctx context.Context) error {
					if _, ok := ctx.Deadline(); !ok {
						t.Error("a step without a deadline")
					}
					if calls++; calls == 1 {
						return table.ErrUnknown
					}
					return table.ErrThrottled
				})
				if took := time.Since(began); took != tc.most {
					t.Errorf("gave up after %v, want %v", took, tc.most)
				}
				if calls < 3 {
					t.Errorf("tried %d times", calls)
				}
				for _, want := range []error{table.ErrThrottled, context.DeadlineExceeded} {
					if !errors.Is(err, want) {
						t.Errorf("error %v does not say %v", err, want)
					}
				}
				if !errors.Is(err, table.ErrUnknown) {
					t.Errorf("error %v hides that the first try may have happened", err)
				}
				if !table.Unavailable(err) {
					t.Errorf("error %v is not one of a store that is away", err)
				}
			})
		})
	}
}

// The time may run out while a step waits for its answer: the error is then
// the context's own, and must not hide that a try before it may have happened.
func TestRepeatRemembersALostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		calls := 0
		err := table.Repeat(ctx, func(ctx context.Context) error {
			if calls++; calls == 1 {
				return table.ErrUnknown
			}
			<-ctx.Done()
			return ctx.Err()
		})
		if !errors.Is(err, table.ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) || calls != 2 {
			t.Errorf("%v after %d calls, want one that may have happened, after 2", err, calls)
		}
	})
}

func TestRepeatStopsWhenItsCallerDoes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := table.Repeat(ctx, func(context.Context) error {
		calls++
		cancel()
		return table.ErrThrottled
	})
	if !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("%v after %d calls, want the context's error after one", err, calls)
	}
}

func TestRefused(t *testing.T) {
	old := table.Item{"n": int64(1)}
	got, refused := table.Refused(fmt.Errorf("step: %w", &table.ConditionError{Failed: []table.Failed{{Old: old}}}))
	if !refused || !got.Equal(old) {
		t.Errorf("got %v, %v", got, refused)
	}
	for _, err := range []error{nil, table.ErrUnknown, table.ErrCondition} {
		if got, refused := table.Refused(err); refused || got != nil {
			t.Errorf("%v: got %v, %v", err, got, refused)
		}
	}
}

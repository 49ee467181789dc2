package booktest

import (
	"context"
	"fmt"
	"sync"

	"weir/lib/table"
	"weir/lib/table/layout"
)

// onPurpose is in the texts of all errors of a store.
const onPurpose = "on purpose"

// step is what the gateway does at the store.
type step string

// The steps of a call.
const (
	stepKey    step = "look-up of the key"
	stepOpen   step = "open"
	stepSettle step = "settle"
)

// stepOf tells them apart by what they read and write.
func stepOf(name string, w *table.Write) step {
	switch {
	case name == layout.State && w == nil:
		return stepKey
	case name == layout.Ledger && w != nil && w.Kind == table.Put:
		return stepOpen
	case name == layout.Ledger && w != nil && w.Kind == table.Update:
		return stepSettle
	}
	return ""
}

// trouble happens to one try of a step. It runs do, or not, and returns what
// the gateway is told. It is called by one goroutine at a time or not, as the
// calls come.
type trouble func(ctx context.Context, do func() error) error

// The troubles.
var (
	throttled  trouble = func(context.Context, func() error) error { return fmt.Errorf("%w, %s", table.ErrThrottled, onPurpose) }
	conflict   trouble = func(context.Context, func() error) error { return fmt.Errorf("%w, %s", table.ErrConflict, onPurpose) }
	lostBefore trouble = func(context.Context, func() error) error { return fmt.Errorf("%w, %s", table.ErrUnknown, onPurpose) }
	lostAfter  trouble = func(_ context.Context, do func() error) error {
		err := do()
		return fmt.Errorf("%w, %s (%v)", table.ErrUnknown, onPurpose, err) //nolint:errorlint // hidden on purpose
	}
	fine trouble = func(_ context.Context, do func() error) error { return do() }
	// hangs keeps the store busy until its caller gives up.
	hangs trouble = func(ctx context.Context, _ func() error) error {
		<-ctx.Done()
		return ctx.Err()
	}
)

// held keeps the step back until open is closed, as a lock would.
func held(open <-chan struct{}) trouble {
	return func(ctx context.Context, do func() error) error {
		select {
		case <-open:
			return do()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// store is a store that gets into trouble.
type store struct {
	table.Table

	mu    sync.Mutex
	plan  map[step]func(n int) trouble
	tries map[step]int
}

// at plans the troubles of a step: the given ones in turn, then rest.
func (s *store) at(where step, rest trouble, first ...trouble) {
	s.plannedAt(where, func(n int) trouble {
		if n < len(first) {
			return first[n]
		}
		return rest
	})
}

// plannedAt plans the trouble of each try of a step, counted from 0.
func (s *store) plannedAt(where step, plan func(n int) trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plan == nil {
		s.plan = map[step]func(int) trouble{}
	}
	s.plan[where] = plan
	s.tries = nil
}

// heal ends all troubles.
func (s *store) heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan = nil
}

// count is how often a step was tried since its troubles were planned.
func (s *store) count(where step) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries[where]
}

func (s *store) next(where step) trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tries == nil {
		s.tries = map[step]int{}
	}
	n := s.tries[where]
	s.tries[where]++
	if plan := s.plan[where]; plan != nil {
		return plan(n)
	}
	return fine
}

// Get reads an item.
func (s *store) Get(ctx context.Context, name string, k table.Key, fresh bool) (it table.Item, err error) {
	err = s.next(stepOf(name, nil))(ctx, func() (err error) {
		it, err = s.Table.Get(ctx, name, k, fresh)
		return err
	})
	return it, err
}

// Do writes an item.
func (s *store) Do(ctx context.Context, w table.Write) error {
	return s.next(stepOf(w.Table, &w))(ctx, func() error { return s.Table.Do(ctx, w) })
}

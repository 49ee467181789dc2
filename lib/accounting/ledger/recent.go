package ledger

import (
	"context"
	"fmt"
	"time"

	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
)

// Filter chooses rows. Empty fields choose all.
type Filter struct {
	// Since and Until bound the start of a call: Since is included, Until is
	// not. Until is needed, but for State Open; without Since the search goes
	// back as far as Recent's bounds let it.
	Since, Until time.Time
	Team         string
	State        State
	Limit        int // rows; 0 is 20
}

// Found is what Recent found.
type Found struct {
	Rows []Row
	// Bounded says that the search ended at a bound of its work, so that older
	// rows may exist which the filter would choose: narrow the filter.
	Bounded bool
	// Unreadable has one error for each row that could not be decoded and was
	// left out. Each names its row.
	Unreadable []error
}

// Bounds of one search.
const (
	defaultLimit = 20
	maxHours     = 31 * 24 // hours that are looked through
	maxRead      = 20_000  // rows that are read and matched
	batch        = 32      // rows that are read at a time
)

// Recent returns the newest rows that f chooses, newest first: by the hour of
// their start, and within the hour by id. With State Open they come by
// deadline, the latest first, and overdue ones belong to calls whose process
// has died.
//
// There is no index for a team or a state, so rows are read until Limit of
// them match, at most 20,000, and from at most 31 days; an hour costs one
// query in each of the 16 shards of the index, 16 at a time. The index may
// lag behind the rows by a moment.
func (l *Ledger) Recent(ctx context.Context, f Filter) (Found, error) {
	const op = "ledger.Recent"
	if err := f.check(); err != nil {
		return Found{}, err
	}
	if f.Limit == 0 {
		f.Limit = defaultLimit
	}
	s := search{l: l, f: f}
	var err error
	if f.State == Open {
		err = s.live(ctx)
	} else {
		err = s.hours(ctx)
	}
	if err != nil {
		return Found{}, storeError(op, err)
	}
	return s.found, nil
}

func (f Filter) check() error {
	bad := func(why string) error { return fault.New(fault.Invalid, "ledger.Recent", why) }
	switch f.State {
	case "", Open, Settled, Refused:
	default:
		return bad(fmt.Sprintf("No call's state is called %q: write open, settled or refused.", f.State))
	}
	switch {
	case f.Limit < 0:
		return bad(fmt.Sprintf("The number of calls to show must be at least 1, not %d.", f.Limit))
	case f.Until.IsZero() && f.State != Open:
		return bad("The end of the period is missing.")
	case !f.Until.IsZero() && !f.Since.Before(f.Until):
		return bad(fmt.Sprintf("The period is empty: it begins at %s and ends at %s.", layout.Instant(f.Since), layout.Instant(f.Until)))
	}
	return nil
}

func (f Filter) chooses(r Row) bool {
	return (f.Team == "" || r.Team == f.Team) && (f.State == "" || r.State == f.State) &&
		!r.StartedAt.Before(f.Since) && (f.Until.IsZero() || r.StartedAt.Before(f.Until))
}

// search is one Recent under way.
type search struct {
	l     *Ledger
	f     Filter
	found Found
	read  int
}

// hours looks through the hours from the last to the first.
func (s *search) hours(ctx context.Context) error {
	hour := s.f.Until.Add(-time.Nanosecond).UTC().Truncate(time.Hour)
	first := s.f.Since.UTC().Truncate(time.Hour)
	for range maxHours {
		if hour.Before(first) || hour.Year() < 1 {
			return nil
		}
		done, err := s.collect(ctx, layout.Recent, attrHourSK, func(shard int) string { return layout.HourPK(hour, shard) })
		if err != nil || done {
			return err
		}
		hour = hour.Add(-time.Hour)
	}
	s.found.Bounded = !hour.Before(first)
	return nil
}

// live looks through the rows that are not yet booked, which the open ones are
// among.
func (s *search) live(ctx context.Context) error {
	_, err := s.collect(ctx, layout.Live, attrLiveSK, layout.LivePK)
	return err
}

// collect adds the rows of one index's 16 partitions, merged by their sort
// key. done says that nothing further is wanted.
func (s *search) collect(ctx context.Context, index, sortAttr string, pk func(shard int) string) (done bool, err error) {
	m := newMerge(s.l.t, index, sortAttr, pk)
	for {
		keys, err := m.next(ctx, batch)
		if err != nil {
			return false, err
		}
		rows, err := s.l.getAll(ctx, keys)
		if err != nil {
			return false, err
		}
		if s.take(rows) {
			return true, nil
		}
		s.read += len(keys)
		if len(keys) < batch {
			return false, nil
		}
		if s.read >= maxRead {
			s.found.Bounded = true
			return true, nil
		}
	}
}

// take adds those rows that the filter chooses, and reports whether it has its
// number of them.
func (s *search) take(rows []table.Item) (full bool) {
	for _, it := range rows {
		if it == nil {
			continue // gone since the index was read
		}
		r, err := decode(it)
		if err != nil {
			s.found.Unreadable = append(s.found.Unreadable, err)
			continue
		}
		if !s.f.chooses(r) {
			continue
		}
		s.found.Rows = append(s.found.Rows, r)
		if len(s.found.Rows) == s.f.Limit {
			return true
		}
	}
	return false
}

// getAll reads rows at once, in the order of keys; nil where there is none.
func (l *Ledger) getAll(ctx context.Context, keys []table.Key) ([]table.Item, error) {
	rows := make([]table.Item, len(keys))
	err := together(len(keys), func(i int) (err error) {
		rows[i], err = l.get(ctx, keys[i])
		return err
	})
	return rows, err
}

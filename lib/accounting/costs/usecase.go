package costs

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"weir/lib/table"
	"weir/lib/table/layout"
)

// A team may have MaxUseCases use cases in a month; calls of further ones are
// booked as OtherUseCase. A tag that holds an id would otherwise make a cell
// of every call. Calls without a use case, and those whose use case is called
// so, count as none.
const (
	MaxUseCases  = 500
	OtherUseCase = "other"
)

// useCases decides which use cases have cells of their own. A decision is made
// once, by whoever comes first, and never changes: each use case that was
// admitted has a marker, and the counter beside the markers only grows. So
// decisions may be remembered.
type useCases struct {
	t          table.Table
	admissions *atomic.Int64 // transactions sent

	mu    sync.Mutex
	known map[teamMonth]*admitted
	names int // in all of known
}

type teamMonth struct{ team, month string }

// admitted is what is known of a team's month. When it is full, all of its use
// cases are known.
type admitted struct {
	names map[string]bool
	full  bool
}

// maxNames bounds the use cases that are remembered: a few megabytes. Beyond
// it all are forgotten, and asked for again.
const maxNames = 20_000

// useCasesPK is the partition of a team's month in the table State: the
// counter and one marker for each use case. They are no cells, so they are not
// in the table of cells.
func useCasesPK(k teamMonth) string { return layout.Join("use_cases", k.month) + sep + part(k.team) }

const (
	counterSK    = "count"
	markerPrefix = "case#"
	attrCount    = "n"
)

// cellUseCase returns the use case under which a call of name is booked. It
// writes at most one small transaction, which may be repeated: a marker that
// is there is an admission, by whomever.
func (u *useCases) cellUseCase(ctx context.Context, team, month, name string) (string, error) {
	if name == "" || name == OtherUseCase {
		return name, nil
	}
	k := teamMonth{team, month}
	in, full := u.recall(k, name)
	if !in && !full {
		var err error
		if in, err = u.admit(ctx, k, name); err != nil {
			return "", err
		}
		if !in {
			if in, err = u.load(ctx, k, name); err != nil {
				return "", err
			}
		}
	}
	if in {
		return name, nil
	}
	return OtherUseCase, nil
}

// recall returns what is remembered of a use case.
func (u *useCases) recall(k teamMonth, name string) (in, full bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	a := u.known[k]
	if a == nil {
		return false, false
	}
	return a.names[name], a.full
}

// admit sets the marker of a use case, if the team has room for it or the
// marker is there.
func (u *useCases) admit(ctx context.Context, k teamMonth, name string) (in bool, err error) {
	pk := useCasesPK(k)
	ws := []table.Write{
		{
			Kind: table.Put, Table: layout.State, Key: table.Key{PK: pk, SK: markerPrefix + part(name)},
			If:  []table.Test{{Attr: table.PK, Op: table.Absent}},
			Set: table.Item{colUseCase: name},
		},
		{
			Kind: table.Update, Table: layout.State, Key: table.Key{PK: pk, SK: counterSK},
			If:  []table.Test{{Attr: attrCount, Op: table.Lt, Val: int64(MaxUseCases), OrAbsent: true}},
			Add: map[string]int64{attrCount: 1},
		},
	}
	err = repeat(ctx, func(ctx context.Context) error {
		u.admissions.Add(1)
		return u.t.Transact(ctx, ws)
	})
	var refused *table.ConditionError
	switch {
	case err == nil:
		in = true
	case errors.As(err, &refused):
		for _, f := range refused.Failed {
			in = in || f.Index == 0
		}
	default:
		return false, err
	}
	if in {
		u.remember(k, false, name)
	}
	return in, nil
}

// load reads all use cases of a month that is full, so that nothing need be
// asked about it again, and reports whether name is one of them.
func (u *useCases) load(ctx context.Context, k teamMonth, name string) (in bool, err error) {
	var names []string
	q := table.Query{Table: layout.State, PK: useCasesPK(k), Prefix: markerPrefix}
	for {
		var page table.Page
		err := repeat(ctx, func(ctx context.Context) (err error) {
			page, err = u.t.Query(ctx, q)
			return err
		})
		if err != nil {
			return false, err
		}
		for _, it := range page.Items {
			d := table.Decode(it)
			names = append(names, d.String(colUseCase))
			if err := d.Err(); err != nil {
				return false, err
			}
			in = in || names[len(names)-1] == name
		}
		if page.Cursor == "" {
			break
		}
		q.Cursor = page.Cursor
	}
	u.remember(k, true, names...)
	return in, nil
}

// remember keeps what was decided.
func (u *useCases) remember(k teamMonth, full bool, names ...string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.names+len(names) > maxNames || u.known == nil {
		u.known, u.names = map[teamMonth]*admitted{}, 0
	}
	a := u.known[k]
	if a == nil {
		a = &admitted{names: map[string]bool{}}
		u.known[k] = a
	}
	a.full = a.full || full
	for _, name := range names {
		if !a.names[name] {
			a.names[name] = true
			u.names++
		}
	}
}

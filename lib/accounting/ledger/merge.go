package ledger

import (
	"context"
	"errors"
	"sync"

	"weir/lib/table"
	"weir/lib/table/layout"
)

// merge reads the shards of an index of the ledger as one list, by descending
// sort key.
type merge struct {
	t      table.Table
	sort   string // the index's sort-key attribute
	shards []shard
}

// shard is what is known of one partition: the rest of the page that was read
// last, and where the next one begins.
type shard struct {
	q    table.Query
	page []table.Item
	end  bool // there is no next page
}

// pageSize is how many keys are read of a shard at a time.
const pageSize = batch

func newMerge(t table.Table, index, sortAttr string, pk func(shard int) string) *merge {
	m := &merge{t: t, sort: sortAttr, shards: make([]shard, layout.Shards)}
	for i := range m.shards {
		m.shards[i].q = table.Query{Table: layout.Ledger, Index: index, PK: pk(i), Desc: true, Limit: pageSize}
	}
	return m
}

// next returns the next n keys, fewer at the end.
func (m *merge) next(ctx context.Context, n int) ([]table.Key, error) {
	var keys []table.Key
	for len(keys) < n {
		if err := m.fill(ctx); err != nil {
			return nil, err
		}
		top, best := -1, ""
		for i := range m.shards {
			if s := &m.shards[i]; len(s.page) > 0 {
				if at := table.Decode(s.page[0]).String(m.sort); top < 0 || at > best {
					top, best = i, at
				}
			}
		}
		if top < 0 {
			break
		}
		d := table.Decode(m.shards[top].page[0])
		keys = append(keys, table.Key{PK: d.String(table.PK), SK: d.String(table.SK)})
		m.shards[top].page = m.shards[top].page[1:]
	}
	return keys, nil
}

// fill reads on in every shard whose page is used up, so that each has its
// next key or is at its end. A page may be empty and not the last.
func (m *merge) fill(ctx context.Context) error {
	var dry []*shard
	for i := range m.shards {
		if s := &m.shards[i]; len(s.page) == 0 && !s.end {
			dry = append(dry, s)
		}
	}
	return together(len(dry), func(i int) error { return m.read(ctx, dry[i]) })
}

func (m *merge) read(ctx context.Context, s *shard) error {
	for len(s.page) == 0 && !s.end {
		var p table.Page
		err := table.Repeat(ctx, func(ctx context.Context) (err error) {
			p, err = m.t.Query(ctx, s.q)
			return err
		})
		if err != nil {
			return err
		}
		s.page, s.q.Cursor, s.end = p.Items, p.Cursor, p.Cursor == ""
	}
	return nil
}

// together calls f for 0 to n-1 at once and waits for all.
func together(n int, f func(i int) error) error {
	if n == 1 {
		return f(0)
	}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

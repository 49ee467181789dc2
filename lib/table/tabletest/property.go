package tabletest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/lib/table"
)

// Random runs random calls on the store and on a model made of table.Apply,
// and compares every item and every error. Run it on each driver: what two
// drivers do like the model they do alike.
func Random(t *testing.T, open Open) {
	h := open(t, Schemas())
	var run atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{t: t, tb: h.Table, run: run.Add(1), items: map[table.Key]table.Item{}}
		for range rapid.IntRange(1, 25).Draw(rt, "calls") {
			m.step(rt)
		}
		m.compareAll(rt)
	})
}

// model is what the store should hold. Every run has keys and index keys of
// its own in the one store.
type model struct {
	t     *testing.T
	tb    table.Table
	run   int64
	items map[table.Key]table.Item
}

func (m *model) step(rt *rapid.T) {
	switch rapid.IntRange(0, 9).Draw(rt, "call") {
	case 0, 1:
		m.transact(rt)
	case 2:
		k := m.key(rt)
		got, err := m.tb.Get(m.t.Context(), items, k, true)
		m.same(rt, "Get", got, m.items[k], err, nil)
	case 3:
		m.query(rt, "")
	case 4, 5:
		w := m.write(rt, table.Put, table.Update)
		got, err := m.tb.DoNew(m.t.Context(), w)
		want, wantErr := m.apply(w)
		m.same(rt, fmt.Sprintf("DoNew %+v", w), got, want, err, wantErr)
	default:
		w := m.write(rt, table.Put, table.Update, table.Update, table.Delete)
		err := m.tb.Do(m.t.Context(), w)
		_, wantErr := m.apply(w)
		m.same(rt, fmt.Sprintf("Do %+v", w), nil, nil, err, wantErr)
	}
}

// apply is the model's Do.
func (m *model) apply(w table.Write) (table.Item, error) {
	after, err := table.Apply(m.items[w.Key], w)
	if err != nil {
		return nil, err
	}
	m.store(w.Key, after)
	return after, nil
}

func (m *model) store(k table.Key, it table.Item) {
	if it == nil {
		delete(m.items, k)
		return
	}
	m.items[k] = it
}

// transact compares a transaction. The model's rule is the port's: all refused
// conditions, else the first other error, else everything.
func (m *model) transact(rt *rapid.T) {
	var ws []table.Write
	for range rapid.IntRange(1, 4).Draw(rt, "writes") {
		w := m.write(rt, table.Put, table.Update, table.Delete, table.Check)
		if !slices.ContainsFunc(ws, func(o table.Write) bool { return o.Key == w.Key }) {
			ws = append(ws, w)
		}
	}
	refused := &table.ConditionError{}
	var other error
	after := make([]table.Item, len(ws))
	for i, w := range ws {
		var err error
		after[i], err = table.Apply(m.items[w.Key], w)
		if cond, ok := errors.AsType[*table.ConditionError](err); ok {
			cond.Failed[0].Index = i
			refused.Failed = append(refused.Failed, cond.Failed...)
		} else if err != nil && other == nil {
			other = err
		}
	}
	want := other
	if len(refused.Failed) > 0 {
		want = refused
	}
	if want == nil {
		for i, w := range ws {
			m.store(w.Key, after[i])
		}
	}
	m.same(rt, fmt.Sprintf("Transact %+v", ws), nil, nil, m.tb.Transact(m.t.Context(), ws), want)
}

// same compares an answer with the model's: item, kind of error, and what each
// refusal shows.
func (m *model) same(rt *rapid.T, call string, got, want table.Item, err, wantErr error) {
	rt.Helper()
	if KindOf(err) != KindOf(wantErr) {
		rt.Fatalf("%s: error %v, the model says %v", call, err, wantErr)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		rt.Fatalf("%s: item (-model +store):\n%s", call, diff)
	}
	var refused, wantRefused *table.ConditionError
	if errors.As(err, &refused) && errors.As(wantErr, &wantRefused) {
		if diff := cmp.Diff(wantRefused.Failed, refused.Failed); diff != "" {
			rt.Fatalf("%s: refused (-model +store):\n%s", call, diff)
		}
	}
}

// query compares one query of the table or of an index.
func (m *model) query(rt *rapid.T, index string) {
	q := table.Query{Table: items, PK: m.partition(rapid.IntRange(0, 1).Draw(rt, "partition")), Index: index}
	bound := rapid.SampledFrom(sortKeyNames)
	switch rapid.IntRange(0, 4).Draw(rt, "range") {
	case 0:
		q.Prefix = bound.Draw(rt, "prefix")
	case 1:
		q.From = bound.Draw(rt, "from")
	case 2:
		q.To = bound.Draw(rt, "to")
	case 3:
		q.From, q.To = bound.Draw(rt, "from"), bound.Draw(rt, "to")
		q.From, q.To = min(q.From, q.To), max(q.From, q.To)
	}
	q.Desc = rapid.Bool().Draw(rt, "desc")
	q.Limit = rapid.IntRange(0, 3).Draw(rt, "limit")
	got, err := pages(m.t.Context(), m.tb, q)
	m.same(rt, "Query", nil, nil, err, nil)
	if diff := cmp.Diff(m.inRange(q), got); diff != "" {
		rt.Fatalf("%+v (-model +store):\n%s", q, diff)
	}
}

func pages(ctx context.Context, tb table.Table, q table.Query) ([]table.Item, error) {
	var out []table.Item
	for {
		p, err := tb.Query(ctx, q)
		if err != nil {
			return out, err
		}
		if out = append(out, p.Items...); p.Cursor == "" {
			return out, nil
		}
		q.Cursor = p.Cursor
	}
}

// inRange is the model's Query of the table.
func (m *model) inRange(q table.Query) []table.Item {
	var out []table.Item
	for k, it := range m.items {
		if k.PK == q.PK && strings.HasPrefix(k.SK, q.Prefix) && k.SK >= q.From && (q.To == "" || k.SK <= q.To) {
			out = append(out, it)
		}
	}
	slices.SortFunc(out, func(a, b table.Item) int {
		order := cmpString(fmt.Sprint(a[table.SK]), fmt.Sprint(b[table.SK]))
		if q.Desc {
			return -order
		}
		return order
	})
	return out
}

// compareAll reads everything back, and both indexes.
func (m *model) compareAll(rt *rapid.T) {
	for p := range 2 {
		q := table.Query{Table: items, PK: m.partition(p)}
		got, err := pages(m.t.Context(), m.tb, q)
		m.same(rt, "Query", nil, nil, err, nil)
		if diff := cmp.Diff(m.inRange(q), got); diff != "" {
			rt.Fatalf("at the end (-model +store):\n%s", diff)
		}
	}
	for _, x := range Schemas()[0].Indexes {
		var want []table.Item
		for k, it := range m.items {
			sk, isText := it[x.SK].(string)
			if it[x.PK] != m.group() || !isText {
				continue
			}
			if !x.Full {
				it = table.Item{table.PK: k.PK, table.SK: k.SK, x.PK: m.group(), x.SK: sk}
			}
			want = append(want, it)
		}
		wantIndex(m.t, m.tb, table.Query{Table: items, Index: x.Name, PK: m.group(), Limit: rapid.IntRange(0, 3).Draw(rt, "limit")}, want...)
	}
}

func (m *model) partition(i int) string { return fmt.Sprintf("run %d/%d", m.run, i) }
func (m *model) group() string          { return fmt.Sprintf("group %d", m.run) }

var (
	sortKeyNames = []string{"a", "a#", "a#1", "a#10", "a#2", "b", "é"}
	attrNames    = []string{"x", "y", "used", "size", "a.b", "#:"}
)

func (m *model) key(rt *rapid.T) table.Key {
	return table.Key{
		PK: m.partition(rapid.IntRange(0, 1).Draw(rt, "partition")),
		SK: rapid.SampledFrom(sortKeyNames).Draw(rt, "sk"),
	}
}

// value draws a value of any type; small ones often, so that they meet.
func value(rt *rapid.T) any {
	switch rapid.IntRange(0, 4).Draw(rt, "type") {
	case 0:
		return rapid.SampledFrom([]string{"", "a", "b", "open", "grüße"}).Draw(rt, "text")
	case 1:
		return rapid.Bool().Draw(rt, "bool")
	case 2:
		return []byte(rapid.SampledFrom([]string{"", "\x00", "\xff\xfe"}).Draw(rt, "bytes"))
	default:
		return number(rt)
	}
}

func number(rt *rapid.T) int64 {
	return rapid.OneOf(
		rapid.Int64Range(-3, 3),
		rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, math.MaxInt64 - 1, 1000, 9007199254740993}),
		rapid.Int64(),
	).Draw(rt, "number")
}

func test(rt *rapid.T) table.Test {
	tt := table.Test{Attr: rapid.SampledFrom(append(attrNames, table.PK)).Draw(rt, "attr")}
	tt.Op = rapid.SampledFrom([]table.Op{
		table.Exists, table.Absent, table.Eq, table.Ne, table.Lt, table.Le, table.Gt, table.Ge,
	}).Draw(rt, "op")
	if tt.Op == table.Exists || tt.Op == table.Absent {
		return tt
	}
	tt.Val = value(rt)
	if tt.Attr == table.PK {
		tt.Val = "run 1/0"
	}
	if _, isBool := tt.Val.(bool); isBool && tt.Op != table.Eq {
		tt.Op = table.Ne
	}
	tt.OrAbsent = rapid.Bool().Draw(rt, "or absent")
	return tt
}

// write draws a write that a Checker lets pass.
func (m *model) write(rt *rapid.T, kinds ...table.Kind) table.Write {
	w := table.Write{Table: items, Key: m.key(rt), Kind: rapid.SampledFrom(kinds).Draw(rt, "kind")}
	for range rapid.SampledFrom([]int{0, 0, 1, 1, 2}).Draw(rt, "tests") {
		w.If = append(w.If, test(rt))
	}
	switch w.Kind {
	case table.Put:
		w.Set = table.Item{}
	case table.Update:
		w.Set, w.Add = table.Item{}, map[string]int64{}
	case table.Delete:
		return w
	case table.Check:
		if len(w.If) == 0 {
			w.If = append(w.If, test(rt))
		}
		return w
	}
	for _, attr := range attrNames {
		m.clause(rt, &w, attr)
	}
	for _, attr := range []string{"group_pk", "group_sk", "rank_pk", "rank_sk"} {
		m.indexClause(rt, &w, attr)
	}
	if w.Kind == table.Update && len(w.Set)+len(w.Add)+len(w.Remove) == 0 {
		w.Set["x"] = "a"
	}
	return w
}

func (m *model) clause(rt *rapid.T, w *table.Write, attr string) {
	switch rapid.IntRange(0, 7).Draw(rt, attr) {
	case 0, 1:
		w.Set[attr] = value(rt)
	case 2, 3:
		if w.Kind == table.Update {
			w.Add[attr] = number(rt)
		}
	case 4:
		if w.Kind == table.Update {
			w.Remove = append(w.Remove, attr)
		}
	}
}

func (m *model) indexClause(rt *rapid.T, w *table.Write, attr string) {
	switch rapid.IntRange(0, 3).Draw(rt, attr) {
	case 0:
		w.Set[attr] = m.group()
		if strings.HasSuffix(attr, "_sk") {
			w.Set[attr] = rapid.SampledFrom(sortKeyNames).Draw(rt, "index sk")
		}
	case 1:
		if w.Kind == table.Update {
			w.Remove = append(w.Remove, attr)
		}
	}
}

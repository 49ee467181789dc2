package publisher_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"weir/events"
	"weir/lib/accounting/publisher"
	"weir/lib/bus"
	"weir/lib/table"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// row is the item of a settled row.
func row(id string, set table.Item) table.Item {
	it := table.Item{
		"pk": id, "sk": "call", "v": int64(1), "state": "settled", "outcome": "ok", "released": true,
		"team": "search", "app": "web", "day": "2026-11-22", "usage_source": "provider",
		"started_at": "2026-11-22T12:00:00.000Z", "settled_at": "2026-11-22T12:00:03.000Z", "cost_nano_usd": int64(5),
	}
	for k, v := range set {
		if it[k] = v; v == nil {
			delete(it, k)
		}
	}
	return it
}

func open(id string) table.Item { return row(id, table.Item{"state": "open"}) }

// change is a change of the ledger.
func change(before, after table.Item) table.Change {
	of := after
	if of == nil {
		of = before
	}
	pk, _ := of["pk"].(string)
	sk, _ := of["sk"].(string)
	return table.Change{Table: "ledger", Key: table.Key{PK: pk, SK: sk}, Old: before, New: after}
}

// settles are changes that close the rows of these ids.
func settles(ids ...string) (cs []table.Change) {
	for _, id := range ids {
		cs = append(cs, change(open(id), row(id, nil)))
	}
	return cs
}

// fakeBus accepts events, but for those that fail has an answer for. It is asked
// with the number of the call, from 1, and the call id.
type fakeBus struct {
	fail func(n int, id string) error
	down func(n int) error

	calls []string // the ids of each call
	got   []events.UsageRecordedV1
	times []time.Time
}

func (b *fakeBus) Publish(_ context.Context, es []bus.Event) (failed []bus.Failure, err error) {
	var ids []string
	var taken []events.UsageRecordedV1
	for i, e := range es {
		u, err := events.DecodeUsageRecordedV1(e.Detail)
		if err != nil || e.Source != "weir" || e.Type != "usage.recorded.v1" {
			return nil, fmt.Errorf("event %+v: %w", e, err)
		}
		ids = append(ids, u.CallID)
		if b.fail != nil {
			if why := b.fail(len(b.calls)+1, u.CallID); why != nil {
				failed = append(failed, bus.Failure{Index: i, Err: why})
				continue
			}
		}
		taken = append(taken, u)
		b.times = append(b.times, e.Time)
	}
	b.calls = append(b.calls, strings.Join(ids, " "))
	if b.down != nil {
		if err := b.down(len(b.calls)); err != nil {
			return nil, err
		}
	}
	b.got = append(b.got, taken...)
	return failed, nil
}

// box is a box of dead letters.
type box struct {
	got  map[string]bus.Letter
	down error
}

func (b *box) Put(_ context.Context, l bus.Letter) error {
	if b.down != nil {
		return b.down
	}
	if b.got == nil {
		b.got = map[string]bus.Letter{}
	}
	b.got[l.Key] = l
	return nil
}

func (b *box) reasons() map[string]string {
	out := map[string]string{}
	for k, l := range b.got {
		out[k] = l.Reason
	}
	return out
}

func ids(es []events.UsageRecordedV1) (out []string) {
	for _, e := range es {
		out = append(out, e.CallID)
	}
	return out
}

func logger(t *testing.T) *slog.Logger { return slog.New(slog.NewTextHandler(t.Output(), nil)) }

// taken runs one batch where time costs nothing.
func taken(t *testing.T, b *fakeBus, letters *box, cs []table.Change) (done int, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := publisher.New(b, letters, func() time.Time { return noon }, logger(t))
		done, err = p.Take(t.Context(), cs)
	})
	return done, err
}

func TestTheEventIsTheRow(t *testing.T) {
	var b fakeBus
	var letters box
	full := row("full", table.Item{
		"emit": int64(2), "outcome": "client_gone", "key_id": "K", "principal": "arn", "use_case": "faq", "tags": `{"env":"prod"}`, "run_id": "r-1",
		"op": "chat", "stream": true, "requested_model": "m", "provider": "p", "model": "pm",
		"input": int64(1), "cache_read": int64(2), "cache_write_5m": int64(3), "cache_write_1h": int64(4), "audio_input": int64(5), "output": int64(6),
		"audio_output": int64(7), "reasoning": int64(8), "units": `{"web_search":9}`, "service_tier": "flex", "usage_source": "drained",
		"price_version": "pv", "config_hash": "ch", "first_token_us": int64(412_900), "duration_us": int64(3_120_000),
		"attempts": `[{"provider":"a"},{"provider":"p"}]`,
	})
	correction := row("c~1", table.Item{"corrects": "c", "cost_nano_usd": int64(-5), "input": int64(-1)})
	_, err := taken(t, &b, &letters, []table.Change{
		change(nil, full),
		change(nil, row("refused", table.Item{"state": "refused", "outcome": "over_budget", "usage_source": "none", "cost_nano_usd": nil})),
		change(open("unpriced"), row("unpriced", table.Item{"unpriced": true, "cost_nano_usd": nil})),
		change(nil, correction),
		change(nil, row("old", table.Item{"day": nil, "new attribute": []byte{1}})),
	})
	if err != nil {
		t.Fatal(err)
	}
	cost := func(n int64) *int64 { return &n }
	short := func(id string) events.UsageRecordedV1 {
		return events.UsageRecordedV1{
			Version: 1, CallID: id, State: "settled", Outcome: "ok", Day: "2026-11-22", Team: "search", App: "web", UsageSource: "provider",
			StartedAt: "2026-11-22T12:00:00.000Z", SettledAt: "2026-11-22T12:00:03.000Z", CostNanoUSD: cost(5),
		}
	}
	want := []events.UsageRecordedV1{
		{
			Version: 1, CallID: "full", Emit: 2, State: "settled", Outcome: "client_gone", Day: "2026-11-22", Team: "search", App: "web", KeyID: "K", Principal: "arn",
			UseCase: "faq", Tags: map[string]string{"env": "prod"}, RunID: "r-1", Op: "chat", Stream: true, RequestedModel: "m", Provider: "p", Model: "pm",
			Tokens: events.Tokens{Input: 1, CacheRead: 2, CacheWrite5m: 3, CacheWrite1h: 4, AudioInput: 5, Output: 6, AudioOutput: 7, Reasoning: 8},
			Units:  map[string]int64{"web_search": 9}, ServiceTier: "flex", UsageSource: "drained", CostNanoUSD: cost(5), PriceVersion: "pv", ConfigHash: "ch",
			StartedAt: "2026-11-22T12:00:00.000Z", SettledAt: "2026-11-22T12:00:03.000Z", FirstTokenMS: 412, DurationMS: 3120, Attempts: 2,
		}, short("refused"), short("unpriced"), short("c~1"), short("old"),
	}
	want[1].State, want[1].Outcome, want[1].UsageSource, want[1].CostNanoUSD = "refused", "over_budget", "none", cost(0)
	want[2].CostNanoUSD = nil
	want[3].Corrects, want[3].CostNanoUSD, want[3].Tokens.Input = "c", cost(-5), -1
	if diff := cmp.Diff(want, b.got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for _, at := range b.times {
		if !at.Equal(noon.Add(3 * time.Second)) {
			t.Errorf("an event is of %v, want the time at which the row was closed", at)
		}
	}
}

func TestWhatIsPassedOver(t *testing.T) {
	settled := row("x", nil)
	of := func(set table.Item) table.Item { return row("x", set) }
	elsewhere := change(open("x"), settled)
	elsewhere.Table = "state"
	for name, c := range map[string]table.Change{
		"a row that opens":         change(nil, open("x")),
		"a row that stays open":    change(open("x"), of(table.Item{"state": "open", "model": "m"})),
		"a booking":                change(settled, of(table.Item{"booked": true, "live_pk": nil})),
		"a removal":                change(settled, nil),
		"a removal of an open row": change(open("x"), nil),
		"another table":            elsewhere,
		"another kind of item":     change(nil, of(table.Item{"sk": "scope"})),
		"a count that fell":        change(of(table.Item{"emit": int64(3)}), of(table.Item{"emit": int64(2)})),
	} {
		t.Run(name, func(t *testing.T) {
			var b fakeBus
			var letters box
			done, err := taken(t, &b, &letters, []table.Change{c})
			if done != 1 || err != nil || len(b.calls) > 0 || len(letters.got) > 0 {
				t.Errorf("done %d, %v; sent %v, letters %v", done, err, b.calls, letters.reasons())
			}
		})
	}
	t.Run("asked for again is not", func(t *testing.T) {
		var b fakeBus
		_, err := taken(t, &b, &box{}, []table.Change{change(of(table.Item{"emit": int64(1)}), of(table.Item{"emit": int64(2)}))})
		if err != nil || len(b.got) != 1 || b.got[0].Emit != 2 {
			t.Errorf("%v, %+v", err, b.got)
		}
	})
}

// many are the ids of two full parts and a half.
func many() (out []string) {
	for i := range 250 {
		out = append(out, fmt.Sprintf("c%03d", i))
	}
	return out
}

func TestFailuresOfTheBus(t *testing.T) {
	busy, no := errors.New("busy"), fmt.Errorf("%w: too large", bus.ErrRejected)
	until := func(last int, ids ...string) func(int, string) error {
		return func(n int, id string) error {
			if n <= last && (len(ids) == 0 || strings.Contains(strings.Join(ids, " "), id)) {
				return busy
			}
			return nil
		}
	}
	for name, tc := range map[string]struct {
		bus     fakeBus
		letters box
		ids     []string
		done    int
		err     error
		calls   []string
		reasons map[string]string
	}{
		"all is well":                        {ids: []string{"a", "b"}, done: 2, calls: []string{"a b"}},
		"only what failed is sent again":     {bus: fakeBus{fail: until(2, "b", "d")}, ids: []string{"a", "b", "c", "d"}, done: 4, calls: []string{"a b c d", "b d", "b d"}},
		"it is given back in the end":        {bus: fakeBus{fail: until(99, "b", "d")}, ids: []string{"a", "b", "c", "d"}, done: 1, err: busy, calls: []string{"a b c d", "b d", "b d", "b d"}},
		"nothing goes":                       {bus: fakeBus{fail: until(99)}, ids: []string{"a", "b"}, done: 0, err: busy, calls: []string{"a b", "a b", "a b", "a b"}},
		"the bus is down for a while":        {bus: fakeBus{down: func(n int) error { return map[int]error{1: busy, 2: busy}[n] }}, ids: []string{"a", "b"}, done: 2, calls: []string{"a b", "a b", "a b"}},
		"the bus is down":                    {bus: fakeBus{down: func(int) error { return busy }}, ids: []string{"a", "b"}, done: 0, err: busy, calls: []string{"a b", "a b", "a b", "a b"}},
		"one is refused for good":            {bus: fakeBus{fail: func(_ int, id string) error { return map[string]error{"b": no}[id] }}, ids: []string{"a", "b", "c"}, done: 3, calls: []string{"a b c"}, reasons: map[string]string{"b": no.Error()}},
		"one is refused, another fails":      {bus: fakeBus{fail: func(_ int, id string) error { return map[string]error{"b": no, "c": busy}[id] }}, ids: []string{"a", "b", "c"}, done: 2, err: busy, calls: []string{"a b c", "c", "c", "c"}, reasons: map[string]string{"b": no.Error()}},
		"refused, and there are no letters":  {bus: fakeBus{fail: func(_ int, id string) error { return map[string]error{"b": no}[id] }}, letters: box{down: busy}, ids: []string{"a", "b", "c"}, done: 1, err: busy, calls: []string{"a b c"}},
		"failed before one without a letter": {bus: fakeBus{fail: func(_ int, id string) error { return map[string]error{"b": busy, "c": no}[id] }}, letters: box{down: busy}, ids: []string{"a", "b", "c"}, done: 1, err: busy, calls: []string{"a b c"}},
		"many are sent in parts":             {ids: many(), done: 250, calls: []string{strings.Join(many()[:100], " "), strings.Join(many()[100:200], " "), strings.Join(many()[200:], " ")}},
		"no part goes after one that failed": {bus: fakeBus{fail: until(99, "c150")}, ids: many(), done: 150, err: busy, calls: []string{
			strings.Join(many()[:100], " "), strings.Join(many()[100:200], " "), "c150", "c150", "c150",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			done, err := taken(t, &tc.bus, &tc.letters, settles(tc.ids...))
			if done != tc.done || !errors.Is(err, tc.err) {
				t.Errorf("done %d, %v, want %d, %v", done, err, tc.done, tc.err)
			}
			if diff := cmp.Diff(tc.calls, tc.bus.calls); diff != "" {
				t.Errorf("calls of the bus (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.reasons, tc.letters.reasons(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("letters (-want +got):\n%s", diff)
			}
		})
	}
}

// TestADistrustedBus: a bus that counts wrongly loses nothing.
func TestADistrustedBus(t *testing.T) {
	for name, answer := range map[string][]bus.Failure{
		"a failure of no event": {{Index: 2, Err: errors.New("x")}}, "of a negative one": {{Index: -1}},
		"without an error": {{Index: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				p := publisher.New(busFunc(func(context.Context, []bus.Event) ([]bus.Failure, error) {
					calls++
					return answer, nil
				}), &box{}, time.Now, logger(t))
				done, err := p.Take(t.Context(), settles("a", "b"))
				if err == nil || done == 2 || calls != 4 {
					t.Errorf("done %d, %v after %d calls", done, err, calls)
				}
			})
		})
	}
}

type busFunc func(context.Context, []bus.Event) ([]bus.Failure, error)

func (f busFunc) Publish(ctx context.Context, es []bus.Event) ([]bus.Failure, error) {
	return f(ctx, es)
}

// TestTheEndOfTheContext: a publisher that is stopped does not wait for a bus
// that fails.
func TestTheEndOfTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		p := publisher.New(busFunc(func(context.Context, []bus.Event) ([]bus.Failure, error) {
			calls++
			cancel()
			return nil, errors.New("down")
		}), &box{}, time.Now, logger(t))
		start := time.Now()
		done, err := p.Take(ctx, settles("a"))
		if done != 0 || err == nil || calls != 1 || time.Since(start) > 0 {
			t.Errorf("done %d, %v, %d calls, after %v", done, err, calls, time.Since(start))
		}
	})
}

func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fakeBus{fail: func(n int, id string) error {
			return map[string]error{"1 b": errors.New("busy"), "1 c": bus.ErrRejected}[fmt.Sprintf("%d %s", n, id)]
		}}
		p := publisher.New(&b, &box{}, time.Now, logger(t))
		cs := append(settles("a", "b", "c"), change(nil, row("bad", table.Item{"v": int64(2)})), change(nil, open("d")))
		if _, err := p.Take(t.Context(), cs); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(publisher.Stats{Published: 2, Letters: 2, Again: 1}, p.Stats()); diff != "" {
			t.Errorf("stats (-want +got):\n%s", diff)
		}
	})
}

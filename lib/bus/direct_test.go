package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/bus"
)

func event(n int) bus.Event {
	return bus.Event{Source: "weir", Type: "test.v1", Detail: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n))}
}

func eventsUpTo(n int) (es []bus.Event) {
	for i := range n {
		es = append(es, event(i))
	}
	return es
}

// recorder is a subscriber that fails the events with these details.
type recorder struct {
	fail map[string]error
	err  error
	got  []string
}

func (r *recorder) take(_ context.Context, es []bus.Event) (out []bus.Failure, err error) {
	for i, e := range es {
		r.got = append(r.got, string(e.Detail))
		if why, ok := r.fail[string(e.Detail)]; ok {
			out = append(out, bus.Failure{Index: i, Err: why})
		}
	}
	slices.Reverse(out) // their order is not the bus's business
	return out, r.err
}

func describe(fs []bus.Failure) (out []string) {
	for _, f := range fs {
		out = append(out, fmt.Sprintf("%d: %v", f.Index, f.Err))
	}
	return out
}

func TestDirect(t *testing.T) {
	why := errors.New("busy")
	malformed := "bus: event rejected: its detail is no JSON object"
	for name, tc := range map[string]struct {
		subscribers []*recorder
		publish     []bus.Event
		want        []string // failures
		got         [][]string
		err         error
	}{
		"everybody takes everything": {
			subscribers: []*recorder{{}, {}},
			publish:     eventsUpTo(2),
			got:         [][]string{{`{"n":0}`, `{"n":1}`}, {`{"n":0}`, `{"n":1}`}},
		},
		"nobody subscribed": {publish: eventsUpTo(2)},
		"nothing published": {subscribers: []*recorder{{}}, got: [][]string{nil}},
		"failures of several, in the order of events": {
			subscribers: []*recorder{
				{fail: map[string]error{`{"n":3}`: why, `{"n":1}`: why}},
				{fail: map[string]error{`{"n":0}`: why, `{"n":1}`: errors.New("second")}},
			},
			publish: eventsUpTo(4),
			want:    []string{"0: busy", "1: busy", "3: busy"},
			got:     [][]string{{`{"n":0}`, `{"n":1}`, `{"n":2}`, `{"n":3}`}, {`{"n":0}`, `{"n":1}`, `{"n":2}`, `{"n":3}`}},
		},
		"a failure without an error": {
			subscribers: []*recorder{{fail: map[string]error{`{"n":1}`: nil}}},
			publish:     eventsUpTo(2),
			want:        []string{"1: bus: a subscriber failed the event without saying why"},
			got:         [][]string{{`{"n":0}`, `{"n":1}`}},
		},
		"what EventBridge refuses reaches nobody": {
			subscribers: []*recorder{{fail: map[string]error{`{"n":9}`: why}}},
			publish: []bus.Event{
				{Type: "x", Detail: json.RawMessage(`{}`)},
				event(1),
				{Source: "x", Detail: json.RawMessage(`{}`)},
				{Source: "x", Type: "x", Detail: json.RawMessage(`[]`)},
				event(9),
				{Source: "x", Type: "x"},
				{Source: "x", Type: "x", Detail: json.RawMessage(`null`)},
			},
			want: []string{
				"0: bus: event rejected: it has no source", "2: bus: event rejected: it has no type", "3: " + malformed, "4: busy", "5: " + malformed, "6: " + malformed,
			},
			got: [][]string{{`{"n":1}`, `{"n":9}`}},
		},
		"nothing but malformed events": {
			subscribers: []*recorder{{err: why}},
			publish:     []bus.Event{{}},
			want:        []string{"0: bus: event rejected: it has no source"},
			got:         [][]string{nil},
		},
		"one that is down does not keep the others from it": {
			subscribers: []*recorder{{err: why}, {}},
			publish:     eventsUpTo(1),
			got:         [][]string{{`{"n":0}`}, {`{"n":0}`}},
			err:         why,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var handlers []bus.Handler
			for _, s := range tc.subscribers {
				handlers = append(handlers, s.take)
			}
			failed, err := bus.NewDirect(handlers...).Publish(t.Context(), tc.publish)
			if !errors.Is(err, tc.err) {
				t.Fatalf("error %v, want %v", err, tc.err)
			}
			if diff := cmp.Diff(tc.want, describe(failed)); diff != "" {
				t.Errorf("failures (-want +got):\n%s", diff)
			}
			for i, s := range tc.subscribers {
				if diff := cmp.Diff(tc.got[i], s.got); diff != "" {
					t.Errorf("subscriber %d got (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

func TestDirectDistrusts(t *testing.T) {
	t.Run("a failure of no event fails the batch", func(t *testing.T) {
		for _, index := range []int{-1, 2} {
			why := errors.New("lost count")
			d := bus.NewDirect(func(context.Context, []bus.Event) ([]bus.Failure, error) {
				return []bus.Failure{{Index: index, Err: why}}, nil
			})
			if _, err := d.Publish(t.Context(), eventsUpTo(2)); !errors.Is(err, why) {
				t.Errorf("index %d: error %v", index, err)
			}
		}
	})
	t.Run("a subscriber may spoil its list", func(t *testing.T) {
		var second recorder
		d := bus.NewDirect(func(_ context.Context, es []bus.Event) ([]bus.Failure, error) {
			clear(es)
			return nil, nil
		}, second.take)
		es := eventsUpTo(2)
		if _, err := d.Publish(t.Context(), es); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{`{"n":0}`, `{"n":1}`}, second.got); diff != "" {
			t.Errorf("the second got (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(eventsUpTo(2), es); diff != "" {
			t.Errorf("the publisher's list (-want +got):\n%s", diff)
		}
	})
	t.Run("ErrRejected can be asked for", func(t *testing.T) {
		failed, err := bus.NewDirect().Publish(t.Context(), []bus.Event{{}})
		if err != nil || len(failed) != 1 || !errors.Is(failed[0].Err, bus.ErrRejected) {
			t.Errorf("%v, %v", failed, err)
		}
	})
}

package hubtest

import (
	"testing"

	"weir/lib/llm"
)

// Ordered checks what llm.Event promises of the events of one answer, which
// ended with failed: their order, that every block that is spoken of is open,
// that no count is negative, and that the answer ends in an error or in
// Finished, never in both or neither.
func Ordered(t testing.TB, events []llm.Event, failed error) {
	t.Helper()
	o := order{t: t, open: map[int]bool{}}
	for i, ev := range events {
		o.next(i, ev)
		if _, ok := ev.(llm.Finished); ok && (i != len(events)-1 || failed != nil) {
			t.Errorf("Finished at place %d of %d, error %v", i, len(events), failed)
		}
	}
	if failed != nil {
		return
	}
	if len(events) == 0 {
		t.Error("no error and no events")
		return
	}
	if _, ok := events[len(events)-1].(llm.Finished); !ok {
		t.Error("no error and no Finished")
	}
}

type order struct {
	t       testing.TB
	open    map[int]bool
	blocks  int
	stopped bool
	counted bool
}

func (o *order) next(i int, ev llm.Event) {
	o.t.Helper()
	switch ev := ev.(type) {
	case llm.Started:
		if i != 0 {
			o.t.Errorf("Started at place %d", i)
		}
	case llm.Opened:
		if ev.Index != o.blocks || o.stopped {
			o.t.Errorf("Opened %d, want %d (stopped: %v)", ev.Index, o.blocks, o.stopped)
		}
		o.open[ev.Index] = true
		o.blocks++
	case llm.Delta:
		if ev.Text == "" {
			o.t.Errorf("an empty Delta of block %d", ev.Index)
		}
		o.opened("Delta", ev.Index)
	case llm.Sealed:
		o.opened("Sealed", ev.Index)
	case llm.Cited:
		o.opened("Cited", ev.Index)
	case llm.Closed:
		o.opened("Closed", ev.Index)
		delete(o.open, ev.Index)
	case llm.Stopped:
		if o.stopped || len(o.open) > 0 {
			o.t.Errorf("Stopped twice, or with %d open blocks", len(o.open))
		}
		o.stopped = true
	case llm.Vectors, llm.Counted:
		o.counted = true
	case llm.Finished:
		if !o.stopped && !o.counted {
			o.t.Error("Finished without an answer")
		}
	case llm.Used:
		u := ev.Usage
		if min(u.Input, u.CacheRead, u.CacheWrite5m, u.CacheWrite1h, u.AudioIn, u.Output, u.AudioOut, u.Reasoning) < 0 || u.Reasoning > u.Output {
			o.t.Errorf("usage %+v", u)
		}
	case llm.Beside, llm.Dropped:
	}
}

func (o *order) opened(what string, index int) {
	o.t.Helper()
	if !o.open[index] {
		o.t.Errorf("%s of block %d, which is not open", what, index)
	}
}

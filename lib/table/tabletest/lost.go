package tabletest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"weir/lib/table"
)

// lostAnswers tests, around the driver's real behaviour, that each of the
// port's errors says the truth about whether the write happened, and that the
// forms of write that the gateway uses can be repeated after a lost answer.
func lostAnswers(t *testing.T, h Harness) {
	for _, c := range []struct {
		fault    Fault
		want     error
		happened bool
	}{
		{Throttled, table.ErrThrottled, false},
		{Conflict, table.ErrConflict, false},
		{LostBefore, table.ErrUnknown, false},
		{LostAfter, table.ErrUnknown, true},
	} {
		t.Run(fmt.Sprintf("fault %d", c.fault), func(t *testing.T) {
			oneFault(t, h, c.fault, c.want, c.happened)
		})
	}
	t.Run("a call counts once however often it is repeated", func(t *testing.T) { repeatedWrites(t, h) })
	t.Run("one of many writers wins although answers are lost", func(t *testing.T) { repeatedPuts(t, h) })
}

func oneFault(t *testing.T, h Harness, fault Fault, want error, happened bool) {
	once := []table.Test{{Attr: table.PK, Op: table.Absent}}
	for name, do := range map[string]func(f *Faulty, w table.Write) error{
		"Do":    func(f *Faulty, w table.Write) error { return f.Do(t.Context(), w) },
		"DoNew": func(f *Faulty, w table.Write) error { _, err := f.DoNew(t.Context(), w); return err },
		"Transact": func(f *Faulty, w table.Write) error {
			return f.Transact(t.Context(), []table.Write{w})
		},
	} {
		f := NewFaulty(h.Table, Writes(fault))
		w := table.Write{Kind: table.Put, Table: items, Key: key(t, name), Set: table.Item{"n": int64(1)}, If: once}
		wantErr(t, do(f, w), want)
		stored := table.Item(nil)
		if happened {
			stored = w.Set
		}
		wantItem(t, f, w.Key, stored)
		switch err := do(f, w); {
		case happened:
			wantRefused(t, err, table.Failed{Key: w.Key, Old: whole(w.Key, w.Set)})
		case err != nil:
			t.Errorf("%s again: %v", name, err)
		}
	}
}

// repeatedWrites reserves for many calls over a store that fails half of the
// time. A marker in the item makes each count once.
func repeatedWrites(t *testing.T, h Harness) {
	f := NewFaulty(h.Table, Often(1, 0.5))
	const each = 3
	together(func(i int) {
		for j := range each {
			marker := fmt.Sprintf("call-%d-%d", i, j)
			err := table.Repeat(t.Context(), func(ctx context.Context) error {
				err := f.Do(ctx, table.Write{
					Kind: table.Update, Table: items, Key: key(t, "scope"),
					If:  []table.Test{{Attr: marker, Op: table.Absent}},
					Add: map[string]int64{"used": 5}, Set: table.Item{marker: int64(1)},
				})
				var refused *table.ConditionError
				if errors.As(err, &refused) && refused.Failed[0].Old[marker] != nil {
					return nil // mine: it happened the first time
				}
				return err
			})
			if err != nil {
				t.Errorf("%s: %v", marker, err)
			}
		}
	})
	it, err := h.Table.Get(t.Context(), items, key(t, "scope"), true)
	if err != nil || it["used"] != int64(5*each*writers) {
		t.Errorf("used %v, %v, want %d", it["used"], err, 5*each*writers)
	}
	if _, faults := f.Count(); faults == 0 {
		t.Error("no call got a fault: nothing was tested")
	}
}

func repeatedPuts(t *testing.T, h Harness) {
	f := NewFaulty(h.Table, Often(2, 0.5))
	winners := make(chan int64, writers)
	together(func(i int) {
		me := int64(i)
		won := false
		err := table.Repeat(t.Context(), func(ctx context.Context) error {
			err := f.Transact(ctx, []table.Write{{
				Kind: table.Put, Table: items, Key: key(t, "lease"), Set: table.Item{"owner": me},
				If: []table.Test{{Attr: "owner", Op: table.Absent}},
			}})
			if refused, ok := errors.AsType[*table.ConditionError](err); ok {
				won = refused.Failed[0].Old["owner"] == me
				return nil
			}
			won = err == nil
			return err
		})
		if err != nil {
			t.Errorf("writer %d: %v", i, err)
		}
		if won {
			winners <- me
		}
	})
	if len(winners) != 1 {
		t.Fatalf("%d winners, want 1", len(winners))
	}
	wantItem(t, h.Table, key(t, "lease"), table.Item{"owner": <-winners})
}

package ledger_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// TestCorrected: a call is shown with its correction, and without one where
// there is none.
func TestCorrected(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		l := ledger.New(tb)
		fixed, lost, settled, open := abandon(t, l, 3200), abandon(t, l, 3201), opened(3202), mustOpen(t, l, opened(3203))
		mustSettle(t, l, fixed.CallID, settlement())
		mustSettle(t, l, mustOpen(t, l, settled).CallID, settlement())
		stranger := abandon(t, l, 3204) // another call has the id of its correction
		other := opened(3205)
		other.CallID = stranger.CallID + "~1"
		mustOpen(t, l, other)
		correction := corrected(fixed, settlement())
		for name, want := range map[string]ledger.Corrected{
			"corrected":           {Row: fixed, Correction: &correction},
			"given up":            {Row: lost},
			"settled":             {Row: closed(settled, ledger.Settled, settlement())},
			"open":                {Row: open},
			"a correction":        {Row: correction},
			"an id of a stranger": {Row: stranger},
		} {
			got, ok, err := l.Corrected(t.Context(), want.CallID)
			if err != nil || !ok {
				t.Fatalf("%s: %v, %v", name, ok, err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		for _, id := range []string{"", "nobody", strings.Repeat("x", 65), fixed.CallID + "~2"} {
			if got, ok, err := l.Corrected(t.Context(), id); ok || err != nil {
				t.Errorf("%q: %+v, %v", id, got, err)
			}
		}
	})
	t.Run("a store that is away", func(t *testing.T) {
		store := tabletest.NewFaulty(tabletest.SQLite(t), nil)
		l := ledger.New(store)
		r := abandon(t, l, 3206)
		mustSettle(t, l, r.CallID, settlement())
		for reads := range 2 {
			n := 0
			store.Set(func(tabletest.Call) tabletest.Fault {
				if n++; n > reads {
					return tabletest.Throttled
				}
				return tabletest.None
			})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, ok, err := l.Corrected(ctx, r.CallID)
			cancel()
			if ok {
				t.Error("half an answer is no answer")
			}
			wantKind(t, err, fault.StoreDown)
		}
	})
}

func TestJSONOfACorrectedRow(t *testing.T) {
	r := givenUp(opened(0))
	correction := corrected(r, settlement())
	plain := marshal(t, r)
	if got := marshal(t, ledger.Corrected{Row: r}); got != plain {
		t.Errorf("without a correction\n%s\nwant\n%s", got, plain)
	}
	want := strings.TrimSuffix(plain, "}") + `,"correction":` + marshal(t, correction) + "}"
	if got := marshal(t, ledger.Corrected{Row: r, Correction: &correction}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !strings.Contains(want, `"correction":{"call_id":"01a20320-a200-7000-8000-000000000000~1","state":"settled","outcome":"ok",`) || !strings.Contains(want, `"corrects":"01a20320-a200-7000-8000-000000000000"`) {
		t.Errorf("the correction is not told: %s", want)
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

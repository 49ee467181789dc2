package layout_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/lib/table/layout"
)

func instants() *rapid.Generator[time.Time] {
	first := time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC).UnixMilli()
	last := time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC).UnixMilli()
	return rapid.Custom(func(t *rapid.T) time.Time {
		zone := time.FixedZone("somewhere", rapid.IntRange(-12, 14).Draw(t, "zone")*3600)
		return time.UnixMilli(rapid.Int64Range(first, last).Draw(t, "instant")).In(zone)
	})
}

func TestInstantsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := instants().Draw(t, "t")
		got, err := layout.ParseInstant(layout.Instant(want))
		if err != nil || !got.Equal(want) {
			t.Errorf("%v came back as %v, %v", want, got, err)
		}
	})
	if got := layout.Instant(time.Time{}); got != "" {
		t.Errorf("the zero time is %q", got)
	}
	if _, err := layout.ParseInstant("yesterday"); err == nil {
		t.Error("a word is an instant")
	}
}

func TestInstantsSortAsTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := instants().Draw(t, "a"), instants().Draw(t, "b")
		if x, y := layout.Instant(a), layout.Instant(b); a.Before(b) != (x < y) || a.Equal(b) != (x == y) {
			t.Errorf("%s and %s sort otherwise than %v and %v", x, y, a, b)
		}
	})
}

func TestLedgerIndexKeys(t *testing.T) {
	at := time.Date(2026, 11, 22, 11, 59, 59, 0, time.FixedZone("CET", 3600))
	for got, want := range map[string]string{
		layout.LivePK(3):        "live#03",
		layout.LiveSK(at, "id"): "2026-11-22T10:59:59.000Z#id",
		layout.HourPK(at, 15):   "2026-11-22T10#15",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestShards(t *testing.T) {
	used := map[int]int{}
	for i := range 1600 {
		s := layout.Shard(time.UnixMilli(int64(i)).UTC().Format(time.RFC3339Nano))
		if s < 0 || s >= layout.Shards {
			t.Fatalf("shard %d", s)
		}
		used[s]++
	}
	for s := range layout.Shards {
		if used[s] < 40 { // 100 on average
			t.Errorf("shard %d has %d of 1600 ids", s, used[s])
		}
	}
	const stored = 8 // rows lie in it: the hash may not change
	if got := layout.Shard("call"); got != stored {
		t.Errorf("shard of %q is %d, want %d", "call", got, stored)
	}
}

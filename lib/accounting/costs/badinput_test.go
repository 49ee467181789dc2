package costs_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"weir/events"
	"weir/lib/accounting/costs"
	"weir/lib/bus"
	"weir/lib/money"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// changed is the event of c with members replaced; nil takes one out.
func changed(t *testing.T, c call, members map[string]any) bus.Event {
	t.Helper()
	ev := event(t, c.event())
	all := map[string]any{}
	d := json.NewDecoder(strings.NewReader(string(ev.Detail)))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	for name, v := range members {
		all[name] = v
		if v == nil {
			delete(all, name)
		}
	}
	detail, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	ev.Detail = detail
	return ev
}

// TestUnreadableEvents: what cannot be booked stands in the dead letters with
// its reason, and what stands beside it is booked.
func TestUnreadableEvents(t *testing.T) {
	tb := tabletest.SQLite(t)
	for name, tc := range map[string]struct {
		members map[string]any
		reason  string
	}{
		"a version to come":            {map[string]any{"version": 2}, "version 2"},
		"without a day":                {map[string]any{"day": nil}, "day is missing"},
		"without a state":              {map[string]any{"state": nil}, "state is missing"},
		"without tokens":               {map[string]any{"tokens": nil}, "tokens is missing"},
		"without a cost":               {map[string]any{"cost_nano_usd": nil}, "cost_nano_usd is missing"},
		"a day that is none":           {map[string]any{"day": "2026-02-30"}, "2026-02-30"},
		"a month for a day":            {map[string]any{"day": "2026-11"}, "2026-11"},
		"still open":                   {map[string]any{"state": "open"}, "open"},
		"a negative amount":            {map[string]any{"cost_nano_usd": -1}, "only a correction may be negative"},
		"negative tokens":              {map[string]any{"tokens": map[string]any{"input": -5}}, "tokens.input"},
		"more than there are numbers":  {map[string]any{"cost_nano_usd": json.Number("9223372036854775808")}, "cost_nano_usd"},
		"a fraction":                   {map[string]any{"cost_nano_usd": 1.5}, "cost_nano_usd"},
		"text for a number":            {map[string]any{"saved_nano_usd": "12"}, "saved_nano_usd"},
		"a list for a team":            {map[string]any{"team": []string{"search"}}, "team"},
		"a correction of itself":       {map[string]any{"corrects": plain(0).id()}, "corrects"},
		"a correction that is refused": {map[string]any{"corrects": "another", "state": "refused"}, "corrects"},
	} {
		t.Run(name, func(t *testing.T) {
			letters := &dead{}
			b := booker(tb, letters)
			mustBook(t, b, []bus.Event{changed(t, plain(0), tc.members)})
			letters.want(t, plain(0).id())
			if l := letters.put[plain(0).id()]; !strings.Contains(l.Reason, tc.reason) {
				t.Errorf("the reason is %q, which does not say %q", l.Reason, tc.reason)
			}
			if s := b.Stats(); s.Letters != 1 || s.Transactions != 0 {
				t.Errorf("stats %+v, want one letter and no transaction", s)
			}
		})
	}
	if got := cellItems(t, tb, "2026-11-22", "2026-11"); len(got) > 0 {
		t.Errorf("cells %v", got)
	}
}

// TestStrangeEvents: what has no call id, or is no JSON, is kept as well, once
// for each event; types of no concern are ignored.
func TestStrangeEvents(t *testing.T) {
	letters := &dead{}
	c, other := plain(1), plain(2)
	mislabelled := other.event()
	tb := tabletest.SQLite(t)
	open(t, tb, c, other)
	typed := func(typ, detail string) bus.Event { return bus.Event{Type: typ, Detail: json.RawMessage(detail)} }
	es := []bus.Event{
		typed(events.TypeUsageRecordedV1, `{"call_id":`),
		typed(events.TypeUsageRecordedV1, `null`),
		typed(events.TypeUsageRecordedV1, `{"version":1,"call_id":"a\nb"}`),
		typed("usage.recorded.v2", `{"version":2,"call_id":"from-the-future"}`),
		typed("budget.threshold.v1", `{}`),
		typed("usage.recorded.v3", string(event(t, mislabelled).Detail)), // its type counts
		event(t, c.event()),
	}
	b := booker(tb, letters)
	for range 2 {
		mustBook(t, b, es)
	}
	wantBooked(t, tb, c)
	if len(letters.put) != 5 || letters.put["from-the-future"].Reason == "" || letters.put[other.id()].Reason == "" {
		t.Errorf("letters %v, want 5, one of them about from-the-future and one about %s", letters.put, other.id())
	}
	for key := range letters.put {
		if strings.ContainsAny(key, " \n") {
			t.Errorf("key %q", key)
		}
	}
	if s := b.Stats(); s.Ignored != 2 || s.Letters != 10 || s.Booked != 1 || s.Repeated != 1 {
		t.Errorf("stats %+v", s)
	}

	letters.away = true
	failed, err := b.Book(t.Context(), es)
	if err != nil || fmt.Sprint(failedAt(failed)) != "[0 1 2 3 5]" {
		t.Errorf("without dead letters %v were handed back, %v, want the five", failedAt(failed), err)
	}
}

// TestNewerEvents: members that this program does not know are no obstacle.
func TestNewerEvents(t *testing.T) {
	tb, c := tabletest.SQLite(t), plain(0)
	open(t, tb, c)
	mustBook(t, booker(tb, &dead{}), []bus.Event{changed(t, c, map[string]any{
		"region": "eu", "tokens": map[string]any{
			"input": 1000, "cache_read": 10, "cache_write_5m": 20, "cache_write_1h": 30, "audio_input": 40,
			"output": 500, "audio_output": 50, "reasoning": 60, "video": 70,
		},
	})})
	wantBooked(t, tb, c)
}

// TestFullCells: an amount that a cell has no room for is put aside, and the
// others of its batch are booked.
func TestFullCells(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		const most = math.MaxInt64
		letters := &dead{}
		calls := some(98, 0, plain)
		huge := []call{plain(200), plain(201), plain(202)}
		for i := range huge {
			huge[i].cost = most - 100*money.NanoUSD(i)
			huge[i].dims.Team = "ads"
		}
		small := some(3, 300, func(n int) call {
			c := plain(n)
			c.dims.Team, c.cost = "ads", 1
			return c
		})
		open(t, tb, append(append(calls, huge...), small...)...)
		// In one batch, where they do not even add up among themselves.
		b := booker(tb, letters)
		mustBook(t, b, eventsOf(t, append(append(calls, huge[1], huge[2]), small...)...))
		if got := b.Stats().Transactions; got > 20 {
			t.Errorf("%d transactions to set one row of a hundred aside", got)
		}
		// Later, when the cell is nearly full.
		mustBook(t, b, eventsOf(t, huge[0]))
		letters.want(t, huge[2].id(), huge[0].id())
		if l := letters.put[huge[0].id()]; !strings.Contains(l.Reason, "cost_nano_usd") {
			t.Errorf("reason %q does not name the figure", l.Reason)
		}
		good := append(append([]call{huge[1]}, small...), calls...)
		wantBooked(t, tb, good...)

		// What was put aside can still be booked when it fits.
		mustBook(t, b, eventsOf(t, huge[2]))
		letters.want(t, huge[2].id(), huge[0].id())
		wantBooked(t, tb, good...)
	})
}

// TestBrokenCells: a cell that another program spoiled is named in the letter
// of each row that belongs into it; rows of other cells are booked.
func TestBrokenCells(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		letters := &dead{}
		spoiled, good := plain(0), plain(1)
		good.dims.Team = "ads"
		open(t, tb, spoiled, good)
		before := plain(2)
		open(t, tb, before)
		mustBook(t, booker(tb, letters), eventsOf(t, before))
		sk, _ := cellItems(t, tb, "2026-11")[0]["sk"].(string)
		edit(t, tb, layout.Costs, table.Key{PK: "2026-11", SK: sk}, table.Item{"calls": "a few"})
		mustBook(t, booker(tb, letters), eventsOf(t, spoiled, good))
		letters.want(t, spoiled.id())
		if l := letters.put[spoiled.id()]; !strings.Contains(l.Reason, "attribute calls") || !strings.Contains(l.Reason, sk) {
			t.Errorf("reason %q names neither cell nor attribute", l.Reason)
		}
		rep, err := costs.NewReader(tb).Report(t.Context(), costs.Filter{Month: "2026-11", Is: map[string]string{"team": "ads"}}, nil)
		if err != nil || rep.Total != good.sums() {
			t.Errorf("%+v, %v", rep, err)
		}
		if _, err := costs.NewReader(tb).Report(t.Context(), costs.Filter{Month: "2026-11"}, nil); err == nil {
			t.Error("a report over a cell that cannot be read is no error")
		}
	})
}

// TestOlderCells: what an older program did not write reads as empty and 0,
// and is added to like everything else.
func TestOlderCells(t *testing.T) {
	tb, first, second := tabletest.SQLite(t), plain(0), plain(1)
	open(t, tb, first, second)
	b := booker(tb, &dead{})
	mustBook(t, b, eventsOf(t, first))
	sk, _ := cellItems(t, tb, "2026-11")[0]["sk"].(string)
	edit(t, tb, layout.Costs, table.Key{PK: "2026-11", SK: sk}, nil, "model", "reasoning")
	want := first.sums()
	want.Reasoning = 0
	read := func() costs.Report {
		t.Helper()
		rep, err := costs.NewReader(tb).Report(t.Context(), costs.Filter{Month: "2026-11"}, []string{"model"})
		if err != nil || len(rep.Rows) != 1 {
			t.Fatalf("%+v, %v", rep, err)
		}
		return rep
	}
	if rep := read(); rep.Rows[0].Model != "" || rep.Total != want {
		t.Errorf("report %+v, want no model and %+v", rep, want)
	}
	mustBook(t, b, eventsOf(t, second))
	if err := want.Add(second.sums()); err != nil {
		t.Fatal(err)
	}
	if rep := read(); rep.Rows[0].Model != first.dims.Model || rep.Total != want {
		t.Errorf("report %+v, want the model and %+v", rep, want)
	}
}

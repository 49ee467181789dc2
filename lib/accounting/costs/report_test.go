package costs_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"weir/lib/accounting/costs"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// watched is a store that notes queries, and gives them in small pages.
type watched struct {
	table.Table
	page    int
	queries []table.Query
}

func (w *watched) Query(ctx context.Context, q table.Query) (table.Page, error) {
	q.Limit = w.page
	w.queries = append(w.queries, q)
	return w.Table.Query(ctx, q)
}

// one returns the query that was made, page by page.
func (w *watched) one(t *testing.T) table.Query {
	t.Helper()
	if len(w.queries) < 2 {
		t.Errorf("%d pages were read: the test's are too large", len(w.queries))
	}
	first := w.queries[0]
	for _, q := range w.queries {
		q.Cursor = ""
		if q != first {
			t.Errorf("two queries: %+v and %+v", first, q)
		}
	}
	w.queries, first.Limit = nil, 0
	return first
}

// TestAccessPaths: what finance asks for is one query by a readable key, and
// has every call that belongs to it and no other.
func TestAccessPaths(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		calls := some(100, 0, mixed)
		calls = append(calls, some(24, 100, func(n int) call { // names of which one begins with the other
			c := mixed(n)
			c.dims.Team = []string{"sea", "search#1", "search team", "search%"}[n%4]
			return c
		})...)
		open(t, tb, calls...)
		mustBook(t, booker(tb, &dead{}), eventsOf(t, calls...))
		w := &watched{Table: tb, page: 1}
		r := costs.NewReader(w)
		for _, tc := range []struct {
			name   string
			filter costs.Filter
			want   table.Query
			in     func(c call) bool
		}{
			{
				"a team's month",
				costs.Filter{Month: "2026-11", Is: map[string]string{"team": "search"}},
				table.Query{PK: "2026-11", Prefix: "search#"},
				func(c call) bool { return c.day[:7] == "2026-11" && c.dims.Team == "search" },
			},
			{
				"an app's month",
				costs.Filter{Month: "2026-11", Is: map[string]string{"team": "search", "app": "web"}},
				table.Query{PK: "2026-11", Prefix: "search#web#"},
				func(c call) bool { return c.day[:7] == "2026-11" && c.dims.Team == "search" },
			},
			{
				"all teams of a month",
				costs.Filter{Month: "2026-12"},
				table.Query{PK: "2026-12"},
				func(c call) bool { return c.day[:7] == "2026-12" },
			},
			{
				"a day",
				costs.Filter{Day: "2026-11-30"},
				table.Query{PK: "2026-11-30"},
				func(c call) bool { return c.day == "2026-11-30" },
			},
			{
				"a team's day",
				costs.Filter{Day: "2026-11-30", Is: map[string]string{"team": "search%"}},
				table.Query{PK: "2026-11-30", Prefix: "search%25#"},
				func(c call) bool { return c.day == "2026-11-30" && c.dims.Team == "search%" },
			},
			{
				"a use case of a month",
				costs.Filter{Month: "2026-11", Is: map[string]string{"use_case": "faq"}},
				table.Query{Index: layout.ByUseCase, PK: "2026-11#faq"},
				func(c call) bool { return c.day[:7] == "2026-11" && c.dims.UseCase == "faq" },
			},
			{
				"calls without a use case",
				costs.Filter{Month: "2026-11", Is: map[string]string{"use_case": ""}},
				table.Query{Index: layout.ByUseCase, PK: "2026-11#"},
				func(c call) bool { return c.day[:7] == "2026-11" && c.dims.UseCase == "" },
			},
			{
				"a model of a month",
				costs.Filter{Month: "2026-11", Is: map[string]string{"model": "model-3"}},
				table.Query{Index: layout.ByModel, PK: "2026-11#model-3"},
				func(c call) bool { return c.day[:7] == "2026-11" && c.dims.Model == "model-3" },
			},
			{
				"a team's model",
				costs.Filter{Month: "2026-11", Is: map[string]string{"team": "ads", "model": "model-3", "provider": "openai"}},
				table.Query{PK: "2026-11", Prefix: "ads#"},
				func(c call) bool {
					return c.day[:7] == "2026-11" && c.dims.Team == "ads" && c.dims.Model == "model-3"
				},
			},
			{
				"a use case of a day",
				costs.Filter{Day: "2026-11-22", Is: map[string]string{"use_case": "chat"}},
				table.Query{PK: "2026-11-22"},
				func(c call) bool { return c.day == "2026-11-22" && c.dims.UseCase == "chat" },
			},
		} {
			t.Run(tc.name, func(t *testing.T) {
				tc.want.Table = layout.Costs
				for _, by := range [][]string{nil, {"model", "team"}, costs.Dimensions()} {
					wantReport(t, r, tc.filter, by, slices.DeleteFunc(slices.Clone(calls), func(c call) bool { return !tc.in(c) }))
					if diff := gocmp.Diff(tc.want, w.one(t)); diff != "" {
						t.Errorf("query (-want +got):\n%s", diff)
					}
				}
			})
		}
	})
}

// wantReport compares a report with sums over calls. An index may lag, so it
// looks again for a while.
func wantReport(t *testing.T, r *costs.Reader, f costs.Filter, by []string, calls []call) {
	t.Helper()
	want := costs.Report{By: by, Rows: reportRows(t, by, calls)}
	for _, row := range want.Rows {
		if err := want.Total.Add(row.Sums); err != nil {
			t.Fatal(err)
		}
	}
	if len(calls) == 0 {
		t.Fatal("no call belongs to this report")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		got, err := r.Report(ctx, f, by)
		if err != nil {
			t.Fatal(err)
		}
		diff := gocmp.Diff(want, got, cmpopts.EquateEmpty())
		if diff == "" {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("report by %v (-want +got):\n%s", by, diff)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// reportRows sums calls up by the named dimensions.
func reportRows(t *testing.T, by []string, calls []call) []costs.Row {
	t.Helper()
	var rows []costs.Row
	at := map[string]int{}
	for _, c := range calls {
		var d costs.Dims
		var name []string
		for _, column := range by {
			switch v := c.dims.Get(column); column {
			case "team":
				d.Team, name = v, append(name, v)
			case "app":
				d.App, name = v, append(name, v)
			case "use_case":
				d.UseCase, name = v, append(name, v)
			case "provider":
				d.Provider, name = v, append(name, v)
			case "model":
				d.Model, name = v, append(name, v)
			}
		}
		k := strings.Join(name, "\x00")
		if _, ok := at[k]; !ok {
			at[k] = len(rows)
			rows = append(rows, costs.Row{Dims: d})
		}
		if err := rows[at[k]].Add(c.sums()); err != nil {
			t.Fatal(err)
		}
	}
	slices.SortFunc(rows, func(a, b costs.Row) int {
		for _, column := range by {
			if n := strings.Compare(a.Get(column), b.Get(column)); n != 0 {
				return n
			}
		}
		return 0
	})
	return rows
}

func TestReportsOfNothing(t *testing.T) {
	rep, err := costs.NewReader(tabletest.SQLite(t)).Report(t.Context(), costs.Filter{Month: "1999-01"}, []string{"team"})
	if err != nil || len(rep.Rows) != 0 || rep.Total != (costs.Sums{}) {
		t.Errorf("%+v, %v, want an empty report", rep, err)
	}
}

func TestReportsThatAreNone(t *testing.T) {
	r := costs.NewReader(tabletest.SQLite(t))
	for _, tc := range []struct {
		filter costs.Filter
		by     []string
		param  string
		says   string
	}{
		{costs.Filter{}, nil, "month", "needs a month"},
		{costs.Filter{Month: "2026-11", Day: "2026-11-22"}, nil, "month", "not of both"},
		{costs.Filter{Month: "2026-13"}, nil, "month", `"2026-13" is no month`},
		{costs.Filter{Month: "2026-1"}, nil, "month", "2026-11"},
		{costs.Filter{Month: "2026-11-22"}, nil, "month", "no month"},
		{costs.Filter{Day: "2026-11-31"}, nil, "day", "no day"},
		{costs.Filter{Day: "2026-11"}, nil, "day", "2026-11-22"},
		{costs.Filter{Month: "2026-11", Is: map[string]string{"region": "eu"}}, nil, "by", "region"},
		{costs.Filter{Month: "2026-11"}, []string{"teams"}, "by", "team, app, use_case, provider, model"},
		{costs.Filter{Month: "2026-11"}, []string{"team", "app", "team"}, "by", "team is named twice"},
	} {
		_, err := r.Report(t.Context(), tc.filter, tc.by)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Param != tc.param || !strings.Contains(f.Public, tc.says) {
			t.Errorf("%+v by %v: %v, want one of kind Invalid about %s that says %q", tc.filter, tc.by, err, tc.param, tc.says)
		}
	}
}

// TestReportsThatDoNotAddUp: cells may hold more together than a number can.
func TestReportsThatDoNotAddUp(t *testing.T) {
	tb := tabletest.SQLite(t)
	calls := some(2, 0, plain)
	for i := range calls {
		calls[i].cost, calls[i].dims.Team = math.MaxInt64-1, fmt.Sprintf("team-%d", i)
	}
	open(t, tb, calls...)
	mustBook(t, booker(tb, &dead{}), eventsOf(t, calls...))
	wantBooked(t, tb, calls...)
	r := costs.NewReader(tb)
	_, err := r.Report(t.Context(), costs.Filter{Month: "2026-11"}, []string{"app"})
	if !errors.Is(err, costs.ErrOverflow) || fault.KindOf(err) != fault.Internal {
		t.Errorf("%v, want ErrOverflow", err)
	}
	if rep, err := r.Report(t.Context(), costs.Filter{Month: "2026-11", Is: map[string]string{"team": "team-1"}}, nil); err != nil || rep.Total.Cost != math.MaxInt64-1 {
		t.Errorf("%+v, %v: one team alone adds up", rep, err)
	}
}

func TestReportsWithoutAStore(t *testing.T) {
	store := tabletest.NewFaulty(tabletest.SQLite(t), func(tabletest.Call) tabletest.Fault { return tabletest.Throttled })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := costs.NewReader(store).Report(ctx, costs.Filter{Month: "2026-11"}, nil); fault.KindOf(err) != fault.StoreDown {
		t.Errorf("%v, want one of kind StoreDown", err)
	}
	store.Set(tabletest.Calls(tabletest.Throttled, tabletest.LostAfter))
	if _, err := costs.NewReader(store).Report(t.Context(), costs.Filter{Month: "2026-11"}, nil); err != nil {
		t.Errorf("%v: a read is repeated", err)
	}
}

// TestColumns: the names are a contract with those who read the tables.
func TestColumns(t *testing.T) {
	if got, want := strings.Join(costs.Dimensions(), ","), "team,app,use_case,provider,model"; got != want {
		t.Errorf("dimensions %s, want %s", got, want)
	}
	want := "calls,refused,errors,cache_hits,input,cache_read,cache_write_5m,cache_write_1h,audio_input,output,audio_output,reasoning," +
		"cost_nano_usd,saved_nano_usd,estimated_nano_usd,unpriced_calls"
	if got := strings.Join(costs.Figures(), ","); got != want {
		t.Errorf("figures %s, want %s", got, want)
	}
	s := costs.Sums{
		Calls: 1, Refused: 2, Errors: 3, CacheHits: 4, Input: 5, CacheRead: 6, CacheWrite5m: 7, CacheWrite1h: 8, AudioInput: 9,
		Output: 10, AudioOutput: 11, Reasoning: 12, Cost: 13, Saved: 14, Estimated: 15, Unpriced: 16,
	}
	if got := fmt.Sprint(s.Values()); got != "[1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16]" {
		t.Errorf("values %s", got)
	}
	if got := (costs.Dims{Team: "t"}).Get("region"); got != "" {
		t.Errorf("a dimension that is none is %q", got)
	}
}

package costs_test

import (
	"fmt"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"weir/lib/accounting/costs"
	"weir/lib/table/tabletest"
)

// words are names made of what keys are made of.
func words() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringOfN(rapid.RuneFrom([]rune("#%235~ax👩")), 0, 4, -1),
		rapid.StringOfN(rapid.RuneFrom([]rune("x#")), 150, 170, -1),
		rapid.String(),
	)
}

// TestNamesProperty books calls of any names and sums them up by any columns:
// no two names are taken for one, and a filter lets its own calls pass alone.
func TestNamesProperty(t *testing.T) {
	tb := tabletest.SQLite(t)
	r, b := costs.NewReader(tb), booker(tb, &dead{})
	n, round := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		day := fmt.Sprintf("%04d-%02d-01", 1+round/12, 1+round%12) // a month of its own
		calls := make([]call, rapid.IntRange(1, 12).Draw(rt, "calls"))
		few := rapid.SliceOfN(words(), 1, 4).Draw(rt, "names")
		name := func(what string) string { return rapid.SampledFrom(few).Draw(rt, what) }
		for i := range calls {
			calls[i] = plain(n)
			n++
			calls[i].day = day
			calls[i].dims = costs.Dims{Team: "t" + name("team"), App: name("app"), UseCase: name("use case"), Provider: name("provider"), Model: name("model")}
		}
		open(t, tb, calls...)
		mustBook(t, b, eventsOf(t, calls...))

		by := rapid.SliceOfNDistinct(rapid.SampledFrom(costs.Dimensions()), 0, 5, rapid.ID).Draw(rt, "by")
		is, one := map[string]string{}, calls[0].dims
		for _, column := range rapid.SliceOfNDistinct(rapid.SampledFrom(costs.Dimensions()), 0, 3, rapid.ID).Draw(rt, "is") {
			is[column] = one.Get(column)
		}
		f := costs.Filter{Month: day[:7], Is: is}
		if rapid.Bool().Draw(rt, "of a day") {
			f = costs.Filter{Day: day, Is: is}
		}
		got, err := r.Report(t.Context(), f, by)
		if err != nil {
			rt.Fatal(err)
		}
		var in []call
		for _, c := range calls {
			passes := true
			for column, v := range is {
				passes = passes && c.dims.Get(column) == v
			}
			if passes {
				in = append(in, c)
			}
		}
		if diff := gocmp.Diff(reportRows(t, by, in), got.Rows, cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("%+v by %v (-want +got):\n%s", f, by, diff)
		}
	})
}

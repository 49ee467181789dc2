package costs_test

import (
	"testing"

	"weir/lib/accounting/costs"
	"weir/lib/table"
	"weir/lib/table/tabletest/drivers"
)

func TestBook(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		letters := &dead{}
		var calls []call
		for i := range 250 {
			calls = append(calls, plain(i))
		}
		open(t, tb, calls...)
		b := booker(tb, letters)
		mustBook(t, b, eventsOf(t, calls...))
		t.Logf("%+v", b.Stats())
		letters.want(t)
		rep, err := costs.NewReader(tb).Report(t.Context(), costs.Filter{Month: "2026-11"}, costs.Dimensions())
		t.Logf("%+v %v", rep, err)
	})
}

package costs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
)

// Filter says which cells a report is made of: those of one month or of one
// day that have the given values.
type Filter struct {
	Month string // 2026-11; or
	Day   string // 2026-11-22, in the billing zone
	// Is has the dimensions that must be equal, by their names. "" is a value
	// like others: calls without a use case, or that no provider was called for.
	Is map[string]string
}

// Report is a table of sums.
type Report struct {
	By    []string // the dimensions by which Rows are told apart
	Rows  []Row    // by these dimensions in turn, bytewise
	Total Sums     // of all rows
}

// Row is the sum of all cells that have the same values in the dimensions of
// the report; the other dimensions are empty.
type Row struct {
	Dims
	Sums
}

// Reader makes reports of cost cells. It is safe for concurrent use.
type Reader struct{ t table.Table }

// NewReader returns the Reader of the cells in t.
func NewReader(t table.Table) *Reader { return &Reader{t: t} }

// Report sums up the cells that f lets pass, by the named dimensions; without
// a name there is one row, the total. Cells that do not exist are no rows.
//
// It is one query of the store, page by page, along the access path that f
// allows: a day, or a month, of one team or of all; a use case of a month; a
// model of a month. Reports of a use case or a model come from an index, which
// may lag behind by moments; the others have every row that was booked before.
//
// A period that is none, and a name that is no dimension, are of Kind Invalid;
// a store that does not serve is StoreDown; a sum that leaves int64 and a cell
// that cannot be read are Internal.
func (r *Reader) Report(ctx context.Context, f Filter, by []string) (Report, error) {
	const op = "costs.Report"
	if err := f.check(); err != nil {
		return Report{}, err
	}
	if err := checkBy(by); err != nil {
		return Report{}, err
	}
	sums := map[Dims]*Sums{}
	rep := Report{By: slices.Clone(by)}
	err := r.each(ctx, f, func(c Cell) error {
		if err := rep.Total.Add(c.Sums); err != nil {
			return fmt.Errorf("total of %s: %w", c.Period, err)
		}
		d := c.only(by)
		if sums[d] == nil {
			sums[d] = &Sums{}
		}
		return sums[d].Add(c.Sums)
	})
	switch {
	case err == nil:
	case table.Unavailable(err):
		return Report{}, fault.Wrap(fault.StoreDown, op, err)
	default:
		return Report{}, fault.Wrap(fault.Internal, op, err)
	}
	for d, s := range sums {
		rep.Rows = append(rep.Rows, Row{Dims: d, Sums: *s})
	}
	slices.SortFunc(rep.Rows, func(a, b Row) int { return compareBy(by, a.Dims, b.Dims) })
	return rep, nil
}

// each calls do with every cell that f lets pass.
func (r *Reader) each(ctx context.Context, f Filter, do func(Cell) error) error {
	q := f.query()
	for {
		var page table.Page
		err := table.Repeat(ctx, func(ctx context.Context) (err error) {
			page, err = r.t.Query(ctx, q)
			return err
		})
		if err != nil {
			return err
		}
		for _, it := range page.Items {
			c, err := decode(it)
			if err != nil {
				return err
			}
			if !f.passes(c.Dims) {
				continue
			}
			if err := do(c); err != nil {
				return err
			}
		}
		if page.Cursor == "" {
			return nil
		}
		q.Cursor = page.Cursor
	}
}

// query is the access path of f: the narrowest partition, or part of one, that
// has all of its cells.
func (f Filter) query() table.Query {
	q := table.Query{Table: layout.Costs, PK: f.period()}
	team, ofTeam := f.Is[colTeam]
	app, ofApp := f.Is[colApp]
	useCase, ofUseCase := f.Is[colUseCase]
	model, ofModel := f.Is[colModel]
	switch {
	case ofTeam && ofApp:
		q.Prefix = part(team) + sep + part(app) + sep
	case ofTeam:
		q.Prefix = part(team) + sep
	case f.Month != "" && ofUseCase:
		q.Index, q.PK = layout.ByUseCase, monthKey(f.Month, useCase)
	case f.Month != "" && ofModel:
		q.Index, q.PK = layout.ByModel, monthKey(f.Month, model)
	}
	return q
}

func (f Filter) period() string {
	if f.Day != "" {
		return f.Day
	}
	return f.Month
}

// passes reports whether a cell is one of f's.
func (f Filter) passes(d Dims) bool {
	for name, want := range f.Is {
		if d.Get(name) != want {
			return false
		}
	}
	return true
}

// check refuses periods and dimensions that no cell has.
func (f Filter) check() error {
	switch {
	case f.Month != "" && f.Day != "":
		return invalid("month", "A report is of a month or of a day, not of both.")
	case f.Month == "" && f.Day == "":
		return invalid("month", "A report needs a month, such as 2026-11, or a day, such as 2026-11-22.")
	case f.Month != "" && !isPeriod("2006-01", f.Month):
		return invalid("month", fmt.Sprintf("%q is no month. Write it like 2026-11.", f.Month))
	case f.Day != "" && !isPeriod(time.DateOnly, f.Day):
		return invalid("day", fmt.Sprintf("%q is no day. Write it like 2026-11-22.", f.Day))
	}
	return checkBy(slices.Sorted(maps.Keys(f.Is)))
}

func isPeriod(form, s string) bool {
	t, err := time.Parse(form, s)
	return err == nil && t.Format(form) == s
}

func checkBy(by []string) error {
	all := Dimensions()
	for i, name := range by {
		if !slices.Contains(all, name) {
			return invalid("by", fmt.Sprintf("Costs are not kept by %q. Choose of: %s.", name, strings.Join(all, ", ")))
		}
		if slices.Contains(by[:i], name) {
			return invalid("by", fmt.Sprintf("The column %s is named twice.", name))
		}
	}
	return nil
}

func invalid(param, public string) error {
	return &fault.Error{Kind: fault.Invalid, Op: "costs.Report", Param: param, Public: public}
}

// only returns d without the dimensions that by does not name.
func (d Dims) only(by []string) Dims {
	var o Dims
	for _, dim := range dimensions {
		if slices.Contains(by, dim.name) {
			*dim.of(&o) = *dim.of(&d)
		}
	}
	return o
}

// compareBy orders dims by the named dimensions in turn.
func compareBy(by []string, a, b Dims) int {
	for _, name := range by {
		if order := strings.Compare(a.Get(name), b.Get(name)); order != 0 {
			return order
		}
	}
	return 0
}

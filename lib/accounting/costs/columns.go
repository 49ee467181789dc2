package costs

import (
	"errors"
	"fmt"
	"math"
)

// dimension is one of the names by which cells are told apart.
type dimension struct {
	name string
	of   func(*Dims) *string
}

// dimensions are the parts of a cell's sort key, in their order. It is the
// order of the columns of a report, too. A new one is appended: cells written
// before it read as empty.
var dimensions = []dimension{
	{colTeam, func(d *Dims) *string { return &d.Team }},
	{colApp, func(d *Dims) *string { return &d.App }},
	{colUseCase, func(d *Dims) *string { return &d.UseCase }},
	{colProvider, func(d *Dims) *string { return &d.Provider }},
	{colModel, func(d *Dims) *string { return &d.Model }},
}

const (
	colTeam     = "team"
	colApp      = "app"
	colUseCase  = "use_case"
	colProvider = "provider"
	colModel    = "model"
)

// figure is one of the numbers of a cell.
type figure struct {
	name string
	of   func(*Sums) *int64
}

// figures are the numbers of a cell in the order of a report's columns. New
// ones are appended.
var figures = []figure{
	{"calls", func(s *Sums) *int64 { return &s.Calls }},
	{"refused", func(s *Sums) *int64 { return &s.Refused }},
	{"errors", func(s *Sums) *int64 { return &s.Errors }},
	{"cache_hits", func(s *Sums) *int64 { return &s.CacheHits }},
	{"input", func(s *Sums) *int64 { return &s.Input }},
	{"cache_read", func(s *Sums) *int64 { return &s.CacheRead }},
	{"cache_write_5m", func(s *Sums) *int64 { return &s.CacheWrite5m }},
	{"cache_write_1h", func(s *Sums) *int64 { return &s.CacheWrite1h }},
	{"audio_input", func(s *Sums) *int64 { return &s.AudioInput }},
	{"output", func(s *Sums) *int64 { return &s.Output }},
	{"audio_output", func(s *Sums) *int64 { return &s.AudioOutput }},
	{"reasoning", func(s *Sums) *int64 { return &s.Reasoning }},
	{"cost_nano_usd", func(s *Sums) *int64 { return (*int64)(&s.Cost) }},
	{"saved_nano_usd", func(s *Sums) *int64 { return (*int64)(&s.Saved) }},
	{"estimated_nano_usd", func(s *Sums) *int64 { return (*int64)(&s.Estimated) }},
	{"unpriced_calls", func(s *Sums) *int64 { return &s.Unpriced }},
}

// Dimensions returns the names of the dimensions as they are called in the
// store, in reports and by `weir costs --by`, in the order of columns.
func Dimensions() []string {
	names := make([]string, len(dimensions))
	for i, d := range dimensions {
		names[i] = d.name
	}
	return names
}

// Figures returns the names of the figures as they are called in the store and
// in reports, in the order of columns.
func Figures() []string {
	names := make([]string, len(figures))
	for i, f := range figures {
		names[i] = f.name
	}
	return names
}

// Get returns the value of the dimension name; "" for a name that Dimensions
// does not list.
func (d Dims) Get(name string) string {
	for _, dim := range dimensions {
		if dim.name == name {
			return *dim.of(&d)
		}
	}
	return ""
}

// Values returns the figures in the order of Figures.
func (s Sums) Values() []int64 {
	values := make([]int64, len(figures))
	for i, f := range figures {
		values[i] = *f.of(&s)
	}
	return values
}

// ErrOverflow says that a sum would leave int64.
var ErrOverflow = errors.New("costs: sum out of range")

// Add adds o to s. A figure that would leave int64 is ErrOverflow, which names
// it, and s stays as it was.
func (s *Sums) Add(o Sums) error {
	sum := *s
	for _, f := range figures {
		a, b := f.of(&sum), *f.of(&o)
		if b > 0 && *a > math.MaxInt64-b || b < 0 && *a < math.MinInt64-b {
			return fmt.Errorf("%w: %s %d and %d", ErrOverflow, f.name, *a, b)
		}
		*a += b
	}
	*s = sum
	return nil
}

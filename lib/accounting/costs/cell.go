// Package costs keeps the cost cells: sums of calls by period, team, app, use
// case, provider and model, from which finance reads a month. Every figure is
// derived from ledger rows, each of which is in exactly one day cell and one
// month cell.
//
// A Booker adds rows to cells, and a Reader sums cells up. The package knows
// no prices and no clock of its own: what a call cost, and the day in which it
// began, are in its row.
package costs

import "weir/lib/money"

// Dims say which cell a call belongs to. Model and provider are those that
// answered; both are empty where none was called. UseCase is the one the call
// is booked under: OtherUseCase where its team has too many in the month.
type Dims struct {
	Team, App, UseCase, Provider, Model string
}

// Cell is one cell.
type Cell struct {
	Period string // day (2026-11-22) or month (2026-11), in the billing zone
	Dims
	Sums
}

// Sums are what is added up. Corrections add 0 to Calls and Refused; their
// other figures are differences and may be negative, so a sum may be, too.
type Sums struct {
	Calls     int64 // settled
	Refused   int64 // by a limit
	Errors    int64 // settled with an outcome other than ok
	CacheHits int64

	Input, CacheRead, CacheWrite5m, CacheWrite1h int64
	AudioInput, Output, AudioOutput, Reasoning   int64 // Reasoning is part of Output

	Cost      money.NanoUSD
	Saved     money.NanoUSD // what cache hits would have cost
	Estimated money.NanoUSD // part of Cost that rests on estimated usage
	Unpriced  int64         // calls without a known price: their cost is not in Cost
}

package ledger

import (
	"weir/lib/table"
	"weir/lib/table/layout"
)

// Book returns the write that marks a closed row as booked, for the
// transaction that adds its figures to the cost cells: the row is the outbox
// of finance, and a row that is marked can never be added again. callID may be
// a correction's. cellUseCase is the use case under which the row is booked,
// empty where it is the row's own.
//
// The write is refused unless the row is there, closed and not yet booked.
// An update cannot branch, so there are two forms. With released the row also
// leaves the index of live rows, and it is refused where a limit of the call
// still waits for an answer (RefusedUnreleased). Then the second form, without
// released, books the row and leaves it in the index; the reaper takes it out.
func Book(callID, cellUseCase string, released bool) table.Write {
	w := table.Write{
		Kind: table.Update, Table: layout.Ledger, Key: key(callID),
		If: []table.Test{
			{Attr: attrState, Op: table.Exists},
			{Attr: attrState, Op: table.Ne, Val: string(Open)},
			{Attr: attrBooked, Op: table.Absent},
		},
		Set: table.Item{attrBooked: true},
	}
	if cellUseCase != "" {
		w.Set[attrCellUseCase] = clip(cellUseCase, maxLabel)
	}
	if released {
		w.If = append(w.If, table.Test{Attr: attrReleased, Op: table.Exists})
		w.Remove = []string{attrLivePK, attrLiveSK}
	}
	return w
}

// Refusal says why a row could not be booked.
type Refusal uint8

// The refusals.
const (
	// RefusedNot: nothing in the row stands against booking it. The item is
	// not the one that refused, or has changed since; try again.
	RefusedNot Refusal = iota
	// RefusedMissing: there is no such row.
	RefusedMissing
	// RefusedOpen: the call is not over.
	RefusedOpen
	// RefusedBooked: the row is in the cost cells already.
	RefusedBooked
	// RefusedUnreleased: a limit of the call waits for an answer. Use the
	// second form of Book.
	RefusedUnreleased
)

// BookRefusal says why a write of Book was refused, by the item that refused
// it: table.Failed.Old, nil where there is none. The first reason that holds
// is given, in the order of the constants; only the form with released can be
// refused as RefusedUnreleased.
func BookRefusal(old table.Item) Refusal {
	has := func(attr string) bool { _, ok := old[attr]; return ok }
	switch {
	case old == nil || !has(attrState):
		return RefusedMissing
	case old[attrState] == string(Open):
		return RefusedOpen
	case has(attrBooked):
		return RefusedBooked
	case !has(attrReleased):
		return RefusedUnreleased
	}
	return RefusedNot
}

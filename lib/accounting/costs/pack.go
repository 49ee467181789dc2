package costs

import (
	"cmp"
	"slices"

	"weir/lib/accounting/ledger"
	"weir/lib/table"
)

// entry is one row on its way into the cells.
type entry struct {
	Entry
	own   string // the row's own use case, where it is booked under another
	at    []int  // places in the batch; more than one where it came repeatedly
	body  []byte // the event
	sk    string // sort key of both cells
	later bool   // a limit of the call still waits: the row stays live
	tries int    // refusals without a reason
}

// row is the write that marks e's row as booked.
func (e *entry) row() table.Write {
	cellUseCase := ""
	if e.UseCase != e.own {
		cellUseCase = e.UseCase
	}
	return ledger.Book(e.CallID, cellUseCase, !e.later)
}

// pack parts entries so that the rows of each part and their cells, each once,
// fit into one transaction. Entries that share cells go together: a cell is
// then written once for many rows.
func pack(entries []*entry) [][]*entry {
	for _, e := range entries {
		e.sk = sortKey(e.Dims)
	}
	slices.SortFunc(entries, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.sk, b.sk), cmp.Compare(a.Day, b.Day), cmp.Compare(a.CallID, b.CallID))
	})
	var packs [][]*entry
	begin, size := 0, 0
	cells := map[table.Key]bool{}
	for i, e := range entries {
		more := 1
		for _, k := range e.cells() {
			if !cells[k] {
				more++
			}
		}
		if size+more > table.MaxTransactWrites {
			packs = append(packs, entries[begin:i])
			clear(cells)
			begin, size, more = i, 0, 1+len(e.cells())
		}
		for _, k := range e.cells() {
			cells[k] = true
		}
		size += more
	}
	if begin < len(entries) {
		packs = append(packs, entries[begin:])
	}
	return packs
}

// cells are the places of the two cells that e is part of.
func (e *entry) cells() [2]table.Key {
	return [2]table.Key{{PK: e.Day, SK: e.sk}, {PK: e.Month(), SK: e.sk}}
}

// writes is the transaction that books a pack: the rows in their order, then
// the cells. Amounts whose sum leaves int64 are ErrOverflow.
func writes(pack []*entry) ([]table.Write, error) {
	ws := make([]table.Write, 0, table.MaxTransactWrites)
	var cells []*Cell
	at := map[table.Key]*Cell{}
	for _, e := range pack {
		ws = append(ws, e.row())
		for _, k := range e.cells() {
			c := at[k]
			if c == nil {
				c = &Cell{Period: k.PK, Dims: e.Dims}
				at[k] = c
				cells = append(cells, c)
			}
			if err := c.Add(e.Sums); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range cells {
		ws = append(ws, update(c.Period, c.Dims, c.Sums))
	}
	return ws, nil
}

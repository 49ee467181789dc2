package costs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"weir/lib/table"
	"weir/lib/table/layout"
)

// A cell's item: pk is the period, sk its dimensions as key parts, in their
// order. Dimensions and figures are attributes by the names of their columns,
// and so is the period. Month cells alone are in the two indexes.
const (
	attrMonth = "month"
	attrDay   = "day"

	attrUseCasePK = "use_case_pk"
	attrUseCaseSK = "use_case_sk"
	attrModelPK   = "model_pk"
	attrModelSK   = "model_sk"
)

// Lengths of periods.
const (
	monthLen = len("2026-11")
	dayLen   = len("2026-11-22")
)

// key returns the place of a cell.
func key(period string, d Dims) table.Key {
	return table.Key{PK: period, SK: sortKey(d)}
}

// sortKey is d as key parts in the order of dimensions.
func sortKey(d Dims) string {
	parts := make([]string, len(dimensions))
	for i, dim := range dimensions {
		parts[i] = part(*dim.of(&d))
	}
	return strings.Join(parts, sep)
}

const sep = "#" // between the parts of a key

// maxPart bounds a part of a key, in bytes, so that all of them, and one more
// to come, fit into table.MaxSKBytes.
const maxPart = 160

// part is a name inside a key, escaped as layout.Part does. A name that is too
// long for a key is cut, and a hash of all of it stands at its end behind
// "%~", which no escaped name contains. The attribute has the name itself.
func part(name string) string {
	p := layout.Part(name)
	if len(p) <= maxPart {
		return p
	}
	sum := sha256.Sum256([]byte(name))
	mark := "%~" + hex.EncodeToString(sum[:16])
	p = p[:maxPart-len(mark)]
	for !utf8.ValidString(p) {
		p = p[:len(p)-1]
	}
	return p + mark
}

// update adds s to a cell in one write that creates it where it is not there.
// Every figure is an attribute, also one that is 0, so that tables made of
// cells have no holes.
func update(period string, d Dims, s Sums) table.Write {
	k := key(period, d)
	set := table.Item{}
	for _, dim := range dimensions {
		set[dim.name] = *dim.of(&d)
	}
	if len(period) == monthLen {
		set[attrMonth] = period
		set[attrUseCasePK], set[attrUseCaseSK] = monthKey(period, d.UseCase), k.SK
		set[attrModelPK], set[attrModelSK] = monthKey(period, d.Model), k.SK
	} else {
		set[attrDay] = period
	}
	add := make(map[string]int64, len(figures))
	for _, f := range figures {
		add[f.name] = *f.of(&s)
	}
	return table.Write{Kind: table.Update, Table: layout.Costs, Key: k, Set: set, Add: add}
}

// monthKey is the partition of an index: all cells of a month that have name.
func monthKey(month, name string) string { return month + sep + part(name) }

// decode reads a cell. Attributes it does not know are ignored, missing ones
// are empty or 0; one of another type is an error that names cell and
// attribute.
func decode(it table.Item) (Cell, error) {
	d := table.Decode(it)
	c := Cell{Period: d.String(table.PK)}
	for _, dim := range dimensions {
		*dim.of(&c.Dims) = d.String(dim.name)
	}
	for _, f := range figures {
		*f.of(&c.Sums) = d.Int(f.name)
	}
	if err := d.Err(); err != nil {
		return Cell{}, fmt.Errorf("costs: %w", err)
	}
	return c, nil
}

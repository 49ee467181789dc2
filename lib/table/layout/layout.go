// Package layout names the gateway's tables, their indexes and the parts of
// their keys. It is the one list from which drivers, infrastructure and tests
// are built.
package layout

import (
	"strings"

	"weir/lib/table"
)

// The tables, by logical name.
const (
	Ledger = "ledger" // one row per call: pk call id, sk "call"
	State  = "state"  // scopes, keys, breakers
	Cache  = "cache"
	Costs  = "costs" // cost cells
)

// Indexes of the ledger, both keys only.
const (
	// Live holds rows not yet released and booked, by the instant at which
	// the reaper looks at them: their deadline, then later ones.
	// live_pk = "live#NN", live_sk = instant and id.
	Live = "live"
	// Recent holds all rows by the hour in which they began:
	// hour_pk = "YYYY-MM-DDTHH#NN", hour_sk = id.
	Recent = "recent"
)

// Keys is the index of State that lists virtual keys, whole items. It is
// sparse: nothing but keys has its attributes, so that other items of the
// table cost nothing more. keys_pk = "keys", keys_sk = instant of creation and
// id. A key itself is found by "key#ID", each in a partition of its own,
// because every call reads one.
const Keys = "keys"

// Indexes of the cost cells, whole items, months only.
const (
	ByUseCase = "by_use_case"
	ByModel   = "by_model"
)

// Shards is how many partitions an index of the ledger is spread over: one
// would throttle the ledger itself.
const Shards = 16

// All returns the schemas of all tables.
func All() []table.Schema {
	return []table.Schema{
		{Name: Ledger, Feed: true, Indexes: []table.Index{
			{Name: Live, PK: "live_pk", SK: "live_sk"},
			{Name: Recent, PK: "hour_pk", SK: "hour_sk"},
		}},
		{Name: State, Indexes: []table.Index{
			{Name: Keys, PK: "keys_pk", SK: "keys_sk", Full: true},
		}},
		{Name: Cache, TTL: true},
		{Name: Costs, Indexes: []table.Index{
			{Name: ByUseCase, PK: "use_case_pk", SK: "use_case_sk", Full: true},
			{Name: ByModel, PK: "model_pk", SK: "model_sk", Full: true},
		}},
	}
}

// Part escapes a value that users choose for use inside a key: "#" separates
// parts, so it and "%" are percent-encoded.
func Part(s string) string { return partEscaper.Replace(s) }

// Join builds a key of escaped parts.
func Join(parts ...string) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('#')
		}
		b.WriteString(Part(p))
	}
	return b.String()
}

// Split is the inverse of Join.
func Split(key string) []string {
	parts := strings.Split(key, "#")
	for i, p := range parts {
		parts[i] = partUnescaper.Replace(p)
	}
	return parts
}

var (
	partEscaper   = strings.NewReplacer("%", "%25", "#", "%23")
	partUnescaper = strings.NewReplacer("%25", "%", "%23", "#")
)

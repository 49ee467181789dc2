// Package table is the port to the store: flat items with conditions. It is
// the part of DynamoDB that the gateway uses, and nothing more: get, one
// conditional write, query by key, small transactions, and a feed of changes.
// Each call is one DynamoDB call. Two drivers implement it: table/dynamo and
// table/sqlite; tabletest is the suite that both pass.
//
// The limits are DynamoDB's and both drivers enforce them: see limits.go.
package table

import (
	"context"
)

// Schema declares a table. Drivers, infrastructure and tests all build from
// the same list; see package layout.
type Schema struct {
	Name    string // logical; drivers put a prefix before it
	Indexes []Index
	Feed    bool // changes are fed to consumers, with old and new images
	TTL     bool // attribute "ttl", unix seconds: housekeeping, never a timer
}

// Index is sparse: an item that lacks one of the two attributes is not in it.
// Both attributes are strings.
type Index struct {
	Name, PK, SK string
	Full         bool // whole items; else keys only
}

// Key is an item's primary key, attributes "pk" and "sk".
type Key struct{ PK, SK string }

// Item is flat. Values are string, int64, bool or []byte; nothing else is
// stored. Items that the port returns hold "pk" and "sk" too, and belong to
// the caller.
type Item map[string]any

// Op compares one attribute with a value.
type Op string

// The comparisons. As on DynamoDB, an attribute that is absent or of another
// type fails every comparison but Ne, which it passes. Values of one type are
// ordered: strings and bytes bytewise, numbers by value; booleans know only Eq
// and Ne.
const (
	Exists Op = "exists"
	Absent Op = "absent"
	Eq     Op = "="
	Ne     Op = "<>"
	Lt     Op = "<"
	Le     Op = "<="
	Gt     Op = ">"
	Ge     Op = ">="
)

// Test is one condition on one attribute. A write's tests are ANDed; there is
// no OR tree on purpose.
type Test struct {
	Attr     string
	Op       Op
	Val      any  // nil for Exists and Absent
	OrAbsent bool // an absent attribute passes
}

// Kind is what a Write does.
type Kind uint8

// The kinds of Write.
const (
	Put    Kind = iota // replace the whole item by Set
	Update             // create if absent, then Remove, Set, Add
	Delete             // deleting what is not there succeeds
	Check              // only inside Transact
)

// Write is one conditional write: PutItem, UpdateItem, DeleteItem or
// ConditionCheck.
type Write struct {
	Kind  Kind
	Table string
	Key   Key
	If    []Test
	// Set holds the attributes to set, without pk and sk. Put replaces the
	// item by it.
	Set Item
	// Add adds to numbers; an absent attribute counts as 0. A sum that leaves
	// int64 is ErrOverflow and changes nothing. Update only.
	Add map[string]int64
	// Remove removes attributes; absent ones are no error. Update only.
	Remove []string
}

// Query reads one partition in sort-key order. Only Index "" is consistent; an
// index may lag.
type Query struct {
	Table, Index, PK string

	Prefix   string // begins_with; exclusive with From and To
	From, To string // both included; empty is an open end
	Desc     bool
	Limit    int    // items a page; 0 is the driver's choice, at most 1 MB
	Cursor   string // of the page before; opaque
}

// Page is one page of a Query. It may be empty and not the end.
type Page struct {
	Items  []Item
	Cursor string // empty at the end
}

// Table is the store. It is safe for concurrent use. Every error is one of the
// package's errors, wrapped, or the context's. A context's error without
// ErrUnknown means that nothing happened.
type Table interface {
	// Get returns the item, or nil when there is none. fresh asks for a
	// consistent read.
	Get(ctx context.Context, table string, k Key, fresh bool) (Item, error)
	// Do applies w. It returns nil; where the item after the write is wanted,
	// use DoNew.
	Do(ctx context.Context, w Write) error
	// DoNew applies a Put or Update and returns the item after it. Only for
	// small items: large answers to writes are slow and were seen to be cut.
	DoNew(ctx context.Context, w Write) (Item, error)
	// Transact applies all writes or none: at most 100, at most 4 MB, distinct
	// keys. A refused transaction's *ConditionError lists every refused write;
	// another error of one of the writes is told only where no condition refused.
	Transact(ctx context.Context, ws []Write) error
	// Query returns one page.
	Query(ctx context.Context, q Query) (Page, error)
}

// Change is one committed write. Changes of one key are ordered; changes of
// different keys are not.
type Change struct {
	Table, Seq string
	Key        Key
	Old, New   Item // Old nil: created. New nil: deleted
	Expired    bool // deleted by time to live
}

// Sink takes changes. The first done changes need not come again, whatever err
// says; the others are delivered again.
type Sink func(ctx context.Context, cs []Change) (done int, err error)

// Feeder delivers the changes of one table to a named consumer, from a durable
// cursor, until ctx ends. SQLite only: on AWS the event source mapping is the
// feeder, and dynamo.Changes turns its events into Changes.
type Feeder interface {
	Feed(ctx context.Context, table, consumer string, s Sink) error
}

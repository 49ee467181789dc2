// Package letters keeps dead letters: what could not be processed and must not
// be lost. They stay until somebody has looked at them and deletes them. A
// second letter about the same thing replaces the first, so that what fails
// again and again takes the room of one.
package letters

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"weir/lib/bus"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
)

// Letters keeps dead letters in a table.Table. It is safe for concurrent use,
// by any number of processes on one store.
//
// Every method repeats what the store throttles, and every step whose answer
// was lost, until ctx ends (without a deadline, for 20 seconds). When that did
// not help, the error's Kind is StoreDown; other errors of the store are
// Internal.
type Letters struct{ t table.Table }

var _ bus.DeadLetters = (*Letters)(nil)

// New returns the dead letters in t.
func New(t table.Table) *Letters { return &Letters{t: t} }

// Sizes in bytes, so that a letter always fits an item.
const (
	MaxBody   = 256 << 10 // the rest of a longer body is not kept
	maxReason = 2048
	maxFrom   = 64
)

// The letters are one partition of the table State, by their keys.
const (
	pk = "dead"

	attrFrom   = "from"
	attrReason = "reason"
	attrBody   = "body"
	attrAt     = "at"
)

// Put keeps l, in place of an earlier letter of its key. List shows a key of
// more than 700 bytes by a shorter name, which Delete takes, too. A body of more than
// MaxBody bytes is cut, and the reason says so. After StoreDown the letter may
// be there or not: Put it again.
func (s *Letters) Put(ctx context.Context, l bus.Letter) error {
	const op = "letters.Put"
	if l.Key == "" {
		return fault.Wrap(fault.Internal, op, errors.New("a letter needs a key"))
	}
	if n := len(l.Body); n > MaxBody {
		l.Body = l.Body[:MaxBody]
		l.Reason = fmt.Sprintf("%s (of the body's %d bytes the first %d are kept)", clip(l.Reason, maxReason/2), n, MaxBody)
	}
	w := table.Write{Kind: table.Put, Table: layout.State, Key: place(l.Key), Set: table.Item{
		attrFrom: clip(l.From, maxFrom), attrReason: clip(l.Reason, maxReason),
		attrBody: append([]byte{}, l.Body...), attrAt: layout.Instant(l.At),
	}}
	return storeError(op, table.Repeat(ctx, func(ctx context.Context) error { return s.t.Do(ctx, w) }))
}

// Page is a part of the list.
type Page struct {
	Letters []bus.Letter // in the order of their keys
	// Unreadable has one error for each letter that is there and cannot be
	// read. Each names its letter.
	Unreadable []error
	Next       string // for the next page; empty at the end
}

// List returns at most limit letters from after the page whose Next is given;
// the first page has none. A page may be empty and not the end. A next that
// List did not return is an error of Kind Invalid.
func (s *Letters) List(ctx context.Context, next string, limit int) (Page, error) {
	const op = "letters.List"
	if limit < 1 {
		return Page{}, fault.New(fault.Invalid, op, fmt.Sprintf("The number of letters to show must be at least 1, not %d.", limit))
	}
	q := table.Query{Table: layout.State, PK: pk, Limit: limit, Cursor: next}
	var p table.Page
	err := table.Repeat(ctx, func(ctx context.Context) (err error) {
		p, err = s.t.Query(ctx, q)
		return err
	})
	if errors.Is(err, table.ErrInvalid) {
		return Page{}, &fault.Error{Kind: fault.Invalid, Op: op, Err: err, Public: "The list cannot go on from there; begin it again."}
	}
	if err != nil {
		return Page{}, storeError(op, err)
	}
	out := Page{Next: p.Cursor}
	for _, it := range p.Items {
		l, err := decode(it)
		if err != nil {
			out.Unreadable = append(out.Unreadable, err)
			continue
		}
		out.Letters = append(out.Letters, l)
	}
	return out, nil
}

// Delete removes the letter of a key. That there is none is no error.
func (s *Letters) Delete(ctx context.Context, key string) error {
	if key == "" {
		return nil
	}
	w := table.Write{Kind: table.Delete, Table: layout.State, Key: place(key)}
	return storeError("letters.Delete", table.Repeat(ctx, func(ctx context.Context) error { return s.t.Do(ctx, w) }))
}

func decode(it table.Item) (bus.Letter, error) {
	d := table.Decode(it)
	l := bus.Letter{
		Key: d.String(table.SK), From: d.String(attrFrom), Reason: d.String(attrReason), Body: d.Bytes(attrBody),
	}
	var err error
	if l.At, err = layout.ParseInstant(d.String(attrAt)); err != nil {
		d.Fail(attrAt, err)
	}
	if err := d.Err(); err != nil {
		return bus.Letter{}, fmt.Errorf("letters: %w", err)
	}
	return l, nil
}

// place is where the letter of a key lies: in the table State under the key
// itself. One that is long, or not UTF-8, is named by its beginning and a hash
// of all of it; that name is a key of the same letter.
func place(key string) table.Key {
	const longest, beginning = 700, 512
	if len(key) <= longest && utf8.ValidString(key) {
		return table.Key{PK: pk, SK: key}
	}
	sum := sha256.Sum256([]byte(key))
	return table.Key{PK: pk, SK: clip(key, beginning) + "~" + hex.EncodeToString(sum[:])}
}

// clip cuts s to a length in bytes, at a character.
func clip(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	const mark = "…"
	cut := limit - len(mark)
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + mark
}

// storeError gives the store's errors a Kind; nil stays nil.
func storeError(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case table.Unavailable(err):
		return fault.Wrap(fault.StoreDown, op, err)
	}
	return fault.Wrap(fault.Internal, op, err)
}

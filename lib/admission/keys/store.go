package keys

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/layout"
)

// Store keeps virtual keys in a table.Table. It is safe for concurrent use, by
// any number of processes on one store.
//
// Every method repeats what the store throttles, and every step whose answer
// was lost, until ctx ends (without a deadline, for 20 seconds). When that did
// not help, the error's Kind is StoreDown; other errors of the store are
// Internal.
type Store struct {
	t      table.Table
	now    func() time.Time
	random io.Reader
}

// NewStore returns the store of keys in t.
func NewStore(t table.Table, now func() time.Time) *Store {
	return &Store{t: t, now: now, random: rand.Reader}
}

// Spec is what is asked of a new key.
type Spec struct {
	Team, App string    // needed
	Name      string    // what people call it; may be empty
	Models    []string  // patterns; empty allows all
	Expires   time.Time // zero: never
	// Principal makes a record without a secret: callers who sign as an IAM
	// principal that matches this pattern are this key's.
	Principal string
}

// Create makes a key and returns its record and the key itself, which nobody
// can read again; a record with a Principal has none. Its errors are of Kind
// Invalid, with Param, where spec is wrong.
//
// If the answer of the store is lost the write is repeated, and a record that
// is there and is this one is success. After StoreDown a record may be there
// whose key nobody knows: it lets no one in, List shows it.
func (s *Store) Create(ctx context.Context, spec Spec) (Record, Secret, error) {
	const op = "keys.Create"
	now := s.now()
	if err := spec.check(now); err != nil {
		return Record{}, Secret{}, err
	}
	const draws = 4 // one id in 10^21 is taken; more than a few are a broken source
	for range draws {
		secret, err := Generate(s.random)
		if err != nil {
			return Record{}, Secret{}, fault.Wrap(fault.Internal, op, err)
		}
		r := spec.record(secret, now)
		if spec.Principal != "" {
			secret = Secret{}
		}
		w := table.Write{
			Kind: table.Put, Table: layout.State, Key: key(r.ID), Set: encode(r),
			If: []table.Test{{Attr: table.PK, Op: table.Absent}},
		}
		err = table.Repeat(ctx, func(ctx context.Context) error { return s.t.Do(ctx, w) })
		if old, refused := table.Refused(err); refused && !mine(old, w.Set) {
			continue
		} else if err != nil && !refused {
			return Record{}, Secret{}, storeError(op, err)
		}
		return r, secret, nil
	}
	return Record{}, Secret{}, fault.Wrap(fault.Internal, op, fmt.Errorf("%d ids in a row were taken", draws))
}

// record is the record of spec; times are kept to the millisecond.
func (spec Spec) record(secret Secret, now time.Time) Record {
	r := Record{
		ID: secret.ID(), Team: spec.Team, App: spec.App, Name: spec.Name, Models: spec.Models, Principal: spec.Principal,
		Created: now.UTC().Truncate(time.Millisecond), Expires: spec.Expires.UTC().Truncate(time.Millisecond),
	}
	if spec.Principal == "" {
		r.Hash = sha256.Sum256([]byte(secret.Reveal()))
	}
	return r
}

// mine reports whether the item that refused a new record is that record.
func mine(old, set table.Item) bool {
	for attr, v := range set {
		if !(table.Item{attr: v}).Equal(table.Item{attr: old[attr]}) {
			return false
		}
	}
	return true
}

// Get returns the record of an id as it is now; ok is false when there is
// none, or id has not the form of one.
func (s *Store) Get(ctx context.Context, id string) (r Record, ok bool, err error) {
	const op = "keys.Get"
	if !isID(id) {
		return Record{}, false, nil
	}
	var it table.Item
	err = table.Repeat(ctx, func(ctx context.Context) (err error) {
		// A consistent read: a revoked key works for as long as it may be
		// cached, and not for the store's delay on top.
		it, err = s.t.Get(ctx, layout.State, key(id), true)
		return err
	})
	if err != nil || it == nil {
		return Record{}, false, storeError(op, err)
	}
	if r, err = decode(it); err != nil {
		return Record{}, false, fault.Wrap(fault.Internal, op, err)
	}
	return r, true, nil
}

// List returns all records in the order of their creation, revoked and expired
// ones included. It reads an index, which may lag by a moment.
func (s *Store) List(ctx context.Context) ([]Record, error) {
	const op = "keys.List"
	var out []Record
	q := table.Query{Table: layout.State, Index: layout.Keys, PK: listPK}
	for {
		var p table.Page
		err := table.Repeat(ctx, func(ctx context.Context) (err error) {
			p, err = s.t.Query(ctx, q)
			return err
		})
		if err != nil {
			return nil, storeError(op, err)
		}
		for _, it := range p.Items {
			r, err := decode(it)
			if err != nil {
				return nil, fault.Wrap(fault.Internal, op, err)
			}
			out = append(out, r)
		}
		if q.Cursor = p.Cursor; q.Cursor == "" {
			return out, nil
		}
	}
}

// Revoke ends a key. Authenticators stop to admit it within their TTL. A key
// that is revoked already stays as it is, which is success; an id that is not
// known is of Kind NotFound, and what is no id is Invalid. If the answer is
// lost the write is repeated; after StoreDown the key may be revoked or not.
func (s *Store) Revoke(ctx context.Context, id string) error {
	const op = "keys.Revoke"
	if !isID(id) {
		return &fault.Error{
			Kind: fault.Invalid, Op: op, Param: "id",
			Public: "A key's id has 12 letters and digits: those behind " + Prefix + ". The key itself is not needed to revoke it.",
		}
	}
	w := table.Write{
		Kind: table.Update, Table: layout.State, Key: key(id),
		If:  []table.Test{{Attr: table.PK, Op: table.Exists}, {Attr: attrRevoked, Op: table.Absent}},
		Set: table.Item{attrRevoked: layout.Instant(s.now())},
	}
	err := table.Repeat(ctx, func(ctx context.Context) error { return s.t.Do(ctx, w) })
	old, refused := table.Refused(err)
	switch {
	case !refused:
		return storeError(op, err)
	case old == nil:
		return fault.New(fault.NotFound, op, fmt.Sprintf("There is no key with the id %s.", id))
	}
	return nil
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

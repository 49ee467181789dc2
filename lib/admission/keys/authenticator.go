package keys

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"sync"
	"time"

	"weir/lib/table/layout"
)

// Records is where an Authenticator looks keys up; *Store is the one there is.
// Its errors carry a fault.Kind.
type Records interface {
	Get(ctx context.Context, id string) (r Record, ok bool, err error)
}

// Options of an Authenticator. The zero Options are the written defaults.
type Options struct {
	// TTL is how long a record is used before it is read again, and so how
	// long a revoked key works at most: 0 is 10 seconds, less than 0 is not at
	// all.
	TTL time.Duration
	// Unknown is the same for ids that do not exist, so that a new key works
	// soon: 0 is 2 seconds. It is never longer than TTL.
	Unknown time.Duration
	// MaxEntries bounds the ids that are remembered: 0 is 10,000. A tenth of
	// them is for ids that do not exist, so that nobody can push keys out by
	// inventing ids.
	MaxEntries int
}

// The defaults of Options.
const (
	defaultTTL     = 10 * time.Second
	defaultUnknown = 2 * time.Second
	defaultEntries = 10_000
	unknownShare   = 10
)

func (o Options) withDefaults() Options {
	if o.TTL == 0 {
		o.TTL = defaultTTL
	}
	if o.Unknown == 0 {
		o.Unknown = defaultUnknown
	}
	if o.MaxEntries == 0 {
		o.MaxEntries = defaultEntries
	}
	o.Unknown = min(o.Unknown, o.TTL)
	o.MaxEntries = max(o.MaxEntries, 2)
	return o
}

// Authenticator finds the callers of presented keys. It remembers records for
// a short, stated time, and asks once for an id that many calls present at the
// same time. It is safe for concurrent use.
type Authenticator struct {
	from Records
	opts Options
	now  func() time.Time

	mu      sync.Mutex
	known   *cache
	unknown *cache
	flights map[string]*flight
}

// NewAuthenticator returns an Authenticator over the records in from.
func NewAuthenticator(from Records, opts Options, now func() time.Time) *Authenticator {
	opts = opts.withDefaults()
	few := max(opts.MaxEntries/unknownShare, 1)
	return &Authenticator{
		from: from, opts: opts, now: now, flights: map[string]*flight{},
		known: newCache(opts.MaxEntries - few), unknown: newCache(few),
	}
}

// Authenticate returns the caller of a key. Its errors are of Kind
// Unauthenticated, with a text and a code for each of malformed, mistyped,
// unknown, expired and revoked, and never hold the key; that a key is expired
// or revoked is told only to who has all of it. When the store cannot be
// asked, and nothing fresh enough is remembered, the Kind is StoreDown: a key
// is never called wrong because the store is away. A record that cannot be
// read is Internal.
//
// Expiry and revocation are checked by value at every call. The models of
// callers of one key are shared: do not change them.
func (a *Authenticator) Authenticate(ctx context.Context, presented string) (Caller, error) {
	const op = "keys.Authenticate"
	id, err := Parse(presented)
	if err != nil {
		return Caller{}, err
	}
	f, err := a.find(ctx, id)
	if err != nil {
		return Caller{}, err
	}
	r, sum := f.record, sha256.Sum256([]byte(presented))
	same := subtle.ConstantTimeCompare(sum[:], r.Hash[:]) == 1
	now := a.now()
	switch {
	case !f.ok, r.Principal != "", !same:
		return Caller{}, unauthenticated(op, "", "This gateway does not know the key. Was it made here, and for this store?",
			fmt.Errorf("key %s is unknown", id))
	case !r.Revoked.IsZero():
		return Caller{}, unauthenticated(op, CodeRevoked, "The key was revoked on "+r.Revoked.UTC().Format(time.DateOnly)+". Ask for a new one.",
			fmt.Errorf("key %s is revoked", id))
	case !r.Expires.IsZero() && !now.Before(r.Expires):
		return Caller{}, unauthenticated(op, CodeExpired, "The key expired at "+layout.Instant(r.Expires)+". Ask for a new one.",
			fmt.Errorf("key %s is expired", id))
	}
	return Caller{KeyID: r.ID, Team: r.Team, App: r.App, Models: r.Models}, nil
}

// found is what is known of an id.
type found struct {
	record Record
	ok     bool
	until  time.Time
}

// flight is one look-up under way. Its fields are set when done is closed.
type flight struct {
	done  chan struct{}
	found found
	err   error
	// lost says that the look-up ended for a reason of its own caller's: those
	// who waited for it look themselves.
	lost bool
}

// find returns what is known of id: from memory, from a look-up of another
// call, or from one of its own.
func (a *Authenticator) find(ctx context.Context, id string) (found, error) {
	for {
		a.mu.Lock()
		if f, ok := a.remembered(id); ok {
			a.mu.Unlock()
			return f, nil
		}
		f, waiting := a.flights[id]
		if !waiting {
			f = &flight{done: make(chan struct{})}
			a.flights[id] = f
		}
		a.mu.Unlock()
		if !waiting {
			a.look(ctx, id, f)
			return f.found, f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return found{}, storeError("keys.Authenticate", ctx.Err())
		}
		if !f.lost {
			return f.found, f.err
		}
	}
}

// remembered returns what is fresh in memory; the lock is held.
func (a *Authenticator) remembered(id string) (found, bool) {
	now := a.now()
	for _, c := range []*cache{a.known, a.unknown} {
		if f, ok := c.get(id); ok && now.Before(f.until) {
			return f, true
		}
	}
	return found{}, false
}

// look asks the store and ends the flight. Its time of validity begins before
// the store is asked, so that a revocation is never missed for longer than
// TTL.
func (a *Authenticator) look(ctx context.Context, id string, f *flight) {
	began := a.now()
	f.lost = true // until the store has answered: a panic leaves it so
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if f.err == nil && !f.lost {
			a.remember(id, f.found)
		}
		delete(a.flights, id)
		close(f.done)
	}()
	f.found.record, f.found.ok, f.err = a.from.Get(ctx, id)
	f.found.until = began.Add(a.opts.TTL)
	if !f.found.ok {
		f.found.until = began.Add(a.opts.Unknown)
	}
	f.lost = f.err != nil && ctx.Err() != nil
}

// remember keeps what was found in the cache it belongs to; the lock is held.
func (a *Authenticator) remember(id string, f found) {
	if f.ok {
		a.unknown.drop(id)
		a.known.put(id, f)
		return
	}
	a.known.drop(id)
	a.unknown.put(id, f)
}

// Package gateway is the pipeline as an http.Handler: authenticate, decode,
// resolve and authorise, open the row, reserve, attempt, pump, settle. Every
// operation goes through the same stages.
package gateway

import (
	"context"
	"log/slog"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/admission/keys"
	"weir/lib/catalog"
	"weir/lib/dialect"
	"weir/lib/provider/upstream"
)

// Authenticator finds the caller of a presented key. Its errors are
// *fault.Error: Unauthenticated, or StoreDown.
type Authenticator interface {
	Authenticate(ctx context.Context, presented string) (keys.Caller, error)
}

// Ledger keeps the rows of calls.
type Ledger interface {
	// Open writes a row with state open. Repeating it for the same call is
	// success.
	Open(ctx context.Context, r ledger.Row) error
	// Settle closes the row, once; repeating it is success.
	Settle(ctx context.Context, callID string, s ledger.Settlement) error
	// Corrected returns a row and what corrects it; ok is false when there is
	// none.
	Corrected(ctx context.Context, callID string) (c ledger.Corrected, ok bool, err error)
}

// Config is what a Gateway is made of. All fields but Version and
// KeepAlive are needed.
type Config struct {
	Fronts    []dialect.Front // the first one renders errors of unknown paths
	Backs     []dialect.Back
	Catalog   func() *catalog.Snapshot // the snapshot to serve a new call from
	Keys      Authenticator
	Ledger    Ledger
	Transport upstream.Transport
	Log       *slog.Logger
	// Now is the clock; NewID makes a call id that sorts by time.
	Now     func() time.Time
	NewID   func(now time.Time) string
	Version string // shown by /healthz
	// KeepAlive is the longest silence in a stream; 0 is ten seconds.
	KeepAlive time.Duration
}

package gateway

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"weir/lib/dialect"
	"weir/lib/fault"
)

// Gateway is the pipeline. It is an http.Handler, safe for concurrent use.
type Gateway struct {
	cfg    Config
	backs  map[string]dialect.Back
	routes map[string]endpoint // by path; see router.go
	born   time.Time

	stop     context.Context //nolint:containedctx // ends all calls; owned by Drain
	stopNow  context.CancelCauseFunc
	mu       sync.Mutex
	draining bool
	calls    sync.WaitGroup
}

// New checks c and returns a Gateway.
func New(c Config) (*Gateway, error) {
	if len(c.Fronts) == 0 || len(c.Backs) == 0 || c.Catalog == nil || c.Keys == nil || c.Ledger == nil ||
		c.Transport == nil || c.Log == nil || c.Now == nil || c.NewID == nil {
		return nil, errors.New("gateway: incomplete configuration")
	}
	if c.KeepAlive <= 0 {
		c.KeepAlive = defaultKeepAlive
	}
	g := &Gateway{cfg: c, backs: map[string]dialect.Back{}, born: c.Now()}
	for _, b := range c.Backs {
		g.backs[b.Name()] = b
	}
	g.routes = routes(g, c.Fronts)
	g.stop, g.stopNow = context.WithCancelCause(context.Background())
	return g, nil
}

// Drain refuses new calls and waits for those under way. When ctx ends first
// they are cancelled, and Drain waits until each has settled its row.
func (g *Gateway) Drain(ctx context.Context) error {
	g.mu.Lock()
	g.draining = true
	g.mu.Unlock()
	done := make(chan struct{})
	go func() { // ends with the last call; Drain waits for it
		g.calls.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	g.stopNow(&fault.Error{Kind: fault.ShuttingDown, Op: "gateway.Drain"})
	<-done
	return ctx.Err()
}

// enter counts a call in; false while draining.
func (g *Gateway) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining {
		return false
	}
	g.calls.Add(1)
	return true
}

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e, err := g.find(r)
	id := g.cfg.NewID(g.cfg.Now())
	identify(w.Header(), id)
	defer g.rescue(w, r, e, id)
	if err != nil {
		g.fail(w, r, e, id, err)
		return
	}
	if e.open {
		e.serve(w, r, id)
		return
	}
	if !g.enter() {
		g.fail(w, r, e, id, fault.New(fault.ShuttingDown, "gateway.ServeHTTP", ""))
		return
	}
	defer g.calls.Done()
	e.serve(w, r, id)
}

// identify puts the call's id under every name that clients log.
func identify(h http.Header, id string) {
	for _, name := range []string{"X-Weir-Call-Id", "X-Request-Id", "Request-Id"} {
		h.Set(name, id)
	}
}

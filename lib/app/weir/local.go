package weir

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/uuid"

	"weir/lib/accounting/ledger"
	"weir/lib/admission/keys"
	"weir/lib/catalog"
	"weir/lib/cli"
	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/converse"
	echodialect "weir/lib/dialect/echo"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/gateway"
	"weir/lib/host/local"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/credential"
	"weir/lib/provider/echo"
	"weir/lib/provider/upstream"
	"weir/lib/provider/upstream/bedrock"
	"weir/lib/table"
)

// serve runs the gateway on this machine until ctx ends. What it opens it
// closes in the opposite order, so the store outlives the last call and the
// folder stays locked until the store is closed.
func serve(ctx context.Context, lookupEnv func(string) (string, bool), g cli.Gateway) (err error) {
	also := func(f func() error) { err = errors.Join(err, f()) }
	note := func(string) error { return nil }
	if g.Store.Dir != "" {
		lock, err := local.LockFolder(g.Store.Dir)
		if err != nil {
			return err
		}
		defer also(lock.Release)
		note = lock.Note
	}
	ln, err := local.Listen(ctx, g.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = ln.Close() }() // Serve closes it, unless it is not reached
	endpoint := cli.Endpoint{URL: address(ln.Addr())}
	if err := note(endpoint.URL); err != nil {
		return err
	}
	tb, closeTable, err := openTable(ctx, g.Store, true)
	if err != nil {
		return err
	}
	defer also(closeTable)
	web := upstream.NewHTTP(credential.Env(lookupEnv), "weir/"+g.Version)
	defer web.Close()
	aws := bedrock.New(config.LoadDefaultConfig, lookupEnv, "weir/"+g.Version)
	defer aws.Close()

	store := keys.NewStore(tb, time.Now)
	auth := keys.NewAuthenticator(store, keys.Options{TTL: g.Snapshot.Settings.KeyCache}, time.Now)
	gw, err := newGateway(g, tb, auth, transports{"http": web, "bedrock": aws, "echo": echo.Transport{}})
	if err != nil {
		return err
	}
	switch {
	case g.Store.Dir == "":
		endpoint.NoKey = "none: a development key needs the embedded store; weir keys create makes others"
	case !local.Loopback(ln.Addr()):
		endpoint.NoKey = "no development key on an address that others can reach; weir keys create makes others"
	default:
		endpoint.KeyFile = filepath.Join(g.Store.Dir, devKeyName)
		if endpoint.Key, err = developmentKey(ctx, g.Store.Dir, store, auth); err != nil {
			return err
		}
	}
	g.Log.LogAttrs(ctx, slog.LevelDebug, "ready", slog.String("url", endpoint.URL),
		slog.String("store", g.Store.String()), slog.String("config_hash", g.Snapshot.Hash))
	if err := g.Ready(endpoint); err != nil {
		return fmt.Errorf("telling that the gateway is ready: %w", err)
	}
	return local.Serve(ctx, ln, local.Config{
		Handler: gw, Drain: gw.Drain, Log: g.Log, Workers: workers(tb, g.Log),
	})
}

// newGateway wires the pipeline. A dialect is one line here.
func newGateway(g cli.Gateway, tb table.Table, auth gateway.Authenticator, to upstream.Transport) (*gateway.Gateway, error) {
	return gateway.New(gateway.Config{
		Fronts:    []dialect.Front{openaichat.Front{}, anthropic.Front{}},
		Backs:     []dialect.Back{openaichat.Back{}, anthropic.Back{}, converse.Back{}, echodialect.Back{}},
		Catalog:   func() *catalog.Snapshot { return g.Snapshot },
		Keys:      auth,
		Ledger:    ledger.New(tb),
		Transport: to,
		Log:       g.Log,
		Now:       time.Now,
		NewID:     newCallID,
		Version:   g.Version,
	})
}

// transports sends each attempt by the transport that its provider's kind names.
type transports map[string]upstream.Transport

// Send implements upstream.Transport.
func (t transports) Send(ctx context.Context, target provider.Target, out llm.Outbound, stream bool) (*upstream.Reply, error) {
	via, ok := t[target.Endpoint.Row.Transport]
	if !ok {
		return nil, fault.Wrap(fault.TargetFailed, "weir.Send", fmt.Errorf("there is no transport %q", target.Endpoint.Row.Transport))
	}
	return via.Send(ctx, target, out, stream)
}

// newCallID makes a UUID of version 7, whose first bits are the time
// (RFC 9562, section 5.7). Twelve more bits hold the fraction of the
// millisecond (section 6.2, method 3), so that calls of one millisecond sort,
// too.
func newCallID(now time.Time) string {
	id := uuid.New()
	fraction := now.Nanosecond() % int(time.Millisecond) << 12 / int(time.Millisecond)
	first := now.UnixMilli()<<16 | 7<<12 | int64(fraction)
	binary.BigEndian.PutUint64(id[:8], uint64(first)) //nolint:gosec // the bits, whatever their sign
	return id.String()
}

// address is the URL of a listener, as this machine reaches it.
func address(addr net.Addr) string {
	host := addr.String()
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		host = net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return "http://" + host
}

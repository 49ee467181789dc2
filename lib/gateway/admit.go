package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/accounting/price"
	"weir/lib/admission/keys"
	"weir/lib/catalog"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/routing"
)

// storeTime bounds one step at the store that a caller waits for.
const storeTime = 5 * time.Second

// authenticate finds the caller by the key in r's headers.
func (g *Gateway) authenticate(r *http.Request) (keys.Caller, error) {
	presented, err := keys.FromHeader(r.Header)
	if err != nil {
		return keys.Caller{}, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeTime)
	defer cancel()
	return g.cfg.Keys.Authenticate(ctx, presented)
}

// read takes the request in whole, up to settings.max_body.
func (g *Gateway) read(r *http.Request, c *call) (llm.Inbound, error) {
	const op = "gateway.read"
	limit := c.snap.Settings.MaxBody
	tooLarge := fault.New(fault.TooLarge, op, fmt.Sprintf("The request body is larger than %d bytes (settings.max_body).", limit))
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return llm.Inbound{}, fault.New(fault.Invalid, op, "The request body is compressed; send it without Content-Encoding.")
	}
	if r.ContentLength > limit {
		return llm.Inbound{}, tooLarge
	}
	raw, err := readAll(io.LimitReader(r.Body, limit+1), r.ContentLength)
	switch {
	case err != nil && r.Context().Err() != nil:
		return llm.Inbound{}, fault.Wrap(fault.ClientGone, op, err)
	case err != nil:
		return llm.Inbound{}, &fault.Error{Kind: fault.Invalid, Op: op, Public: "The request body could not be read to its end.", Err: err}
	case int64(len(raw)) > limit:
		return llm.Inbound{}, tooLarge
	}
	header := r.Header.Clone()
	keys.StripCredentials(header)
	return llm.Inbound{Dialect: c.front.Name(), Path: r.URL.Path, Query: r.URL.Query(), Header: header, Raw: raw}, nil
}

// readAll reads r into one buffer of the announced size, where it is sane.
func readAll(r io.Reader, size int64) ([]byte, error) {
	if size < 0 || size > 64<<20 {
		return io.ReadAll(r)
	}
	buf := make([]byte, 0, size+1)
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
	}
}

// decode reads the body in the front's dialect, and the gateway's own headers.
func (g *Gateway) decode(r *http.Request, c *call) error {
	req, err := c.front.Decode(c.op, c.in)
	if err != nil {
		return err
	}
	c.req = req
	c.labels, err = readLabels(r.Header, req.Facts)
	return err
}

// resolve plans the targets: those of the route that the caller may use, that
// can serve the request, and whose price is known where it must be.
func (g *Gateway) resolve(c *call) error {
	const op = "gateway.resolve"
	f := c.req.Facts
	route, ok := c.snap.Resolve(f.Model)
	if !ok {
		return noModel(f.Model)
	}
	choices, err := routing.Plan(route, c.caller, c.front.Name(), f)
	if err != nil {
		return err
	}
	for _, ch := range choices {
		p, ok := c.snap.Prices.Find(priceQuery(c, ch, llm.Usage{}))
		if priced := ok && p.Covers(f.Op); !priced && c.snap.Settings.UnknownPrice == catalog.PriceRefuse {
			continue
		}
		c.plan = append(c.plan, ch)
		c.budget = max(c.budget, ch.Target.Timeouts.Total)
	}
	if len(c.plan) == 0 {
		return &fault.Error{Kind: fault.NotPriced, Op: op, Param: "model", Public: fmt.Sprintf(
			"No price is known for the model %q, and settings.unknown_price is refuse. Ask the gateway's operator to add it under prices in gateway.yaml.", f.Model)}
	}
	return nil
}

func noModel(name string) error {
	return &fault.Error{
		Kind: fault.ModelNotFound, Op: "gateway.resolve", Param: "model",
		Public: fmt.Sprintf("The model %q does not exist here; GET /v1/models lists those that do.", name),
	}
}

// priceQuery asks for the price of a call by ch that used u.
func priceQuery(c *call, ch routing.Choice, u llm.Usage) price.Query {
	return price.Query{
		Target: ch.Target.String(), Vendor: ch.Target.PriceVendor(), Model: ch.Target.Model,
		Region: cmp.Or(u.Region, ch.Target.Endpoint.Region), Tier: u.Tier, At: c.started,
	}
}

// open writes the row before any provider is called.
func (g *Gateway) open(caller context.Context, c *call) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(caller), storeTime)
	defer cancel()
	f := c.req.Facts
	c.row = true // also if it panics
	err := g.cfg.Ledger.Open(ctx, ledger.Row{
		CallID: c.id, State: ledger.Open,
		Team: c.caller.Team, App: c.caller.App, KeyID: c.caller.KeyID, Principal: c.caller.Principal,
		UseCase: c.labels.useCase, Tags: c.labels.tags, RunID: c.labels.runID, EndUser: f.EndUser,
		Op: f.Op, Dialect: c.front.Name(), Stream: f.Stream, RequestedModel: f.Model,
		PriceVersion: c.snap.Prices.Version(), ConfigHash: c.snap.Hash,
		StartedAt: c.started, Day: ledger.DayOf(c.started, c.snap.Settings.BillingZone), Deadline: c.started.Add(c.budget + time.Minute),
	})
	c.row = err == nil || ledger.MayBeOpen(err)
	c.opened = err == nil
	if fault.KindOf(err) == fault.Internal && err != nil {
		err = fault.Wrap(fault.StoreDown, "gateway.open", err)
	}
	return err
}

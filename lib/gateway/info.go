package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"weir/lib/admission/keys"
	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/provider"
)

// lister is a price book that knows which models a vendor has; wildcard routes
// show those in the model list.
type lister interface {
	Models(vendor string) []string
}

// health answers whoever asks that the process serves.
func (g *Gateway) health(w http.ResponseWriter, _ *http.Request, _ string) {
	body, err := json.Marshal(map[string]string{"status": "ok", "version": g.cfg.Version})
	if err != nil {
		body = []byte(`{"status":"ok"}`)
	}
	_ = newResponder(w, g.cfg.Fronts[0]).whole(http.StatusOK, jsonHeader(), body)
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// shared is the endpoint of a path that all dialects share, in r's dialect.
func (g *Gateway) shared(r *http.Request, path string) endpoint {
	e := g.routes[path]
	e.front = g.claimed(r)
	return e
}

// models lists what the caller may ask for.
func (g *Gateway) models(w http.ResponseWriter, r *http.Request, id string) {
	e := g.shared(r, pathModels)
	caller, err := g.authenticate(r)
	if err != nil {
		g.fail(w, r, e, id, err)
		return
	}
	_ = newResponder(w, e.front).whole(http.StatusOK, jsonHeader(), e.front.Models(g.list(caller)))
}

// model shows one entry. A name that only a wildcard serves is shown, too.
func (g *Gateway) model(w http.ResponseWriter, r *http.Request, id string) {
	e := g.shared(r, pathModels)
	caller, err := g.authenticate(r)
	if err != nil {
		g.fail(w, r, e, id, err)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, pathModel)
	route, ok := g.cfg.Catalog().Resolve(name)
	if ok {
		for _, t := range route.Targets {
			if usable(caller, name, t) {
				m := dialect.Model{ID: name, OwnedBy: t.Endpoint.Name, Created: g.born}
				_ = newResponder(w, e.front).whole(http.StatusOK, jsonHeader(), e.front.Model(m))
				return
			}
		}
	}
	g.fail(w, r, e, id, &fault.Error{
		Kind: fault.ModelNotFound, Op: "gateway.model", Param: "model",
		Public: "The model does not exist here, or this key may not use it.",
	})
}

func usable(caller keys.Caller, name string, t provider.Target) bool {
	return t.Endpoint.Unavailable == "" && caller.Allows(name, t.String())
}

// list is the caller's models: named routes as they are, wildcard routes as
// the models that the price book knows of their vendors, and the pattern
// itself where it knows none.
func (g *Gateway) list(caller keys.Caller) []dialect.Model {
	snap := g.cfg.Catalog()
	var out []dialect.Model
	seen := map[string]bool{}
	add := func(name string, t provider.Target) {
		if !seen[name] && usable(caller, name, t) {
			seen[name] = true
			out = append(out, dialect.Model{ID: name, OwnedBy: t.Endpoint.Name, Created: g.born})
		}
	}
	known, _ := snap.Prices.(lister)
	for _, rt := range snap.Routes {
		for _, t := range rt.Targets {
			prefix, wildcard := strings.CutSuffix(rt.Name, "*")
			if !wildcard || known == nil {
				add(rt.Name, t)
				continue
			}
			models := known.Models(t.PriceVendor())
			base := strings.TrimSuffix(t.Model, "*")
			models = slices.DeleteFunc(slices.Clone(models), func(m string) bool { return !strings.HasPrefix(m, base) })
			if len(models) == 0 {
				add(rt.Name, t)
			}
			for _, m := range models {
				t.Model = m
				add(prefix+strings.TrimPrefix(m, base), t)
			}
		}
	}
	return out
}

// usage shows the row of one call, with its correction, to the team and app
// that made it.
func (g *Gateway) usage(w http.ResponseWriter, r *http.Request, id string) {
	e := g.shared(r, pathUsage)
	caller, err := g.authenticate(r)
	if err != nil {
		g.fail(w, r, e, id, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeTime)
	defer cancel()
	row, ok, err := g.cfg.Ledger.Corrected(ctx, strings.TrimPrefix(r.URL.Path, pathUsage))
	if err == nil && (!ok || row.Team != caller.Team || row.App != caller.App) {
		err = fault.New(fault.NotFound, "gateway.usage", "There is no such call of this key's team and app.")
	}
	if err != nil {
		if fault.KindOf(err) == fault.Internal {
			err = fault.Wrap(fault.StoreDown, "gateway.usage", err)
		}
		g.fail(w, r, e, id, err)
		return
	}
	body, err := json.Marshal(row)
	if err != nil {
		g.fail(w, r, e, id, err)
		return
	}
	_ = newResponder(w, e.front).whole(http.StatusOK, jsonHeader(), body)
}

package gateway

import (
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
)

// endpoint is what a path and method lead to. open endpoints need no key.
type endpoint struct {
	front   dialect.Front
	methods map[string]handler
	serve   handler
	open    bool
}

type handler func(w http.ResponseWriter, r *http.Request, callID string)

// Paths that end in "/" take the rest of the path as an argument.
const (
	pathHealth = "/healthz"
	pathModels = "/v1/models"
	pathModel  = "/v1/models/"
	pathUsage  = "/v1/usage/"
)

// routes builds the table of paths. It is the whole list of entrances: what is
// not in it is refused.
func routes(g *Gateway, fronts []dialect.Front) map[string]endpoint {
	first := fronts[0]
	t := map[string]endpoint{
		pathHealth: {front: first, open: true, methods: map[string]handler{http.MethodGet: g.health, http.MethodHead: g.health}},
		pathModels: {front: first, methods: map[string]handler{http.MethodGet: g.models}},
		pathModel:  {front: first, methods: map[string]handler{http.MethodGet: g.model}},
		pathUsage:  {front: first, methods: map[string]handler{http.MethodGet: g.usage}},
	}
	for _, f := range fronts {
		for _, rt := range f.Routes() {
			e, ok := t[rt.Pattern]
			if !ok {
				e = endpoint{front: f, methods: map[string]handler{}}
			}
			if e.methods[rt.Method] = g.callHandler(f, rt.Op); rt.Op == llm.OpCount {
				e.methods[rt.Method] = g.count(f)
			}
			t[rt.Pattern] = e
		}
	}
	return t
}

// find returns the endpoint of r, or an error to be rendered by the endpoint's
// front. Paths are matched as they are: no cleaning, no redirects.
func (g *Gateway) find(r *http.Request) (endpoint, error) {
	const op = "gateway.find"
	at := r.URL.Path
	e, ok := g.routes[at]
	if !ok {
		for _, prefix := range []string{pathModel, pathUsage} {
			if rest, found := strings.CutPrefix(at, prefix); found && rest != "" {
				e, ok = g.routes[prefix], true
			}
		}
	} else if strings.HasSuffix(at, "/") {
		ok = false // the argument is missing
	}
	if !ok {
		return endpoint{front: g.claimed(r)}, fault.New(fault.NotFound, op, g.notFound(at))
	}
	if e.serve = e.methods[r.Method]; e.serve == nil {
		return e, fault.New(fault.MethodNotAllowed, op, "This path takes "+e.allow()+".")
	}
	return e, nil
}

// claimed is the front whose callers send headers like r's: that of paths which
// several dialects share, or none has.
func (g *Gateway) claimed(r *http.Request) dialect.Front {
	for _, f := range g.cfg.Fronts {
		if c, ok := f.(dialect.Claimer); ok && c.Claims(r.Header) {
			return f
		}
	}
	return g.cfg.Fronts[0]
}

// allow lists the methods that e takes.
func (e endpoint) allow() string {
	return strings.Join(slices.Sorted(maps.Keys(e.methods)), ", ")
}

// notFound says what may have been meant: base URLs are written with or without
// a version and a slash at their end, and each SDK wants its own.
func (g *Gateway) notFound(at string) string {
	const msg, version = "There is nothing at this path.", "/v1"
	known := func(p string) bool {
		_, ok := g.routes[p]
		return ok && !strings.HasSuffix(p, "/")
	}
	at = path.Clean("/" + at)
	rest, versioned := strings.CutPrefix(at, version)
	switch {
	case known(at):
		return msg + " Did you mean " + at + "?"
	case known(version + at):
		return msg + " Did you mean " + version + at + "? The base URL ends in " + version + "."
	case versioned && strings.HasPrefix(rest, version) && known(rest):
		return msg + " Did you mean " + rest + "? The base URL has one " + version + " too many."
	case versioned && known(rest):
		return msg + " Did you mean " + rest + "?"
	}
	return msg
}

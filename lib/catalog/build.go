package catalog

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"weir/lib/accounting/price"
	"weir/lib/money"
	"weir/lib/provider"
	"weir/lib/provider/credential"
)

// builder turns what the file says into what it means.
type builder struct {
	*decoder
	opts      Options
	rows      []provider.Row
	endpoints map[string]*provider.Endpoint // nil where the provider is there and wrong
	names     []string                      // of providers, in file order
	models    []string                      // names of routes
	snap      *Snapshot
}

// build resolves spec. The result is complete only where no error was
// reported.
func build(ctx context.Context, d *decoder, spec fileSpec, opts Options) *Snapshot {
	b := &builder{decoder: d, opts: opts, rows: opts.rows(), endpoints: map[string]*provider.Endpoint{}, snap: &Snapshot{}}
	b.settings(spec.Settings)
	for _, e := range spec.Providers {
		b.in("providers", func() { b.in(e.Name.V, func() { b.provider(ctx, e) }) })
	}
	b.prices(spec.Prices)
	for _, e := range spec.Models {
		b.models = append(b.models, e.Name.V)
	}
	for _, e := range spec.Models {
		b.in("models", func() { b.in(e.Name.V, func() { b.route(e) }) })
	}
	b.snap.Hash = hash(b.snap, spec.Prices)
	return b.snap
}

func (b *builder) settings(s settingsSpec) {
	b.snap.Settings = Settings{
		UnknownPrice: s.UnknownPrice, AbortedCalls: s.AbortedCalls,
		HeadWait: s.HeadWait, MaxBody: s.MaxBody, KeyCache: s.KeyCache, BillingZone: s.BillingZone,
	}
	b.in("settings", func() {
		b.in("timeouts", func() { b.snap.Settings.Timeouts = b.timeouts(s.Timeouts, provider.Timeouts{}) })
	})
}

// timeouts lays t over base. No part may be longer than the whole: one that
// the file gives is an error, an inherited one is cut.
func (b *builder) timeouts(t timeoutSpec, base provider.Timeouts) provider.Timeouts {
	over := func(p placed[time.Duration], base time.Duration) time.Duration {
		if p.V > 0 {
			return p.V
		}
		return base
	}
	total := over(t.Total, base.Total)
	part := func(key string, p placed[time.Duration], base time.Duration) time.Duration {
		v := over(p, base)
		if p.Given && v > total {
			b.errorf(p.At, "%s: %s is longer than total (%s) and would never end anything", b.under(key), short(v), short(total))
		}
		return min(v, total)
	}
	return provider.Timeouts{
		Connect:       part("connect", t.Connect, base.Connect),
		FirstToken:    part("first_token", t.FirstToken, base.FirstToken),
		BetweenTokens: part("between_tokens", t.BetweenTokens, base.BetweenTokens),
		Total:         total,
	}
}

func (b *builder) provider(ctx context.Context, e entry[providerSpec]) {
	b.endpoints[e.Name.V] = nil
	if e.Name.Given {
		b.names = append(b.names, e.Name.V)
	}
	p := e.Value
	if !p.Kind.Given {
		return
	}
	i := slices.IndexFunc(b.rows, func(r provider.Row) bool { return r.Kind == p.Kind.V })
	row := &b.rows[i]
	ep := &provider.Endpoint{Name: e.Name.V, Row: row, BaseURL: row.BaseURL, Region: p.Region.V, Credential: ownCredential(*row)}
	if builtIn(*row) {
		b.refuseBuiltIn(p)
	}
	if row.Regional && ep.Region == "" {
		ep.Region = b.opts.Region
	}
	switch {
	case p.BaseURL.Given && !builtIn(*row):
		ep.BaseURL = b.baseURL(p.BaseURL, *row)
	case !hasAddress(*row) && !builtIn(*row) && !p.BaseURL.Bad:
		b.errorf(p.Kind.At, "%s is missing: kind %s has no address of its own", b.under("base_url"), row.Kind)
	}
	switch {
	case p.Credential.Given && byAWS(*row):
		b.errorf(p.Credential.At, "%s does nothing: kind %s takes its credential from AWS's own chain (profile, role, AWS_ACCESS_KEY_ID …); remove it", b.under("credential"), row.Kind)
	case p.Credential.Given:
		ep.Credential = p.Credential.V
	case needsCredential(*row) && !p.Credential.Bad:
		b.errorf(p.Kind.At, "%s is missing: kind %s has no variable of its own; write none or { env: NAME, secret: MEMBER }", b.under("credential"), row.Kind)
	}
	ep.Tags = b.tags(p.Tags)
	if e.Name.Given {
		ep.Unavailable = b.unavailable(ctx, e, ep)
		b.endpoints[e.Name.V] = ep
		b.snap.Endpoints = append(b.snap.Endpoints, ep)
	}
}

// refuseBuiltIn reports keys that would do nothing.
func (b *builder) refuseBuiltIn(p providerSpec) {
	refuse := func(key string, at place, there bool) {
		if there {
			b.errorf(at, "%s does nothing: kind %s is built in; remove it", b.under(key), p.Kind.V)
		}
	}
	refuse("base_url", p.BaseURL.At, p.BaseURL.Given)
	refuse("credential", p.Credential.At, p.Credential.Given)
	refuse("region", p.Region.At, p.Region.Given)
}

func (b *builder) tags(tags []placed[string]) []string {
	var out []string
	for _, t := range tags {
		if !t.Given {
			continue
		}
		if slices.Contains(out, t.V) {
			b.errorf(t.At, "%s: %s is here twice", b.under("tags"), quote(t.V))
			continue
		}
		out = append(out, t.V)
	}
	return out
}

// unavailable says why ep cannot be used, empty when it can. A source that
// fails proves nothing, so the provider is then tried.
func (b *builder) unavailable(ctx context.Context, e entry[providerSpec], ep *provider.Endpoint) string {
	wrong := e.Value.Credential.Bad || needsCredential(*ep.Row) && !e.Value.Credential.Given // and reported
	if ep.Credential.None || b.opts.Credentials == nil || wrong {
		return ""
	}
	if ep.Row.Regional && ep.Region == "" && !e.Value.Region.Bad {
		const reason = "it has no region: write region, such as us-east-1, or set AWS_REGION"
		b.warnf(e.Name.At, "provider %s is unavailable: %s", e.Name.V, reason)
		return reason
	}
	_, ok, err := b.opts.Credentials.Lookup(ctx, ep.Credential, false)
	switch {
	case err != nil:
		b.warnf(e.Name.At, "the credential of provider %s could not be looked up: %v", e.Name.V, err)
		return ""
	case ok, ep.Row.Optional && !e.Value.Credential.Given:
		return ""
	}
	reason := missing(b.opts.Credentials, ep.Credential)
	b.warnf(e.Name.At, "provider %s is unavailable: %s", e.Name.V, reason)
	return reason
}

// missing says what to provide, in the source's words where it has some.
func missing(source credential.Source, ref credential.Ref) string {
	if s, ok := source.(interface{ Missing(credential.Ref) string }); ok {
		return s.Missing(ref)
	}
	return "its credential is not there"
}

func (b *builder) route(e entry[routeSpec]) {
	r := Route{Name: e.Name.V, Strategy: e.Value.Strategy.V}
	lines := map[string]int{}
	for _, t := range e.Value.Targets {
		target, ok := b.target(e.Name, t)
		if !ok {
			continue
		}
		if line, again := lines[target.String()]; again {
			b.errorf(t.At, "target %s is here twice; the first one is in line %d", quote(target.String()), line)
			continue
		}
		lines[target.String()] = t.At.Line
		b.priced(target, t)
		r.Targets = append(r.Targets, target)
	}
	b.snap.Routes = append(b.snap.Routes, r)
}

// target resolves one target of the route called name.
func (b *builder) target(name placed[string], t targetSpec) (provider.Target, bool) {
	if !t.Provider.Given || !t.Model.Given {
		return provider.Target{}, false
	}
	ep, known := b.endpoints[t.Provider.V]
	if !known {
		b.unknownProvider(t.Provider.At, t.Provider.V, "")
		return provider.Target{}, false
	}
	target := provider.Target{Endpoint: ep, Model: t.Model.V}
	b.in("targets", func() {
		b.in("timeout", func() { target.Timeouts = b.timeouts(t.Timeouts, b.snap.Settings.Timeouts) })
	})
	if ep == nil {
		return provider.Target{}, false
	}
	if isPattern(t.Model.V) && !isPattern(name.V) {
		b.errorf(t.Model.At, "%s takes on the rest of a name, and the name %s has no * at its end", quote(target.String()), quote(name.V))
		return provider.Target{}, false
	}
	return target, true
}

// unknownProvider reports a name that no provider has. Where there are no
// providers at all, that was reported, and more would only hide it.
func (b *builder) unknownProvider(p place, name, where string) {
	if len(b.endpoints) > 0 {
		b.errorf(p, "unknown provider %s%s%s", quote(name), where, advise(name, b.names, nil))
	}
}

// isPattern reports whether a model's name is a wildcard.
func isPattern(model string) bool { return strings.HasSuffix(model, "*") }

// priced reports a named target without a price. Wildcards are checked call by
// call.
func (b *builder) priced(t provider.Target, spec targetSpec) {
	if isPattern(t.Model) || b.snap.Settings.UnknownPrice != PriceRefuse {
		return
	}
	if _, ok := b.snap.Prices.Find(priceQuery(t, b.opts.Now)); !ok {
		b.errorf(spec.At, "no price is known for %s; add one under prices, as %s: { input: …, output: … } in US dollars per million tokens, or set settings.unknown_price to %s",
			t, strconv.Quote(t.String()), PriceAllowUnpriced) // whole, to be copied
	}
}

// prices makes the pricer.
func (b *builder) prices(specs []entry[priceSpec]) {
	var out []price.Override
	for _, e := range specs {
		if !e.Name.Given {
			continue
		}
		owner, _, _ := strings.Cut(e.Name.V, "/")
		if _, known := b.endpoints[owner]; !known {
			b.unknownProvider(e.Name.At, owner, " in the name of a price")
		}
		out = append(out, price.Override{Target: e.Name.V, From: e.Value.From, Price: b.price(e)})
	}
	b.snap.Prices = b.opts.Prices(out)
}

func (b *builder) price(e entry[priceSpec]) price.Price {
	bucket := func(p placed[money.NanoUSD]) *money.PerMillion {
		if !p.Given {
			return nil
		}
		v := money.PerMillion(p.V)
		return &v
	}
	s := e.Value
	out := price.Price{
		Source: price.SourceConfig,
		Input:  bucket(s.Input), Output: bucket(s.Output), CacheRead: bucket(s.CacheRead),
		CacheWrite5m: bucket(s.CacheWrite5m), CacheWrite1h: bucket(s.CacheWrite1h),
		AudioInput: bucket(s.AudioInput), AudioOutput: bucket(s.AudioOutput),
	}
	for _, u := range s.Units {
		if out.Units == nil {
			out.Units = map[string]money.NanoUSD{}
		}
		out.Units[u.Name.V] = u.Value
	}
	if s.CacheRead.Given && s.Input.Given && s.CacheRead.V > s.Input.V {
		b.warnf(s.CacheRead.At, "%s: tokens read from a cache cost more than fresh ones; are the two swapped?", fmt.Sprintf("prices.%s.cache_read", quote(e.Name.V)))
	}
	return out
}

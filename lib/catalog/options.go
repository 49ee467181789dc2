package catalog

import (
	"context"
	"slices"
	"strings"
	"time"

	"weir/lib/accounting/price"
	"weir/lib/provider"
	"weir/lib/provider/credential"
)

// FileName is the configuration's usual name.
const FileName = "gateway.yaml"

// Options are what a configuration is read against.
type Options struct {
	// Prices puts the file's prices over the book's; usually the With method
	// of a price.Book. Needed.
	Prices func([]price.Override) price.Pricer
	// Now decides which prices are in force.
	Now time.Time
	// Credentials are asked whether a provider has one. Nil: nobody is asked,
	// and every provider counts as available.
	Credentials credential.Source
	// Region is that of the environment (AWS_REGION), for providers that are in
	// regions and name none. Empty: there is none.
	Region string
	// Rows is the provider table; nil is provider.Rows().
	Rows []provider.Row
}

// rows returns a table that nobody else changes.
func (o Options) rows() []provider.Row {
	if o.Rows == nil {
		return provider.Rows()
	}
	return slices.Clone(o.Rows)
}

// Parse reads a configuration; file is its name in messages. All problems are
// returned at once, in the order of the file. The Snapshot is nil when one of
// them is an error. ctx is passed to the credential source and to nothing else.
func Parse(ctx context.Context, file string, data []byte, opts Options) (*Snapshot, Problems) {
	d := &decoder{file: file}
	if root := d.load(data); root != nil {
		var spec fileSpec
		shape := rootShape(opts.rows())
		shape.fill(&spec)
		shape.read(d, root, &spec)
		snap := build(ctx, d, spec, opts)
		d.problems.sort()
		if d.problems.Err() == nil {
			return snap, d.problems
		}
	}
	d.problems.sort()
	return nil, d.problems
}

// Default is the configuration of a gateway without a gateway.yaml: echo, and
// every provider whose credential opts.Credentials has, each as name/*.
func Default(ctx context.Context, opts Options) (*Snapshot, Problems) {
	d := &decoder{file: FileName}
	var spec fileSpec
	rootShape(opts.rows()).fill(&spec)
	for _, row := range opts.rows() {
		if !detected(ctx, row, opts) {
			continue
		}
		spec.Providers = append(spec.Providers, entry[providerSpec]{Name: put(row.Kind), Value: providerSpec{Kind: put(row.Kind)}})
		spec.Models = append(spec.Models, entry[routeSpec]{Name: put(row.Kind + "/*"), Value: routeSpec{
			Strategy: put(StrategyFallback),
			Targets:  []targetSpec{{Provider: put(row.Kind), Model: put("*")}},
		}})
	}
	snap := build(ctx, d, spec, opts)
	if d.problems.Err() != nil {
		return nil, d.problems
	}
	return snap, d.problems
}

// ownKey begins the keys of this gateway. Applications have one in the variable
// of their vendor's SDK, and no vendor is to be shown it because the gateway was
// started in the same shell.
const ownKey = "sk-weir-"

// detected reports whether a kind can be used without being configured: it
// needs no credential, or its own is there.
func detected(ctx context.Context, row provider.Row, opts Options) bool {
	if needsNone(row) {
		return true
	}
	if opts.Credentials == nil || !hasAddress(row) || row.Env == "" || row.Regional && opts.Region == "" {
		return false
	}
	own := ownCredential(row)
	if own.AWS { // most machines have some; only Bedrock's own variable says that it is wanted
		own = credential.Ref{Env: row.Env}
	}
	secret, ok, err := opts.Credentials.Lookup(ctx, own, false)
	return ok && err == nil && !strings.HasPrefix(secret.Reveal(), ownKey)
}

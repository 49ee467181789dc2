package catalog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"weir/lib/money"
	"weir/lib/provider"
	"weir/lib/provider/credential"
)

// canonical is a configuration without what makes no difference: comments,
// order of keys, spelling of durations, defaults written or not, and whether a
// credential is there today. It holds no secret, only where one comes from.
type canonical struct {
	Version   int
	Endpoints []canonicalEndpoint
	Routes    []canonicalRoute
	Prices    []canonicalPrice
	Settings  Settings

	BillingZone string // a time.Location shows nothing of itself
}

type canonicalEndpoint struct {
	Name, Kind, BaseURL, Region string
	Credential                  credential.Ref
	Tags                        []string
}

type canonicalRoute struct {
	Name, Strategy string
	Targets        []canonicalTarget
}

type canonicalTarget struct {
	Provider, Model string
	Timeouts        provider.Timeouts
}

type canonicalPrice struct {
	Target string
	From   string
	Nanos  map[string]money.NanoUSD
}

// hash is the first 12 hex digits of the SHA-256 of the canonical form.
func hash(s *Snapshot, prices []entry[priceSpec]) string {
	c := canonical{Version: 1, Settings: s.Settings, BillingZone: s.Settings.BillingZone.String()}
	for _, e := range s.Endpoints {
		tags := slices.Sorted(slices.Values(e.Tags))
		c.Endpoints = append(c.Endpoints, canonicalEndpoint{
			Name: e.Name, Kind: e.Row.Kind, BaseURL: e.BaseURL,
			Region: e.Region, Credential: e.Credential, Tags: tags,
		})
	}
	for _, r := range s.Routes {
		cr := canonicalRoute{Name: r.Name, Strategy: r.Strategy}
		for _, t := range r.Targets {
			cr.Targets = append(cr.Targets, canonicalTarget{Provider: t.Endpoint.Name, Model: t.Model, Timeouts: t.Timeouts})
		}
		c.Routes = append(c.Routes, cr)
	}
	for _, p := range prices {
		c.Prices = append(c.Prices, canonicalPrice{Target: p.Name.V, From: p.Value.From.Format(time.DateOnly), Nanos: p.Value.nanos()})
	}
	slices.SortFunc(c.Endpoints, func(a, b canonicalEndpoint) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Routes, func(a, b canonicalRoute) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Prices, func(a, b canonicalPrice) int { return cmp.Compare(a.Target, b.Target) })
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings, integers and maps of them
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:12]
}

// nanos are the amounts that p gives, by bucket; units have a prefix.
func (p priceSpec) nanos() map[string]money.NanoUSD {
	out := map[string]money.NanoUSD{}
	for name, v := range map[string]placed[money.NanoUSD]{
		"input": p.Input, "output": p.Output, "cache_read": p.CacheRead, "cache_write_5m": p.CacheWrite5m,
		"cache_write_1h": p.CacheWrite1h, "audio_input": p.AudioInput, "audio_output": p.AudioOutput,
	} {
		if v.Given {
			out[name] = v.V
		}
	}
	for _, u := range p.Units {
		out["unit "+u.Name.V] = u.Value
	}
	return out
}

package catalog

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"weir/lib/money"
	"weir/lib/provider"
	"weir/lib/provider/credential"
)

// This file is the one description of gateway.yaml: every key with its type,
// default and meaning. The parser, gateway.schema.json and GATEWAY.md are made
// from it.

// Names that people choose. None may hold spaces, commas (lists of names are
// written with them) or invisible characters.
const (
	providerPattern = `^[a-z0-9][a-z0-9_.-]{0,62}$`
	modelPattern    = `^([^\s\p{Z}\p{C},*]+\*?|\*)$`
	targetPattern   = `^[^\s\p{Z}\p{C},*/]+/([^\s\p{Z}\p{C},*]+\*?|\*)$`
	pricePattern    = `^[a-z0-9][a-z0-9_.-]{0,62}/[^\s\p{Z}\p{C},]+$`
	memberPattern   = `^[A-Za-z0-9_./-]+$`
	envPattern      = `^[A-Za-z_][A-Za-z0-9_]*$`
	tagPattern      = `^[a-z0-9_.-]{1,40}$`
	regionPattern   = `^[a-z0-9-]{1,32}$`
	urlPattern      = `^[^\s\p{Z}\p{C}]*$`
	unitPattern     = `^[a-z0-9_./-]{1,40}$`
)

var (
	providerName = text("a provider's name", providerPattern, 63,
		"a provider's name has small letters, digits, dots, dashes and underscores, and begins with a letter or digit")
	modelName = text("a model's name, or a pattern that ends in *", modelPattern, 256,
		"a model's name has no spaces, commas or invisible characters, and at most one *, at its end")
	priceName = text("provider/model, or a pattern such as vllm/*", pricePattern, 320,
		"the name of a price is provider/model or a pattern such as vllm/*, without spaces and commas")
)

func rootShape(rows []provider.Row) shape[fileSpec] {
	s := object("file", "The whole file.", nil,
		key("version", exactly(1), func(f *fileSpec) *int { return &f.Version },
			"Version of the file's format.").required(),
		key("providers", dict(providerName, providerShape(rows), 1), func(f *fileSpec) *[]entry[providerSpec] { return &f.Providers },
			"Who answers, by names of your choice. They appear in targets, in response headers and in the cost tables.").required(),
		key("models", dict(modelName, routeShape(), 1), func(f *fileSpec) *[]entry[routeSpec] { return &f.Models },
			"What callers may ask for. A name that ends in `*` serves all models that begin like it; an exact name goes first, then the longest pattern.").required(),
		key("prices", dict(priceName, priceShape(), 0), func(f *fileSpec) *[]entry[priceSpec] { return &f.Prices },
			"Prices of your own, by target: `provider/model`, or a pattern. They replace the price book's."),
		key("settings", settingsShape(), func(f *fileSpec) *settingsSpec { return &f.Settings },
			"Settings of the gateway itself."),
	)
	s.about.Object.Aliases = map[string]string{"routes": "models", "aliases": "models", "modellist": "models", "pricing": "prices"}
	return s
}

func providerShape(rows []provider.Row) shape[providerSpec] {
	kinds := make([]string, len(rows))
	for i, r := range rows {
		kinds[i] = r.Kind
	}
	s := object("provider", "One provider.", nil,
		key("kind", withPlace(word(kinds...)), func(p *providerSpec) *placed[string] { return &p.Kind },
			"Row of the provider table: which API it speaks, where it lives and how it is paid.").required(),
		key("base_url", withPlace(text("a URL", urlPattern, 2048, "an address has no spaces or invisible characters")), func(p *providerSpec) *placed[string] { return &p.BaseURL },
			"Address of the API, as the vendor's own SDK takes it: with `/v1` for OpenAI and compatible ones, without it for Anthropic, the runtime endpoint for Bedrock. Default: the kind's. Needed for kind `openai-compatible`."),
		key("credential", withPlace(either(noCredential(), credentialShape())), func(p *providerSpec) *placed[credential.Ref] { return &p.Credential },
			"Where the provider's key comes from; never the key itself. Default: the kind's environment variable, and the member of the secret that is named like the kind. Needed for kind `openai-compatible`."),
		key("region", withPlace(text("a region", regionPattern, 32, "a region has small letters, digits and dashes, such as us-east-1")), func(p *providerSpec) *placed[string] { return &p.Region },
			"Region of the provider, where its address and prices depend on one: needed for kind `bedrock`, unless AWS_REGION says it."),
		key("tags", list(withPlace(text("a tag", tagPattern, 40, "a tag has small letters, digits, dots, dashes and underscores, at most 40")), 1), func(p *providerSpec) *[]placed[string] { return &p.Tags },
			"Words of your choice, shown in `weir models`."),
	)
	for i := range s.about.Object.Fields {
		if f := &s.about.Object.Fields[i]; f.Key == "tags" {
			f.About.Unique = true
		}
	}
	s.about.Object.Extra = providerRules(rows)
	s.about.Object.Aliases = map[string]string{
		"apikey": "credential", "key": "credential", "token": "credential", "secret": "credential",
		"url": "base_url", "endpoint": "base_url", "apibase": "base_url", "type": "kind", "provider": "kind",
	}
	return s
}

// providerRules says in JSON Schema which keys a kind needs or refuses; the
// builder says the same in words.
func providerRules(rows []provider.Row) []map[string]any {
	var out []map[string]any
	for _, r := range rows {
		then := map[string]any{}
		switch {
		case builtIn(r):
			then["properties"] = map[string]any{"base_url": false, "credential": false, "region": false}
		case byAWS(r):
			then["properties"] = map[string]any{"credential": false}
		default:
			var need []string
			if r.BaseURL == "" {
				need = append(need, "base_url")
			}
			if needsCredential(r) {
				need = append(need, "credential")
			}
			if need == nil {
				continue
			}
			then["required"] = need
		}
		out = append(out, map[string]any{
			"if":   map[string]any{"properties": map[string]any{"kind": map[string]any{"const": r.Kind}}, "required": []string{"kind"}},
			"then": then,
		})
	}
	return out
}

// noCredential is the short form of a credential. Its message never shows what
// stands there: it may be a key.
func noCredential() shape[credential.Ref] {
	return scalar("none", map[string]any{"const": "none"}, func(n *yaml.Node) (credential.Ref, string) {
		if n.Value != "none" || n.Tag != "!!str" {
			return credential.Ref{}, "must be none or { env: NAME, secret: MEMBER }; a key itself never stands in this file"
		}
		return credential.Ref{None: true}, ""
	})
}

func credentialShape() shape[credential.Ref] {
	s := object("credential", "Sources of a provider's key. At least one is given; each is used where it applies.",
		func(d *decoder, n *yaml.Node, _ *credential.Ref) {
			if len(n.Content) == 0 {
				d.errorf(at(n), "%s is empty; it needs env, secret or both", d.here())
			}
		},
		key("env", text("a variable's name", envPattern, 128, "the name of an environment variable has letters, digits and underscores; a key itself never stands in this file"),
			func(r *credential.Ref) *string { return &r.Env }, "Environment variable, for local use."),
		key("secret", text("a member's name", memberPattern, 128, "the name of a member has letters, digits, dots, dashes, slashes and underscores; a key itself never stands in this file"),
			func(r *credential.Ref) *string { return &r.Secret }, "Member of the gateway's secret, on AWS."),
	)
	s.about.Object.Extra = []map[string]any{{"minProperties": 1}}
	return s
}

func routeShape() shape[routeSpec] {
	long := object("route", "Targets for one name, and how to choose among them.", nil,
		key("strategy", withPlace(word(strategies...)), func(r *routeSpec) *placed[string] { return &r.Strategy },
			"`fallback`: in order; the next target is tried when one fails before its first content.").or(StrategyFallback),
		key("targets", list(targetShape(), 1), func(r *routeSpec) *[]targetSpec { return &r.Targets },
			"What calls can be sent to. None may occur twice.").required(),
	)
	target := shortTarget()
	short := shape[routeSpec]{about: target.about, read: func(d *decoder, n *yaml.Node, to *routeSpec) {
		var t targetSpec
		target.read(d, n, &t)
		to.Targets = []targetSpec{t}
	}}
	return either(short, long)
}

// strategies are those that routes may name.
var strategies = []string{StrategyFallback}

func targetShape() shape[targetSpec] {
	long := object("target", "One provider's model.",
		func(_ *decoder, n *yaml.Node, to *targetSpec) { to.At = at(n) },
		key("provider", withPlace(providerName), func(t *targetSpec) *placed[string] { return &t.Provider },
			"Name of a provider of this file.").required(),
		key("model", withPlace(modelName), func(t *targetSpec) *placed[string] { return &t.Model },
			"The model's name there. One that ends in `*` takes on what the `*` of the route's name stands for.").required(),
		key("timeout", timeoutShape("timeout", "Timeouts of one target; what is left out comes from `settings.timeouts`.", false), func(t *targetSpec) *timeoutSpec { return &t.Timeouts },
			"Timeouts of this target."),
	)
	return either(shortTarget(), long)
}

// shortTarget is provider/model, split at the first slash: models have slashes
// of their own.
func shortTarget() shape[targetSpec] {
	whole := text("provider/model", targetPattern, 320,
		"a target is provider/model without spaces, such as openai/gpt-4o, and not the name of another route; the model may end in *")
	return shape[targetSpec]{about: whole.about, read: func(d *decoder, n *yaml.Node, to *targetSpec) {
		var v string
		before := len(d.problems)
		whole.read(d, n, &v)
		if len(d.problems) > before || poisoned(n) {
			return
		}
		to.split(v, at(n))
	}}
}

func timeoutShape(name, doc string, defaults bool) shape[timeoutSpec] {
	span := func(k string, least, most time.Duration, def, doc string, part func(*timeoutSpec) *placed[time.Duration]) field[timeoutSpec] {
		f := key(k, withPlace(duration(least, most)), part, doc)
		if !defaults {
			return f
		}
		fill := f.or(def)
		return field[timeoutSpec]{about: fill.about, read: f.read, fill: func(t *timeoutSpec) {
			fill.fill(t)
			part(t).Given = false
		}}
	}
	return object(name, doc, nil,
		span("connect", 10*time.Millisecond, time.Minute, "5s", "To a connection with the provider.",
			func(t *timeoutSpec) *placed[time.Duration] { return &t.Connect }),
		span("first_token", 100*time.Millisecond, time.Hour, "30s", "To the first content of a streamed answer, where another target is left to try.",
			func(t *timeoutSpec) *placed[time.Duration] { return &t.FirstToken }),
		span("between_tokens", 100*time.Millisecond, time.Hour, "60s", "Between two contents of a streamed answer.",
			func(t *timeoutSpec) *placed[time.Duration] { return &t.BetweenTokens }),
		span("total", time.Second, time.Hour, "600s", "For one attempt as a whole. On Lambda it is at most the deadline less 3 s.",
			func(t *timeoutSpec) *placed[time.Duration] { return &t.Total }),
	)
}

func priceShape() shape[priceSpec] {
	bucket := func(k, doc string, part func(*priceSpec) *placed[money.NanoUSD]) field[priceSpec] {
		return key(k, withPlace(usd("0.0001", "1000", "per million tokens")), part, doc)
	}
	return object("price", "A price in US dollars per million tokens, exact to nine decimals. `0` declares a model free. It replaces the price book's as a whole. Cache reads and writes without a price cost what input does; whatever else is used and has none leaves the call's cost unknown.", nil,
		bucket("input", "Input tokens.", func(p *priceSpec) *placed[money.NanoUSD] { return &p.Input }).required(),
		bucket("output", "Output tokens, reasoning included. Leave it out for embeddings only.", func(p *priceSpec) *placed[money.NanoUSD] { return &p.Output }),
		bucket("cache_read", "Input tokens read from the provider's prompt cache.", func(p *priceSpec) *placed[money.NanoUSD] { return &p.CacheRead }),
		bucket("cache_write_5m", "Input tokens written to it for five minutes, or for the provider's default time.", func(p *priceSpec) *placed[money.NanoUSD] { return &p.CacheWrite5m }),
		bucket("cache_write_1h", "Input tokens written to it for an hour.", func(p *priceSpec) *placed[money.NanoUSD] { return &p.CacheWrite1h }),
		bucket("audio_input", "Audio tokens in.", func(p *priceSpec) *placed[money.NanoUSD] { return &p.AudioInput }),
		bucket("audio_output", "Audio tokens out.", func(p *priceSpec) *placed[money.NanoUSD] { return &p.AudioOutput }),
		key("units", dict(text("a unit", unitPattern, 40, "a unit has small letters, digits, dots, dashes, slashes and underscores, at most 40"), usd("0.000001", "1000", "for one unit"), 1),
			func(p *priceSpec) *[]entry[money.NanoUSD] { return &p.Units },
			"Things billed by the piece, such as `web_search`, in US dollars for one."),
		key("from", day(), func(p *priceSpec) *time.Time { return &p.From },
			"First day (UTC) on which the price holds; before it the price book's does. Default: always."),
	)
}

func settingsShape() shape[settingsSpec] {
	return object("settings", "The gateway itself.", nil,
		key("unknown_price", word(PriceRefuse, PriceAllowUnpriced), func(s *settingsSpec) *string { return &s.UnknownPrice },
			"What happens to a model whose price is not known. `refuse`: a target that is named here is an error, a call that comes by a wildcard a 400. `allow_unpriced`: it is served, and its cost is recorded as unknown, never as 0.").or(PriceRefuse),
		key("aborted_calls", word(AbortBillDrained, AbortBillEstimated, AbortCancel), func(s *settingsSpec) *string { return &s.AbortedCalls },
			"What happens upstream when the caller hangs up. `bill_drained`: the answer is read on for at most 30 s and 1 MiB, for its exact usage. `bill_estimated`: it is cancelled and its usage estimated. `cancel`: it is cancelled and what was metered so far counts. On Lambda a hang-up is invisible, so answers are always drained.").or(AbortBillDrained),
		key("head_wait", duration(100*time.Millisecond, 10*time.Minute), func(s *settingsSpec) *time.Duration { return &s.HeadWait },
			"How long failover may hold back the head of a stream.").or("20s"),
		key("max_body", size(1<<10, 64<<20), func(s *settingsSpec) *int64 { return &s.MaxBody },
			"Largest request body; one byte more is a 413.").or("6MiB"),
		key("key_cache", duration(time.Second, 10*time.Minute), func(s *settingsSpec) *time.Duration { return &s.KeyCache },
			"How long a key's record is remembered: a revoked key works at most this long.").or("10s"),
		key("billing_zone", zone(), func(s *settingsSpec) **time.Location { return &s.BillingZone },
			"Time zone, by its IANA name, in whose days and months calls are booked: a call belongs to the day in which it began there. A change holds for calls that begin after it; what is booked stays where it is.").or("UTC"),
		key("timeouts", timeoutShape("timeouts", "Timeouts of every target that has none of its own.", true), func(s *settingsSpec) *timeoutSpec { return &s.Timeouts },
			"Timeouts of an attempt."),
	)
}

// needsNone reports whether a kind has no use for a credential.
func needsNone(r provider.Row) bool { return r.Auth == "none" }

// needsCredential reports whether a provider of the kind must say where its
// credential comes from: the kind itself does not know.
func needsCredential(r provider.Row) bool { return !needsNone(r) && r.Env == "" && !r.Optional }

// builtIn reports whether a kind is part of the gateway and has no address.
func builtIn(r provider.Row) bool { return r.Transport == "echo" }

// hasAddress reports whether a kind has an address without the file's: its own
// or its region's.
func hasAddress(r provider.Row) bool { return r.BaseURL != "" || r.Regional }

// byAWS reports whether the AWS SDK finds a kind's credential by itself.
func byAWS(r provider.Row) bool { return r.Auth == "aws" }

// ownCredential is where a kind's credential comes from unless the file says
// otherwise.
func ownCredential(r provider.Row) credential.Ref {
	if needsNone(r) {
		return credential.Ref{None: true}
	}
	if byAWS(r) {
		return credential.Ref{AWS: true}
	}
	return credential.Ref{Env: r.Env, Secret: r.Kind}
}

// split makes v, a provider/model, the target.
func (t *targetSpec) split(v string, p place) {
	i := slices.Index([]byte(v), '/')
	t.At = p
	t.Provider = placed[string]{V: v[:i], At: p, Given: true}
	t.Model = placed[string]{V: v[i+1:], At: p, Given: true}
}

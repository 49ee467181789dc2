package routing_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/admission/keys"
	"weir/lib/catalog"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/routing"
)

const (
	chat     = "openaichat"
	messages = "anthropic"
)

// target builds provider/model whose endpoint makes the offers.
func target(s string, offers ...provider.Offer) provider.Target {
	name, model, _ := strings.Cut(s, "/")
	return provider.Target{
		Endpoint: &provider.Endpoint{
			Name: name, BaseURL: "https://secret.example/v1",
			Row: &provider.Row{Kind: name, Offers: offers},
		},
		Model: model,
	}
}

func down(t provider.Target, why string) provider.Target {
	e := *t.Endpoint
	e.Unavailable = why
	t.Endpoint = &e
	return t
}

func offer(op llm.Op, dialect string) provider.Offer {
	return provider.Offer{Op: op, Models: "*", Dialect: dialect, Path: "/" + dialect}
}

func route(ts ...provider.Target) catalog.Route {
	return catalog.Route{Name: "smart", Strategy: catalog.StrategyFallback, Targets: ts}
}

var (
	openai    = target("openai/gpt", offer(llm.OpChat, chat), offer(llm.OpEmbed, chat))
	groq      = target("groq/llama", offer(llm.OpChat, chat))
	anthropic = target("anthropic/claude", offer(llm.OpChat, messages))
	both      = target("hub/any", offer(llm.OpChat, messages), offer(llm.OpChat, chat))
)

func TestPlanKeepsOrderAndPrefersTheCallersDialect(t *testing.T) {
	tests := []struct {
		name   string
		route  catalog.Route
		models []string // of the key
		facts  llm.Facts
		want   []string // target and dialect of the offer
	}{
		{"in order", route(anthropic, openai, groq), nil, llm.Facts{}, []string{"anthropic/claude anthropic", "openai/gpt openaichat", "groq/llama openaichat"}},
		{"own dialect first", route(both), nil, llm.Facts{}, []string{"hub/any openaichat"}},
		{"unavailable targets are left out", route(down(openai, "no key"), groq), nil, llm.Facts{}, []string{"groq/llama openaichat"}},
		{"targets without the operation are left out", route(groq, openai), nil, llm.Facts{Op: llm.OpEmbed}, []string{"openai/gpt openaichat"}},
		{"native members leave the own dialect", route(anthropic, both, groq), nil, llm.Facts{Native: []string{"n"}}, []string{"hub/any openaichat", "groq/llama openaichat"}},
		{"a key for the route's name has all targets", route(openai, groq), []string{"smart"}, llm.Facts{}, []string{"openai/gpt openaichat", "groq/llama openaichat"}},
		{"a key for one provider has its targets only", route(openai, groq), []string{"groq/*"}, llm.Facts{}, []string{"groq/llama openaichat"}},
		{"a pattern ends at its segment", route(openai, target("groqx/llama", offer(llm.OpChat, chat)), groq), []string{"groq/*"}, llm.Facts{}, []string{"groq/llama openaichat"}},
		{"no strategy is fallback", catalog.Route{Name: "smart", Targets: []provider.Target{groq}}, nil, llm.Facts{}, []string{"groq/llama openaichat"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.facts
			f.Model = "smart"
			if f.Op == "" {
				f.Op = llm.OpChat
			}
			plan, err := routing.Plan(tt.route, keys.Caller{Models: tt.models}, chat, f)
			if err != nil {
				t.Fatalf("Plan: %v", err)
			}
			var got []string
			for _, c := range plan {
				got = append(got, c.Target.String()+" "+c.Offer.Dialect)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("plan (-want +got):\n%s", d)
			}
		})
	}
}

func TestPlanSaysWhyNoneIsLeft(t *testing.T) {
	state := []string{"previous_response_id: resp_secret"}
	tests := []struct {
		name    string
		route   catalog.Route
		models  []string
		facts   llm.Facts
		kind    fault.Kind
		param   string
		message string
	}{
		{
			"not allowed", route(openai),
			[]string{"other"},
			llm.Facts{},
			fault.Forbidden, "model", `This key may not use the model "smart".`,
		},
		{
			"not allowed goes before everything else", route(down(anthropic, "x")),
			[]string{"other"},
			llm.Facts{Native: []string{"n"}, Upstream: state},
			fault.Forbidden, "model", `This key may not use the model "smart".`,
		},
		{
			"upstream state, though a target is left", route(openai), nil,
			llm.Facts{Upstream: state},
			fault.Invalid, "previous_response_id",
			"previous_response_id refers to state that a provider keeps, which this gateway does not accept; send the content itself.",
		},
		{
			"upstream state goes before targets that are away", route(down(openai, "x")), nil,
			llm.Facts{Upstream: state},
			fault.Invalid, "previous_response_id",
			"previous_response_id refers to state that a provider keeps, which this gateway does not accept; send the content itself.",
		},
		{
			"unavailable", route(down(openai, "OPENAI_API_KEY is not set")), nil,
			llm.Facts{},
			fault.NoTarget, "", `No target of the model "smart" can serve this request: openai/gpt is not available.`,
		},
		{
			"native members", route(anthropic), nil,
			llm.Facts{Native: []string{"n", "logprobs"}},
			fault.Invalid, "n", `No target of the model "smart" can serve this request: ` +
				`anthropic/claude speaks anthropic, which cannot say n and logprobs; ` +
				`leave out n and logprobs, or ask for a model that speaks openaichat.`,
		},
		{
			"operation", route(groq, anthropic), nil,
			llm.Facts{Op: llm.OpEmbed},
			fault.Invalid, "model", `No target of the model "smart" can serve this request: ` +
				`groq/llama does not offer embeddings; anthropic/claude does not offer embeddings.`,
		},
		{
			"raw is never translated", route(target("a/m", offer(llm.OpRaw, messages))), nil,
			llm.Facts{Op: llm.OpRaw},
			fault.Invalid, "model", `No target of the model "smart" can serve this request: ` +
				`a/m does not offer this operation in the dialect of the request.`,
		},
		{
			"a target that may come back outweighs the others", route(anthropic, down(openai, "x")), nil,
			llm.Facts{Native: []string{"n"}},
			fault.NoTarget, "", `No target of the model "smart" can serve this request: ` +
				`anthropic/claude speaks anthropic, which cannot say n; openai/gpt is not available.`,
		},
		{
			"a target that would not do when it is back does not", route(down(anthropic, "x")), nil,
			llm.Facts{Native: []string{"n"}},
			fault.Invalid, "n", `No target of the model "smart" can serve this request: ` +
				`anthropic/claude speaks anthropic, which cannot say n; ` +
				`leave out n, or ask for a model that speaks openaichat.`,
		},
		{
			"members outweigh the operation",
			route(target("e/m", offer(llm.OpEmbed, chat)), anthropic), nil,
			llm.Facts{Native: []string{"n"}},
			fault.Invalid, "n", `No target of the model "smart" can serve this request: ` +
				`e/m does not offer chat; anthropic/claude speaks anthropic, which cannot say n; ` +
				`leave out n, or ask for a model that speaks openaichat.`,
		},
		{
			"targets of others are counted, not named", route(down(groq, "x"), openai),
			[]string{"groq/*"},
			llm.Facts{},
			fault.NoTarget, "", `No target of the model "smart" can serve this request: ` +
				`groq/llama is not available; another target is not open to this key.`,
		},
		{
			"several targets of others", route(down(groq, "x"), openai, anthropic),
			[]string{"groq/*"},
			llm.Facts{},
			fault.NoTarget, "", `No target of the model "smart" can serve this request: ` +
				`groq/llama is not available; 2 other targets are not open to this key.`,
		},
		{"a route without targets", route(), nil, llm.Facts{}, fault.NoTarget, "", `No target of the model "smart" can serve this request.`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.facts
			f.Model = "smart"
			if f.Op == "" {
				f.Op = llm.OpChat
			}
			plan, err := routing.Plan(tt.route, keys.Caller{Models: tt.models}, chat, f)
			var e *fault.Error
			if !errors.As(err, &e) {
				t.Fatalf("Plan = %v, %v; want a fault.Error", plan, err)
			}
			if len(plan) != 0 {
				t.Errorf("a plan beside an error: %v", plan)
			}
			if e.Kind != tt.kind || e.Param != tt.param {
				t.Errorf("got %v, param %q; want %v, param %q", e.Kind, e.Param, tt.kind, tt.param)
			}
			if d := cmp.Diff(tt.message, e.Message()); d != "" {
				t.Errorf("message (-want +got):\n%s", d)
			}
			for _, secret := range []string{"secret", "OPENAI_API_KEY", "https://"} {
				if strings.Contains(e.Message(), secret) {
					t.Errorf("the message shows %q: %s", secret, e.Message())
				}
			}
		})
	}
}

func TestPlanTellsLogsWhyAProviderIsAway(t *testing.T) {
	_, err := routing.Plan(route(down(openai, "OPENAI_API_KEY is not set")), keys.Caller{}, chat, llm.Facts{Model: "smart", Op: llm.OpChat})
	if err == nil || !strings.Contains(err.Error(), "OPENAI_API_KEY is not set") {
		t.Errorf("the log's text lacks the cause: %v", err)
	}
}

func TestPlanRefusesAnUnknownStrategy(t *testing.T) {
	r := route(openai)
	r.Strategy = "astrology"
	if _, err := routing.Plan(r, keys.Caller{}, chat, llm.Facts{Model: "smart", Op: llm.OpChat}); fault.KindOf(err) != fault.Internal || err == nil {
		t.Errorf("got %v, want an internal error", err)
	}
}

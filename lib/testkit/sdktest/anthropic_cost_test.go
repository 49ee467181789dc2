package sdktest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"

	"weir/lib/accounting/ledger"
	"weir/lib/llm"
	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakeprovider"
)

// From either front to either provider: what is booked is what the provider
// said, and a streamed answer costs what the whole one costs.
func TestEveryPairCostsTheSame(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	claude, gpt := h.claude(), h.gpt()
	tools := []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "weather", Parameters: shared.FunctionParameters{"type": "object"}})}
	fronts := map[string]func(model string, stream bool) ledger.Row{
		"anthropic": func(model string, stream bool) ledger.Row {
			p := question(model, "How deep is the weir?")
			p.Tools = claudeTools()[:1]
			say(t, claude, p, stream)
			return h.newest(claude.wiretap)
		},
		"openai": func(model string, stream bool) ledger.Row {
			gpt.ask(t, openai.ChatCompletionNewParams{Model: model, Tools: tools, MaxCompletionTokens: openai.Int(4096), Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("How deep is the weir?")}}, stream)
			return h.newest(gpt.wiretap)
		},
	}
	kinds := map[string]struct {
		a fakeanthropic.Answer
		o fakeprovider.Answer
	}{
		"text":    {},
		"tools":   {fakeanthropic.Answer{AllTools: true}, fakeprovider.Answer{AllTools: true}},
		"cached":  {fakeanthropic.Answer{CacheRead: 9, CacheWrite5m: 4, CacheWrite1h: 2}, fakeprovider.Answer{CachedTokens: 3}},
		"refusal": {fakeanthropic.Answer{Refusal: true}, fakeprovider.Answer{Refusal: "No."}},
		"pings":   {fakeanthropic.Answer{Pings: true}, fakeprovider.Answer{Comments: true}},
		"whole":   {fakeanthropic.Answer{Whole: true}, fakeprovider.Answer{Whole: true}},
	}
	for name, ask := range fronts {
		for _, model := range []string{sonnet, "o/gpt-4o", "echo/x"} {
			for kind, k := range kinds {
				h.script(model, k.a, k.o)
				whole := ask(model, false)
				h.script(model, k.a, k.o)
				streamed := ask(model, true)
				if diff := cmp.Diff(whole.Usage, streamed.Usage); diff != "" || whole.Cost != streamed.Cost || whole.Cost == 0 || whole.UsageSource != ledger.UsageProvider {
					t.Errorf("%s to %s, %s: %s and %s from %s (-whole +streamed):\n%s", name, model, kind, whole.Cost, streamed.Cost, whole.UsageSource, diff)
				}
			}
		}
	}
	h.taken()
	h.compare()
}

// compare holds the rows to what the providers reported.
func (h *house) compare() {
	h.t.Helper()
	booked := map[string]llm.Usage{}
	for _, r := range h.Settled() {
		b := booked[r.Provider+"/"+r.Model]
		booked[r.Provider+"/"+r.Model] = llm.Usage{
			Input: b.Input + r.Usage.Input, CacheRead: b.CacheRead + r.Usage.CacheRead, CacheWrite5m: b.CacheWrite5m + r.Usage.CacheWrite5m,
			CacheWrite1h: b.CacheWrite1h + r.Usage.CacheWrite1h, Output: b.Output + r.Usage.Output, Reasoning: b.Reasoning + r.Usage.Reasoning,
		}
	}
	for model, said := range h.a.Totals() {
		want := llm.Usage{Input: said.Input, CacheRead: said.CacheRead, CacheWrite5m: said.CacheWrite5m, CacheWrite1h: said.CacheWrite1h, Output: said.Output, Reasoning: said.Thinking}
		if diff := cmp.Diff(want, booked["a/"+model]); diff != "" {
			h.t.Errorf("a/%s (-provider +rows):\n%s", model, diff)
		}
	}
	for model, said := range h.o.Totals() {
		if diff := cmp.Diff(buckets(said), booked["o/"+model]); diff != "" {
			h.t.Errorf("o/%s (-provider +rows):\n%s", model, diff)
		}
	}
}

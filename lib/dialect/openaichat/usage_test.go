package openaichat_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/dialect"
	"weir/lib/dialect/openaichat"
	"weir/lib/llm"
	"weir/lib/testkit/hubtest"
	"weir/lib/wire/sse"
)

// The same figures, streamed and not, make the same buckets: those worked out
// by hand from the vendor's documentation.
func TestUsageBuckets(t *testing.T) {
	tests := []struct {
		name   string
		usage  string
		quirks dialect.Quirks
		want   llm.Usage
	}{
		{"plain", `{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}`, dialect.Quirks{}, llm.Usage{Input: 10, Output: 5}},
		{"zero is a figure", `{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}`, dialect.Quirks{}, llm.Usage{}},
		{
			"OpenAI: cached and reasoning are inside", `{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,"prompt_tokens_details":{"cached_tokens":1920},"completion_tokens_details":{"reasoning_tokens":100}}`,
			dialect.Quirks{},
			llm.Usage{Input: 86, CacheRead: 1920, Output: 300, Reasoning: 100},
		},
		{
			"OpenAI: cache writes are inside, too", `{"prompt_tokens":2600,"completion_tokens":10,"total_tokens":2610,"prompt_tokens_details":{"cached_tokens":2000,"cache_write_tokens":400}}`,
			dialect.Quirks{},
			llm.Usage{Input: 200, CacheRead: 2000, CacheWrite5m: 400, Output: 10},
		},
		{
			"OpenAI: audio", `{"prompt_tokens":100,"completion_tokens":60,"total_tokens":160,"prompt_tokens_details":{"audio_tokens":70,"cached_tokens":20},"completion_tokens_details":{"audio_tokens":50,"reasoning_tokens":0}}`,
			dialect.Quirks{},
			llm.Usage{Input: 10, CacheRead: 20, AudioIn: 70, Output: 10, AudioOut: 50},
		},
		{
			"audio that was cached is not counted twice", `{"prompt_tokens":100,"completion_tokens":1,"prompt_tokens_details":{"audio_tokens":70,"cached_tokens":60}}`,
			dialect.Quirks{},
			llm.Usage{CacheRead: 60, AudioIn: 40, Output: 1},
		},
		{"null details", `{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":null,"completion_tokens_details":null}`, dialect.Quirks{}, llm.Usage{Input: 10, Output: 5}},
		{"DeepSeek", `{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_cache_hit_tokens":8,"prompt_cache_miss_tokens":2}`, dialect.Quirks{}, llm.Usage{Input: 2, CacheRead: 8, Output: 5}},
		{"Moonshot", `{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"cached_tokens":8}`, dialect.Quirks{}, llm.Usage{Input: 2, CacheRead: 8, Output: 5}},
		{
			"xAI: reasoning is outside, by the total", `{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94}}`,
			dialect.Quirks{},
			llm.Usage{Input: 32, Output: 103, Reasoning: 94},
		},
		{
			"xAI without a total, by the quirk", `{"prompt_tokens":32,"completion_tokens":99,"completion_tokens_details":{"reasoning_tokens":94}}`,
			dialect.Quirks{ReasoningExclusive: true},
			llm.Usage{Input: 32, Output: 193, Reasoning: 94},
		},
		{
			"the total speaks against the quirk", `{"prompt_tokens":32,"completion_tokens":99,"total_tokens":131,"completion_tokens_details":{"reasoning_tokens":94}}`,
			dialect.Quirks{ReasoningExclusive: true},
			llm.Usage{Input: 32, Output: 99, Reasoning: 94},
		},
		{
			"more reasoning than output is outside", `{"prompt_tokens":1,"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":60}}`,
			dialect.Quirks{},
			llm.Usage{Input: 1, Output: 62, Reasoning: 60},
		},
		{
			"Gemini's compatible endpoint: thoughts are only in the total", `{"prompt_tokens":20,"completion_tokens":198,"total_tokens":623}`,
			dialect.Quirks{},
			llm.Usage{Input: 20, Output: 603, Reasoning: 405},
		},
		{
			"cached outside, by the quirk", `{"prompt_tokens":100,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":80}}`,
			dialect.Quirks{CacheExclusive: true},
			llm.Usage{Input: 100, CacheRead: 80, Output: 5},
		},
		{
			"cached outside, by the quirk and the total", `{"prompt_tokens":100,"completion_tokens":5,"total_tokens":185,"prompt_tokens_details":{"cached_tokens":80}}`,
			dialect.Quirks{CacheExclusive: true},
			llm.Usage{Input: 100, CacheRead: 80, Output: 5},
		},
		{
			"cached outside, by the total", `{"prompt_tokens":100,"completion_tokens":5,"total_tokens":185,"prompt_tokens_details":{"cached_tokens":80}}`,
			dialect.Quirks{},
			llm.Usage{Input: 100, CacheRead: 80, Output: 5},
		},
		{
			"more cached than prompt is outside", `{"prompt_tokens":20,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":80}}`,
			dialect.Quirks{},
			llm.Usage{Input: 20, CacheRead: 80, Output: 5},
		},
		{"a total in the place of prompt_tokens", `{"completion_tokens":5,"total_tokens":15}`, dialect.Quirks{}, llm.Usage{Input: 10, Output: 5}},
		{"a total in the place of completion_tokens", `{"prompt_tokens":10,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4}}`, dialect.Quirks{}, llm.Usage{Input: 6, CacheRead: 4, Output: 5}},
		{"what cannot be a count is not believed", `{"prompt_tokens":10,"completion_tokens":5,"total_tokens":1e30,"prompt_tokens_details":{"cached_tokens":"8"}}`, dialect.Quirks{}, llm.Usage{Input: 10, Output: 5}},
		{"completion_tokens that cannot be a count are told by the total", `{"prompt_tokens":10,"completion_tokens":-5,"total_tokens":15}`, dialect.Quirks{}, llm.Usage{Input: 10, Output: 5}},
		{"whole numbers in any form", `{"prompt_tokens":1.0e1,"completion_tokens":5.0}`, dialect.Quirks{}, llm.Usage{Input: 10, Output: 5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			target := dialect.Target{Quirks: tt.quirks}
			body := fmt.Sprintf(`{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":%s}`, tt.usage)
			c, err := openaichat.Back{}.Unary(llm.OpChat, llm.Outbound{}, target, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, used(t, c.Events)); diff != "" {
				t.Errorf("unary (-want +got):\n%s", diff)
			}
			for _, stream := range []string{
				"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":%s}\n\ndata: [DONE]\n\n",
				"data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":%s}\n\ndata: [DONE]\n\n",
				"data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"x_groq\":{\"usage\":%s}}\n\ndata: [DONE]\n\n",
			} {
				stream = fmt.Sprintf(stream, tt.usage)
				var events []llm.Event
				for c, err := range (openaichat.Back{}).Stream(llm.OpChat, llm.Outbound{}, target, sse.Frames(strings.NewReader(stream), maxEvent)) {
					if err != nil {
						t.Fatal(err)
					}
					events = append(events, c.Events...)
				}
				if diff := cmp.Diff(tt.want, used(t, events)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", stream, diff)
				}
			}
		})
	}
}

func used(t *testing.T, events []llm.Event) llm.Usage {
	t.Helper()
	var last *llm.Usage
	for _, ev := range events {
		if u, ok := ev.(llm.Used); ok {
			last = &u.Usage
		}
	}
	if last == nil {
		t.Fatal("no usage")
	}
	return *last
}

func TestServiceTier(t *testing.T) {
	for tier, want := range map[string]string{"default": "", "auto": "", "standard": "", "on_demand": "", "flex": "flex", "priority": "priority"} {
		body := fmt.Sprintf(`{"service_tier":%q,"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`, tier)
		c, err := openaichat.Back{}.Unary(llm.OpChat, llm.Outbound{}, dialect.Target{}, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := used(t, c.Events).Tier; got != want {
			t.Errorf("%s: tier %q, want %q", tier, got, want)
		}
	}
}

// Half a report is none: the other half would be free.
func TestNoUsageIsNotZero(t *testing.T) {
	for _, usage := range []string{
		"null", "{}", `{"prompt_tokens":null}`, `"x"`,
		`{"prompt_tokens":10}`, `{"completion_tokens":5}`, `{"total_tokens":15}`,
		`{"prompt_tokens":10,"completion_tokens":null}`, `{"prompt_tokens":10,"completion_tokens":-5}`, `{"prompt_tokens":10,"completion_tokens":"5"}`,
		`{"prompt_tokens":10,"completion_tokens":1.5}`, `{"prompt_tokens":10,"completion_tokens":9223372036854775808}`, `{"prompt_tokens":10,"completion_tokens":1e999}`,
		`{"prompt_tokens":10,"completion_tokens":-5,"total_tokens":5}`, `{"prompt_tokens":-10,"completion_tokens":5}`,
	} {
		body := fmt.Sprintf(`{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":%s}`, usage)
		c, err := openaichat.Back{}.Unary(llm.OpChat, llm.Outbound{}, dialect.Target{}, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range c.Events {
			if _, ok := ev.(llm.Used); ok {
				t.Errorf("usage %s is reported: %s", usage, hubtest.Line(ev))
			}
		}
		if !bytes.Equal(c.Frame.Data, []byte(body)) {
			t.Error("the frame is not the body")
		}
	}
}

package sdktest_test

import "strings"

// endings are scenarios of why an answer ends, and of counting.
func endings() []scenario {
	out := rows(
		one{name: "refusal", not: func(c *cell) string {
			if c.to.name == "bedrock-nova" {
				return neverSaid
			}
			return ""
		}, wish: asks(ask0), s: script{refusal: "I can't help with that."}},
		one{name: "content_filter", wish: asks(ask0), s: script{text: "It is", end: "filter"}},
		one{name: "context_full", not: func(c *cell) string {
			if c.to.provider == "openai" || c.to.provider == "deepseek" {
				return neverSaid
			}
			return ""
		}, wish: asks(ask0), s: script{text: "It is", end: "context"}},
		one{name: "pause", not: signersOnly, wish: asks(ask0), s: script{text: "It is", end: "pause"}},
		one{name: "unknown_stop_reason", wish: asks(ask0), s: script{text: depth, end: "unknown"}},
		one{name: "length_in_a_call", wish: withTools(), s: script{calls: []call{{ID: levelCall.ID, Name: "level", Arguments: `{"where":"h"}`}}, end: "length"}},
	)
	return append(out, scenario{name: "token_counting", not: either(onlyMessages, inWhole), run: (*cell).counts})
}

// counts asks how many tokens a request has.
func (c *cell) counts() {
	c.answers(script{text: depth, usage: spent{Input: 4321, Output: 1}})
	via, _ := c.via.(counter)
	got, err := via.count(c.Context(), c.to.provider+"/"+c.model, withTools())
	if err != nil || got == 0 {
		c.Fatalf("%d, %v", got, err)
	}
	told, estimated := strings.Contains(c.tap.last().header.Get("X-Weir-Loss"), "count_tokens: estimated"), !signs(c.to)
	if told != estimated || c.to.name == "bedrock-claude" && got != 4321 {
		c.Errorf("%d tokens, loss %q", got, c.tap.last().header.Get("X-Weir-Loss"))
	}
	if n := len(c.asked()); (n == 0) != estimated {
		c.Errorf("the provider was asked %d times", n)
	}
}

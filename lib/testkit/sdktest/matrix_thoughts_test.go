package sdktest_test

import (
	"fmt"
	"slices"
	"strings"
)

const thought = "I weigh \u2028 it: \"deep\"."

// signs reports whether a target's model signs what it thinks.
func signs(to target) bool { return to.name == "anthropic" || to.name == "bedrock-claude" }

func signersOnly(c *cell) string {
	if !signs(c.to) {
		return "no model of this provider signs its thoughts"
	}
	return ""
}

// thinks is a request that lets the target think.
func (c *cell) thinks() wish {
	w := withTools()
	w.most = 9000
	if c.who.front == "chat" {
		w.effort = "low"
	} else {
		w.budget = 2048
	}
	return w
}

// thinking is what thinks loses on the way to the target.
var thinking = fates{
	{"messages/openai", "part thinking.budget_tokens"},
	{"messages/compatible", "part thinking.budget_tokens"},
	{"messages/bedrock-nova", "part thinking.budget_tokens"},
}

// thoughts are scenarios of reasoning.
func thoughts() []scenario {
	answer := script{thinking: thought, text: depth, usage: spent{Input: 40, Output: 30, Reasoning: 12}}
	calling := script{thinking: thought, calls: []call{levelCall}, usage: spent{Input: 40, Output: 30, Reasoning: 12}}
	back := results(outcome{id: levelCall.ID, text: "2.5 m"})
	return []scenario{
		{name: "reasoning_by_effort", run: func(c *cell) {
			c.as(c.to.thinker)
			w, s := wish{turns: []speech{says(ask0)}, effort: "low", most: 9000}, answer
			if c.who.front == "messages" && signs(c.to) {
				s.thinking, s.usage.Reasoning = "", 0 // an effort alone lets nobody think
			}
			c.good(w, s, nil)
			c.sentOne(true, []string{`"reasoning_effort":"low"`, `"budget_tokens"`, `"maxReasoningEffort":"low"`, `"effort":"low"`})
		}},
		{name: "reasoning_by_budget", run: func(c *cell) {
			c.as(c.to.thinker)
			c.good(wish{turns: []speech{says(ask0)}, budget: 2048, most: 9000}, answer, budgets)
		}},
		{name: "reasoning_not_to_be_had", not: func(c *cell) string {
			if c.to.name != "bedrock-nova" && c.to.name != "openai" {
				return "every model of this provider can be asked to reason"
			}
			return ""
		}, run: func(c *cell) {
			w := c.thinks()
			if c.lane() == "chat/openai" {
				c.good(w, script{}, fates{{"*/*", "vendor reasoning_effort"}})
				return
			}
			c.good(w, script{text: depth}, fates{{"chat/*", "loss reasoning_effort"}, {"messages/*", "loss thinking"}})
		}},
		{name: "thinking_in_a_tool_loop", run: func(c *cell) {
			c.as(c.to.thinker)
			w := c.thinks()
			got := c.good(w, calling, thinking)
			w.turns = append(w.turns, again(got), back)
			c.good(w, answer, thinkingBack)
			if signs(c.to) {
				c.sealed(got, 1)
			}
		}},
		{name: "redacted_thinking_in_a_tool_loop", not: signersOnly, run: func(c *cell) {
			w, s := c.thinks(), calling
			s.redacted = "hidden"
			got := c.good(w, s, nil)
			w.turns = append(w.turns, again(got), back)
			c.good(w, answer, nil)
			c.sealed(got, 2)
		}},
		{name: "thinking_before_text", run: func(c *cell) {
			c.as(c.to.thinker)
			w := c.thinks()
			w.tools = nil
			got := c.good(w, answer, thinking)
			w.turns = append(w.turns, again(got), says("And wide?"))
			c.good(w, answer, thinkingBack)
		}},
		{name: "thinking_dropped_by_the_client", not: signersOnly, run: func(c *cell) {
			w := c.thinks()
			got := c.good(w, calling, nil)
			w.turns = append(w.turns, speech{role: "assistant", answer: &got, bare: true}, back)
			c.good(w, script{text: depth}, append(vendor("Expected `thinking`"), fated{"chat/*", "loss reasoning_effort"}))
			c.sentOne(false, []string{got.seals[0]})
		}},
		{name: "thinking_of_another_model", run: func(c *cell) {
			c.as(c.to.thinker)
			c.takesOver()
		}},
		{name: "twelve_turns_with_thinking", run: func(c *cell) {
			c.as(c.to.thinker)
			c.twelveTurns()
		}},
		{name: "a_refused_seal", not: signersOnly, run: func(c *cell) { c.refusedSeal(false) }},
		{name: "a_refused_seal_where_nothing_may_be_lost", not: signersOnly, run: func(c *cell) { c.refusedSeal(true) }},
	}
}

var (
	budgets = fates{
		{"messages/openai", "part thinking.budget_tokens"},
		{"messages/compatible", "part thinking.budget_tokens"},
		{"messages/bedrock-nova", "part thinking.budget_tokens"},
		{"chat/bedrock-nova", "part thinking.budget_tokens"},
		{"chat/openai", "loss thinking"},
	}
	// thinkingBack is what is lost besides of thinking in the history.
	thinkingBack = fates{
		{"messages/openai", "part thinking.budget_tokens"},
		{"messages/compatible", "part thinking.budget_tokens"},
		{"messages/bedrock-nova", "part messages[1].content[0] thinking.budget_tokens"},
		{"chat/bedrock-nova", "part messages[1].reasoning_content"},
	}
)

// sealed looks for the signatures of an answer in the newest request.
func (c *cell) sealed(r reply, n int) {
	c.Helper()
	if len(r.seals) != n {
		c.Errorf("%d seals, want %d", len(r.seals), n)
	}
	sent := c.last()
	for _, s := range r.seals {
		if !strings.Contains(sent, s) {
			c.Errorf("%s is not in %s", s, sent)
		}
	}
}

// twelveTurns is an agent's loop, which ends as it does at the provider itself:
// with its last text, and every thought that was signed on its way back.
func (c *cell) twelveTurns() {
	c.Helper()
	w := c.thinks()
	var seals []string
	for i := range turns {
		a, b := levelCall, hourCall
		a.ID, b.ID = fmt.Sprintf("call_level_%d", i), fmt.Sprintf("call_hour_%d", i)
		s := script{thinking: fmt.Sprintf("Step %d: \u2028 more.", i), calls: []call{a, b}, mixed: i%2 == 0, usage: spent{Input: 40, Output: 30, Reasoning: 12}}
		if i%3 == 0 && signs(c.to) {
			s.redacted = fmt.Sprint("hidden ", i)
		}
		got := c.good(w, s, looped(i))
		seals = append(seals, got.seals...)
		w.turns = append(w.turns, again(got), results(outcome{id: b.ID, text: "noon"}, outcome{id: a.ID, text: fmt.Sprint(i, " m")}))
	}
	c.good(w, script{thinking: "Now I know.", text: depth, usage: spent{Input: 40, Output: 30, Reasoning: 12}}, looped(turns))
	if signs(c.to) {
		c.sealed(reply{seals: seals}, turns+turns/3)
	}
}

// looped is what the i-th request of a loop loses: the thoughts of its history,
// of which the first is named, where nobody reads them.
func looped(i int) fates {
	if i == 0 {
		return thinking
	}
	return thinkingBack
}

// refusedSeal sends a signature that the provider refuses.
func (c *cell) refusedSeal(strict bool) {
	c.Helper()
	w := c.thinks()
	got := c.good(w, script{thinking: thought, calls: []call{levelCall}}, nil)
	const seal = "c2lnbmVkIGJ5IG5vYm9keQ=="
	forged := got
	forged.native = c.via.forged(got, seal)
	w.turns, w.strict = append(w.turns, again(forged), results(outcome{id: levelCall.ID, text: "2.5 m"})), strict
	before := len(c.asked())
	s := script{text: depth}
	if !strict {
		c.answers(s)
	}
	r := c.ask(w)
	asked := c.asked()[before:]
	if strict {
		if p := c.failed(r, 400); len(asked) != 1 || p.kind != invalid || !strings.Contains(p.message, "Invalid `signature` in `thinking` block") {
			c.Errorf("asked %d times, %+v", len(asked), p)
		}
		return
	}
	if r.err != nil || len(asked) != 2 || asked[0].refused == nil || asked[1].refused != nil || !strings.Contains(string(asked[0].body), seal) {
		c.Fatalf("%v; asked %d times: %v", r.err, len(asked), asked)
	}
	if r.text != depth || r.header.Get("X-Weir-Attempts") != "2" || strings.Contains(c.last(), seal) {
		c.Errorf("%q after %s attempts, sent %s", r.text, r.header.Get("X-Weir-Attempts"), c.last())
	}
	want := []string{"messages[1].content[0]", "thinking"}
	if c.who.front == "chat" {
		want = []string{"messages[1].thinking_blocks[0]", "reasoning_effort"}
	}
	if lost := losses(r.header); !slices.Equal(lost, want) {
		c.Errorf("lost %q, want %q", lost, want)
	}
	c.booked(r, s, 2)
}

// takesOver goes on with a conversation that another model began, whose
// thoughts nobody signed.
func (c *cell) takesOver() {
	c.Helper()
	first := *c
	first.to = targets[1]
	first.as(first.to.thinker)
	w := first.thinks()
	got := first.good(w, script{thinking: thought, calls: []call{levelCall}, usage: spent{Input: 40, Output: 30, Reasoning: 12}}, thinking)
	w.turns = append(w.turns, again(got), results(outcome{id: levelCall.ID, text: "2.5 m"}))
	c.good(w, script{text: depth}, takenOver)
}

// takenOver is what is lost of a conversation of another model's: Claude reads
// no thought that it has not signed, and does not go on thinking in a turn
// without.
var takenOver = fates{
	{"chat/compatible", "carried"},
	{"messages/compatible", "part thinking.budget_tokens"},
	{"chat/openai", "loss messages[1].reasoning_content"},
	{"messages/openai", "loss messages[1].content[0] thinking.budget_tokens"},
	{"chat/bedrock-nova", "loss messages[1].reasoning_content"},
	{"messages/bedrock-nova", "loss messages[1].content[0] thinking.budget_tokens"},
	{"chat/*", "loss messages[1].reasoning_content reasoning_effort"},
	{"messages/*", "loss messages[1].content[0] thinking"},
}

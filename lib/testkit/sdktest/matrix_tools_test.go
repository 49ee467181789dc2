package sdktest_test

import (
	"net/http"
	"strings"
)

// gauges are the tools of the scenarios.
func gauges() []tool {
	return []tool{
		{name: "level", description: "The level of the water.", parameters: object(map[string]any{"where": map[string]any{"type": "string"}})},
		{name: "hour", description: "The hour.", parameters: map[string]any{"type": "object", "properties": map[string]any{}}},
		{name: "flow", parameters: object(map[string]any{"where": map[string]any{"type": "string"}})},
	}
}

// withTools asks with all tools.
func withTools() wish { return wish{turns: []speech{says(ask0)}, tools: gauges()} }

// place is an input that every layer may get wrong.
const place = `{"where":"Zürich \u2028 \"weir\" 🌊","n":[1,2.5,null]}`

var (
	levelCall = call{ID: "call_level_1", Name: "level", Arguments: place}
	hourCall  = call{ID: "call_hour_2", Name: "hour", Arguments: "{}"}
	flowCall  = call{ID: "call_flow_3", Name: "flow", Arguments: `{"where":"there"}`}
)

// loop asks with tools, and gives their results back.
func (c *cell) loop(first script, back []outcome, f fates) {
	c.Helper()
	w := withTools()
	got := c.good(w, first, nil)
	w.turns = append(w.turns, again(got), results(back...))
	c.good(w, script{text: depth}, f)
}

// toolCalls are scenarios of tools.
func toolCalls() []scenario {
	three := script{text: "I look.", calls: []call{levelCall, hourCall, flowCall}, mixed: true}
	all := rows(
		one{name: "one_call", wish: withTools(), s: script{calls: []call{levelCall}}, marks: []string{`"level"`}},
		one{name: "three_parallel_calls", wish: withTools(), s: script{calls: []call{levelCall, hourCall, flowCall}}},
		one{name: "parallel_calls_interleaved", wish: withTools(), s: script{calls: three.calls, mixed: true}},
		one{name: "calls_behind_text", wish: withTools(), s: three},
		one{name: "empty_arguments", wish: withTools(), s: script{calls: []call{{ID: "call_hour_2", Name: "hour"}}}},
		one{name: "calls_in_torn_pieces", wish: withTools(), s: script{calls: three.calls, mixed: true, header: http.Header{headerDrops: {"5"}}}},
		one{name: "tools_not_called", wish: withTools()},
		one{
			name: "a_forced_tool", wish: wish{turns: []speech{says(ask0)}, tools: gauges(), choice: "hour"}, s: script{calls: []call{hourCall}},
			marks: []string{`{"function":{"name":"hour"},"type":"function"}`, `{"name":"hour","type":"tool"}`, `{"tool":{"name":"hour"}}`},
		},
		one{
			name: "any_tool", wish: wish{turns: []speech{says(ask0)}, tools: gauges(), choice: "required"}, s: script{calls: []call{hourCall}},
			marks: []string{`"tool_choice":"required"`, `"tool_choice":{"type":"any"}`, `{"any":{}}`},
		},
		one{name: "no_tool", wish: wish{turns: []speech{says(ask0)}, tools: gauges(), choice: "none"}},
		one{
			name: "one_call_at_a_time", wish: wish{turns: []speech{says(ask0)}, tools: gauges(), single: true}, s: script{calls: []call{hourCall}},
			marks: []string{`"parallel_tool_calls":false`, `"disable_parallel_tool_use":true`},
			fates: fates{
				{"chat/bedrock-*", "loss parallel_tool_calls"},
				{"messages/bedrock-nova", "loss tool_choice.disable_parallel_tool_use"},
			},
		},
	)
	return append(all,
		scenario{name: "tool_loop", run: func(c *cell) {
			c.loop(script{text: "I look.", calls: []call{levelCall}}, []outcome{{id: levelCall.ID, text: "2.5 \u2028 m"}}, nil)
			c.sentOne(true, []string{`2.5 \u2028 m`})
		}},
		scenario{name: "parallel_tool_loop", run: func(c *cell) {
			c.loop(three, []outcome{{id: levelCall.ID, text: "2.5 m"}, {id: hourCall.ID, text: "noon"}, {id: flowCall.ID, text: "fast"}}, nil)
			c.sentOne(true, []string{"fast"})
		}},
		scenario{name: "results_out_of_order", run: func(c *cell) {
			c.loop(three, []outcome{{id: flowCall.ID, text: "fast"}, {id: levelCall.ID, text: "2.5 m"}, {id: hourCall.ID, text: "noon"}}, nil)
			c.sentOne(true, []string{"noon"})
		}},
		scenario{name: "results_in_several_turns", run: func(c *cell) {
			w := withTools()
			got := c.good(w, three, nil)
			w.turns = append(w.turns, again(got), results(outcome{id: levelCall.ID, text: "2.5 m"}), results(outcome{id: hourCall.ID, text: "noon"}, outcome{id: flowCall.ID, text: "fast"}))
			c.good(w, script{text: depth}, nil)
			c.sentOne(true, []string{"noon"})
		}},
		scenario{name: "result_and_text", run: func(c *cell) {
			w := withTools()
			got := c.good(w, script{calls: []call{levelCall}}, nil)
			w.turns = append(w.turns, again(got), shows(piece{result: &outcome{id: levelCall.ID, text: "2.5 m"}}, piece{text: "Is it safe?"}))
			c.good(w, script{text: depth}, nil)
			c.sentOne(true, []string{"Is it safe?"})
		}},
		scenario{name: "empty_result", run: func(c *cell) {
			c.loop(script{calls: []call{hourCall}}, []outcome{{id: hourCall.ID}}, fates{
				{"chat/bedrock-*", "part messages[2]"}, {"messages/bedrock-nova", "part messages[2].content[0]"},
			})
		}},
		scenario{name: "failed_result", not: onlyMessages, run: func(c *cell) {
			c.loop(script{calls: []call{levelCall}}, []outcome{{id: levelCall.ID, text: "The gauge is wet.", failed: true}}, fates{
				{"messages/openai", "part messages[2].content[0].is_error"}, {"messages/compatible", "part messages[2].content[0].is_error"},
			})
			c.sentOne(true, []string{"The gauge is wet."})
		}},
		scenario{name: "image_in_a_result", not: onlyMessages, run: func(c *cell) {
			c.loop(script{calls: []call{levelCall}}, []outcome{{id: levelCall.ID, text: "See:", image: pixel}}, fates{
				{"messages/openai", "part messages[2].content[0].content[1]"}, {"messages/compatible", "part messages[2].content[0].content[1]"},
			})
			c.sentOne(true, []string{pixel})
		}},
		scenario{name: "call_ids_of_another_provider", run: func(c *cell) {
			first := *c
			first.to = targets[1]
			first.as(first.to.model)
			w := withTools()
			a, b := levelCall, hourCall
			a.ID, b.ID = "functions.level:0/"+strings.Repeat("x", 70), "functions.level:0_"+strings.Repeat("x", 70)
			s := script{calls: []call{a, b}}
			first.answers(s)
			got := first.ask(w)
			if got.err != nil || len(got.calls) != 2 {
				c.Fatalf("%v, %+v", got.err, got.calls)
			}
			w.turns = append(w.turns, again(got), results(outcome{id: got.calls[1].ID, text: "noon"}, outcome{id: got.calls[0].ID, text: "2.5 m"}))
			c.good(w, script{text: depth}, nil)
		}},
		scenario{name: "second_round_of_calls", run: func(c *cell) {
			w := withTools()
			got := c.good(w, script{calls: []call{levelCall}}, nil)
			w.turns = append(w.turns, again(got), results(outcome{id: levelCall.ID, text: "2.5 m"}))
			got = c.good(w, script{text: "And now?", calls: []call{hourCall, flowCall}}, nil)
			w.turns = append(w.turns, again(got), results(outcome{id: hourCall.ID, text: "noon"}, outcome{id: flowCall.ID, text: "fast"}))
			got = c.good(w, script{text: depth}, nil)
			w.turns = append(w.turns, again(got), says("Thank you."))
			c.good(w, script{text: "Farewell."}, nil)
		}},
		scenario{name: "tools_gone_from_the_next_request", run: func(c *cell) {
			w := withTools()
			got := c.good(w, script{calls: []call{levelCall}}, nil)
			w.turns, w.tools = append(w.turns, again(got), results(outcome{id: levelCall.ID, text: "2.5 m"})), nil
			c.good(w, script{text: depth}, append(vendor("must define tools"), toolsGone...))
			c.sentOne(true, []string{"2.5 m"})
		}},
		scenario{name: "a_call_without_its_result", run: func(c *cell) {
			w := withTools()
			got := c.good(w, script{calls: []call{levelCall, hourCall}}, nil)
			w.turns = append(w.turns, again(got), results(outcome{id: hourCall.ID, text: "noon"}))
			before := len(c.asked())
			r := c.ask(w)
			if p := c.failed(r, 400); p.kind != invalid {
				c.Errorf("%+v", p)
			}
			if n := len(c.asked()) - before; n > 1 || n == 1 && !c.relayed() {
				c.Errorf("the provider was asked %d times", n)
			}
		}},
	)
}

// toolsGone: a history of calls wants tools before Claude and Nova.
var toolsGone = fates{{"*/anthropic", "part tools"}, {"*/bedrock-*", "part tools"}}

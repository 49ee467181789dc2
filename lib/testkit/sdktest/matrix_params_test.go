package sdktest_test

import (
	"net/http"
	"strings"
)

// relays is the rule for what only requests show that are written anew.
func relays(c *cell) string {
	if c.relayed() {
		return notWritten
	}
	return ""
}

// both is that two rules let a cell exist.
func either(rules ...func(*cell) string) func(*cell) string {
	return func(c *cell) string {
		for _, r := range rules {
			if why := r(c); why != "" {
				return why
			}
		}
		return ""
	}
}

// parameters are scenarios of everything beside messages.
func parameters() []scenario {
	asked := []speech{says(ask0)}
	out := rows(
		one{name: "temperature", wish: wish{turns: asked, temperature: 0.5}, marks: []string{`"temperature":0.5`}},
		one{name: "top_p", wish: wish{turns: asked, topP: 0.5}, marks: []string{`"top_p":0.5`, `"topP":0.5`}},
		one{name: "top_k", not: onlyMessages, wish: wish{turns: asked, topK: 7}, marks: []string{`"top_k":7`, `"topK":7`}, fates: fates{{"*/openai", "loss top_k"}, {"*/compatible", "loss top_k"}}},
		one{
			name: "temperature_and_top_p", wish: wish{turns: asked, temperature: 0.5, topP: 0.5}, marks: []string{`"temperature":0.5`},
			fates: append(vendor("cannot both be specified"), fates{{"chat/anthropic", "part top_p"}, {"chat/bedrock-claude", "part top_p"}}...),
		},
		one{
			name: "temperature_that_the_model_refuses", as: newest, wish: wish{turns: asked, temperature: 0.5}, marks: []string{`"temperature"`},
			fates: append(vendor("`temperature`"), fates{{"*/bedrock-nova", "carried"}, {"*/compatible", "carried"}, {"chat/openai", "vendor 'temperature' does not support 0.5"}, {"*/*", "loss temperature"}}...),
		},
		one{
			name: "top_p_that_the_model_refuses", as: newest, wish: wish{turns: asked, topP: 0.5}, marks: []string{`"top_p"`, `"topP"`},
			fates: append(vendor("`top_p`"), fates{{"*/bedrock-nova", "carried"}, {"*/compatible", "carried"}, {"chat/openai", "vendor 'top_p' is not supported"}, {"*/*", "loss top_p"}}...),
		},
		one{
			name: "temperature_above_1", not: onlyChat, wish: wish{turns: asked, temperature: 1.5}, marks: []string{`"temperature":1.5`},
			fates: fates{{"chat/openai", "carried"}, {"chat/compatible", "carried"}, {"chat/*", "loss temperature"}},
		},
		one{name: "most_tokens", wish: wish{turns: asked, most: 777}, marks: []string{`"max_completion_tokens":777`, `"max_tokens":777`, `"maxTokens":777`}},
		one{
			name: "most_tokens_above_the_models", not: either(func(c *cell) string {
				if c.who.front == "messages" && !c.streamed {
					return "the SDK wants answers of so many tokens streamed"
				}
				return ""
			}), wish: wish{turns: asked, most: 1_000_000}, marks: []string{`"max_tokens":64000`, `"maxTokens":64000`, `okens":1000000`},
			fates: append(vendor("which is the maximum allowed number of output tokens"), fates{{"chat/anthropic", "part max_completion_tokens"}, {"chat/bedrock-claude", "part max_completion_tokens"}}...),
		},
		one{name: "most_tokens_where_the_name_is_another", as: newest, wish: wish{turns: asked, most: 777}, marks: []string{`"max_completion_tokens":777`, `"max_tokens":777`, `"maxTokens":777`}},
		one{
			name: "service_tier", not: onlyChat, wish: wish{turns: asked, tier: "flex"}, marks: []string{`"service_tier":"flex"`, `"serviceTier":{"type":"flex"}`},
			fates: fates{{"chat/anthropic", "loss service_tier"}},
		},
		one{name: "seed", not: onlyChat, wish: wish{turns: asked, extra: map[string]any{"seed": 7}}, marks: []string{`"seed":7`}, fates: lostInChat("loss seed")},
		one{
			name: "penalties", not: onlyChat, wish: wish{turns: asked, extra: map[string]any{"frequency_penalty": 0.5, "presence_penalty": 0.5}},
			marks: []string{`"frequency_penalty":0.5`}, fates: lostInChat("loss frequency_penalty presence_penalty"),
		},
		one{name: "several_choices", not: either(onlyChat, relays), wish: wish{turns: asked, extra: map[string]any{"n": 2}}, fates: lostInChat("400 n")},
		one{name: "logit_bias", not: onlyChat, wish: wish{turns: asked, extra: map[string]any{"logit_bias": map[string]any{"50256": -100}}}, marks: []string{`"logit_bias"`}, fates: lostInChat("400 logit_bias")},
		one{name: "web_search_of_openais", not: onlyChat, wish: wish{turns: asked, extra: map[string]any{"web_search_options": map[string]any{}}}, marks: []string{`"web_search_options"`}, fates: lostInChat("400 web_search_options")},
		one{name: "strict_and_carried", wish: wish{turns: asked, temperature: 0.5, strict: true}},
		one{name: "strict_and_lost_from_chat", not: onlyChat, wish: wish{turns: asked, extra: map[string]any{"seed": 7}, strict: true}, fates: lostInChat("400 seed")},
		one{
			name: "strict_and_lost_from_messages", not: onlyMessages, wish: wish{turns: asked, topK: 7, strict: true},
			fates: fates{{"*/openai", "400 top_k"}, {"*/compatible", "400 top_k"}},
		},
		one{
			name: "strict_and_lowered", not: either(onlyChat, relays), wish: wish{turns: asked, most: 1_000_000, strict: true},
			fates: fates{{"chat/anthropic", "400 max_completion_tokens"}, {"chat/bedrock-claude", "400 max_completion_tokens"}},
		},
	)
	return append(out, scenario{name: "service_tier_of_anthropics", not: onlyMessages, run: func(c *cell) {
		c.good(wish{turns: asked, tier: "standard_only"}, script{text: depth}, nil)
		if c.to.name == "bedrock-claude" { // which takes it beside the body
			if got := c.asked()[0].header.Get("X-Amzn-Bedrock-Service-Tier"); got != "default" {
				c.Errorf("tier %q", got)
			}
			return
		}
		c.sentOne(true, []string{`"service_tier":"standard_only"`, `"service_tier":"default"`, `"serviceTier":{"type":"default"}`})
	}}, scenario{name: "betas", not: onlyMessages, run: func(c *cell) {
		const beta = "context-1m-2025-08-07"
		c.via, c.tap = c.dial(http.Header{"Anthropic-Beta": {beta}}, 0)
		c.good(asks(ask0), script{text: depth}, fates{{"*/anthropic", "carried"}, {"*/bedrock-claude", "carried"}, {"*/*", "loss anthropic-beta"}})
		r := c.asked()[0]
		if inHeader, inBody := r.header.Get("Anthropic-Beta") == beta, strings.Contains(string(r.body), `"anthropic_beta":["`+beta+`"]`); inHeader != (c.to.name == "anthropic") || inBody != (c.to.name == "bedrock-claude") {
			c.Errorf("header %v, body %s", r.header, r.body)
		}
	}}, scenario{name: "end_user", run: func(c *cell) {
		r := c.good(wish{turns: asked, user: "u-17"}, script{text: depth}, nil)
		c.sentOne(true, []string{`"user":"u-17"`, `"metadata":{"user_id":"u-17"}`, `"requestMetadata":{"user_id":"u-17"}`})
		if row := c.row(r); row.EndUser != "u-17" {
			c.Errorf("the row has %q", row.EndUser)
		}
	}})
}

// lostInChat is the fate of what only OpenAI's API can say.
func lostInChat(fate string) fates {
	return fates{{"chat/openai", "carried"}, {"chat/compatible", "carried"}, {"chat/*", fate}}
}

package sdktest_test

import (
	"fmt"
	"net/http"
	"strings"
)

// one is a scenario of one exchange.
type one struct {
	name  string
	not   func(c *cell) string
	as    func(to target) string // the model, where it is another
	wish  wish
	s     script
	fates fates
	// marks are what shows it in the request to the provider, as canonical
	// JSON; one of them does. What is lost must not be there.
	marks []string
}

func (o one) scenario() scenario {
	return scenario{name: o.name, not: o.not, run: func(c *cell) {
		if o.as != nil {
			c.as(o.as(c.to))
		}
		if o.s.text == "" && len(o.s.calls) == 0 && o.s.refusal == "" {
			o.s.text = depth
		}
		c.good(o.wish, o.s, o.fates)
		if kind, _ := o.fates.of(c); kind != "400" && kind != "vendor" && len(o.marks) > 0 {
			c.sentOne(kind != "loss", o.marks)
		}
	}}
}

// sentOne looks for one of the marks in the newest request.
func (c *cell) sentOne(there bool, marks []string) {
	c.Helper()
	sent := c.last()
	for _, m := range marks {
		if strings.Contains(sent, m) {
			if !there {
				c.Errorf("%s is in %s", m, sent)
			}
			return
		}
	}
	if there {
		c.Errorf("none of %q is in %s", marks, sent)
	}
}

func newest(to target) string { return to.newest }

const (
	ask0  = "How deep is the weir?"
	depth = "Two metres and a half."
)

func rows(all ...one) []scenario {
	var out []scenario
	for _, o := range all {
		out = append(out, o.scenario())
	}
	return out
}

// vendor is the fate of what Anthropic's own API refuses: who speaks it is
// relayed, and gets its words.
func vendor(words string) fates {
	return fates{{"messages/anthropic", "vendor " + words}, {"messages/bedrock-claude", "vendor " + words}}
}

// texts are scenarios of messages and their order.
func texts() []scenario {
	const odd = "Zürich \u2028\u2029 \U0001F30A\U0001F3F4\u200D\u2620\uFE0F \"weir\" \\ </script> \u0007 日本語"
	long := []speech{}
	for i := range 40 {
		long = append(long, says(fmt.Sprintf("Question %d?", i)), said(fmt.Sprintf("Answer %d.", i)))
	}
	quoted := canonical([]byte(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\u0007", `\u0007`).Replace(odd) + `"`))
	return rows(
		one{name: "plain_text", wish: asks(ask0), marks: []string{ask0}},
		one{name: "unicode", wish: asks(odd), s: script{text: odd}, marks: []string{quoted}},
		one{name: "unicode_in_torn_pieces", wish: asks(odd), s: script{text: odd, header: http.Header{headerDrops: {"3"}}}},
		one{name: "system_prompt", wish: wish{system: []piece{{text: "Be brief."}}, turns: []speech{says(ask0)}}, marks: []string{"Be brief."}},
		one{name: "system_prompts", wish: wish{system: []piece{{text: "Be brief."}, {text: "Be kind."}}, turns: []speech{says(ask0)}}, marks: []string{"Be kind."}},
		one{name: "several_turns", wish: wish{turns: []speech{says("Hello."), said("Hi there."), says(ask0), said(depth), says("And wide?")}}, marks: []string{"Hi there."}},
		one{name: "eighty_turns", wish: wish{turns: append(long, says(ask0))}, marks: []string{"Answer 39."}},
		one{name: "consecutive_user_turns", wish: wish{turns: []speech{says("Hello."), says("There."), says(ask0)}}, marks: []string{"There."}},
		one{name: "consecutive_assistant_turns", wish: wish{turns: []speech{says("Hello."), said("Hi"), said("there."), says(ask0)}}, marks: []string{"there."}},
		one{name: "leading_assistant_turn", wish: wish{turns: []speech{said("Ask me."), says(ask0)}}, marks: []string{"Ask me."}, fates: append(vendor("first message must use"), fates{{"*/openai", "carried"}, {"*/compatible", "carried"}, {"*/*", "part messages[0].role"}}...)},
		one{name: "empty_assistant_turn", not: onlyChat, wish: wish{turns: []speech{says("Hello."), said(""), says(ask0)}}, marks: []string{ask0}},
		one{name: "several_parts", wish: wish{turns: []speech{shows(piece{text: "First."}, piece{text: "Second."}, piece{text: ask0})}}, marks: []string{"Second."}},
		one{
			name: "assistant_turn_to_go_on_with", wish: wish{turns: []speech{says(ask0), said("It is")}}, marks: []string{"It is"},
			fates: fates{{"*/bedrock-nova", "part messages[1].role"}, {"messages/openai", "part messages[1].role"}, {"messages/compatible", "part messages[1].role"}},
		},
		one{
			name: "system_text_in_mid_conversation", not: onlyChat, marks: []string{"Be brief."},
			wish:  wish{turns: []speech{says("Hello."), said("Hi."), {role: "system", pieces: []piece{{text: "Be brief."}}}, says(ask0)}},
			fates: fates{{"chat/openai", "carried"}, {"chat/compatible", "carried"}, {"chat/*", "part messages[2].role"}},
		},
		one{name: "stop_sequence_met", wish: wish{turns: []speech{says(ask0)}, stop: []string{"END"}}, s: script{text: "So", sequence: "END"}, marks: []string{`"END"`}},
		one{name: "several_stop_sequences", wish: wish{turns: []speech{says(ask0)}, stop: []string{"END", "STOP"}}, s: script{text: "So", sequence: "STOP"}, marks: []string{`["END","STOP"]`}},
		one{name: "length_met", wish: wish{turns: []speech{says(ask0)}, most: 5}, s: script{text: "Two metres", end: "length"}, marks: []string{`okens":5`}},
	)
}

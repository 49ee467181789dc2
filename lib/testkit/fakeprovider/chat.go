package fakeprovider

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// completion is an answer before it is written, as the caller will see it
// whole or in pieces.
type completion struct {
	id, model string
	choices   []choice
	usage     Tokens
	tier      string // service_tier, where the request names one
}

// choice is one of n. Its pieces are what a stream sends one by one, and what
// is counted as tokens.
type choice struct {
	reasoning, text, refusal []string
	calls                    []toolCall
	finish                   string
	logprobs                 bool // asked for
	top                      int  // candidates to list beside each token
}

type toolCall struct {
	id, name  string
	arguments []string
}

// chat answers POST /v1/chat/completions.
func (p *Provider) chat(o *out, raw []byte) {
	body, e := parse(raw)
	if e != nil {
		o.refuse(e)
		return
	}
	for _, r := range chatRules {
		if e := r(p, body); e != nil {
			o.refuse(e)
			return
		}
	}
	a := p.answer(text(body["model"]))
	o.header, o.cut = a.Header, a.Cut
	if !p.wait(o.ctx, a.HeadDelay) {
		panic(http.ErrAbortHandler)
	}
	if o.wrong(a) {
		return
	}
	c := complete(body, a)
	if body["stream"] == true && !a.Whole {
		o.stream(c, a, includeUsage(body))
		return
	}
	if o.whole(http.StatusOK, c.whole(a.Report != ReportNever)) && a.Report != ReportNever {
		o.report(c.usage)
	}
}

func includeUsage(body object) bool {
	opts, ok := body["stream_options"].(object)
	return ok && opts["include_usage"] == true
}

// complete works out the answer. It depends on nothing but its arguments.
func complete(body object, a Answer) completion {
	c := completion{id: "chatcmpl-fake", model: text(body["model"]), tier: text(body["service_tier"])}
	if c.tier == "auto" {
		c.tier = "default"
	}
	limit := limitOf(body)
	for i := range number(body["n"], 1) {
		c.choices = append(c.choices, choose(body, a, int(i), limit))
	}
	c.usage = usageOf(body, a, c.choices)
	return c
}

// choose makes choice number i.
func choose(body object, a Answer, i int, limit int64) choice {
	ch := choice{finish: "stop", reasoning: pieces(a.Reasoning), logprobs: body["logprobs"] == true, top: int(number(body["top_logprobs"], 0))}
	switch calls := callsOf(body, a); {
	case a.Refusal != "":
		ch.refusal = pieces(a.Refusal)
	case len(calls) > 0:
		ch.finish = "tool_calls"
		if a.Text != "" {
			ch.text = pieces(a.Text)
		}
		for k, call := range calls {
			id := call.ID
			if id == "" {
				id = fmt.Sprintf("call_%d", k+1)
			}
			ch.calls = append(ch.calls, toolCall{id: id, name: call.Name, arguments: fragments(call.Arguments)})
		}
	default:
		ch.text = pieces(textOf(body, a, i))
	}
	if limit > 0 && int64(len(ch.text)) > limit {
		ch.text, ch.finish = ch.text[:limit], "length"
	}
	if a.Finish != "" {
		ch.finish = a.Finish
	}
	return ch
}

// textOf is what the model says: the scripted text, a document of the schema
// that was asked for, or an answer that names the question.
func textOf(body object, a Answer, i int) string {
	if a.Text != "" {
		return a.Text
	}
	if f, ok := body["response_format"].(object); ok && text(f["type"]) != "text" {
		schema := objectOf(f["json_schema"])
		inner := objectOf(schema["schema"])
		return string(mustMarshal(instance(inner))) // members in alphabetical order
	}
	question := []rune(lastText(body))
	if len(question) > 200 {
		question = question[:200]
	}
	s := "You said: " + string(question)
	if i > 0 {
		s = fmt.Sprintf("Choice %d. %s", i, s)
	}
	return s
}

// instance is a value that a schema allows, for the simple schemas of tests.
func instance(schema object) any {
	switch text(schema["type"]) {
	case "string":
		if list, ok := schema["enum"].([]any); ok && len(list) > 0 {
			return list[0]
		}
		return "text"
	case "number", "integer":
		return 1
	case "boolean":
		return true
	case "array":
		return []any{}
	case "null":
		return nil
	}
	o := object{}
	props := objectOf(schema["properties"])
	for name, v := range props {
		inner := objectOf(v)
		o[name] = instance(inner)
	}
	return o
}

// callsOf are the tools that are called: the scripted calls, all tools, or the
// one that tool_choice asks for. Once tools have answered, none is called.
func callsOf(body object, a Answer) []Call {
	if len(a.Calls) > 0 {
		return a.Calls
	}
	list := listOf(body["messages"])
	last := objectOf(list[len(list)-1])
	offered, want := functions(body), "" // want: the name that must be called
	if choice, ok := body["tool_choice"].(object); ok {
		f := objectOf(choice["function"])
		want = text(f["name"])
	}
	switch {
	case want != "":
		offered = slices.DeleteFunc(offered, func(f object) bool { return text(f["name"]) != want })
	case text(last["role"]) == "tool" || text(body["tool_choice"]) == "none":
		return nil
	case text(body["tool_choice"]) != "required" && !a.AllTools:
		return nil
	}
	if (!a.AllTools || body["parallel_tool_calls"] == false) && len(offered) > 1 {
		offered = offered[:1]
	}
	var calls []Call
	for i, f := range offered {
		schema := objectOf(f["parameters"])
		args := objectOf(instance(schema))
		if args == nil {
			args = object{}
		}
		args["call"] = i + 1
		calls = append(calls, Call{Name: text(f["name"]), Arguments: string(mustMarshal(args))})
	}
	return calls
}

// lastText is the text of the last user message.
func lastText(body object) string {
	list := listOf(body["messages"])
	for _, v := range slices.Backward(list) {
		if m, ok := v.(object); ok && text(m["role"]) == "user" {
			return contentText(m["content"])
		}
	}
	return ""
}

// contentText is the text of a message's content.
func contentText(v any) string {
	parts, ok := v.([]any)
	if !ok {
		return text(v)
	}
	var all []string
	for _, part := range parts {
		if o, ok := part.(object); ok && o["text"] != nil {
			all = append(all, text(o["text"]))
		}
	}
	return strings.Join(all, " ")
}

// pieces cuts a text after each blank.
func pieces(s string) []string {
	if s == "" {
		return nil
	}
	return strings.SplitAfter(s, " ")
}

// fragments cuts the arguments of a call into runs of five runes.
func fragments(s string) []string {
	var all []string
	for run := range slices.Chunk([]rune(s), 5) {
		all = append(all, string(run))
	}
	return all
}

// limitOf is the most tokens that the text may have, 0 for no limit.
func limitOf(body object) int64 {
	return max(number(body["max_tokens"], 0), number(body["max_completion_tokens"], 0))
}

func number(v any, other int64) int64 {
	if n, ok := v.(json.Number); ok {
		if i, err := n.Int64(); err == nil {
			return i
		}
	}
	return other
}

// usageOf counts: four tokens and the words of each message, the bytes of each
// tool by four, and every piece of the answer. It is the same whether the
// answer is streamed or not.
func usageOf(body object, a Answer, choices []choice) Tokens {
	if a.Usage != nil {
		return *a.Usage
	}
	u := Tokens{Prompt: 3, Reasoning: a.ReasoningTokens, Cached: a.CachedTokens, AudioIn: a.AudioInTokens, AudioOut: a.AudioOutTokens}
	list := listOf(body["messages"])
	for _, v := range list {
		m := objectOf(v)
		u.Prompt += 4 + int64(len(pieces(contentText(m["content"]))))
	}
	for _, f := range functions(body) {
		u.Prompt += int64(len(mustMarshal(f))) / 4
	}
	u.Prompt += u.Cached + u.AudioIn
	u.Completion = u.Reasoning + u.AudioOut
	for _, ch := range choices {
		u.Reasoning += int64(len(ch.reasoning))
		u.Completion += int64(len(ch.reasoning) + len(ch.text) + len(ch.refusal))
		for _, call := range ch.calls {
			u.Completion += 2 + int64(len(call.arguments))
		}
	}
	return u
}

func mustMarshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // decoded from JSON, or a value of this package's own
	}
	return b
}

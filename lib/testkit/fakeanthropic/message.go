package fakeanthropic

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"weir/lib/testkit/strict"
)

// part is one block of an answer, and the deltas it is streamed as.
type part struct {
	whole, empty object
	deltas       []object
	tokens       int64
}

// reply is an answer, worked out.
type reply struct {
	id, model, stop string
	sequence        any
	parts           []part
	usage           Tokens
	tier            string
}

func (p *Provider) message(o *out, raw []byte) {
	q, e := p.request(raw, false)
	if e != nil {
		o.refuse(e)
		return
	}
	a := p.next(q.Model)
	o.header, o.cut = a.Header, a.Cut
	if !p.wait(o.ctx, a.HeadDelay) {
		panic(http.ErrAbortHandler)
	}
	if o.wrong(a) {
		return
	}
	r := p.reply(q, a, o.rec.number)
	if q.Stream && !a.Whole {
		o.stream(r, a)
		return
	}
	if o.whole(r.body()) {
		o.report(r.usage)
	}
}

func (p *Provider) count(o *out, raw []byte) {
	q, e := p.request(raw, true)
	if e != nil {
		o.refuse(e)
		return
	}
	o.whole(object{"input_tokens": q.input()})
}

// reply works an answer out.
func (p *Provider) reply(q *request, a Answer, number int) reply {
	r := reply{id: fmt.Sprintf("msg_fake_%d", number), model: q.Model, tier: a.Tier, stop: "end_turn"}
	r.usage = Tokens{Input: q.input(), CacheRead: a.CacheRead, CacheWrite5m: a.CacheWrite5m, CacheWrite1h: a.CacheWrite1h}
	var turn []signed
	if q.thinks() && a.Thinking != "" {
		s := signed{thinking: a.Thinking, signature: strict.Sign(a.Thinking)}
		turn = append(turn, s)
		r.parts = append(r.parts, thinkingPart(s))
		r.usage.Thinking = r.parts[0].tokens
	}
	if q.thinks() && a.Redacted != "" {
		s := signed{data: strict.Seal(a.Redacted)}
		turn = append(turn, s)
		b := object{"type": "redacted_thinking", "data": s.data}
		r.parts = append(r.parts, part{whole: b, empty: b, tokens: 8})
		r.usage.Thinking += 8
	}
	calls := q.calls(a)
	text := a.Text
	if text == "" && len(calls) == 0 && !a.Refusal {
		text = q.said()
	}
	if text != "" {
		r.parts = append(r.parts, textPart(text))
	}
	for _, c := range calls {
		if c.ID == "" {
			c.ID = p.newID()
		}
		p.remember(q.Model, c.ID, turn)
		r.parts = append(r.parts, callPart(c))
		r.stop = "tool_use"
	}
	for _, one := range r.parts {
		r.usage.Output += one.tokens
	}
	r.usage.Output++
	if a.Usage != nil {
		r.usage = *a.Usage
	}
	r.end(a)
	return r
}

// end decides why the answer ended.
func (r *reply) end(a Answer) {
	if a.Refusal {
		r.stop = "refusal"
	}
	if a.Stop != "" {
		r.stop = a.Stop
	}
	if a.Sequence != "" {
		r.stop, r.sequence = "stop_sequence", a.Sequence
	}
}

func (p *Provider) newID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	return fmt.Sprintf("toolu_fake_%d", p.calls)
}

func thinkingPart(s signed) part {
	pt := part{
		whole: object{"type": "thinking", "thinking": s.thinking, "signature": s.signature},
		empty: object{"type": "thinking", "thinking": "", "signature": ""},
	}
	for _, w := range strings.SplitAfter(s.thinking, " ") {
		pt.tokens++
		pt.deltas = append(pt.deltas, object{"type": "thinking_delta", "thinking": w})
	}
	pt.deltas = append(pt.deltas, object{"type": "signature_delta", "signature": s.signature})
	return pt
}

func textPart(text string) part {
	pt := part{whole: object{"type": "text", "text": text}, empty: object{"type": "text", "text": ""}}
	for _, w := range strings.SplitAfter(text, " ") {
		pt.tokens++
		pt.deltas = append(pt.deltas, object{"type": "text_delta", "text": w})
	}
	return pt
}

func callPart(c Call) part {
	input := c.Input
	if input == "" {
		input = "{}"
	}
	head := object{"type": "tool_use", "id": c.ID, "name": c.Name}
	pt := part{tokens: 4}
	pt.whole = object{"type": "tool_use", "id": c.ID, "name": c.Name, "input": json.RawMessage(input)}
	head["input"] = object{}
	pt.empty = head
	pt.deltas = append(pt.deltas, object{"type": "input_json_delta", "partial_json": ""})
	if input == "{}" {
		return pt // as the vendor sends it: no delta has the braces
	}
	for run := range slices.Chunk([]rune(input), 5) {
		pt.tokens++
		pt.deltas = append(pt.deltas, object{"type": "input_json_delta", "partial_json": string(run)})
	}
	return pt
}

// body is the answer as one body.
func (r reply) body() object {
	blocks := []any{}
	for _, p := range r.parts {
		blocks = append(blocks, p.whole)
	}
	m := r.head(blocks)
	m["stop_reason"], m["stop_sequence"], m["usage"] = r.stop, r.sequence, r.usage.shape(r.usage.Output, r.tier)
	return m
}

func (r reply) head(blocks []any) object {
	return object{
		"id": r.id, "type": "message", "role": "assistant", "model": r.model, "content": blocks,
		"stop_reason": nil, "stop_sequence": nil, "usage": r.usage.shape(1, r.tier),
	}
}

// created is the birthday of all models.
const created = "2026-01-01T00:00:00Z"

func model(id string) object {
	return object{"type": "model", "id": id, "display_name": id, "created_at": created}
}

// list is the model list: those that were told of.
func (p *Provider) list() object {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for n := range p.models {
		names = append(names, n)
	}
	slices.Sort(names)
	data := make([]any, len(names))
	l := object{"data": data, "has_more": false, "first_id": nil, "last_id": nil}
	for i, n := range names {
		data[i] = model(n)
		l["last_id"] = n
	}
	if len(names) > 0 {
		l["first_id"] = names[0]
	}
	return l
}

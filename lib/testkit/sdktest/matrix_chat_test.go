package sdktest_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
)

// chatSpeakers are clients of OpenAI's API by one version of its SDK.
func chatSpeakers(v version) func(access) speaker {
	return func(a access) speaker {
		a.url += "/v1"
		tap, _ := a.client.Transport.(*wiretap)
		return chatSpeaker{v.open(a), tap}
	}
}

type chatSpeaker struct {
	sdk
	tap *wiretap
}

func (s chatSpeaker) ask(ctx context.Context, model string, w wish, stream bool, goOn func(int) bool) reply {
	a := w.chat(model)
	var r reply
	if stream {
		a.usage = true
		got := s.sdk.stream(ctx, a, goOn)
		r = chatReply(got.answer, got.chunks, "delta")
		r.events, r.err = len(got.chunks), got.err
	} else {
		got, err := s.sdk.chat(ctx, a)
		r = chatReply(got, []string{got.raw}, "message")
		r.err = err
	}
	if f, ok := s.sdk.failure(r.err); ok && r.err != nil {
		r.problem = &problem{status: f.Status, kind: f.Type, code: f.Code, param: f.Param, message: f.Message, raw: f.raw, header: f.header}
	}
	r.exchange = s.tap.newest()
	return r
}

func (chatSpeaker) forged(r reply, seal string) any {
	m, _ := r.native.(message)
	raw, err := json.Marshal(m.extra)
	if err != nil {
		panic(err) // it was JSON
	}
	m.extra = map[string]any{}
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(raw), r.seals[0], seal)), &m.extra); err != nil {
		panic(err)
	}
	return m
}

// chat is w as a chat request.
func (w wish) chat(model string) ask {
	a := ask{
		model: model, messages: []message{}, choice: w.choice, schema: w.schema, maxCompletionTokens: w.most,
		oneTool: w.single, stop: w.stop, effort: w.effort, extra: map[string]any{},
	}
	if w.system != nil {
		a.messages = append(a.messages, message{role: "system", parts: chatParts(w.system)})
	}
	for _, t := range w.turns {
		a.messages = append(a.messages, t.chat()...)
	}
	a.tools = append(a.tools, w.tools...)
	if w.toolMark != "" {
		a.tools[len(a.tools)-1].extra = chatMark(w.toolMark)
	}
	for name, v := range map[string]any{"temperature": w.temperature, "top_p": w.topP} {
		if v != 0.0 {
			a.extra[name] = v
		}
	}
	for name, v := range map[string]string{"service_tier": w.tier, "user": w.user} {
		if v != "" {
			a.extra[name] = v
		}
	}
	if w.budget > 0 {
		a.extra["thinking"] = map[string]any{"type": "enabled", "budget_tokens": w.budget}
	}
	if w.anyJSON {
		a.extra["response_format"] = map[string]any{"type": "json_object"}
	}
	maps.Copy(a.extra, w.extra)
	return a
}

func (t speech) chat() []message {
	if t.answer != nil {
		m, _ := t.answer.native.(message)
		if t.bare {
			m.extra = nil
		}
		return []message{m}
	}
	var all []message
	rest := []piece{}
	for _, p := range t.pieces {
		if p.result != nil {
			all = append(all, message{result: &result{callID: p.result.id, text: p.result.text}})
		} else {
			rest = append(rest, p)
		}
	}
	switch {
	case len(rest) == 0:
	case t.role == "assistant" || len(rest) == 1 && rest[0].text != "" && rest[0].mark == "":
		all = append(all, message{role: t.role, text: rest[0].text})
	default:
		all = append(all, message{role: t.role, parts: chatParts(rest)})
	}
	return all
}

func chatParts(all []piece) []part {
	var out []part
	for _, p := range all {
		one := part{text: p.text, image: p.imageURL}
		switch {
		case p.image != "":
			one.image = "data:image/png;base64," + p.image
		case p.pdf != "":
			one.file, one.name = "data:application/pdf;base64,"+p.pdf, "level.pdf"
		case p.note != "":
			one.file, one.name = "data:text/plain;base64,"+encoded(p.note), "level.txt"
		}
		if p.mark != "" {
			one.extra = chatMark(p.mark)
		}
		out = append(out, one)
	}
	return out
}

func chatMark(life string) map[string]any {
	return map[string]any{"cache_control": map[string]any{"type": "ephemeral", "ttl": life}}
}

// chatReply reads an answer, and in its JSON what no SDK of OpenAI's knows.
func chatReply(a answer, raw []string, member string) reply {
	r := reply{id: a.ID, model: a.Model, tier: a.Tier, usage: reported{
		Input: a.Usage.Prompt, Cached: a.Usage.Cached, Output: a.Usage.Completion, Reasoning: a.Usage.Reasoning,
	}}
	more := map[string]any{}
	var blocks []json.RawMessage
	for _, one := range raw {
		var v struct {
			Choices []map[string]json.RawMessage
			Usage   struct {
				Prompt struct {
					Cached  int64 `json:"cached_tokens"`
					Written int64 `json:"cache_write_tokens"`
				} `json:"prompt_tokens_details"`
				Completion struct {
					Reasoning int64 `json:"reasoning_tokens"`
				} `json:"completion_tokens_details"`
			}
		}
		if json.Unmarshal([]byte(one), &v) != nil {
			continue // there is no answer
		}
		r.usage.Cached, r.usage.Written, r.usage.Reasoning = v.Usage.Prompt.Cached, v.Usage.Prompt.Written, v.Usage.Completion.Reasoning
		for _, c := range v.Choices {
			var m struct {
				Reasoning string            `json:"reasoning_content"`
				Blocks    []json.RawMessage `json:"thinking_blocks"`
			}
			if json.Unmarshal(c[member], &m) == nil {
				r.thinking += m.Reasoning
				blocks = append(blocks, m.Blocks...)
			}
		}
	}
	if r.thinking != "" {
		more["reasoning_content"] = r.thinking
	}
	for _, b := range blocks {
		var seal struct{ Signature, Data string }
		if json.Unmarshal(b, &seal) == nil && seal.Signature+seal.Data != "" {
			r.seals = append(r.seals, seal.Signature+seal.Data)
		}
		more["thinking_blocks"] = blocks
	}
	if len(a.Choices) == 1 {
		c := a.Choices[0]
		r.text, r.refusal, r.calls, r.end = c.Content, c.Refusal, c.Calls, c.Finish
	}
	r.native = message{role: "assistant", answer: &a, extra: more}
	return r
}

// newest is the newest exchange, empty where there is none.
func (w *wiretap) newest() exchange {
	all := w.exchanges()
	if len(all) == 0 {
		return exchange{header: http.Header{}}
	}
	e := all[len(all)-1]
	if e.header == nil {
		e.header = http.Header{}
	}
	return e
}

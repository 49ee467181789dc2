package hubtest

import (
	"encoding/json"
	"fmt"

	"pgregory.net/rapid"

	"weir/lib/llm"
)

// Draw draws a conversation as some dialect may hold it: turns in any order,
// blank texts, several rounds of parallel calls whose results come in any
// order and in one or several turns, ids that repeat or that some vendors
// refuse, thinking signed by the given issuers (as SIG-issuer), another or none, cache marks
// anywhere, system messages in between. Each call has its result, and each
// tool's input is an object or nothing: what is wrong in every dialect is left
// to tables.
func Draw(t *rapid.T, issuers ...string) *llm.Chat {
	d := drawing{t: t, issuers: append(issuers, "other", "")}
	c := &llm.Chat{System: d.texts(3)}
	for range rapid.IntRange(0, 8).Draw(t, "turns") {
		c.Turns = append(c.Turns, d.turns()...)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "tools") {
		schema := rapid.SampledFrom([]json.RawMessage{nil, []byte("{}"), []byte(`{"type":"object"}`), []byte(`{"properties":{"a":{}}}`)}).Draw(t, "schema")
		c.Tools = append(c.Tools, llm.Tool{Name: fmt.Sprintf("tool%d", i), Schema: schema, Cache: d.cache()})
	}
	return Place(c)
}

type drawing struct {
	t       *rapid.T
	issuers []string
	round   int
}

func (d *drawing) pick(from ...string) string { return rapid.SampledFrom(from).Draw(d.t, "pick") }

func (d *drawing) cache() *llm.CachePoint {
	switch d.pick("", "", "", "5m", "1h", "none") {
	case "5m":
		return &llm.CachePoint{TTL: "5m"}
	case "1h":
		return &llm.CachePoint{TTL: "1h"}
	case "none":
		return &llm.CachePoint{}
	}
	return nil
}

func (d *drawing) text() llm.Block {
	return &llm.Text{Mark: llm.Mark{Cache: d.cache()}, Text: d.pick("hi", "say more ", "", " ", "\n\t", "\u2028", "é\u0000<&>", "{}")}
}

func (d *drawing) texts(most int) []llm.Block {
	var out []llm.Block
	for range rapid.IntRange(0, most).Draw(d.t, "texts") {
		out = append(out, d.text())
	}
	return out
}

// turns draws one turn, or a round of calls with its results.
func (d *drawing) turns() []llm.Turn {
	switch d.pick("user", "user", "assistant", "system", "round", "round") {
	case "user":
		blocks := d.texts(3)
		if d.pick("", "image") != "" {
			blocks = append(blocks, &llm.Media{Mark: llm.Mark{Cache: d.cache()}, Kind: "image", MIME: "image/png", Data: []byte("\x89PNG\r\n\x1a\n")})
		}
		return []llm.Turn{{Role: llm.User, Name: d.pick("", "", "ann"), Blocks: blocks}}
	case "assistant":
		return []llm.Turn{{Role: llm.Assistant, Blocks: append(d.thinking(), d.texts(2)...)}}
	case "system":
		return []llm.Turn{{Role: llm.System, Blocks: d.texts(2)}}
	}
	return d.calls()
}

func (d *drawing) thinking() []llm.Block {
	var out []llm.Block
	for range rapid.IntRange(0, 2).Draw(d.t, "thinking") {
		b := &llm.Thinking{Mark: llm.Mark{Cache: d.cache()}, Text: d.pick("hm", "")}
		if issuer := d.pick(d.issuers...); issuer != "" {
			b.Seal = &llm.Seal{Issuer: issuer, Data: "SIG-" + issuer}
			b.Redacted = d.pick("", "", "redacted") != ""
		}
		out = append(out, b)
	}
	return out
}

// calls draws a round of calls: the turn that makes them, and the turns that
// hold their results.
func (d *drawing) calls() []llm.Turn {
	d.round++
	n := rapid.IntRange(1, 3).Draw(d.t, "calls")
	blocks := append(d.thinking(), d.texts(1)...)
	order := make([]int, n)
	form := d.pick("call_%d", "functions.f:%d", "%d", fmt.Sprintf("r%d_%%d", d.round))
	id := func(i int) string {
		if n == 1 && form == "%d" {
			return ""
		}
		return fmt.Sprintf(form, i)
	}
	for i := range n {
		order[i] = i
		input := d.pick("", " ", "{}", `{"a":"\u2028"}`, ` {"b":[1, 2.50]} `)
		blocks = append(blocks, &llm.ToolUse{Mark: llm.Mark{Cache: d.cache()}, CallID: id(i), Name: fmt.Sprintf("tool%d", i), Input: json.RawMessage(input)})
	}
	turns := []llm.Turn{{Role: llm.Assistant, Blocks: blocks}}
	apart := rapid.Bool().Draw(d.t, "apart")
	for k, i := range rapid.Permutation(order).Draw(d.t, "order") {
		if k == 0 || apart {
			turns = append(turns, llm.Turn{Role: llm.User})
		}
		last := &turns[len(turns)-1]
		last.Blocks = append(last.Blocks, &llm.ToolResult{Mark: llm.Mark{Cache: d.cache()}, CallID: id(i), Content: d.texts(2), IsError: rapid.Bool().Draw(d.t, "error")})
		if d.pick("", "", "", "text") != "" {
			last.Blocks = append(last.Blocks, d.text())
		}
	}
	return turns
}

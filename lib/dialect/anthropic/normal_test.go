package anthropic_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/hubtest"
	"weir/lib/testkit/strict"
)

// refused is why the vendor would refuse a request.
func refused(model string, op llm.Op, body []byte) error {
	return strict.Anthropic(strict.Request{
		Model: model, Count: op == llm.OpCount, Body: body,
		Signed: func(s string) bool { return s == "SIG" || s == "SIG-anthropic" },
	})
}

var models = []string{
	"claude-3-5-haiku-20241022", "claude-opus-4-1", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-4-7",
	"claude-opus-4-8", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5", "kimi-k2",
}

// anyParams draws what a caller of another dialect may set.
func anyParams(t *rapid.T, c *llm.Chat) {
	number := func(name string, from ...float64) *float64 {
		if !rapid.Bool().Draw(t, name) {
			return nil
		}
		f := rapid.SampledFrom(from).Draw(t, name)
		return &f
	}
	p := &c.Params
	p.Temperature = number("temperature", 0, 0.7, 1, 2, -1)
	p.TopP = number("top_p", 0.5, 1, 1.5)
	p.PresencePenalty = number("presence", 0, 1)
	if rapid.Bool().Draw(t, "max") {
		n := rapid.SampledFrom([]int64{1, 1000, 1500, 5000, 1 << 20}).Draw(t, "max_tokens")
		p.MaxTokens = &n
	}
	if rapid.Bool().Draw(t, "top_k") {
		n := rapid.Int64Range(-1, 100).Draw(t, "k")
		p.TopK = &n
	}
	p.Stop = rapid.SliceOfN(rapid.SampledFrom([]string{"x", " ", "\n", "END"}), 0, 3).Draw(t, "stop")
	p.ServiceTier = rapid.SampledFrom([]string{"", "auto", "default", "flex"}).Draw(t, "tier")
	if rapid.Bool().Draw(t, "reasoning") {
		p.Reasoning = &llm.Reasoning{
			Effort: rapid.SampledFrom([]string{"", "minimal", "low", "medium", "high", "xhigh", "max", "odd"}).Draw(t, "effort"),
			Budget: rapid.SampledFrom([]int64{0, 0, 1, 1024, 9000, 1 << 30}).Draw(t, "budget"),
			Off:    rapid.IntRange(0, 4).Draw(t, "off") == 0,
		}
	}
	c.Choice.Mode = rapid.SampledFrom([]string{"", "auto", "none", "required", "tool"}).Draw(t, "choice")
	if c.Choice.Mode == "tool" {
		c.Choice.Name = "tool0"
	}
	if rapid.Bool().Draw(t, "parallel") {
		on := rapid.Bool().Draw(t, "on")
		c.Choice.Parallel = &on
	}
}

// Any history that is normal in some dialect becomes one that the strict
// vendor takes, for models of every family; nothing that was said is lost
// without a word, and the caller's own value stays as it is.
func TestAnyHistoryIsTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := hubtest.Draw(t, "anthropic", "anthropic")
		anyParams(t, c)
		model := rapid.SampledFrom(models).Draw(t, "model")
		op := rapid.SampledFrom([]llm.Op{llm.OpChat, llm.OpChat, llm.OpCount}).Draw(t, "op")
		req := &llm.Request{Facts: llm.Facts{Op: op, Stream: rapid.Bool().Draw(t, "stream")}, Body: c}
		before := shown(t, req)
		target := dialect.Target{Model: model, Path: anthropic.PathMessages}
		out, loss, err := anthropic.Back{}.Encode(op, req, target)
		if err != nil {
			t.Fatalf("%s\n%v", before, err)
		}
		if err := refused(model, op, out.Body); err != nil {
			t.Fatalf("%s\nbecame %s\n%v", before, out.Body, err)
		}
		if after := shown(t, req); after != before {
			t.Fatalf("the caller's own value was changed:\n%s", cmp.Diff(before, after))
		}
		again, _, err := anthropic.Back{}.Encode(op, req, target)
		if err != nil || !bytes.Equal(again.Body, out.Body) {
			t.Fatalf("written twice: %s\nand %s (%v)", out.Body, again.Body, err)
		}
		everythingSaid(t, c, out.Body)
		target.Strict = true
		exact, told, err := anthropic.Back{}.Encode(op, req, target)
		switch {
		case err != nil && (len(loss) == 0 || fault.KindOf(err) != fault.Invalid || fault.Of(err).Param == ""):
			t.Fatalf("losses %v, strictly: %v", loss, err)
		case err == nil && (!bytes.Equal(exact.Body, out.Body) || !cmp.Equal(told, loss)):
			t.Fatalf("losses %v\nstrictly %v\n%s", loss, told, exact.Body)
		}
	})
}

func shown(t *rapid.T, req *llm.Request) string {
	b, err := json.Marshal(hubtest.Request(req))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// block is what of a block is counted.
type block struct {
	Type, Text, Name string
	Content          []block
}

// everythingSaid checks that each text, call and result is there, as often as
// it was.
func everythingSaid(t *rapid.T, c *llm.Chat, data []byte) {
	var b struct {
		System   []block
		Messages []struct{ Content []block }
	}
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	want, got := map[string]int{}, map[string]int{}
	thoughts := 0 // they count if the assistant says something after them
	follows := func() {
		if thoughts > 0 {
			want["thinking"], thoughts = want["thinking"]+thoughts, 0
		}
	}
	var count func(bs []llm.Block)
	count = func(bs []llm.Block) {
		for _, x := range bs {
			switch x := x.(type) {
			case *llm.Text:
				if strings.TrimSpace(x.Text) != "" {
					want["text"]++
					follows()
				}
			case *llm.Thinking:
				if x.Seal != nil && x.Seal.Issuer == "anthropic" {
					thoughts++
				}
			case *llm.ToolUse:
				want["call "+x.Name]++
				follows()
			case *llm.ToolResult:
				want["result"]++
				count(x.Content)
			case *llm.Media:
				want["image"]++
			case *llm.Opaque:
			}
		}
	}
	count(c.System)
	for _, turn := range c.Turns {
		open, texts := thoughts, want["text"]
		if turn.Role != llm.Assistant {
			thoughts = 0
		}
		count(turn.Blocks)
		if turn.Role == llm.System && want["text"] == texts { // it says nothing
			thoughts = open
		}
	}
	var found func(bs []block)
	found = func(bs []block) {
		for _, x := range bs {
			switch x.Type {
			case "text":
				switch x.Text {
				case "(no text)", "(the assistant begins)", "Please continue.": // ours
				default:
					got["text"]++
				}
			case "thinking", "redacted_thinking":
				got["thinking"]++
			case "tool_use":
				got["call "+x.Name]++
			case "tool_result":
				got["result"]++
				found(x.Content)
			case "image":
				got["image"]++
			}
		}
	}
	found(b.System)
	for _, m := range b.Messages {
		found(m.Content)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s\nsays something else (-want +got):\n%s", data, diff)
	}
}

// Ten thousand messages are written in a time that grows with their number
// only: calls with ids that repeat, and results in turns of their own.
func TestLongHistory(t *testing.T) {
	c := &llm.Chat{}
	for range 5_000 {
		c.Turns = append(c.Turns,
			llm.Turn{Role: llm.Assistant, Blocks: []llm.Block{&llm.ToolUse{CallID: "call_0", Name: "f"}}},
			llm.Turn{Role: llm.User, Blocks: []llm.Block{&llm.ToolResult{Mark: llm.Mark{Cache: &llm.CachePoint{}}, CallID: "call_0"}}})
	}
	out, _, err := anthropic.Back{}.Encode(llm.OpChat, &llm.Request{Body: c}, dialect.Target{Model: "claude-sonnet-4-5"})
	if err != nil {
		t.Fatal(err)
	}
	if err := refused("claude-sonnet-4-5", llm.OpChat, out.Body); err != nil {
		t.Error(err)
	}
}

// A request made of nothing but members that are not known, and blocks that
// only this dialect has, is read in a time that grows with its length only.
func TestManyUnknownMembers(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[`)
	for i := range 50_000 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"type":"new","file_id":"f","x":1}`)
	}
	b.WriteString(`]}]`)
	for i := range 100_000 {
		fmt.Fprintf(&b, `,"x%d":1`, i)
	}
	b.WriteByte('}')
	in := llm.Inbound{Raw: []byte(b.String())}
	req, err := anthropic.Front{}.Decode(llm.OpChat, in)
	if err != nil {
		t.Fatal(err)
	}
	if len(req.Facts.Native) == 0 || len(req.Facts.Upstream) == 0 {
		t.Error("nothing was noted")
	}
	chat, ok := req.Body.(*llm.Chat)
	if !ok || len(chat.Extra) == 0 || len(chat.Extra) > 200 {
		t.Errorf("%d members were kept", len(chat.Extra))
	}
	if _, _, err := (anthropic.Back{}).Relay(llm.OpChat, in, req, dialect.Target{Model: "y"}); err != nil {
		t.Error(err)
	}
}

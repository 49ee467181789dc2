package converse_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"weir/lib/dialect"
	"weir/lib/dialect/converse"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/hubtest"
)

// seed adds a section of each fixture of streams.
func seed(f *testing.F, section string, add func([]byte)) {
	f.Helper()
	paths, err := filepath.Glob("testdata/stream/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no fixtures (%v)", err)
	}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		for _, s := range txtar.Parse(data).Files {
			if s.Name == section {
				add(bytes.TrimSuffix(s.Data, []byte("\n")))
			}
		}
	}
}

// Whatever a provider streams: events in order, an error or a Finished but
// never both. The input is the fixtures' form, a line for each event.
func FuzzStream(f *testing.F) {
	seed(f, "events", func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, lines []byte) {
		for line := range bytes.SplitSeq(lines, []byte("\n")) {
			if name, _, _ := bytes.Cut(line, []byte(" ")); len(name) > 200 {
				t.Skip()
			}
		}
		_, events, failed := transcript(dialect.Target{Model: plainModel}, bytes.NewReader(framed(lines)))
		hubtest.Ordered(t, events, failed)
	})
}

// Whatever a provider answers: events in order, or an error.
func FuzzUnary(f *testing.F) {
	seed(f, "upstream.json", func(b []byte) { f.Add(b) })
	f.Add([]byte(`{"inputTokens":3}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, op := range []llm.Op{llm.OpChat, llm.OpCount} {
			c, err := converse.Back{}.Unary(op, llm.Outbound{}, dialect.Target{Model: plainModel}, body)
			if err != nil {
				if fault.KindOf(err) == fault.Internal {
					t.Fatal(err)
				}
				continue
			}
			hubtest.Ordered(t, c.Events, nil)
		}
		if e := (converse.Back{}).Refusal(400, nil, body); e.Upstream == nil {
			t.Fatal("a refusal without its status")
		}
	})
}

// Whatever a call is named and a document is called, the service takes it.
func FuzzNames(f *testing.F) {
	f.Add("call_1", "functions.f:0", "a.pdf", "A.PDF")
	f.Add("", "é", "", "\u3000. ")
	f.Fuzz(func(t *testing.T, a, b, x, y string) {
		if a == b {
			return
		}
		doc := func(name string) llm.Block {
			return &llm.Media{Kind: "document", MIME: "application/pdf", Name: name, Data: []byte("x")}
		}
		req := &llm.Request{Body: &llm.Chat{Turns: []llm.Turn{
			{Role: llm.User, Blocks: []llm.Block{doc(x), doc(y), doc(x)}},
			{Role: llm.Assistant, Blocks: []llm.Block{&llm.ToolUse{CallID: a, Name: "f"}, &llm.ToolUse{CallID: b, Name: "f"}}},
			{Role: llm.User, Blocks: []llm.Block{&llm.ToolResult{CallID: b}, &llm.ToolResult{CallID: a, Content: []llm.Block{doc(y)}}}},
		}}}
		for _, model := range []string{plainModel, "mistral.mistral-large-2402-v1:0"} {
			taken(t, req, model)
		}
	})
}

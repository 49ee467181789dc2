package converse_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/tools/txtar"

	"weir/lib/dialect"
	"weir/lib/dialect/converse"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/hubtest"
	"weir/lib/wire"
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

// Whatever the service refuses with: a kind, and words for callers that name
// no resource of ours and have a bound. So as an exception within a stream.
func FuzzRefusal(f *testing.F) {
	for _, s := range []string{
		`{"message":"The model is not ready."}`, `{"__type":"com.amazon.coral.service#ThrottlingException:http://x","Message":"x"}`, `<html>`,
		`{"message":"arn:aws:iam::123456789012:role/r may not","originalStatusCode":400,"originalMessage":"prompt is too long"}`, `{"code":"ValidationException"}`, ``,
	} {
		f.Add(400, "ValidationException", "7", []byte(s))
		f.Add(429, "", "Wed, 25 Nov 2026 10:00:30 GMT", []byte(s))
		f.Add(500, "modelStreamErrorException", "", []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, kind, after string, body []byte) {
		h := http.Header{"X-Amzn-Errortype": {kind}, "Retry-After": {after}, "Date": {"Wed, 25 Nov 2026 10:00:00 GMT"}}
		refused := converse.Back{}.Refusal(status, h, body)
		if refused.Upstream == nil || refused.Upstream.Body != nil || refused.Upstream.Status != status {
			t.Fatalf("kept %+v", refused.Upstream)
		}
		thrown := []*fault.Error{refused}
		if kind := strings.TrimSuffix(kind, "Exception") + "Exception"; len(kind) < 200 {
			frames := func(yield func(wire.Frame, error) bool) { yield(wire.Frame{Name: kind, Data: body}, nil) }
			for c, err := range (converse.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{Model: plainModel}, frames) {
				if err == nil || len(c.Frame.Data) > 0 || len(c.Events) > 0 {
					t.Fatalf("an exception is %+v, %v", c, err)
				}
				thrown = append(thrown, fault.Of(err))
			}
		}
		for _, e := range thrown {
			if e.Kind == fault.Internal || e.RetryAfter < 0 || e.RetryAfter > 24*time.Hour {
				t.Fatalf("%+v", e)
			}
			if len(e.Public) > 2000 || !utf8.ValidString(e.Public) || strings.Contains(e.Public, "arn:aws:") || !e.Kind.Disposition().RelayBody && e.Public != "" {
				t.Fatalf("callers are told %q", e.Public)
			}
		}
	})
}

package openaichat_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"weir/lib/dialect"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/hubtest"
	"weir/lib/wire/sse"
)

// seed adds a section of each fixture.
func seed(f *testing.F, pattern, section string, add func([]byte)) {
	f.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		f.Fatalf("%s: no fixtures (%v)", pattern, err)
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

// What is accepted can be relayed, means one model to every parser, and is
// refused or written whole for another dialect.
func FuzzDecode(f *testing.F) {
	seed(f, "testdata/decode/*.txtar", "request.json", func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, op := range []llm.Op{llm.OpChat, llm.OpEmbed} {
			in := llm.Inbound{Raw: body}
			req, err := openaichat.Front{}.Decode(op, in)
			if err != nil {
				if k := fault.KindOf(err); k != fault.Invalid {
					t.Fatalf("kind %s: %v", k, err)
				}
				if _, _, b := (openaichat.Front{}).Error(err, ""); !json.Valid(b) {
					t.Fatalf("error body %s", b)
				}
				continue
			}
			var std struct {
				Model  string `json:"model"`
				Stream bool   `json:"stream"`
			}
			if err := json.Unmarshal(body, &std); err != nil || std.Model != req.Facts.Model || std.Stream != req.Facts.Stream && op == llm.OpChat {
				t.Fatalf("encoding/json reads %+v (%v), Decode %q, %v", std, err, req.Facts.Model, req.Facts.Stream)
			}
			if req.Facts.InputTokens < 0 || req.Facts.MaxOutput < 0 || req.Facts.Choices < 1 {
				t.Fatalf("facts %+v", req.Facts)
			}
			hubtest.Located(t, body, req)
			sendable(t, op, in, req)
		}
	})
}

func sendable(t *testing.T, op llm.Op, in llm.Inbound, req *llm.Request) {
	t.Helper()
	target := dialect.Target{Model: "upstream", Path: "/x", MaxOutput: 100}
	out, _, err := openaichat.Back{}.Relay(op, in, req, target)
	if err != nil {
		t.Fatalf("accepted, but not relayed: %v", err)
	}
	var got struct {
		Model    string           `json:"model"`
		Messages []map[string]any `json:"messages"`
	}
	if err := json.Unmarshal(out.Body, &got); err != nil || got.Model != "upstream" {
		t.Fatalf("%s: %v", out.Body, err)
	}
	for _, m := range got.Messages {
		if m["thinking_blocks"] != nil || m["reasoning_content"] != nil || m["cache_control"] != nil {
			t.Fatalf("the gateway's members were sent: %s", out.Body)
		}
	}
	out, _, err = openaichat.Back{}.Encode(op, req, target)
	switch {
	case err != nil && fault.KindOf(err) != fault.Invalid:
		t.Fatal(err)
	case err == nil && !json.Valid(out.Body):
		t.Fatalf("Encode wrote %s", out.Body)
	}
}

// Whatever a provider streams: events in order, an error or a Finished but
// never both, and frames that are JSON.
func FuzzStream(f *testing.F) {
	seed(f, "testdata/stream/*.txtar", "upstream.sse", func(b []byte) { f.Add(append(b, '\n', '\n'), false) })
	f.Fuzz(func(t *testing.T, body []byte, noDone bool) {
		target := dialect.Target{Quirks: dialect.Quirks{NoDone: noDone}}
		var events []llm.Event
		var failed error
		sent := llm.Outbound{Withheld: []string{"usage"}}
		for c, err := range (openaichat.Back{}).Stream(llm.OpChat, sent, target, sse.Frames(bytes.NewReader(body), maxEvent)) {
			if failed != nil {
				t.Fatal("something follows an error")
			}
			events, failed = append(events, c.Events...), err
			if c.Frame.Withhold && len(c.Frame.Data) == 0 {
				t.Fatal("nothing is withheld")
			}
		}
		if failed == nil && !noDone && !bytes.Contains(body, []byte("[DONE]")) {
			t.Fatal("an end without [DONE]")
		}
		ordered(t, events, failed)
		encodable(t, events)
	})
}

func encodable(t *testing.T, events []llm.Event) {
	t.Helper()
	for _, stream := range []bool{true, false} {
		enc := openaichat.Front{}.Answer(chatRequest(stream, true), head)
		var frames []llm.Frame
		for _, ev := range events {
			fs, _ := enc.Event(ev)
			frames = append(frames, fs...)
		}
		for _, fr := range append(frames, enc.End()...) {
			if string(fr.Data) != "[DONE]" && (!json.Valid(fr.Data) || bytes.Contains(fr.Data, []byte("\n"))) {
				t.Fatalf("frame %s", fr.Data)
			}
		}
	}
}

func FuzzUnary(f *testing.F) {
	seed(f, "testdata/stream/*.txtar", "upstream.json", func(b []byte) { f.Add(b) })
	f.Add([]byte(`{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":"AACAPw=="}],"usage":{"total_tokens":3}}`))
	f.Add([]byte(`{"error":{"message":"x","code":429}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, op := range []llm.Op{llm.OpChat, llm.OpEmbed} {
			c, err := openaichat.Back{}.Unary(op, llm.Outbound{}, dialect.Target{}, body)
			if err != nil {
				if fault.KindOf(err) == fault.Internal {
					t.Fatal(err)
				}
				continue
			}
			if !bytes.Equal(c.Frame.Data, body) {
				t.Fatal("the frame is not the body")
			}
			if op == llm.OpChat {
				ordered(t, c.Events, nil)
				encodable(t, c.Events)
			}
		}
	})
}

// Whatever a provider refuses with: a kind, and a body only where it is an
// error object that a caller may see.
func FuzzRefusal(f *testing.F) {
	for _, s := range []string{
		`{"error":{"message":"x","type":"invalid_request_error","param":"n","code":"c"}}`, `[{"error":{"code":400,"message":"API key not valid"}}]`,
		`{"object":"error","message":{"detail":[{"msg":"m"}]}}`, `{"error":"boom","code":"x"}`, `{"detail":"d"}`, `<html>`,
	} {
		f.Add(400, "7", []byte(s))
		f.Add(429, "Wed, 25 Nov 2026 10:00:30 GMT", []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, after string, body []byte) {
		h := http.Header{"Retry-After": {after}}
		e := openaichat.Back{}.Refusal(status, h, body)
		if e.Kind == fault.Internal || e.RetryAfter < 0 {
			t.Fatalf("%+v", e)
		}
		got, header, answer := openaichat.Front{}.Error(e, "")
		if got < 400 || !json.Valid(answer) || header.Get("Content-Type") == "" {
			t.Fatalf("%d %s", got, answer)
		}
		if len(e.Upstream.Body) > 0 && !json.Valid(e.Upstream.Body) {
			t.Fatalf("kept %s", e.Upstream.Body)
		}
	})
}

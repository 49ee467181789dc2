package anthropic_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
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
// refused or written whole for another target.
func FuzzDecode(f *testing.F) {
	seed(f, "testdata/decode/*.txtar", "request.json", func(b []byte) { f.Add(b, "a") })
	f.Fuzz(func(t *testing.T, body []byte, beta string) {
		for _, op := range []llm.Op{llm.OpChat, llm.OpCount} {
			in := llm.Inbound{Raw: body, Header: http.Header{"Anthropic-Beta": {beta}}}
			req, err := anthropic.Front{}.Decode(op, in)
			if err != nil {
				if k := fault.KindOf(err); k != fault.Invalid {
					t.Fatalf("kind %s: %v", k, err)
				}
				if _, _, b := (anthropic.Front{}).Error(err, ""); !json.Valid(b) {
					t.Fatalf("error body %s", b)
				}
				continue
			}
			var std struct {
				Model  string `json:"model"`
				Stream bool   `json:"stream"`
			}
			if err := json.Unmarshal(body, &std); err != nil || std.Model != req.Facts.Model || op == llm.OpChat && std.Stream != req.Facts.Stream {
				t.Fatalf("encoding/json reads %+v (%v), Decode %q, %v", std, err, req.Facts.Model, req.Facts.Stream)
			}
			if req.Facts.InputTokens < 0 || req.Facts.MaxOutput < 0 || req.Facts.Choices != 1 {
				t.Fatalf("facts %+v", req.Facts)
			}
			hubtest.Located(t, body, req)
			sendable(t, op, in, req)
		}
	})
}

func sendable(t *testing.T, op llm.Op, in llm.Inbound, req *llm.Request) {
	t.Helper()
	target := dialect.Target{Model: "claude-sonnet-4-5", Path: "/x"}
	out, _, err := anthropic.Back{}.Relay(op, in, req, target)
	if err != nil {
		t.Fatalf("accepted, but not relayed: %v", err)
	}
	var got struct {
		Model string `json:"model"`
	}
	if err := json.Unmarshal(out.Body, &got); err != nil || got.Model != "claude-sonnet-4-5" {
		t.Fatalf("%s: %v", out.Body, err)
	}
	if unsealed, _, err := (anthropic.Back{}).Unseal(in); err != nil || !json.Valid(unsealed.Raw) {
		t.Fatalf("unsealed: %s (%v)", unsealed.Raw, err)
	}
	out, _, err = anthropic.Back{}.Encode(op, req, target)
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
	seed(f, "testdata/stream/*.txtar", "upstream.sse", func(b []byte) { f.Add(append(b, '\n', '\n')) })
	f.Fuzz(func(t *testing.T, body []byte) {
		var events []llm.Event
		var failed error
		for c, err := range (anthropic.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, sse.Frames(bytes.NewReader(body), maxEvent)) {
			if failed != nil {
				t.Fatal("something follows an error")
			}
			events, failed = append(events, c.Events...), err
		}
		if failed == nil && !bytes.Contains(body, []byte("message_stop")) && !bytes.Contains(body, []byte(`\u`)) {
			t.Fatal("an end without message_stop")
		}
		hubtest.Ordered(t, events, failed)
		encodable(t, events)
	})
}

func encodable(t *testing.T, events []llm.Event) {
	t.Helper()
	for _, stream := range []bool{true, false} {
		enc := anthropic.Front{}.Answer(chatRequest(stream), head)
		var frames []llm.Frame
		for _, ev := range events {
			fs, _ := enc.Event(ev)
			frames = append(frames, fs...)
		}
		for _, fr := range append(frames, enc.End()...) {
			if !json.Valid(fr.Data) {
				t.Fatalf("frame %s", fr.Data)
			}
		}
	}
}

func FuzzUnary(f *testing.F) {
	seed(f, "testdata/stream/*.txtar", "upstream.json", func(b []byte) { f.Add(b) })
	f.Add([]byte(`{"input_tokens":7}`))
	f.Add([]byte(`{"type":"error","error":{"type":"overloaded_error","message":"x"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, op := range []llm.Op{llm.OpChat, llm.OpCount} {
			c, err := anthropic.Back{}.Unary(op, llm.Outbound{}, dialect.Target{}, body)
			if err != nil {
				if fault.KindOf(err) == fault.Internal {
					t.Fatal(err)
				}
				continue
			}
			if !bytes.Equal(c.Frame.Data, body) {
				t.Fatal("the frame is not the body")
			}
			hubtest.Ordered(t, c.Events, nil)
			if op == llm.OpChat {
				encodable(t, c.Events)
			}
		}
	})
}

// Whatever a provider refuses with: a kind, and a body only where it is an
// error object that a caller may see.
func FuzzRefusal(f *testing.F) {
	for _, s := range []string{
		`{"type":"error","error":{"type":"invalid_request_error","message":"x"},"request_id":"r"}`, `{"message":"x"}`, `{"error":"boom"}`, `<html>`,
		`{"type":"error","error":{"type":"overloaded_error","message":"x"}}`, `{"Message":"x"}`,
	} {
		f.Add(400, "7", []byte(s))
		f.Add(529, "Wed, 25 Nov 2026 10:00:30 GMT", []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, after string, body []byte) {
		e := anthropic.Back{}.Refusal(status, http.Header{"Retry-After": {after}}, body)
		if e.Kind == fault.Internal || e.RetryAfter < 0 {
			t.Fatalf("%+v", e)
		}
		got, header, answer := anthropic.Front{}.Error(e, "")
		if got < 400 || !json.Valid(answer) || header.Get("Content-Type") == "" {
			t.Fatalf("%d %s", got, answer)
		}
		if len(e.Upstream.Body) > 0 && !json.Valid(e.Upstream.Body) {
			t.Fatalf("kept %s", e.Upstream.Body)
		}
	})
}

package gateway_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"weir/lib/testkit/rig"
	"weir/lib/wire/eventstream"
)

// canned is a provider of every kind that answers with given bytes: for what
// no vendor should send.
type canned struct {
	URL string

	mu   sync.Mutex
	kind string
	body string
}

func (c *canned) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	kind, body := c.kind, c.body
	c.mu.Unlock()
	w.Header().Set("Content-Type", kind)
	_, _ = io.WriteString(w, body)
}

func (c *canned) answer(kind, body string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kind, c.body = kind, body
}

const (
	wholeType  = "application/json"
	sseType    = "text/event-stream"
	eventsType = "application/vnd.amazon.eventstream"
)

// withCanned is a gateway before canned answers: as an OpenAI (o), an
// Anthropic (a) and a Bedrock (b), each alone and as a route that falls back
// on echo.
func withCanned(t *testing.T) (*rig.Rig, *canned) {
	t.Helper()
	c := &canned{}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	c.URL = srv.URL
	return rig.Start(t, rig.Options{Config: `
version: 1
providers:
  o: { kind: openai, base_url: ` + srv.URL + ` }
  a: { kind: anthropic, base_url: ` + srv.URL + ` }
  b: { kind: bedrock, region: us-east-1, base_url: ` + srv.URL + ` }
  echo: { kind: echo }
models:
  o: o/gpt-4o
  a: a/claude-sonnet-4-5
  b: b/` + claude + `
  o-or-echo: { strategy: fallback, targets: [o/gpt-4o, echo/x] }
  a-or-echo: { strategy: fallback, targets: [a/claude-sonnet-4-5, echo/x] }
  b-or-echo: { strategy: fallback, targets: [b/` + claude + `, echo/x] }
prices:
  "o/*": { input: 1.00, output: 4.00 }
  "a/*": { input: 3.00, output: 15.00 }
  "b/*": { input: 3.00, output: 15.00 }
`}), c
}

// The frontends by the path of their chats.
var chats = map[string]func(model string, stream bool) string{chatPath: ask, messagesPath: askAnthropic}

// ended reports whether a stream has the terminal mark of a path's dialect.
func ended(body string) bool {
	return strings.Contains(body, "[DONE]") || strings.Contains(body, "event: message_stop")
}

// sseOf writes events, whose names are their types where named says so.
func sseOf(named bool, events ...string) string {
	var b strings.Builder
	for _, ev := range events {
		if named {
			_, rest, _ := strings.Cut(ev, `"type":"`)
			name, _, _ := strings.Cut(rest, `"`)
			b.WriteString("event: " + name + "\n")
		}
		b.WriteString("data: " + ev + "\n\n")
	}
	return b.String()
}

// converseOf writes events, each with its name before it.
func converseOf(events ...string) string {
	var b []byte
	for _, ev := range events {
		name, data, _ := strings.Cut(ev, " ")
		b = eventstream.AppendEvent(b, name, []byte(data))
	}
	return string(b)
}

// invokeOf writes Claude's events as Bedrock's InvokeModel wraps them.
func invokeOf(events ...string) string {
	var b []byte
	for _, ev := range events {
		b = eventstream.AppendEvent(b, "chunk", []byte(`{"bytes":"`+base64.StdEncoding.EncodeToString([]byte(ev))+`"}`))
	}
	return string(b)
}

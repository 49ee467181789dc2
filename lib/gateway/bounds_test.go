package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"weir/lib/testkit/rig"
)

// A stream can go on for as long as its total timeout. What the gateway holds
// of it meanwhile stays bounded: an answer of more blocks, or of more content,
// than any model gives is an error, never a clean end.
func TestAnswersWithoutEndAreCut(t *testing.T) {
	const (
		start = "event: message_start\ndata: " + `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":11,"output_tokens":1}}}` + "\n\n"
		end   = "event: message_delta\ndata: " + `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}` + "\n\nevent: message_stop\ndata: " + `{"type":"message_stop"}` + "\n\n"
	)
	block := func(i int) string {
		return fmt.Sprintf("event: content_block_start\ndata: "+`{"type":"content_block_start","index":%d,"content_block":{"type":"tool_use","id":"t%d","name":"f","input":{}}}`+"\n\n", i, i)
	}
	text := "event: content_block_delta\ndata: " + `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"` + strings.Repeat("x", 1<<20) + `"}}` + "\n\n"
	ping := "event: ping\ndata: " + `{"type":"ping","x":"` + strings.Repeat("x", 1<<20) + `"}` + "\n\n"
	for name, say := range map[string]func(w io.Writer){
		"blocks": func(w io.Writer) {
			for i := range 17_000 {
				_, _ = io.WriteString(w, block(i))
			}
		},
		"content": func(w io.Writer) {
			_, _ = io.WriteString(w, "event: content_block_start\ndata: "+`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`+"\n\n")
			for range 65 {
				_, _ = io.WriteString(w, text)
			}
		},
		"events without content": func(w io.Writer) {
			_, _ = io.WriteString(w, block(0))
			for range 65 {
				_, _ = io.WriteString(w, ping)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", sseType)
				_, _ = io.WriteString(w, start)
				say(w)
				_, _ = io.WriteString(w, end)
			}))
			defer srv.Close()
			r := rig.Start(t, rig.Options{Config: `
version: 1
providers:
  a: { kind: anthropic, base_url: ` + srv.URL + ` }
models:
  a: a/claude-sonnet-4-5
`})
			for path, body := range chats {
				a := r.Must(path, body("a", true))
				if a.Status != 200 || ended(a.Body) || !strings.Contains(a.Body[max(0, len(a.Body)-500):], `"The provider failed to answer."`) {
					t.Errorf("%s: %d %s", path, a.Status, a.Body[max(0, len(a.Body)-500):])
				}
				if row := r.Row(a.CallID()); row.Outcome != "upstream_error" {
					t.Errorf("%s: the row says %s", path, row.Outcome)
				}
			}
		})
	}
}

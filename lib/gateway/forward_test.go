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

// A provider's headers reach callers by an allow-list. However long and many
// they are, the head of the answer stays one that clients read: Node gives up
// at 16 KB.
func TestForwardedHeadersAreBounded(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		h := w.Header()
		h.Set("Anthropic-Ratelimit-Unified-Status", "allowed")
		h.Set("Anthropic-Ratelimit-Unified-Long", strings.Repeat("x", 100_000))
		h.Set("Anthropic-Ratelimit-Unified-"+strings.Repeat("L", 10_000), "x")
		for i := range 500 {
			h.Set(fmt.Sprintf("Anthropic-Ratelimit-Unified-Zz-%d", i), strings.Repeat("y", 100))
		}
		h.Set("Set-Cookie", "a=b")
		h.Set("X-Weir-Cost-Usd", "9")
		h.Set("Content-Type", wholeType)
		_, _ = io.WriteString(w, `{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}`)
	}))
	defer srv.Close()
	r := rig.Start(t, rig.Options{Config: `
version: 1
providers:
  a: { kind: anthropic, base_url: ` + srv.URL + ` }
models:
  a: a/claude-sonnet-4-5
`})
	a := r.Must(messagesPath, askAnthropic("a", false))
	if a.Status != 200 || a.Header.Get("Anthropic-Ratelimit-Unified-Status") != "allowed" {
		t.Fatalf("%d %v", a.Status, a.Header)
	}
	if a.Header.Get("Set-Cookie") != "" || a.Header.Get("X-Weir-Cost-Usd") == "9" {
		t.Errorf("headers of the provider's that are not on the list: %v", a.Header)
	}
	size := 0
	for name, values := range a.Header {
		for _, v := range values {
			size += len(name) + len(v) + 4
		}
	}
	if size > 14<<10 {
		t.Errorf("the head has %d bytes", size)
	}
}

package gateway_test

import (
	"strings"
	"testing"
)

// What Claude Code and the SDKs send to Anthropic of late, a Claude on Bedrock
// takes, too: what it would refuse is said in its own way, left out, or told.
func TestLateRequestsOnBedrock(t *testing.T) {
	r, b := withBedrock(t)
	const body = `{"model":"b/` + claude + `","max_tokens":100,"speed":"fast","cache_control":{"type":"ephemeral","scope":"global"},` +
		`"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h","scope":"global"}}],` +
		`"tools":[{"name":"f","eager_input_streaming":true,"defer_loading":true,"input_schema":{"type":"object"},"cache_control":{"type":"ephemeral","ttl":"1h","scope":"global"}},{"name":"g","input_schema":{"type":"object"}}],` +
		`"messages":[{"role":"user","content":"hi"}]}`
	a := r.Must(messagesPath, body, "Anthropic-Beta", "claude-code-20250219,prompt-caching-scope-2026-01-05,advanced-tool-use-2025-11-20,structured-outputs-2025-11-13")
	if a.Status != 200 || a.Header.Get("X-Weir-Loss") != "speed" {
		t.Fatalf("status %d, loss %q: %s", a.Status, a.Header.Get("X-Weir-Loss"), a.Body)
	}
	sent := string(b.Requests()[0].Body)
	for _, want := range []string{
		`"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h"}}]`,
		`"messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}]`,
		`"anthropic_beta":["claude-code-20250219","tool-search-tool-2025-10-19","fine-grained-tool-streaming-2025-05-14"]`,
	} {
		if !strings.Contains(sent, want) {
			t.Errorf("no %s in %s", want, sent)
		}
	}
	if bad := refusals(b); bad != nil {
		t.Error(bad)
	}
}

package sdktest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/testkit/fakeanthropic"
)

// A caller who leaves a stream early is billed what was drained, and no call
// is left open.
func TestClaudeCallerLeaves(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	via := h.claude()
	h.a.Script("claude-sonnet-4-5", fakeanthropic.Answer{Text: strings.Repeat("deep ", 40), PieceDelay: time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	in := via.Messages.NewStreaming(ctx, question(sonnet, "How deep is the weir?"))
	for in.Next() {
		if in.Current().Type == "content_block_delta" {
			break
		}
	}
	cancel()
	in.Close()
	rows := h.Settled()
	if len(rows) != 1 || rows[0].Outcome != "client_gone" || rows[0].UsageSource != ledger.UsageDrained || rows[0].Usage.Output != 41+1 {
		t.Errorf("%+v", rows)
	}
	h.compare()
}

// A provider that goes silent in its answer ends in an error, in band.
func TestClaudeGoesSilent(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	via := h.claude()
	h.a.Script("claude-sonnet-4-5", fakeanthropic.Answer{StallAfter: 2, Text: "It is very deep."})
	m, err := try(t, via, question("hasty", "How deep is the weir?"), true)
	if err == nil || len(m.Content) == 0 || m.Content[0].Text != "It is " {
		t.Errorf("%v, %v", told(m), err)
	}
	if row := h.newest(via.wiretap); row.Outcome != "timeout" {
		t.Errorf("outcome %s", row.Outcome)
	}
}

package history_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/lib/dialect"
	"weir/lib/dialect/history"
	"weir/lib/llm"
	"weir/lib/testkit/hubtest"
)

// Any history that is normal in some dialect comes into normal form by any
// rules, without a refusal, without a change of the caller's own value, and
// twice the same.
func TestAnyHistoryBecomesNormal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := hubtest.Draw(t, "x")
		rules := history.Rules{
			System: rapid.Bool().Draw(t, "system"), Ordered: rapid.Bool().Draw(t, "ordered"),
			MaxName: rapid.SampledFrom([]int{0, 64}).Draw(t, "name"), IDSize: rapid.SampledFrom([]int{0, 9}).Draw(t, "id"),
		}
		before := image(t, c)
		l := dialect.NewLosses("test", &llm.Request{Body: c}, dialect.Target{})
		h := history.Normal(c, plain{l}, rules, l)
		if err := errors.Join(l.Err(), normalForm(h, rules)); err != nil {
			t.Fatalf("%+v: %s\n%v", rules, shown(h), err)
		}
		if after := image(t, c); after != before {
			t.Fatalf("the caller's own value was changed: %s\nto %s", before, after)
		}
		again := history.Normal(c, plain{l}, rules, l)
		if shown(again) != shown(h) {
			t.Fatalf("twice: %s\nand %s", shown(h), shown(again))
		}
	})
}

func image(t *rapid.T, c *llm.Chat) string {
	b, err := json.Marshal(hubtest.Request(&llm.Request{Body: c}))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// normalForm is what is wrong with a history.
func normalForm(h *history.History, r history.Rules) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	ids := map[string]bool{}
	var open []string // ids of the assistant's last message
	last := llm.Role("")
	for i, m := range h.Messages {
		switch {
		case len(m.Blocks) == 0:
			wrong("message %d is empty", i)
			continue
		case i == 0 && m.Role != llm.User, m.Role == last, m.Role == llm.System && (!r.System || last != llm.User):
			wrong("message %d is of %s after %s", i, m.Role, last)
		}
		last = m.Role
		var calls, results []string
		for k, b := range m.Blocks {
			switch b := b.(type) {
			case *llm.Text:
				if strings.TrimSpace(b.Text) == "" {
					wrong("block %d.%d is blank", i, k)
				}
			case *llm.Thinking:
				if k == len(m.Blocks)-1 {
					wrong("message %d ends in thinking", i)
				}
			case *llm.ToolUse:
				if ids[b.CallID] || strings.Trim(b.CallID, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" || b.CallID == "" || r.IDSize > 0 && len(b.CallID) != r.IDSize {
					wrong("block %d.%d has the id %q", i, k, b.CallID)
				}
				ids[b.CallID] = true
				calls = append(calls, b.CallID)
			case *llm.ToolResult:
				if len(results) != k {
					wrong("block %d.%d is a result after something else", i, k)
				}
				results = append(results, b.CallID)
			case *llm.Media, *llm.Opaque:
			}
		}
		if m.Role == llm.User {
			if len(results) != len(open) || r.Ordered && fmt.Sprint(results) != fmt.Sprint(open) {
				wrong("message %d has the results %v of %v", i, results, open)
			}
			open = nil
		}
		if m.Role == llm.Assistant {
			open = calls
		}
	}
	if len(open) > 0 {
		wrong("calls at the end: %v", open)
	}
	return errors.Join(errs...)
}

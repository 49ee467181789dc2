package sdktest_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"weir/lib/testkit/fakebedrock"
)

const input = "{\"call\":1,\"where\":\"Zürich \\u2028 \\\"weir\\\"\"}"

// scriptLoop makes a model call tools in twelve answers, each with a signed
// thought where it thinks, and then answer.
func (c *cloud) scriptLoop(model string, thinks bool) {
	for i := range turns + 1 {
		a := fakebedrock.Answer{}
		if thinks {
			a.Thinking, a.Signature = fmt.Sprintf("Step %d: I need \u2028 more.", i), base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "signature of step %d", i))
			if i%3 == 0 {
				a.Redacted = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "hidden %d", i))
			}
		}
		if i == turns {
			a.Text = "The weir is deep."
		} else {
			a.Calls = []fakebedrock.Call{{ID: fmt.Sprintf("tooluse_%d_w", i), Name: "weather", Input: input}, {ID: fmt.Sprintf("tooluse_%d_c", i), Name: "clock", Input: "{}"}}
		}
		c.b.Script(model, a)
	}
}

// A tool loop of twelve turns ends with the same text on each front. Claude's
// thoughts go back with their signatures, each byte of them.
func TestBedrockToolLoop(t *testing.T) {
	t.Parallel()
	for model := range bedrockModels {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s stream %v", bare(model), stream), func(t *testing.T) {
				t.Parallel()
				c := openCloud(t)
				thinks := bare(model) == bedrockClaude
				c.scriptLoop(bare(model), thinks)
				all := claudeLoop(t, c.claude(), model, stream)
				if last := all[len(all)-1]; !strings.Contains(last, "|The weir is deep.|") {
					t.Errorf("an Anthropic caller ends with %s", last)
				}
				c.signaturesKept(thinks)
				c.scriptLoop(bare(model), thinks)
				if got := gptLoop(t, c.gpt(), model, stream, true); got != "The weir is deep." {
					t.Errorf("an OpenAI caller ends with %s", got)
				}
				c.signaturesKept(thinks)
				c.scriptLoop(bare(model), thinks)
				if got := gptLoop(t, c.gpt(), model, stream, false); got != "The weir is deep." {
					t.Errorf("an OpenAI caller who drops thoughts ends with %s", got)
				}
				if ops := c.accepted(); thinks {
					c.lossesOf(3 * (turns + 1))
				} else if len(ops) != 1 {
					t.Errorf("asked %v", ops)
				}
			})
		}
	}
}

// lossesOf checks that of the three loops the first two lost nothing, and that
// the last, whose thoughts do not come back, told so after its first turn.
func (c *cloud) lossesOf(calls int) {
	c.t.Helper()
	rows := c.Settled() // newest first
	if len(rows) != calls {
		c.t.Fatalf("%d rows, want %d", len(rows), calls)
	}
	for i, row := range rows {
		if dropped := i < turns; dropped != (len(row.Losses) > 0) || len(row.Attempts) != 1 || row.Usage.Input == 0 {
			c.t.Errorf("call %d from the end: losses %v, attempts %v, usage %+v", i, row.Losses, row.Attempts, row.Usage)
		}
	}
}

// signaturesKept looks for all signatures of the loop in the newest request.
func (c *cloud) signaturesKept(thinks bool) {
	c.t.Helper()
	body := c.newestAsked()
	for i := range turns {
		s := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "signature of step %d", i))
		if strings.Contains(body, `"signature":"`+s+`"`) != thinks {
			c.t.Errorf("the signature of step %d: want %v in %s", i, thinks, body)
		}
	}
}

package converse_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/lib/dialect"
	"weir/lib/dialect/converse"
	"weir/lib/llm"
	"weir/lib/testkit/fakebedrock"
)

// sealOf is the seal of the first redacted part of a stream whose pieces are
// these.
func sealOf(pieces ...string) string {
	var lines strings.Builder
	for _, p := range pieces {
		fmt.Fprintf(&lines, "contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"redactedContent\":%q}}}\n", p)
	}
	lines.WriteString("contentBlockStop {\"contentBlockIndex\":0}\nmessageStop {\"stopReason\":\"end_turn\"}\nmetadata {\"usage\":{\"inputTokens\":1,\"outputTokens\":1}}\n")
	_, events, _ := transcript(dialect.Target{Model: plainModel}, bytes.NewReader(framed([]byte(lines.String()))))
	for _, ev := range events {
		if o, ok := ev.(llm.Opened); ok {
			if b, ok := o.Block.(*llm.Thinking); ok && b.Redacted && b.Seal != nil {
				return b.Seal.Data
			}
		}
	}
	return ""
}

// However the service cuts a redacted part, each piece base64 of its own, what
// goes back to it in the next turn is one blob of the same bytes.
func TestRedactedPartsGoBackInOnePiece(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var whole []byte
		var pieces []string
		for range rapid.IntRange(1, 5).Draw(t, "pieces") {
			piece := rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "piece")
			whole = append(whole, piece...)
			pieces = append(pieces, base64.StdEncoding.EncodeToString(piece))
		}
		seal := sealOf(pieces...)
		req := &llm.Request{Body: &llm.Chat{Turns: []llm.Turn{
			{Role: llm.User, Blocks: []llm.Block{&llm.Text{Text: "a"}}},
			{Role: llm.Assistant, Blocks: []llm.Block{
				&llm.Thinking{Redacted: true, Mark: llm.Mark{Seal: &llm.Seal{Issuer: "anthropic", Data: seal}}}, &llm.Text{Text: "b"},
			}},
			{Role: llm.User, Blocks: []llm.Block{&llm.Text{Text: "c"}}},
		}}}
		out, loss, err := converse.Back{}.Encode(llm.OpChat, req, dialect.Target{Model: plainModel, Path: converse.PathConverse})
		if err != nil || len(loss) > 0 {
			t.Fatalf("%q became %q: losses %v, %v", pieces, seal, loss, err)
		}
		if e := fakebedrock.Check(opOf(out.Path), plainModel, out.Body); e != nil {
			t.Fatalf("%q became %q, refused: %v", pieces, seal, e)
		}
		var sent struct {
			Messages []struct {
				Content []struct {
					Reasoning struct {
						Redacted []byte `json:"redactedContent"`
					} `json:"reasoningContent"`
				} `json:"content"`
			} `json:"messages"`
		}
		if err := json.Unmarshal(out.Body, &sent); err != nil {
			t.Fatalf("%v: %s", err, out.Body)
		}
		if got := sent.Messages[1].Content[0].Reasoning.Redacted; !bytes.Equal(got, whole) {
			t.Fatalf("%q went back as %q, want %q", pieces, got, whole)
		}
	})
}

// What is no base64 is kept as it came, whole or in pieces.
func TestOddRedactedPartsAreKept(t *testing.T) {
	for want, pieces := range map[string][]string{
		"UkVE":     {"UkVE"},
		"UkV=":     {"UkV="}, // bits beyond the last byte: the caller's to send back as they are
		"??":       {"??"},
		"UkVE??":   {"UkVE", "??"},
		"??UkVE":   {"??", "UkVE"},
		"UmVkZWQ=": {"UmVk", "ZWQ="},
		"UmUtZA==": {"UmU=", "LWQ="},
	} {
		if got := sealOf(pieces...); got != want {
			t.Errorf("%q became %q, want %q", pieces, got, want)
		}
	}
}

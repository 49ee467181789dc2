package hubtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"weir/lib/llm"
)

// Located checks that each place which a decoded request names is one in the
// request as its caller wrote it: of turns, blocks, tools and of the members
// that the hub calls otherwise. Every turn, block and tool has one.
func Located(t testing.TB, raw []byte, r *llm.Request) {
	t.Helper()
	places := Places(t, raw)
	check := func(what, at string) {
		if !places[at] {
			t.Errorf("%s is said to stand at %q, where the request has nothing", what, at)
		}
	}
	for field, at := range r.Paths {
		check(field, at)
	}
	c, ok := r.Body.(*llm.Chat)
	if !ok {
		return
	}
	located(check, c.System)
	for _, turn := range c.Turns {
		check("a turn", turn.At)
		located(check, turn.Blocks)
	}
	for _, tool := range c.Tools {
		check("a tool", tool.At)
	}
}

// Places are the paths of all values of a request, that of the whole being
// empty.
func Places(t testing.TB, raw []byte) map[string]bool {
	t.Helper()
	var doc any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // numbers may be larger than a float64 can be
	if err := d.Decode(&doc); err != nil {
		t.Fatalf("a request that was read is no JSON: %v", err)
	}
	places := map[string]bool{}
	walk(doc, "", places)
	return places
}

func located(check func(what, at string), all []llm.Block) {
	for _, b := range all {
		switch b := b.(type) {
		case *llm.Text:
			check("a text", b.At)
		case *llm.Thinking:
			check("thinking", b.At)
		case *llm.Media:
			check("media", b.At)
		case *llm.ToolUse:
			check("a tool's call", b.At)
		case *llm.ToolResult:
			check("a tool's result", b.At)
			located(check, b.Content)
		case *llm.Opaque:
			check("an opaque block", b.At)
		}
	}
}

// walk notes the path of v, and of each value in it.
func walk(v any, at string, places map[string]bool) {
	places[at] = true
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			if at != "" {
				name = at + "." + name
			}
			walk(x, name, places)
		}
	case []any:
		for i, x := range v {
			walk(x, fmt.Sprintf("%s[%d]", at, i), places)
		}
	}
}

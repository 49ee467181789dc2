package sdktest_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/testkit/fakeprovider"
)

// An agent's loop: the model calls tools, the application answers each call
// with the SDK's own message of the answer before it, the model goes on. Whole
// and streamed, in order and interleaved.
func TestToolRoundTrip(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	s.p.Model("forth-and-back", fakeprovider.Answer{})
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		for _, tt := range []struct {
			name       string
			interleave bool
			streamed   bool
			text       string
			tools      []tool
		}{
			{"one", false, false, "", []tool{weather}},
			{"one, streamed", false, true, "", []tool{weather}},
			{"parallel", false, false, "", []tool{weather, clock}},
			{"parallel, streamed", false, true, "", []tool{weather, clock}},
			{"parallel, interleaved", true, true, "", []tool{weather, clock}},
			{"behind a text", false, false, "I look it up.", []tool{weather, clock}},
			{"behind a text, streamed", true, true, "I look it up.", []tool{weather, clock}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				s.p.Script("forth-and-back", fakeprovider.Answer{AllTools: true, Interleave: tt.interleave, Text: tt.text})
				a := ask1("p/forth-and-back", "Is it a good day for a swim?")
				a.tools = tt.tools
				first := turn(t, via, a, tt.streamed)
				calls := first.Choices[0].Calls
				if len(calls) != len(tt.tools) || first.Choices[0].Finish != "tool_calls" || first.Choices[0].Content != tt.text {
					t.Fatalf("%+v", first.Choices)
				}
				a.messages = append(a.messages, message{answer: &first})
				for i, c := range calls {
					var args map[string]any
					if err := json.Unmarshal([]byte(c.Arguments), &args); err != nil || c.Name != tt.tools[i].name || c.ID == "" || c.Type != "function" || args["call"] != float64(i+1) {
						t.Fatalf("call %d: %+v (%v)", i, c, err)
					}
					a.messages = append(a.messages, message{result: &result{c.ID, "it is " + c.Name}})
				}
				last := turn(t, via, a, tt.streamed)
				if c := last.Choices[0]; len(c.Calls) != 0 || c.Finish != "stop" || !strings.Contains(c.Content, "swim") {
					t.Errorf("%+v", last.Choices)
				}
			})
		}
	})
	for _, r := range s.p.Requests() {
		if r.Error != nil {
			t.Errorf("the vendor refused %s: %v", r.Body, r.Error)
		}
	}
}

// turn asks once, whole or streamed and accumulated by the SDK.
func turn(t *testing.T, c caller, a ask, stream bool) answer {
	t.Helper()
	if !stream {
		got, err := c.chat(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := c.stream(t.Context(), a, nil)
	if got.err != nil || got.refused {
		t.Fatalf("stream: %v, accumulator refused %v", got.err, got.refused)
	}
	return got.answer
}

// More members of a request than the SDK knows reach a vendor that takes them,
// as they were sent, and an unknown one is the vendor's to refuse.
func TestMoreMembers(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{provider: fakeprovider.Options{Allow: []string{"vendor_cache", "min_p"}}})
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		a := ask1("p/gpt-4o", "hi")
		a.extra = map[string]any{"vendor_cache": map[string]any{"ttl": json.Number("1.50e2"), "keys": []any{"ä", nil, true}}, "min_p": json.Number("0.10")}
		for _, stream := range []bool{false, true} {
			turn(t, via, a, stream)
			sent, _ := s.p.Last()
			var got, want map[string]json.RawMessage
			if json.Unmarshal(sent.Body, &got) != nil || json.Unmarshal(via.last().request, &want) != nil {
				t.Fatalf("%s", sent.Body)
			}
			for name := range a.extra {
				if string(got[name]) != string(want[name]) || len(want[name]) == 0 {
					t.Errorf("%s: the vendor got %s, the SDK sent %s", name, got[name], want[name])
				}
			}
		}
		a.extra = map[string]any{"top_n_sigma": 1}
		_, err := via.chat(t.Context(), a)
		if f, ok := via.failure(err); !ok || f.Status != 400 || f.Message != "Unrecognized request argument supplied: top_n_sigma" {
			t.Errorf("%+v (%v)", f, err)
		}
	})
}

// What only the gateway understands is taken out before OpenAI sees it, told
// as lost, and refused where the application wants nothing lost.
func TestGatewayMembers(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	cache := map[string]any{"cache_control": map[string]any{"type": "ephemeral"}}
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		before, err := via.chat(t.Context(), ask1("p/gpt-4o", "hi"))
		if err != nil {
			t.Fatal(err)
		}
		cached := weather
		cached.extra = cache
		a := ask{model: "p/gpt-4o", tools: []tool{cached}, messages: []message{
			{role: "user", parts: []part{{text: "Look", extra: cache}, {image: "https://example.com/a.png", detail: "low", extra: cache}}},
			{answer: &before, extra: map[string]any{
				"reasoning_content": "I thought.",
				"thinking_blocks":   []any{map[string]any{"type": "thinking", "thinking": "I thought.", "signature": "c2ln", "index": 0}},
			}},
			user("And now?"),
		}, extra: map[string]any{"thinking": map[string]any{"type": "enabled", "budget_tokens": 1024}}}
		for _, stream := range []bool{false, true} {
			turn(t, via, a, stream)
			sent, _ := s.p.Last()
			if sent.Error != nil {
				t.Fatalf("the vendor refused: %v", sent.Error)
			}
			if diff := cmp.Diff(without(t, via.last().request, "thinking", "reasoning_content", "thinking_blocks", "cache_control"), without(t, sent.Body)); diff != "" {
				t.Errorf("stream %v: (-SDK's without the gateway's +vendor's):\n%s", stream, diff)
			}
			loss := via.last().header.Get("X-Weir-Loss")
			for _, name := range []string{"thinking", "reasoning_content", "thinking_blocks", "cache_control"} {
				if !slices.ContainsFunc(strings.Split(loss, "; "), func(f string) bool { return f == name || strings.HasSuffix(f, "."+name) }) {
					t.Errorf("stream %v: x-weir-loss %q lacks %s", stream, loss, name)
				}
			}
			if row := s.row(via); len(row.Losses) < 4 {
				t.Errorf("losses in the row: %v", row.Losses)
			}
		}
	})
}

// without decodes a request and takes members out at every depth, and what the
// gateway changes.
func without(t *testing.T, body []byte, names ...string) any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	delete(v, "model")
	delete(v, "stream_options")
	var strip func(v any)
	strip = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			maps.DeleteFunc(v, func(name string, _ any) bool { return slices.Contains(names, name) })
			for _, inner := range v {
				strip(inner)
			}
		case []any:
			for _, inner := range v {
				strip(inner)
			}
		}
	}
	strip(v)
	return v
}

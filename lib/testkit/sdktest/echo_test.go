package sdktest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Echo, which speaks no dialect of anybody's, reaches both SDKs through the
// hub: whole and accumulated answers agree, in words, tools and cost.
func TestEcho(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		for _, tt := range []struct {
			name         string
			edit         func(*ask)
			text, finish string
			tool         string
		}{
			{"text", func(*ask) {}, "How deep is the weir?", "stop", ""},
			{"system", func(a *ask) { a.messages = append([]message{{role: "system", text: "Be brief."}}, a.messages...) }, "How deep is the weir?", "stop", ""},
			{"limit", func(a *ask) { a.maxCompletionTokens = 1 }, "", "length", ""},
			{"stop", func(a *ask) { a.stop = []string{" is"} }, "How deep", "stop", ""},
			{"tool required", func(a *ask) { a.tools, a.choice = []tool{weather, clock}, "required" }, "", "tool_calls", "weather"},
			{"tool named", func(a *ask) { a.tools, a.choice = []tool{weather, clock}, "clock" }, "", "tool_calls", "clock"},
			{"tool left open", func(a *ask) { a.tools, a.choice = []tool{weather}, "auto" }, "How deep is the weir?", "stop", ""},
			{"unicode", func(a *ask) { a.messages = []message{user("Grüße \u2028 水位 \"\\\n\U0001F30A")} }, "Grüße \u2028 水位 \"\\\n\U0001F30A", "stop", ""},
		} {
			t.Run(tt.name, func(t *testing.T) {
				a := ask1("echo/any", "How deep is the weir?")
				tt.edit(&a)
				whole := turn(t, via, a, false)
				wholeRow := s.row(via)
				a.usage = true
				got := via.stream(t.Context(), a, nil)
				if got.err != nil || got.refused || got.usages != 1 || len(got.chunks) < 3 {
					t.Fatalf("%+v", got)
				}
				row := s.row(via)
				c := whole.Choices[0]
				if c.Finish != tt.finish || tt.name != "limit" && tt.tool == "" && c.Content != tt.text || c.Role != "assistant" || whole.ID == "" || whole.Created == 0 || whole.Model != "any" {
					t.Errorf("%+v", whole)
				}
				if tt.tool != "" && (len(c.Calls) != 1 || c.Calls[0].Name != tt.tool || c.Calls[0].Arguments != "{}" || c.Calls[0].ID == "") {
					t.Errorf("calls %+v", c.Calls)
				}
				if diff := cmp.Diff(text(whole), text(got.answer)); diff != "" {
					t.Errorf("(-whole +accumulated):\n%s", diff)
				}
				if diff := cmp.Diff(c.Calls, got.finished); diff != "" {
					t.Errorf("(-called +told as finished):\n%s", diff)
				}
				if whole.Usage.plain() != got.Usage.plain() || whole.Usage.Total == 0 || got.ID == "" || got.Model != "any" {
					t.Errorf("usage %+v, streamed %+v", whole.Usage, got.Usage)
				}
				if row.Cost != wholeRow.Cost || row.Cost == 0 || row.Usage.Output != whole.Usage.Completion || row.Usage.Input != whole.Usage.Prompt || row.Provider != "echo" {
					t.Errorf("row %+v %d, whole %+v %d", row.Usage, row.Cost, wholeRow.Usage, wholeRow.Cost)
				}
			})
		}
	})
}

// What echo cannot do is refused by name, or dropped and told.
func TestEchoRefuses(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		via := s.patient(v)
		for param, edit := range map[string]func(*ask){
			"n":           func(a *ask) { a.n = 2 },
			"logprobs":    func(a *ask) { a.logprobs = true },
			"top_n_sigma": func(a *ask) { a.extra = map[string]any{"top_n_sigma": 1} },
		} {
			a := ask1("echo/any", "hi")
			edit(&a)
			_, err := via.chat(t.Context(), a)
			streamErr := via.stream(t.Context(), a, nil).err
			for _, err := range []error{err, streamErr} {
				if f, ok := via.failure(err); !ok || f.Status != 400 || f.Type != invalid || f.Param != param || !strings.Contains(f.Message, param) {
					t.Errorf("%s: %+v (%v)", param, f, err)
				}
			}
		}
		a := ask1("echo/any", "hi")
		a.schema = object(map[string]any{"depth": map[string]any{"type": "number"}})
		turn(t, via, a, false)
		if loss := via.last().header.Get("X-Weir-Loss"); !strings.Contains(loss, "response_format") {
			t.Errorf("x-weir-loss %q", loss)
		}
	})
}

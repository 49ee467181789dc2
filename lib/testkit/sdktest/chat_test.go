package sdktest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"weir/lib/testkit/rig"
)

var (
	// sameAnswer compares what an application reads.
	sameAnswer = cmpopts.IgnoreUnexported(answer{})

	weather = tool{name: "weather", description: "Says how the weather is.", parameters: object(map[string]any{"city": map[string]any{"type": "string"}})}
	clock   = tool{name: "clock", description: "Says how late it is.", parameters: object(map[string]any{"zone": map[string]any{"type": "string"}})}
)

func object(properties map[string]any) map[string]any {
	required := []string{}
	for name := range properties {
		required = append(required, name)
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// good are requests that the vendor answers, by what they are about. The model
// is the provider's.
func good() map[string]ask {
	with := func(model string, edit func(*ask)) ask {
		a := ask1(model, "How deep is the weir today?")
		if edit != nil {
			edit(&a)
		}
		return a
	}
	image := func(url string) ask {
		return with("gpt-4o", func(a *ask) {
			a.messages = []message{{role: "user", parts: []part{{text: "What is on it?"}, {image: url, detail: "low"}}}}
		})
	}
	return map[string]ask{
		"text":      with("gpt-4o-mini", nil),
		"system":    with("gpt-4o-mini", func(a *ask) { a.messages = append([]message{{role: "system", text: "Be brief."}}, a.messages...) }),
		"developer": with("gpt-4o", func(a *ask) { a.messages = append([]message{{role: "developer", text: "Be brief."}}, a.messages...) }),
		"history": with("gpt-4o", func(a *ask) {
			a.messages = append(a.messages, message{role: "assistant", text: "Three feet."}, user("And now?"))
		}),
		"data URL":           image("data:image/png;base64,iVBORw0KGgo="),
		"https URL":          image("https://example.com/a.png?x=1&y=%20"),
		"json_schema":        with("gpt-4o", func(a *ask) { a.schema = object(map[string]any{"depth": map[string]any{"type": "number"}}) }),
		"reasoning":          with("o4-mini", func(a *ask) { a.maxCompletionTokens, a.effort = 1000, "low" }),
		"shown reasoning":    with("deepseek-reasoner", nil),
		"cut at the limit":   with("gpt-4o", func(a *ask) { a.maxCompletionTokens = 2 }),
		"refusal":            with("refusal", nil),
		"two choices":        with("gpt-4o", func(a *ask) { a.n = 2 }),
		"log probabilities":  with("gpt-4o", func(a *ask) { a.logprobs, a.topLogprobs = true, 2 }),
		"seed and stop":      with("gpt-4o", func(a *ask) { a.seed, a.stop = -7, []string{"END"} }),
		"four stops":         with("gpt-4o", func(a *ask) { a.stop = []string{"a", "b\n", "<|end|>", "</s>"} }),
		"cached":             with("cached", nil),
		"audio tokens":       with("gpt-4o-audio-preview", nil),
		"a tool":             with("tools", func(a *ask) { a.tools = []tool{weather} }),
		"two tools":          with("tools", func(a *ask) { a.tools = []tool{weather, clock} }),
		"interleaved tools":  with("interleaved-tools", func(a *ask) { a.tools = []tool{weather, clock} }),
		"one tool at a time": with("tools", func(a *ask) { a.tools, a.oneTool = []tool{weather, clock}, true }),
		"tool required":      with("gpt-4o", func(a *ask) { a.tools, a.choice = []tool{weather, clock}, "required" }),
		"tool named":         with("gpt-4o", func(a *ask) { a.tools, a.choice = []tool{weather, clock}, "clock" }),
		"tool forbidden":     with("tools", func(a *ask) { a.tools, a.choice = []tool{weather}, "none" }),
		"tool left open":     with("gpt-4o", func(a *ask) { a.tools, a.choice = []tool{weather}, "auto" }),
		"unicode":            with("gpt-4o", func(a *ask) { a.messages = []message{user("Grüße, 水位は? <b>&</b> \u2028 \U0001F30A")} }),
		"extra member":       with("gpt-4o", func(a *ask) { a.extra = map[string]any{"verbosity": "low", "metadata": map[string]string{"a": "b"}} }),
	}
}

// through is a, asked at the gateway.
func through(a ask) ask {
	a.model = "p/" + a.model
	return a
}

// Through the gateway an application gets from its SDK what the vendor itself
// would have given it, whole and streamed, and the vendor gets what the SDK
// sent.
func TestChatIsTheVendors(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		direct, via := s.direct(v), s.via(v)
		for name, a := range good() {
			t.Run(name, func(t *testing.T) {
				want, err := direct.chat(t.Context(), a)
				if err != nil {
					t.Fatalf("the vendor itself: %v", err)
				}
				got, err := via.chat(t.Context(), through(a))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got, sameAnswer); diff != "" {
					t.Errorf("whole (-vendor +gateway):\n%s", diff)
				}
				if sent, _ := s.p.Last(); string(sent.Body) != string(upstreamBody(via.last().request, a.model)) {
					t.Errorf("the vendor got %s\nthe SDK sent %s", sent.Body, via.last().request)
				}
				if row := s.row(via); row.Outcome != "ok" || row.Usage.Input == 0 || row.Usage.Output == 0 || row.Cost == 0 {
					t.Errorf("row %+v", row)
				}
				a.usage = true
				wantStream, gotStream := direct.stream(t.Context(), a, nil), via.stream(t.Context(), through(a), nil)
				compareStreams(t, wantStream, gotStream)
				accumulated(t, want, gotStream)
			})
		}
	})
}

// Nothing of the application's connection travels on: not its key, not its
// organisation, not what its SDK tells of its machine.
func TestHeadersStayHere(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		turn(t, s.via(v), ask1("p/gpt-4o", "hi"), false)
		turn(t, s.via(v), ask1("p/gpt-4o", "hi"), true)
		if _, err := s.via(v).embed(t.Context(), embedAsk{model: "p/text-embedding-3-small", input: []string{"a"}}); err != nil {
			t.Fatal(err)
		}
	})
	for _, r := range s.p.Requests() {
		for name, values := range r.Header {
			if strings.HasPrefix(name, "X-Stainless") || strings.HasPrefix(name, "Openai-") || strings.Contains(strings.Join(values, " "), s.Key) || strings.Contains(strings.Join(values, " "), "OpenAI/Go") {
				t.Errorf("%s: %v", name, values)
			}
		}
		if r.Header.Get("Authorization") != "Bearer "+rig.Secret {
			t.Errorf("authorization %q", r.Header.Get("Authorization"))
		}
	}
}

// upstreamBody is what the gateway makes of a request for p/model.
func upstreamBody(request []byte, model string) []byte {
	return []byte(strings.Replace(string(request), `"model":"p/`+model+`"`, `"model":"`+model+`"`, 1))
}

func compareStreams(t *testing.T, want, got streamed) {
	t.Helper()
	if want.err != nil || got.err != nil {
		t.Fatalf("streams: the vendor %v, the gateway %v", want.err, got.err)
	}
	if diff := cmp.Diff(want.chunks, got.chunks); diff != "" {
		t.Errorf("chunks (-vendor +gateway):\n%s", diff)
	}
	if diff := cmp.Diff(want.answer, got.answer, sameAnswer); diff != "" {
		t.Errorf("accumulated (-vendor +gateway):\n%s", diff)
	}
}

// accumulated checks that the SDK makes of the stream what it makes of the
// whole answer.
func accumulated(t *testing.T, whole answer, got streamed) {
	t.Helper()
	if got.refused {
		t.Error("the accumulator refused a chunk")
	}
	thinking := ""
	for i := range whole.Choices {
		thinking += whole.Choices[i].Thinking
		whole.Choices[i].Thinking = ""
	}
	if thinking != got.thinking {
		t.Errorf("thinking %q, want %q", got.thinking, thinking)
	}
	whole.Usage, got.answer.Usage = whole.Usage.plain(), got.answer.Usage.plain()
	if diff := cmp.Diff(whole, got.answer, sameAnswer, cmpopts.IgnoreFields(answer{}, "Object"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-whole +accumulated):\n%s", diff)
	}
}

// What the answers say, by their SDK types; that the two ways agree is not
// enough.
func TestChatSaysWhatWasAsked(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		via := s.via(v)
		get := func(name string) answer {
			t.Helper()
			got, err := via.chat(t.Context(), through(good()[name]))
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if a := get("text"); a.Choices[0].Content != "You said: How deep is the weir today?" || a.Choices[0].Finish != "stop" ||
			a.Choices[0].Role != "assistant" || a.Model != "gpt-4o-mini" || a.Object != "chat.completion" || a.Usage.Total != a.Usage.Prompt+a.Usage.Completion {
			t.Errorf("text: %+v", a)
		}
		if a := get("reasoning"); a.Usage.Reasoning != 64 || a.Usage.Completion <= 64 {
			t.Errorf("reasoning: %+v", a.Usage)
		}
		if a := get("shown reasoning"); !strings.HasPrefix(a.Choices[0].Thinking, "First I think") || a.Choices[0].Content == "" {
			t.Errorf("shown reasoning: %+v", a.Choices)
		}
		if a := get("refusal"); a.Choices[0].Refusal == "" || a.Choices[0].Content != "" {
			t.Errorf("refusal: %+v", a.Choices)
		}
		if a := get("two choices"); len(a.Choices) != 2 || a.Choices[1].Index != 1 || !strings.HasPrefix(a.Choices[1].Content, "Choice 1.") {
			t.Errorf("two choices: %+v", a.Choices)
		}
		if a := get("log probabilities"); len(a.Choices[0].Probs) != 8 || len(a.Choices[0].Probs[0].Top) != 2 || a.Choices[0].Probs[1].Logprob == 0 {
			t.Errorf("log probabilities: %+v", a.Choices[0].Probs)
		}
		if a := get("cut at the limit"); a.Choices[0].Finish != "length" {
			t.Errorf("cut at the limit: %+v", a.Choices)
		}
		var reply struct{ Depth float64 }
		if a := get("json_schema"); json.Unmarshal([]byte(a.Choices[0].Content), &reply) != nil || reply.Depth != 1 {
			t.Errorf("json_schema: %+v", a.Choices)
		}
	})
}

// Usage is in the stream exactly when the application asked for it.
func TestUsageChunkWhenAsked(t *testing.T) {
	t.Parallel()
	s := setUp(t, scene{})
	each(t, func(t *testing.T, v version) {
		for _, model := range []string{"p/gpt-4o-mini", "p/usage-always", "echo/any"} {
			for _, asked := range []bool{false, true} {
				via := s.via(v)
				a := ask1(model, "How deep is the weir?")
				a.usage = asked
				got := via.stream(t.Context(), a, nil)
				if got.err != nil {
					t.Fatalf("%s: %v", model, got.err)
				}
				want := 0
				if asked {
					want = 1
				}
				if got.usages != want || got.bare != want || asked && (got.Usage.Prompt == 0 || got.Usage.Completion == 0) {
					t.Errorf("%s, asked %v: %d chunks with usage, %d without choices, usage %+v", model, asked, got.usages, got.bare, got.Usage)
				}
				if row := s.row(via); row.UsageSource != "provider" || row.Usage.Input == 0 || row.Usage.Output == 0 {
					t.Errorf("%s, asked %v: row %s %+v", model, asked, row.UsageSource, row.Usage)
				}
				if all := via.last().payloads(); all[len(all)-1] != "[DONE]" {
					t.Errorf("%s, asked %v: the last event is %q", model, asked, all[len(all)-1])
				}
			}
		}
	})
	for _, r := range s.p.Requests() {
		if !strings.Contains(string(r.Body), `"include_usage":true`) {
			t.Errorf("the gateway did not ask for usage: %s", r.Body)
		}
	}
}

package dialect_test

import (
	"slices"
	"strings"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/converse"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
)

// wordsOf are the words that an SDK lists for one of its types.
func wordsOf(t *testing.T, file, kind string) (words []string) {
	t.Helper()
	for _, m := range membersIn(t, file) {
		if m.path == kind {
			words = append(words, m.body)
		}
	}
	if len(words) == 0 {
		t.Fatalf("%s has no words of %s", file, kind)
	}
	return words
}

// Every stop reason that a vendor lists is one of ours, an error, or told as
// lost.
func TestWordsOfStops(t *testing.T) {
	for _, c := range []struct {
		file, kind  string
		back        dialect.Back
		body, field string
		told        []string // which nobody but the vendor's own callers can ask for
		failed      []string
	}{
		{
			file: "anthropic-words.txt", kind: "BetaStopReason", back: anthropic.Back{}, field: "stop_reason",
			body: `{"id":"i","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"a"}],"stop_reason":"WORD","usage":{"input_tokens":1,"output_tokens":1}}`,
			told: []string{"compaction"},
		},
		{
			file: "converse-words.txt", kind: "StopReason", back: converse.Back{}, field: "stopReason",
			body:   `{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}},"stopReason":"WORD","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`,
			failed: []string{"malformed_model_output", "malformed_tool_use"},
		},
	} {
		for _, word := range wordsOf(t, c.file, c.kind) {
			answer, err := unary(c.back)("", strings.Replace(c.body, "WORD", word, 1))
			if failed := slices.Contains(c.failed, word); failed != (err != nil) {
				t.Errorf("%s %s: error %v", c.kind, word, err)
			}
			told := slices.ContainsFunc(answer.events, func(ev llm.Event) bool {
				d, ok := ev.(llm.Dropped)
				return ok && d.Loss.Field == c.field
			})
			if told != slices.Contains(c.told, word) {
				t.Errorf("%s %s: told as lost: %v", c.kind, word, told)
			}
		}
	}
}

// Every error type of Anthropic's says who must act: none of its caller's
// mistakes is a failure of the provider.
func TestWordsOfErrors(t *testing.T) {
	failures := []string{"api_error"}
	others := []string{"memory_precondition_failed_error", "memory_path_conflict_error", "conflict_error"} // of other endpoints
	for _, word := range wordsOf(t, "anthropic-words.txt", "ErrorType") {
		if slices.Contains(others, word) {
			continue
		}
		e := anthropic.Back{}.Refusal(500, nil, []byte(`{"type":"error","error":{"type":"`+word+`","message":"m"}}`))
		if failed := e.Kind == fault.TargetFailed; failed != slices.Contains(failures, word) {
			t.Errorf("%s is %v", word, e.Kind)
		}
	}
}

// Every word that an SDK lists for a parameter reaches the provider, is told as
// lost, or is refused by the parameter's name; the vendor's own dialect relays
// it as it is.
func TestWordsOfParameters(t *testing.T) {
	const (
		chat     = `{"model":"m","messages":[{"role":"user","content":"a"}],`
		messages = `{"model":"m","max_tokens":9000,"messages":[{"role":"user","content":"a"}],`
	)
	for _, c := range []struct{ file, kind, body, field string }{
		{"openai-words.txt", "ReasoningEffort", chat + `"reasoning_effort":"WORD"}`, "reasoning_effort"},
		{"openai-words.txt", "ChatCompletionNewParamsServiceTier", chat + `"service_tier":"WORD"}`, "service_tier"},
		{"openai-words.txt", "ChatCompletionNewParamsVerbosity", chat + `"verbosity":"WORD"}`, "verbosity"},
		{"openai-words.txt", "ChatCompletionNewParamsPromptCacheRetention", chat + `"prompt_cache_retention":"WORD"}`, "prompt_cache_retention"},
		{"anthropic-words.txt", "BetaOutputConfigEffort", messages + `"output_config":{"effort":"WORD"}}`, "output_config.effort"},
		{"anthropic-words.txt", "BetaUsageSpeed", messages + `"speed":"WORD"}`, "speed"},
	} {
		own := speakers[0]
		if strings.HasPrefix(c.file, anthropic.Name) {
			own = speakers[1]
		}
		for _, word := range wordsOf(t, c.file, c.kind) {
			body := strings.Replace(c.body, "WORD", word, 1)
			in := llm.Inbound{Dialect: own.name, Raw: []byte(body)}
			req, err := own.front.Decode(llm.OpChat, in)
			if err != nil {
				t.Errorf("%s %s: %v", c.kind, word, err)
				continue
			}
			out, losses, err := own.back.Relay(llm.OpChat, in, req, dialect.Target{Model: "m", Path: own.path})
			if err != nil || len(losses) > 0 || string(out.Body) != body {
				t.Errorf("%s %s: relayed as %s, %v %v", c.kind, word, out.Body, losses, err)
			}
			for _, l := range lanes {
				if l.front.Name() != own.name {
					continue
				}
				got := l.carry(body)
				if got.err != nil && (got.err.Kind != fault.Invalid || got.err.Param != c.field) {
					t.Errorf("%s, %s %s: %v for %q", l.name, c.kind, word, got.err, got.err.Param)
				}
			}
		}
	}
}

// Every audio format that Bedrock lists can be sent by its name.
func TestWordsOfFormats(t *testing.T) {
	same := map[string]string{"mpeg": "mp3"}
	l := lane{front: openaichat.Front{}, back: converse.Back{}, model: "amazon.nova-2-omni-v1:0", path: converse.PathConverse}
	for _, word := range wordsOf(t, "converse-words.txt", "AudioFormat") {
		want := word
		if s := same[word]; s != "" {
			want = s
		}
		got := l.carry(`{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"input_audio","input_audio":{"data":"aGk=","format":"` + word + `"}}]}]}`)
		if got.err != nil || !strings.Contains(got.body, `"format":"`+want+`"`) {
			t.Errorf("%s: %s %v", word, got.body, got.err)
		}
	}
}

package sdktest_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"

	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakeprovider"
)

// Errors reach an Anthropic caller as its SDK's own type, with the status and
// type of the vendor's table, whoever failed; the caller's own mistakes keep
// the provider's words.
func TestClaudeErrors(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	via := h.claude()
	for name, tt := range map[string]struct {
		model  string
		a      fakeanthropic.Answer
		o      fakeprovider.Answer
		status int
		kind   anthropic.ErrorType
		words  string
	}{
		"overloaded":            {model: sonnet, a: fakeanthropic.Answer{Status: 529}, status: 529, kind: anthropic.ErrorTypeOverloadedError},
		"limited":               {model: sonnet, a: fakeanthropic.Answer{Status: 429}, status: 529, kind: anthropic.ErrorTypeOverloadedError},
		"failed":                {model: sonnet, a: fakeanthropic.Answer{Status: 500}, status: 502, kind: anthropic.ErrorTypeAPIError},
		"no credit":             {model: sonnet, a: fakeanthropic.Answer{Error: fakeanthropic.NoCredit()}, status: 502, kind: anthropic.ErrorTypeAPIError},
		"context":               {model: sonnet, a: fakeanthropic.Answer{Error: fakeanthropic.ContextLength(210_000, 200_000)}, status: 400, kind: anthropic.ErrorTypeInvalidRequestError, words: "prompt is too long: 210000 tokens > 200000 maximum"},
		"filtered":              {model: sonnet, a: fakeanthropic.Answer{Error: fakeanthropic.Filtered()}, status: 400, kind: anthropic.ErrorTypeInvalidRequestError, words: "Output blocked by content filtering policy"},
		"a page":                {model: sonnet, a: fakeanthropic.Answer{Body: "<html>maintenance</html>", ContentType: "text/html"}, status: 502, kind: anthropic.ErrorTypeAPIError},
		"limited by openai":     {model: "o/gpt-4o", o: fakeprovider.Answer{Status: 429}, status: 529, kind: anthropic.ErrorTypeOverloadedError},
		"context of openai":     {model: "o/gpt-4o", o: fakeprovider.Answer{Error: fakeprovider.ContextLength(8, 9)}, status: 400, kind: anthropic.ErrorTypeInvalidRequestError, words: "maximum context length"},
		"no model":              {model: "nope", status: 404, kind: anthropic.ErrorTypeNotFoundError},
		"no model of a's":       {model: "a/other", status: 404, kind: anthropic.ErrorTypeNotFoundError},
		"a mistake of callers'": {model: "a/claude-opus-4-7", status: 400, kind: anthropic.ErrorTypeInvalidRequestError, words: "temperature"},
	} {
		for _, stream := range []bool{false, true} {
			p := question(tt.model, "How deep is the weir?")
			switch tt.model {
			case "a/claude-opus-4-7":
				p.Temperature = anthropic.Float(0.5)
			case sonnet, "o/gpt-4o":
				h.script(tt.model, tt.a, tt.o)
			}
			_, err := try(t, via, p, stream)
			e, ok := errors.AsType[*anthropic.Error](err)
			if !ok {
				t.Errorf("%s, stream %v: %v", name, stream, err)
				continue
			}
			if e.StatusCode != tt.status || e.Type() != tt.kind || !strings.Contains(e.RawJSON(), tt.words) || strings.Contains(e.RawJSON(), "credit") {
				t.Errorf("%s, stream %v: status %d %s: %s", name, stream, e.StatusCode, e.Type(), e.RawJSON())
			}
			if e.RequestID == "" || e.RequestID != via.last().header.Get("X-Weir-Call-Id") && e.RequestID != via.last().header.Get("Request-Id") {
				t.Errorf("%s: request id %q", name, e.RequestID)
			}
		}
	}
}

// The SDK asks again by itself where that may help, and not where it cannot.
func TestClaudeRetries(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	via := h.anthropic(h.URL, h.Key, 2)
	for name, tt := range map[string]struct {
		first fakeanthropic.Answer
		asked int
	}{
		"overloaded": {fakeanthropic.Answer{Status: 529}, 2},
		"limited":    {fakeanthropic.Answer{Status: 429}, 2},
		"context":    {fakeanthropic.Answer{Error: fakeanthropic.ContextLength(9, 8)}, 1},
	} {
		before := len(via.exchanges())
		h.a.Script("claude-sonnet-4-5", tt.first)
		_, err := try(t, via, question(sonnet, "How deep is the weir?"), false)
		if got := len(via.exchanges()) - before; got != tt.asked || (err == nil) != (tt.asked == 2) {
			t.Errorf("%s: asked %d times: %v", name, got, err)
		}
		if h := via.exchanges()[before].header; tt.first.Status == 429 && h.Get("Retry-After") != "2" {
			t.Errorf("%s: retry-after %q", name, h.Get("Retry-After"))
		}
	}
}

// An answer that fails in its middle, or just stops, is an error to either
// SDK and ends the call's row as one; nobody takes it for whole.
func TestClaudeBreaksOff(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	claude, gpt := h.claude(), h.gpt()
	long := strings.Repeat("deep water ", 20)
	for name, a := range map[string]fakeanthropic.Answer{
		"overloaded in the middle": {Text: long, ErrorAfter: 3},
		"cut":                      {Text: long, Cut: 1500},
	} {
		h.a.Script("claude-sonnet-4-5", a, a)
		m, err := try(t, claude, question(sonnet, "How deep is the weir?"), true)
		if err == nil || len(m.Content) == 0 || m.StopReason != "" {
			t.Errorf("%s: %v, %v", name, told(m), err)
		}
		if row := h.newest(claude.wiretap); row.Outcome == "ok" {
			t.Errorf("%s: outcome %s", name, row.Outcome)
		}
		in := gpt.Chat.Completions.NewStreaming(t.Context(), openai.ChatCompletionNewParams{Model: sonnet, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("How deep is the weir?")}})
		for in.Next() {
		}
		if in.Err() == nil || strings.Contains(gpt.last().body.String(), "[DONE]") {
			t.Errorf("%s: a chat caller sees %v", name, in.Err())
		}
		in.Close()
		if row := h.newest(gpt.wiretap); row.Outcome == "ok" {
			t.Errorf("%s: outcome %s", name, row.Outcome)
		}
	}
}

// A caller's key that is not known is the caller's error, in its own form.
func TestClaudeWrongKey(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	_, err := try(t, h.anthropic(h.URL, "sk-weir-000000000000-wrong", 0), question(sonnet, "x"), false)
	if e, ok := errors.AsType[*anthropic.Error](err); !ok || e.StatusCode != http.StatusUnauthorized || e.Type() != anthropic.ErrorTypeAuthenticationError {
		t.Errorf("%v", err)
	}
}

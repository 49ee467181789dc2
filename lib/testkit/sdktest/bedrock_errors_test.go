package sdktest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"

	"weir/lib/accounting/ledger"
	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakebedrock"
)

func exception(kind, message string) fakebedrock.Answer {
	return fakebedrock.Answer{Exception: &fakebedrock.Exception{Type: kind, Message: message}}
}

// Bedrock's exceptions reach each SDK as its own type of error, with the
// status that the API's own would have; what is wrong with the gateway's
// account is not the caller's to read.
func TestBedrockErrors(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	claude, gpt := c.claude(), c.gpt()
	const arn = "arn:aws:iam::123456789012:user/weir"
	for name, tt := range map[string]struct {
		a      fakebedrock.Answer
		status [2]int // to a caller of Anthropic's, of OpenAI's
		kind   anthropic.ErrorType
		code   string
		words  string
	}{
		"throttled":   {exception("ThrottlingException", "Too many tokens, please wait before trying again."), [2]int{529, 503}, anthropic.ErrorTypeOverloadedError, "provider_throttled", ""},
		"denied":      {exception("AccessDeniedException", "User: "+arn+" is not authorized"), [2]int{502, 502}, anthropic.ErrorTypeAPIError, "provider_refused", ""},
		"unavailable": {exception("ServiceUnavailableException", "Bedrock is unable to process your request."), [2]int{529, 503}, anthropic.ErrorTypeOverloadedError, "", ""},
		"failed":      {exception("InternalServerException", "oops"), [2]int{502, 502}, anthropic.ErrorTypeAPIError, "provider_error", ""},
		"invalid":     {exception("ValidationException", "The model returned the following errors: stop_sequences: too many"), [2]int{400, 400}, anthropic.ErrorTypeInvalidRequestError, "", "stop_sequences"},
		"context":     {exception("ValidationException", "The model returned the following errors: prompt is too long: 210000 tokens > 200000 maximum"), [2]int{400, 400}, anthropic.ErrorTypeInvalidRequestError, "context_length_exceeded", "prompt is too long: 210000 tokens > 200000 maximum"},
		"too long":    {exception("ValidationException", "Input is too long for requested model."), [2]int{400, 400}, anthropic.ErrorTypeInvalidRequestError, "context_length_exceeded", "too long"},
	} {
		for model := range bedrockModels {
			for _, stream := range []bool{false, true} {
				c.b.Script(bare(model), tt.a, tt.a)
				_, err := try(t, claude, question(model, "How deep is the weir?"), stream)
				if e, ok := errors.AsType[*anthropic.Error](err); !ok || e.StatusCode != tt.status[0] || e.Type() != tt.kind || !strings.Contains(e.RawJSON(), tt.words) || strings.Contains(e.RawJSON(), "arn:") {
					t.Errorf("%s of %s, stream %v: %v", name, model, stream, err)
				}
				err = gpt.try(t, chat(model, "How deep is the weir?"), stream)
				if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != tt.status[1] || tt.code != "" && e.Code != tt.code || !strings.Contains(e.RawJSON(), tt.words) || strings.Contains(e.RawJSON(), "arn:") {
					t.Errorf("%s of %s, stream %v: %v", name, model, stream, err)
				}
			}
		}
	}
	c.accepted()
}

// try asks for what fails.
func (c gpt) try(t *testing.T, p openai.ChatCompletionNewParams, stream bool) error {
	t.Helper()
	if !stream {
		_, err := c.Chat.Completions.New(t.Context(), p)
		return err
	}
	in := c.Chat.Completions.NewStreaming(t.Context(), p)
	defer in.Close()
	for in.Next() {
	}
	return in.Err()
}

// An answer that fails in its middle, or just stops, is an error to either SDK
// and in the row; what was said is billed.
func TestBedrockBreaksOff(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	claude, gpt := c.claude(), c.gpt()
	late := func(kind string) fakebedrock.Answer {
		a := exception(kind, "The stream broke.")
		a.Text, a.After = long, 6
		return a
	}
	for name, tt := range map[string]struct {
		a       fakebedrock.Answer
		outcome string
		kind    string // of the error in the stream of Anthropic's
		code    string // of that in OpenAI's
	}{
		"throttled in the middle": {late("ThrottlingException"), "upstream_error", "overloaded_error", "provider_throttled"},
		"failed in the middle":    {late("ModelStreamErrorException"), "upstream_error", "api_error", "provider_error"},
		"cut":                     {fakebedrock.Answer{Text: long, Cut: 1500}, "truncated", "api_error", "answer_truncated"},
	} {
		for model := range bedrockModels {
			c.b.Script(bare(model), tt.a, tt.a)
			m, err := try(t, claude, question(model, "How high is the water?"), true)
			if err == nil || len(m.Content) == 0 || m.Content[0].Text == "" || !strings.HasPrefix(long, m.Content[0].Text) || m.StopReason != "" {
				t.Errorf("%s of %s: %v, %v", name, model, told(m), err)
			}
			if all := claude.last().payloads(); !strings.Contains(canonical([]byte(all[len(all)-1])), `"type":"`+tt.kind+`"`) {
				t.Errorf("%s of %s: the last event is %s", name, model, all[len(all)-1])
			}
			err = gpt.try(t, chat(model, "How high is the water?"), true)
			if all := gpt.last().payloads(); err == nil || !strings.Contains(canonical([]byte(all[len(all)-1])), `"code":"`+tt.code+`"`) {
				t.Errorf("%s of %s: a chat caller sees %v at the end of %q", name, model, err, all)
			}
			for _, row := range []ledger.Row{c.newest(claude.wiretap), c.newest(gpt.wiretap)} {
				if row.Outcome != tt.outcome || row.Cost == 0 || row.Usage.Output == 0 {
					t.Errorf("%s of %s: %s, %+v", name, model, row.Outcome, row.Usage)
				}
			}
		}
	}
	c.accepted()
}

// A route goes from Anthropic to Bedrock and back where the first target fails
// before it says anything; a mistake of the caller's goes nowhere else.
func TestBedrockFailover(t *testing.T) {
	t.Parallel()
	c := openCloud(t)
	claude, gpt := c.claude(), c.gpt()
	for _, stream := range []bool{false, true} {
		for _, tt := range []struct {
			model, provider string
			fail            func()
		}{
			{"either", "b", func() { c.a.Script("claude-sonnet-4-5", fakeanthropic.Answer{Status: 529}) }},
			{"back", "a", func() { c.b.Script(bedrockClaude, exception("ThrottlingException", "Too many requests")) }},
			{"back", "a", func() { c.b.Script(bedrockClaude, exception("AccessDeniedException", "no access")) }},
		} {
			tt.fail()
			m := say(t, claude, question(tt.model, "How deep is the weir?"), stream)
			row := c.newest(claude.wiretap)
			if len(m.Content) != 1 || row.Provider != tt.provider || len(row.Attempts) != 2 || row.Outcome != "ok" || row.Cost == 0 {
				t.Errorf("%s, stream %v: %v, row %+v", tt.model, stream, told(m), row)
			}
			tt.fail()
			got, _ := gpt.ask(t, chat(tt.model, "How deep is the weir?"), stream)
			row = c.newest(gpt.wiretap)
			if got.Content == "" || row.Provider != tt.provider || len(row.Attempts) != 2 || row.Outcome != "ok" {
				t.Errorf("%s, stream %v: %+v, row %+v", tt.model, stream, got, row)
			}
		}
		c.b.Script(bedrockClaude, exception("ValidationException", "Input is too long for requested model."))
		if _, err := try(t, claude, question("back", "How deep is the weir?"), stream); err == nil || len(c.newest(claude.wiretap).Attempts) != 1 {
			t.Errorf("stream %v: %v, %+v", stream, err, c.newest(claude.wiretap).Attempts)
		}
	}
	c.accepted()
}

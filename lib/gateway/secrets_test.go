package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"weir/lib/testkit/rig"
	"weir/lib/wire/eventstream"
)

// Errors that a provider tells inside of a 200, whole or within a stream, may
// be shown to callers: like refusals, they do not show the credential that the
// gateway sent, nor the address that it was sent to.
func TestErrorsInsideAnswersShowNoSecrets(t *testing.T) {
	const (
		start = `{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":11,"output_tokens":1}}}`
		open  = `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`
		delta = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello there"}}`
		chunk = `{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"hello there"},"finish_reason":null}]}`
	)
	r, c := withCanned(t)
	host := strings.TrimPrefix(c.URL, "http://")
	words := func(credential string) string {
		return fmt.Sprintf("%s%s/v1 (%s) refuses %s", "http:\\/\\/", strings.ReplaceAll(host, "/", `\/`), c.URL, credential)
	}
	openAI := fmt.Sprintf(`{"error":{"message":%q,"type":"invalid_request_error","param":%q,"code":"x"}}`, words(rig.Secret), rig.Secret)
	messages := fmt.Sprintf(`{"type":"error","error":{"type":"invalid_request_error","message":%q}}`, words(rig.Secret))
	// Bedrock is sent a signature and the id of the key; the key itself stays here.
	exception := []byte(fmt.Sprintf(`{"message":%q}`, words(rig.AccessKey)+" arn:aws:iam::123456789012:role/secret"))
	validation := func(before string) string {
		return string(eventstream.AppendException([]byte(before), "validationException", exception))
	}
	for name, tt := range map[string]struct {
		model, path string // path: of the one front it is for; empty: of both
		kind, body  string
		stream      bool
	}{
		"OpenAI, whole":                {"o", "", wholeType, openAI, false},
		"OpenAI, whole for a stream":   {"o", "", wholeType, openAI, true},
		"OpenAI, first":                {"o", "", sseType, sseOf(false, openAI), true},
		"OpenAI, within":               {"o", "", sseType, sseOf(false, chunk, openAI), true},
		"Anthropic, whole":             {"a", "", wholeType, messages, false},
		"Anthropic, first":             {"a", "", sseType, sseOf(true, messages), true},
		"Anthropic, within":            {"a", "", sseType, sseOf(true, start, open, delta, messages), true},
		"Bedrock, whole":               {"b", chatPath, wholeType, strings.Replace(string(exception), "{", `{"__type":"ValidationException",`, 1), false},
		"Bedrock, first":               {"b", chatPath, eventsType, validation(""), true},
		"Bedrock, within":              {"b", chatPath, eventsType, validation(converseOf(`contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"hello there"}}`)), true},
		"Claude on Bedrock, first":     {"b", messagesPath, eventsType, validation(""), true},
		"Claude on Bedrock, within":    {"b", messagesPath, eventsType, validation(invokeOf(start, open, delta)), true},
		"Claude's own words, in chunk": {"b", messagesPath, eventsType, invokeOf(start, open, delta, strings.ReplaceAll(messages, rig.Secret, rig.AccessKey)), true},
	} {
		for path, body := range chats {
			if tt.path != "" && tt.path != path {
				continue
			}
			t.Run(name+" over "+path, func(t *testing.T) {
				c.answer(tt.kind, tt.body)
				a := r.Must(path, body(tt.model, tt.stream))
				if !strings.Contains(a.Body, "refuses") || ended(a.Body) {
					t.Errorf("status %d, not the provider's words: %s", a.Status, a.Body)
				}
				for _, secret := range []string{rig.Secret, rig.AccessKey, host, "127.0.0.1", "123456789012"} {
					if strings.Contains(a.Body, secret) {
						t.Errorf("status %d shows %s: %s", a.Status, secret, a.Body)
					}
				}
			})
		}
	}
	private(t, r.Log())
}

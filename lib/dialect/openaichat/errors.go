package openaichat

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

const jsonType = "application/json"

// Idle is a keep-alive: one comment line that ends in one newline. With a
// blank line behind it, openai-go v1.12 and openai-python would take it for an
// event without data and end the stream (tried 2026-11-24).
func (Front) Idle() []byte { return []byte(": keep-alive\n") }

// Error renders err as OpenAI does. A provider's refusal of the caller's own
// request goes through byte for byte where the kind allows it: clients match
// its wording.
func (Front) Error(err error, callID string) (status int, h http.Header, body []byte) {
	e := fault.Of(err)
	if e == nil {
		e = &fault.Error{Kind: fault.Internal}
	}
	disp := e.Kind.Disposition()
	h = http.Header{"Content-Type": {jsonType}}
	if e.RetryAfter > 0 {
		seconds := (e.RetryAfter + time.Second - 1) / time.Second
		h.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	if disp.NoRetry {
		h.Set("X-Should-Retry", "false")
	}
	if up := relayable(e); up != nil {
		if up.ContentType != "" {
			h.Set("Content-Type", up.ContentType)
		}
		if up.ShouldRetry != "" {
			h.Set("X-Should-Retry", up.ShouldRetry)
		}
		return up.Status, h, up.Body
	}
	return disp.Status, h, errorBody(e, callID)
}

// Fail renders err as the last event of a stream. [DONE] does not follow.
func (Front) Fail(err error, callID string) []llm.Frame {
	e := fault.Of(err)
	if e == nil {
		e = &fault.Error{Kind: fault.Internal}
	}
	if up := relayable(e); up != nil {
		var compact bytes.Buffer
		if json.Compact(&compact, up.Body) == nil {
			return []llm.Frame{frame(compact.Bytes())}
		}
	}
	return []llm.Frame{frame(errorBody(e, callID))}
}

// relayable is the provider's own refusal, where the caller may see it.
func relayable(e *fault.Error) *fault.Upstream {
	up := e.Upstream
	if up == nil || up.Dialect != Name || up.Status < 400 || len(up.Body) == 0 || !e.Kind.Disposition().RelayBody {
		return nil
	}
	return up
}

// errorBody is {"error": {message, type, param, code}}, as
// platform.openai.com/docs/guides/error-codes has it. A failure of our own
// names the call, so that it can be found in the log.
func errorBody(e *fault.Error, callID string) []byte {
	disp := e.Kind.Disposition()
	message, code := e.Message(), e.Code
	if e.Kind == fault.Internal && callID != "" {
		message += " Call: " + callID + "."
	}
	if code == "" {
		code = disp.OpenAICode
	}
	var w rawjson.Builder
	w.Open('{').Name("error").Open('{').Name("message").Str(message).Name("type").Str(disp.OpenAIType)
	optional(w.Name("param"), e.Param != "", e.Param)
	optional(w.Name("code"), code != "", code)
	return w.Close('}').Close('}').Take()
}

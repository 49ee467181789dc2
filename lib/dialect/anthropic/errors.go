package anthropic

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

// Idle is a keep-alive: the ping that the vendor itself sends.
func (Front) Idle() []byte { return []byte("event: ping\ndata: {\"type\": \"ping\"}\n\n") }

// Error renders err as the vendor does. A provider's refusal of the caller's
// own request goes through byte for byte where the kind allows it: clients
// match its wording.
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
	status = disp.Status
	if disp.AnthropicStatus != 0 {
		status = disp.AnthropicStatus
	}
	return status, h, errorBody(e, callID)
}

// Fail renders err as the last event of a stream. message_stop does not
// follow.
func (Front) Fail(err error, callID string) []llm.Frame {
	e := fault.Of(err)
	if e == nil {
		e = &fault.Error{Kind: fault.Internal}
	}
	body := errorBody(e, callID)
	if up := relayable(e); up != nil {
		var compact bytes.Buffer
		if json.Compact(&compact, up.Body) == nil {
			body = compact.Bytes()
		}
	}
	return []llm.Frame{frame("error", body)}
}

// relayable is the provider's own refusal, where the caller may see it.
func relayable(e *fault.Error) *fault.Upstream {
	up := e.Upstream
	if up == nil || up.Dialect != Name || up.Status < 400 || len(up.Body) == 0 || !e.Kind.Disposition().RelayBody {
		return nil
	}
	return up
}

// codeNoThread is the vendor's code for a request that cannot have a thread.
// Of the codes of an error only those that the vendor has are told.
const codeNoThread = "thread_unsupported_request"

// errorBody is {"type": "error", "error": {"type", "message"}, "request_id"},
// as platform.claude.com/docs/en/api/errors has it (read 2026-11). The id is
// the call's, so that it can be found in the log.
func errorBody(e *fault.Error, callID string) []byte {
	var w rawjson.Builder
	w.Open('{').Name("type").Str("error").Name("error").Open('{').
		Name("type").Str(e.Kind.Disposition().AnthropicType).Name("message").Str(e.Message())
	if e.Code == codeNoThread {
		w.Name("details").Open('{').Name("error_code").Str(e.Code).Close('}')
	}
	w.Close('}')
	w.Name("request_id")
	if callID == "" {
		w.Null()
	} else {
		w.Str(callID)
	}
	return w.Close('}').Take()
}

// frame wraps a payload.
func frame(name string, data []byte) llm.Frame {
	return llm.Frame{Dialect: Name, Name: name, Data: data}
}

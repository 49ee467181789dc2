package anthropic

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire/rawjson"
)

const opRefusal = "anthropic.Refusal"

// maxMessage bounds the provider's words in an error of ours.
const maxMessage = 2000

// Refusal classifies an answer whose status is not 2xx. The body is kept only
// where it is an error object of this dialect: nothing else may reach a
// caller. A refused or missing signature has Code dialect.CodeSealRefused.
func (Back) Refusal(status int, h http.Header, body []byte) *fault.Error {
	var f failure
	if doc, err := rawjson.Parse(body, answerOptions); err == nil {
		f.read(doc.Root())
	}
	e := f.fault(opRefusal, status)
	if !e.Kind.Disposition().NoRetry {
		e.RetryAfter = dialect.RetryAfter(h)
	}
	e.Upstream = f.upstream(status, h.Get("Content-Type"), body)
	e.Upstream.ShouldRetry = h.Get("X-Should-Retry")
	return e
}

// failed reads an error inside a 2xx. The chunk holds the provider's own error
// where the caller may see it.
func failed(op string, root rawjson.Value, body []byte) (llm.Chunk, error) {
	var f failure
	f.read(root)
	e := f.fault(op, 0)
	e.Upstream = f.upstream(http.StatusOK, jsonType, body)
	if e.Upstream.Body == nil || !e.Kind.Disposition().RelayBody {
		return llm.Chunk{}, e
	}
	return llm.Chunk{Frame: llm.Frame{Dialect: Name, Data: body}}, e
}

// failure is what an error object says: {"type": "error", "error": {"type",
// "message"}}. Hosts of the models send less: an error object alone, or a
// message alone.
type failure struct {
	message, kind string
	code          string // of its details
	ours          bool   // of this dialect's form
}

func (f *failure) read(root rawjson.Value) {
	e := root.Get("error")
	f.ours = root.Get("type").Is("error") && e.Get("type").Kind() == rawjson.String && e.Get("message").Kind() == rawjson.String
	if e.Kind() != rawjson.Object {
		if f.message, _ = e.Text(); f.message != "" {
			return
		}
		e = root
	}
	f.kind, _ = e.Get("type").Text()
	f.code, _ = e.Get("details").Get("error_code").Text()
	if f.message, _ = e.Get("message").Text(); f.message == "" {
		f.message, _ = e.Get("Message").Text() // AWS
	}
}

// fault classifies the failure; status is 0 for an error inside a 2xx.
func (f *failure) fault(op string, status int) *fault.Error {
	kind, code := f.classify(status)
	e := &fault.Error{
		Kind: kind, Code: code, Op: op,
		Err: fmt.Errorf("provider error: status %d, type %q", status, clip(f.kind, 64)),
	}
	if kind.Disposition().RelayBody {
		e.Public = clip(strings.ToValidUTF8(f.message, "\ufffd"), maxMessage)
	}
	return e
}

// upstream keeps a body of this dialect's form.
func (f *failure) upstream(status int, contentType string, body []byte) *fault.Upstream {
	up := &fault.Upstream{Dialect: Name, Status: status, ContentType: contentType}
	if f.ours && utf8.Valid(body) {
		up.Body = bytes.Clone(body)
	}
	return up
}

// classify says who must act on the failure: by code and type where they tell,
// by the words where an invalid request is more than that, else by status.
func (f *failure) classify(status int) (kind fault.Kind, code string) {
	if kind, ok := kindOfCode[f.code]; ok {
		return kind, ""
	}
	kind, known := kindOfType[f.kind]
	if !known {
		kind = byStatus(status)
	}
	if kind != fault.Invalid {
		return kind, ""
	}
	words := strings.ToLower(f.message)
	for _, w := range wording {
		if strings.Contains(words, w.text) {
			return w.kind, w.code
		}
	}
	switch status {
	case http.StatusRequestEntityTooLarge: // types say less than these
		return fault.TooLarge, ""
	case http.StatusUnprocessableEntity:
		return fault.Unprocessable, ""
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden:
		return fault.TargetRefused, ""
	case http.StatusNotFound:
		return fault.TargetMissing, ""
	case http.StatusTooManyRequests:
		return fault.TargetThrottled, ""
	}
	return kind, ""
}

// statusOverloaded is the vendor's own.
const statusOverloaded = 529

func byStatus(status int) fault.Kind {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return fault.Invalid
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden:
		return fault.TargetRefused
	case http.StatusNotFound:
		return fault.TargetMissing
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return fault.TargetTimeout
	case http.StatusRequestEntityTooLarge:
		return fault.TooLarge
	case http.StatusTooManyRequests, statusOverloaded:
		return fault.TargetThrottled
	}
	return fault.TargetFailed
}

// kindOfType has the vendor's types (platform.claude.com/docs/en/api/errors,
// read 2026-11).
var kindOfType = map[string]fault.Kind{
	"invalid_request_error": fault.Invalid,
	"authentication_error":  fault.TargetRefused,
	"billing_error":         fault.TargetRefused,
	"permission_error":      fault.TargetRefused,
	"not_found_error":       fault.TargetMissing,
	"request_too_large":     fault.TooLarge,
	"rate_limit_error":      fault.TargetThrottled,
	"overloaded_error":      fault.TargetThrottled,
	"timeout_error":         fault.TargetTimeout,
	"api_error":             fault.TargetFailed,
	"conflict_error":        fault.TargetFailed,
}

// kindOfCode has the vendor's codes that say more than its types: most of them
// speak of the account, and not of what the caller has asked for (ErrorDetails
// of github.com/anthropics/anthropic-sdk-typescript 1.13.0, read 2026-11).
var kindOfCode = map[string]fault.Kind{
	"claude_code_key_creator_not_member":      fault.TargetRefused,
	"cmek_key_disabled":                       fault.TargetRefused,
	"cmek_key_network_blocked":                fault.TargetRefused,
	"contract_spend_limit_reached":            fault.TargetRefused,
	"enforced_spend_limit_reached":            fault.TargetRefused,
	"linked_organization_billing_unavailable": fault.TargetRefused,
	"linked_organization_spend_limit_reached": fault.TargetRefused,
	"organization_on_hold":                    fault.TargetRefused,
	"organization_type_not_supported":         fault.TargetRefused,
	"parent_organization_required":            fault.TargetRefused,
	"sandbox_egress_restricted":               fault.TargetRefused,
	"user_profile_required":                   fault.TargetRefused,
	"workspace_human_review_disabled":         fault.TargetRefused,

	"ramp_limit_exceeded":                   fault.TargetThrottled,
	"request_body_too_large_after_decoding": fault.TooLarge,
}

// wording is how the vendor says what has no type of its own. Matched in lower
// case, in this order: what speaks of our account comes first, because it must
// not be shown to callers. Sources, read 2026-11: github.com/anthropics/claude-code
// issues 66314 (credit), 228 and 4951 (context), 58367 (filter), 10627 and
// 63284 (signatures); github.com/whoz-oss/coday/issues/26 (context),
// github.com/anomalyco/opencode/issues/48637 (thinking bound to what stands
// before it), github.com/UKGovernmentBEIS/inspect_ai/issues/3025 (missing
// thinking), github.com/strands-agents/harness-sdk/issues/38 and
// github.com/konveyor/kai/issues/411 (Bedrock's models);
// platform.claude.com/docs/en/api/errors (spend limits).
var wording = []struct {
	text string
	kind fault.Kind
	code string
}{
	{"credit balance", fault.TargetRefused, ""},
	{"usage limits", fault.TargetRefused, ""},
	{"spend limit", fault.TargetRefused, ""},
	{"organization has been disabled", fault.TargetRefused, ""},
	{"api key", fault.TargetRefused, ""},

	// Bedrock's ValidationException, which the caller can do nothing about.
	{"operation not allowed", fault.TargetRefused, ""},
	{"aws marketplace", fault.TargetRefused, ""},
	{"use case details have not been submitted", fault.TargetRefused, ""},
	{"model identifier is invalid", fault.TargetMissing, ""},
	{"on-demand throughput", fault.TargetMissing, ""},
	{"end of its life", fault.TargetMissing, ""},

	{"prompt is too long", fault.ContextLength, ""},
	{"exceed context limit", fault.ContextLength, ""},
	{"exceeds the context window", fault.ContextLength, ""},
	{"input is too long", fault.ContextLength, ""}, // Bedrock

	{"content filtering policy", fault.ContentPolicy, ""},
	{"usage policy", fault.ContentPolicy, ""},

	{"invalid `signature` in `thinking`", fault.Invalid, dialect.CodeSealRefused},
	{"invalid signature in thinking", fault.Invalid, dialect.CodeSealRefused},
	{"invalid `data` in `redacted_thinking`", fault.Invalid, dialect.CodeSealRefused},
	{"`redacted_thinking` blocks in the latest assistant message cannot be modified", fault.Invalid, dialect.CodeSealRefused},
	{"expected `thinking` or `redacted_thinking`, but found", fault.Invalid, dialect.CodeSealRefused},
	{"block is bound to a different", fault.Invalid, dialect.CodeSealRefused},
	{"thinking.signature: field required", fault.Invalid, dialect.CodeSealRefused},
}

// clip returns the first n bytes of s, or a little less where that would cut a
// rune.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

package converse

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"weir/lib/dialect"
	"weir/lib/fault"
	"weir/lib/wire/rawjson"
)

const opRefusal = "converse.Refusal"

// maxMessage bounds the service's words in an error of ours.
const maxMessage = 2000

// notReady is how long a model that is being loaded should be left alone where
// the service does not say it.
const notReady = 10 * time.Second

// headerType names the exception of a refusal.
const headerType = "X-Amzn-Errortype"

// Refusal classifies an answer whose status is not 2xx, by the type of its
// exception, by its words where a ValidationException is more than that, else
// by its status. A refused or missing signature has Code
// dialect.CodeSealRefused. Bodies are not kept: no caller speaks this dialect.
func (Back) Refusal(status int, h http.Header, body []byte) *fault.Error {
	var f failure
	if doc, err := rawjson.Parse(body, answerOptions); err == nil {
		f.read(doc.Root())
	}
	if kind := h.Get(headerType); kind != "" {
		f.kind = kind
	}
	e := f.fault(opRefusal, status)
	if !e.Kind.Disposition().NoRetry {
		if after := dialect.RetryAfter(h); after > 0 {
			e.RetryAfter = after
		}
	}
	e.Upstream = &fault.Upstream{Dialect: Name, Status: status, ContentType: h.Get("Content-Type")}
	return e
}

// failure is what an exception says.
type failure struct {
	message, kind string
	original      string // the model's own words (modelStreamErrorException)
}

func (f *failure) read(root rawjson.Value) {
	if f.message, _ = root.Get("message").Text(); f.message == "" {
		f.message, _ = root.Get("Message").Text()
	}
	f.original, _ = root.Get("originalMessage").Text()
	f.kind, _ = root.Get("__type").Text()
	if f.kind == "" {
		f.kind, _ = root.Get("code").Text()
	}
}

// exceptionName is the type of an exception without what may stand around it
// (com.amazon.coral.service#ThrottlingException:http://…), in lower case,
// because the types of a stream begin with a small letter.
func exceptionName(kind string) string {
	kind, _, _ = strings.Cut(kind, ":")
	kind = kind[strings.LastIndexByte(kind, '#')+1:]
	return strings.ToLower(strings.TrimSpace(kind))
}

// arn matches names of AWS resources, which tell our account.
var arn = regexp.MustCompile(`arn:aws[a-z0-9-]*:\S*`)

// fault classifies the failure; status is 0 for an exception in a stream.
func (f *failure) fault(op string, status int) *fault.Error {
	kind, code := f.classify(status)
	e := &fault.Error{
		Kind: kind, Code: code, Op: op,
		Err: fmt.Errorf("provider error: status %d, type %q", status, clip(exceptionName(f.kind), 64)),
	}
	if kind.Disposition().RelayBody {
		e.Public = clip(arn.ReplaceAllString(strings.ToValidUTF8(f.message, "\ufffd"), "(a resource)"), maxMessage)
	}
	if exceptionName(f.kind) == "modelnotreadyexception" {
		e.RetryAfter = notReady
	}
	return e
}

func (f *failure) classify(status int) (kind fault.Kind, code string) {
	kind, known := kinds[exceptionName(f.kind)]
	if !known {
		kind = byStatus(status)
	}
	text := strings.ToLower(f.message + "\n" + f.original)
	for _, w := range wording {
		if strings.Contains(text, w.text) && (kind == fault.Invalid || w.any) {
			return w.kind, w.code
		}
	}
	return kind, ""
}

func byStatus(status int) fault.Kind {
	switch status {
	case http.StatusBadRequest:
		return fault.Invalid
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden:
		return fault.TargetRefused
	case http.StatusNotFound:
		return fault.TargetMissing
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return fault.TargetTimeout
	case http.StatusRequestEntityTooLarge:
		return fault.TooLarge
	case http.StatusUnprocessableEntity:
		return fault.Unprocessable
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return fault.TargetThrottled
	}
	return fault.TargetFailed
}

// kinds has the exceptions of the service, and those that every AWS service
// knows (docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html and
// userguide/troubleshooting-api-error-codes.html, read 2026-11).
var kinds = map[string]fault.Kind{
	"accessdeniedexception":         fault.TargetRefused,
	"conflictexception":             fault.TargetFailed,
	"internalserverexception":       fault.TargetFailed,
	"modelerrorexception":           fault.TargetFailed,
	"modelnotreadyexception":        fault.TargetThrottled,
	"modelstreamerrorexception":     fault.TargetFailed,
	"modeltimeoutexception":         fault.TargetTimeout,
	"resourcenotfoundexception":     fault.TargetMissing,
	"servicequotaexceededexception": fault.TargetThrottled,
	"serviceunavailableexception":   fault.TargetThrottled,
	"throttlingexception":           fault.TargetThrottled,
	"validationexception":           fault.Invalid,

	"expiredtokenexception":               fault.TargetRefused,
	"incompletesignatureexception":        fault.TargetRefused,
	"internalfailure":                     fault.TargetFailed,
	"invalidsignatureexception":           fault.TargetRefused,
	"missingauthenticationtokenexception": fault.TargetRefused,
	"notauthorized":                       fault.TargetRefused,
	"optinrequired":                       fault.TargetRefused,
	"requestentitytoolargeexception":      fault.TooLarge,
	"requestexpired":                      fault.TargetRefused,
	"serviceunavailable":                  fault.TargetThrottled,
	"unrecognizedclientexception":         fault.TargetRefused,
	"validationerror":                     fault.Invalid,
}

// wording is how the service, or the model behind it, says what has no
// exception of its own. Matched in lower case, in this order: what speaks of
// our account comes first, because it must not be shown to callers. any says
// that the words count whatever the exception is. Sources, read 2026-11:
// github.com/aws-samples/bedrock-chat/issues/95 and
// github.com/daisuke-awaji/moca/issues/254 (context),
// github.com/strands-agents/harness-sdk/issues/38 and
// github.com/konveyor/kai/issues/411 (models),
// github.com/pydantic/pydantic-ai/issues/4001 (counting); for signatures
// github.com/anthropics/claude-code/issues/10627 and 63284.
var wording = []struct {
	text string
	kind fault.Kind
	code string
	any  bool
}{
	{"operation not allowed", fault.TargetRefused, "", false},
	{"not authorized", fault.TargetRefused, "", false},
	{"aws marketplace", fault.TargetRefused, "", true},
	{"use case details have not been submitted", fault.TargetRefused, "", true},

	{"model identifier is invalid", fault.TargetMissing, "", false},
	{"on-demand throughput", fault.TargetMissing, "", false},
	{"end of its life", fault.TargetMissing, "", false},
	{"doesn't support counting tokens", fault.TargetMissing, "", false},

	{"input is too long", fault.ContextLength, "", true},
	{"prompt is too long", fault.ContextLength, "", true},
	{"exceed context limit", fault.ContextLength, "", true},
	{"maximum context length", fault.ContextLength, "", true},
	{"exceeds the context window", fault.ContextLength, "", true},
	{"too many input tokens", fault.ContextLength, "", true},

	{"content filtering policy", fault.ContentPolicy, "", false},
	{"content filter", fault.ContentPolicy, "", false},
	{"usage policy", fault.ContentPolicy, "", false},

	{"invalid `signature` in `thinking`", fault.Invalid, dialect.CodeSealRefused, false},
	{"invalid signature in thinking", fault.Invalid, dialect.CodeSealRefused, false},
	{"invalid `data` in `redacted_thinking`", fault.Invalid, dialect.CodeSealRefused, false},
	{"blocks in the latest assistant message cannot be modified", fault.Invalid, dialect.CodeSealRefused, false},
	{"expected `thinking` or `redacted_thinking`, but found", fault.Invalid, dialect.CodeSealRefused, false},
	{"block is bound to a different", fault.Invalid, dialect.CodeSealRefused, false},
	{"thinking.signature: field required", fault.Invalid, dialect.CodeSealRefused, false},
}

func clip(s string, n int) string { return dialect.Clip(s, n) }

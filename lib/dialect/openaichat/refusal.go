package openaichat

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"weir/lib/fault"
	"weir/lib/wire/rawjson"
)

const opRefusal = "openaichat.Refusal"

// Refusal classifies an answer whose status is not 2xx. The body is kept only
// where it is an error object of this dialect: nothing else may reach a
// caller.
func (Back) Refusal(status int, h http.Header, body []byte) *fault.Error {
	var f failure
	if doc, err := rawjson.Parse(body, rawjson.Options{Lenient: true}); err == nil {
		f, _ = readFailure(doc.Root())
		f.loose(doc.Root())
	}
	e := f.fault(opRefusal, status)
	if !e.Kind.Disposition().NoRetry {
		e.RetryAfter = retryAfter(h)
	}
	e.Upstream = f.upstream(status, h.Get("Content-Type"), h.Get("X-Should-Retry"), body)
	return e
}

// failure is what an error object says.
type failure struct {
	message, kind, code, param string
	raw                        string // what a provider behind the provider said (OpenRouter)
	status                     int    // inside the body; 0 where it says none
	flagged                    bool   // OpenRouter: the input was moderated
	ours                       bool   // of this dialect's form
}

// readFailure reads {"error": …}. Variants: the object inside an array
// (Gemini), the error as a string (xAI, Ollama), the members at the top beside
// object "error" (Mistral, older vLLM).
func readFailure(root rawjson.Value) (failure, bool) {
	list := root.Kind() == rawjson.Array
	if list {
		root = root.At(0)
	}
	var f failure
	e := root.Get("error")
	switch e.Kind() {
	case rawjson.Object:
		if e.Len() == 0 {
			return f, false
		}
		f.members(e)
		f.ours = !list && e.Get("message").Kind() == rawjson.String
		return f, true
	case rawjson.String:
		f.members(root)
		f.message, _ = e.Text()
		return f, f.message != ""
	case rawjson.Absent, rawjson.Null, rawjson.Bool, rawjson.Number, rawjson.Array:
	}
	if root.Get("object").Is("error") {
		f.members(root)
		return f, true
	}
	return f, false
}

func (f *failure) members(v rawjson.Value) {
	f.message = words(v.Get("message"))
	f.kind, _ = v.Get("type").Text()
	f.param, _ = v.Get("param").Text()
	code := v.Get("code")
	f.code, _ = code.Text()
	if n, ok := code.Int(); ok {
		f.code = strconv.FormatInt(n, 10)
		if n >= 400 && n <= 599 {
			f.status = int(n)
		}
	}
	if inner := v.Get("innererror").Get("code"); f.code == "" && inner.Exists() { // Azure
		f.code, _ = inner.Text()
	}
	meta := v.Get("metadata")
	f.raw = words(meta.Get("raw"))
	f.flagged = meta.Get("reasons").Len() > 0
}

// loose reads what is no error object but is known to be an error:
// {"message": …, "code": …}, {"detail": …} (FastAPI).
func (f *failure) loose(root rawjson.Value) {
	if f.message == "" && f.kind == "" && f.code == "" {
		f.members(root)
	}
	if f.message == "" {
		f.message = words(root.Get("detail"))
	}
}

// words is a text, or the texts of a list of validation errors.
func words(v rawjson.Value) string {
	if s, ok := v.Text(); ok {
		return s
	}
	if d := v.Get("detail"); d.Exists() { // Mistral: message.detail
		return words(d)
	}
	var all []string
	for _, e := range v.Elems() {
		if s, ok := e.Get("msg").Text(); ok {
			all = append(all, s)
		} else if s, ok := e.Text(); ok {
			all = append(all, s)
		}
	}
	return strings.Join(all, "; ")
}

// maxMessage bounds the provider's words in an error of ours.
const maxMessage = 2000

// fault classifies the failure. status is the HTTP status; 0 for an error
// inside a 2xx, which may name one itself.
func (f *failure) fault(op string, status int) *fault.Error {
	if status == 0 {
		status = f.status
	}
	kind := f.classify(status)
	e := &fault.Error{
		Kind: kind, Op: op,
		Err: fmt.Errorf("provider error: status %d, type %q, code %q", status, clip(f.kind, 64), clip(f.code, 64)),
	}
	if kind.Disposition().RelayBody {
		e.Public = clip(strings.ToValidUTF8(f.message, "\ufffd"), maxMessage)
		e.Param = clip(strings.ToValidUTF8(f.param, "\ufffd"), 256)
	}
	return e
}

// upstream keeps a body of this dialect's form.
func (f *failure) upstream(status int, contentType, shouldRetry string, body []byte) *fault.Upstream {
	up := &fault.Upstream{Dialect: Name, Status: status, ContentType: contentType, ShouldRetry: shouldRetry}
	if f.ours && utf8.Valid(body) {
		up.Body = bytes.Clone(body)
	}
	return up
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// maxRetryAfter bounds what a provider may ask for.
const maxRetryAfter = time.Hour

// retryAfter reads retry-after-ms and retry-after: seconds, or a date, which
// is taken relative to the answer's own Date.
func retryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return bounded(ms / 1000)
	}
	v := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		return bounded(s)
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return bounded(at.Sub(now).Seconds())
}

func bounded(seconds float64) time.Duration {
	if !(seconds > 0) { // NaN, too
		return 0
	}
	if seconds > maxRetryAfter.Seconds() {
		return maxRetryAfter
	}
	return time.Duration(seconds * float64(time.Second))
}

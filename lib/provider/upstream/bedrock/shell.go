package bedrock

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"

	"weir/lib/fault"
	"weir/lib/provider/upstream"
	"weir/lib/wire/eventstream"
	"weir/lib/wire/rawjson"
)

// maxChunk is the largest chunk of a stream: the service's own bound is a
// megabyte of payload (PartBody in its model).
const maxChunk = 16 << 20

// maxRefusal is what is read of a refusal at most.
const maxRefusal = 1 << 20

const (
	headerType = "X-Amzn-Errortype"
	streamType = "application/vnd.amazon.eventstream"
)

// unshell takes what Bedrock puts around Anthropic's messages off an answer of
// InvokeModel or InvokeModelWithResponseStream.
func unshell(r *upstream.Reply) *upstream.Reply {
	switch {
	case r.Status < 200 || r.Status > 299:
		r.Body = &refusal{raw: r.Body, kind: r.Header.Get(headerType)}
		r.Header = r.Header.Clone()
		r.Header.Del("Content-Length")
	case strings.HasPrefix(r.Header.Get("Content-Type"), streamType):
		r.Body = &chunks{raw: r.Body, in: eventstream.NewReader(r.Body, maxChunk)}
	}
	return r
}

// chunks is the body of a stream whose events hold the payload itself: of a
// message {"bytes": base64}, what the base64 stands for; of an exception,
// Anthropic's error object. The payloads are not looked into. They have no
// event names: in Anthropic's dialect the payload says its type.
type chunks struct {
	doc  rawjson.Doc
	data []byte // of the chunk
	raw  io.ReadCloser
	in   *eventstream.Reader
	out  bytes.Reader
	buf  []byte // of the message that out reads
	err  error
}

func (c *chunks) Close() error { return c.raw.Close() }

// Read implements io.Reader. A message is handed on as soon as it is whole.
func (c *chunks) Read(p []byte) (int, error) {
	for c.out.Len() == 0 {
		if c.err != nil {
			return 0, c.err
		}
		c.err = c.next()
	}
	n, _ := c.out.Read(p)
	return n, nil
}

// next prepares the next message.
func (c *chunks) next() error {
	f, err := c.in.Next()
	if err != nil {
		return err
	}
	switch {
	case f.Name == "chunk":
		if c.payload(f.Data); len(c.data) == 0 {
			return fault.Wrap(fault.TargetFailed, "bedrock.Read", errors.New("a chunk without bytes"))
		}
		c.message("", c.data)
	case f.Name == eventstream.ErrorName || strings.HasSuffix(f.Name, "Exception"):
		c.message("error", anthropicError(f.Name, f.Data))
	}
	return nil // an event that is not known means nothing here
}

// payload decodes what a chunk holds into data, which is empty where it holds
// nothing that can be read.
func (c *chunks) payload(chunk []byte) {
	c.data = c.data[:0]
	if err := c.doc.Parse(chunk, rawjson.Options{Lenient: true}); err != nil {
		return
	}
	data, err := base64.StdEncoding.AppendDecode(c.data, c.doc.Root().Get("bytes").Bytes())
	if err == nil {
		c.data = data
	}
}

func (c *chunks) message(name string, payload []byte) {
	c.buf = eventstream.AppendEvent(c.buf[:0], name, payload)
	c.out.Reset(c.buf)
}

// refusal is the body of a refusal as Anthropic's error object, unless it is
// one already.
type refusal struct {
	raw  io.ReadCloser
	kind string
	out  *bytes.Reader
}

func (r *refusal) Close() error { return r.raw.Close() }

// Read implements io.Reader.
func (r *refusal) Read(p []byte) (int, error) {
	if r.out == nil {
		body, err := io.ReadAll(io.LimitReader(r.raw, maxRefusal))
		if err != nil {
			return 0, err
		}
		r.out = bytes.NewReader(anthropicError(r.kind, body))
	}
	return r.out.Read(p)
}

// anthropicError makes Anthropic's error object of an exception
// (platform.claude.com/docs/en/api/errors and
// docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html,
// read 2026-11). What is no exception stays as it is.
func anthropicError(kind string, body []byte) []byte {
	var x struct {
		Type     string          `json:"__type"`
		Code     string          `json:"code"`
		Message  string          `json:"message"`
		Original string          `json:"originalMessage"`
		Error    json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(body, &x); err == nil && len(x.Error) > 0 {
		return body
	}
	for _, name := range []string{kind, x.Type, x.Code} {
		name, _, _ = strings.Cut(name, ":")
		if t, ok := anthropicTypes[strings.ToLower(name[strings.LastIndexByte(name, '#')+1:])]; ok {
			return errorObject(t, x.Message, x.Original)
		}
	}
	if kind == "" || x.Message == "" {
		return body
	}
	return errorObject("api_error", x.Message, x.Original)
}

// arn matches names of AWS resources, which tell our account.
var arn = regexp.MustCompile(`arn:aws[a-z0-9-]*:\S*`)

func errorObject(kind, message, original string) []byte {
	if message == "" {
		message = original
	}
	message = arn.ReplaceAllString(message, "(a resource)")
	type inner struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // callers look for "tokens > 200000 maximum" in the raw body
	err := e.Encode(struct {
		Type  string `json:"type"`
		Error inner  `json:"error"`
	}{"error", inner{kind, message}})
	if err != nil {
		panic(err) // two strings
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

// anthropicTypes are Bedrock's exceptions, in small letters, as Anthropic's
// types of errors.
var anthropicTypes = map[string]string{
	"accessdeniedexception":               "permission_error",
	"expiredtokenexception":               "authentication_error",
	"internalserverexception":             "api_error",
	"invalidsignatureexception":           "authentication_error",
	"missingauthenticationtokenexception": "authentication_error",
	"modelerrorexception":                 "api_error",
	"modelnotreadyexception":              "overloaded_error",
	"modelstreamerrorexception":           "api_error",
	"modeltimeoutexception":               "timeout_error",
	"resourcenotfoundexception":           "not_found_error",
	"servicequotaexceededexception":       "rate_limit_error",
	"serviceunavailableexception":         "overloaded_error",
	"throttlingexception":                 "rate_limit_error",
	"unrecognizedclientexception":         "authentication_error",
	"validationexception":                 "invalid_request_error",
}

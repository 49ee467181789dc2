package upstream

import (
	"bytes"
	"io"
	"net/http"
	"strings"
)

const (
	// maxRefusal is what is read of a refusal at most.
	maxRefusal = 1 << 20
	// minSecret is the length from which on a credential is one: shorter ones,
	// such as the EMPTY that local servers are given, are words that may stand
	// anywhere.
	minSecret = 8
)

// redacted is the body of a refusal without the credential that it answers to.
// Some servers repeat what they refuse, header by header, and refusals may be
// shown to callers.
type redacted struct {
	io.ReadCloser

	secret string
	rest   *bytes.Reader // nil until the body was read
}

// redact returns the body of resp, as it is unless it is a refusal.
func redact(resp *http.Response) io.ReadCloser {
	sent := resp.Request.Header
	secret := strings.TrimPrefix(sent.Get("Authorization"), "Bearer ")
	if secret == "" {
		secret = sent.Get("X-Api-Key")
	}
	if resp.StatusCode < http.StatusMultipleChoices || len(secret) < minSecret {
		return resp.Body
	}
	return &redacted{ReadCloser: resp.Body, secret: secret}
}

// Read implements io.Reader. A body that breaks off is read to no part.
func (r *redacted) Read(p []byte) (int, error) {
	if r.rest == nil {
		whole, err := io.ReadAll(io.LimitReader(r.ReadCloser, maxRefusal))
		if err != nil {
			return 0, err
		}
		r.rest = bytes.NewReader(bytes.ReplaceAll(whole, []byte(r.secret), []byte("[redacted]")))
	}
	return r.rest.Read(p)
}

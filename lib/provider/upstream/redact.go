package upstream

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"weir/lib/provider"
)

const (
	// maxRefusal is what is read of a refusal at most.
	maxRefusal = 1 << 20
	// minSecret is the length from which on a credential is one: shorter ones,
	// such as the EMPTY that local servers are given, are words that may stand
	// anywhere.
	minSecret = 8
)

// redacted is the body of a refusal without the credential that it answers to,
// and without the address of a server of one's own. Some servers repeat what
// they refuse, header by header, and refusals may be shown to callers.
type redacted struct {
	io.ReadCloser

	words []string      // to be taken out, the longest first
	rest  *bytes.Reader // nil until the body was read
}

// redact returns the body of resp, as it is unless it is a refusal.
func redact(resp *http.Response, e *provider.Endpoint) io.ReadCloser {
	if resp.StatusCode < http.StatusMultipleChoices {
		return resp.Body
	}
	sent := resp.Request.Header
	secret := strings.TrimPrefix(sent.Get("Authorization"), "Bearer ")
	if secret == "" {
		secret = sent.Get("X-Api-Key")
	}
	var words []string
	if len(secret) >= minSecret {
		words = append(words, secret)
	}
	if e.BaseURL != e.Row.BaseURL { // a vendor's own address is known to all
		words = append(words, e.BaseURL)
		for _, host := range []string{resp.Request.URL.Host, resp.Request.URL.Hostname()} {
			if strings.ContainsAny(host, ".:") { // other names are words that may stand anywhere
				words = append(words, host)
			}
		}
	}
	if len(words) == 0 {
		return resp.Body
	}
	return &redacted{ReadCloser: resp.Body, words: words}
}

// Read implements io.Reader. A body that breaks off is read to no part.
func (r *redacted) Read(p []byte) (int, error) {
	if r.rest == nil {
		whole, err := io.ReadAll(io.LimitReader(r.ReadCloser, maxRefusal))
		if err != nil {
			return 0, err
		}
		for _, w := range r.words {
			whole = bytes.ReplaceAll(whole, []byte(w), []byte("[redacted]"))
		}
		r.rest = bytes.NewReader(whole)
	}
	return r.rest.Read(p)
}

package upstream

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"slices"
	"strings"
)

const (
	// maxRefusal is what is read of a refusal at most.
	maxRefusal = 1 << 20
	// minSecret is the length from which on a credential is one: shorter ones,
	// such as the EMPTY that local servers are given, are words that may stand
	// anywhere.
	minSecret = 8
	// hidden stands where a secret stood.
	hidden = "[redacted]"
)

// Secrets are what of an exchange no caller may be shown: the credential that
// was sent, and the address of a server of one's own; a vendor's own address is
// known to all. Some servers repeat what they refuse, header by header, and
// what they say may be shown to callers. The zero value has none.
type Secrets struct {
	words [][]byte // the longest first
}

// SecretsOf returns those of a request. own is the address that it was sent
// to, where that is one of one's own; empty where it is a vendor's.
func SecretsOf(sent *http.Request, own string) Secrets {
	var words []string
	for _, secret := range credentials(sent.Header) {
		if len(secret) >= minSecret {
			words = append(words, secret)
		}
	}
	if own != "" {
		words = append(words, own)
		for _, host := range []string{sent.URL.Host, sent.URL.Hostname()} {
			if strings.ContainsAny(host, ".:") { // other names are words that may stand anywhere
				words = append(words, host)
			}
		}
	}
	var s Secrets
	for _, w := range words {
		s.words = append(s.words, []byte(w))
		if escaped := strings.ReplaceAll(w, "/", `\/`); escaped != w { // as some write it in JSON
			s.words = append(s.words, []byte(escaped))
		}
	}
	slices.SortStableFunc(s.words, func(a, b []byte) int { return cmp.Compare(len(b), len(a)) })
	return s
}

// credentials are those in the headers of a request. Of a signature of AWS's
// they are the id of the key and the session's token: the key is not sent.
func credentials(h http.Header) []string {
	sent := strings.TrimPrefix(h.Get("Authorization"), "Bearer ")
	if _, scope, ok := strings.Cut(sent, "Credential="); ok {
		sent, _, _ = strings.Cut(scope, "/")
	}
	return []string{sent, h.Get("X-Api-Key"), h.Get("X-Amz-Security-Token")}
}

// Redact returns b without the secrets: b itself where it holds none.
func (s Secrets) Redact(b []byte) []byte {
	for _, w := range s.words {
		if bytes.Contains(b, w) {
			b = bytes.ReplaceAll(b, w, []byte(hidden))
		}
	}
	return b
}

// RedactText is Redact for texts.
func (s Secrets) RedactText(text string) string {
	for _, w := range s.words {
		text = strings.ReplaceAll(text, string(w), hidden)
	}
	return text
}

// body returns the body of an answer: of a refusal, without the secrets.
func (s Secrets) body(resp *http.Response) io.ReadCloser {
	if resp.StatusCode < http.StatusMultipleChoices || len(s.words) == 0 {
		return resp.Body
	}
	return &redacted{ReadCloser: resp.Body, secrets: s}
}

// redacted is the body of a refusal without secrets.
type redacted struct {
	io.ReadCloser

	secrets Secrets
	rest    *bytes.Reader // nil until the body was read
}

// Read implements io.Reader. A body that breaks off is read to no part.
func (r *redacted) Read(p []byte) (int, error) {
	if r.rest == nil {
		whole, err := io.ReadAll(io.LimitReader(r.ReadCloser, maxRefusal))
		if err != nil {
			return 0, err
		}
		r.rest = bytes.NewReader(r.secrets.Redact(whole))
	}
	return r.rest.Read(p)
}

// NewReply is the Reply of an answer; own is as for SecretsOf. A refusal's body
// is without the request's secrets.
func NewReply(resp *http.Response, own string) *Reply {
	secrets := SecretsOf(resp.Request, own)
	return &Reply{Status: resp.StatusCode, Header: resp.Header, RequestID: RequestID(resp.Header), Body: secrets.body(resp), Secrets: secrets}
}

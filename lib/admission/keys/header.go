package keys

import (
	"errors"
	"net/http"
	"strings"
)

// FromHeader returns the virtual key in a request's headers. It looks where
// the clients of all dialects put theirs: Authorization with the scheme
// Bearer, x-api-key, api-key and x-goog-api-key. Only values that begin with
// Prefix count; others are credentials of someone else. The same key in
// several places is one key; different ones are refused, because a gateway
// that picks one could pick another than the one that was authorised before
// it.
//
// Its errors are of Kind Unauthenticated and never hold a key.
func FromHeader(h http.Header) (string, error) {
	const op = "keys.FromHeader"
	found, bare := "", false
	for _, v := range presented(h) {
		if !v.counts {
			bare = true
			continue
		}
		if found != "" && found != v.key {
			return "", unauthenticated(op, CodeConflicting,
				"Two different keys were sent. Send one, in one of the headers Authorization, x-api-key, api-key and x-goog-api-key.",
				errors.New("two keys"))
		}
		found = v.key
	}
	switch {
	case found != "":
		return found, nil
	case bare:
		return "", unauthenticated(op, CodeMissing,
			"The key in Authorization needs a scheme: send \"Authorization: Bearer "+Prefix+"…\".", errors.New("no scheme"))
	}
	return "", unauthenticated(op, CodeMissing,
		"No key was sent. Send \"Authorization: Bearer "+Prefix+"…\", or the key in x-api-key, api-key or x-goog-api-key.",
		errors.New("no key"))
}

// value is a key in a header. It does not count where its scheme is missing.
type value struct {
	key    string
	counts bool
}

func presented(h http.Header) []value {
	var out []value
	for _, v := range h.Values("Authorization") {
		v = strings.TrimSpace(v)
		if strings.HasPrefix(v, Prefix) {
			out = append(out, value{key: v})
			continue
		}
		scheme, key, ok := strings.Cut(v, " ")
		if key = strings.TrimSpace(key); ok && strings.EqualFold(scheme, "Bearer") && strings.HasPrefix(key, Prefix) {
			out = append(out, value{key: key, counts: true})
		}
	}
	for _, name := range []string{"X-Api-Key", "Api-Key", "X-Goog-Api-Key"} {
		for _, v := range h.Values(name) {
			if v = strings.TrimSpace(v); strings.HasPrefix(v, Prefix) {
				out = append(out, value{key: v, counts: true})
			}
		}
	}
	return out
}

// StripCredentials removes every header that can hold a credential of the
// caller's, whoever issued it, so that none of them is ever sent on: virtual
// keys, keys of vendors, signatures and session tokens of AWS, cookies.
func StripCredentials(h http.Header) {
	for name := range h {
		switch http.CanonicalHeaderKey(name) {
		case "Authorization", "Proxy-Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key",
			"X-Amz-Security-Token", "X-Amz-Date", "X-Amz-Content-Sha256", "Cookie":
			delete(h, name)
		}
	}
}

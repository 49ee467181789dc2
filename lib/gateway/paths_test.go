package gateway_test

import (
	"strings"
	"testing"
)

// Paths are taken as they are; a base URL that an SDK cannot use is told from
// the path that it makes.
func TestWhatMayHaveBeenMeant(t *testing.T) {
	r, p := with(t, "")
	for path, want := range map[string]string{
		"//v1/messages":           "Did you mean /v1/messages?",
		"/v1/messages/":           "Did you mean /v1/messages?",
		"/v1/chat/completions/":   "Did you mean /v1/chat/completions?",
		"/v1/v1/messages":         "Did you mean /v1/messages? The base URL has one /v1 too many.",
		"/v1/v1/chat/completions": "Did you mean /v1/chat/completions? The base URL has one /v1 too many.",
		"/chat/completions":       "Did you mean /v1/chat/completions? The base URL ends in /v1.",
		"/messages/count_tokens":  "Did you mean /v1/messages/count_tokens? The base URL ends in /v1.",
		"/v1/healthz":             "Did you mean /healthz?",
		"/v1/elsewhere":           "",
		"/v1/usage":               "",
		"/../../etc/passwd":       "",
		"/":                       "",
	} {
		a := r.Must(path, ask("p/gpt-4o", false))
		if a.Status != 404 || want != "" && !strings.Contains(a.Body, want) || want == "" && strings.Contains(a.Body, "Did you mean") {
			t.Errorf("%s: %d %s, want %q", path, a.Status, a.Body, want)
		}
	}
	if n := len(r.Rows()) + len(p.Requests()); n > 0 {
		t.Errorf("%d rows and requests", n)
	}
}

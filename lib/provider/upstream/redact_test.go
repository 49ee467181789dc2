package upstream

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/credential"
)

// A server of one's own may name its address in what it refuses, and a refusal
// may be shown to callers. A vendor's public address is no secret, and its
// words stay as they are.
func TestRefusalsNameNoAddressOfOnesOwn(t *testing.T) {
	var said string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said = fmt.Sprintf(`{"error":{"message":"http://%s/v1%s at %s refuses"}}`, r.Host, r.URL.Path, r.Host[:strings.LastIndexByte(r.Host, ':')])
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, said)
	}))
	defer srv.Close()
	h := NewHTTP(credential.Env(env), "weir/test")
	defer h.Close()
	refusal := func(row provider.Row) string {
		t.Helper()
		tg := target(srv.URL)
		tg.Endpoint.Row = &row
		reply, err := h.Send(t.Context(), tg, llm.Outbound{Path: "/chat", Body: []byte(`{}`)}, false)
		if err != nil {
			t.Fatal(err)
		}
		defer reply.Body.Close()
		b, err := io.ReadAll(reply.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := refusal(provider.Row{Kind: "vllm", Auth: "none"}); strings.Contains(got, "127.0.0.1") || !strings.Contains(got, "refuses") {
		t.Errorf("a refusal of a server of one's own reads %s", got)
	}
	if got := refusal(provider.Row{Kind: "openai", Auth: "bearer", BaseURL: srv.URL}); got != said {
		t.Errorf("a vendor's refusal reads %s, want its own words %s", got, said)
	}
}

// What was sent to say who we are, and where it was sent, in whatever way it is
// written.
func TestSecretsOfARequest(t *testing.T) {
	const base = "http://10.0.0.7:8000/v1"
	for name, tt := range map[string]struct {
		header, value, own, said, want string
	}{
		"bearer":           {"Authorization", "Bearer sk-0123456789", "", "no sk-0123456789!", "no [redacted]!"},
		"key":              {"X-Api-Key", "sk-0123456789", "", "no sk-0123456789!", "no [redacted]!"},
		"twice":            {"X-Api-Key", "sk-0123456789", "", "sk-0123456789sk-0123456789", "[redacted][redacted]"},
		"a word":           {"Authorization", "Bearer EMPTY", "", "EMPTY", "EMPTY"},
		"signature":        {"Authorization", "AWS4-HMAC-SHA256 Credential=AKIA0123456789AB/20261125/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=0f", "", "AKIA0123456789AB of us-east-1", "[redacted] of us-east-1"},
		"session":          {"X-Amz-Security-Token", "IQoJ/b3Jp==", "", `"IQoJ\/b3Jp==" IQoJ/b3Jp==`, `"[redacted]" [redacted]`},
		"address":          {"", "", base, base + "/chat at 10.0.0.7:8000 on 10.0.0.7", "[redacted]/chat at [redacted] on [redacted]"},
		"address, escaped": {"", "", base, `http:\/\/10.0.0.7:8000\/v1\/chat`, `[redacted]\/chat`},
		"a vendor's own":   {"", "", "", base, base},
		"a name of ours":   {"", "", "http://gpu/v1", "the gpu of http://gpu/v1", "the gpu of [redacted]"},
	} {
		url := base
		if tt.own != "" {
			url = tt.own
		}
		sent := httptest.NewRequest(http.MethodPost, url+"/chat", nil)
		if tt.header != "" {
			sent.Header.Set(tt.header, tt.value)
		}
		s := SecretsOf(sent, tt.own)
		if got := s.RedactText(tt.said); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		if got := string(s.Redact([]byte(tt.said))); got != tt.want {
			t.Errorf("%s: %q in bytes, want %q", name, got, tt.want)
		}
	}
}

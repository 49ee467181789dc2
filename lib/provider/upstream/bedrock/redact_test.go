package bedrock_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/lib/provider/upstream/bedrock"
)

// Something between the gateway and the service may repeat what it refuses,
// header by header, and a refusal may be shown to callers: none of the
// credentials and no address of one's own may be in it.
func TestRefusalsTellNoCredentialAndNoAddressOfOnesOwn(t *testing.T) {
	const session, bearer = "canary-session-0123456789", "canary-bearer-0123456789"
	repeat := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said, err := json.Marshal(map[string]string{"message": fmt.Sprintf("http://%s refuses %v of 127.0.0.1, at its end", r.Host, r.Header)})
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("X-Amzn-Errortype", "ValidationException")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(said)
	})
	base := serve(t, repeat)
	secure := httptest.NewTLSServer(repeat) // API keys travel by TLS alone
	t.Cleanup(secure.Close)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	key := []string{"AWS_BEARER_TOKEN_BEDROCK", bearer, "AWS_CA_BUNDLE", bundle}
	signed := []string{"AWS_SESSION_TOKEN", session}
	for name, tc := range map[string]struct {
		base string
		env  []string
	}{
		"signed, by base_url":           {base, signed},
		"signed, by the environment":    {"", append([]string{"AWS_ENDPOINT_URL_BEDROCK_RUNTIME", base}, signed...)},
		"an API key, by base_url":       {secure.URL, key},
		"an API key, by AWS's variable": {"", append([]string{"AWS_ENDPOINT_URL", secure.URL}, key...)},
	} {
		for _, path := range []string{bedrock.PathConverse, bedrock.PathStream, bedrock.PathInvoke, bedrock.PathCount} {
			t.Run(name+path, func(t *testing.T) {
				environment(t, tc.env...)
				reply, err := transport(t).Send(t.Context(), target(tc.base, model), outbound(path, question), path == bedrock.PathStream)
				if err != nil {
					t.Fatal(err)
				}
				defer reply.Body.Close()
				b, err := io.ReadAll(reply.Body)
				if err != nil {
					t.Fatal(err)
				}
				got := string(b)
				for _, secret := range []string{session, bearer, accessKey, secretKey, "127.0.0.1"} {
					if strings.Contains(got, secret) {
						t.Errorf("%q is in %s", secret, got)
					}
				}
				if !strings.Contains(got, "[redacted]") || !strings.Contains(got, "at its end") {
					t.Errorf("what is no secret has gone: %s", got)
				}
			})
		}
	}
}

package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/lib/testkit/fakebedrock"
)

// The real program reaches Bedrock by the SDK's own configuration: region,
// endpoint and credentials from the environment.
func TestBedrockByTheEnvironment(t *testing.T) {
	b := fakebedrock.New()
	srv := httptest.NewServer(b)
	defer srv.Close()
	defer b.Close()
	p := program{t: t, dir: t.TempDir(), env: []string{
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIDTEST", "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME=" + srv.URL,
	}}
	const config = "version: 1\nproviders: { bedrock: { kind: bedrock } }\nmodels: { claude: bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0 }\n"
	if err := os.WriteFile(filepath.Join(p.dir, "gateway.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, url, key := p.start()
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for path, body := range map[string]string{
		"/v1/chat/completions": `{"model":%q,"stream":%v,"messages":[{"role":"user","content":"hi"}]}`,
		"/v1/messages":         `{"model":%q,"stream":%v,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`,
	} {
		for _, stream := range []bool{false, true} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, strings.NewReader(fmt.Sprintf(body, "claude", stream)))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+key)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(answer), "Hell") {
				t.Errorf("%s, stream %v: %d %s, %v", path, stream, resp.StatusCode, answer, err)
			}
		}
	}
	requests := b.Requests()
	if len(requests) != 4 {
		t.Fatalf("%d requests", len(requests))
	}
	for _, r := range requests {
		if auth := r.Header.Get("Authorization"); r.Refused != nil || !strings.Contains(auth, "AKIDTEST/") || !strings.Contains(auth, "/eu-west-1/bedrock/") {
			t.Errorf("%+v", r)
		}
	}
}

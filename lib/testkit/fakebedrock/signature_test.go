package fakebedrock_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"weir/lib/testkit/fakebedrock"
)

// ask sends one request to b.
func ask(t *testing.T, b *fakebedrock.Bedrock, op, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/model/"+sonnet45+"/"+op, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer key")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

// Thoughts come back as they were given away, to either operation, or are
// refused.
func TestSignatures(t *testing.T) {
	b := fakebedrock.New()
	t.Cleanup(b.Close)
	b.Script(sonnet45, fakebedrock.Answer{Thinking: "hm", Signature: "c2ln", Redacted: "aGlkZGVu", Text: "x"})
	if w := ask(t, b, fakebedrock.Converse, chat(hi)); w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	for name, tt := range map[string]struct{ thinking, signature, data, words string }{
		"as it was":         {"hm", "c2ln", "aGlkZGVu", ""},
		"another signature": {"hm", "c2lo", "aGlkZGVu", "messages.1.content.0: Invalid `signature` in `thinking` block"},
		"another thought":   {"hum", "c2ln", "aGlkZGVu", "messages.1.content.0: Invalid `signature` in `thinking` block"},
		"another redaction": {"hm", "c2ln", "aGlkZGVv", "messages.1.content.1: Invalid `data` in `redacted_thinking` block"},
	} {
		converse := chat(hi + "," + assistant(fmt.Sprintf(`{"reasoningContent":{"reasoningText":{"text":%q,"signature":%q}}},{"reasoningContent":{"redactedContent":%q}},{"text":"x"}`, tt.thinking, tt.signature, tt.data)) + "," + hi)
		invoke := fmt.Sprintf(`{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":%q,"signature":%q},{"type":"redacted_thinking","data":%q},{"type":"text","text":"x"}]},{"role":"user","content":"y"}]}`, tt.thinking, tt.signature, tt.data)
		for op, body := range map[string]string{fakebedrock.Converse: converse, fakebedrock.ConverseStream: converse, fakebedrock.Invoke: invoke, fakebedrock.CountTokens: `{"input":{"converse":` + converse + `}}`} {
			w := ask(t, b, op, body)
			if ok := w.Code == http.StatusOK; ok != (tt.words == "") || !strings.Contains(w.Body.String(), tt.words) {
				t.Errorf("%s by %s: %d %s", name, op, w.Code, w.Body)
			}
		}
	}
}

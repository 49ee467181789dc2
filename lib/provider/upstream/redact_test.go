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

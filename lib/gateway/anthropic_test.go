package gateway_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"weir/lib/accounting/ledger"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

const (
	messagesPath = "/v1/messages"
	countPath    = "/v1/messages/count_tokens"
)

func askAnthropic(model string, stream bool) string {
	return fmt.Sprintf(`{"model":%q,"stream":%v,"max_tokens":256,"messages":[{"role":"user","content":"hello there"}]}`, model, stream)
}

// wantAnthropicError checks an error in Anthropic's form.
func wantAnthropicError(t *testing.T, a rig.Answer, status int, kind string) {
	t.Helper()
	var body struct {
		Type      string
		Error     struct{ Type, Message string }
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil || a.Status != status || body.Type != "error" ||
		body.Error.Type != kind || body.Error.Message == "" || body.RequestID != a.CallID() {
		t.Errorf("status %d, want %d %s: %s", a.Status, status, kind, a.Body)
	}
	private(t, a.Body)
}

// The same question, asked in either dialect, streamed or not, is the same call
// to the books.
func TestAnthropicCallersReachOtherDialects(t *testing.T) {
	r, _ := with(t, "")
	var rows []ledger.Row
	for _, body := range []string{askAnthropic("p/gpt-4o", false), askAnthropic("p/gpt-4o", true)} {
		a := r.Must(messagesPath+"?beta=true", body, "X-Api-Key", r.Key, "Authorization", "", "Anthropic-Version", "2023-06-01")
		if a.Status != 200 || !strings.Contains(a.Body, "hello there") && !strings.Contains(a.Body, "hello ") {
			t.Fatalf("status %d: %s", a.Status, a.Body)
		}
		rows = append(rows, r.Row(a.CallID()))
	}
	chat := r.Must(chatPath, ask("p/gpt-4o", false))
	rows = append(rows, r.Row(chat.CallID()))
	for _, row := range rows {
		if row.Outcome != "ok" || row.Cost != rows[2].Cost || row.Usage.Output != rows[2].Usage.Output || row.UsageSource != ledger.UsageProvider {
			t.Errorf("row %+v, want the figures of %+v", row, rows[2])
		}
	}
}

func TestErrorsSpeakTheCallersDialect(t *testing.T) {
	r, p := with(t, "")
	version := []string{"Anthropic-Version", "2023-06-01"}
	p.Script("gpt-4o", fakeprovider.Answer{Status: 429}, fakeprovider.Answer{Status: 500}, fakeprovider.Answer{Error: fakeprovider.ContextLength(10, 20)})
	wantAnthropicError(t, r.Must(messagesPath, askAnthropic("p/gpt-4o", false), version...), 529, "overloaded_error")
	wantAnthropicError(t, r.Must(messagesPath, askAnthropic("p/gpt-4o", true), version...), 502, "api_error")
	wantAnthropicError(t, r.Must(messagesPath, askAnthropic("p/gpt-4o", true), version...), 400, "invalid_request_error")
	wantAnthropicError(t, r.Must(messagesPath, askAnthropic("nope", true), version...), 404, "not_found_error")
	wantAnthropicError(t, r.Must(messagesPath, `{`, version...), 400, "invalid_request_error")
	wantAnthropicError(t, r.Must("/v1/elsewhere", "", version...), 404, "not_found_error")
	wantAnthropicError(t, r.Must(messagesPath, "", version...), 405, "invalid_request_error")
	wantAnthropicError(t, r.Must(messagesPath, askAnthropic("p/gpt-4o", true), "X-Api-Key", "sk-weir-bad", "Authorization", ""), 401, "authentication_error")
	p.Script("gpt-4o", fakeprovider.Answer{Cut: &fakeprovider.Cut{After: 600, How: fakeprovider.CutAbort}})
	a := r.Must(messagesPath, askAnthropic("p/gpt-4o", true), version...)
	if a.Status != 200 || !strings.Contains(a.Body, "event: error\n") || strings.Contains(a.Body, "message_stop") {
		t.Errorf("a cut stream reads as %s", a.Body)
	}
}

func TestTheModelListIsInTheCallersDialect(t *testing.T) {
	r, _ := with(t, "")
	var list struct {
		Data []struct{ Type, ID string }
	}
	for path := range map[string]bool{"/v1/models": true, "/v1/models?limit=1000": true} {
		if err := json.Unmarshal([]byte(r.Must(path, "", "Anthropic-Version", "2023-06-01").Body), &list); err != nil || len(list.Data) == 0 || list.Data[0].Type != "model" {
			t.Errorf("%s: %+v, %v", path, list, err)
		}
	}
}

// A count costs nothing and leaves no row, but it is a call like others to
// those who ask.
func TestCountingTokens(t *testing.T) {
	r, p := with(t, "")
	a := r.Must(countPath, `{"model":"p/gpt-4o","messages":[{"role":"user","content":"hello there"}]}`)
	if a.Status != 200 || a.Header.Get("X-Weir-Loss") != "count_tokens: estimated" || a.Header.Get("X-Weir-Cost-Usd") != "" || !strings.HasPrefix(a.Body, `{"input_tokens":`) {
		t.Errorf("status %d, %v: %s", a.Status, a.Header, a.Body)
	}
	wantAnthropicError(t, r.Must(countPath, `{"model":"nope","messages":[{"role":"user","content":"x"}]}`), 404, "not_found_error")
	wantAnthropicError(t, r.Must(countPath, `{"model":"p/gpt-4o"}`), 400, "invalid_request_error")
	wantAnthropicError(t, r.Must(countPath, `{"model":"p/gpt-4o","messages":[{"role":"user","content":"x"}]}`, "Authorization", ""), 401, "authentication_error")
	if n := len(r.Rows()) + len(p.Requests()); n > 0 {
		t.Errorf("%d rows and requests", n)
	}
	limited := rig.Start(t, rig.Options{Models: []string{"other"}})
	wantAnthropicError(t, limited.Must(countPath, `{"model":"echo/x","messages":[{"role":"user","content":"x"}]}`), 403, "permission_error")
}

package fakeanthropic_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"weir/lib/testkit/fakeanthropic"
)

// reply is what a request got; err is of reading its body.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

func post(ctx context.Context, t *testing.T, url, body string, header ...string) reply {
	t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", fakeanthropic.Key)
	req.Header.Set("Anthropic-Version", "2023-06-01")
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(b), err}
}

const hello = `{"model":"claude-sonnet-4-5","max_tokens":4096,"messages":[{"role":"user","content":"hello"}]}`

// with is hello with more members.
func with(members string) string { return `{` + members + `,` + hello[1:] }

func TestRefusals(t *testing.T) {
	t.Parallel()
	p := fakeanthropic.Start(t, fakeanthropic.Options{})
	for name, tt := range map[string]struct {
		path, body string
		header     []string
		status     int
		kind, text string
	}{
		"no key":        {"/v1/messages", hello, []string{"X-Api-Key", ""}, 401, "authentication_error", "x-api-key header is required"},
		"another key":   {"/v1/messages", hello, []string{"X-Api-Key", "sk-x"}, 401, "authentication_error", "invalid x-api-key"},
		"no version":    {"/v1/messages", hello, []string{"Anthropic-Version", ""}, 400, "invalid_request_error", "anthropic-version"},
		"content type":  {"/v1/messages", hello, []string{"Content-Type", "text/plain"}, 400, "invalid_request_error", "content-type"},
		"no JSON":       {"/v1/messages", `{"model"`, nil, 400, "invalid_request_error", "not valid JSON"},
		"no model":      {"/v1/messages", `{"max_tokens":1,"messages":[]}`, nil, 400, "invalid_request_error", "model: Field required"},
		"unknown model": {"/v1/messages", strings.ReplaceAll(hello, "claude-sonnet-4-5", "gpt-4o"), nil, 404, "not_found_error", "model: gpt-4o"},
		"member":        {"/v1/messages", with(`"n":2`), nil, 400, "invalid_request_error", "n: Extra inputs are not permitted"},
		"no max_tokens": {"/v1/messages", strings.ReplaceAll(hello, `"max_tokens":4096,`, ""), nil, 400, "invalid_request_error", "max_tokens: Field required"},
		"count":         {"/v1/messages/count_tokens", hello, nil, 400, "invalid_request_error", "max_tokens: Extra inputs"},
		"no signature":  {"/v1/messages", strings.ReplaceAll(hello, `"hello"}`, `"hello"},{"role":"assistant","content":[{"type":"thinking","thinking":"x"}]},{"role":"user","content":"y"}`), nil, 400, "invalid_request_error", "signature: Field required"},
		"a forged one":  {"/v1/messages", strings.ReplaceAll(hello, `"hello"}`, `"hello"},{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"y"}]},{"role":"user","content":"y"}`), nil, 400, "invalid_request_error", "Invalid `signature` in `thinking` block"},
		"forged data":   {"/v1/messages", strings.ReplaceAll(hello, `"hello"}`, `"hello"},{"role":"assistant","content":[{"type":"redacted_thinking","data":"x"}]},{"role":"user","content":"y"}`), nil, 400, "invalid_request_error", "Invalid `data` in `redacted_thinking` block"},
		"path":          {"/v1/complete", hello, nil, 404, "not_found_error", "Not found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := post(t.Context(), t, p.URL+tt.path, tt.body, tt.header...)
			var e struct {
				Error struct{ Type, Message string }
			}
			if err := json.Unmarshal([]byte(got.body), &e); err != nil || got.status != tt.status || e.Error.Type != tt.kind || !strings.Contains(e.Error.Message, tt.text) {
				t.Errorf("status %d: %s (%v)", got.status, got.body, err)
			}
		})
	}
}

// A tool turn whose signed thinking comes back as it was is taken; any other
// is refused, as long as thinking is on.
func TestThinkingMustComeBack(t *testing.T) {
	t.Parallel()
	p := fakeanthropic.Start(t, fakeanthropic.Options{})
	p.Script("claude-sonnet-4-5", fakeanthropic.Answer{Thinking: "I look it up.", Redacted: "secret", Calls: []fakeanthropic.Call{{Name: "f"}}})
	const tools = `"tools":[{"name":"f","input_schema":{"type":"object"}}]`
	const on = tools + `,"thinking":{"type":"enabled","budget_tokens":1024}`
	first := post(t.Context(), t, p.URL+"/v1/messages", with(on))
	var m struct{ Content []json.RawMessage }
	if err := json.Unmarshal([]byte(first.body), &m); err != nil || len(m.Content) != 3 {
		t.Fatalf("status %d: %s", first.status, first.body)
	}
	thought, redacted, call := string(m.Content[0]), string(m.Content[1]), string(m.Content[2])
	next := func(members string, blocks ...string) string {
		var id struct{ ID string }
		if err := json.Unmarshal([]byte(call), &id); err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(with(members), `"hello"}`, fmt.Sprintf(`"hello"},{"role":"assistant","content":[%s]},{"role":"user","content":[{"type":"tool_result","tool_use_id":%q,"content":"r"}]}`, strings.Join(blocks, ","), id.ID))
	}
	for name, tt := range map[string]struct{ body, text string }{
		"unchanged": {next(on, thought, redacted, call), ""},
		"off":       {next(tools, call), ""},
		"changed":   {next(on, strings.ReplaceAll(thought, "look", "lock"), redacted, call), "Invalid `signature`"},
		"dropped":   {next(on, thought, call), "cannot be modified"},
		"order":     {next(on, redacted, thought, call), "cannot be modified"},
		"missing":   {next(on, call), "Expected `thinking` or `redacted_thinking`, but found `tool_use`"},
	} {
		got := post(t.Context(), t, p.URL+"/v1/messages", tt.body)
		if ok := got.status == http.StatusOK; ok != (tt.text == "") || !strings.Contains(got.body, tt.text) {
			t.Errorf("%s: status %d: %s", name, got.status, got.body)
		}
	}
}

// A stream says what the whole answer says, pings or not, and reports the same
// usage, which is what Totals add up.
func TestStreamsAndTotals(t *testing.T) {
	t.Parallel()
	p := fakeanthropic.Start(t, fakeanthropic.Options{})
	a := fakeanthropic.Answer{Thinking: "Let me see.", Text: "It is deep.", AllTools: true, CacheRead: 5, CacheWrite5m: 3, CacheWrite1h: 2, Pings: true}
	p.Script("claude-sonnet-4-5", a, a)
	const more = `"tools":[{"name":"f","input_schema":{"type":"object"}}],"thinking":{"type":"enabled","budget_tokens":1024}`
	whole := post(t.Context(), t, p.URL+"/v1/messages", with(more))
	stream := post(t.Context(), t, p.URL+"/v1/messages", with(`"stream":true,`+more))
	if !strings.Contains(whole.body, `"text":"It is deep."`) || !strings.Contains(stream.body, "event: ping\n") || !strings.HasSuffix(stream.body, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n") {
		t.Fatalf("%s\n%s", whole.body, stream.body)
	}
	p.Wait()
	all := p.Requests()
	if all[0].Usage != all[1].Usage || !all[1].Reported || all[0].Usage.Thinking == 0 || all[0].Usage.CacheWrite1h != 2 {
		t.Errorf("usages %+v and %+v", all[0].Usage, all[1].Usage)
	}
	if sum := p.Totals()["claude-sonnet-4-5"]; sum != all[0].Usage.Plus(all[1].Usage) {
		t.Errorf("total %+v", sum)
	}
	count := post(t.Context(), t, p.URL+"/v1/messages/count_tokens", strings.ReplaceAll(with(more), `"max_tokens":4096,`, ""))
	if want := fmt.Sprintf(`{"input_tokens":%d}`, all[0].Usage.Input); count.body != want {
		t.Errorf("counted %s, want %s", count.body, want)
	}
}

func TestTrouble(t *testing.T) {
	t.Parallel()
	p := fakeanthropic.Start(t, fakeanthropic.Options{})
	p.Script("claude-sonnet-4-5",
		fakeanthropic.Answer{Status: 529}, fakeanthropic.Answer{Status: 429}, fakeanthropic.Answer{Error: fakeanthropic.ContextLength(9, 8)},
		fakeanthropic.Answer{ErrorAfter: 1}, fakeanthropic.Answer{Cut: 400}, fakeanthropic.Answer{StallAfter: 1})
	streamed := with(`"stream":true`)
	if got := post(t.Context(), t, p.URL+"/v1/messages", hello); got.status != 529 || !strings.Contains(got.body, "overloaded_error") {
		t.Errorf("%+v", got)
	}
	if got := post(t.Context(), t, p.URL+"/v1/messages", hello); got.status != 429 || got.header.Get("Retry-After") != "2" {
		t.Errorf("%+v", got)
	}
	if got := post(t.Context(), t, p.URL+"/v1/messages", hello); got.status != 400 || !strings.Contains(got.body, "prompt is too long: 9 tokens > 8 maximum") {
		t.Errorf("%+v", got)
	}
	if got := post(t.Context(), t, p.URL+"/v1/messages", streamed); got.status != 200 || got.err != nil || !strings.Contains(got.body, "event: error\n") || strings.Contains(got.body, "message_stop") {
		t.Errorf("%+v", got)
	}
	if got := post(t.Context(), t, p.URL+"/v1/messages", streamed); got.err == nil || len(got.body) != 400 {
		t.Errorf("%+v", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if got := post(ctx, t, p.URL+"/v1/messages", streamed); got.err == nil || !strings.Contains(got.body, "content_block_delta") {
		t.Errorf("%+v", got)
	}
	p.Wait()
	if last, ok := p.Last(); !ok || !last.Gone || last.Reported {
		t.Errorf("%+v", last)
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	p := fakeanthropic.Start(t, fakeanthropic.Options{})
	p.Model("claude-b", fakeanthropic.Answer{Text: "b"})
	if got := post(t.Context(), t, p.URL+"/v1/models", ""); !strings.Contains(got.body, `"id":"claude-b"`) || got.status != 200 {
		t.Errorf("%+v", got)
	}
	if got := post(t.Context(), t, p.URL+"/v1/models/claude-b", ""); !strings.HasPrefix(got.body, `{"created_at"`) || got.status != 200 {
		t.Errorf("%+v", got)
	}
	if got := post(t.Context(), t, p.URL+"/v1/models/other", ""); got.status != 404 {
		t.Errorf("%+v", got)
	}
}

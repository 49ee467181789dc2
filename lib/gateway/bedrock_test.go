package gateway_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"weir/lib/accounting/ledger"
	"weir/lib/testkit/fakebedrock"
	"weir/lib/testkit/rig"
)

const (
	claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
	nova   = "amazon.nova-pro-v1:0"
)

// withBedrock starts a gateway before a strict Bedrock.
func withBedrock(t *testing.T) (*rig.Rig, *fakebedrock.Bedrock) {
	t.Helper()
	b := fakebedrock.New()
	srv := httptest.NewServer(b)
	t.Cleanup(func() {
		b.Close()
		srv.CloseClientConnections()
		srv.Close()
	})
	config := fmt.Sprintf(`
version: 1
providers:
  b: { kind: bedrock, region: us-east-1, base_url: %q }
  echo: { kind: echo }
models:
  "b/*": b/*
  safe: { targets: [b/%s, echo/x] }
`, srv.URL, claude)
	return rig.Start(t, rig.Options{Config: config}), b
}

// refusals are the requests that the strict fake refused.
func refusals(b *fakebedrock.Bedrock) (out []string) {
	for _, r := range b.Requests() {
		if r.Refused != nil {
			out = append(out, fmt.Sprintf("%s: %v\n%s", r.Op, r.Refused, r.Body))
		}
	}
	return out
}

// The same question to Claude on Bedrock, in either dialect, streamed or not,
// is the same call to the books: by InvokeModel for Anthropic's callers, by
// Converse for all others.
func TestClaudeOnBedrock(t *testing.T) {
	r, b := withBedrock(t)
	var rows []ledger.Row
	for _, c := range []struct {
		path, body, op, end string
	}{
		{messagesPath, askAnthropic("b/"+claude, false), fakebedrock.Invoke, `"stop_reason":"end_turn"`},
		{messagesPath, askAnthropic("b/"+claude, true), fakebedrock.InvokeStream, "event: message_stop\n"},
		{chatPath, ask("b/"+claude, false), fakebedrock.Converse, `"finish_reason":"stop"`},
		{chatPath, ask("b/"+claude, true), fakebedrock.ConverseStream, "data: [DONE]\n"},
	} {
		a := r.Must(c.path, c.body)
		if a.Status != 200 || !strings.Contains(a.Body, c.end) || a.Header.Get("X-Weir-Provider") != "b" || a.Header.Get("X-Weir-Upstream-Request-Id") == "" {
			t.Fatalf("%s: status %d %v: %s", c.op, a.Status, a.Header, a.Body)
		}
		all := b.Requests()
		if got := all[len(all)-1]; got.Op != c.op || got.Model != claude {
			t.Errorf("%s went to %s of %s", c.op, got.Op, got.Model)
		}
		rows = append(rows, r.Row(a.CallID()))
	}
	for _, row := range rows {
		if row.Outcome != "ok" || row.Cost == 0 || row.Cost != rows[0].Cost || row.Usage.Input != 11 || row.Usage.Output != 7 || row.UsageSource != ledger.UsageProvider {
			t.Errorf("row %+v", row)
		}
	}
	if bad := refusals(b); bad != nil {
		t.Error(bad)
	}
}

// A relayed stream is Anthropic's own events, byte for byte, without what
// Bedrock puts around them.
func TestRelayedEventsAreClaudes(t *testing.T) {
	r, b := withBedrock(t)
	b.Script(claude, fakebedrock.Answer{Text: "Hi \u2028", Calls: []fakebedrock.Call{{ID: "toolu_1", Name: "f", Input: `{"a": 1.0}`}}})
	a := r.Must(messagesPath, strings.Replace(askAnthropic("b/"+claude, true), `{`, `{"tools":[{"name":"f","input_schema":{"type":"object"}}],`, 1), "Anthropic-Beta", "context-1m-2025-08-07,files-api-2025-04-14,compact-2026-01-12")
	for _, want := range []string{
		"event: message_start\ndata: {", "event: content_block_delta\ndata: {\"delta\":{\"partial_json\":\": 1.\",\"type\":\"input_json_delta\"},\"index\":1,\"type\":\"content_block_delta\"}\n",
		"event: message_stop\ndata: {\"amazon-bedrock-invocationMetrics\":",
	} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("no %q in %s", want, a.Body)
		}
	}
	if strings.Contains(a.Body, "bytes") || strings.Contains(a.Body, "event: chunk") {
		t.Errorf("Bedrock's shell is there: %s", a.Body)
	}
	sent := string(b.Requests()[0].Body)
	if !strings.Contains(sent, `"anthropic_version":"bedrock-2023-05-31"`) || !strings.Contains(sent, `"anthropic_beta":["context-1m-2025-08-07","compact-2026-01-12"]`) || strings.Contains(sent, `"model"`) {
		t.Errorf("sent %s", sent)
	}
}

// Models of other makers answer both fronts through Converse, with tools.
func TestNovaOnBedrock(t *testing.T) {
	r, b := withBedrock(t)
	tools := `"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],`
	for _, stream := range []bool{false, true} {
		b.Script(nova, fakebedrock.Answer{Calls: []fakebedrock.Call{{ID: "t1", Name: "f", Input: `{"a":1}`}, {ID: "t2", Name: "f", Input: `{}`}}, Usage: fakebedrock.Usage{Input: 5, Output: 3, CacheRead: 100}})
		a := r.Must(chatPath, strings.Replace(ask("b/"+nova, stream), `{`, `{`+tools, 1))
		if a.Status != 200 || !strings.Contains(a.Body, `"finish_reason":"tool_calls"`) || !strings.Contains(a.Body, `"id":"t2"`) {
			t.Errorf("stream %v: %d %s", stream, a.Status, a.Body)
		}
		if row := r.Row(a.CallID()); row.Usage.CacheRead != 100 || row.Usage.Input != 5 || row.Cost == 0 {
			t.Errorf("row %+v", row)
		}
		a = r.Must(messagesPath, askAnthropic("b/"+nova, stream))
		if a.Status != 200 || !strings.Contains(a.Body, `end_turn`) {
			t.Errorf("stream %v: %d %s", stream, a.Status, a.Body)
		}
	}
	if bad := refusals(b); bad != nil {
		t.Error(bad)
	}
}

// A whole conversation with tools, as OpenAI's clients send it, is taken.
func TestHistoriesReachBedrock(t *testing.T) {
	r, b := withBedrock(t)
	body := `{"model":"b/%s","messages":[
 {"role":"system","content":"Be brief."},{"role":"assistant","content":"Welcome."},{"role":"user","content":"a"},{"role":"user","content":" "},
 {"role":"assistant","content":"","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":""}},{"id":"call_2","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
 {"role":"tool","tool_call_id":"call_2","content":""},{"role":"tool","tool_call_id":"call_1","content":"[1]"}]}`
	for _, model := range []string{claude, nova, "us.meta.llama4-scout-17b-instruct-v1:0", "mistral.mistral-large-2402-v1:0"} {
		if a := r.Must(chatPath, fmt.Sprintf(body, model)); a.Status != 200 {
			t.Errorf("%s: %d %s", model, a.Status, a.Body)
		}
	}
	a := r.Must(chatPath, `{"model":"b/`+nova+`","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}`)
	if e := rig.ErrorOf(t, a.Body); a.Status != 400 || e.Param == nil || *e.Param != "messages[0].content[0]" {
		t.Errorf("an image by URL: %d %s", a.Status, a.Body)
	}
	if bad := refusals(b); bad != nil {
		t.Error(bad)
	}
}

// Each exception gets its status, before the answer and within it, and fails
// over before the first content.
func TestExceptionsOfBedrock(t *testing.T) {
	r, b := withBedrock(t)
	for kind, status := range map[string]int{
		"AccessDeniedException": 502, "ThrottlingException": 503, "ValidationException": 400, "ResourceNotFoundException": 404,
		"ModelTimeoutException": 504, "ModelErrorException": 502, "InternalServerException": 502, "ModelNotReadyException": 503,
		"ServiceUnavailableException": 503, "ModelStreamErrorException": 502,
	} {
		e := &fakebedrock.Exception{Type: kind, Message: "arn:aws:iam::123456789012:role/secret"}
		for _, after := range []int{0, 1} {
			for _, body := range []string{ask("b/"+claude, after > 0), ask("safe", after > 0)} {
				b.Script(claude, fakebedrock.Answer{Exception: e, After: after})
				a := r.Must(chatPath, body)
				want := status
				if strings.Contains(body, "safe") && status != 400 {
					want = 200
				}
				if a.Status != want || strings.Contains(a.Body, "123456789012") {
					t.Errorf("%s after %d: status %d, want %d: %s", kind, after, a.Status, want, a.Body)
				}
			}
		}
		b.Script(claude, fakebedrock.Answer{Exception: e, After: 3}, fakebedrock.Answer{Exception: e, After: 4})
		a := r.Must(chatPath, ask("safe", true))
		if a.Status != 200 || !strings.Contains(a.Body, `"error"`) || strings.Contains(a.Body, "[DONE]") {
			t.Errorf("%s within: %s", kind, a.Body)
		}
		a = r.Must(messagesPath, askAnthropic("safe", true))
		if a.Status != 200 || !strings.Contains(a.Body, "event: error\n") || strings.Contains(a.Body, "message_stop") {
			t.Errorf("%s within Claude's stream: %s", kind, a.Body)
		}
	}
	for _, row := range r.Settled() {
		if row.State != ledger.Settled {
			t.Errorf("row %+v", row)
		}
	}
}

// A cut anywhere is an error in the caller's dialect, never an end.
func TestCutsOfBedrock(t *testing.T) {
	r, b := withBedrock(t)
	for cut := 100; cut < 1100; cut += 173 {
		b.Script(claude, fakebedrock.Answer{Cut: cut}, fakebedrock.Answer{Cut: cut})
		for _, a := range []rig.Answer{r.Must(chatPath, ask("b/"+claude, true)), r.Must(messagesPath, askAnthropic("b/"+claude, true))} {
			if strings.Contains(a.Body, "[DONE]") || strings.Contains(a.Body, "message_stop") || !strings.Contains(a.Body, `"error"`) {
				t.Errorf("cut after %d: %d %s", cut, a.Status, a.Body)
			}
		}
	}
}

func TestCountingOnBedrock(t *testing.T) {
	r, b := withBedrock(t)
	count := func(model string) rig.Answer {
		return r.Must(countPath, `{"model":"b/`+model+`","system":"s","messages":[{"role":"user","content":"hello"}]}`)
	}
	if a := count(claude); a.Status != 200 || a.Body != `{"input_tokens":11}` {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := count(nova); a.Status != 200 || a.Header.Get("X-Weir-Loss") != "count_tokens: estimated" {
		t.Errorf("a model that is not counted: %d %v %s", a.Status, a.Header, a.Body)
	}
	b.Script(claude, fakebedrock.Answer{Exception: &fakebedrock.Exception{Type: "ValidationException", Message: "The provided model doesn't support counting tokens."}})
	if a := count(claude); a.Status != 200 || a.Header.Get("X-Weir-Loss") != "count_tokens: estimated" {
		t.Errorf("a name that is not counted: %d %v %s", a.Status, a.Header, a.Body)
	}
	native := r.Must(countPath, `{"model":"b/`+claude+`","context_management":{"edits":[]},"messages":[{"role":"user","content":"hello"}]}`)
	if native.Status != 200 || native.Header.Get("X-Weir-Loss") != "count_tokens: estimated" {
		t.Errorf("what only the call itself can say: %d %v %s", native.Status, native.Header, native.Body)
	}
	if got := b.Requests(); len(got) != 2 || got[0].Op != fakebedrock.CountTokens || got[0].Refused != nil {
		t.Errorf("%+v", got)
	}
}

// A model without streamed tools answers a stream all the same.
func TestToolsThatCannotBeStreamed(t *testing.T) {
	r, b := withBedrock(t)
	const llama = "us.meta.llama4-scout-17b-instruct-v1:0"
	b.Script(llama, fakebedrock.Answer{Calls: []fakebedrock.Call{{ID: "t1", Name: "f", Input: `{}`}}})
	a := r.Must(chatPath, strings.Replace(ask("b/"+llama, true), `{`, `{"tools":[{"type":"function","function":{"name":"f"}}],`, 1))
	if a.Status != 200 || !strings.Contains(a.Body, `"finish_reason":"tool_calls"`) || !strings.HasSuffix(a.Body, "data: [DONE]\n\n") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if got := b.Requests(); len(got) != 1 || got[0].Op != fakebedrock.Converse || got[0].Refused != nil {
		t.Errorf("%+v", got)
	}
}

// A signature that Bedrock refuses is left out, and the same model asked once
// more: by Converse from the hub, by InvokeModel in the caller's own bytes.
func TestRefusedSignaturesAreLeftOut(t *testing.T) {
	r, b := withBedrock(t)
	for _, c := range []struct{ path, body, op string }{
		{chatPath, `{"model":"b/%s","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y","thinking_blocks":[{"index":0,"type":"thinking","thinking":"hm","signature":"SIG"}]},{"role":"user","content":"z"}]}`, "reasoningContent"},
		{messagesPath, `{"model":"b/%s","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"SIG"},{"type":"text","text":"y"}]},{"role":"user","content":"z"}]}`, `"thinking"`},
	} {
		before := len(b.Requests())
		a := r.Must(c.path, fmt.Sprintf(c.body, claude))
		if a.Status != 200 || a.Header.Get("X-Weir-Loss") == "" {
			t.Errorf("%s: %d %v %s", c.path, a.Status, a.Header, a.Body)
		}
		sent := b.Requests()[before:]
		if len(sent) != 2 || !strings.Contains(string(sent[0].Body), c.op) || strings.Contains(string(sent[1].Body), "SIG") {
			t.Errorf("%s: %d requests", c.path, len(sent))
		}
	}
}

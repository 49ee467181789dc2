package sdktest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"

	"weir/lib/accounting/ledger"
	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

// sonnet is a model of the fake Anthropic as its callers name it.
const sonnet = "a/claude-sonnet-4-5"

// house is a gateway with a fake Anthropic as a, a fake OpenAI as o, and echo.
// Every model of theirs is there as provider/model.
type house struct {
	*rig.Rig
	t *testing.T
	a *fakeanthropic.Provider
	o *fakeprovider.Provider
}

func openHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, a: fakeanthropic.Start(t, fakeanthropic.Options{Key: rig.Secret}), o: fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})}
	h.Rig = rig.Start(t, rig.Options{Config: `
version: 1
providers:
  echo: { kind: echo }
  a: { kind: anthropic, base_url: ` + h.a.URL + ` }
  o: { kind: openai, base_url: ` + h.o.URL + ` }
models:
  "echo/*": echo/*
  "a/*": a/*
  "o/*": o/*
  either: { strategy: fallback, targets: [ o/gpt-4o, a/claude-sonnet-4-5 ] }
  other: { strategy: fallback, targets: [ a/claude-sonnet-4-5, o/gpt-4o ] }
  hasty: { targets: [{ provider: a, model: claude-sonnet-4-5, timeout: { between_tokens: 200ms } }] }
prices:
  "a/*": { input: 3, output: 15, cache_read: 0.3, cache_write_5m: 3.75, cache_write_1h: 6 }
  "o/*": { input: 1, output: 4, cache_read: 0.25 }
settings:
  timeouts: { total: 30s }
`})
	return h
}

// script queues an answer with the provider of a model.
func (h *house) script(model string, a fakeanthropic.Answer, o fakeprovider.Answer) {
	switch provider, name, _ := strings.Cut(model, "/"); provider {
	case "a":
		h.a.Script(name, a)
	case "o":
		h.o.Script(name, o)
	}
}

// claude is an Anthropic client and what went over its connection.
type claude struct {
	anthropic.Client
	*wiretap
}

// direct is a client of the provider itself, claude one of the gateway.
func (h *house) direct() claude { return h.anthropic(h.a.URL, rig.Secret, 0) }
func (h *house) claude() claude { return h.anthropic(h.URL, h.Key, 0) }

func (h *house) tap() *wiretap {
	tap := &wiretap{next: &http.Transport{}}
	h.t.Cleanup(tap.next.CloseIdleConnections)
	return tap
}

func (h *house) anthropic(url, key string, retries int) claude {
	tap := h.tap()
	return claude{anthropic.NewClient(option.WithoutEnvironmentDefaults(), option.WithBaseURL(url), option.WithAPIKey(key),
		option.WithHTTPClient(&http.Client{Transport: tap}), option.WithMaxRetries(retries)), tap}
}

// gpt is a client of the gateway that speaks OpenAI's API.
type gpt struct {
	openai.Client
	*wiretap
}

func (h *house) gpt() gpt {
	tap := h.tap()
	return gpt{openai.NewClient(openaioption.WithBaseURL(h.URL+"/v1"), openaioption.WithAPIKey(h.Key),
		openaioption.WithHTTPClient(&http.Client{Transport: tap}), openaioption.WithMaxRetries(0)), tap}
}

// newest is the row of a client's newest call.
func (h *house) newest(w *wiretap) ledger.Row {
	h.t.Helper()
	return h.Row(w.last().header.Get("X-Weir-Call-Id"))
}

// taken fails the test where a provider refused what the gateway sent.
func (h *house) taken() {
	h.t.Helper()
	h.a.Wait()
	h.o.Wait()
	for _, r := range h.a.Requests() {
		if r.Error != nil && r.Status == http.StatusBadRequest {
			h.t.Errorf("anthropic refused %s: %v", r.Body, r.Error)
		}
	}
	for _, r := range h.o.Requests() {
		if r.Error != nil && r.Status == http.StatusBadRequest {
			h.t.Errorf("openai refused %s: %v", r.Body, r.Error)
		}
	}
}

// say asks once, whole or streamed and accumulated by the SDK.
func say(t *testing.T, c claude, p anthropic.MessageNewParams, stream bool) anthropic.Message {
	t.Helper()
	m, err := try(t, c, p, stream)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func try(t *testing.T, c claude, p anthropic.MessageNewParams, stream bool) (anthropic.Message, error) {
	t.Helper()
	if !stream {
		m, err := c.Messages.New(t.Context(), p)
		if err != nil {
			return anthropic.Message{}, err
		}
		return *m, nil
	}
	in := c.Messages.NewStreaming(t.Context(), p)
	defer in.Close()
	var m anthropic.Message
	for in.Next() {
		if err := m.Accumulate(in.Current()); err != nil {
			t.Fatal(err)
		}
	}
	return m, in.Err()
}

// question asks one question.
func question(model, text string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{Model: model, MaxTokens: 4096, Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(text))}}
}

// told is what a message says: its blocks without what only one way of sending
// has, and why it ended.
func told(m anthropic.Message) []string {
	all := []string{string(m.Role), string(m.StopReason), m.StopSequence}
	for _, b := range m.Content {
		input := ""
		if b.Type == "tool_use" {
			input = canonical(b.Input)
		}
		all = append(all, fmt.Sprint(b.Type, "|", b.Text, "|", b.Thinking, "|", b.Signature, "|", b.Data, "|", b.Name, "|", input))
	}
	return all
}

// canonical is JSON without white space and order.
func canonical(raw []byte) string {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return "invalid: " + string(raw)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// claudeTools are two tools in Anthropic's form.
func claudeTools() []anthropic.ToolUnionParam {
	schema := anthropic.ToolInputSchemaParam{Properties: map[string]any{"call": map[string]any{"type": "integer"}, "where": map[string]any{"type": "string"}}}
	return []anthropic.ToolUnionParam{anthropic.ToolUnionParamOfTool(schema, "weather"), anthropic.ToolUnionParamOfTool(schema, "clock")}
}

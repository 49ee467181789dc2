package sdktest_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"

	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakebedrock"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

// Models of the fake Bedrock, which has them under their own names; callers
// put b/ before them.
const (
	bedrockClaude = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
	bedrockNova   = "eu.amazon.nova-pro-v1:0"
)

// cloud is a house with a fake Bedrock, as b.
type cloud struct {
	*house
	b *fakebedrock.Bedrock
}

func openCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{b: fakebedrock.New(), house: &house{
		t: t, a: fakeanthropic.Start(t, fakeanthropic.Options{Key: rig.Secret}), o: fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret}),
	}}
	srv := httptest.NewServer(c.b)
	t.Cleanup(func() {
		c.b.Close()
		srv.CloseClientConnections()
		srv.Close()
	})
	c.Rig = rig.Start(t, rig.Options{Config: `
version: 1
providers:
  a: { kind: anthropic, base_url: ` + c.a.URL + ` }
  b: { kind: bedrock, region: eu-west-1, base_url: ` + srv.URL + ` }
models:
  "b/*": b/*
  either: { strategy: fallback, targets: [ a/claude-sonnet-4-5, b/` + bedrockClaude + ` ] }
  back: { strategy: fallback, targets: [ b/` + bedrockClaude + `, a/claude-sonnet-4-5 ] }
  hasty: { targets: [{ provider: b, model: "` + bedrockClaude + `", timeout: { between_tokens: 200ms } }] }
prices:
  "a/*": { input: 3, output: 15, cache_read: 0.3, cache_write_5m: 3.75, cache_write_1h: 6 }
  "b/*": { input: 3, output: 15, cache_read: 0.3, cache_write_5m: 3.75, cache_write_1h: 6 }
settings:
  timeouts: { total: 30s }
`})
	return c
}

// accepted fails the test where a provider refused what the gateway sent, and
// returns the operations that Bedrock was asked for.
func (c *cloud) accepted() map[string]int {
	c.t.Helper()
	c.taken()
	ops := map[string]int{}
	for _, r := range c.b.Requests() {
		ops[r.Op]++
		if r.Refused != nil {
			c.t.Errorf("bedrock refused %s of %s: %v", r.Op, r.Body, r.Refused)
		}
		if auth := r.Header.Get("Authorization"); !strings.Contains(auth, "/eu-west-1/bedrock/aws4_request") || strings.Contains(auth, rig.Secret) {
			c.t.Errorf("authorization %q", auth)
		}
	}
	return ops
}

// newestAsked is what Bedrock was last sent.
func (c *cloud) newestAsked() string {
	c.t.Helper()
	all := c.b.Requests()
	if len(all) == 0 {
		c.t.Fatal("nothing was asked")
	}
	return canonical(all[len(all)-1].Body)
}

// chat is one question over OpenAI's API.
func chat(model, text string) openai.ChatCompletionNewParams {
	p := chatQuestion(text)
	p.Model = model
	return p
}

// bedrockModels are both, as callers name them, each with the operations that
// an Anthropic caller's request goes by, whole and streamed.
var bedrockModels = map[string][2]string{
	"b/" + bedrockClaude: {fakebedrock.Invoke, fakebedrock.InvokeStream},
	"b/" + bedrockNova:   {fakebedrock.Converse, fakebedrock.ConverseStream},
}

// bare is a model without its provider.
func bare(model string) string { return strings.TrimPrefix(model, "b/") }

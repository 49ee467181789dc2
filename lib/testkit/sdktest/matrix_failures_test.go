package sdktest_test

import (
	"encoding/json"
	"net/http"
	"strings"

	"weir/lib/testkit/fakeanthropic"
	"weir/lib/testkit/fakebedrock"
	"weir/lib/testkit/fakeprovider"
)

// trouble is an error that a provider answers with, in the words of each, and
// what callers of either API must see.
type trouble struct {
	chat    fakeprovider.Answer
	claude  fakeanthropic.Answer
	bedrock *fakebedrock.Exception

	status   [2]int // for Chat, for Messages
	code     string // in Chat
	kind     string // in Messages
	words    string // of the provider's that callers read
	outcome  string
	attempts int // of an SDK that may try three times
}

func thrown(kind, message string) *fakebedrock.Exception {
	return &fakebedrock.Exception{Type: kind, Message: message}
}

// secrets are words of the errors below that speak of the gateway's account.
var secrets = []string{"arn:aws", "123456789012", "org-fake", "fake-org", "credit", "sk-"}

const account = "User: arn:aws:iam::123456789012:user/weir"

var troubles = map[string]trouble{
	"the_callers_mistake": {
		chat:    fakeprovider.Answer{Error: &fakeprovider.APIError{Message: "Invalid 'stop': too long.", Param: "stop", Code: "invalid_value"}},
		claude:  fakeanthropic.Answer{Error: &fakeanthropic.APIError{Type: invalid, Message: "stop_sequences: too long."}},
		bedrock: thrown("ValidationException", "The model returned the following errors: stop_sequences: too long."),
		status:  [2]int{400, 400}, kind: invalid, words: "too long.", outcome: "client_error", attempts: 1,
	},
	"context_length": {
		chat:    fakeprovider.Answer{Error: fakeprovider.ContextLength(8192, 9000)},
		claude:  fakeanthropic.Answer{Error: fakeanthropic.ContextLength(210_000, 200_000)},
		bedrock: thrown("ValidationException", "The model returned the following errors: prompt is too long: 210000 tokens > 200000 maximum"),
		status:  [2]int{400, 400}, code: "context_length_exceeded", kind: invalid, words: "maximum", outcome: "client_error", attempts: 1,
	},
	"content_policy": {
		chat:    fakeprovider.Answer{Error: fakeprovider.ContentPolicy()},
		claude:  fakeanthropic.Answer{Error: fakeanthropic.Filtered()},
		bedrock: thrown("ValidationException", "Output blocked by content filtering policy"),
		status:  [2]int{400, 400}, code: "content_policy_violation", kind: invalid, words: "policy", outcome: "client_error", attempts: 1,
	},
	"unauthenticated": {
		chat: fakeprovider.Answer{Status: 401}, claude: fakeanthropic.Answer{Status: 401}, bedrock: thrown("UnrecognizedClientException", "The security token included in the request is invalid."),
		status: [2]int{502, 502}, code: "provider_refused", kind: "api_error", outcome: "upstream_error", attempts: 1,
	},
	"forbidden": {
		chat: fakeprovider.Answer{Status: 403}, claude: fakeanthropic.Answer{Status: 403}, bedrock: thrown("AccessDeniedException", account+" is not authorized"),
		status: [2]int{502, 502}, code: "provider_refused", kind: "api_error", outcome: "upstream_error", attempts: 1,
	},
	"no_money_left": {
		chat: fakeprovider.Answer{Error: fakeprovider.NoQuota()}, claude: fakeanthropic.Answer{Error: fakeanthropic.NoCredit()},
		bedrock: thrown("AccessDeniedException", "Model access is denied due to INVALID_PAYMENT_INSTRUMENT: a valid payment instrument must be provided. Your AWS Marketplace subscription for this model cannot be completed at this time."),
		status:  [2]int{502, 502}, code: "provider_refused", kind: "api_error", outcome: "upstream_error", attempts: 1,
	},
	"missing_model": {
		chat: fakeprovider.Answer{Status: 404}, claude: fakeanthropic.Answer{Status: 404}, bedrock: thrown("ResourceNotFoundException", "Could not resolve the foundation model from "+account),
		status: [2]int{404, 404}, code: "model_not_found", kind: "not_found_error", outcome: "upstream_error", attempts: 1,
	},
	"limited": {
		chat: fakeprovider.Answer{Status: 429}, claude: fakeanthropic.Answer{Status: 429}, bedrock: thrown("ThrottlingException", "Too many tokens, please wait before trying again."),
		status: [2]int{503, 529}, code: "provider_throttled", kind: "overloaded_error", outcome: "upstream_error", attempts: 3,
	},
	"overloaded": {
		chat: fakeprovider.Answer{Status: 503}, claude: fakeanthropic.Answer{Status: fakeanthropic.StatusOverloaded}, bedrock: thrown("ServiceUnavailableException", "Bedrock is unable to process your request."),
		status: [2]int{503, 529}, code: "provider_throttled", kind: "overloaded_error", outcome: "upstream_error", attempts: 3,
	},
	"failed": {
		chat: fakeprovider.Answer{Status: 500}, claude: fakeanthropic.Answer{Status: 500}, bedrock: thrown("InternalServerException", "oops"),
		status: [2]int{502, 502}, code: "provider_error", kind: "api_error", outcome: "upstream_error", attempts: 3,
	},
	"timed_out": {
		chat: fakeprovider.Answer{Status: 504}, claude: fakeanthropic.Answer{Status: 504}, bedrock: thrown("ModelTimeoutException", "The request took too long to process."),
		status: [2]int{504, 504}, code: "provider_timeout", kind: "timeout_error", outcome: "timeout", attempts: 3,
	},
}

// before are the errors that come instead of an answer, in the order of the page.
var before = []string{
	"the_callers_mistake", "context_length", "content_policy", "unauthenticated", "forbidden", "no_money_left",
	"missing_model", "limited", "overloaded", "failed", "timed_out",
}

// failures are scenarios of errors before the first content.
func failures() []scenario {
	var out []scenario
	for _, name := range before {
		out = append(out, scenario{name: "error_" + name, run: func(c *cell) { c.fails(name) }})
	}
	return append(out,
		scenario{name: "retry_after", run: func(c *cell) {
			// The SDK waits as long as it is told, and asks again.
			c.via, c.tap = c.dial(nil, 2)
			limited, answer := script{wrong: "limited", header: http.Header{"Retry-After": {"2"}}}, script{text: depth}
			c.answers(limited, answer)
			r := c.ask(asks(ask0))
			if r.err != nil || r.text != depth || len(c.tap.exchanges()) != 2 {
				c.Fatalf("%v, %q after %d tries", r.err, r.text, len(c.tap.exchanges()))
			}
			if h := c.tap.exchanges()[0].header; h.Get("Retry-After") != "2" || h.Get("X-Should-Retry") == "false" {
				c.Errorf("retry-after %q, x-should-retry %q", h.Get("Retry-After"), h.Get("X-Should-Retry"))
			}
		}},
		scenario{name: "web_page_with_status_200", run: func(c *cell) {
			c.answers(script{page: true})
			r := c.ask(asks(ask0))
			p := c.failed(r, 502)
			if strings.Contains(p.raw, "Sign in") || c.who.front == "chat" && p.code != "provider_error" || c.who.front == "messages" && p.kind != "api_error" {
				c.Errorf("%+v", p)
			}
			if row := c.closed(r.header.Get("X-Weir-Call-Id")); row.Outcome != "upstream_error" || row.Cost != 0 {
				c.Errorf("row %s, cost %s", row.Outcome, row.Cost)
			}
		}},
		scenario{name: "unknown_model", not: inWhole, run: func(c *cell) {
			r := c.via.ask(c.Context(), "nobody", asks(ask0), c.streamed, nil)
			if p := c.failed(r, 404); c.who.front == "chat" && p.code != "model_not_found" || c.who.front == "messages" && p.kind != "not_found_error" {
				c.Errorf("%+v", p)
			}
		}},
		scenario{name: "revoked_key", run: func(c *cell) {
			id, key := c.NewKey("search", "gone")
			if err := c.Keys.Revoke(c.Context(), id); err != nil {
				c.Fatal(err)
			}
			c.withKey(key)
			r := c.ask(asks(ask0))
			if p := c.failed(r, 401); c.who.front == "messages" && p.kind != "authentication_error" || c.who.front == "chat" && p.code != "revoked_api_key" || p.header.Get("X-Should-Retry") != "false" || len(c.asked()) != 0 {
				c.Errorf("%+v", p)
			}
		}},
	)
}

// withKey makes the cell's client use another key.
func (c *cell) withKey(key string) {
	c.tap = &wiretap{next: c.line}
	c.via = c.who.open(access{url: c.URL, key: key, client: &http.Client{Transport: c.tap}})
}

// fails holds an error of the provider's to what the caller may see of it. The
// SDK asks again where that may help.
func (c *cell) fails(name string) {
	c.Helper()
	w := troubles[name]
	c.via, c.tap = c.dial(nil, 2)
	s := script{wrong: name}
	c.answers(s, s, s)
	r := c.ask(asks(ask0))
	status, code := w.status[0], w.code
	if c.who.front == "messages" {
		status = w.status[1]
	}
	if c.to.provider == "openai" || c.to.provider == "deepseek" {
		if name == "content_policy" && c.who.front == "chat" {
			code = "invalid_prompt" // its own
		}
	}
	p := c.failed(r, status)
	if c.who.front == "chat" && code != "" && p.code != code || c.who.front == "messages" && p.kind != w.kind || !strings.Contains(p.message, w.words) {
		c.Errorf("%+v, want %s or %s", p, code, w.kind)
	}
	for _, secret := range secrets {
		if strings.Contains(p.raw, secret) {
			c.Errorf("%q is in %s", secret, p.raw)
		}
	}
	if n := len(c.tap.exchanges()); n != w.attempts {
		c.Errorf("the SDK tried %d times, want %d (x-should-retry %q)", n, w.attempts, p.header.Get("X-Should-Retry"))
	}
	if row := c.closed(r.header.Get("X-Weir-Call-Id")); row.Outcome != w.outcome || row.Cost != 0 || len(row.Attempts) != 1 {
		c.Errorf("row %s, cost %s, attempts %+v", row.Outcome, row.Cost, row.Attempts)
	}
	if w.words != "" {
		c.verbatim(r, w)
	}
}

// verbatim holds the body of an error about the caller's own request to the
// vendor's, where the caller speaks to the vendor's own API.
func (c *cell) verbatim(r reply, w trouble) {
	c.Helper()
	body := strings.TrimSpace(r.body.String())
	switch {
	case !c.relayed():
	case c.who.front == "chat":
		if want, err := json.Marshal(w.chat.Error); err != nil || body != string(want) {
			c.Errorf("the body is %s, the vendor's %s", body, want)
		}
	case c.to.provider == "anthropic":
		if !strings.Contains(body, `"request_id":"req_fake_`) || !strings.Contains(body, w.claude.Error.Message) {
			c.Errorf("the body is %s, not the vendor's", body)
		}
	}
}

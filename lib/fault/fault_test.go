package fault

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// Every Kind has a row of the table that is complete and makes sense.
func TestEveryKindHasACompleteDisposition(t *testing.T) {
	outcomes := []string{
		OutcomeOK, OutcomeClientError, OutcomeUpstreamError, OutcomeTimeout, OutcomeTruncated, OutcomeClientGone,
		OutcomeAbandoned, OutcomeInternal, "rate_limited", "over_budget",
	}
	// error.type as the vendors document them (platform.openai.com/docs/guides/error-codes,
	// docs.claude.com/en/api/errors; read 2026-11).
	openai := []string{"invalid_request_error", "server_error", "requests", "insufficient_quota"}
	anthropic := []string{
		"invalid_request_error", "authentication_error", "billing_error", "permission_error", "not_found_error",
		"request_too_large", "rate_limit_error", "timeout_error", "api_error", "overloaded_error",
	}
	names := map[string]Kind{}
	for k := range numKinds {
		d := k.Disposition()
		t.Run(d.Name, func(t *testing.T) {
			if other, taken := names[d.Name]; d.Name == "" || taken {
				t.Errorf("name %q is empty or that of kind %d, too", d.Name, other)
			}
			names[d.Name] = k
			if strings.ContainsFunc(d.Name, func(r rune) bool { return r != '_' && !unicode.IsLower(r) }) {
				t.Errorf("name %q is no snake_case", d.Name)
			}
			if k.String() != d.Name {
				t.Errorf("String = %q, want %q", k.String(), d.Name)
			}
			if d.Status < 400 || d.Status > 599 {
				t.Errorf("status %d is no error", d.Status)
			}
			if d.AnthropicStatus != 0 && (d.AnthropicStatus < 400 || d.AnthropicStatus > 599) {
				t.Errorf("Anthropic status %d is no error", d.AnthropicStatus)
			}
			if !strings.HasSuffix(d.Text, ".") {
				t.Errorf("text %q is no sentence", d.Text)
			}
			if !slices.Contains(openai, d.OpenAIType) || !slices.Contains(anthropic, d.AnthropicType) {
				t.Errorf("types %q, %q are not the vendors'", d.OpenAIType, d.AnthropicType)
			}
			if !slices.Contains(outcomes, d.Outcome) || d.Outcome == OutcomeOK {
				t.Errorf("outcome %q is none of an error", d.Outcome)
			}
			if d.Cooldown && !d.Failover {
				t.Error("a target rests that no other may stand in for")
			}
			if d.RelayBody && (d.Failover || d.Outcome != OutcomeClientError) {
				t.Error("a body is relayed that is not the caller's own mistake")
			}
			if d.Outcome == OutcomeClientError && (d.Failover || !d.NoRetry) {
				t.Error("the caller's mistake would be tried again")
			}
		})
	}
}

// The provider's own body is shown for the caller's own mistakes and never for
// what speaks of our account with the provider.
func TestRelayBody(t *testing.T) {
	relayed := []Kind{Invalid, TooLarge, Unprocessable, ContextLength, ContentPolicy}
	for k := range numKinds {
		d := k.Disposition()
		if d.RelayBody != slices.Contains(relayed, k) {
			t.Errorf("%v: RelayBody %v", k, d.RelayBody)
		}
		if account := d.Status == 401 || d.Status == 403 || d.Status == 404 || d.Status == 429 || d.Status >= 500; account && d.RelayBody {
			t.Errorf("%v: relays a %d", k, d.Status)
		}
	}
}

// What goes wrong at a target may be tried at another; nothing else is.
func TestFailover(t *testing.T) {
	over := []Kind{TargetThrottled, TargetRefused, TargetMissing, TargetFailed, TargetTimeout, Truncated}
	for k := range numKinds {
		if got := Failover(fmt.Errorf("attempt: %w", New(k, "x", ""))); got != slices.Contains(over, k) {
			t.Errorf("%v: Failover %v", k, got)
		}
	}
	if Failover(nil) || Failover(io.EOF) {
		t.Error("no error, or one without a kind, fails over")
	}
}

// SDKs must not repeat what cannot succeed, and may repeat what can.
func TestNoRetry(t *testing.T) {
	for k, want := range map[Kind]bool{
		OverBudget: true, ContextLength: true, ContentPolicy: true, Unauthenticated: true, Forbidden: true, NotPriced: true,
		RateLimited: false, NoTarget: false, TargetThrottled: false, TargetFailed: false, TargetTimeout: false, StoreDown: false, ShuttingDown: false,
	} {
		if got := k.Disposition().NoRetry; got != want {
			t.Errorf("%v: NoRetry %v, want %v", k, got, want)
		}
	}
}

func TestUnknownKindIsInternal(t *testing.T) {
	for _, k := range []Kind{numKinds, 255} {
		if k.Disposition() != Internal.Disposition() || k.String() != "internal" {
			t.Errorf("kind %d is %v", k, k)
		}
	}
}

func TestOf(t *testing.T) {
	own := New(OverBudget, "quota.Reserve", "The budget of team x is spent.")
	for name, tt := range map[string]struct {
		err  error
		kind Kind
	}{
		"own":                 {own, OverBudget},
		"wrapped":             {fmt.Errorf("admit: %w", own), OverBudget},
		"joined":              {errors.Join(io.EOF, own), OverBudget},
		"the outermost wins":  {Wrap(StoreDown, "x", own), StoreDown},
		"without a kind":      {io.EOF, Internal},
		"a fault in no chain": {errors.New(own.Error()), Internal},
	} {
		t.Run(name, func(t *testing.T) {
			e := Of(tt.err)
			if e == nil || e.Kind != tt.kind || KindOf(tt.err) != tt.kind {
				t.Fatalf("Of = %+v, KindOf = %v; want %v", e, KindOf(tt.err), tt.kind)
			}
			if e != own && !errors.Is(tt.err, error(e)) && !errors.Is(e, tt.err) {
				t.Error("the cause is lost")
			}
		})
	}
	if Of(nil) != nil || KindOf(nil) != Internal {
		t.Error("no error has a fault")
	}
}

// A caller never reads the cause, logs always do.
func TestMessageNeverShowsTheCause(t *testing.T) {
	const secret = "dial tcp 10.0.0.1: sk-secret"
	for k := range numKinds {
		for _, e := range []*Error{
			Wrap(k, "upstream.Send", errors.New(secret)),
			{Kind: k, Op: "upstream.Send", Public: "Try again.", Err: errors.New(secret)},
			Of(errors.New(secret)),
		} {
			if m := e.Message(); m == "" || strings.Contains(m, secret) || strings.Contains(m, "upstream.Send") {
				t.Errorf("%v: Message = %q", k, m)
			}
			if !strings.Contains(e.Error(), secret) {
				t.Errorf("%v: Error = %q hides the cause from logs", k, e.Error())
			}
			if e.Unwrap() == nil {
				t.Errorf("%v: no cause to unwrap", k)
			}
		}
	}
	if got := New(Invalid, "x", "Say please.").Message(); got != "Say please." {
		t.Errorf("Message = %q, want the public text", got)
	}
	if got := New(Invalid, "x", "").Message(); got != Invalid.Disposition().Text {
		t.Errorf("Message = %q, want the standard text", got)
	}
}

func TestErrorText(t *testing.T) {
	e := &Error{Kind: TargetFailed, Op: "upstream.Send", Public: "It broke.", Err: io.ErrUnexpectedEOF}
	if got, want := e.Error(), "upstream.Send: target_failed: It broke.: unexpected EOF"; got != want {
		t.Errorf("Error = %q, want %q", got, want)
	}
	if got := (&Error{}).Error(); got != "internal" {
		t.Errorf("Error = %q", got)
	}
	if !errors.Is(e, io.ErrUnexpectedEOF) {
		t.Error("the cause is not in the chain")
	}
}

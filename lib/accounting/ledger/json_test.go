package ledger_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/fault"
	"weir/lib/llm"
)

// TestJSON holds the view of a row to the byte: scripts and reports are
// written against it.
func TestJSON(t *testing.T) {
	settled := closed(opened(0), ledger.Settled, settlement())
	unpriced := settled
	unpriced.Unpriced, unpriced.Cost, unpriced.FirstToken = true, 0, 0
	refused := closed(opened(0), ledger.Refused, ledger.Settlement{Outcome: "over_budget", UsageSource: ledger.UsageNone, SettledAt: noon})
	refused.Tags = nil
	reported := settled
	reported.Attempts = slices.Clone(settled.Attempts)
	reported.Attempts[0].Reported = ledger.TokensOf(llm.Usage{Input: 25, CacheRead: 1, CacheWrite5m: 2, CacheWrite1h: 3, AudioIn: 4, Output: 5, AudioOut: 6, Reasoning: 7})
	const head = `{"call_id":"01a20320-a200-7000-8000-000000000000",`
	const labels = `"team":"search","app":"web","key_id":"0123456789AB","principal":"","use_case":"faq","tags":{"env":"prod"},"requested_model":"claude-sonnet",`
	const tokens = `"tokens":{"input":1200,"cache_read":10,"cache_write_5m":20,"cache_write_1h":30,"audio_input":40,"output":345,"audio_output":50,"reasoning":60},` +
		`"units":{"web_search":2},"service_tier":"priority","losses":[{"field":"logit_bias","why":"Converse has no such parameter"}],"upstream_request_id":"req-1","usage_source":"provider",`
	const attempts = `"attempts":[{"provider":"anthropic","model":"claude-sonnet-4-5","outcome":"target_throttled","status":429,"duration_ms":80},` +
		`{"provider":"bedrock","model":"us.anthropic.claude-sonnet-4-5","outcome":"ok","status":200,"duration_ms":3118}]}`

	for name, tc := range map[string]struct {
		row  ledger.Row
		want string
	}{
		"settled": {settled, head + `"state":"settled","outcome":"ok",` + labels +
			`"provider":"bedrock","model":"us.anthropic.claude-sonnet-4-5","stream":true,` + tokens +
			`"cost_nano_usd":8775000,"cost_usd":"0.008775","price_version":"2026-11-23","started_at":"2026-11-22T12:00:00.000Z",` +
			`"first_token_ms":412,"duration_ms":3120,"gateway_ms":1.8,` + attempts},
		"unpriced, without a first token": {unpriced, head + `"state":"settled","outcome":"ok",` + labels +
			`"provider":"bedrock","model":"us.anthropic.claude-sonnet-4-5","stream":true,` + tokens +
			`"cost_nano_usd":null,"cost_usd":"unpriced","price_version":"2026-11-23","started_at":"2026-11-22T12:00:00.000Z",` +
			`"first_token_ms":null,"duration_ms":3120,"gateway_ms":1.8,` + attempts},
		"a failed attempt that was reported of": {reported, head + `"state":"settled","outcome":"ok",` + labels +
			`"provider":"bedrock","model":"us.anthropic.claude-sonnet-4-5","stream":true,` + tokens +
			`"cost_nano_usd":8775000,"cost_usd":"0.008775","price_version":"2026-11-23","started_at":"2026-11-22T12:00:00.000Z",` +
			`"first_token_ms":412,"duration_ms":3120,"gateway_ms":1.8,` + strings.Replace(attempts, `"duration_ms":80}`,
			`"duration_ms":80,"tokens":{"input":25,"cache_read":1,"cache_write_5m":2,"cache_write_1h":3,"audio_input":4,"output":5,"audio_output":6,"reasoning":7}}`, 1)},
		"open": {opened(0), head + `"state":"open","outcome":null,` + labels +
			`"provider":null,"model":null,"stream":true,"tokens":null,"units":{},"service_tier":null,"losses":[],"upstream_request_id":null,"usage_source":null,` +
			`"cost_nano_usd":null,"cost_usd":null,"price_version":"2026-11-22","started_at":"2026-11-22T12:00:00.000Z",` +
			`"first_token_ms":null,"duration_ms":null,"gateway_ms":null,"attempts":[]}`},
		"refused": {refused, head + `"state":"refused","outcome":"over_budget",` + strings.Replace(labels, `{"env":"prod"}`, `{}`, 1) +
			`"provider":"","model":"","stream":true,` +
			`"tokens":{"input":0,"cache_read":0,"cache_write_5m":0,"cache_write_1h":0,"audio_input":0,"output":0,"audio_output":0,"reasoning":0},` +
			`"units":{},"service_tier":"","losses":[],"upstream_request_id":"","usage_source":"none",` +
			`"cost_nano_usd":0,"cost_usd":"0","price_version":"2026-11-22","started_at":"2026-11-22T12:00:00.000Z",` +
			`"first_token_ms":null,"duration_ms":0,"gateway_ms":0,"attempts":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := json.Marshal(tc.row)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

func TestJSONKeepsSmallTimes(t *testing.T) {
	r := closed(opened(0), ledger.Settled, ledger.Settlement{
		Outcome: fault.OutcomeOK, FirstToken: 300 * time.Microsecond, Duration: 1999 * time.Microsecond, Gateway: 1234567 * time.Nanosecond,
	})
	r.StartedAt = time.Date(2026, 11, 22, 13, 0, 0, 999_999_999, time.FixedZone("CET", 3600))
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"first_token_ms":0,`, `"duration_ms":1,`, `"gateway_ms":1.234,`, `"started_at":"2026-11-22T12:00:00.999Z"`} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

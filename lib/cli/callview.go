package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"weir/lib/accounting/ledger"
)

var (
	callColumns = []column{
		{head: "STARTED"},
		{head: "CALL"},
		{head: "TEAM"},
		{head: "APP", spare: true},
		{head: "MODEL"},
		{head: "ANSWERED BY", spare: true},
		{head: "OUTCOME"},
		{head: "INPUT", right: true},
		{head: "OUTPUT", right: true},
		{head: "COST $", right: true},
		{head: "MS", right: true, spare: true},
	}
	callHeader = []string{
		"call_id", "started_at", "state", "outcome", "team", "app", "key_id", "principal", "use_case", "run_id", "tags",
		"requested_model", "provider", "model", "stream",
		"input", "cache_read", "cache_write_5m", "cache_write_1h", "audio_input", "output", "audio_output", "reasoning",
		"usage_source", "cost_nano_usd", "cost_usd", "price_version",
		"first_token_ms", "duration_ms", "gateway_ms", "attempts", "upstream_request_id",
	}
)

const instant = "2006-01-02T15:04:05.000Z"

func callLine(r ledger.Row) []string {
	line := []string{
		r.StartedAt.UTC().Format("2006-01-02 15:04:05"), r.CallID, r.Team, r.App, r.RequestedModel,
		answeredBy(r), outcome(r), "", "", "", "",
	}
	if r.State == ledger.Open {
		return line
	}
	input := r.Usage.Input + r.Usage.CacheRead + r.Usage.CacheWrite5m + r.Usage.CacheWrite1h + r.Usage.AudioIn
	copy(line[7:], []string{
		number(input), number(r.Usage.Output + r.Usage.AudioOut), cost(r), number(r.Duration.Milliseconds()),
	})
	return line
}

func answeredBy(r ledger.Row) string {
	if r.Provider == "" {
		return ""
	}
	return r.Provider + "/" + r.Model
}

// outcome is how a call ended, or that it has not.
func outcome(r ledger.Row) string {
	if r.State == ledger.Open {
		return string(ledger.Open)
	}
	if r.State == ledger.Refused {
		return "refused: " + r.Outcome
	}
	return r.Outcome
}

// cost is the amount in dollars; unpriced where no price was known.
func cost(r ledger.Row) string {
	if r.Unpriced {
		return "unpriced"
	}
	return r.Cost.String()
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func callCSV(r ledger.Row) []string {
	line := []string{
		r.CallID, r.StartedAt.UTC().Format(instant), string(r.State), r.Outcome, r.Team, r.App, r.KeyID, r.Principal,
		r.UseCase, r.RunID, tagList(r.Tags), r.RequestedModel, r.Provider, r.Model, strconv.FormatBool(r.Stream),
	}
	if r.State == ledger.Open { // figures that are not known yet are empty, not 0
		return append(line, slices.Concat(make([]string, len(callHeader)-len(line)-6),
			[]string{r.PriceVersion, "", "", "", "", ""})...)
	}
	u := r.Usage
	for _, n := range []int64{u.Input, u.CacheRead, u.CacheWrite5m, u.CacheWrite1h, u.AudioIn, u.Output, u.AudioOut, u.Reasoning} {
		line = append(line, number(n))
	}
	nano, usd := number(int64(r.Cost)), r.Cost.Fixed()
	if r.Unpriced {
		nano, usd = "", "unpriced"
	}
	firstToken := ""
	if r.FirstToken > 0 {
		firstToken = number(r.FirstToken.Milliseconds())
	}
	return append(line, string(r.UsageSource), nano, usd, r.PriceVersion,
		firstToken, number(r.Duration.Milliseconds()), millis(r.Gateway), number(int64(len(r.Attempts))), r.UpstreamRequestID)
}

// millis shows short spans with their microseconds.
func millis(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', -1, 64)
}

// tagList writes tags as x-weir-tags takes them, sorted.
func tagList(tags map[string]string) string {
	pairs := make([]string, 0, len(tags))
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		pairs = append(pairs, name+"="+tags[name])
	}
	return strings.Join(pairs, ",")
}

func callRecord(r ledger.Row) []pair {
	pairs := []pair{
		{"call", r.CallID},
		{"corrects", r.Corrects},
		{"state", string(r.State)},
		{"outcome", r.Outcome},
		{"started", r.StartedAt.UTC().Format(instant)},
		{"team", r.Team},
		{"app", r.App},
		{"key", r.KeyID},
		{"principal", r.Principal},
		{"use case", r.UseCase},
		{"tags", tagList(r.Tags)},
		{"run", r.RunID},
		{"end user", r.EndUser},
		{"operation", string(r.Op)},
		{"dialect", r.Dialect},
		{"stream", strconv.FormatBool(r.Stream)},
		{"requested model", r.RequestedModel},
	}
	if r.State == ledger.Open {
		return append(pairs, pair{"deadline", r.Deadline.UTC().Format(instant)}, pair{"config", r.ConfigHash})
	}
	pairs = append(pairs, pair{"answered by", answeredBy(r)})
	pairs = append(pairs, usagePairs(r)...)
	pairs = append(pairs,
		pair{"cost", costText(r)},
		pair{"price book", r.PriceVersion},
		pair{"config", r.ConfigHash},
		pair{"duration", millis(r.Duration) + " ms"},
		pair{"of it gateway", millis(r.Gateway) + " ms"},
	)
	if r.FirstToken > 0 {
		pairs = append(pairs, pair{"first token", millis(r.FirstToken) + " ms"})
	}
	pairs = append(pairs, pair{"upstream request", r.UpstreamRequestID})
	for i, a := range r.Attempts {
		pairs = append(pairs, pair{"attempt " + strconv.Itoa(i+1), attemptText(a)})
	}
	for _, l := range r.Losses {
		pairs = append(pairs, pair{"lost", l.Field + ": " + l.Why})
	}
	return pairs
}

func usagePairs(r ledger.Row) []pair {
	pairs := []pair{{"usage from", string(r.UsageSource)}, {"service tier", r.Usage.Tier}, {"region", r.Usage.Region}}
	for _, t := range []struct {
		name string
		n    int64
	}{
		{"input tokens", r.Usage.Input},
		{"cache read", r.Usage.CacheRead},
		{"cache write 5m", r.Usage.CacheWrite5m},
		{"cache write 1h", r.Usage.CacheWrite1h},
		{"audio input", r.Usage.AudioIn},
		{"output tokens", r.Usage.Output},
		{"of it reasoning", r.Usage.Reasoning},
		{"audio output", r.Usage.AudioOut},
	} {
		if t.n != 0 {
			pairs = append(pairs, pair{t.name, number(t.n)})
		}
	}
	for _, unit := range slices.Sorted(maps.Keys(r.Usage.Units)) {
		pairs = append(pairs, pair{"units of " + unit, number(r.Usage.Units[unit])})
	}
	return pairs
}

func costText(r ledger.Row) string {
	if r.Unpriced {
		return "unpriced: no price was known"
	}
	return "$" + r.Cost.String()
}

func attemptText(a ledger.Attempt) string {
	text := fmt.Sprintf("%s/%s: %s", a.Provider, a.Model, a.Outcome)
	if a.Status != 0 {
		text += fmt.Sprintf(", status %d", a.Status)
	}
	text = fmt.Sprintf("%s, %d ms", text, a.Millis)
	if r := a.Reported; r != (ledger.Tokens{}) {
		text += fmt.Sprintf("; the provider had reported %d tokens in and %d out, which are not in the cost",
			r.Input+r.CacheRead+r.CacheWrite5m+r.CacheWrite1h+r.AudioInput, r.Output+r.AudioOutput)
	}
	return text
}

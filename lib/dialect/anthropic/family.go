package anthropic

import (
	"slices"
	"strconv"
	"strings"
)

// sampling is which of temperature, top_p and top_k a model takes.
type sampling uint8

const (
	anySampling sampling = iota // all
	oneSampling                 // temperature or top_p, not both
	noSampling                  // none but the defaults
)

// thinkingMode is a set of the values of thinking.type that a model takes.
type thinkingMode uint8

const (
	budgeted     thinkingMode = 1 << iota // enabled, with budget_tokens
	adaptive                              // the model decides; effort says how much
	switchable                            // disabled
	betweenTools                          // between_tools: as good as off
)

// family is what the models of a line take, from a version on. What is not
// listed here is the same for all.
type family struct {
	line     string // opus, sonnet, haiku …; empty: every line
	since    int    // version times ten: 45 is 4.5
	sampling sampling
	thinking thinkingMode
	thinks   bool     // where the request says nothing about it
	efforts  []string // of output_config.effort, from low to high
	prefill  bool     // goes on with an assistant turn at the end
	unforced bool     // refuses a forced tool
	system   bool     // takes system messages in mid-conversation
	schema   bool     // output_config.format, strict tools
	most     int64    // output tokens
}

var (
	toHigh  = []string{"low", "medium", "high"}
	toMax   = []string{"low", "medium", "high", "max"}
	toXhigh = []string{"low", "medium", "high", "xhigh", "max"}
)

// families are the models' rules, the newest first: the first row of a model's
// line whose version it has reached counts, so that a model that is not known
// yet is taken for one like the newest of its line.
//
// Sources, read 2026-11: the vendor's migration guides and "what's new" pages
// (platform.claude.com/docs/en/models/{opus,sonnet,haiku}-5-5/…,
// …/sonnet-5/migration-guide, …/about-claude/models/whats-new-claude-4-6 and
// 4-8, docs.claude.com/…/migrating-to-claude-4), build-with-claude/{effort,
// adaptive-thinking,structured-outputs,mid-conversation-system-messages}, and
// for what the API answers: github.com/srtab/daiv/pull/1429 (4.7 and after:
// no sampling parameters, no budgets), github.com/ccbogel/QualCoder/issues/1125
// (temperature or top_p from 4.1 on), github.com/langchain-ai/langchain/pull/36611
// (no prefill from 4.6 on), github.com/vercel/ai/releases @ai-sdk/anthropic
// 4.0.60 (forced tools refused), github.com/Effect-TS/effect/releases
// ai-anthropic 4.0.0-beta.106 (output limits).
var families = []family{
	{line: "sonnet", since: 55, sampling: noSampling, thinking: adaptive | betweenTools, thinks: true, efforts: toXhigh, unforced: true, system: true, schema: true, most: 128_000},
	{line: "haiku", since: 55, sampling: noSampling, thinking: adaptive | switchable, thinks: true, efforts: toXhigh, system: true, schema: true, most: 128_000},
	{line: "opus", since: 55, sampling: noSampling, thinking: adaptive, thinks: true, efforts: toXhigh, unforced: true, system: true, schema: true, most: 128_000},
	{line: "", since: 51, sampling: noSampling, thinking: adaptive, thinks: true, efforts: toXhigh, unforced: true, system: true, schema: true, most: 128_000},
	{line: "opus", since: 50, sampling: noSampling, thinking: adaptive | switchable, thinks: true, efforts: toXhigh, system: true, schema: true, most: 128_000},
	{line: "sonnet", since: 50, sampling: noSampling, thinking: adaptive | switchable, thinks: true, efforts: toXhigh, schema: true, most: 128_000},
	{line: "", since: 50, sampling: noSampling, thinking: adaptive, thinks: true, efforts: toXhigh, system: true, schema: true, most: 128_000},
	{line: "", since: 48, sampling: noSampling, thinking: adaptive | switchable, efforts: toXhigh, system: true, schema: true, most: 128_000},
	{line: "", since: 47, sampling: noSampling, thinking: adaptive | switchable, efforts: toXhigh, schema: true, most: 128_000},
	{line: "", since: 46, sampling: oneSampling, thinking: budgeted | adaptive | switchable, efforts: toMax, schema: true, most: 128_000},
	{line: "opus", since: 45, sampling: oneSampling, thinking: budgeted | switchable, efforts: toHigh, prefill: true, schema: true, most: 64_000},
	{line: "", since: 45, sampling: oneSampling, thinking: budgeted | switchable, prefill: true, schema: true, most: 64_000},
	{line: "", since: 41, sampling: oneSampling, thinking: budgeted | switchable, prefill: true, most: 32_000},
	{line: "opus", since: 40, thinking: budgeted | switchable, prefill: true, most: 32_000},
	{line: "", since: 37, thinking: budgeted | switchable, prefill: true, most: 64_000},
	{line: "", since: 35, prefill: true, most: 8_192},
	{line: "", since: 0, prefill: true, most: 4_096},
}

// stranger is a model of another maker behind an endpoint that speaks this
// dialect. Those follow the vendor's API as of thinking budgets, and say
// nothing of the newer members.
var stranger = family{thinking: budgeted | switchable, prefill: true}

// familyOf returns the rules of a model by its name: with or without dots,
// dates and the prefixes of clouds (us.anthropic.claude-opus-4-6-v1:0).
func familyOf(model string) family {
	line, version, ok := parseModel(model)
	if !ok {
		return stranger
	}
	i := slices.IndexFunc(families, func(f family) bool {
		return version >= f.since && (f.line == "" || f.line == line)
	})
	return families[i] // the last row takes all
}

// newest is the version of a name that has none.
const newest = 999

// parseModel reads line and version out of a name: claude-opus-4-5-20251101,
// claude-3-7-sonnet-latest. ok is false where it is none of the vendor's.
func parseModel(model string) (line string, version int, ok bool) {
	words := strings.FieldsFunc(strings.ToLower(model), func(r rune) bool { return strings.ContainsRune("-_./:@ ", r) })
	at := slices.Index(words, "claude")
	if at < 0 {
		return "", 0, false
	}
	var numbers []int
	for _, w := range words[at+1:] {
		n, err := strconv.Atoi(w)
		switch {
		case err == nil && len(w) <= 2 && len(numbers) < 2:
			numbers = append(numbers, n)
		case err == nil: // a date
			return line, versionOf(numbers), true
		case line == "":
			line = w
		case len(numbers) > 0:
			return line, versionOf(numbers), true
		}
	}
	return line, versionOf(numbers), true
}

func versionOf(numbers []int) int {
	switch len(numbers) {
	case 0:
		return newest
	case 1:
		return 10 * numbers[0]
	}
	return 10*numbers[0] + min(numbers[1], 9)
}

// has reports whether f takes a value of thinking.type.
func (f family) has(m thinkingMode) bool { return f.thinking&m != 0 }

// canRest reports whether thinking can be turned off.
func (f family) canRest() bool { return !f.thinks || f.has(switchable|betweenTools) }

// effort returns the nearest level that f knows, the lower one where it is
// between two; empty where the word is none.
func (f family) effort(word string) string {
	order := []string{"minimal", "low", "medium", "high", "xhigh", "max"}
	at := slices.Index(order, word)
	if at < 0 || len(f.efforts) == 0 {
		return ""
	}
	for ; at > 0; at-- {
		if slices.Contains(f.efforts, order[at]) {
			return order[at]
		}
	}
	return f.efforts[0]
}

// Package claude says what models of Anthropic's Claude family take wherever
// they are hosted: how their names are read, which sampling parameters they
// have, how they are told to think. What only one host grants or denies them
// (structured answers, cache marks, system messages in mid-conversation) is
// for the host's dialect to say.
//
// The package is pure and read only.
package claude

import (
	"slices"
	"strconv"
	"strings"

	"weir/lib/dialect/effort"
)

// Issuer is who signs the thinking of these models, in every dialect.
const Issuer = "anthropic"

// Sampling is which of temperature, top_p and top_k a model takes.
type Sampling uint8

// What is taken.
const (
	AnySampling Sampling = iota // all
	OneSampling                 // temperature or top_p, not both
	NoSampling                  // none but the defaults
)

// Mode is a set of the values of thinking.type that a model takes.
type Mode uint8

// The values.
const (
	Budgeted     Mode = 1 << iota // enabled, with budget_tokens
	Adaptive                      // the model decides; an effort says how much
	Switchable                    // disabled
	BetweenTools                  // between_tools: as good as off
)

// Model is what one model takes. What is not listed here is the same for all.
type Model struct {
	Version  int // times ten: 45 is 4.5; Newest where the name has none
	Sampling Sampling
	Thinking Mode
	Thinks   bool     // where the request says nothing about it
	Efforts  []string // from low to high
	Prefill  bool     // goes on with an assistant's turn at the end
	Unforced bool     // refuses a forced tool
	System   bool     // takes system messages in mid-conversation, by the vendor's own API
	Schema   bool     // has structured answers and strict tools, by the vendor's own API
	Most     int64    // output tokens
}

// Has reports whether m takes one of the values of thinking.type in mode.
func (m *Model) Has(mode Mode) bool { return m.Thinking&mode != 0 }

// CanRest reports whether thinking can be turned off.
func (m *Model) CanRest() bool { return !m.Thinks || m.Has(Switchable|BetweenTools) }

// row is what the models of a line take from a version on.
type row struct {
	line  string // opus, sonnet, haiku …; empty: every line
	since int
	Model
}

var toMax = []string{"low", "medium", "high", "max"}

// rows are the models' rules, the newest first: the first row of a model's
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
var rows = []row{
	{"sonnet", 55, Model{Sampling: NoSampling, Thinking: Adaptive | BetweenTools, Thinks: true, Efforts: effort.ToXhigh, Unforced: true, System: true, Schema: true, Most: 128_000}},
	{"haiku", 55, Model{Sampling: NoSampling, Thinking: Adaptive | Switchable, Thinks: true, Efforts: effort.ToXhigh, System: true, Schema: true, Most: 128_000}},
	{"opus", 55, Model{Sampling: NoSampling, Thinking: Adaptive, Thinks: true, Efforts: effort.ToXhigh, Unforced: true, System: true, Schema: true, Most: 128_000}},
	{"", 51, Model{Sampling: NoSampling, Thinking: Adaptive, Thinks: true, Efforts: effort.ToXhigh, Unforced: true, System: true, Schema: true, Most: 128_000}},
	{"opus", 50, Model{Sampling: NoSampling, Thinking: Adaptive | Switchable, Thinks: true, Efforts: effort.ToXhigh, System: true, Schema: true, Most: 128_000}},
	{"sonnet", 50, Model{Sampling: NoSampling, Thinking: Adaptive | Switchable, Thinks: true, Efforts: effort.ToXhigh, Schema: true, Most: 128_000}},
	{"", 50, Model{Sampling: NoSampling, Thinking: Adaptive, Thinks: true, Efforts: effort.ToXhigh, System: true, Schema: true, Most: 128_000}},
	{"", 48, Model{Sampling: NoSampling, Thinking: Adaptive | Switchable, Efforts: effort.ToXhigh, System: true, Schema: true, Most: 128_000}},
	{"", 47, Model{Sampling: NoSampling, Thinking: Adaptive | Switchable, Efforts: effort.ToXhigh, Schema: true, Most: 128_000}},
	{"", 46, Model{Sampling: OneSampling, Thinking: Budgeted | Adaptive | Switchable, Efforts: toMax, Schema: true, Most: 128_000}},
	{"opus", 45, Model{Sampling: OneSampling, Thinking: Budgeted | Switchable, Efforts: effort.ToHigh, Prefill: true, Schema: true, Most: 64_000}},
	{"", 45, Model{Sampling: OneSampling, Thinking: Budgeted | Switchable, Prefill: true, Schema: true, Most: 64_000}},
	{"", 41, Model{Sampling: OneSampling, Thinking: Budgeted | Switchable, Prefill: true, Most: 32_000}},
	{"opus", 40, Model{Thinking: Budgeted | Switchable, Prefill: true, Most: 32_000}},
	{"", 37, Model{Thinking: Budgeted | Switchable, Prefill: true, Most: 64_000}},
	{"", 35, Model{Prefill: true, Most: 8_192}},
	{"", 0, Model{Prefill: true, Most: 4_096}},
}

// Of returns what a model takes by its name, with or without dots, dates and
// the prefixes of clouds (us.anthropic.claude-opus-4-6-v1:0). ok is false where
// the name is none of Claude's.
func Of(name string) (m Model, ok bool) {
	line, version, ok := parse(name)
	if !ok {
		return Model{}, false
	}
	i := slices.IndexFunc(rows, func(r row) bool {
		return version >= r.since && (r.line == "" || r.line == line)
	})
	m = rows[i].Model // the last row takes all
	m.Version = version
	return m, true
}

// Newest is the version of a name that has none.
const Newest = 999

// parse reads line and version out of a name: claude-opus-4-5-20251101,
// claude-3-7-sonnet-latest.
func parse(name string) (line string, version int, ok bool) {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune("-_./:@ ", r) })
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
		return Newest
	case 1:
		return 10 * numbers[0]
	}
	return 10*numbers[0] + min(numbers[1], 9)
}

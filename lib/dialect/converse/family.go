package converse

import (
	"slices"
	"strings"
)

// sampling is which of temperature, top_p and top_k a model takes.
type sampling uint8

const (
	anySampling sampling = iota // all
	oneSampling                 // temperature or top_p, not both
	noSampling                  // none but the defaults
)

// thinking is a set of ways in which a model can be told to reason.
type thinking uint8

const (
	budgeted     thinking = 1 << iota // Claude: thinking enabled, with budget_tokens
	adaptive                          // Claude: thinking adaptive; effort says how much
	switchable                        // Claude: thinking disabled
	betweenTools                      // Claude: thinking between_tools, as good as off
	novaEffort                        // reasoningConfig.maxReasoningEffort
	flatEffort                        // reasoning_effort
	nestedEffort                      // reasoning.effort
)

// places are where cache points may stand.
type places uint8

const (
	inTools places = 1 << iota
	inSystem
	inMessages

	everywhere = inTools | inSystem | inMessages
)

// family is what the models of a line take, from a version on. What is not
// listed here is the same for all.
type family struct {
	vendor string // as in the model's id; it issues the seals
	line   string // how the name behind the vendor begins; for Claude its line
	since  int    // Claude: version times ten: 45 is 4.5

	sampling sampling
	topK     string // member of additionalModelRequestFields; empty: there is none
	thinking thinking
	thinks   bool     // where the request says nothing about it
	efforts  []string // from low to high
	prefill  bool     // goes on with an assistant turn at the end
	forces   bool     // takes toolChoice any and tool
	schema   bool     // outputConfig.textFormat, strict tools
	status   bool     // toolResult.status
	apart    bool     // refuses text beside tool blocks in one message
	whole    bool     // refuses tools in a streamed request
	idSize   int      // ids of calls are this many letters and digits; 0: as the API has it
	most     int64    // output tokens; 0 unknown
	caches   places
	long     bool // cache points may ask for an hour
}

var (
	toHigh  = []string{"low", "medium", "high"}
	toMax   = []string{"low", "medium", "high", "max"}
	toXhigh = []string{"low", "medium", "high", "xhigh", "max"}
)

// The members that carry top_k; topKNova is nested.
const (
	topKPlain  = "top_k"
	topKCohere = "k"
	topKNova   = "inferenceConfig.topK"
)

// claude are the rules of Anthropic's models, the newest first: the first row
// of a model's line whose version it has reached counts, so that a model that
// is not known yet is taken for one like the newest of its line.
//
// What a model takes is the same as by Anthropic's own API (its migration
// guides and build-with-claude pages at platform.claude.com, read 2026-11), but
// for: structured answers, which Bedrock has for 4.5 and 4.6 alone
// (github.com/anomalyco/models.dev/pull/1765, github.com/truefoundry/models/pull/2502),
// and cache points, from 3.5 on, of an hour from 4.5 on
// (docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html,
// github.com/earendil-works/pi/pull/1570).
var claude = []family{
	{line: "sonnet", since: 55, sampling: noSampling, thinking: adaptive | betweenTools, thinks: true, efforts: toXhigh, most: 128_000, caches: everywhere, long: true},
	{line: "haiku", since: 55, sampling: noSampling, thinking: adaptive | switchable, thinks: true, efforts: toXhigh, forces: true, most: 128_000, caches: everywhere, long: true},
	{line: "opus", since: 55, sampling: noSampling, thinking: adaptive, thinks: true, efforts: toXhigh, most: 128_000, caches: everywhere, long: true},
	{line: "", since: 51, sampling: noSampling, thinking: adaptive, thinks: true, efforts: toXhigh, most: 128_000, caches: everywhere, long: true},
	{line: "opus", since: 50, sampling: noSampling, thinking: adaptive | switchable, thinks: true, efforts: toXhigh, forces: true, most: 128_000, caches: everywhere, long: true},
	{line: "sonnet", since: 50, sampling: noSampling, thinking: adaptive | switchable, thinks: true, efforts: toXhigh, forces: true, most: 128_000, caches: everywhere, long: true},
	{line: "", since: 50, sampling: noSampling, thinking: adaptive, thinks: true, efforts: toXhigh, forces: true, most: 128_000, caches: everywhere, long: true},
	{line: "", since: 47, sampling: noSampling, thinking: adaptive | switchable, efforts: toXhigh, forces: true, most: 128_000, caches: everywhere, long: true},
	{line: "", since: 46, sampling: oneSampling, thinking: budgeted | adaptive | switchable, efforts: toMax, forces: true, schema: true, most: 128_000, caches: everywhere, long: true},
	{line: "opus", since: 45, sampling: oneSampling, thinking: budgeted | switchable, efforts: toHigh, forces: true, schema: true, prefill: true, most: 64_000, caches: everywhere, long: true},
	{line: "", since: 45, sampling: oneSampling, thinking: budgeted | switchable, forces: true, schema: true, prefill: true, most: 64_000, caches: everywhere, long: true},
	{line: "", since: 41, sampling: oneSampling, thinking: budgeted | switchable, forces: true, prefill: true, most: 32_000, caches: everywhere},
	{line: "opus", since: 40, thinking: budgeted | switchable, forces: true, prefill: true, most: 32_000, caches: everywhere},
	{line: "", since: 37, thinking: budgeted | switchable, forces: true, prefill: true, most: 64_000, caches: everywhere},
	{line: "", since: 35, forces: true, prefill: true, most: 8_192, caches: everywhere},
	{line: "", since: 0, forces: true, prefill: true, most: 4_096},
}

// others are the rules of everybody else's models: the first row counts whose
// line the name begins with. Sources, read 2026-11:
// docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
// and prompt-caching.html and structured-output.html; for reasoning
// docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html,
// github.com/langchain-ai/docs/pull/5239, github.com/stdapi-ai/stdapi.ai/issues/283;
// for Llama github.com/strands-agents/harness-sdk/issues/1223 (text beside
// results) and 1241 (toolChoice), github.com/earendil-works/pi/issues/3739
// (streamed tools); for Mistral github.com/anomalyco/opencode/pull/48843 (ids).
var others = []family{
	{vendor: "amazon", line: "nova-2", topK: topKNova, thinking: novaEffort, efforts: toHigh, forces: true, status: true, caches: inSystem | inMessages},
	{vendor: "amazon", line: "nova", topK: topKNova, forces: true, status: true, caches: inSystem | inMessages},
	{vendor: "meta", whole: true, apart: true},
	{vendor: "mistral", topK: topKPlain, idSize: 9, schema: true},
	{vendor: "cohere", topK: topKCohere},
	{vendor: "openai", line: "gpt-oss", thinking: flatEffort, efforts: toHigh, schema: true},
	{vendor: "openai", thinking: nestedEffort, efforts: toXhigh, schema: true},
	{vendor: "moonshotai", thinking: flatEffort, efforts: toHigh, schema: true},
	{vendor: "moonshot", thinking: flatEffort, efforts: toHigh, schema: true},
	{vendor: "qwen", schema: true},
	{vendor: "deepseek", line: "v3", schema: true},
	{vendor: "minimax", schema: true},
	{vendor: "google", schema: true},
	{vendor: "nvidia", schema: true},
}

// anthropic is the vendor of Claude, and the issuer of its seals in every
// dialect.
const anthropic = "anthropic"

// stranger is the issuer of what a model signs whose maker its id does not
// tell, such as an application's inference profile.
const stranger = "bedrock"

// familyOf returns the rules of a model by its id, which may have a
// geography before it or be an ARN
// (us.anthropic.claude-sonnet-4-5-20250929-v1:0,
// arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0). Of a model
// that is not known nothing is assumed that the API does not promise for all.
func familyOf(model string) family {
	id := strings.ToLower(model)
	id = id[strings.LastIndexByte(id, '/')+1:]
	if line, version, ok := parseClaude(id); ok {
		i := slices.IndexFunc(claude, func(f family) bool {
			return version >= f.since && (f.line == "" || f.line == line)
		})
		f := claude[i] // the last row takes all
		f.vendor, f.topK, f.status = anthropic, topKPlain, true
		return f
	}
	parts := strings.Split(id, ".")
	for n := range min(2, len(parts)-1) { // behind a geography, if there is one
		name := strings.Join(parts[n+1:], ".")
		for _, f := range others {
			if f.vendor == parts[n] && strings.HasPrefix(name, f.line) {
				return f
			}
		}
	}
	if n := len(parts); n > 1 && !strings.HasPrefix(id, "arn:") {
		return family{vendor: parts[max(0, n-2)]}
	}
	return family{vendor: stranger}
}

// newest is the version of a name that has none.
const newest = 999

// parseClaude reads line and version out of a name: claude-opus-4-5-20251101,
// claude-3-7-sonnet-20250219-v1:0. ok is false where it is none of Claude's.
func parseClaude(id string) (line string, version int, ok bool) {
	_, name, ok := strings.Cut(id, "claude")
	if !ok {
		return "", 0, false
	}
	version = -1
	digits := 0
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return strings.ContainsRune("-_.:", r) }) {
		n, number := small(word)
		switch {
		case number && digits == 0:
			version, digits = 10*n, 1
		case number && digits == 1:
			version, digits = version+min(n, 9), 2
		case digits > 0 && line != "" || allDigits(word): // what follows is a date or a revision
			return line, version, true
		case line == "":
			line = word
		}
	}
	if version < 0 {
		version = newest
	}
	return line, version, true
}

// small reads a number of one or two digits.
func small(word string) (n int, ok bool) {
	if !allDigits(word) || len(word) > 2 {
		return 0, false
	}
	for _, c := range word {
		n = 10*n + int(c-'0')
	}
	return n, true
}

func allDigits(word string) bool {
	return word != "" && strings.Trim(word, "0123456789") == ""
}

// has reports whether f can be told to reason in a way of m.
func (f *family) has(m thinking) bool { return f.thinking&m != 0 }

// canRest reports whether thinking can be turned off.
func (f *family) canRest() bool { return !f.thinks || f.has(switchable|betweenTools) }

// effort returns the nearest level that f knows, the lower one where it is
// between two; empty where the word is none.
func (f *family) effort(word string) string {
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

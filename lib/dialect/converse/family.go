package converse

import (
	"strings"

	"weir/lib/dialect/claude"
	"weir/lib/dialect/effort"
	"weir/lib/dialect/history"
)

// reasoning is how a model of another maker than Claude's is told to reason.
type reasoning uint8

const (
	notToBeTold  reasoning = iota
	novaEffort             // reasoningConfig.maxReasoningEffort
	flatEffort             // reasoning_effort
	nestedEffort           // reasoning.effort
)

// places are where cache points may stand.
type places uint8

const (
	inTools places = 1 << iota
	inSystem
	inMessages

	everywhere = inTools | inSystem | inMessages
)

// family is what the models of a line take. What is not listed here is the
// same for all.
type family struct {
	vendor string // as in the model's id; it issues the seals
	line   string // how the name behind the vendor begins
	claude claude.Model

	topK    string // member of additionalModelRequestFields; empty: there is none
	reasons reasoning
	efforts []string // from low to high
	forces  bool     // takes toolChoice any and tool
	schema  bool     // outputConfig.textFormat, strict tools
	status  bool     // toolResult.status
	apart   bool     // refuses text beside tool blocks in one message
	whole   bool     // refuses tools in a streamed request
	idSize  int      // ids of calls are this many letters and digits; 0: as the API has it
	caches  places
	long    bool // cache points may ask for an hour
}

// maxName bounds the name of a tool and the id of a call ("Member must have
// length less than or equal to 64", "must satisfy regular expression pattern:
// [a-zA-Z0-9_-]+"). The service takes dots and colons in ids, too, but Claude
// does not.
const maxName = 64

// rules are those of histories.
func (f *family) rules() history.Rules {
	return history.Rules{Ordered: true, MaxName: maxName, IDSize: f.idSize}
}

// The members that carry top_k; topKNova is nested.
const (
	topKPlain  = "top_k"
	topKCohere = "k"
	topKNova   = "inferenceConfig.topK"
)

// ofClaude are the rules of one of Anthropic's models. What it takes is the
// same as by Anthropic's own API, but for: structured answers, which Bedrock has
// for 4.5 and 4.6 alone (github.com/anomalyco/models.dev/pull/1765,
// github.com/truefoundry/models/pull/2502), and cache points, from 3.5 on, of an
// hour from 4.5 on (docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html,
// github.com/earendil-works/pi/pull/1570).
func ofClaude(m claude.Model) family {
	f := family{
		vendor: claude.Issuer, claude: m, topK: topKPlain, efforts: m.Efforts, forces: !m.Unforced, status: true,
		schema: m.Version >= 45 && m.Version < 47, long: m.Version >= 45,
	}
	if m.Version >= 35 {
		f.caches = everywhere
	}
	return f
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
	{vendor: "amazon", line: "nova-2", topK: topKNova, reasons: novaEffort, efforts: effort.ToHigh, forces: true, status: true, caches: inSystem | inMessages},
	{vendor: "amazon", line: "nova", topK: topKNova, forces: true, status: true, caches: inSystem | inMessages},
	{vendor: "meta", whole: true, apart: true},
	{vendor: "mistral", topK: topKPlain, idSize: 9, schema: true},
	{vendor: "cohere", topK: topKCohere},
	{vendor: "openai", line: "gpt-oss", reasons: flatEffort, efforts: effort.ToHigh, schema: true},
	{vendor: "openai", reasons: nestedEffort, efforts: effort.ToXhigh, schema: true},
	{vendor: "moonshotai", reasons: flatEffort, efforts: effort.ToHigh, schema: true},
	{vendor: "moonshot", reasons: flatEffort, efforts: effort.ToHigh, schema: true},
	{vendor: "qwen", schema: true},
	{vendor: "deepseek", line: "v3", schema: true},
	{vendor: "minimax", schema: true},
	{vendor: "google", schema: true},
	{vendor: "nvidia", schema: true},
}

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
	if m, ok := claude.Of(id); ok {
		return ofClaude(m)
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

package anthropic

import (
	"net/http"
	"slices"
	"strings"

	"weir/lib/dialect"
	"weir/lib/dialect/claude"
	"weir/lib/fault"
	"weir/lib/wire/rawjson"
)

// hosted puts into the body what is elsewhere in the vendor's own API.
func (r *relay) hosted(root rawjson.Value, h http.Header, t dialect.Target) {
	r.edits.Remove(root, "model")
	r.edits.Remove(root, "stream")
	r.edits.Put(root, "anthropic_version", rawjson.AppendString(nil, t.Quirks.VersionInBody))
	asked := slices.Concat(h.Values(headerBeta), r.hostedTools(root, t.Model))
	r.betas(root, asked, t.Model)
}

// betaEager streams the input of tools as it is written. It was a beta before
// it became a member of each tool, which Bedrock refuses: the beta alone is
// taken there (github.com/vercel/ai/pull/17179,
// github.com/anthropics/claude-code/issues/32820).
const betaEager = "fine-grained-tool-streaming-2025-05-14"

// What the vendor's own API has for all, and Bedrock as a beta
// (docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-tool-use.html,
// github.com/Portkey-AI/gateway/pull/1452).
const (
	betaSearch   = "tool-search-tool-2025-10-19"
	betaExamples = "tool-examples-2025-10-29"
	betaContext  = "context-management-2025-06-27"
)

// hostedTools takes out of the tools what is refused there:
// eager_input_streaming, and strict but for Claude 4.5 and 4.6
// (github.com/vercel/ai/pull/17919, github.com/lobehub/lobehub/issues/19876;
// Converse has the same rule). It returns the betas that the tools need there.
func (r *relay) hostedTools(root rawjson.Value, model string) (betas []string) {
	m, ok := claude.Of(model)
	loose := ok && (m.Version < 45 || m.Version >= 47)
	for _, tool := range root.Get("tools").Elems() {
		kind, _ := tool.Get("type").Text()
		later, _ := tool.Get("defer_loading").Bool()
		eager, _ := tool.Get("eager_input_streaming").Bool()
		strict, _ := tool.Get("strict").Bool()
		if later || strings.HasPrefix(kind, "tool_search_tool") {
			betas = append(betas, betaSearch)
		}
		if tool.Get("input_examples").Exists() {
			betas = append(betas, betaExamples)
		}
		if strings.HasPrefix(kind, "memory_") {
			betas = append(betas, betaContext)
		}
		if r.edits.Remove(tool, "eager_input_streaming") && eager {
			betas = append(betas, betaEager)
		}
		if loose && r.edits.Remove(tool, "strict") && strict {
			r.lose(tool.Get("strict").Path(), "this model has no strict tools on Bedrock")
		}
	}
	slices.Sort(betas)
	return slices.Compact(betas)
}

// headerTier is where Bedrock's InvokeModel takes a tier, which Claude refuses
// in the body there
// (docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html).
const headerTier = "X-Amzn-Bedrock-Service-Tier"

// hostedTier moves service_tier into a header. auto, which is what the host
// does anyhow, says nothing; a word that is none is left for the host to judge.
func (r *relay) hostedTier(root rawjson.Value, h http.Header) {
	tier, _ := root.Get("service_tier").Text()
	switch tier {
	case "auto":
	case "standard_only":
		h.Set(headerTier, "default")
	case "default", "priority", "flex", "reserved":
		h.Set(headerTier, tier)
	default:
		return
	}
	r.edits.Remove(root, "service_tier")
}

// hostedHints takes out what only makes an answer faster or explains it, and
// which is refused there: fast mode and diagnoses of caches are Anthropic's own
// (supportedPlatforms of platform.claude.com/docs/en/build-with-claude/fast-mode,
// read 2026-11). output_format, the first name of output_config.format, is not
// known there either (github.com/BerriAI/litellm/pull/26148).
func (r *relay) hostedHints(root rawjson.Value) {
	for _, name := range []string{"speed", "diagnostics"} {
		if v := root.Get(name); v.Exists() && !v.Is("standard") {
			r.lose(v.Path(), "Bedrock does not have it")
		}
		r.edits.Remove(root, name)
	}
	format, config := root.Get("output_format"), root.Get("output_config")
	if !r.edits.Remove(root, "output_format") || !format.Exists() || config.Get("format").Exists() {
		return
	}
	if err := r.edits.Set(format.Raw(), "output_config", "format"); err != nil && r.err == nil {
		r.err = &fault.Error{Kind: fault.Invalid, Op: opRelay, Param: "output_config", Public: "output_config must be an object."}
	}
}

package price

import (
	"net/url"
	"strings"
)

// name is a name under which the book may have a model.
type name struct {
	model, region string
	regionOnly    bool // only rows of exactly this region count
}

// wildcard stands for any model in the few rows that price more than one: all
// of the built-in echo provider, and OpenRouter's free variants.
const wildcard = "*"

// names lists the names of what q asks for, in the order of preference:
//
//   - the model's own name. Of an ARN of a Bedrock foundation model or
//     system-defined inference profile that is its last part, and the region is
//     the ARN's. ARNs of application inference profiles say nothing of the
//     model, so that their price is unknown;
//   - of an OpenAI fine-tune (ft:gpt-4o-mini-2024-07-18:org::id) the part that
//     names the tuned model, which is what OpenAI prices;
//   - of a Bedrock profile of one geography (us.anthropic.…) the plain name, in
//     the region of the call only: such profiles are billed at the standard
//     price of the region that is called
//     (docs.aws.amazon.com/bedrock/latest/userguide/cross-region-inference.html,
//     read 2026-11). A global profile has a price of its own;
//   - of an OpenRouter model the row of its variant: what ends in :free costs
//     nothing (openrouter.ai/docs/guides/routing/model-variants/free, read
//     2026-11). No other variant has one;
//   - a row for all of the vendor's models.
func names(q Query) []name {
	n := name{model: q.Model, region: q.Region}
	if q.Vendor == "bedrock" {
		n = unwrapARN(n)
	}
	out := []name{n}
	switch q.Vendor {
	case "openai":
		if rest, ok := strings.CutPrefix(n.model, "ft:"); ok {
			if base, _, more := strings.Cut(rest, ":"); more {
				out = append(out, name{model: "ft:" + base, region: n.region})
			}
		}
	case "openrouter":
		if i := strings.LastIndexByte(n.model, ':'); i >= 0 {
			out = append(out, name{model: wildcard + n.model[i:], region: n.region})
		}
	case "bedrock":
		if geo, plain, ok := strings.Cut(n.model, "."); ok && geography(geo) && n.region != "" {
			out = append(out, name{model: plain, region: n.region, regionOnly: true})
		}
	}
	return append(out, name{model: wildcard, region: q.Region})
}

// unwrapARN reads arn:aws:bedrock:REGION:ACCOUNT:TYPE/ID, percent-encoded or
// not (as it stands in the path of a request).
func unwrapARN(n name) name {
	arn := n.model
	if plain, err := url.PathUnescape(arn); err == nil {
		arn = plain
	}
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "bedrock" {
		return n
	}
	kind, id, _ := strings.Cut(parts[5], "/")
	if kind == "foundation-model" || kind == "inference-profile" {
		return name{model: id, region: parts[3]}
	}
	return n
}

// geography reports whether prefix names a geography of Bedrock's inference
// profiles (docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html,
// read 2026-11).
func geography(prefix string) bool {
	switch prefix {
	case "us", "us-gov", "eu", "apac", "jp", "au", "ca":
		return true
	}
	return false
}

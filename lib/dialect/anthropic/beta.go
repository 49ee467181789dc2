package anthropic

import (
	"slices"
	"strings"

	"weir/lib/dialect/claude"
	"weir/lib/wire/rawjson"
)

// A hostedBeta is what becomes of a beta on Bedrock, which refuses a whole
// request for one that it does not know ("invalid beta flag").
type hostedBeta struct {
	as    string // its name there; empty: not taken
	until int    // taken by models before this version, times ten; 0: by all
	spare bool   // where it is not taken, nothing is lost by that
}

// hostedBetas are the betas that Bedrock takes, and those whose work is done
// without them: what they brought is there for all by now, or they only tell
// who asks. Sources, read 2026-11: what Bedrock answered to each of them
// (github.com/envoyproxy/ai-gateway/pull/2512, github.com/anthropics/claude-code
// issues 49370, 49490, 49648 and 56595, github.com/router-for-me/CLIProxyAPI
// issue 4750, github.com/earendil-works/pi/pull/3290) and what others send it
// (github.com/BerriAI/litellm, anthropic_beta_headers_config.json of 2026-10).
var hostedBetas = map[string]hostedBeta{
	"advanced-tool-use-2025-11-20":              {as: betaSearch},
	"compact-2026-01-12":                        {as: "compact-2026-01-12"},
	"computer-use-2024-10-22":                   {as: "computer-use-2024-10-22", until: 47},
	"computer-use-2025-01-24":                   {as: "computer-use-2025-01-24"},
	"computer-use-2025-11-24":                   {as: "computer-use-2025-11-24"},
	"context-1m-2025-08-07":                     {as: "context-1m-2025-08-07", until: 47, spare: true},
	betaContext:                                 {as: betaContext},
	"dangerous-tool-use-2026-09-03":             {as: "dangerous-tool-use-2026-09-03"},
	"dev-full-thinking-2025-05-14":              {as: "dev-full-thinking-2025-05-14", until: 47},
	betaEager:                                   {as: betaEager},
	"mid-conversation-output-config-2026-07-01": {as: "mid-conversation-output-config-2026-07-01"},
	"mid-conversation-tool-changes-2026-07-01":  {as: "mid-conversation-tool-changes-2026-07-01"},
	"search-results-2025-06-09":                 {as: "search-results-2025-06-09", until: 47, spare: true},
	"thinking-binding-controls-2026-08-01":      {as: "thinking-binding-controls-2026-08-01"},
	"thinking-display-updates-2026-08-18":       {as: "thinking-display-updates-2026-08-18"},
	betaExamples:                                {as: betaExamples},
	betaSearch:                                  {as: betaSearch},

	"claude-code-20250219":             {as: "claude-code-20250219", until: 47, spare: true},
	"effort-2025-11-24":                {as: "effort-2025-11-24", until: 47, spare: true},
	"interleaved-thinking-2025-05-14":  {as: "interleaved-thinking-2025-05-14", until: 47, spare: true}, // adaptive thinking is
	"output-128k-2025-02-19":           {as: "output-128k-2025-02-19", until: 47, spare: true},
	"token-efficient-tools-2025-02-19": {as: "token-efficient-tools-2025-02-19", until: 47, spare: true},

	"extended-cache-ttl-2025-04-11":            {spare: true},
	"message-batches-2024-09-24":               {spare: true},
	"oauth-2025-04-20":                         {spare: true},
	"pdfs-2024-09-25":                          {spare: true},
	"prompt-caching-2024-07-31":                {spare: true},
	"prompt-caching-scope-2026-01-05":          {spare: true}, // hostedMarks
	"structured-outputs-2025-11-13":            {spare: true},
	"structured-outputs-2025-12-15":            {spare: true},
	"token-counting-2024-11-01":                {spare: true},
	"model-context-window-exceeded-2025-08-26": {spare: true},
}

// fieldBeta names the header in losses and refusals.
const fieldBeta = "anthropic-beta"

// hostedBetasOf are the betas in the headers asked as a model on Bedrock takes
// them, each once, and those that are lost.
func hostedBetasOf(asked []string, model string) (sent, lost []string) {
	m, _ := claude.Of(model)
	for _, v := range asked {
		for name := range strings.SplitSeq(v, ",") {
			name = strings.TrimSpace(name)
			b := hostedBetas[name]
			taken := b.as != "" && (b.until == 0 || m.Version < b.until)
			switch {
			case name == "":
			case taken && !slices.Contains(sent, b.as):
				sent = append(sent, b.as)
			case !taken && !b.spare && !slices.Contains(lost, name):
				lost = append(lost, name)
			}
		}
	}
	return sent, lost
}

// betas puts into the body what is asked for by header in the vendor's own
// API.
func (r *relay) betas(root rawjson.Value, asked []string, model string) {
	sent, lost := hostedBetasOf(asked, model)
	if len(lost) > 0 {
		r.lose(fieldBeta, "Bedrock does not know "+clip(strings.ToValidUTF8(strings.Join(lost, ", "), "\ufffd"), 400))
	}
	if len(sent) == 0 {
		return
	}
	var w rawjson.Builder
	w.Open('[')
	for _, b := range sent {
		w.Str(b)
	}
	r.edits.Put(root, "anthropic_beta", w.Close(']').Take())
}

package members

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	_ "github.com/anthropics/anthropic-sdk-go/v2" // read, not called
	_ "github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	_ "github.com/openai/openai-go/v3"
)

//go:generate go test -update .
var update = flag.Bool("update", false, "write the lists anew")

// folder is where the lists are kept.
const folder = "../../../dialect/testdata/members"

// list is a file of lists: what is read of one SDK.
type list struct {
	file   string
	module string
	dirs   []string                       // of the module's packages that are read
	root   string                         // type whose members are listed
	words  []string                       // types whose words are listed; instead of root
	fix    func(path, body string) string // makes a history of what cannot stand alone
}

// lists are the files in lib/dialect/testdata/members.
var lists = []list{
	{file: "anthropic-request.txt", module: anthropicSDK, dirs: anthropicDirs, root: "BetaMessageNewParams", fix: blocks},
	{file: "anthropic-answer.txt", module: anthropicSDK, dirs: anthropicDirs, root: "BetaMessage"},
	{file: "anthropic-event.txt", module: anthropicSDK, dirs: anthropicDirs, root: "BetaRawMessageStreamEventUnion"},
	{file: "anthropic-words.txt", module: anthropicSDK, dirs: anthropicDirs, words: []string{"BetaStopReason", "AnthropicBeta", "ErrorType", "BetaUsageServiceTier", "BetaUsageSpeed", "BetaOutputConfigEffort"}},
	{file: "openai-request.txt", module: openaiSDK, dirs: openaiDirs, root: "ChatCompletionNewParams", fix: calls},
	{file: "openai-answer.txt", module: openaiSDK, dirs: openaiDirs, root: "ChatCompletion"},
	{file: "openai-chunk.txt", module: openaiSDK, dirs: openaiDirs, root: "ChatCompletionChunk"},
	{file: "openai-words.txt", module: openaiSDK, dirs: openaiDirs, words: []string{"ReasoningEffort", "ChatCompletionNewParamsServiceTier", "ChatCompletionNewParamsVerbosity", "ChatCompletionNewParamsPromptCacheRetention"}},
	{file: "converse-request.txt", module: bedrockSDK, dirs: bedrockDirs, root: "op.ConverseInput", fix: func(_, body string) string { return body }},
	{file: "converse-answer.txt", module: bedrockSDK, dirs: bedrockDirs, root: "op.ConverseOutput"},
	{file: "converse-event.txt", module: bedrockSDK, dirs: bedrockDirs, root: "ConverseStreamOutput"},
	{file: "converse-words.txt", module: bedrockSDK, dirs: bedrockDirs, words: []string{"StopReason", "ServiceTierType", "PerformanceConfigLatency", "CacheTTL", "ImageFormat", "DocumentFormat", "AudioFormat", "VideoFormat"}},
}

const (
	anthropicSDK = "github.com/anthropics/anthropic-sdk-go/v2"
	openaiSDK    = "github.com/openai/openai-go/v3"
	bedrockSDK   = "github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
)

var (
	anthropicDirs = []string{".", "shared", "shared/constant"}
	openaiDirs    = []string{".", "shared", "shared/constant"}
	bedrockDirs   = []string{".", "types"}
)

// The lists are what the SDKs have. Where an SDK has something new, go generate
// writes it down, and the dialects' tests say what becomes of it.
func TestListsAreTheSDKs(t *testing.T) {
	for _, l := range lists {
		want := l.text(t)
		name := filepath.Join(folder, l.file)
		if *update {
			if err := os.WriteFile(name, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(filepath.Clean(name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(string(got), "\n")); diff != "" {
			t.Errorf("%s is not what the SDK has; run go generate here and then the tests of lib/dialect (-SDK +file):\n%s", l.file, diff)
		}
	}
}

// text is the list as a file.
func (l list) text(t *testing.T) string {
	t.Helper()
	dir, version := module(t, l.module)
	dirs := make([]string, len(l.dirs))
	for i, d := range l.dirs {
		dirs[i] = filepath.Join(dir, d)
	}
	s, err := read(dirs...)
	if err != nil {
		t.Fatal(err)
	}
	s.lean = l.fix == nil
	var b strings.Builder
	fmt.Fprintf(&b, "# %s %s: %s\n", l.module, version, strings.Join(append(l.words, l.root), " "))
	for _, name := range l.words {
		if len(s.words[name]) == 0 {
			t.Errorf("%s has no words", name)
		}
		for _, w := range s.words[name] {
			fmt.Fprintf(&b, "%s\t%s\n", name, w)
		}
	}
	if l.root == "" {
		return b.String()
	}
	all := s.walk(l.root)
	if len(all) < 50 {
		t.Errorf("%s has %d members only", l.root, len(all))
	}
	for _, m := range all {
		body := m.Body
		if l.fix != nil {
			body = l.fix(m.Path, body)
		}
		if !json.Valid([]byte(body)) {
			t.Errorf("%s: %s", m.Path, body)
		}
		fmt.Fprintf(&b, "%s\t%s\n", m.Path, body)
	}
	return b.String()
}

// module says where a module's source is, and its version.
func module(t *testing.T, path string) (dir, version string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}} {{.Version}}", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	dir, version, _ = strings.Cut(strings.TrimSpace(string(out)), " ")
	return dir, version
}

// blocks makes a history of a block that belongs to the assistant, or to a call
// of a tool.
func blocks(path, body string) string {
	if strings.HasPrefix(path, "tool_choice") { // means nothing without tools
		return strings.TrimSuffix(body, "}") + `,"tools":[{"name":"mark","input_schema":{"type":"object"}}]}`
	}
	const (
		asked  = `"messages":[{"role":"user","content":"mark"},`
		call   = `{"role":"assistant","content":[{"type":"tool_use","id":"mark","name":"mark","input":{}}]},`
		result = `},{"role":"user","content":[{"type":"tool_result","tool_use_id":"mark"}]}]`
	)
	switch {
	case strings.Contains(path, "{system}") && !strings.Contains(path, ".content") && !strings.HasSuffix(path, "effort"): // one or the other
		return strings.Replace(body, `"role":"system"`, `"role":"system","content":"mark"`, 1)
	case strings.Contains(path, "{tool_result}"):
		return strings.Replace(body, `"messages":[`, asked+call, 1)
	case strings.Contains(path, "{user}.content[]{tool_use}"):
		body = strings.Replace(body, `"role":"user"}]`, `"role":"assistant"`+result, 1)
	case strings.Contains(path, "{thinking}"), strings.Contains(path, "{redacted_thinking}"), strings.Contains(path, "{assistant}"):
		body = strings.Replace(body, `"role":"user"}]`, `"role":"assistant"},{"role":"user","content":"mark"}]`, 1)
	default:
		return body
	}
	return strings.Replace(body, `"messages":[`, asked, 1)
}

// calls makes a history of a call of a tool, or of its result.
func calls(path, body string) string {
	const (
		call   = `"messages":[{"role":"assistant","tool_calls":[{"id":"mark","type":"function","function":{"name":"mark","arguments":"{}"}}]},`
		result = `,{"role":"tool","tool_call_id":"mark","content":"mark"}]`
	)
	const (
		first = `"messages":[{"content":"mark","role":`
		file  = `"file":{"file_data":"data:application/pdf;base64,bWFyaw=="`
	)
	if !strings.Contains(path, "{developer}") {
		body = strings.Replace(body, first+`"developer"`, first+`"user"`, 1)
	}
	if !strings.Contains(body, `"file_id"`) && !strings.Contains(body, `"file_data"`) {
		body = strings.NewReplacer(`"file":{}`, file+`}`, `"file":{"`, file+`,"`).Replace(body)
	}
	switch {
	case strings.HasPrefix(path, "tool_choice"), path == "parallel_tool_calls": // mean nothing without
		return strings.TrimSuffix(body, "}") + `,"tools":[{"type":"function","function":{"name":"mark"}}]}`
	case strings.HasPrefix(path, "messages[]{tool}"):
		return strings.Replace(body, `"messages":[`, call, 1)
	case strings.Contains(path, "tool_calls"):
		return strings.Replace(body, `"role":"assistant"}]`, `"role":"assistant"}`+result, 1)
	}
	return body
}

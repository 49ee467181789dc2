// Package strict refuses what vendors refuse: the rules of their APIs as their
// users report them, each with its wording there, so that fake providers and
// tests of translations are as hard to please as the real ones. It knows the
// wire formats and none of the code that it checks.
package strict

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Request is what is sent to a vendor.
type Request struct {
	Model string
	Count bool // only its tokens are to be counted
	Body  []byte
	// Joins takes turns of one role in a row for one turn, as the vendor does
	// (platform.claude.com/docs/en/api/messages). What is written anew is held
	// to turns that alternate: older models, and other hosts, want them so.
	Joins bool
	// Signed reports whether a signature on thinking is the vendor's; nil
	// takes any that is not empty.
	Signed func(signature string) bool
}

type body struct {
	Model      string
	MaxTokens  *int64 `json:"max_tokens"`
	System     blocks
	Messages   []turn
	Tools      []tool
	ToolChoice *struct {
		Type string
		Name string
	} `json:"tool_choice"`
	Thinking *struct {
		Type   string
		Budget int64 `json:"budget_tokens"`
	}
	OutputConfig *struct {
		Effort string
		Format *struct{ Type string }
	} `json:"output_config"`
	Temperature   *float64
	TopP          *float64 `json:"top_p"`
	TopK          *int64   `json:"top_k"`
	StopSequences []string `json:"stop_sequences"`
}

type turn struct {
	Role    string
	Content blocks
}

type cacheControl struct{ Type, TTL string }

// blocks are an array of blocks, or a string that stands for one text.
type blocks []block

// UnmarshalJSON reads either form.
func (bs *blocks) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err == nil {
		*bs = blocks{{Type: "text", Text: text}}
		return nil
	}
	return json.Unmarshal(data, (*[]block)(bs))
}

type block struct {
	Type         string
	Text         string
	Thinking     string
	Signature    string
	Data         string
	ID           string
	Name         string
	Input        json.RawMessage
	ToolUseID    string `json:"tool_use_id"`
	IsError      bool   `json:"is_error"`
	Content      blocks
	Source       *source
	CacheControl *cacheControl `json:"cache_control"`
}

type source struct {
	Type, URL, Data string
	MediaType       string `json:"media_type"`
}

type tool struct {
	Name         string
	InputSchema  map[string]any `json:"input_schema"`
	CacheControl *cacheControl  `json:"cache_control"`
}

var topMembers = []string{
	"model", "max_tokens", "system", "messages", "tools", "tool_choice", "thinking", "output_config",
	"temperature", "top_p", "top_k", "stop_sequences", "service_tier", "metadata", "stream",
}

// Anthropic returns why Anthropic's Messages API would refuse r, nil where it
// would not. Rules differ by family of models; a model that is not known is
// held to the oldest.
//
// Sources, read 2026-11: platform.claude.com/docs/en/api/messages and its
// migration guides; github.com/anthropics/claude-code issues 23440 (blank
// texts), 18947 and 8210 (pairs), 63284 (thinking), github.com/headroomlabs-ai/headroom/issues/2939
// and github.com/tghamm/Anthropic.SDK/issues/50 (cache marks),
// github.com/BerriAI/litellm/pull/15715 (most tokens),
// github.com/BerriAI/litellm/pull/39815 (marks on thinking),
// github.com/mastra-ai/mastra/issues/7507 (forced tools),
// github.com/agenticloops-ai/agentic-ai-engineering/issues/43 (prefill),
// docs.rs/gproxy-transform, claude_mid_conv_system (system messages).
func Anthropic(r Request) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(r.Body, &members); err != nil {
		return err
	}
	for name := range members {
		if !slices.Contains(topMembers, name) {
			return fmt.Errorf("%s: Extra inputs are not permitted", name)
		}
	}
	var b body
	if err := json.Unmarshal(r.Body, &b); err != nil {
		return err
	}
	if r.Signed == nil {
		r.Signed = func(s string) bool { return s != "" }
	}
	if r.Joins {
		b.Messages = joined(b.Messages)
	}
	v := verdict{body: b, traits: traitsOf(r.Model), signed: r.Signed}
	switch {
	case !r.Count && (b.MaxTokens == nil || *b.MaxTokens < 1):
		return errors.New("max_tokens: Field required")
	case !r.Count && v.most > 0 && *b.MaxTokens > v.most:
		return fmt.Errorf("max_tokens: %d > %d, which is the maximum allowed number of output tokens for %s", *b.MaxTokens, v.most, r.Model)
	case r.Count && b.MaxTokens != nil:
		return errors.New("max_tokens: Extra inputs are not permitted")
	case len(b.Messages) == 0:
		return errors.New("messages: at least one message is required")
	}
	return errors.Join(v.system(), v.messages(), v.pairs(), v.marks(), v.toolRules(), v.thinkingRules(), v.samplingRules(), v.end())
}

// traits of models, by name.
type traits struct {
	sampling                   string // any, one, none
	most                       int64  // output tokens; 0: unknown
	thinking                   []string
	prefill, forced, midSystem bool
}

// known are the models whose traits are not those of the oldest. The first one
// that a name begins with counts: more may follow, such as a date.
var known = []struct {
	name string
	traits
}{
	{"claude-3-5-haiku", traits{most: 8_192, sampling: "any", prefill: true, forced: true}},
	{"claude-sonnet-4-5", traits{most: 64_000, sampling: "one", thinking: budgets, prefill: true, forced: true}},
	{"claude-opus-4-1", traits{most: 32_000, sampling: "one", thinking: budgets, prefill: true, forced: true}},
	{"claude-opus-4-6", traits{most: 128_000, sampling: "one", thinking: []string{"enabled", "adaptive", "disabled"}, forced: true}},
	{"claude-opus-4-7", traits{most: 128_000, sampling: "none", thinking: adaptive, forced: true}},
	{"claude-opus-4-8", traits{most: 128_000, sampling: "none", thinking: adaptive, forced: true, midSystem: true}},
	{"claude-sonnet-5-5", traits{most: 128_000, sampling: "none", thinking: []string{"adaptive", "between_tools"}, midSystem: true}},
	{"claude-opus-5-5", traits{most: 128_000, sampling: "none", thinking: []string{"adaptive"}, midSystem: true}},
	{"claude-haiku-5-5", traits{most: 128_000, sampling: "none", thinking: adaptive, forced: true, midSystem: true}},
}

// Values of thinking.type that several models take.
var (
	budgets  = []string{"enabled", "disabled"}
	adaptive = []string{"adaptive", "disabled"}
)

// Most is how many output tokens a model of Anthropic's gives, 0 where that is
// not known here.
func Most(model string) int64 { return traitsOf(model).most }

func traitsOf(model string) traits {
	for _, k := range known {
		if rest, ok := strings.CutPrefix(model, k.name); ok && (rest == "" || rest[0] == '-') {
			return k.traits
		}
	}
	return traits{sampling: "any", thinking: budgets, prefill: true, forced: true}
}

// joined puts turns of one role in a row together.
func joined(turns []turn) []turn {
	var out []turn
	for _, t := range turns {
		if n := len(out); n > 0 && out[n-1].Role == t.Role && t.Role != "system" {
			out[n-1].Content = slices.Concat(out[n-1].Content, t.Content)
			continue
		}
		out = append(out, t)
	}
	return out
}

type verdict struct {
	body
	traits
	signed func(string) bool
}

func blankText(s string) bool { return strings.TrimFunc(s, unicode.IsSpace) == "" }

func (v *verdict) system() error {
	for i, b := range v.System {
		if b.Type != "text" || blankText(b.Text) {
			return fmt.Errorf("system.%d: text content blocks must contain non-whitespace text", i)
		}
	}
	return nil
}

func (v *verdict) messages() error {
	for i, m := range v.Messages {
		at := fmt.Sprintf("messages.%d", i)
		switch {
		case i == 0 && m.Role != "user":
			return errors.New(`messages: first message must use the "user" role`)
		case i > 0 && m.Role == v.Messages[i-1].Role:
			return fmt.Errorf("%s: two messages of role %s in a row", at, m.Role)
		case len(m.Content) == 0:
			return fmt.Errorf("%s: all messages must have non-empty content", at)
		case m.Role == "system" && !v.midSystem:
			return fmt.Errorf("%s: role 'system' is not supported on this model", at)
		case m.Role == "system" && (v.Messages[i-1].Role != "user" || i+1 < len(v.Messages) && v.Messages[i+1].Role != "assistant"):
			return fmt.Errorf("%s: a system message must follow a user message and be last or followed by an assistant message", at)
		}
		for j, b := range m.Content {
			if err := v.block(m.Role, b); err != nil {
				return fmt.Errorf("%s.content.%d: %w", at, j, err)
			}
		}
	}
	return nil
}

func (v *verdict) block(role string, b block) error {
	owner := map[string]string{"tool_use": "assistant", "thinking": "assistant", "redacted_thinking": "assistant", "tool_result": "user", "image": "user", "document": "user"}
	if want := owner[b.Type]; want != "" && want != role {
		return fmt.Errorf("%s in a message of role %s", b.Type, role)
	}
	switch b.Type {
	case "text":
		if blankText(b.Text) {
			return errors.New("text content blocks must contain non-whitespace text")
		}
	case "thinking":
		if !v.signed(b.Signature) {
			return fmt.Errorf("invalid `signature` in `thinking` block: %q", b.Signature)
		}
		if b.CacheControl != nil {
			return errors.New("thinking.cache_control: Extra inputs are not permitted")
		}
	case "redacted_thinking":
		if !v.signed(b.Data) {
			return fmt.Errorf("invalid `data` in `redacted_thinking` block: %q", b.Data)
		}
	case "tool_use":
		var input map[string]any
		if err := json.Unmarshal(b.Input, &input); err != nil || input == nil {
			return fmt.Errorf("input: Input should be a valid dictionary, not %s", b.Input)
		}
	case "tool_result":
		if b.IsError && len(b.Content) == 0 {
			return errors.New("content cannot be empty if `is_error` is true")
		}
		for _, c := range b.Content {
			if err := v.block("user", c); err != nil {
				return err
			}
		}
	case "image":
		if b.Source.Type == "base64" && !slices.Contains([]string{"image/jpeg", "image/png", "image/gif", "image/webp"}, b.Source.MediaType) {
			return fmt.Errorf("source.base64.media_type: %s", b.Source.MediaType)
		}
	case "document":
		if b.Source.Type == "base64" && b.Source.MediaType != "application/pdf" {
			return fmt.Errorf("source.base64.media_type: %s", b.Source.MediaType)
		}
	default:
		return fmt.Errorf("no block type %q", b.Type)
	}
	return nil
}

var validID = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

func (v *verdict) pairs() error {
	seen := map[string]bool{}
	var open map[string]bool
	for i, m := range v.Messages {
		if m.Role == "system" {
			continue
		}
		rest := false
		for _, b := range m.Content {
			if b.Type != "tool_result" {
				rest = true
				continue
			}
			if rest {
				return fmt.Errorf("messages.%d: `tool_result` blocks must come first", i)
			}
			if !open[b.ToolUseID] {
				return fmt.Errorf("messages.%d: unexpected `tool_use_id` found in `tool_result` blocks: %s", i, b.ToolUseID)
			}
			delete(open, b.ToolUseID)
		}
		if len(open) > 0 {
			return fmt.Errorf("messages.%d: `tool_use` ids were found without `tool_result` blocks immediately after: %v", i, open)
		}
		open = map[string]bool{}
		for _, b := range m.Content {
			if b.Type != "tool_use" {
				continue
			}
			if seen[b.ID] || !validID.MatchString(b.ID) {
				return fmt.Errorf("messages.%d: `tool_use` ids must be unique and match the pattern: %q", i, b.ID)
			}
			seen[b.ID], open[b.ID] = true, true
		}
	}
	if len(open) > 0 {
		return errors.New("`tool_use` ids were found without `tool_result` blocks at the end")
	}
	return nil
}

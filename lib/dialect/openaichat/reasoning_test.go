package openaichat_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/openaichat"
	"weir/lib/llm"
)

// What is asked about thinking becomes a word that the model knows, and what
// models do not take while they reason is left out; each change is told.
func TestReasoning(t *testing.T) {
	half := 0.5
	takes := dialect.Quirks{TakesReasoning: true}
	tests := []struct {
		model  string
		quirks dialect.Quirks
		asked  *llm.Reasoning
		effort string // reasoning_effort, and behind a slash the vendor's own switch
		sample bool   // temperature and stop are sent
		loss   string
	}{
		{"gpt-4o", dialect.Quirks{}, nil, "", true, ""},
		{"gpt-4o", dialect.Quirks{}, &llm.Reasoning{Off: true}, "", true, ""},
		{"gpt-4o", dialect.Quirks{}, &llm.Reasoning{Effort: "low"}, "", true, "reasoning"},
		{"openai/GPT-4.1-mini", dialect.Quirks{}, &llm.Reasoning{Budget: 2000}, "", true, "reasoning"},
		{"gpt-5-chat-latest", dialect.Quirks{}, &llm.Reasoning{Effort: "low"}, "", true, "reasoning"},
		{"o4-mini", dialect.Quirks{}, nil, "", false, ""},
		{"o4-mini", dialect.Quirks{}, &llm.Reasoning{}, "", false, ""},
		{"o4-mini", dialect.Quirks{}, &llm.Reasoning{Effort: "low"}, "low", false, ""},
		{"o4-mini", dialect.Quirks{}, &llm.Reasoning{Effort: "max"}, "high", false, "reasoning.effort"},
		{"o4-mini", dialect.Quirks{}, &llm.Reasoning{Effort: "strenuous"}, "", false, "reasoning.effort"},
		{"o4-mini", dialect.Quirks{}, &llm.Reasoning{Off: true}, "low", false, "reasoning"},
		{"gpt-5-mini", dialect.Quirks{}, &llm.Reasoning{Off: true}, "minimal", false, "reasoning"},
		{"gpt-5", dialect.Quirks{}, &llm.Reasoning{Budget: 2000}, "low", false, "reasoning.budget"},
		{"gpt-5", dialect.Quirks{}, &llm.Reasoning{Effort: "high", Budget: 2000}, "high", false, "reasoning.budget"},
		{"gpt-5.1", dialect.Quirks{}, nil, "", true, ""},
		{"gpt-5.1", dialect.Quirks{}, &llm.Reasoning{}, "medium", false, ""},
		{"gpt-5.1", dialect.Quirks{}, &llm.Reasoning{Effort: "xhigh"}, "high", false, "reasoning.effort"},
		{"gpt-5.2", dialect.Quirks{}, &llm.Reasoning{Effort: "xhigh"}, "xhigh", false, ""},
		{"gpt-5.2", dialect.Quirks{}, &llm.Reasoning{Effort: "minimal"}, "low", false, "reasoning.effort"},
		{"gpt-5.2", dialect.Quirks{}, &llm.Reasoning{Off: true}, "none", true, ""},
		{"gpt-5.2", dialect.Quirks{}, &llm.Reasoning{Effort: "low", Summary: "summarized"}, "low", false, "reasoning.display"},
		{"gpt-5.2", dialect.Quirks{}, &llm.Reasoning{Effort: "low", Summary: "omitted"}, "low", false, ""},
		{"qwen3", dialect.Quirks{}, nil, "", true, ""},
		{"qwen3", dialect.Quirks{}, &llm.Reasoning{Effort: "max"}, "max", true, ""},
		{"qwen3", dialect.Quirks{}, &llm.Reasoning{}, "", true, "reasoning"},
		{"qwen3", dialect.Quirks{}, &llm.Reasoning{Off: true}, "", true, "reasoning"},
		{"deepseek-chat", takes, &llm.Reasoning{}, "/enabled", true, ""},
		{"deepseek-chat", takes, &llm.Reasoning{Off: true}, "/disabled", true, ""},
		{"deepseek-chat", takes, &llm.Reasoning{Effort: "high", Summary: "omitted"}, "high/enabled", true, "reasoning.display"},
		{"deepseek-chat", takes, &llm.Reasoning{Effort: "high", Summary: "summarized"}, "high/enabled", true, ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %+v", tt.model, tt.asked), func(t *testing.T) {
			chat := &llm.Chat{
				Turns:  []llm.Turn{{Role: llm.User, Blocks: []llm.Block{&llm.Text{Text: "hi"}}}},
				Params: llm.Params{Reasoning: tt.asked, Temperature: &half, Stop: []string{"END"}},
			}
			out, losses, err := openaichat.Back{}.Encode(llm.OpChat, &llm.Request{Body: chat}, dialect.Target{Model: tt.model, Quirks: tt.quirks})
			if err != nil {
				t.Fatal(err)
			}
			var sent struct {
				ReasoningEffort string `json:"reasoning_effort"`
				Thinking        struct{ Type string }
				Temperature     *float64
				Stop            []string
			}
			if err := json.Unmarshal(out.Body, &sent); err != nil {
				t.Fatal(err)
			}
			var told []string
			for _, l := range losses {
				if l.Field != "temperature" && l.Field != "stop" {
					told = append(told, l.Field)
				}
			}
			word := sent.ReasoningEffort
			if sent.Thinking.Type != "" {
				word += "/" + sent.Thinking.Type
			}
			if word != tt.effort || strings.Join(told, " ") != tt.loss {
				t.Errorf("sent %q with the losses %q; want %q and %q", word, told, tt.effort, tt.loss)
			}
			lost := slices.ContainsFunc(losses, func(l llm.Loss) bool { return l.Field == "temperature" })
			if sampled := sent.Temperature != nil && len(sent.Stop) == 1; sampled != tt.sample || sampled == lost {
				t.Errorf("temperature %v, stop %q, losses %v", sent.Temperature, sent.Stop, losses)
			}
		})
	}
}

// A model that takes no tools while it reasons is kept from it where there are
// any, which is told; a vendor that has such models beside others' may differ.
func TestToolsWithoutReasoning(t *testing.T) {
	for _, tt := range []struct {
		model  string
		asked  *llm.Reasoning
		effort string
		losses int
		strict bool // a strict caller is refused
	}{
		{"gpt-5.2", &llm.Reasoning{Effort: "high"}, "high", 0, false},
		{"gpt-5.4-mini", nil, "none", 0, false},
		{"gpt-5.4-mini", &llm.Reasoning{Effort: "high"}, "none", 1, true},
		{"gpt-5.6-luna", nil, "none", 1, false},
		{"gpt-5.6-luna", &llm.Reasoning{Off: true}, "none", 0, false},
		{"gpt-6-sol", &llm.Reasoning{Budget: 2000}, "none", 1, true},
		{"gpt-6.1-sol", &llm.Reasoning{Effort: "low"}, "low", 0, false},
		{"gpt-6.1-terra", &llm.Reasoning{Effort: "low"}, "none", 1, true},
		{"openai/gpt-6-sol", &llm.Reasoning{Effort: "low"}, "low", 0, false},
	} {
		req := &llm.Request{Body: &llm.Chat{
			Turns:  []llm.Turn{{Role: llm.User, Blocks: []llm.Block{&llm.Text{Text: "hi"}}}},
			Tools:  []llm.Tool{{Name: "f"}},
			Params: llm.Params{Reasoning: tt.asked},
		}}
		out, losses, err := openaichat.Back{}.Encode(llm.OpChat, req, dialect.Target{Model: tt.model})
		if err != nil || len(losses) != tt.losses || !strings.Contains(string(out.Body), `"reasoning_effort":"`+tt.effort+`"`) {
			t.Errorf("%s, %+v: %s, losses %v, %v", tt.model, tt.asked, out.Body, losses, err)
		}
		if _, _, err := (openaichat.Back{}).Encode(llm.OpChat, req, dialect.Target{Model: tt.model, Strict: true}); (err != nil) != tt.strict {
			t.Errorf("%s, %+v, strict: %v", tt.model, tt.asked, err)
		}
	}
}

package dialect_test

import (
	"bytes"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/converse"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
)

// What is a note and what a drop is the same wherever a request is written
// anew, by what it comes to and not by who writes it: the rule of
// dialect.Losses. A note is told to strict callers, and their request is sent as
// anybody's; a drop is refused them by the same name.
func TestNotesAndDrops(t *testing.T) {
	const (
		toAnthropic = "claude-sonnet-4-5"
		toNewer     = "claude-opus-4-8" // takes no assistant's turn at the end, and no sampling
		toClaude    = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
		toNova      = "amazon.nova-pro-v1:0"
		toLlama     = "us.meta.llama4-scout-17b-instruct-v1:0"
	)
	claude := []string{toAnthropic, toClaude}
	all := append([]string{toNova}, claude...)
	const (
		tool    = `"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]`
		called  = `{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}`
		result  = `{"role":"tool","tool_call_id":"1","content":"y"}`
		picture = `"data:image/jpeg;base64,iVBORw0KGgo="` // it is a PNG
	)
	chat := openaichat.Front{}
	tests := []struct {
		name   string
		front  dialect.Front
		body   string
		models []string
		note   []string // fields that are noted
		drop   []string // fields that are dropped
	}{
		{"a turn before the assistant's first", chat, `"messages":[{"role":"assistant","content":"a"},{"role":"user","content":"b"}]`, all, []string{"messages[0].role"}, nil},
		{"behind a system prompt", chat, `"messages":[{"role":"system","content":"s"},{"role":"assistant","content":"a"},{"role":"user","content":"b"}]`, all, []string{"messages[1].role"}, nil},
		{"nothing but a system prompt", chat, `"messages":[{"role":"system","content":"s"}]`, all, []string{"messages"}, nil},
		{"a message without a text", chat, `"messages":[{"role":"user","content":""},{"role":"assistant","content":"a"},{"role":"user","content":"b"}]`, all, []string{"messages[0].content"}, nil},
		{"white space alone", chat, `"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":" "}]}]`, all, []string{"messages[0].content[1]"}, nil},
		{"a result without a text", chat, `"messages":[` + called + `,{"role":"tool","tool_call_id":"1","content":""}],` + tool, []string{toClaude, toNova}, []string{"messages[2]"}, nil},
		{"an image under another type", chat, `"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":` + picture + `}}]}]`, all, []string{"messages[0].content[0]"}, nil},
		{"a document without a text", chat, `"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0xLjQ="}}]}]`, []string{toClaude, toNova}, []string{"messages[0].content"}, nil},
		{"texts beside tool blocks", chat, `"messages":[` + called + `,` + result + `,{"role":"user","content":"z"}],` + tool, []string{toLlama}, []string{"messages[2].content"}, nil},
		{"tools of the history, not to be called", chat, `"messages":[` + called + `,` + result + `]`, []string{toAnthropic}, []string{"tools"}, nil},
		{"white space at the end of what is gone on with", chat, `"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"a "}]`, claude, []string{"messages[1].content"}, nil},

		{"tools of the history, which may be called", chat, `"messages":[` + called + `,` + result + `]`, []string{toClaude, toNova}, nil, []string{"tools"}},
		{"what is not gone on with", chat, `"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"a"}]`, []string{toNewer, toNova}, nil, []string{"messages[1].role"}},
		{"a system message in mid-conversation", chat, `"messages":[{"role":"system","content":"s"},{"role":"user","content":"x"},{"role":"system","content":"t"},{"role":"user","content":"y"}]`, all, nil, []string{"messages[2].role"}},
		{"a name", chat, `"messages":[{"role":"system","content":"s"},{"role":"user","name":"ann","content":"x"}]`, all, nil, []string{"messages[1].name"}},
		{"a value set to the end of its range", chat, `"temperature":1.5`, all, nil, []string{"temperature"}},
		{"more tokens than the model has", chat, `"max_completion_tokens":99000000`, claude, nil, []string{"max_completion_tokens"}},
		{"a stop sequence of white space", chat, `"stop":["\n"]`, all, nil, []string{"stop"}},
		{"a seed and a penalty", chat, `"seed":1,"presence_penalty":1`, all, nil, []string{"presence_penalty", "seed"}},
		{"a parameter that the model does not take", chat, `"temperature":0.5`, []string{toNewer}, nil, []string{"temperature"}},
		{"thinking that has no room", chat, `"reasoning_effort":"high","max_tokens":900`, claude, nil, []string{"reasoning_effort"}},
		{"an effort that the model does not know", chat, `"reasoning_effort":"minimal"`, []string{toNewer, "openai.gpt-oss-120b-1:0"}, nil, []string{"reasoning_effort"}},
		{"a tier that is none", chat, `"service_tier":"scale"`, all, nil, []string{"service_tier"}},
		{"any JSON", chat, `"response_format":{"type":"json_object"}`, all, nil, []string{"response_format"}},
		{"an odd user", chat, `"user":"é"`, []string{toClaude, toNova}, nil, []string{"user"}},
		{"one call at a time", anthropic.Front{}, `"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}`, []string{toClaude, toNova}, nil, []string{"tool_choice.disable_parallel_tool_use"}},
		{"a keyword that is not held to", chat, `"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"a":{"type":"integer","minimum":1}},"additionalProperties":false}}}`, claude, nil, []string{"response_format.json_schema.schema.properties.a.minimum"}},
		{"a budget that is too small", anthropic.Front{}, `"thinking":{"type":"enabled","budget_tokens":5}`, []string{toClaude}, nil, []string{"thinking.budget_tokens"}},
	}
	for _, tt := range tests {
		for _, model := range tt.models {
			t.Run(tt.name+"/"+model, func(t *testing.T) {
				body, _ := feature{chat: tt.body, messages: tt.body}.request(lane{front: tt.front})
				request := func(strict bool) (llm.Outbound, []llm.Loss, error) {
					req, err := tt.front.Decode(llm.OpChat, llm.Inbound{Raw: []byte(body)})
					if err != nil {
						t.Fatal(err)
					}
					target := dialect.Target{Model: model, Path: converse.PathConverse, Strict: strict}
					if model == toAnthropic || model == toNewer {
						target.Path = anthropic.PathMessages
						return anthropic.Back{}.Encode(llm.OpChat, req, target)
					}
					return converse.Back{}.Encode(llm.OpChat, req, target)
				}
				out, losses, err := request(false)
				if err != nil {
					t.Fatal(err)
				}
				var fields []string
				for _, l := range losses {
					fields = append(fields, l.Field)
				}
				if diff := gocmp.Diff(append(tt.note, tt.drop...), fields); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				exact, losses, err := request(true)
				switch e := fault.Of(err); {
				case len(tt.drop) == 0 && (err != nil || len(losses) != len(tt.note) || !bytes.Equal(out.Body, exact.Body)):
					t.Errorf("strict: %v, losses %v", err, losses)
				case len(tt.drop) > 0 && (e == nil || e.Kind != fault.Invalid || e.Param != tt.drop[0]):
					t.Errorf("strict: %v, want a refusal of %s", err, tt.drop[0])
				}
			})
		}
	}
}

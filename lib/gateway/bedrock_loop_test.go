package gateway_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"weir/lib/testkit/fakebedrock"
)

// loopTurns is how many times the model calls its tool before it answers.
const loopTurns = 12

// scriptLoop makes the model think, sign and call its tool, and then answer.
func scriptLoop(b *fakebedrock.Bedrock) {
	for i := range loopTurns {
		b.Script(claude, fakebedrock.Answer{
			Thinking: fmt.Sprintf("thought %d \u2028", i), Signature: fmt.Sprintf("SIG/%d+==", i),
			Calls: []fakebedrock.Call{{ID: fmt.Sprintf("tooluse_%d", i), Name: "f", Input: fmt.Sprintf(`{"n":%d,"s":"\u2028"}`, i)}},
		})
	}
	b.Script(claude, fakebedrock.Answer{Text: "the end"})
}

// checkLoop checks that the last request holds every thought with its
// signature, and every call with its result, in order.
func checkLoop(t *testing.T, b *fakebedrock.Bedrock, inOrder ...string) {
	t.Helper()
	all := b.Requests()
	if len(all) != loopTurns+1 {
		t.Fatalf("%d requests", len(all))
	}
	for _, r := range all {
		if r.Refused != nil {
			t.Fatalf("refused: %v\n%s", r.Refused, r.Body)
		}
	}
	rest := string(all[loopTurns].Body)
	for i := range loopTurns {
		for _, form := range inOrder {
			want := fmt.Sprintf(form, i)
			_, after, ok := strings.Cut(rest, want)
			if !ok {
				t.Fatalf("turn %d: no %q behind the turns before it", i, want)
			}
			rest = after
		}
	}
}

// Twelve turns of a tool loop with signed thinking, from Anthropic's front:
// relayed.
func TestTwelveTurnsFromMessages(t *testing.T) {
	r, b := withBedrock(t)
	scriptLoop(b)
	messages := []any{map[string]any{"role": "user", "content": "go"}}
	for i := range loopTurns + 1 {
		body, err := json.Marshal(map[string]any{
			"model": "b/" + claude, "max_tokens": 9000, "thinking": map[string]any{"type": "enabled", "budget_tokens": 2000},
			"tools": []any{map[string]any{"name": "f", "input_schema": map[string]any{"type": "object"}}}, "messages": messages,
		})
		if err != nil {
			t.Fatal(err)
		}
		a := r.Must(messagesPath, string(body))
		var answer struct{ Content []map[string]any }
		if err := json.Unmarshal([]byte(a.Body), &answer); err != nil || a.Status != 200 || a.Header.Get("X-Weir-Loss") != "" {
			t.Fatalf("turn %d: %d %s %v", i, a.Status, a.Body, err)
		}
		last := answer.Content[len(answer.Content)-1]
		if last["type"] == "text" {
			if last["text"] != "the end" || i != loopTurns {
				t.Errorf("turn %d ends with %v", i, last)
			}
			break
		}
		messages = append(messages, map[string]any{"role": "assistant", "content": answer.Content},
			map[string]any{"role": "user", "content": []any{map[string]any{"type": "tool_result", "tool_use_id": last["id"], "content": fmt.Sprintf("result %d", i)}}})
	}
	checkLoop(t, b, "SIG/%d+==", "thought %d ", "tooluse_%d", "result %d") // as this client sorts them
}

// The same from Chat, with its thinking_blocks: written anew for Converse.
func TestTwelveTurnsFromChat(t *testing.T) {
	r, b := withBedrock(t)
	scriptLoop(b)
	messages := []any{map[string]any{"role": "user", "content": "go"}}
	for i := range loopTurns + 1 {
		body, err := json.Marshal(map[string]any{
			"model": "b/" + claude, "max_tokens": 9000, "reasoning_effort": "low",
			"tools": []any{map[string]any{"type": "function", "function": map[string]any{"name": "f"}}}, "messages": messages,
		})
		if err != nil {
			t.Fatal(err)
		}
		a := r.Must(chatPath, string(body))
		var answer struct {
			Choices []struct{ Message map[string]any }
		}
		if err := json.Unmarshal([]byte(a.Body), &answer); err != nil || a.Status != 200 || a.Header.Get("X-Weir-Loss") != "" {
			t.Fatalf("turn %d: %d %v %s %v", i, a.Status, a.Header, a.Body, err)
		}
		message := answer.Choices[0].Message
		calls, _ := message["tool_calls"].([]any)
		if len(calls) == 0 {
			if message["content"] != "the end" || i != loopTurns {
				t.Errorf("turn %d ends with %v", i, message)
			}
			break
		}
		call, _ := calls[0].(map[string]any)
		messages = append(messages, message, map[string]any{"role": "tool", "tool_call_id": call["id"], "content": fmt.Sprintf("result %d", i)})
	}
	checkLoop(t, b, "thought %d ", "SIG/%d+==", "tooluse_%d", "result %d")
}

// Clients that do not send thinking back go on with thinking off, and a loss.
func TestALoopWithoutItsThinking(t *testing.T) {
	r, b := withBedrock(t)
	a := r.Must(chatPath, `{"model":"b/`+claude+`","max_tokens":9000,"reasoning_effort":"low","tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"go"},
 {"role":"assistant","tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t1","content":"x"}]}`)
	if a.Status != 200 || !strings.Contains(a.Header.Get("X-Weir-Loss"), "reasoning_effort") {
		t.Errorf("%d %v %s", a.Status, a.Header, a.Body)
	}
	if sent := b.Requests()[0]; sent.Refused != nil || strings.Contains(string(sent.Body), "budget_tokens") {
		t.Errorf("%v %s", sent.Refused, sent.Body)
	}
	if a := r.Must(chatPath, `{"model":"b/`+claude+`","seed":1,"messages":[{"role":"user","content":"go"}]}`, "X-Weir-Strict", "true"); a.Status != 400 {
		t.Errorf("strict: %d %s", a.Status, a.Body)
	}
}

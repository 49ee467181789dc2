package dialect_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/converse"
	"weir/lib/dialect/openaichat"
	"weir/lib/llm"
	"weir/lib/wire"
)

// answerLane is one way from a target back to a front of another dialect.
type answerLane struct {
	name  string
	back  dialect.Back
	front dialect.Front
	model string
}

// answerLanes are the columns of the page's second table, in the order of
// answerFeature.want.
var answerLanes = []answerLane{
	{"Anthropic → Chat", anthropic.Back{}, openaichat.Front{}, "claude-sonnet-4-5"},
	{"Bedrock → Chat", converse.Back{}, openaichat.Front{}, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"},
	{"OpenAI → Messages", openaichat.Back{}, anthropic.Front{}, "gpt-4o"},
	{"Bedrock → Messages", converse.Back{}, anthropic.Front{}, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"},
}

// upstream returns f as the target of l answers it, whole; ok is false where
// the target has no word for it.
func (f answerFeature) upstream(l answerLane) (body string, ok bool) {
	var members string
	var rest []string
	switch l.back.Name() {
	case anthropic.Name:
		members = f.anthropic
		rest = []string{
			`"id":"msg_1"`, `"type":"message"`, `"role":"assistant"`, `"model":"the-model"`, `"content":[{"type":"text","text":"x"}]`,
			`"stop_reason":"end_turn"`, `"stop_sequence":null`, `"usage":{"input_tokens":1,"output_tokens":2}`,
		}
	case converse.Name:
		members = f.converse
		rest = []string{
			`"output":{"message":{"role":"assistant","content":[{"text":"x"}]}}`, `"stopReason":"end_turn"`,
			`"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}`, `"metrics":{"latencyMs":1}`,
		}
	default:
		members = f.chat
		rest = []string{
			`"id":"chatcmpl-1"`, `"object":"chat.completion"`, `"created":1`, `"model":"the-model"`,
			`"choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]`,
			`"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}`,
		}
	}
	if members == "" {
		return "", false
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal([]byte("{"+members+"}"), &given); err != nil {
		panic(f.name + ": " + err.Error())
	}
	for _, r := range rest {
		name, _, _ := strings.Cut(strings.TrimPrefix(r, `"`), `"`)
		if _, ok := given[name]; !ok {
			members += "," + r
		}
	}
	return "{" + members + "}", true
}

// answered is what a front makes of an answer, and what it and the target's
// reader say is lost.
func answered(l answerLane, chunks llm.Stream, stream bool) (out string, fields []string, err error) {
	req := request(stream)
	if c, ok := req.Body.(*llm.Chat); ok {
		c.Params.Stop = []string{"MARK", "OTHER"}
	}
	enc := l.front.Answer(req, dialect.Head{CallID: "c", Model: "m"})
	var b strings.Builder
	write := func(frames []llm.Frame) {
		for _, f := range frames {
			fmt.Fprintf(&b, "%s\n", f.Data)
		}
	}
	for c, err := range chunks {
		if err != nil {
			return "", nil, err
		}
		for _, ev := range c.Events {
			if d, ok := ev.(llm.Dropped); ok {
				fields = append(fields, "`"+d.Loss.Field+"`")
			}
			frames, losses := enc.Event(ev)
			write(frames)
			for _, loss := range losses {
				fields = append(fields, "`"+loss.Field+"`")
			}
		}
	}
	write(enc.End())
	slices.Sort(fields)
	return b.String(), slices.Compact(fields), nil
}

// outcome is what becomes of f on l, in the page's words. silent says that it
// is neither in what the caller gets nor told of.
func (f answerFeature) outcome(l answerLane) (words string, silent bool, err error) {
	streamed, silently, err := f.become(l, true)
	if err != nil {
		return "", silently, err
	}
	whole, silent, err := f.become(l, false)
	if words = whole; streamed != whole {
		words = "streamed: " + streamed + "; whole: " + whole
	}
	return words, silent || silently, err
}

// become is what becomes of f on l in an answer that is streamed, or whole.
func (f answerFeature) become(l answerLane, stream bool) (words string, silent bool, err error) {
	body, ok := f.upstream(l)
	if !ok {
		return "–", false, nil
	}
	target := dialect.Target{Model: l.model}
	var chunks llm.Stream
	if stream {
		chunks = l.back.Stream(llm.OpChat, llm.Outbound{}, target, frames(l, body))
	} else {
		chunks = func(yield func(llm.Chunk, error) bool) {
			yield(l.back.Unary(llm.OpChat, llm.Outbound{}, target, []byte(body)))
		}
	}
	out, fields, err := answered(l, chunks, stream)
	if err != nil {
		return "", false, fmt.Errorf("%w: %s", err, body)
	}
	there := slices.ContainsFunc(f.marks, func(m string) bool { return strings.Contains(out, m) })
	told := strings.Join(fields, " ")
	switch {
	case there && told == "":
		return "carried", false, nil
	case there:
		return "in part " + told, false, nil
	case told == "":
		return "lost without a word: " + out, true, nil
	}
	return "loss " + told, false, nil
}

// frames is a whole answer as the target of l streams it.
func frames(l answerLane, body string) wire.Frames {
	var all []wire.Frame
	switch l.back.Name() {
	case anthropic.Name:
		all = anthropicFrames(body)
	case converse.Name:
		all = converseFrames(body)
	default:
		all = chatFrames(body)
	}
	return func(yield func(wire.Frame, error) bool) {
		for _, f := range all {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// Every part of an answer fares on every lane as the table says, whether it is
// streamed or whole; none is lost without a word.
func TestLossesOfAnswers(t *testing.T) {
	for _, f := range answerFeatures {
		for i, l := range answerLanes {
			got, silent, err := f.outcome(l)
			if err != nil || silent {
				t.Errorf("%s, %s: lost without a word: %v; %v", f.name, l.name, silent, err)
			}
			if len(f.want) != len(answerLanes) || got != f.want[i] {
				t.Errorf("%s, %s: %s", f.name, l.name, got)
			}
		}
	}
}

// answerPage is the second half of LOSSES.md.
func answerPage() string {
	var b strings.Builder
	b.WriteString("\n## Answers\n\nMade from the table in `answer_features_test.go`, and held to what the dialects do with answers that are streamed and with whole ones.\n\n" +
		"What of an answer is lost or carried in part is in the call's row (`losses`, and `weir calls`) and nowhere else: the headers have left before it is known. " +
		"`x-weir-strict` has no say here. A field is named by the provider's word, or, where it is the caller's dialect that cannot say it, by that dialect's.\n\n" +
		"What tells of the provider's machinery and not of the answer (`system_fingerprint`, `metrics`, `trace`, times of creation) is left out, and that is no loss.\n\n")
	rows := [][]string{{"part of an answer"}}
	for _, l := range answerLanes {
		rows[0] = append(rows[0], l.name)
	}
	for _, f := range answerFeatures {
		rows = append(rows, append([]string{f.name}, f.want...))
	}
	return b.String() + tableOf(rows)
}

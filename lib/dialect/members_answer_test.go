package dialect_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/dialect/converse"
	"weir/lib/dialect/openaichat"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/wire"
)

// told is a provider's answer as the gateway reads it.
type told struct {
	events []llm.Event
	frames []string
}

// scene reads an answer that has the document of one member in it.
type scene struct {
	file string
	read func(path, body string) (told, error)
	// to are the fronts of the other dialects.
	to []dialect.Front
}

func scenes() []scene {
	chat, messages := []dialect.Front{openaichat.Front{}}, []dialect.Front{anthropic.Front{}}
	both := slices.Concat(chat, messages)
	return []scene{
		{"anthropic-answer.txt", unary(anthropic.Back{}), chat},
		{"anthropic-event.txt", streamed(anthropic.Back{}, messageOf), chat},
		{"openai-answer.txt", unary(openaichat.Back{}), messages},
		{"openai-chunk.txt", streamed(openaichat.Back{}, chunksOf), messages},
		{"converse-answer.txt", unary(converse.Back{}), both},
		{"converse-event.txt", streamed(converse.Back{}, eventsOf), both},
	}
}

const claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"

func unary(back dialect.Back) func(_, body string) (told, error) {
	return func(_, body string) (told, error) {
		c, err := back.Unary(llm.OpChat, llm.Outbound{}, dialect.Target{Model: claude}, []byte(body))
		return told{events: c.Events, frames: []string{string(c.Frame.Data)}}, err
	}
}

// streamed reads the stream that whole makes of one event.
func streamed(back dialect.Back, whole func(path, body string) []wire.Frame) func(path, body string) (told, error) {
	return func(path, body string) (told, error) {
		frames := func(yield func(wire.Frame, error) bool) {
			for _, f := range whole(path, body) {
				if !yield(f, nil) {
					return
				}
			}
		}
		var out told
		for c, err := range back.Stream(llm.OpChat, llm.Outbound{}, dialect.Target{Model: claude}, frames) {
			if err != nil {
				return out, err
			}
			out.events = append(out.events, c.Events...)
			out.frames = append(out.frames, string(c.Frame.Data))
		}
		return out, nil
	}
}

func framesOf(bodies ...string) []wire.Frame {
	out := make([]wire.Frame, len(bodies))
	for i, b := range bodies {
		out[i].Data = []byte(b)
	}
	return out
}

// messageOf is a stream of Anthropic's with one event.
func messageOf(path, body string) []wire.Frame {
	const (
		start = `{"type":"message_start","message":{"id":"i","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}}`
		stop  = `{"type":"content_block_stop","index":0}`
		delta = `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}`
		end   = `{"type":"message_stop"}`
	)
	block := func(kind string) string {
		return `{"type":"content_block_start","index":0,"content_block":` + kind + `}`
	}
	switch {
	case strings.HasPrefix(path, "{message_start}"):
		return framesOf(body, delta, end)
	case strings.HasPrefix(path, "{message_delta}"):
		return framesOf(start, block(`{"type":"text","text":"mark"}`), stop, body, end)
	case strings.HasPrefix(path, "{message_stop}"):
		return framesOf(start, delta, body)
	case strings.HasPrefix(path, "{content_block_start}"):
		return framesOf(start, body, stop, delta, end)
	}
	kind := `{"type":"text","text":""}`
	switch {
	case strings.Contains(body, "thinking_delta"), strings.Contains(body, "signature_delta"):
		kind = `{"type":"thinking","thinking":"","signature":""}`
	case strings.Contains(body, "input_json_delta"):
		kind = `{"type":"tool_use","id":"i","name":"n","input":{}}`
	case strings.Contains(body, "compaction_delta"):
		kind = `{"type":"compaction","content":null}`
	}
	return framesOf(start, block(kind), body, stop, delta, end)
}

// chunksOf is a stream of OpenAI's with one chunk.
func chunksOf(_, body string) []wire.Frame {
	return framesOf(body,
		`{"id":"i","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, `[DONE]`)
}

// eventsOf is a stream of Bedrock's with one event.
func eventsOf(path, body string) []wire.Frame {
	name := strings.TrimPrefix(path, "{")
	name, _, _ = strings.Cut(name, "}")
	payload := strings.TrimSuffix(strings.TrimPrefix(body, `{"`+name+`":`), "}")
	all := []wire.Frame{
		{Name: "messageStart", Data: []byte(`{"role":"assistant"}`)},
		{Name: "contentBlockStart", Data: []byte(`{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"i","name":"n"}}}`)},
		{Name: "contentBlockStop", Data: []byte(`{"contentBlockIndex":0}`)},
		{Name: "messageStop", Data: []byte(`{"stopReason":"end_turn"}`)},
		{Name: "metadata", Data: []byte(`{"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`)},
	}
	f := wire.Frame{Name: name, Data: []byte(payload)}
	at := slices.IndexFunc(all, func(f wire.Frame) bool { return f.Name == name })
	switch {
	case at >= 0:
		all[at] = f
	case strings.Contains(path, "{toolUse}"):
		all = slices.Insert(all, 2, f)
	default: // other blocks have no start
		all = slices.Replace(all, 1, 2, f)
	}
	return all
}

// shown is what a caller of front sees of an answer, whole and streamed, with
// what is told as lost.
func shown(front dialect.Front, events []llm.Event) string {
	var b strings.Builder
	for _, stream := range []bool{false, true} {
		enc := front.Answer(request(stream), dialect.Head{CallID: "c", Model: "m"})
		write := func(fs []llm.Frame) {
			for _, f := range fs {
				fmt.Fprintf(&b, "%s %s\n", f.Name, f.Data)
			}
		}
		for _, ev := range events {
			if d, ok := ev.(llm.Dropped); ok {
				fmt.Fprintf(&b, "lost %s\n", d.Loss.Field)
			}
			fs, losses := enc.Event(ev)
			write(fs)
			for _, l := range losses {
				fmt.Fprintf(&b, "lost %s\n", l.Field)
			}
		}
		write(enc.End())
	}
	return b.String()
}

// fate says what a caller of front gets of m in an answer; it is empty where it
// is lost without a word. A part of something that is told as lost is told.
func (s scene) fate(t *testing.T, m member, front dialect.Front) string {
	t.Helper()
	with, err := s.read(m.path, sorted(t, m.body))
	if err != nil {
		t.Fatal(err)
	}
	saw := shown(front, with.events)
	varied := false
	for names := m.names(); len(names) > 0; names = names[:len(names)-1] {
		part := member{path: strings.Join(names, "."), body: m.body}
		whole := len(names) == len(m.names())
		for _, other := range []bool{false, true} {
			body, ok := part.vary(other)
			if !ok {
				continue
			}
			without, err := s.read(m.path, body)
			if err != nil {
				continue
			}
			varied = varied || whole
			switch sees := shown(front, without.events); {
			case whole && sees != saw:
				return "carried"
			case lostIn(saw) != lostIn(sees):
				return "loss"
			}
		}
	}
	for _, kind := range m.variants() {
		if strings.Contains(lostIn(saw), kind) {
			return "loss"
		}
	}
	if !varied {
		return "its parts"
	}
	return ""
}

// variants are the kinds that a path goes through: {text} and the like.
func (m member) variants() (kinds []string) {
	for part := range strings.SplitSeq(m.path, "{") {
		if kind, _, ok := strings.Cut(part, "}"); ok {
			kinds = append(kinds, strings.TrimSuffix(kind, "[]"))
		}
	}
	return kinds
}

// lostIn are the losses in what is shown.
func lostIn(shown string) string {
	var b strings.Builder
	for line := range strings.Lines(shown) {
		if strings.HasPrefix(line, "lost ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// untold are members of answers that a caller of another dialect does not miss,
// by how their paths begin or end.
var untold = map[string][]struct{ path, why string }{
	"anthropic-answer.txt": {
		{"container", "only who asks for one has it, and only this dialect can ask"},
		{"context_management", "only who asks for it has it, and only this dialect can ask"},
		{"diagnostics", "only who asks for it has it, and only this dialect can ask"},
		{"input_transformations", "of a beta, which only this dialect can turn on"},
		{"stop_reason", "the end of a turn, which is as good as nothing"},
		{"stop_sequence", "met, but not the reason"},
		{"content[]{tool_use}.caller", "another than the model only in this dialect's own tools"},
		{"content[]{tool_use}.toolset_name", "of this dialect's own tools"},
		{"usage.cache_creation", "a part of what is told: the lives of what is written to the cache"},
		{"usage.fallback_credit", "only this dialect can present one"},
		{"usage.inference_geo", "for the bill"},
		{"usage.iterations", "for the bill"},
		{"usage.server_tool_use", "for the bill, of tools of this dialect alone"},
	},
	"openai-answer.txt": {
		{"created", "when it was made: callers of the other dialect are never told"},
		{"metadata", "the caller's own"},
		{"moderation", "only this dialect can ask for it"},
		{"service_tier", "auto, which is no tier"},
		{"system_fingerprint", "for seeds, which the other dialect does not have"},
		{"choices[].finish_reason", "the end of a turn, which is as good as nothing"},
		{"choices[].index", "the first"},
		{"choices[].logprobs", "only this dialect can ask for them"},
		{"choices[].delta.role", "always the assistant's"},
		{"choices[].delta.tool_calls[].", "a call without a name, or its type"},
		{"choices[].delta", "empty"},
		{"choices", "empty"},
		{"obfuscation", "there to be ignored"},
		{"usage.total_tokens", "the sum of the others"},
		{"usage.completion_tokens_details", "a part of what is told"},
		{"usage.prompt_tokens_details", "a part of what is told"},
	},
	"converse-answer.txt": {
		{"metrics", "the gateway measures by itself"},
		{"stopReason", "the end of a turn, which is as good as nothing"},
		{"additionalModelResponseFields", "only what is asked for, which is the stop sequence"},
		{"performanceConfig", "standard, which is no tier"},
		{"trace", "of guardrails and routers that nobody asked to be traced"},
		{"usage.totalTokens", "the sum of the others"},
		{"usage.cacheDetails[].ttl", "five minutes, which is the default"},
	},
}

// alone are members that are no answer by themselves: arguments, and no name of
// what they are for.
var alone = map[string]bool{
	"choices[].delta.function_call.arguments":         true,
	"choices[].delta.tool_calls[].function.arguments": true,
}

// misses reports whether a caller of another dialect misses m.
func (s scene) misses(m member) bool {
	list, path := s.file, m.path
	switch s.file {
	case "anthropic-event.txt":
		list = "anthropic-answer.txt"
		for _, at := range []string{"{message_start}.message.", "{message_delta}.delta.", "{message_delta}."} {
			path = strings.TrimPrefix(path, at)
		}
		path = strings.Replace(path, "{content_block_start}.content_block{", "content[]{", 1)
		if strings.HasPrefix(m.path, "{message_start}.message.stop_") { // said at the end
			return false
		}
		if strings.HasSuffix(path, ".index") || path == "usage.output_tokens" || strings.HasSuffix(path, ".estimated_tokens") {
			return false // blocks are counted anew; the count of the start is none yet; of a beta
		}
	case "openai-chunk.txt":
		list = "openai-answer.txt"
	case "converse-event.txt":
		list = "converse-answer.txt"
	}
	return !slices.ContainsFunc(untold[list], func(u struct{ path, why string }) bool {
		return path == u.path || strings.HasPrefix(path, u.path+".") || strings.HasPrefix(path, u.path+"{") || strings.HasPrefix(path, u.path+"[") || strings.HasSuffix(u.path, ".") && strings.HasPrefix(path, u.path)
	})
}

// Whatever the SDKs can read goes byte for byte to callers of the provider's
// dialect; others are shown it in their words, or it is told as lost.
func TestMembersOfAnswers(t *testing.T) {
	for _, s := range scenes() {
		for _, m := range membersIn(t, s.file) {
			with, err := s.read(m.path, m.body)
			if alone[m.path] {
				if fault.KindOf(err) != fault.TargetFailed {
					t.Errorf("%s, %s: taken for an answer, %v: %s", s.file, m.path, err, m.body)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, %s: %v: %s", s.file, m.path, err, m.body)
				continue
			}
			if len(s.to) == 1 && !slices.Contains(with.frames, m.body) {
				t.Errorf("%s, %s: %s is not relayed as it is: %s", s.file, m.path, m.body, with.frames)
			}
			for _, front := range s.to {
				if s.fate(t, m, front) == "" && s.misses(m) {
					t.Errorf("%s to %s, %s: lost without a word: %s", s.file, front.Name(), m.path, m.body)
				}
			}
		}
	}
}

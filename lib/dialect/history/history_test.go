package history_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"weir/lib/dialect"
	"weir/lib/dialect/history"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/testkit/hubtest"
)

// plain is a format that takes all but opaque blocks, and thinking that is
// signed.
type plain struct{ *dialect.Losses }

func (p plain) Thinking(b *llm.Thinking) llm.Block {
	if b.Seal == nil {
		p.Drop(llm.FieldThinking, "unsigned")
		return nil
	}
	return b
}

func (p plain) Media(b *llm.Media) llm.Block { return b }

func (p plain) Opaque(b *llm.Opaque) llm.Block {
	history.Foreign(b, p.Losses)
	return nil
}

func (p plain) Result(b *llm.ToolResult) { history.Fill(b, p.Losses) }

// normal puts turns into normal form; strict refuses what is dropped.
func normal(r history.Rules, strict bool, turns ...llm.Turn) (*history.History, *dialect.Losses) {
	c := hubtest.Place(&llm.Chat{Turns: turns})
	l := dialect.NewLosses("test", &llm.Request{Body: c}, dialect.Target{Strict: strict})
	return history.Normal(c, plain{l}, r, l), l
}

func user(b ...llm.Block) llm.Turn      { return llm.Turn{Role: llm.User, Blocks: b} }
func assistant(b ...llm.Block) llm.Turn { return llm.Turn{Role: llm.Assistant, Blocks: b} }
func system(b ...llm.Block) llm.Turn    { return llm.Turn{Role: llm.System, Blocks: b} }

func say(s string) llm.Block { return &llm.Text{Text: s} }
func signed() llm.Block {
	return &llm.Thinking{Text: "hm", Mark: llm.Mark{Seal: &llm.Seal{Issuer: "x", Data: "s"}}}
}

func use(id, input string) llm.Block {
	return &llm.ToolUse{CallID: id, Name: "f", Input: json.RawMessage(input)}
}

func result(id string, b ...llm.Block) llm.Block { return &llm.ToolResult{CallID: id, Content: b} }

// shown is a history on one line.
func shown(h *history.History) string {
	var all []string
	if len(h.System) > 0 {
		all = append(all, "prompt "+words(h.System))
	}
	for _, m := range h.Messages {
		all = append(all, string(m.Role)+" "+words(m.Blocks))
	}
	return strings.Join(all, "; ")
}

func words(blocks []llm.Block) string {
	var all []string
	for _, b := range blocks {
		switch b := b.(type) {
		case *llm.Text:
			all = append(all, b.Text)
		case *llm.Thinking:
			all = append(all, "<hm>")
		case *llm.ToolUse:
			all = append(all, "call:"+b.CallID+string(b.Input))
		case *llm.ToolResult:
			all = append(all, "result:"+b.CallID+"("+words(b.Content)+")")
		case *llm.Media:
			all = append(all, b.Kind)
		case *llm.Opaque:
			all = append(all, b.Type)
		}
	}
	return strings.Join(all, ", ")
}

// What becomes of histories that are normal elsewhere, and what callers are
// told of it: a strict one is refused what is lost, and told what was added.
func TestNormal(t *testing.T) {
	tests := []struct {
		name  string
		rules history.Rules
		turns []llm.Turn
		want  string
		told  string // fields, those that a strict caller is refused with ! before them
	}{
		{"one side after another", history.Rules{}, []llm.Turn{user(say("a")), user(say("b")), assistant(say("c")), assistant(say("d"))}, "user a, b; assistant c, d", ""},
		{"nothing", history.Rules{}, nil, "user (no text)", "messages"},
		{"the assistant first", history.Rules{}, []llm.Turn{assistant(say("a")), user(say("b"))}, "user (the assistant begins); assistant a; user b", "messages[0].role"},
		{"an empty message", history.Rules{}, []llm.Turn{user(), assistant(say("a"))}, "user (no text); assistant a", "messages[0].content"},
		{"blank texts", history.Rules{}, []llm.Turn{user(say("a"), say(""), say(" \n")), assistant(say("\t")), user(say("b"))}, "user a, b", "messages[0].content[2] messages[1].content[0]"},
		{"a name", history.Rules{}, []llm.Turn{{Role: llm.User, Name: "ann", Blocks: []llm.Block{say("a")}}}, "user a", "!messages[0].name"},
		{"a system message first", history.Rules{}, []llm.Turn{system(say("s")), user(say("a"))}, "prompt s; user a", ""},
		{
			"system messages in between",
			history.Rules{},
			[]llm.Turn{user(say("a")), system(say("s")), user(say("b")), assistant(say("c")), system(say("t"))},
			"user a, s, b; assistant c; user t", "!messages[1].role !messages[4].role",
		},
		{
			"system messages that may stand in between",
			history.Rules{System: true},
			[]llm.Turn{user(say("a")), system(say("s")), assistant(say("c")), user(say("d")), system(say("t")), user(say("e"))},
			"user a; system s; assistant c; user d, t, e", "!messages[4].role",
		},
		{"a system message alone between the assistant's", history.Rules{System: true}, []llm.Turn{user(say("a")), assistant(say("b")), system(say("s")), assistant(say("c"))}, "user a; assistant b; user s; assistant c", "!messages[2].role"},
		{"an empty system message", history.Rules{}, []llm.Turn{user(say("a")), assistant(signed()), system(say("")), assistant(say("b"))}, "user a; assistant <hm>, b", ""},
		{"thinking alone", history.Rules{}, []llm.Turn{user(say("a")), assistant(signed()), user(say("b"))}, "user a, b", "!thinking"},
		{"thinking alone, and then a system message", history.Rules{}, []llm.Turn{assistant(signed()), system(say("s")), user(say("b"))}, "prompt s; user b", "!thinking"},
		{"thinking at the end", history.Rules{}, []llm.Turn{user(say("a")), assistant(signed(), say("b"), signed()), assistant(signed())}, "user a; assistant <hm>, b", "!thinking"},
		{"thinking before a text in another turn", history.Rules{}, []llm.Turn{user(say("a")), assistant(signed()), assistant(say("b"))}, "user a; assistant <hm>, b", ""},
		{"unsigned thinking", history.Rules{}, []llm.Turn{user(say("a")), assistant(&llm.Thinking{Text: "hm"}, say("b"))}, "user a; assistant b", "!thinking"},
		{
			"results in turns of their own, after a text",
			history.Rules{},
			[]llm.Turn{user(say("a")), assistant(use("1", ""), use("2", " {} ")), user(say("b"), result("2", say("y"))), user(result("1", say("x")))},
			"user a; assistant call:1{}, call:2{}; user result:2(y), result:1(x), b", "",
		},
		{
			"results in order",
			history.Rules{Ordered: true},
			[]llm.Turn{user(say("a")), assistant(use("1", "null"), use("2", "")), user(result("2", say("y")), result("1", say("x")), say("b"))},
			"user a; assistant call:1{}, call:2{}; user result:1(x), result:2(y), b", "",
		},
		{
			"a result without a word",
			history.Rules{},
			[]llm.Turn{user(say("a")), assistant(use("1", "")), user(result("1", say(" "), say("")))},
			"user a; assistant call:1{}; user result:1((no text))", "messages[2].content[0].content[0] messages[2].content[0]",
		},
		{
			"ids that repeat",
			history.Rules{},
			[]llm.Turn{user(say("a")), assistant(use("c:0", "")), user(result("c:0", say("x"))), assistant(use("c:0", "")), user(result("c:0", say("y")))},
			"user a; assistant call:c_0{}; user result:c_0(x); assistant call:c_0_2{}; user result:c_0_2(y)", "",
		},
		{"a signature on a call", history.Rules{}, []llm.Turn{
			user(say("a")), assistant(&llm.ToolUse{CallID: "1", Mark: llm.Mark{Seal: &llm.Seal{Data: "s"}}}), user(result("1", say("x"))),
		}, "user a; assistant call:1{}; user result:1(x)", "!messages[1].content[0]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, l := normal(tt.rules, false, tt.turns...)
			if got := shown(h); got != tt.want || l.Err() != nil {
				t.Errorf("got  %s\nwant %s\n%v", got, tt.want, l.Err())
			}
			var fields, refused []string
			for field := range strings.FieldsSeq(tt.told) {
				name, drop := strings.CutPrefix(field, "!")
				if fields = append(fields, name); drop {
					refused = append(refused, name)
				}
			}
			var told []string
			for _, loss := range l.All() {
				told = append(told, loss.Field)
			}
			if diff := gocmp.Diff(fields, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			h, l = normal(tt.rules, true, tt.turns...)
			switch e := fault.Of(l.Err()); {
			case len(refused) == 0 && (e != nil || shown(h) != tt.want):
				t.Errorf("strict: %v, %s", e, shown(h))
			case len(refused) > 0 && (e == nil || e.Param != refused[0]):
				t.Errorf("strict: %v, want a refusal of %s", e, refused[0])
			}
		})
	}
}

// What is wrong in every dialect is an error at the block that is wrong.
func TestRefusals(t *testing.T) {
	hi := say("hi")
	names := history.Rules{MaxName: 64}
	tests := []struct {
		name     string
		rules    history.Rules
		turns    []llm.Turn
		at, text string
	}{
		{"no result", history.Rules{}, []llm.Turn{user(hi), assistant(hi, use("a", "")), user(hi)}, "messages[1].content[1]", `the call "a" of the tool "f" has no result in the message after it`},
		{"one of two without a result", history.Rules{}, []llm.Turn{user(hi), assistant(use("a", ""), use("b", "")), user(result("a"))}, "messages[1].content[1]", `the call "b" of the tool "f"`},
		{"a call at the end", history.Rules{}, []llm.Turn{user(hi), assistant(use("a", ""))}, "messages[1].content[0]", `the call "a"`},
		{"the assistant goes on", history.Rules{}, []llm.Turn{user(hi), assistant(use("a", "")), assistant(hi), user(hi)}, "messages[1].content[0]", `the call "a"`},
		{"a result without a call", history.Rules{}, []llm.Turn{user(hi, result("a"))}, "messages[0].content[1]", `there is no call "a"`},
		{"a result too late", history.Rules{}, []llm.Turn{user(hi), assistant(use("a", "")), user(result("a")), assistant(hi), user(result("a"))}, "messages[4].content[0]", `there is no call "a"`},
		{"two results", history.Rules{}, []llm.Turn{user(hi), assistant(use("a", "")), user(result("a")), user(result("a"))}, "messages[3].content[0]", `the call "a" has two results`},
		{"two calls of one id", history.Rules{}, []llm.Turn{user(hi), assistant(use("a", ""), use("a", "")), user(result("a"))}, "messages[1].content[1]", `two calls have the id "a"`},
		{"arguments are no JSON", history.Rules{}, []llm.Turn{user(hi), assistant(use("a", `{"x":`)), user(result("a"))}, "messages[1].content[0]", `the arguments of the call "a" of the tool "f" are no valid JSON`},
		{"arguments are a list", history.Rules{}, []llm.Turn{user(hi), assistant(use("a", `[1]`)), user(result("a"))}, "messages[1].content[0]", `are an array, not an object`},
		{"a tool without a name", names, []llm.Turn{user(hi), assistant(&llm.ToolUse{CallID: "a"}), user(result("a"))}, "messages[1].content[0]", `1 to 64 letters`},
		{"thinking of the user", history.Rules{}, []llm.Turn{user(hi, signed())}, "messages[0].content[1]", "it is thinking"},
		{"a call of the user", history.Rules{}, []llm.Turn{user(use("a", ""))}, "messages[0].content[0]", "it is a tool's call"},
		{"a result of the assistant", history.Rules{}, []llm.Turn{assistant(result("a"))}, "messages[0].content[0]", "it is a tool's result"},
		{"an image of the assistant", history.Rules{}, []llm.Turn{assistant(&llm.Media{Kind: "image"})}, "messages[0].content[0]", "it is an image"},
		{"a sound of the system", history.Rules{}, []llm.Turn{system(&llm.Media{Kind: "audio"})}, "messages[0].content[0]", "it is a sound"},
		{"another dialect's block", history.Rules{}, []llm.Turn{user(&llm.Opaque{Type: "search"})}, "messages[0].content[0]", `it is a block of the type "search"`},
		{"a call in a result", history.Rules{}, []llm.Turn{user(hi), assistant(use("a", "")), user(result("a", hi, use("b", "")))}, "messages[2].content[0].content[1]", "a tool's result holds"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, l := normal(tt.rules, false, tt.turns...)
			e := fault.Of(l.Err())
			if e == nil || e.Kind != fault.Invalid || e.Param != tt.at || !strings.Contains(e.Public, tt.text) {
				t.Errorf("got %+v, want %s at %s", e, tt.text, tt.at)
			}
		})
	}
}

func TestEnd(t *testing.T) {
	tests := []struct {
		name    string
		turns   []llm.Turn
		prefill bool
		want    string
		told    string
		drop    bool
	}{
		{"the user's", []llm.Turn{user(say("a"))}, true, "user a", "", false},
		{"gone on with", []llm.Turn{user(say("a")), assistant(say(" b"))}, true, "user a; assistant  b", "", false},
		{"white space at the end", []llm.Turn{user(say("a")), assistant(say("b \n"))}, true, "user a; assistant b", "messages[1].content[0]", false},
		{"not gone on with", []llm.Turn{user(say("a")), assistant(say("b ")), assistant(say("c "))}, false, "user a; assistant b , c ; user Please continue.", "messages[2].role", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, strict := range []bool{false, true} {
				h, l := normal(history.Rules{}, strict, tt.turns...)
				h.End(tt.prefill, l)
				told := ""
				for _, loss := range l.All() {
					told += loss.Field
				}
				if got := shown(h); got != tt.want || told != tt.told {
					t.Errorf("%q, told %s; want %q, %s", got, told, tt.want, tt.told)
				}
				if refused := l.Err() != nil; refused != (strict && tt.drop) {
					t.Errorf("strict %v: %v", strict, l.Err())
				}
			}
		})
	}
}

func TestUnsigned(t *testing.T) {
	hi := say("hi")
	call := func(b ...llm.Block) []llm.Turn {
		return []llm.Turn{assistant(append(b, use("a", ""))...), user(result("a"))}
	}
	turns := func(all ...[]llm.Turn) []llm.Turn {
		out := []llm.Turn{user(hi)}
		for _, a := range all {
			out = append(out, a...)
		}
		return out
	}
	tests := []struct {
		name  string
		turns []llm.Turn
		want  bool
	}{
		{"no tool turn", turns(), false},
		{"an unsigned one", turns(call()), true},
		{"a text before the call", turns(call(hi)), true},
		{"a signed one", turns(call(signed())), false},
		{"signed at its beginning only", turns(call(signed()), call()), false},
		{"signed later only", turns(call(), call(signed())), true},
		{"closed by the user", turns(call(), []llm.Turn{assistant(hi), user(hi)}), false},
		{"closed, and another begun", turns(call(), []llm.Turn{assistant(hi), user(hi)}, call(signed())), false},
		{"a system message in it", turns(call(), []llm.Turn{system(hi)}), true},
		{"the assistant has the last word", turns(call(), []llm.Turn{assistant(hi)}), false},
	}
	for _, tt := range tests {
		for _, r := range []history.Rules{{}, {System: true}} {
			h, _ := normal(r, false, tt.turns...)
			if got := h.Unsigned(); got != tt.want {
				t.Errorf("%s, %+v: %v", tt.name, r, got)
			}
		}
	}
}

func TestCalled(t *testing.T) {
	call := func(id, name string) llm.Block { return &llm.ToolUse{CallID: id, Name: name} }
	h, _ := normal(history.Rules{}, false, user(say("a")), assistant(call("1", "b"), call("2", "a")), user(result("1"), result("2")), assistant(call("3", "b")), user(result("3")))
	if diff := gocmp.Diff([]llm.Tool{{Name: "b"}, {Name: "a"}}, h.Called()); diff != "" {
		t.Error(diff)
	}
}

func TestImageType(t *testing.T) {
	png := "\x89PNG\r\n\x1a\n"
	tests := []struct{ said, data, want, note string }{
		{"image/png", png, "image/png", ""},
		{"image/jpg", "?", "image/jpeg", ""},
		{"", png, "image/png", ""},
		{"image/jpeg", png, "image/png", "sent as image/png, which its bytes are, and not as image/jpeg"},
		{"image/tiff", png, "image/png", "sent as image/png, which its bytes are, and not as image/tiff"},
		{"image/tiff", "II*\x00", "", ""},
	}
	for _, tt := range tests {
		l := dialect.NewLosses("test", &llm.Request{}, dialect.Target{Strict: true})
		got, note := history.ImageType(&llm.Media{MIME: tt.said, Data: []byte(tt.data)}, l), ""
		for _, loss := range l.All() {
			note += loss.Why
		}
		if got != tt.want || note != tt.note || (l.Err() != nil) != (tt.want == "") {
			t.Errorf("%s: %q, %q, %v", tt.said, got, note, l.Err())
		}
	}
}

// A thousand equal ids are told apart in a time that grows with their number.
func TestManyEqualIDs(t *testing.T) {
	for _, r := range []history.Rules{{}, {MaxName: 64}, {IDSize: 9}} {
		cost := func(n int) float64 {
			turns := []llm.Turn{user(say("go"))}
			for range n {
				turns = append(turns, assistant(use("call_0", "")), user(result("call_0", say("x"))))
			}
			return testing.AllocsPerRun(1, func() { normal(r, false, turns...) })
		}
		if few, more := cost(500), cost(2000); more > 6*few {
			t.Errorf("%+v: %.0f allocations for 500, %.0f for 2000", r, few, more)
		}
	}
}

// Marks are few, and no long life comes after a short one.
func TestMarks(t *testing.T) {
	type mark struct {
		life   string
		prefix bool
	}
	tests := []struct {
		name  string
		long  bool
		marks []mark
		want  string
		told  string
	}{
		{"none", true, nil, "", ""},
		{"in order", true, []mark{{"1h", true}, {"5m", false}, {"", false}}, "0=1h 1=5m 2=", ""},
		{"out of order", true, []mark{{"5m", true}, {"1h", false}}, "0=5m 1=5m", "cache_control.ttl"},
		{"behind an unsaid one", true, []mark{{"", true}, {"1h", false}}, "0= 1=5m", "cache_control.ttl"},
		{"another life", true, []mark{{"30m", true}}, "0=5m", "cache_control.ttl"},
		{"no hours", false, []mark{{"1h", true}, {"5m", false}}, "0= 1=", "cache_control.ttl"},
		{"too many", true, []mark{{"", false}, {"", false}, {"", false}, {"", false}, {"", false}}, "1= 2= 3= 4=", "cache_control"},
		{"too many, with a prefix", true, []mark{{"1h", true}, {"1h", true}, {"", false}, {"", false}, {"", false}, {"", false}}, "1=1h 3= 4= 5=", "cache_control"},
		{"too many in the prefix", true, []mark{{"", true}, {"", true}, {"", true}, {"", true}, {"", true}}, "1= 2= 3= 4=", "cache_control"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m history.Marks
			m.Add(-1, nil, true)
			for i, k := range tt.marks {
				m.Add(i, &llm.CachePoint{TTL: k.life}, k.prefix)
			}
			l := dialect.NewLosses("test", &llm.Request{}, dialect.Target{})
			lives := m.Lives(tt.long, l)
			var got []string
			for i := range tt.marks {
				if life, ok := lives[i]; ok {
					got = append(got, fmt.Sprintf("%d=%s", i, life))
				}
			}
			told := ""
			for _, loss := range l.All() {
				told += loss.Field
			}
			if strings.Join(got, " ") != tt.want || told != tt.told || len(lives) != len(got) {
				t.Errorf("%v told %q, want %s and %q", got, told, tt.want, tt.told)
			}
		})
	}
}

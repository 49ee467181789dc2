package echo_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"weir/lib/accounting/meter"
	"weir/lib/dialect"
	echodialect "weir/lib/dialect/echo"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/echo"
	"weir/lib/wire/sse"
)

var target = dialect.Target{Model: "any"}

// ask sends req and returns the bytes of the answer.
func ask(t *testing.T, req *llm.Request) (llm.Outbound, []byte) {
	t.Helper()
	var b echodialect.Back
	out, losses, err := b.Encode(req.Facts.Op, req, target)
	if err != nil || len(losses) > 0 {
		t.Fatalf("encoding: %v, losses %v", err, losses)
	}
	reply, err := (echo.Transport{}).Send(t.Context(), provider.Target{}, out, req.Facts.Stream)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return out, body
}

func chat(text string, stream bool, edit func(*llm.Chat)) *llm.Request {
	c := &llm.Chat{Turns: []llm.Turn{
		{Role: llm.User, Blocks: []llm.Block{&llm.Text{Text: "before"}}},
		{Role: llm.Assistant, Blocks: []llm.Block{&llm.Text{Text: "answer"}}},
		{Role: llm.User, Blocks: []llm.Block{&llm.Text{Text: text}}},
	}}
	if edit != nil {
		edit(c)
	}
	return &llm.Request{Facts: llm.Facts{Op: llm.OpChat, Stream: stream, InputTokens: 17}, Body: c}
}

func stream(out llm.Outbound, r io.Reader) (events []llm.Event, err error) {
	for c, e := range (echodialect.Back{}).Stream(llm.OpChat, out, target, sse.Frames(r, 1<<20)) {
		events, err = append(events, c.Events...), e
	}
	return events, err
}

func textOf(events []llm.Event) string {
	var s strings.Builder
	for _, ev := range events {
		if d, ok := ev.(llm.Delta); ok {
			s.WriteString(d.Text)
		}
	}
	return s.String()
}

func TestStreamedAndWholeAnswersAgree(t *testing.T) {
	tool := func(c *llm.Chat) {
		c.Tools = []llm.Tool{{Name: "weather"}}
		c.Choice = llm.ToolChoice{Mode: "required"}
	}
	short := func(c *llm.Chat) { n := int64(3); c.Params.MaxTokens = &n }
	for name, c := range map[string]struct {
		text, want string
		edit       func(*llm.Chat)
		stop       llm.StopReason
	}{
		"text":          {text: "say this  again,\nplease", want: "say this  again,\nplease", stop: llm.StopEnd},
		"runes":         {text: "日本語 und \u2028 ähnliches 🌊", want: "日本語 und \u2028 ähnliches 🌊", stop: llm.StopEnd},
		"forced tool":   {text: "weather?", edit: tool, want: "weather?{}", stop: llm.StopTools},
		"token limit":   {text: "one two three four five six seven", edit: short, want: "one two ", stop: llm.StopLength},
		"nothing asked": {text: "", want: "before", stop: llm.StopEnd},
	} {
		t.Run(name, func(t *testing.T) {
			out, body := ask(t, chat(c.text, true, c.edit))
			streamed, err := stream(out, bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			out, body = ask(t, chat(c.text, false, c.edit))
			whole, err := (echodialect.Back{}).Unary(llm.OpChat, out, target, body)
			if err != nil {
				t.Fatal(err)
			}
			m1, m2 := meter.New(1), meter.New(1)
			m1.Observe(llm.Chunk{Events: streamed})
			m2.Observe(whole)
			u1, s1 := m1.Result(meter.Complete)
			u2, s2 := m2.Result(meter.Complete)
			if diff := cmp.Diff(u1, u2); diff != "" || s1 != s2 {
				t.Errorf("usage differs (-streamed +whole, %s %s):\n%s", s1, s2, diff)
			}
			if u1.Input != 17 || u1.Output == 0 {
				t.Errorf("usage %+v, want 17 in and some out", u1)
			}
			for _, events := range [][]llm.Event{streamed, whole.Events} {
				if got := textOf(events); got != c.want {
					t.Errorf("text %q, want %q", got, c.want)
				}
				var stop llm.StopReason
				for _, ev := range events {
					if s, ok := ev.(llm.Stopped); ok {
						stop = s.Reason
					}
				}
				if stop != c.stop {
					t.Errorf("stopped for %q, want %q", stop, c.stop)
				}
			}
		})
	}
}

func TestAStreamCutAnywhereIsAnError(t *testing.T) {
	out, body := ask(t, chat("a few words to cut", true, nil))
	last := bytes.LastIndex(body, []byte("data:"))
	for n := range len(body) {
		for name, r := range map[string]io.Reader{
			"clean": bytes.NewReader(body[:n]),
			"bytes": iotest.OneByteReader(bytes.NewReader(body[:n])),
			"reset": io.MultiReader(bytes.NewReader(body[:n]), iotest.ErrReader(errors.New("reset"))),
		} {
			events, err := stream(out, r)
			if err == nil {
				t.Fatalf("cut at %d (%s): no error; the last event starts at %d", n, name, last)
			}
			if k := fault.KindOf(err); k != fault.Truncated && k != fault.TargetFailed {
				t.Fatalf("cut at %d (%s): kind %v", n, name, k)
			}
			for _, ev := range events {
				if _, ok := ev.(llm.Finished); ok {
					t.Fatalf("cut at %d (%s): finished", n, name)
				}
			}
		}
	}
}

func TestVectorsAreUnitVectorsOfTheInput(t *testing.T) {
	embed := func(in []string, dims int64, enc string) []json.RawMessage {
		t.Helper()
		out, body := ask(t, &llm.Request{Facts: llm.Facts{Op: llm.OpEmbed}, Body: &llm.Embed{Inputs: in, Dimensions: dims, Encoding: enc}})
		c, err := (echodialect.Back{}).Unary(llm.OpEmbed, out, target, body)
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range c.Events {
			if v, ok := ev.(llm.Vectors); ok {
				return v.Raw
			}
		}
		t.Fatal("no vectors")
		return nil
	}
	vs := embed([]string{"a", "b", "a"}, 16, "")
	if string(vs[0]) != string(vs[2]) || string(vs[0]) == string(vs[1]) {
		t.Error("vectors do not follow from the inputs")
	}
	var v []float64
	if err := json.Unmarshal(vs[0], &v); err != nil {
		t.Fatal(err)
	}
	var length float64
	for _, x := range v {
		length += x * x
	}
	if len(v) != 16 || math.Abs(length-1) > 1e-5 {
		t.Errorf("%d components of length %v, want 16 of length 1", len(v), length)
	}
	var coded string
	if err := json.Unmarshal(embed([]string{"a"}, 0, "base64")[0], &coded); err != nil {
		t.Fatal(err)
	}
	if raw, err := base64.StdEncoding.DecodeString(coded); err != nil || len(raw) != 8*4 {
		t.Errorf("base64 of %d bytes (%v), want 32", len(raw), err)
	}
}

func TestTooManyDimensionsAreTheCallersMistake(t *testing.T) {
	var b echodialect.Back
	req := &llm.Request{Facts: llm.Facts{Op: llm.OpEmbed}, Body: &llm.Embed{Inputs: []string{"a"}, Dimensions: 1 << 40}}
	out, _, err := b.Encode(llm.OpEmbed, req, target)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (echo.Transport{}).Send(t.Context(), provider.Target{}, out, false); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v, want invalid", err)
	}
}

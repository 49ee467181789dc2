package echo_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lib/accounting/ledger"
	"weir/lib/accounting/meter"
	"weir/lib/dialect"
	echodialect "weir/lib/dialect/echo"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/echo"
	"weir/lib/provider/upstream"
	"weir/lib/tokens"
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
	atMost := func(n int64) func(*llm.Chat) { return func(c *llm.Chat) { c.Params.MaxTokens = &n } }
	stops := func(s ...string) func(*llm.Chat) { return func(c *llm.Chat) { c.Params.Stop = s } }
	for name, c := range map[string]struct {
		text, want string
		edit       func(*llm.Chat)
		stop       llm.StopReason
	}{
		"text":           {text: "say this  again,\nplease", want: "say this  again,\nplease", stop: llm.StopEnd},
		"runes":          {text: "日本語 und \u2028 ähnliches 🌊", want: "日本語 und \u2028 ähnliches 🌊", stop: llm.StopEnd},
		"forced tool":    {text: "weather?", edit: tool, want: "weather?{}", stop: llm.StopTools},
		"token limit":    {text: "one two three four five six seven", edit: atMost(3), want: "one two thre", stop: llm.StopLength},
		"limit in runes": {text: "日本語日本語", edit: atMost(2), want: "日本", stop: llm.StopLength},
		"within limit":   {text: "one two", edit: atMost(2), want: "one two", stop: llm.StopEnd},
		"stop sequence":  {text: "one END two STOP three", edit: stops("STOP", "END"), want: "one ", stop: llm.StopSequence},
		"stop at once":   {text: "END", edit: stops("END"), want: "", stop: llm.StopSequence},
		"no stop met":    {text: "one", edit: stops("END", ""), want: "one", stop: llm.StopEnd},
		"stop and limit": {text: "one two three END", edit: func(c *llm.Chat) { atMost(1)(c); stops("END")(c) }, want: "one ", stop: llm.StopLength},
		"long":           {text: strings.Repeat("a ", 20_000) + strings.Repeat("ü", 20_000), want: strings.Repeat("a ", 20_000) + strings.Repeat("ü", 20_000), stop: llm.StopEnd},
		"nothing asked":  {text: "", want: "before", stop: llm.StopEnd},
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
			if u1.Input != 17 || u1.Output != tokens.Text(c.want) && c.stop != llm.StopTools || s1 != ledger.UsageProvider {
				t.Errorf("usage %+v (%s), want 17 in and the text's estimate out, from the provider", u1, s1)
			}
			if n := len(streamed); n > 2100 {
				t.Errorf("%d events for one text", n)
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
	for n := range body {
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

// Streams and whole answers give their events in the hub's order.
func TestEventsAreInOrder(t *testing.T) {
	tool := func(c *llm.Chat) { c.Choice = llm.ToolChoice{Mode: "tool", Name: "f"} }
	for name, req := range map[string]*llm.Request{"text": chat("a b", true, nil), "tool": chat("a b", true, tool)} {
		out, body := ask(t, req)
		events, err := stream(out, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, ev := range events {
			got.WriteString(strings.TrimPrefix(fmt.Sprintf("%T ", ev), "llm."))
		}
		want := "Started Opened Delta Delta Closed Stopped Used Finished "
		if name == "tool" {
			want = "Started Opened Delta Delta Closed Opened Delta Closed Stopped Used Finished "
		}
		if got.String() != want {
			t.Errorf("%s: %s, want %s", name, got.String(), want)
		}
		if s, ok := events[0].(llm.Started); !ok || s.Model != target.Model {
			t.Errorf("%s: started with %+v, want model %s", name, events[0], target.Model)
		}
	}
}

// send asks model for an echo of text.
func send(ctx context.Context, t *testing.T, model, text string, streamed bool) (*upstream.Reply, error) {
	t.Helper()
	out, _, err := (echodialect.Back{}).Encode(llm.OpChat, chat(text, streamed, nil), dialect.Target{Model: model})
	if err != nil {
		t.Fatal(err)
	}
	return echo.Transport{}.Send(ctx, provider.Target{}, out, streamed)
}

func TestTheSlowModelPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		reply, err := send(t.Context(), t, echo.ModelSlow, "one two three", true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(reply.Body); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 4*echo.Pause { // three words and the end
			t.Errorf("took %v, want %v", took, 4*echo.Pause)
		}
	})
}

// A body ends with its context, and says why in a fault's words.
func TestTheContextEndsAnAnswer(t *testing.T) {
	silent := fault.New(fault.TargetTimeout, "test", "silent")
	for _, tt := range []struct {
		name  string
		cause error
		want  fault.Kind
	}{
		{"its own cause", silent, fault.TargetTimeout},
		{"caller gone", context.Canceled, fault.ClientGone},
		{"deadline", context.DeadlineExceeded, fault.TargetTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				reply, err := send(ctx, t, echo.ModelSlow, "one two three", true)
				if err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(echo.Pause*3/2, func() { cancel(tt.cause) })
				got, err := io.ReadAll(reply.Body)
				if fault.KindOf(err) != tt.want || !errors.Is(err, tt.cause) {
					t.Errorf("reading: %v, want kind %v", err, tt.want)
				}
				if n := bytes.Count(got, []byte("data:")); n != 1 {
					t.Errorf("%d events before the end, want 1", n)
				}
				if _, err := send(ctx, t, "any", "one", false); fault.KindOf(err) != tt.want {
					t.Errorf("sending: %v, want kind %v", err, tt.want)
				}
			})
		})
	}
}

func TestTheBusyModelRefuses(t *testing.T) {
	reply, err := send(t.Context(), t, echo.ModelBusy, "hi", true)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	e := (echodialect.Back{}).Refusal(reply.Status, reply.Header, body)
	if reply.Status != http.StatusServiceUnavailable || e.Kind != fault.TargetThrottled || e.RetryAfter != time.Second || !fault.Failover(e) {
		t.Errorf("status %d, %+v, want 503 and another target after a second", reply.Status, e)
	}
}

func TestTheBrokenModelBreaksOff(t *testing.T) {
	for _, streamed := range []bool{true, false} {
		reply, err := send(t.Context(), t, echo.ModelBroken, "one two three four five six", streamed)
		if err != nil {
			t.Fatal(err)
		}
		if !streamed {
			if _, err := io.ReadAll(reply.Body); fault.KindOf(err) != fault.Truncated {
				t.Errorf("whole: %v, want truncated", err)
			}
			continue
		}
		events, err := stream(llm.Outbound{}, reply.Body)
		if fault.KindOf(err) != fault.Truncated || textOf(events) == "" {
			t.Errorf("streamed: %q and %v, want a part of the text and truncated", textOf(events), err)
		}
	}
}

func TestAClosedBodyIsNotRead(t *testing.T) {
	reply, err := send(t.Context(), t, "any", "hi", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := reply.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := reply.Body.Read(make([]byte, 10)); n > 0 || !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

func TestARequestOfAnotherDialectIsRefused(t *testing.T) {
	_, err := echo.Transport{}.Send(t.Context(), provider.Target{}, llm.Outbound{Body: []byte("<xml>")}, false)
	if fault.KindOf(err) != fault.TargetFailed {
		t.Errorf("%v, want a failed target", err)
	}
}

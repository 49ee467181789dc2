package bedrock_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"

	"weir/lib/dialect"
	"weir/lib/dialect/anthropic"
	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/provider/upstream/bedrock"
	"weir/lib/testkit/fakebedrock"
	"weir/lib/testkit/hubtest"
	"weir/lib/wire/eventstream"
)

type awsConfig = aws.Config

// answer reads a streamed answer of InvokeModel in Anthropic's dialect.
func answer(t *testing.T, tr *bedrock.Transport, base string, slow bool) (names []string, events []llm.Event, failed error) {
	t.Helper()
	reply, err := tr.Send(t.Context(), target(base, model), outbound(bedrock.PathInvoke, invoke), true)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	var body io.Reader = reply.Body
	if slow {
		body = iotest.OneByteReader(body)
	}
	for c, err := range (anthropic.Back{}).Stream(llm.OpChat, llm.Outbound{}, dialect.Target{}, eventstream.Frames(body, 1<<20)) {
		names = append(names, c.Frame.Name)
		events = append(events, c.Events...)
		failed = err
		if len(c.Frame.Data) > 0 && !bytes.HasPrefix(c.Frame.Data, []byte(`{"`)) {
			t.Errorf("frame %q", c.Frame.Data)
		}
	}
	hubtest.Ordered(t, events, failed)
	return names, events, failed
}

// Claude's stream is Anthropic's, whatever Bedrock puts around it.
func TestChunksAreAnthropicsEvents(t *testing.T) {
	environment(t)
	b, base := fake(t)
	tr := transport(t)
	for _, slow := range []bool{false, true} {
		b.Script(model, fakebedrock.Answer{Text: "Hi \u2028\n", Calls: []fakebedrock.Call{{ID: "t1", Name: "f", Input: `{"a":1}`}}})
		names, events, failed := answer(t, tr, base, slow)
		if failed != nil {
			t.Fatal(failed)
		}
		if got := strings.Join(names, " "); !strings.HasPrefix(got, "message_start content_block_start content_block_delta") || !strings.HasSuffix(got, "message_delta message_stop") {
			t.Errorf("events %s", got)
		}
		text := ""
		for _, ev := range events {
			if d, ok := ev.(llm.Delta); ok && d.Index == 0 {
				text += d.Text
			}
		}
		if text != "Hi \u2028\n" {
			t.Errorf("text %q", text)
		}
	}
}

// Every exception, first, in the middle and as an answer of its own, is an
// error of the right kind, in Anthropic's form where the caller may see it.
func TestExceptionsAreAnthropicsErrors(t *testing.T) {
	const words = "the words: 210000 tokens > 200000 maximum & more"
	environment(t)
	b, base := fake(t)
	tr := transport(t)
	for kind, want := range map[string]fault.Kind{
		"AccessDeniedException": fault.TargetRefused, "InternalServerException": fault.TargetFailed, "ModelErrorException": fault.TargetFailed,
		"ModelNotReadyException": fault.TargetThrottled, "ModelStreamErrorException": fault.TargetFailed, "ModelTimeoutException": fault.TargetTimeout,
		"ResourceNotFoundException": fault.TargetMissing, "ServiceQuotaExceededException": fault.TargetThrottled,
		"ServiceUnavailableException": fault.TargetThrottled, "ThrottlingException": fault.TargetThrottled, "ValidationException": fault.Invalid,
	} {
		e := &fakebedrock.Exception{Type: kind, Message: words}
		b.Script(model, fakebedrock.Answer{Exception: e, After: 1}, fakebedrock.Answer{Exception: e, After: 3}, fakebedrock.Answer{Exception: e})
		for _, place := range []string{"behind the start", "in the middle"} {
			if _, _, failed := answer(t, tr, base, false); fault.KindOf(failed) != want {
				t.Errorf("%s %s: %v, want %s", kind, place, failed, want)
			}
		}
		reply, err := tr.Send(t.Context(), target(base, model), outbound(bedrock.PathInvoke, invoke), true)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(reply.Body)
		reply.Body.Close()
		refusal := anthropic.Back{}.Refusal(reply.Status, reply.Header, body)
		if err != nil || refusal.Kind != want || !bytes.Contains(body, []byte(`"message":"`+words+`"`)) {
			t.Errorf("%s as an answer: %v, %v: %s", kind, refusal, err, body)
		}
		if want == fault.Invalid && (refusal.Public != words || len(refusal.Upstream.Body) == 0) {
			t.Errorf("the caller's own mistake is not shown: %+v", refusal)
		}
	}
}

// A cut anywhere is an error, never the end of an answer.
func TestCutChunks(t *testing.T) {
	environment(t)
	b, base := fake(t)
	tr := transport(t)
	reply, err := tr.Send(t.Context(), target(base, model), outbound(bedrock.PathInvoke, invoke), true)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := io.ReadAll(reply.Body)
	reply.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	for cut := 1; cut < len(whole); cut += 61 { // less than what the service sends
		b.Script(model, fakebedrock.Answer{Cut: cut})
		if _, _, failed := answer(t, tr, base, false); fault.KindOf(failed) != fault.Truncated {
			t.Errorf("cut after %d bytes: %v", cut, failed)
		}
	}
}

func TestOddChunks(t *testing.T) {
	environment(t)
	for name, tt := range map[string]struct {
		stream []byte
		want   fault.Kind
	}{
		"no bytes":       {eventstream.AppendEvent(nil, "chunk", []byte(`{}`)), fault.TargetFailed},
		"no base64":      {eventstream.AppendEvent(nil, "chunk", []byte(`{"bytes":"!"}`)), fault.TargetFailed},
		"no JSON":        {eventstream.AppendEvent(nil, "chunk", []byte(`<html>`)), fault.TargetFailed},
		"unknown event":  {eventstream.AppendEvent(nil, "weather", []byte(`{}`)), fault.Truncated},
		"error":          {eventstream.AppendError(nil, "InternalFailure", "x"), fault.TargetFailed},
		"odd exception":  {eventstream.AppendException(nil, "newException", []byte(`{"message":"x"}`)), fault.TargetFailed},
		"no words":       {eventstream.AppendException(nil, "throttlingException", nil), fault.TargetThrottled},
		"model's words":  {eventstream.AppendException(nil, "modelStreamErrorException", []byte(`{"originalMessage":"prompt is too long"}`)), fault.TargetFailed},
		"signature":      {eventstream.AppendException(nil, "validationException", []byte(`{"message":"Invalid `+"`signature` in `thinking`"+` block"}`)), fault.Invalid},
		"broken framing": {[]byte("event: x\ndata: y\n\nand more of it"), fault.TargetFailed},
		"nothing":        {nil, fault.Truncated},
	} {
		base := serve(t, streamOf(tt.stream))
		if _, _, failed := answer(t, transport(t), base, false); fault.KindOf(failed) != tt.want {
			t.Errorf("%s: %v, want %s", name, failed, tt.want)
		}
	}
}

// streamOf answers with a stream.
func streamOf(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		_, _ = w.Write(body)
	})
}

// A refusal that is Anthropic's already, or nothing that can be read, stays as
// it is.
func TestRefusalsThatStay(t *testing.T) {
	environment(t)
	for _, body := range []string{`{"type":"error","error":{"type":"invalid_request_error","message":"x"}}`, `<html>`, ``} {
		base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, body)
		}))
		reply, err := transport(t).Send(t.Context(), target(base, model), outbound(bedrock.PathInvoke, invoke), false)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(reply.Body)
		reply.Body.Close()
		if string(got) != body || err != nil {
			t.Errorf("%q became %q, %v", body, got, err)
		}
	}
}

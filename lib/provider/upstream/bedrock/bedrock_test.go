package bedrock_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"weir/lib/fault"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/upstream"
	"weir/lib/provider/upstream/bedrock"
	"weir/lib/testkit/fakebedrock"
	"weir/lib/wire/eventstream"
)

const (
	model     = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
	accessKey = "AKIDCANARY0123456789"
	secretKey = "canary-secret-0123456789"
)

// environment is an account's, without anything of the machine's own.
func environment(t *testing.T, more ...string) {
	t.Helper()
	empty := t.TempDir()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_SESSION_TOKEN": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": empty + "/config", "AWS_SHARED_CREDENTIALS_FILE": empty + "/credentials",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_BEARER_TOKEN_BEDROCK": "", "AWS_CA_BUNDLE": "",
		"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_ROLE_ARN": "",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "",
	} {
		t.Setenv(name, value)
	}
	for i := 0; i+1 < len(more); i += 2 {
		t.Setenv(more[i], more[i+1])
	}
}

func transport(t *testing.T) *bedrock.Transport {
	t.Helper()
	tr := bedrock.New(config.LoadDefaultConfig, os.LookupEnv, "weir/test")
	t.Cleanup(tr.Close)
	return tr
}

func target(base, model string) provider.Target {
	return provider.Target{
		Endpoint: &provider.Endpoint{Name: "b", BaseURL: base, Region: "eu-west-1", Row: &provider.Row{Kind: "bedrock"}},
		Model:    model, Timeouts: provider.Timeouts{Connect: 5 * time.Second, Total: time.Minute},
	}
}

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return srv.URL
}

func fake(t *testing.T) (*fakebedrock.Bedrock, string) {
	t.Helper()
	b := fakebedrock.New()
	t.Cleanup(b.Close)
	return b, serve(t, b)
}

func outbound(path, body string) llm.Outbound {
	return llm.Outbound{Path: path, Body: []byte(body)}
}

const (
	question = `{"messages":[{"role":"user","content":[{"text":"\u2028 2.50 é"}]}],"inferenceConfig":{"temperature":2.50e-1}}`
	invoke   = `{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":"x"}]}`
	tokens   = `{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"x"}]}]}}}`
)

// Every operation: our bytes go out as they are and what comes is what the
// service sent.
func TestBytesGoThrough(t *testing.T) {
	environment(t)
	var got http.Header
	var path, body string
	answer := []byte("{\"a\" : 1.0 ,\n\"unknown\":[\"\\u00e9\"] }")
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, path, body = r.Header, r.URL.EscapedPath(), string(b)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Amzn-Requestid", "req-1")
		_, _ = w.Write(answer)
	}))
	for _, tt := range []struct {
		path   string
		stream bool
		op     string
	}{
		{bedrock.PathConverse, false, "converse"},
		{bedrock.PathConverse, true, "converse"},
		{bedrock.PathStream, true, "converse-stream"},
		{bedrock.PathInvoke, false, "invoke"},
		{bedrock.PathInvoke, true, "invoke-with-response-stream"},
		{bedrock.PathCount, false, "count-tokens"},
	} {
		reply, err := transport(t).Send(t.Context(), target(base, "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-x:0"), outbound(tt.path, question), tt.stream)
		if err != nil {
			t.Fatalf("%+v: %v", tt, err)
		}
		b, err := io.ReadAll(reply.Body)
		reply.Body.Close()
		if err != nil || !bytes.Equal(b, answer) || reply.Status != 200 || reply.RequestID != "req-1" {
			t.Errorf("%+v: %d %q %q, %v", tt, reply.Status, reply.RequestID, b, err)
		}
		if want := "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.anthropic.claude-x%3A0/" + tt.op; path != want {
			t.Errorf("%+v: path %s, want %s", tt, path, want)
		}
		if body != question {
			t.Errorf("%+v: the service saw %q", tt, body)
		}
		auth := got.Get("Authorization")
		if !strings.Contains(auth, accessKey+"/") || !strings.Contains(auth, "/eu-west-1/bedrock/aws4_request") || got.Get("Content-Type") != "application/json" ||
			!strings.HasPrefix(got.Get("User-Agent"), "weir/test aws-sdk-go-v2/") {
			t.Errorf("%+v: headers %v", tt, got)
		}
		if strings.Contains(fmt.Sprint(got), secretKey) {
			t.Error("the secret key travels")
		}
	}
	if _, err := transport(t).Send(t.Context(), target(base, "m"), outbound("/elsewhere", "{}"), false); fault.KindOf(err) != fault.TargetFailed {
		t.Errorf("an unknown path: %v", err)
	}
}

// What the strict fake takes and answers, by each operation.
func TestOperations(t *testing.T) {
	environment(t)
	b, base := fake(t)
	tr := transport(t)
	for _, tt := range []struct {
		path, body string
		stream     bool
		want       string
	}{
		{bedrock.PathConverse, question, false, `"stopReason":"end_turn"`},
		{bedrock.PathStream, question, true, "messageStop"},
		{bedrock.PathCount, tokens, false, `{"inputTokens":11}`},
		{bedrock.PathInvoke, invoke, false, `"stop_reason":"end_turn"`},
		{bedrock.PathInvoke, invoke, true, `{"amazon-bedrock-invocationMetrics":`},
	} {
		reply, err := tr.Send(t.Context(), target(base, model), outbound(tt.path, tt.body), tt.stream)
		if err != nil {
			t.Fatalf("%+v: %v", tt, err)
		}
		got, err := io.ReadAll(reply.Body)
		if err != nil || reply.Status != 200 || !strings.Contains(string(got), tt.want) {
			t.Errorf("%s: %d %q, %v", tt.path, reply.Status, got, err)
		}
		reply.Body.Close()
	}
	for _, r := range b.Requests() {
		if r.Refused != nil || r.Model != model {
			t.Errorf("%+v", r)
		}
	}
}

// Nothing is sent twice, whatever the service answers.
func TestNoRetries(t *testing.T) {
	environment(t, "AWS_MAX_ATTEMPTS", "5", "AWS_RETRY_MODE", "adaptive")
	var calls atomic.Int32
	for _, status := range []int{429, 500, 503, 400, 307} {
		base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			w.Header().Set("X-Amzn-Errortype", "ThrottlingException:http://x/")
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"message":"slow"}`)
		}))
		calls.Store(0)
		reply, err := transport(t).Send(t.Context(), target(base, model), outbound(bedrock.PathStream, question), true)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(reply.Body)
		reply.Body.Close()
		if reply.Status != status || string(body) != `{"message":"slow"}` || err != nil || calls.Load() != 1 || reply.Header.Get("X-Amzn-Errortype") == "" {
			t.Errorf("%d: %d calls, %d %q %v", status, calls.Load(), reply.Status, body, err)
		}
	}
	hangup := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		calls.Add(1)
		panic(http.ErrAbortHandler)
	}))
	calls.Store(0)
	if _, err := transport(t).Send(t.Context(), target(hangup, model), outbound(bedrock.PathConverse, question), false); fault.KindOf(err) != fault.TargetFailed || calls.Load() != 1 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

func TestTheEndpointOfTheEnvironment(t *testing.T) {
	b, base := fake(t)
	environment(t, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", base)
	reply, err := transport(t).Send(t.Context(), target("", model), outbound(bedrock.PathConverse, question), false)
	if err != nil {
		t.Fatal(err)
	}
	reply.Body.Close()
	_, other := fake(t)
	reply, err = transport(t).Send(t.Context(), target(other, model), outbound(bedrock.PathConverse, question), false)
	if err != nil {
		t.Fatal(err)
	}
	reply.Body.Close()
	if n := len(b.Requests()); n != 1 {
		t.Errorf("%d requests at the environment's endpoint, want 1: base_url goes first", n)
	}
}

func TestMissingCredentials(t *testing.T) {
	environment(t, "AWS_ACCESS_KEY_ID", "", "AWS_SECRET_ACCESS_KEY", "")
	_, base := fake(t)
	_, err := transport(t).Send(t.Context(), target(base, model), outbound(bedrock.PathConverse, question), false)
	if fault.KindOf(err) != fault.TargetRefused {
		t.Errorf("got %v, want target_refused", err)
	}
}

func TestBrokenConfiguration(t *testing.T) {
	environment(t)
	load := func(context.Context, ...func(*config.LoadOptions) error) (c awsConfig, err error) {
		return c, errors.New("cannot read /home/zoe/.aws/config")
	}
	tr := bedrock.New(load, os.LookupEnv, "weir/test")
	_, err := tr.Send(t.Context(), target("http://127.0.0.1:1", model), outbound(bedrock.PathConverse, question), false)
	if fault.KindOf(err) != fault.TargetRefused || strings.Contains(err.Error(), "zoe") {
		t.Errorf("got %v", err)
	}
}

func TestFailuresAreClassifiedAndTellNoAddress(t *testing.T) {
	environment(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := closed.Addr().String()
	closed.Close()
	hangup := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	for name, base := range map[string]string{"refused connection": "http://" + addr, "unknown host": "http://no-such-host.invalid", "hang-up": hangup} {
		_, err := transport(t).Send(t.Context(), target(base, model), outbound(bedrock.PathConverse, question), false)
		if fault.KindOf(err) != fault.TargetFailed {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, secret := range []string{"127.0.0.1", "invalid", accessKey, secretKey, "http"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error %q shows %q", name, err, secret)
			}
		}
	}
}

func TestTimeoutsAndCauses(t *testing.T) {
	environment(t)
	l, err := net.Listen("tcp", "127.0.0.1:0") // its connections never finish their handshake
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	slow := target("https://"+l.Addr().String(), model)
	slow.Timeouts.Connect = 50 * time.Millisecond
	if _, err := transport(t).Send(t.Context(), slow, outbound(bedrock.PathConverse, question), false); fault.KindOf(err) != fault.TargetTimeout {
		t.Errorf("connect: %v, want target_timeout", err)
	}
	arrived := make(chan struct{}, 1)
	silent := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	want := &fault.Error{Kind: fault.ShuttingDown}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-arrived
		cancel(want)
	}()
	if _, err := transport(t).Send(ctx, target(silent, model), outbound(bedrock.PathConverse, question), false); !errors.Is(err, want) {
		t.Errorf("%v, want the cause", err)
	}
	gone, cancelGone := context.WithCancel(t.Context())
	cancelGone()
	if _, err := transport(t).Send(gone, target(silent, model), outbound(bedrock.PathConverse, question), false); fault.KindOf(err) != fault.ClientGone {
		t.Errorf("%v, want client_gone", err)
	}
}

// A stream's messages come as they are sent, and a cancelled read tells why.
func TestStreamsArePassedOnAtOnce(t *testing.T) {
	environment(t)
	b, base := fake(t)
	b.Script(model, fakebedrock.Answer{Stall: 2}, fakebedrock.Answer{Stall: 2})
	for _, tt := range []struct{ path, body string }{{bedrock.PathStream, question}, {bedrock.PathInvoke, invoke}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		reply, err := transport(t).Send(ctx, target(base, model), outbound(tt.path, tt.body), true)
		if err != nil {
			cancel(nil)
			t.Fatal(err)
		}
		n := 0
		want := &fault.Error{Kind: fault.TargetTimeout}
		for _, err := range eventstream.Frames(reply.Body, 1<<20) {
			if err != nil {
				if !errors.Is(err, want) {
					t.Errorf("%v, want the cause", err)
				}
				break
			}
			if n++; n == 2 { // the service is silent now
				cancel(want)
			}
		}
		cancel(nil)
		if n != 2 {
			t.Errorf("%s: %d messages", tt.path, n)
		}
		reply.Body.Close()
	}
}

func TestConnectionsAreReused(t *testing.T) {
	environment(t)
	b := fakebedrock.New()
	defer b.Close()
	var conns atomic.Int32
	srv := httptest.NewUnstartedServer(b)
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	tr := transport(t)
	for range 20 {
		for _, path := range []string{bedrock.PathStream, bedrock.PathConverse} {
			reply, err := tr.Send(t.Context(), target(srv.URL, model), outbound(path, question), path == bedrock.PathStream)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, reply.Body); err != nil {
				t.Fatal(err)
			}
			reply.Body.Close()
		}
	}
	if n := conns.Load(); n > 5 {
		t.Errorf("%d connections for 40 calls in a row", n)
	}
}

func TestLargeBodies(t *testing.T) {
	environment(t)
	_, base := fake(t)
	big := `{"messages":[{"role":"user","content":[{"text":"` + strings.Repeat("x", 5<<20) + `"}]}]}`
	tr := transport(t)
	for range 3 {
		reply, err := tr.Send(t.Context(), target(base, model), outbound(bedrock.PathConverse, big), false)
		if err != nil {
			t.Fatal(err)
		}
		if reply.Status != 200 {
			t.Errorf("status %d", reply.Status)
		}
		reply.Body.Close()
	}
}

var _ upstream.Transport = (*bedrock.Transport)(nil)

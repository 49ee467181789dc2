package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/lib/dialect"
	"weir/lib/dialect/openaichat"
	"weir/lib/gateway"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/upstream"
	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

// A caller who closes its side of the connection behind the request counts as
// gone. It may read all the same, and then it must not find a whole, empty
// answer, nor a stream that just ends.
func TestWhoClosesOneWayIsToldThatTheCallWasGivenUp(t *testing.T) {
	for _, stream := range []bool{false, true} {
		t.Run(fmt.Sprintf("stream=%v", stream), func(t *testing.T) {
			t.Parallel()
			p := fakeprovider.Start(t, fakeprovider.Options{Key: rig.Secret})
			p.Model("slow", fakeprovider.Answer{HeadDelay: fakeprovider.Forever})
			asked := make(chan struct{})
			r := rig.Start(t, rig.Options{
				Config:    config(p.URL, `  "p/*": p/*`, "  aborted_calls: cancel\n  head_wait: 100ms\n"),
				KeepAlive: 5 * time.Millisecond,
				Transport: func(inner upstream.Transport) upstream.Transport { return signals{inner, asked} },
			})
			status, body := halfClosed(t, r, ask("p/slow", stream), stream, asked)
			if want := map[bool]int{false: 499, true: 200}[stream]; status != want || !strings.Contains(body, `{"error":{`) {
				t.Errorf("status %d, %q; want %d and an error", status, body, want)
			}
			if row := r.Settled()[0]; row.Outcome != "client_gone" {
				t.Errorf("outcome %q", row.Outcome)
			}
		})
	}
}

// signals closes asked when the provider is called.
type signals struct {
	upstream.Transport

	asked chan struct{}
}

func (s signals) Send(ctx context.Context, t provider.Target, out llm.Outbound, stream bool) (*upstream.Reply, error) {
	close(s.asked)
	return s.Transport.Send(ctx, t, out, stream)
}

// halfClosed sends a request, closes the way there when the provider is called
// and, in a stream, the head has come, and returns the answer.
func halfClosed(t *testing.T, r *rig.Rig, body string, stream bool, asked <-chan struct{}) (status int, answer string) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(r.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", chatPath, r.Key, len(body), body); err != nil {
		t.Fatal(err)
	}
	<-asked
	in := bufio.NewReader(conn)
	if stream {
		if _, err := in.Peek(1); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil { //nolint:errcheck // it is one
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	whole, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(whole)
}

// A caller who reads slowly holds up the reading of the answer. That is not the
// provider's silence.
func TestASlowReaderIsNotTheProvidersSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := fakeprovider.New(fakeprovider.Options{Key: rig.Secret, Scale: 1})
		p.Model("long", fakeprovider.Answer{Text: strings.Repeat("word ", 5000)})
		r := rig.Start(t, rig.Options{
			Config:    config("http://provider.invalid/v1", `  "p/*": { strategy: fallback, targets: [{ provider: p, model: "*", timeout: { between_tokens: 1s } }] }`, ""),
			InMemory:  true,
			Transport: func(upstream.Transport) upstream.Transport { return rig.Serve(p) },
		})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL+chatPath, strings.NewReader(ask("p/long", true)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+r.Key)
		resp, err := r.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		<-time.After(30 * time.Second)
		body, err := io.ReadAll(resp.Body)
		if err != nil || !strings.HasSuffix(string(body), "data: [DONE]\n\n") {
			t.Errorf("%v, the answer ends with %q", err, body[max(len(body)-200, 0):])
		}
		if row := r.Row(resp.Header.Get("X-Weir-Call-Id")); row.Outcome != "ok" {
			t.Errorf("outcome %q, want ok", row.Outcome)
		}
		p.Close()
		r.Stop()
	})
}

// lateFront takes its time to write an error.
type lateFront struct {
	openaichat.Front

	wait time.Duration
}

func (f lateFront) Error(err error, callID string) (int, http.Header, []byte) {
	<-time.After(f.wait)
	return f.Front.Error(err, callID)
}

// The head of a stream that is due while an error is being told must not take
// the error's place: a stream without an end would follow.
func TestTheHeadDoesNotOvertakeAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := fakeprovider.New(fakeprovider.Options{Key: rig.Secret, Scale: 1})
		p.Model("broken", fakeprovider.Answer{Status: 500})
		r := rig.Start(t, rig.Options{
			Config:    config("http://provider.invalid/v1", `  "p/*": p/*`, "  head_wait: 2s\n"),
			InMemory:  true,
			Transport: func(upstream.Transport) upstream.Transport { return rig.Serve(p) },
			Adjust:    func(c *gateway.Config) { c.Fronts = []dialect.Front{lateFront{wait: 5 * time.Second}} },
		})
		wantError(t, r.Must(chatPath, ask("p/broken", true)), 502, "provider_error")
		p.Close()
		r.Stop()
	})
}

package fakeprovider_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"weir/lib/testkit/fakeprovider"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// post sends a request over the network.
func post(ctx context.Context, t *testing.T, p *fakeprovider.Provider, body string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+fakeprovider.Key)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return client.Do(r)
}

func TestCuts(t *testing.T) {
	p := fakeprovider.Start(t, fakeprovider.Options{})
	for _, tt := range []struct {
		model string
		clean bool
	}{{"cut-clean", true}, {"cut-abort", false}, {"cut-reset", false}} {
		t.Run(tt.model, func(t *testing.T) {
			for _, stream := range []string{"true", "false"} {
				resp, err := post(t.Context(), t, p, `{"model":"`+tt.model+`","stream":`+stream+`,`+hi+`}`)
				if err != nil {
					if tt.model == "cut-reset" {
						continue // the reset overtook the head
					}
					t.Fatal(err)
				}
				b, err := io.ReadAll(resp.Body)
				if cerr := resp.Body.Close(); cerr != nil {
					t.Error(cerr)
				}
				if (err == nil) != tt.clean || tt.clean && len(b) != 400 || len(b) > 400 {
					t.Errorf("stream %s: %d bytes, error %v", stream, len(b), err)
				}
				if tt.model == "cut-abort" && (len(b) != 400 || !errors.Is(err, io.ErrUnexpectedEOF)) {
					t.Errorf("stream %s: %d bytes, error %v; want 400 and an unexpected EOF", stream, len(b), err)
				}
			}
		})
	}
	p.Wait()
	for _, r := range p.Requests() {
		if r.Sent != 400 || r.Reported {
			t.Errorf("recorded %d bytes, usage reported %v; want 400, false", r.Sent, r.Reported)
		}
	}
}

// A stalled answer sends what comes before the stall, and ends when the caller
// hangs up; that is recorded.
func TestStalls(t *testing.T) {
	p := fakeprovider.Start(t, fakeprovider.Options{})
	for _, tt := range []struct {
		model, seen string
		head        bool
	}{{"stall-head", "", false}, {"stall-role", `"role":"assistant"`, true}, {"stall", `"content":"hi"`, true}} {
		t.Run(tt.model, func(t *testing.T) {
			before := len(p.Requests())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			head := make(chan *http.Response, 1)
			var wg sync.WaitGroup
			wg.Go(func() {
				resp, err := post(ctx, t, p, `{"model":"`+tt.model+`","stream":true,`+hi+`}`) //nolint:bodyclose // closed by the receiver
				if err == nil {
					head <- resp
				}
				close(head)
			})
			if tt.head {
				resp := <-head
				var got []byte
				for b := make([]byte, 1); !bytes.Contains(got, []byte(tt.seen)); {
					if _, err := io.ReadFull(resp.Body, b); err != nil {
						t.Fatalf("%v after %q", err, got)
					}
					got = append(got, b...)
				}
				cancel()
				_ = resp.Body.Close()
			} else {
				p.Await(before + 1)
				cancel()
			}
			wg.Wait()
			p.Wait()
			last, _ := p.Last()
			if last.Gone.IsZero() || last.Ended.Before(last.Gone) || last.Reported || (last.Status != 0) != tt.head {
				t.Errorf("recorded %+v, want a caller who went", last)
			}
		})
	}
}

// Close ends stalls, so that a forgotten caller never blocks a test.
func TestCloseEndsStalls(t *testing.T) {
	p := fakeprovider.Start(t, fakeprovider.Options{})
	resp, err := post(t.Context(), t, p, `{"model":"stall","stream":true,`+hi+`}`)
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("the stalled body ended cleanly")
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	p.Wait()
	if last, _ := p.Last(); !last.Gone.IsZero() {
		t.Errorf("recorded a caller who went at %v; it was the provider", last.Gone)
	}
}

func TestDelaysAreScaled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := fakeprovider.New(fakeprovider.Options{Scale: 10})
		began := time.Now()
		send(t, p, "/v1/chat/completions", `{"model":"slow",`+hi+`}`, nil)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("slow took %v, want 30 s by 10", took)
		}
		began = time.Now()
		p.Script("gpt-4o", fakeprovider.Answer{Text: "a b c", RoleDelay: 20 * time.Second, PieceDelay: time.Second})
		send(t, p, "/v1/chat/completions", `{"model":"gpt-4o","stream":true,`+hi+`}`, nil)
		if took := time.Since(began); took != 2200*time.Millisecond {
			t.Errorf("took %v, want (20 + 2 × 1) s by 10", took)
		}
	})
}

func TestConcurrentCallers(t *testing.T) {
	p := fakeprovider.Start(t, fakeprovider.Options{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	var sum fakeprovider.Tokens
	for range 40 {
		wg.Go(func() {
			resp, err := post(t.Context(), t, p, `{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},`+hi+`}`)
			if err != nil {
				t.Error(err)
				return
			}
			b, err := io.ReadAll(resp.Body)
			if err = errors.Join(err, resp.Body.Close()); err != nil {
				t.Error(err)
			}
			a := streamed(t, b)
			mu.Lock()
			defer mu.Unlock()
			sum = sum.Plus(a.Usage)
		})
	}
	wg.Wait()
	p.Wait()
	if got := p.Totals()["gpt-4o"]; got != sum || sum.Prompt == 0 || len(p.Requests()) != 40 {
		t.Errorf("%d requests, totals %+v, callers saw %+v", len(p.Requests()), got, sum)
	}
}

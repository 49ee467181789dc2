package sdktest_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/lib/testkit/fakeprovider"
	"weir/lib/testkit/rig"
)

// alive is a keep-alive as it stands in the stream.
const alive = ": keep-alive\n"

// patience lets a provider's line go on when the client has seen enough
// keep-alives, so that slow means slow enough and no clock is read.
type patience struct {
	mu      sync.Mutex
	changed *sync.Cond
	seen    []byte
	over    bool // nothing more is waited for
}

// newPatience waits for half a minute in all: a test must fail, not hang.
func newPatience(t *testing.T) *patience {
	t.Helper()
	p := &patience{}
	p.changed = sync.NewCond(&p.mu)
	end := time.AfterFunc(30*time.Second, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.over = true
		p.changed.Broadcast()
	})
	t.Cleanup(func() { end.Stop() })
	return p
}

// watch takes what the client gets.
func (p *patience) watch(piece []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, piece...)
	p.changed.Broadcast()
}

// wait returns when the client has got n more keep-alives.
func (p *patience) wait(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	target := bytes.Count(p.seen, []byte(alive)) + n
	for bytes.Count(p.seen, []byte(alive)) < target && !p.over {
		p.changed.Wait()
	}
}

// silence is a stage whose streams are kept alive often.
func silence(t *testing.T, models string) *stage {
	t.Helper()
	return setUp(t, scene{models: models, settings: "  head_wait: 100ms\n", rig: rig.Options{KeepAlive: 10 * time.Millisecond}})
}

// Keep-alives before the first content and between later events change nothing
// of what either SDK reads: the chunks are those of a stream without.
func TestKeepAlives(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, v version) {
		t.Parallel()
		for name, a := range map[string]ask{"text": good()["text"], "tools": good()["interleaved tools"], "echo": ask1("echo/any", "How deep is the weir?")} {
			t.Run(name, func(t *testing.T) {
				s := silence(t, "")
				a := through(a)
				if name == "echo" {
					a.model = "echo/any"
				}
				a.usage = true
				want := s.via(v).stream(t.Context(), a, nil)
				via, p := s.via(v), newPatience(t)
				via.watch = p.watch
				s.wire.gate = func(event int) {
					if event < 6 { // one more keep-alive may be on its way when an event goes
						p.wait(2)
					}
				}
				got := via.stream(t.Context(), a, nil)
				if name == "echo" { // ids and times are its own
					want.answer.ID, want.answer.Created, want.chunks = got.answer.ID, got.answer.Created, got.chunks
				}
				compareStreams(t, want, got)
				before, behind, _ := strings.Cut(via.last().body.String(), "data: ")
				if strings.Count(before, alive) < 2 || strings.Count(behind, alive) < 2 {
					t.Errorf("%d keep-alives before the first event, %d behind it", strings.Count(before, alive), strings.Count(behind, alive))
				}
				if h := via.last().header; h.Get("X-Weir-Call-Id") == "" || h.Get("X-Weir-Provider") != "" {
					t.Errorf("the head that left early: %v", h)
				}
				if row := s.row(via); row.Outcome != "ok" || row.UsageSource != "provider" {
					t.Errorf("row %+v", row)
				}
			})
		}
	})
}

// Behind keep-alives the gateway goes on to the next target, and what fails in
// the end is told in the stream.
func TestBehindKeepAlives(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, v version) {
		for _, tt := range []struct {
			name, second, code string
			outcome            string
		}{
			{"second target answers", "q/gpt-4o-mini", "", "ok"},
			{"both fail", "q/status-429", "provider_throttled", "upstream_error"},
			{"the second finds the prompt too long", "q/context-length", "context_length_exceeded", "client_error"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				s := silence(t, "  route: { targets: [p/status-500, "+tt.second+"] }\n")
				via, p := s.patient(v), newPatience(t)
				via.watch = p.watch
				s.wire.gate = func(event int) {
					if event == 0 {
						p.wait(1)
					}
				}
				got := via.stream(t.Context(), ask1("route", "How deep is the weir?"), nil)
				row := s.row(via)
				if row.Outcome != tt.outcome || len(row.Attempts) != 2 {
					t.Errorf("row %s, attempts %+v", row.Outcome, row.Attempts)
				}
				if tt.code == "" {
					if got.err != nil || got.Choices[0].Content != "You said: How deep is the weir?" || row.Provider != "q" {
						t.Errorf("%+v, %v; from %s", got.answer, got.err, row.Provider)
					}
					return
				}
				if f, ok := via.failure(got.err); !ok || !f.inStream || f.Code != tt.code || len(got.chunks) != 0 {
					t.Errorf("%+v (%v) after %d chunks", f, got.err, len(got.chunks))
				}
				if tt.code == "context_length_exceeded" && !strings.Contains(via.last().body.String(), fakeprovider.ContextLength(8192, 9000).Message) {
					t.Errorf("not the vendor's words: %s", via.last().body)
				}
				if n := len(via.exchanges()); n != 1 {
					t.Errorf("the SDK tried %d times", n)
				}
			})
		}
	})
}

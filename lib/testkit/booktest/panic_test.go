package booktest

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/lib/accounting/ledger"
	"weir/lib/catalog"
	"weir/lib/dialect"
	"weir/lib/dialect/openaichat"
	"weir/lib/gateway"
	"weir/lib/llm"
	"weir/lib/provider"
	"weir/lib/provider/upstream"
	"weir/lib/testkit/rig"
)

// bang panics with what must not be seen.
func bang() { panic("bang: " + rig.Secret + " at " + host) }

// mine is a transport that blows up where it is told to.
type mine struct {
	upstream.Transport

	send, closing bool
	read          int // in this read of the body, from 1
}

func (m mine) Send(ctx context.Context, t provider.Target, out llm.Outbound, stream bool) (*upstream.Reply, error) {
	if m.send {
		bang()
	}
	reply, err := m.Transport.Send(ctx, t, out, stream)
	if err == nil {
		reply.Body = &minedBody{ReadCloser: reply.Body, mine: m}
	}
	return reply, err
}

type minedBody struct {
	io.ReadCloser

	mine mine
	n    int
}

func (b *minedBody) Read(p []byte) (int, error) {
	if b.n++; b.n == b.mine.read {
		bang()
	}
	return b.ReadCloser.Read(p)
}

func (b *minedBody) Close() error {
	err := b.ReadCloser.Close()
	if b.mine.closing {
		bang()
	}
	return err
}

// A panic while the provider answers is an error in the caller's dialect, and
// the row is settled. The gateway serves on.
func TestPanicsAtTheProvider(t *testing.T) {
	for name, c := range map[string]struct {
		mine   mine
		stream bool
		inBand bool // the caller has seen the head of a stream
		source ledger.UsageSource
		model  string
	}{
		"in send, whole":             {mine: mine{send: true}},
		"in send, streamed":          {mine: mine{send: true}, stream: true},
		"in the body, whole":         {mine: mine{read: 1}},
		"before content, streamed":   {mine: mine{read: 1}, stream: true},
		"after the role, streamed":   {mine: mine{read: 2}, stream: true},
		"after content, streamed":    {mine: mine{read: 4}, stream: true, inBand: true, source: ledger.UsageEstimated},
		"at the end, whole":          {mine: mine{closing: true}},
		"at the end, streamed":       {mine: mine{closing: true}, stream: true, inBand: true, source: ledger.UsageProvider},
		"at the end of an error":     {mine: mine{closing: true}, stream: true, inBand: true, source: ledger.UsageEstimated, model: "error-in-stream"},
		"at the end of a cut answer": {mine: mine{closing: true}, stream: true, model: "cut-clean"},
	} {
		t.Run(name, func(t *testing.T) {
			with := setting{transport: func(tr upstream.Transport) upstream.Transport {
				m := c.mine
				m.Transport = tr
				return oneMine{m, tr}
			}}
			play(t, with, func(t *testing.T, s *scene) {
				if c.model == "" {
					c.model = "gpt-4o-mini"
				}
				a := s.Must(chat, ask(c.model, c.stream))
				if c.inBand {
					s.wantFailedStream(a.Body, "")
				} else {
					c.source = ledger.UsageNone
					s.wantError(a, 500, "")
				}
				row := s.only()
				wantRow(t, row, "internal_error", c.source)
				if len(row.Attempts) != 1 || row.Attempts[0].Outcome != "internal" {
					t.Errorf("attempts %+v, want one that ended in internal", row.Attempts)
				}
				synctest.Wait()
				if !strings.Contains(s.Log(), "panic of type string at weir/lib/testkit/booktest.bang") {
					t.Errorf("the log does not say where: %s", strings.ReplaceAll(s.Log(), "\n", " | "))
				}
				if after := s.Must(chat, ask("after", false)); after.Status != 404 {
					t.Errorf("the next call: %d %s", after.Status, after.Body)
				}
			})
		})
	}
}

// oneMine sends one request over a mine; those for the model "after" go past
// it.
type oneMine struct {
	mined, plain upstream.Transport
}

func (m oneMine) Send(ctx context.Context, t provider.Target, out llm.Outbound, stream bool) (*upstream.Reply, error) {
	if t.Model == "after" {
		return m.plain.Send(ctx, t, out, stream)
	}
	return m.mined.Send(ctx, t, out, stream)
}

// front is a dialect that blows up where it is told to.
type front struct {
	openaichat.Front

	decode, render, models bool
}

func (f front) Decode(op llm.Op, in llm.Inbound) (*llm.Request, error) {
	if f.decode {
		bang()
	}
	return f.Front.Decode(op, in)
}

func (f front) Error(err error, id string) (int, http.Header, []byte) {
	if f.render {
		bang()
	}
	return f.Front.Error(err, id)
}

func (f front) Models(ms []dialect.Model) []byte {
	if f.models {
		bang()
	}
	return f.Front.Models(ms)
}

func with(f front) setting {
	return setting{adjust: func(c *gateway.Config) { c.Fronts = []dialect.Front{f} }}
}

// Panics before there is a row are errors, too, and leave none.
func TestPanicsBeforeTheRow(t *testing.T) {
	t.Run("decoding", func(t *testing.T) {
		play(t, with(front{decode: true}), func(_ *testing.T, s *scene) {
			s.wantError(s.Must(chat, ask("gpt-4o-mini", true)), 500, "")
			s.closed(0)
		})
	})
	t.Run("listing models", func(t *testing.T) {
		play(t, with(front{models: true}), func(_ *testing.T, s *scene) {
			s.wantError(s.Must("/v1/models", ""), 500, "")
			s.closed(0)
		})
	})
	t.Run("choosing a configuration", func(t *testing.T) {
		broken := setting{adjust: func(c *gateway.Config) { c.Catalog = func() *catalog.Snapshot { bang(); return nil } }}
		play(t, broken, func(_ *testing.T, s *scene) {
			s.wantError(s.Must(chat, ask("gpt-4o-mini", false)), 500, "")
			s.closed(0)
		})
	})
}

// Where even the error cannot be rendered, the connection is cut and nothing is
// told, but the row is settled, and waited for.
func TestPanicWhileAnErrorIsRendered(t *testing.T) {
	play(t, with(front{render: true}), func(t *testing.T, s *scene) {
		open := make(chan struct{})
		s.store.at(stepSettle, held(open))
		time.AfterFunc(8*time.Second, func() { close(open) })
		if a, err := s.Do(t.Context(), chat, ask("status-500", false)); err == nil {
			t.Errorf("an answer came: %d %s", a.Status, a.Body)
		}
		if err := <-s.drain(time.Minute); err != nil {
			t.Errorf("drain: %v", err)
		}
		wantRow(t, s.only(), "upstream_error", ledger.UsageNone)
	})
}

// A store that panics is a store that is away.
func TestPanicsAtTheStore(t *testing.T) {
	for name, c := range map[string]struct {
		where step
		what  trouble
		rows  int
	}{
		"look-up":            {stepKey, func(context.Context, func() error) error { bang(); return nil }, 0},
		"before it was open": {stepOpen, func(context.Context, func() error) error { bang(); return nil }, 0},
		"after it was open": {stepOpen, func(_ context.Context, do func() error) error {
			_ = do()
			bang()
			return nil
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, setting{}, func(t *testing.T, s *scene) {
				s.store.at(c.where, c.what)
				s.wantError(s.Must(chat, ask("gpt-4o-mini", false)), 500, "")
				for _, row := range s.closed(c.rows) {
					wantRow(t, row, "internal_error", ledger.UsageNone)
				}
			})
		})
	}
	t.Run("settle", func(t *testing.T) {
		play(t, setting{}, func(t *testing.T, s *scene) {
			s.store.at(stepSettle, func(context.Context, func() error) error { bang(); return nil })
			a := s.Must(chat, ask("gpt-4o-mini", true))
			if !whole(a.Body) {
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
			if row := s.Row(a.CallID()); row.State != ledger.Open {
				t.Errorf("the row is %s", row.State)
			}
			if !strings.Contains(s.Log(), "panic while a row was settled") {
				t.Errorf("the log does not say so:\n%s", s.Log())
			}
		})
	})
}

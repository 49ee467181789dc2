package sse_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/lib/wire"
	"weir/lib/wire/sse"
)

// written is what a Writer makes of events.
func written(t *testing.T, events []event) string {
	t.Helper()
	rec := httptest.NewRecorder()
	w := sse.NewWriter(rec)
	for _, ev := range events {
		if err := w.Write(wire.Frame{Name: ev.Name, Data: []byte(ev.Data)}); err != nil {
			t.Fatalf("Write(%q): %v", ev, err)
		}
	}
	return rec.Body.String()
}

func TestWriterBytes(t *testing.T) {
	tests := []struct {
		name   string
		frames []event
		want   string
	}{
		{"data", []event{{"", `{"a":1}`}, {"", "[DONE]"}}, "data: {\"a\":1}\n\ndata: [DONE]\n\n"},
		{"name", []event{{"error", "{}"}}, "event: error\ndata: {}\n\n"},
		{"lines", []event{{"", "a\nb\r\nc\rd\n"}}, "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"},
		{"leading blank", []event{{"", " a"}}, "data:  a\n\n"},
		{"empty data is left out", []event{{"ping", ""}, {"", "a"}}, "data: a\n\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, written(t, tt.frames)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriterHead(t *testing.T) {
	rec := httptest.NewRecorder()
	rec.Header().Set("Content-Length", "5")
	rec.Header().Set("X-Weir-Call-Id", "c1")
	w := sse.NewWriter(rec)
	if err := errors.Join(w.Write(), w.Raw(nil), w.Write(wire.Frame{Name: "x"})); err != nil {
		t.Fatal(err)
	}
	if w.Started() || rec.Flushed {
		t.Error("started without a byte to send")
	}
	if err := w.Raw([]byte(": keep-alive\n")); err != nil {
		t.Fatal(err)
	}
	if !w.Started() || !rec.Flushed || rec.Code != http.StatusOK {
		t.Errorf("started %v, flushed %v, status %d after a keep-alive", w.Started(), rec.Flushed, rec.Code)
	}
	want := http.Header{
		"Content-Type":      {"text/event-stream; charset=utf-8"},
		"Cache-Control":     {"no-cache"},
		"X-Accel-Buffering": {"no"},
		"X-Weir-Call-Id":    {"c1"},
	}
	if diff := cmp.Diff(want, rec.Result().Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestWriterRefusesNamesWithLineBreaks(t *testing.T) {
	for _, name := range []string{"a\nb", "a\rdata: x"} {
		rec := httptest.NewRecorder()
		w := sse.NewWriter(rec)
		err := w.Write(wire.Frame{Data: []byte("1")}, wire.Frame{Name: name, Data: []byte("2")})
		if err == nil || rec.Body.Len() > 0 || w.Started() {
			t.Errorf("%q: error %v, sent %q, want an error and nothing", name, err, rec.Body)
		}
		if err := w.Write(wire.Frame{Data: []byte("3")}); err != nil {
			t.Errorf("the next write: %v", err)
		}
	}
}

// pipe is a ResponseWriter that cannot flush, as Lambda's, and fails after a
// number of writes.
type pipe struct {
	http.ResponseWriter
	writes, failAt int
	flushes        int
	flushErr       error
}

func (p *pipe) Write(b []byte) (int, error) {
	if p.writes++; p.writes == p.failAt {
		return 0, io.ErrClosedPipe
	}
	return p.ResponseWriter.Write(b)
}

func (p *pipe) FlushError() error { p.flushes++; return p.flushErr }

func TestWriterFlushes(t *testing.T) {
	gone := errors.New("gone")
	for _, tt := range []struct {
		name      string
		err, want error
	}{{"flushed", nil, nil}, {"cannot flush", http.ErrNotSupported, nil}, {"connection lost", gone, gone}} {
		t.Run(tt.name, func(t *testing.T) {
			p := &pipe{ResponseWriter: httptest.NewRecorder(), flushErr: tt.err}
			w := sse.NewWriter(p)
			err := w.Write(wire.Frame{Data: []byte("1")}, wire.Frame{Data: []byte("2")})
			if !errors.Is(err, tt.want) || tt.want == nil && err != nil {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if p.writes != 1 || p.flushes != 1 {
				t.Errorf("%d writes and %d flushes for one call, want 1 and 1", p.writes, p.flushes)
			}
		})
	}
}

func TestWriterErrorStays(t *testing.T) {
	p := &pipe{ResponseWriter: httptest.NewRecorder(), failAt: 2}
	w := sse.NewWriter(p)
	data := wire.Frame{Data: []byte("1")}
	if err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := errors.Join(w.Write(data)); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%v, want the first failure", err)
		}
	}
	if err := w.Raw([]byte(":\n")); !errors.Is(err, io.ErrClosedPipe) || p.writes != 2 {
		t.Errorf("%v after %d writes, want the first failure and no third write", err, p.writes)
	}
}

// Keep-alives from another goroutine never land inside an event.
func TestWriterConcurrently(t *testing.T) {
	rec := httptest.NewRecorder()
	w := sse.NewWriter(rec)
	const n = 300
	var wg sync.WaitGroup
	wg.Go(func() {
		for range n {
			if err := w.Raw([]byte(": keep-alive\n")); err != nil {
				t.Error(err)
			}
		}
	})
	for range n {
		if err := w.Write(wire.Frame{Name: "x", Data: []byte("a\nb")}, wire.Frame{Data: []byte("c")}); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	body := rec.Body.String()
	if got := strings.Count(body, ": keep-alive\n"); got != n {
		t.Errorf("%d keep-alives, want %d", got, n)
	}
	body = strings.ReplaceAll(body, ": keep-alive\n", "")
	if want := strings.Repeat("event: x\ndata: a\ndata: b\n\ndata: c\n\n", n); body != want {
		t.Error("a keep-alive landed inside an event")
	}
}

func BenchmarkWriter(b *testing.B) {
	w := sse.NewWriter(discard{http.Header{}})
	f := wire.Frame{Data: []byte(`{"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" word"}}]}`)}
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Write(f); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

package sse_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"weir/lib/fault"
	"weir/lib/wire"
	"weir/lib/wire/sse"
)

const limit = 8 << 20

// event is a wire.Frame that outlives the iteration.
type event struct{ Name, Data string }

// collect reads r to its end.
func collect(r io.Reader, maxEvent int) (got []event, err error) {
	for f, e := range sse.Frames(r, maxEvent) {
		if e != nil {
			return got, e
		}
		got = append(got, event{f.Name, string(f.Data)})
	}
	return got, nil
}

// chunkings are ways in which the same bytes may arrive.
func chunkings(seed uint64) map[string]func(io.Reader) io.Reader {
	return map[string]func(io.Reader) io.Reader{
		"whole":         func(r io.Reader) io.Reader { return r },
		"byte by byte":  iotest.OneByteReader,
		"halves":        iotest.HalfReader,
		"data with EOF": iotest.DataErrReader,
		"random cuts":   func(r io.Reader) io.Reader { return &cutter{r, rand.New(rand.NewPCG(seed, 1))} },
	}
}

// cutter returns a random number of bytes per read, now and then none.
type cutter struct {
	r io.Reader
	n *rand.Rand
}

func (c *cutter) Read(p []byte) (int, error) { return c.r.Read(p[:min(len(p), c.n.IntN(40))]) }

var streams = []struct {
	name, in string
	want     []event
	kind     fault.Kind // of the error at the end; Internal is none
}{
	{"empty", "", nil, fault.Internal},
	{"one event", "data: a\n\n", []event{{"", "a"}}, fault.Internal},
	{"no blank after the colon", "data:a\n\n", []event{{"", "a"}}, fault.Internal},
	{"only one blank is cut", "data:  a \n\n", []event{{"", " a "}}, fault.Internal},
	{"names", "event: x\ndata: 1\n\nevent:y\ndata: 2\n\ndata: 3\n\n", []event{{"x", "1"}, {"y", "2"}, {"", "3"}}, fault.Internal},
	{"name after data", "data: 1\nevent: x\n\n", []event{{"x", "1"}}, fault.Internal},
	{"last name counts", "event: x\nevent: y\ndata: 1\n\n", []event{{"y", "1"}}, fault.Internal},
	{"CRLF", "event: x\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", []event{{"x", "1"}, {"", "2"}}, fault.Internal},
	{"CR", "event: x\rdata: 1\r\rdata: 2\r\r", []event{{"x", "1"}, {"", "2"}}, fault.Internal},
	{"mixed line ends", "data: 1\r\n\ndata: 2\n\r\ndata: 3\r\r\ndata: 4\n\r", []event{{"", "1"}, {"", "2"}, {"", "3"}, {"", "4"}}, fault.Internal},
	{"lines of data", "data: a\ndata\ndata: b\ndata:\ndata: c\n\n", []event{{"", "a\n\nb\n\nc"}}, fault.Internal},
	{"lines of data, CRLF", "data: a\r\ndata: b\r\n\r\n", []event{{"", "a\nb"}}, fault.Internal},
	{"comments", ": hello\n\n:\ndata: a\n: between\ndata: b\n\n: bye\n", []event{{"", "a\nb"}}, fault.Internal},
	{"keep-alive without blank line", ": keep-alive\n: keep-alive\ndata: a\n\n", []event{{"", "a"}}, fault.Internal},
	{"id, retry and unknown fields", "id: 7\nretry: 10\nfoo: bar\nfoo\ndata: a\n\nid: 8\n\n", []event{{"", "a"}}, fault.Internal},
	{"no data", "event: ping\n\ndata: a\n\n", []event{{"", "a"}}, fault.Internal},
	{"empty data", "data\n\ndata:\n\ndata: \n\ndata: a\n\n", []event{{"", "a"}}, fault.Internal},
	{"data of line breaks only", "data\ndata\n\n", []event{{"", "\n"}}, fault.Internal},
	{"names do not leak", "event: x\n\ndata: a\n\n", []event{{"", "a"}}, fault.Internal},
	{"field names are exact", "Data: a\n data: b\ndata : c\n\ndata: d\n\n", []event{{"", "d"}}, fault.Internal},
	{"byte order mark", "\ufeffdata: a\n\ndata: \ufeffb\n\n", []event{{"", "a"}, {"", "\ufeffb"}}, fault.Internal},
	{"one byte order mark only", "\ufeff\ufeffdata: a\n\ndata: b\n\n", []event{{"", "b"}}, fault.Internal},
	{"no UTF-8", "data: \xff\xfe\x00\n\n", []event{{"", "\xff\xfe\x00"}}, fault.Internal},
	{"colon in data", "data: {\"a\":\"b: c\"}\n\n", []event{{"", `{"a":"b: c"}`}}, fault.Internal},
	{"runes", "data: 🌊 weir – übers Wehr\n\n", []event{{"", "🌊 weir – übers Wehr"}}, fault.Internal},
	{"many blank lines", "\n\n\r\n\r\rdata: a\n\n\n\n", []event{{"", "a"}}, fault.Internal},

	{"no blank line at the end", "data: a\n\ndata: [DONE]\n", []event{{"", "a"}}, fault.Truncated},
	{"no line end at the end", "data: a\n\ndata: [DONE]", []event{{"", "a"}}, fault.Truncated},
	{"cut in a field name", "data: a\n\nda", []event{{"", "a"}}, fault.Truncated},
	{"cut after the event's name", "event: error\n", nil, fault.Truncated},
	{"cut in a comment", "data: a\n\n: keep-al", []event{{"", "a"}}, fault.Internal},
	{"cut in a comment within an event", "data: a\n: keep-al", nil, fault.Truncated},
}

func TestFrames(t *testing.T) {
	for _, tt := range streams {
		t.Run(tt.name, func(t *testing.T) {
			for how, wrap := range chunkings(7) {
				got, err := collect(wrap(strings.NewReader(tt.in)), limit)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s: events (-want +got):\n%s", how, diff)
				}
				if fault.KindOf(err) != tt.kind || (err != nil) != (tt.kind != fault.Internal) {
					t.Errorf("%s: error %v, want kind %v", how, err, tt.kind)
				}
			}
		})
	}
}

// A stream that breaks off anywhere yields the events that are whole, and
// never a part of one as if it were whole.
func TestFramesCutAnywhere(t *testing.T) {
	const in = ": hi\n\nevent: a\ndata: {\"text\":\"über\"}\n\ndata: 1\ndata: 2\r\n\r\nid: 3\ndata: [DONE]\n\n"
	whole := []event{{"a", `{"text":"über"}`}, {"", "1\n2"}, {"", "[DONE]"}}
	for cut := range len(in) {
		var first []event
		for how, wrap := range chunkings(uint64(cut)) {
			got, err := collect(wrap(strings.NewReader(in[:cut])), limit)
			if len(got) >= len(whole) || !cmp.Equal(got, whole[:len(got)], cmp.Comparer(func(a, b event) bool { return a == b })) && len(got) > 0 {
				t.Errorf("cut at %d, %s: events %q, want a proper prefix of %q", cut, how, got, whole)
			}
			if err != nil && fault.KindOf(err) != fault.Truncated {
				t.Errorf("cut at %d, %s: %v, want truncated", cut, how, err)
			}
			if first == nil {
				first = append([]event{}, got...)
			} else if len(first) != len(got) {
				t.Errorf("cut at %d, %s: %d events, elsewhere %d", cut, how, len(got), len(first))
			}
		}
	}
}

func TestFramesLongLine(t *testing.T) {
	long := strings.Repeat("0123456789abcdeü", 5<<20/17)
	in := "data: " + long + "\n\n" + strings.Repeat("data: small\n\n", 1000) + "data: " + long + "\r\ndata: end\r\n\r\n"
	for _, how := range []string{"whole", "data with EOF", "random cuts", "halves"} {
		got, err := collect(chunkings(3)[how](strings.NewReader(in)), limit)
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		if len(got) != 1002 || got[0].Data != long || got[1].Data != "small" || got[1001].Data != long+"\nend" {
			t.Errorf("%s: %d events, or other bytes", how, len(got))
		}
	}
}

func TestFramesLimit(t *testing.T) {
	const maxEvent = 100
	fits := "data: " + strings.Repeat("x", maxEvent-len("data: ")-1) + "\n\n"
	lines := strings.Repeat("data: 345678\n", 7) + "data: 9\n" // 99 bytes
	tests := []struct {
		name, in string
		events   int
		over     bool
	}{
		{"largest", fits + fits, 2, false},
		{"largest, of several lines", lines + "\n" + lines + "\n", 2, false},
		{"one byte more", fits + "data: x" + fits[len("data: "):], 1, true},
		{"many lines", fits + strings.Repeat("data: 1\n", 50), 1, true},
		{"endless line", strings.Repeat("x", 200), 0, true},
		{"comment", ": " + strings.Repeat("x", 200) + "\n" + fits, 0, true},
		{"comments between events are not counted", fits + strings.Repeat(": keep-alive\n", 200) + fits, 2, false},
		{"dropped events are not counted", strings.Repeat("event: ping\n\n", 200) + fits, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for how, wrap := range chunkings(5) {
				got, err := collect(wrap(strings.NewReader(tt.in)), maxEvent)
				if len(got) != tt.events {
					t.Errorf("%s: %d events, want %d", how, len(got), tt.events)
				}
				if over := fault.KindOf(err) == fault.TargetFailed; over != tt.over || !over && err != nil {
					t.Errorf("%s: error %v, want too large: %v", how, err, tt.over)
				}
			}
		})
	}
}

// An event is there as soon as its blank line is: the reader below fails the
// test when it is asked for more.
func TestFramesDoNotWait(t *testing.T) {
	for _, in := range []string{"data: a\n\n", "data: a\r\n\r", "data: a\r\r", "event: x\r\ndata: a\r\n\n"} {
		r := io.MultiReader(strings.NewReader(in), readerFunc(func([]byte) (int, error) {
			t.Errorf("%q: the reader was asked for more", in)
			return 0, io.EOF
		}))
		for f, err := range sse.Frames(r, limit) {
			if err != nil || string(f.Data) != "a" {
				t.Errorf("%q: %q, %v", in, f.Data, err)
			}
			break
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestFramesReadErrors(t *testing.T) {
	timeout := fault.New(fault.TargetTimeout, "test", "silent")
	tests := []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"reset", syscall.ECONNRESET, fault.Truncated},
		{"unexpected EOF", io.ErrUnexpectedEOF, fault.Truncated},
		{"wrapped EOF", fmt.Errorf("closed: %w", io.EOF), fault.Truncated},
		{"fault", timeout, fault.TargetTimeout},
		{"wrapped fault", fmt.Errorf("read: %w", timeout), fault.TargetTimeout},
		{"fault around EOF", fault.Wrap(fault.ClientGone, "test", io.EOF), fault.ClientGone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, in := range []string{"", "data: a\n\n", "data: a\n\ndata: b"} {
				for how, wrap := range chunkings(9) {
					n := strings.Count(in, "\n\n")
					got, err := collect(wrap(io.MultiReader(strings.NewReader(in), iotest.ErrReader(tt.err))), limit)
					if len(got) != n || !errors.Is(err, tt.err) || fault.KindOf(err) != tt.want {
						t.Errorf("%q, %s: %d events, error %v, want %d and %v", in, how, len(got), err, n, tt.want)
					}
				}
			}
		})
	}
}

// An error that a reader returns once, beside its last bytes, is not lost.
func TestFramesErrorBesideData(t *testing.T) {
	calls := 0
	r := readerFunc(func(p []byte) (int, error) {
		if calls++; calls == 1 {
			return copy(p, "data: a\n\n"), syscall.ECONNRESET
		}
		return 0, io.EOF
	})
	got, err := collect(r, limit)
	if len(got) != 1 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v, %v, want one event and the reset", got, err)
	}
}

func TestFramesReaderWithoutProgress(t *testing.T) {
	_, err := collect(readerFunc(func([]byte) (int, error) { return 0, nil }), limit)
	if fault.KindOf(err) != fault.Truncated || !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("%v, want truncated for want of progress", err)
	}
}

// What is written is read back, however it is cut, and reading never panics.
func FuzzFrames(f *testing.F) {
	for _, tt := range streams {
		f.Add([]byte(tt.in), uint64(1))
	}
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		const maxEvent = 512
		want, wantErr := collect(bytes.NewReader(in), maxEvent)
		for how, wrap := range chunkings(seed) {
			got, err := collect(wrap(bytes.NewReader(in)), maxEvent)
			if diff := cmp.Diff(want, got); diff != "" || (err == nil) != (wantErr == nil) || fault.KindOf(err) != fault.KindOf(wantErr) {
				t.Fatalf("%s: %v, whole: %v, (-whole +%[1]s):\n%s", how, err, wantErr, diff)
			}
		}
		again, err := collect(strings.NewReader(written(t, want)), limit)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if diff := cmp.Diff(want, again); diff != "" {
			t.Fatalf("written and read again (-want +got):\n%s", diff)
		}
	})
}

func BenchmarkFrames(b *testing.B) {
	const one = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795514700,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}` + "\n\n"
	const events = 10_000
	in := []byte(strings.Repeat(one, events))
	b.SetBytes(int64(len(one)))
	b.ReportAllocs()
	for n := 0; n < b.N; n += events {
		var f wire.Frame
		var err error
		for f, err = range sse.Frames(bytes.NewReader(in), limit) {
			if err != nil {
				b.Fatal(err)
			}
		}
		if len(f.Data) == 0 {
			b.Fatal("no data")
		}
	}
}

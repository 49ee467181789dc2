package eventstream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"weir/lib/fault"
)

const maxEvent = 1 << 16

// read returns what a stream yields, an error last.
func read(r io.Reader, most int) (lines []string, err error) {
	for f, e := range Frames(r, most) {
		if e != nil {
			return lines, e
		}
		lines = append(lines, f.Name+" "+string(f.Data))
	}
	return lines, nil
}

func stream() []byte {
	b := AppendEvent(nil, "messageStart", []byte(`{"role":"assistant"}`))
	b = AppendEvent(b, "contentBlockDelta", []byte(`{"delta":{"text":"`+strings.Repeat("é\u2028", 9000)+`"}}`))
	b = AppendEvent(b, "messageStop", nil)
	b = AppendException(b, "throttlingException", []byte(`{"message":"slow \"down\""}`))
	return AppendError(b, "InternalFailure", `a "reason"`)
}

func want() []string {
	return []string{
		`messageStart {"role":"assistant"}`,
		`contentBlockDelta {"delta":{"text":"` + strings.Repeat("é\u2028", 9000) + `"}}`,
		`messageStop `,
		`throttlingException {"message":"slow \"down\""}`,
		`error {"code":"InternalFailure","message":"a \"reason\""}`,
	}
}

func TestEveryChunking(t *testing.T) {
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole":         func(r io.Reader) io.Reader { return r },
		"byte by byte":  iotest.OneByteReader,
		"halves":        iotest.HalfReader,
		"data with EOF": iotest.DataErrReader,
	} {
		got, err := read(wrap(bytes.NewReader(stream())), maxEvent)
		if diff := cmp.Diff(want(), got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// An example message of the specification's kind, written by hand: what the
// writer makes is what others read.
func TestAMessageByHand(t *testing.T) {
	got := AppendEvent(nil, "x", []byte("{}"))
	headers := "\x0d:message-type\x07\x00\x05event" + "\x0b:event-type\x07\x00\x01x" + "\x0d:content-type\x07\x00\x10application/json"
	var b bytes.Buffer
	u32 := func(n uint32) { _ = binary.Write(&b, binary.BigEndian, n) }
	u32(uint32(12 + len(headers) + 2 + 4))
	u32(uint32(len(headers)))
	u32(crc32.ChecksumIEEE(b.Bytes()))
	b.WriteString(headers + "{}")
	u32(crc32.ChecksumIEEE(b.Bytes()))
	if !bytes.Equal(got, b.Bytes()) {
		t.Errorf("got  %q\nwant %q", got, b.Bytes())
	}
}

// A stream that ends between messages ends; anywhere else it is truncated.
func TestEveryCut(t *testing.T) {
	short := AppendException(AppendEvent(AppendEvent(nil, "a", []byte("1")), "b", []byte("22")), "c", []byte("333"))
	ends := map[int]bool{0: true}
	for n := 0; n < len(short); {
		n += int(binary.BigEndian.Uint32(short[n:]))
		ends[n] = true
	}
	for cut := range len(short) + 1 {
		_, err := read(bytes.NewReader(short[:cut]), maxEvent)
		if ends[cut] != (err == nil) || err != nil && fault.KindOf(err) != fault.Truncated {
			t.Errorf("cut after byte %d: %v", cut, err)
		}
	}
}

// Any flipped bit is found.
func TestEveryFlip(t *testing.T) {
	whole := AppendEvent(nil, "name", []byte(`{"a":1}`))
	for i := range whole {
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[i] ^= 1 << bit
			if _, err := read(bytes.NewReader(b), maxEvent); fault.KindOf(err) != fault.TargetFailed {
				t.Fatalf("byte %d, bit %d: %v", i, bit, err)
			}
		}
	}
}

// raw makes a message with any headers and right checksums.
func raw(headers, payload string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(minSize+len(headers)+len(payload)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(headers)))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	b = append(append(b, headers...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func TestHeaders(t *testing.T) {
	const event = "\x0d:message-type\x07\x00\x05event"
	for name, tt := range map[string]struct {
		headers string
		want    string
		ok      bool
	}{
		"no headers":                 {"", "", false},
		"event without a type":       {event, " p", true},
		"values of every kind":       {"\x01a\x00\x01b\x01\x01c\x02!\x01d\x03!!\x01e\x04!!!!\x01f\x05!!!!!!!!\x01g\x06\x00\x01!\x01h\x08!!!!!!!!\x01i\x09!!!!!!!!!!!!!!!!" + event + "\x0b:event-type\x07\x00\x01x", "x p", true},
		"unknown kind of value":      {"\x01a\x0a" + event, "", false},
		"value that is cut":          {event + "\x01a\x07\x00\x05ab", "", false},
		"length that is cut":         {event + "\x01a\x07\x00", "", false},
		"name that is cut":           {event + "\x09a", "", false},
		"name without a kind":        {event + "\x01a", "", false},
		"empty name":                 {event + "\x00\x00", "", false},
		"unknown message type":       {"\x0d:message-type\x07\x00\x04ping", "", false},
		"message type is no string":  {"\x0d:message-type\x04\x00\x00\x00\x01", "", false},
		"exception without a type":   {"\x0d:message-type\x07\x00\x09exception", "", false},
		"an event type of its own":   {event + "\x0b:event-type\x07\x00\x00", " p", true},
		"the last of equal headers":  {event + "\x0b:event-type\x07\x00\x01x\x0b:event-type\x07\x00\x01y", "y p", true},
		"error without its headers":  {"\x0d:message-type\x07\x00\x05error", `error {"code":"","message":""}`, true},
		"initial response of an RPC": {event + "\x0b:event-type\x07\x00\x10initial-response", "initial-response p", true},
	} {
		got, err := read(bytes.NewReader(raw(tt.headers, "p")), maxEvent)
		if tt.ok != (err == nil) || tt.ok && got[0] != tt.want || !tt.ok && fault.KindOf(err) != fault.TargetFailed {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestBounds(t *testing.T) {
	if _, err := read(bytes.NewReader(AppendEvent(nil, "n", make([]byte, 100))), 99); fault.KindOf(err) != fault.TargetFailed {
		t.Errorf("a payload above the bound: %v", err)
	}
	if _, err := read(bytes.NewReader(AppendEvent(nil, "n", make([]byte, 100))), 100); err != nil {
		t.Errorf("a payload at the bound: %v", err)
	}
	lengths := func(total, headers uint32) []byte {
		b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, total), headers)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	}
	for name, b := range map[string][]byte{
		"too short":         lengths(15, 0),
		"headers too long":  lengths(100, 90),
		"too many headers":  lengths(1<<20, maxHeaders+1),
		"largest there is":  lengths(1<<32-1, 0),
		"largest of both":   lengths(1<<32-1, 1<<32-1),
		"nothing at length": lengths(0, 0),
	} {
		if _, err := read(bytes.NewReader(b), maxEvent); fault.KindOf(err) != fault.TargetFailed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is announced and does not come costs no memory.
func TestAnAnnouncedLengthCostsNothing(t *testing.T) {
	b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 16<<20), 0)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	d := NewReader(bytes.NewReader(append(b, "some"...)), 32<<20)
	if _, err := d.Next(); fault.KindOf(err) != fault.Truncated {
		t.Fatal(err)
	}
	if len(d.buf) > 2*firstRead {
		t.Errorf("a buffer of %d bytes", len(d.buf))
	}
}

func TestErrorsOfTheReader(t *testing.T) {
	own := fault.New(fault.TargetTimeout, "x", "")
	for _, tt := range []struct {
		r    io.Reader
		want fault.Kind
	}{
		{iotest.ErrReader(own), fault.TargetTimeout},
		{io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(fmt.Errorf("wrapped: %w", own))), fault.TargetTimeout},
		{iotest.ErrReader(errors.New("reset")), fault.Truncated},
		{iotest.ErrReader(io.ErrUnexpectedEOF), fault.Truncated},
		{stuck{}, fault.Truncated},
		{liar{}, fault.Truncated},
	} {
		if _, err := read(tt.r, maxEvent); fault.KindOf(err) != tt.want {
			t.Errorf("%T: %v, want %s", tt.r, err, tt.want)
		}
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

type liar struct{}

func (liar) Read(p []byte) (int, error) { return len(p) + 1, nil }

func TestWriterCutsWhatIsTooLong(t *testing.T) {
	got, err := read(bytes.NewReader(AppendError(nil, "c", strings.Repeat("x", 1<<17))), maxEvent)
	if err != nil || len(got) != 1 || strings.Count(got[0], "x") != 1<<16-1 {
		t.Errorf("%d frames, %v", len(got), err)
	}
}

// Who stops reading stops it.
func TestBreakingOff(t *testing.T) {
	n := 0
	for _, err := range Frames(bytes.NewReader(stream()), maxEvent) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		break
	}
	if n != 1 {
		t.Error(n)
	}
}

// Whatever comes: frames or an error, and what is whole comes out again.
func FuzzFrames(f *testing.F) {
	f.Add(stream())
	f.Add(raw("\x0d:message-type\x07\x00\x05event\x01a\x09!!!!!!!!!!!!!!!!", "p"))
	f.Add([]byte("event: x\ndata: y\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, err := read(bytes.NewReader(b), maxEvent)
		bytewise, again := read(iotest.OneByteReader(bytes.NewReader(b)), maxEvent)
		if !cmp.Equal(whole, bytewise) || (err == nil) != (again == nil) {
			t.Fatalf("%q %v, byte by byte %q %v", whole, err, bytewise, again)
		}
		if k := fault.KindOf(err); err != nil && k != fault.Truncated && k != fault.TargetFailed {
			t.Fatal(err)
		}
	})
}

// What is written is read back, whatever it is.
func FuzzWritten(f *testing.F) {
	f.Add("name", []byte("data"), 3)
	f.Fuzz(func(t *testing.T, name string, data []byte, cut int) {
		if len(name) > 1000 || len(data) > maxEvent {
			t.Skip()
		}
		b := AppendEvent([]byte("before"), name, data)[len("before"):]
		got, err := read(bytes.NewReader(b), maxEvent)
		if err != nil || len(got) != 1 || got[0] != name+" "+string(data) {
			t.Fatalf("%q, %v", got, err)
		}
		if cut > 0 && cut < len(b) {
			if _, err := read(bytes.NewReader(b[:cut]), maxEvent); fault.KindOf(err) != fault.Truncated {
				t.Fatalf("cut after %d of %d: %v", cut, len(b), err)
			}
		}
	})
}

// One operation is a thousand messages of a streamed answer.
func BenchmarkNext(b *testing.B) {
	one := AppendEvent(nil, "contentBlockDelta", []byte(`{"contentBlockIndex":0,"delta":{"text":" level"},"p":"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR"}`))
	b.ReportAllocs()
	all := bytes.Repeat(one, 1000)
	for b.Loop() {
		d := NewReader(bytes.NewReader(all), maxEvent)
		for range 1000 {
			if _, err := d.Next(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

package eventstream

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"weir/lib/fault"
	"weir/lib/wire"
)

const (
	// firstRead is what is read of a message at first; more is taken only as
	// it comes, so that an announced length costs nothing.
	firstRead = 16 << 10
	// maxEmptyReads is how often a reader may return nothing before that is
	// an error.
	maxEmptyReads = 100
	// maxNames bounds the names that are kept to be told again.
	maxNames = 64
)

// Frames reads r and yields its messages: Name is the event's type, or the
// exception's, or ErrorName; Data is the payload.
//
// The iteration ends with an error, a *fault.Error, when:
//   - r ends within a message (Truncated), or fails (Truncated). An error of r
//     that is a *fault.Error is handed on as it is;
//   - a checksum, a length or a header is wrong, or a message says not what it
//     is (TargetFailed);
//   - a message takes more than maxEvent bytes besides its headers
//     (TargetFailed). Memory is bounded by a small multiple of that.
//
// The iteration is for one use. It does not close r.
func Frames(r io.Reader, maxEvent int) wire.Frames {
	return func(yield func(wire.Frame, error) bool) {
		d := NewReader(r, maxEvent)
		for {
			f, err := d.Next()
			if err == io.EOF { //nolint:errorlint // Next promises the bare value
				return
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// Reader reads messages one by one. Not safe for concurrent use.
type Reader struct {
	r     io.Reader
	max   int
	buf   []byte
	names map[string]string
}

// NewReader returns a Reader of r; see Frames for maxEvent and for errors.
func NewReader(r io.Reader, maxEvent int) *Reader {
	return &Reader{r: r, max: maxEvent, buf: make([]byte, firstRead), names: map[string]string{}}
}

// Next returns the next message, and io.EOF, as it is, where r ends behind one.
// The frame's data is valid until the next call.
func (d *Reader) Next() (wire.Frame, error) {
	n, err := d.fill(0, preludeSize)
	switch {
	case err == io.EOF && n == 0: //nolint:errorlint // an io.Reader ends in a bare EOF
		return wire.Frame{}, io.EOF
	case err != nil:
		return wire.Frame{}, failed(err)
	}
	total, headers := binary.BigEndian.Uint32(d.buf), binary.BigEndian.Uint32(d.buf[4:])
	if crc32.ChecksumIEEE(d.buf[:8]) != binary.BigEndian.Uint32(d.buf[8:]) {
		return wire.Frame{}, broken("the checksum of a message's lengths is wrong")
	}
	switch {
	case headers > maxHeaders:
		return wire.Frame{}, broken(fmt.Sprintf("a message has more than %d bytes of headers", maxHeaders))
	case uint64(total) < minSize+uint64(headers):
		return wire.Frame{}, broken("a message is shorter than its parts")
	case uint64(total) > minSize+uint64(headers)+uint64(max(d.max, 0)):
		return wire.Frame{}, broken(fmt.Sprintf("a message is larger than %d bytes", d.max))
	}
	if _, err := d.fill(preludeSize, int(total)); err != nil {
		return wire.Frame{}, failed(err)
	}
	end := int(total) - crcSize
	if crc32.ChecksumIEEE(d.buf[:end]) != binary.BigEndian.Uint32(d.buf[end:]) {
		return wire.Frame{}, broken("the checksum of a message is wrong")
	}
	at := preludeSize + int(headers)
	return d.frame(d.buf[preludeSize:at], d.buf[at:end:end])
}

// fill reads until buf holds n bytes of the message, of which it holds have,
// and returns how many it holds then.
func (d *Reader) fill(have, n int) (int, error) {
	empty := 0
	for have < n {
		if have == len(d.buf) {
			grown := make([]byte, min(2*len(d.buf), n))
			copy(grown, d.buf)
			d.buf = grown
		}
		got, err := d.r.Read(d.buf[have:min(n, len(d.buf))])
		if got < 0 || got > n-have {
			return have, errors.New("the reader returned an impossible count")
		}
		have += got
		switch {
		case have == n:
			return have, nil // an error beside the last byte is for the next read
		case err != nil:
			return have, err
		case got > 0:
			empty = 0
		case empty == maxEmptyReads:
			return have, io.ErrNoProgress
		}
		empty++
	}
	return have, nil
}

// frame makes a frame of a message.
func (d *Reader) frame(headers, payload []byte) (wire.Frame, error) {
	var kind, event, exception, code, message []byte
	for len(headers) > 0 {
		h, rest, ok := nextHeader(headers)
		if !ok {
			return wire.Frame{}, broken("a header cannot be read")
		}
		headers = rest
		if h.kind != valueString {
			continue
		}
		switch string(h.name) {
		case headerMessageType:
			kind = h.value
		case headerEventType:
			event = h.value
		case headerExceptionType:
			exception = h.value
		case headerErrorCode:
			code = h.value
		case headerErrorMessage:
			message = h.value
		}
	}
	switch string(kind) {
	case typeEvent:
		return wire.Frame{Name: d.name(event), Data: payload}, nil
	case typeException:
		if len(exception) == 0 {
			return wire.Frame{}, broken("an exception without a type")
		}
		return wire.Frame{Name: d.name(exception), Data: payload}, nil
	case typeError:
		data, err := json.Marshal(failure{string(code), string(message)})
		return wire.Frame{Name: ErrorName, Data: data}, err
	}
	return wire.Frame{}, broken("a message of an unknown type")
}

// failure is the data of a message of type error.
type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// name returns b as a string that is made once for each name.
func (d *Reader) name(b []byte) string {
	if s, ok := d.names[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(d.names) < maxNames {
		d.names[s] = s
	}
	return s
}

// broken is an error of what cannot be a message.
func broken(why string) error {
	return fault.Wrap(fault.TargetFailed, "eventstream.Frames", errors.New(why))
}

// failed classifies a read error.
func failed(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if err == io.EOF { //nolint:errorlint // an io.Reader ends in a bare EOF
		err = io.ErrUnexpectedEOF
	}
	return fault.Wrap(fault.Truncated, "eventstream.Frames", err)
}

// Package sse reads and writes server-sent events
// (html.spec.whatwg.org/multipage/server-sent-events.html, read 2026-11-25).
//
// It promises that payloads come out byte for byte however the bytes were cut
// on the way, that an event is handed on as soon as its blank line is there,
// and that half an event never passes for a whole one. It knows nothing of
// what the events mean; whether a stream is complete is for a dialect to say.
package sse

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"weir/lib/fault"
	"weir/lib/wire"
)

const (
	firstBuffer = 8 << 10
	// maxRead bounds one read, so that a buffer that grew for a large event
	// is not filled, and searched again and again, with small ones.
	maxRead = 32 << 10
	// maxEmptyReads is how often a reader may return nothing before that is
	// an error.
	maxEmptyReads = 100
)

// Frames reads r as an event stream and yields its events. Names and data are
// kept; comments, ids, retry hints and events without data (or with empty
// data) are dropped, because they are framing: they may not travel on, and
// some clients end a stream on them.
//
// Lines may end in LF, CR or CRLF; a CR is not waited on for the LF that may
// follow. Data of several lines is joined with LF. One byte order mark at the
// start is skipped. A payload's bytes are not interpreted, nor checked to be
// UTF-8.
//
// The iteration ends with an error, a *fault.Error, when:
//   - r ends within an event, that is, after a field of it but before its
//     blank line (Truncated). The specification drops such an event in
//     silence; here it is the sign of an answer that broke off, also when what
//     came looks like a terminal mark;
//   - r fails (Truncated). An error of r that is a *fault.Error is handed on
//     as it is;
//   - an event, or a comment between events, takes more than maxEvent bytes on
//     the wire before its blank line (TargetFailed). Memory is bounded by a
//     small multiple of that.
//
// The iteration is for one use. It does not close r.
func Frames(r io.Reader, maxEvent int) wire.Frames {
	return func(yield func(wire.Frame, error) bool) {
		d := decoder{r: r, max: maxEvent, buf: make([]byte, firstBuffer), first: true}
		for {
			f, err := d.next()
			switch {
			case errors.Is(err, errEnd):
				return
			case err != nil:
				yield(wire.Frame{}, err)
				return
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// errEnd is a clean end of the stream.
var errEnd = errors.New("sse: end of stream")

// decoder cuts events out of one growing buffer. Positions are offsets in buf:
//
//	event <= line <= scan <= end
//
// where event is the first byte of the event being read, line the first byte
// of the line being read, and no line ends between line and scan.
type decoder struct {
	r   io.Reader
	err error // what r returned beside its last bytes
	max int
	buf []byte

	event, line, scan, end int

	first  bool // no line was read yet: a byte order mark may come
	skipLF bool // the last line ended in CR: an LF right after it belongs to it
	open   bool // a field of the event was read
	filled bool // … with data
	// from and to delimit the event's data. Lines after the first are moved up
	// to it in place: the room that their field names took is always enough.
	from, to int
	name     string
	names    string // the last event name, so that a repeated one costs nothing
}

// next returns the next event, or errEnd.
func (d *decoder) next() (wire.Frame, error) {
	d.reset()
	for {
		stop := d.lineEnd()
		if stop < 0 {
			if err := d.fill(); err != nil {
				return wire.Frame{}, err
			}
			continue
		}
		line := d.buf[d.line:stop]
		if stop-d.event > d.max {
			return wire.Frame{}, d.tooLarge()
		}
		at := d.line
		d.skipLF = d.buf[stop] == '\r'
		d.line, d.scan = stop+1, stop+1
		if d.first {
			d.first = false
			if rest, ok := bytes.CutPrefix(line, []byte("\ufeff")); ok {
				line, at = rest, at+len(line)-len(rest)
			}
		}
		if len(line) > 0 {
			d.field(line, at)
			continue
		}
		if d.to > d.from {
			return wire.Frame{Name: d.name, Data: d.buf[d.from:d.to:d.to]}, nil
		}
		d.reset()
	}
}

// reset starts a new event at the current line.
func (d *decoder) reset() {
	d.event, d.from, d.to, d.name, d.open, d.filled = d.line, d.line, d.line, "", false, false
}

// lineEnd returns the offset of the byte that ends the current line, or -1 if
// it is not there yet.
func (d *decoder) lineEnd() int {
	if d.skipLF && d.line < d.end {
		d.skipLF = false
		if d.buf[d.line] == '\n' {
			d.line++
			d.scan = d.line
			if !d.open {
				d.event = d.line
			}
		}
	}
	rest := d.buf[d.scan:d.end]
	lf := bytes.IndexByte(rest, '\n')
	if lf >= 0 {
		rest = rest[:lf]
	}
	if cr := bytes.IndexByte(rest, '\r'); cr >= 0 {
		return d.scan + cr
	}
	if lf >= 0 {
		return d.scan + lf
	}
	d.scan = d.end
	return -1
}

// field takes one line that is not blank; at is its offset.
func (d *decoder) field(line []byte, at int) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	start := at + len(line) - len(value)
	if len(value) > 0 && value[0] == ' ' {
		value, start = value[1:], start+1
	}
	switch string(name) {
	case "data":
		d.data(value, start)
	case "event":
		d.open = true
		if string(value) != d.names {
			d.names = string(value)
		}
		d.name = d.names
	default: // a comment, an id, a retry hint, or unknown
		if !d.open {
			d.event = d.line
		}
	}
}

// data adds a line of data whose value begins at start.
func (d *decoder) data(value []byte, start int) {
	d.open = true
	if !d.filled {
		d.filled = true
		d.from, d.to = start, start+len(value)
		return
	}
	d.buf[d.to] = '\n'
	d.to += 1 + copy(d.buf[d.to+1:], value)
}

// fill reads more bytes, making room for them first.
func (d *decoder) fill() error {
	if d.end-d.event > d.max {
		return d.tooLarge()
	}
	if d.end == len(d.buf) {
		d.room()
	}
	free := d.buf[d.end:min(len(d.buf), d.end+maxRead)]
	for range maxEmptyReads {
		if d.err != nil {
			return d.stop()
		}
		n, err := d.r.Read(free)
		if n < 0 || n > len(free) {
			return failed(errors.New("the reader returned an impossible count"))
		}
		d.end, d.err = d.end+n, err
		if n > 0 {
			return nil
		}
	}
	return failed(io.ErrNoProgress)
}

// room drops what was read before the current event, or doubles the buffer.
func (d *decoder) room() {
	if d.event >= len(d.buf)/4 {
		copy(d.buf, d.buf[d.event:d.end])
	} else {
		grown := make([]byte, 2*len(d.buf))
		copy(grown, d.buf[d.event:d.end])
		d.buf = grown
	}
	by := d.event
	d.event, d.line, d.scan, d.end, d.from, d.to = 0, d.line-by, d.scan-by, d.end-by, max(d.from-by, 0), max(d.to-by, 0)
}

// stop tells a clean end from one within an event, and both from a failure.
// The rest of a comment is no event.
func (d *decoder) stop() error {
	if d.err != io.EOF { //nolint:errorlint // an io.Reader ends in a bare EOF; a wrapped one is a failure
		return failed(d.err)
	}
	rest := d.buf[d.line:d.end]
	if d.open || len(rest) > 0 && rest[0] != ':' {
		return failed(io.ErrUnexpectedEOF)
	}
	return errEnd
}

func (d *decoder) tooLarge() error {
	return fault.Wrap(fault.TargetFailed, "sse.Frames", fmt.Errorf("an event is larger than %d bytes", d.max))
}

// failed classifies a read error.
func failed(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return fault.Wrap(fault.Truncated, "sse.Frames", err)
}

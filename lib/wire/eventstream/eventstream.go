// Package eventstream reads and writes application/vnd.amazon.eventstream, the
// framing of AWS's streamed answers
// (smithy.io/2.0/aws/amazon-eventstream.html, read 2026-11-25).
//
// It promises that payloads come out byte for byte however the bytes were cut
// on the way, that a message is handed on as soon as its last byte is there,
// that both checksums of every message are right, and that half a message
// never passes for a whole one. It knows nothing of what the messages mean;
// whether a stream is complete is for a dialect to say.
//
// The reader is the gateway's own and not the AWS SDK's: the pipeline must not
// link the SDK, memory has to be bounded by the message at hand and not by a
// length that was only announced, and errors need a fault.Kind.
//
// A message, all integers big-endian:
//
//	total length (4) | length of headers (4) | CRC-32 of these 8 bytes (4)
//	headers | payload | CRC-32 of all before (4)
//
// A header is the length of its name (1), the name, a type (1) and a value.
package eventstream

import "encoding/binary"

// Sizes of a message's parts, and the most that headers may take.
const (
	preludeSize = 12
	crcSize     = 4
	minSize     = preludeSize + crcSize
	maxHeaders  = 128 << 10
)

// Names of the headers that say what a message is.
const (
	headerMessageType   = ":message-type"
	headerEventType     = ":event-type"
	headerExceptionType = ":exception-type"
	headerErrorCode     = ":error-code"
	headerErrorMessage  = ":error-message"
	headerContentType   = ":content-type"
)

// Values of the message type.
const (
	typeEvent     = "event"
	typeException = "exception"
	typeError     = "error"
)

// ErrorName is the Name of the frame that stands for a message of type error,
// whose code and message are in headers. Its data is an object with the
// members code and message.
const ErrorName = "error"

// The types of header values.
const (
	valueTrue byte = iota
	valueFalse
	valueByte
	valueShort
	valueInt
	valueLong
	valueBytes
	valueString
	valueTimestamp
	valueUUID
)

// fixed are the sizes of the values that have no length of their own; -1 for
// those that have.
var fixed = [...]int{
	valueTrue: 0, valueFalse: 0, valueByte: 1, valueShort: 2, valueInt: 4, valueLong: 8,
	valueBytes: -1, valueString: -1, valueTimestamp: 8, valueUUID: 16,
}

// header is one header of a message.
type header struct {
	name, value []byte
	kind        byte
}

// nextHeader splits the first header off; ok is false where the bytes are no
// header.
func nextHeader(b []byte) (h header, rest []byte, ok bool) {
	if len(b) == 0 || len(b) < 2+int(b[0]) || b[0] == 0 {
		return header{}, nil, false
	}
	n := int(b[0])
	h.name, h.kind, b = b[1:1+n], b[1+n], b[2+n:]
	if int(h.kind) >= len(fixed) {
		return header{}, nil, false
	}
	size := fixed[h.kind]
	if size < 0 {
		if len(b) < 2 {
			return header{}, nil, false
		}
		size, b = int(binary.BigEndian.Uint16(b)), b[2:]
	}
	if len(b) < size {
		return header{}, nil, false
	}
	h.value = b[:size]
	return h, b[size:], true
}

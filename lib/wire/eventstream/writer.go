package eventstream

import (
	"encoding/binary"
	"hash/crc32"
)

// AppendEvent appends a message that is an event of type name, with payload.
func AppendEvent(dst []byte, name string, payload []byte) []byte {
	return appendMessage(dst, payload, headerMessageType, typeEvent, headerEventType, name, headerContentType, "application/json")
}

// AppendException appends a message that is an exception of type name, with
// payload.
func AppendException(dst []byte, name string, payload []byte) []byte {
	return appendMessage(dst, payload, headerMessageType, typeException, headerExceptionType, name, headerContentType, "application/json")
}

// AppendError appends a message of type error, which has no payload.
func AppendError(dst []byte, code, message string) []byte {
	return appendMessage(dst, nil, headerMessageType, typeError, headerErrorCode, code, headerErrorMessage, message)
}

// appendMessage appends a message whose headers are strings, given as names
// and values by turns. Names are no longer than 255 bytes; a value is cut to
// the 65,535 bytes that a header may have.
func appendMessage(dst, payload []byte, headers ...string) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, preludeSize)...)
	for i := 0; i+1 < len(headers); i += 2 {
		name, value := headers[i], headers[i+1]
		value = value[:min(len(value), 1<<16-1)]
		dst = append(dst, byte(len(name))) //nolint:gosec // names are short
		dst = append(append(dst, name...), valueString)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(value))) //nolint:gosec // cut above
		dst = append(dst, value...)
	}
	size := len(dst) - start - preludeSize
	dst = append(dst, payload...)
	message := dst[start:]
	binary.BigEndian.PutUint32(message, uint32(len(message)+crcSize)) //nolint:gosec // messages are far smaller
	binary.BigEndian.PutUint32(message[4:], uint32(size))             //nolint:gosec // as above
	binary.BigEndian.PutUint32(message[8:], crc32.ChecksumIEEE(message[:8]))
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(message))
}

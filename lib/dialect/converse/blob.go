package converse

import "encoding/base64"

// blob is a value of bytes that comes in pieces. Each piece is base64 of its
// own (github.com/anomalyco/opencode/pull/46283, read 2026-11), so that they
// are joined as the bytes they stand for: behind padding, base64 does not go
// on, and the service takes back only what is base64 as a whole.
type blob struct {
	raw    []byte // the pieces as they came
	bytes  []byte // what they stand for
	pieces int
	odd    bool // a piece is no base64
}

func (b *blob) add(piece []byte) {
	b.raw = append(b.raw, piece...)
	b.pieces++
	var err error
	if b.bytes, err = base64.StdEncoding.AppendDecode(b.bytes, piece); err != nil {
		b.odd = true
	}
}

// text is the blob as base64. What came whole, or is none, stays as it came.
func (b *blob) text() string {
	if b.pieces == 1 || b.odd {
		return string(b.raw)
	}
	return base64.StdEncoding.EncodeToString(b.bytes)
}

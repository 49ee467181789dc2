package rawjson

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Halves decodes a text that comes as several strings, cut anywhere: also
// between the two escapes of one character (\ud83c, \udf0a), each of which
// would be U+FFFD by itself. The zero value is ready. Not safe for concurrent
// use.
type Halves struct{ high rune } // that ended the last piece, 0 for none

// escape is the length of \uXXXX.
const escape = len(`\uXXXX`)

// Add returns the text of v, the next piece; nil where v is no string. A high
// half at its end waits for the piece that follows. The result is valid as
// long as v's document.
func (h *Halves) Add(v Value) []byte {
	text := v.Bytes()
	if h.high == 0 && (len(text) == 0 || text[len(text)-1] != lastOfError) || v.Kind() != String {
		return text // which has no half at either end that matters
	}
	raw := v.Raw()
	raw = raw[1 : len(raw)-1]
	if len(raw) == 0 {
		return nil
	}
	var joined []byte
	if h.high != 0 {
		joined = utf8.AppendRune(nil, utf8.RuneError)
		if len(raw) >= escape && raw[0] == '\\' && raw[1] == 'u' {
			low, _ := hex4(raw, 2)
			if r := utf16.DecodeRune(h.high, low); r != utf8.RuneError {
				joined = utf8.AppendRune(nil, r)
				text = text[utf8.RuneLen(utf8.RuneError):]
			}
		}
		h.high = 0
	}
	if high := lastHigh(raw); high != 0 && len(text) > 0 {
		h.high = high
		text = text[:len(text)-utf8.RuneLen(utf8.RuneError)]
	}
	if joined == nil {
		return text
	}
	return append(joined, text...)
}

// Rest returns what still waits when no piece follows.
func (h *Halves) Rest() []byte {
	if h.high == 0 {
		return nil
	}
	h.high = 0
	return utf8.AppendRune(nil, utf8.RuneError)
}

// lastOfError is the last byte of U+FFFD, which a half is decoded as.
const lastOfError = 0xBD

// lastHigh is the high half that the inside of a checked string ends with; 0
// where it ends with anything else.
func lastHigh(raw []byte) rune {
	at := len(raw) - escape
	if at < 0 || raw[at] != '\\' || raw[at+1] != 'u' {
		return 0
	}
	for i := at - 1; i >= 0 && raw[i] == '\\'; i -= 2 {
		if i == 0 || raw[i-1] != '\\' {
			return 0 // the backslash is the escaped one of another escape
		}
	}
	if r, _ := hex4(raw, at+2); r >= 0xD800 && r < 0xDC00 {
		return r
	}
	return 0
}

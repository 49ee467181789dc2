package rawjson

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// peek is the byte at the current place; 0, which begins nothing, at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.data) {
		return p.data[p.pos]
	}
	return 0
}

func (p *parser) space() {
	for p.pos < len(p.data) {
		switch p.data[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

func (p *parser) literal(word string) error {
	if len(p.data)-p.pos < len(word) || string(p.data[p.pos:p.pos+len(word)]) != word {
		return p.unexpected("a value")
	}
	p.pos += len(word)
	return nil
}

func (p *parser) number() error {
	if p.peek() == '-' {
		p.pos++
	}
	if p.peek() == '0' {
		p.pos++
	} else if !p.digits() {
		return p.unexpected("a digit")
	}
	if p.peek() == '.' {
		p.pos++
		if !p.digits() {
			return p.unexpected("a digit")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if !p.digits() {
			return p.unexpected("a digit")
		}
	}
	return nil
}

func (p *parser) digits() bool {
	from := p.pos
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.pos++
	}
	return p.pos > from
}

// Eight bytes at a time: ones has the lowest, highs the highest bit of each
// byte. (x-ones)&^x&highs marks zero bytes; its lowest mark is always right.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// str takes a string and reports whether it has escapes.
func (p *parser) str() (escaped bool, err error) {
	start := p.pos
	p.pos++
	var high uint64
	for {
		for p.pos+8 <= len(p.data) {
			w := binary.LittleEndian.Uint64(p.data[p.pos:])
			quote, slash := w^(ones*'"'), w^(ones*'\\')
			stop := ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*0x20)&^w) & highs
			high |= w & highs
			if stop != 0 {
				p.pos += bits.TrailingZeros64(stop) / 8
				break
			}
			p.pos += 8
		}
		switch c := p.peek(); {
		case c == '"':
			p.pos++
			return escaped, p.checkUTF8(start, high != 0)
		case c == '\\':
			escaped = true
			if err := p.escape(); err != nil {
				return escaped, err
			}
		case c < 0x20:
			return escaped, p.unexpectedInString()
		default: // one of the last seven bytes of the document
			high |= uint64(c & utf8.RuneSelf)
			p.pos++
		}
	}
}

func (p *parser) unexpectedInString() error {
	if p.pos >= len(p.data) {
		return p.fail(ErrSyntax, p.pos, "a string has no end")
	}
	return p.fail(ErrSyntax, p.pos, "a control character in a string is not escaped")
}

func (p *parser) escape() error {
	at := p.pos
	p.pos++
	switch p.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		p.pos++
		return nil
	case 'u':
		if _, ok := hex4(p.data, p.pos+1); ok {
			p.pos += 5
			return nil
		}
	}
	return p.fail(ErrSyntax, at, "an escape in a string is not valid")
}

func (p *parser) checkUTF8(start int, high bool) error {
	if !high || p.opts.Lenient || utf8.Valid(p.data[start:p.pos]) {
		return nil
	}
	at := start
	for at < p.pos {
		r, n := utf8.DecodeRune(p.data[at:p.pos])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return p.fail(ErrUTF8, at, "")
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte, at int) (rune, bool) {
	if at+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[at : at+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

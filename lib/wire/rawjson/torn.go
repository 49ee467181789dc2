package rawjson

import (
	"bytes"
	"unicode/utf16"
)

// Torn is the first string value of d that has half of a character in it: an
// escape of a surrogate (\ud83c) without its other half, which is decoded as
// U+FFFD. It is absent where there is none. Names, and what stands below an
// opaque member, are not looked at.
func (d *Doc) Torn() Value {
	if !bytes.Contains(d.data, []byte(`\ud`)) && !bytes.Contains(d.data, []byte(`\uD`)) {
		return Value{}
	}
	return firstTorn(d.Root())
}

func firstTorn(v Value) Value {
	if v.Kind() == String {
		if raw := v.Raw(); torn(raw[1 : len(raw)-1]) {
			return v
		}
		return Value{}
	}
	for m := range v.Members() {
		if t := firstTorn(m.Value); t.Exists() {
			return t
		}
	}
	for _, e := range v.Elems() {
		if t := firstTorn(e); t.Exists() {
			return t
		}
	}
	return Value{}
}

// torn reports whether the inside of a checked string has a surrogate alone.
func torn(s []byte) bool {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return false
		}
		s = s[i:]
		if s[1] != 'u' {
			s = s[2:]
			continue
		}
		r, _ := hex4(s, 2)
		s = s[escape:]
		if !utf16.IsSurrogate(r) {
			continue
		}
		if len(s) < escape || s[0] != '\\' || s[1] != 'u' {
			return true
		}
		low, _ := hex4(s, 2)
		if utf16.DecodeRune(r, low) == '\ufffd' {
			return true
		}
		s = s[escape:]
	}
}

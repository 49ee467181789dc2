package keys

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"strings"

	"weir/lib/fault"
)

// The form of a virtual key: sk-weir-<id>-<secret><checksum>. The id has 71
// bits and may be logged, the secret has 190. The checksum is the CRC-32
// (IEEE, as in package crc32) of all that stands before it, as a number of six
// base62 digits with leading zeros; so a change of any one character, or of
// two neighbours, is always found, and by a scanner of source code as well as
// by the gateway, without a look-up.
const (
	Prefix      = "sk-weir-"
	idLen       = 12
	secretLen   = 32
	checksumLen = 6
	keyLen      = len(Prefix) + idLen + 1 + secretLen + checksumLen

	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// Secret is a virtual key in full. Whatever prints, logs or encodes it shows
// its id only; Reveal is the one way to the rest. The zero Secret stands for
// no key.
type Secret struct {
	// A pointer, because package fmt asks no method of a Secret that is an
	// unexported field of something else, but prints what it is made of.
	text *string
}

// Generate makes a key. random is a source of secure randomness, such as
// crypto/rand.Reader.
func Generate(random io.Reader) (Secret, error) {
	digits, err := draw(random, idLen+secretLen)
	if err != nil {
		return Secret{}, fmt.Errorf("making a key: %w", err)
	}
	text := Prefix + digits[:idLen] + "-" + digits[idLen:]
	text += checksum(text)
	return Secret{&text}, nil
}

// draw returns n base62 digits, all equally likely: bytes above the largest
// multiple of 62 are thrown away.
func draw(random io.Reader, n int) (string, error) {
	const limit = 256 - 256%len(base62)
	out, buf := make([]byte, 0, n), make([]byte, n)
	for len(out) < n {
		if _, err := io.ReadFull(random, buf); err != nil {
			return "", err
		}
		for _, b := range buf {
			if int(b) < limit && len(out) < n {
				out = append(out, base62[int(b)%len(base62)])
			}
		}
	}
	return string(out), nil
}

func checksum(text string) string {
	sum := crc32.ChecksumIEEE([]byte(text))
	var out [checksumLen]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = base62[sum%uint32(len(base62))]
		sum /= uint32(len(base62))
	}
	return string(out[:])
}

// Reveal returns the key in full, to be shown once to who made it; "" of the
// zero Secret.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// ID is the key's id, "" of the zero Secret.
func (s Secret) ID() string {
	if s.text == nil {
		return ""
	}
	return (*s.text)[len(Prefix) : len(Prefix)+idLen]
}

// String shows the id only.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return Prefix + s.ID() + "-…"
}

// Format shows the id only, by every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue shows the id only.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText shows the id only.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// The codes of authentication errors, apart from the Kind's own
// (invalid_api_key, for a key that is not known here).
const (
	CodeMissing     = "missing_api_key"
	CodeConflicting = "conflicting_api_keys"
	CodeMalformed   = "malformed_api_key"
	CodeMistyped    = "mistyped_api_key"
	CodeExpired     = "expired_api_key"
	CodeRevoked     = "revoked_api_key"
)

func unauthenticated(op, code, public string, cause error) error {
	return &fault.Error{Kind: fault.Unauthenticated, Op: op, Code: code, Public: public, Err: cause}
}

// Parse returns the id of a presented key. It finds what is cut, changed or
// mistyped without a look-up; whether the key exists is another question. Its
// errors are of Kind Unauthenticated, with CodeMalformed or CodeMistyped, and
// never hold the key.
func Parse(presented string) (id string, err error) {
	const op = "keys.Parse"
	const form = "A key is " + Prefix + " and 51 characters: 12 letters and digits, a hyphen, 38 letters and digits."
	malformed := func(why string) error {
		return unauthenticated(op, CodeMalformed, "The key is malformed: "+why+". "+form, errors.New(why))
	}
	rest, ok := strings.CutPrefix(presented, Prefix)
	if !ok {
		return "", malformed("it does not begin with " + Prefix)
	}
	if len(presented) != keyLen {
		return "", malformed(fmt.Sprintf("it has %d characters and not %d (was it cut or wrapped when it was copied?)", len(presented), keyLen))
	}
	id, secret, ok := cutAt(rest, idLen)
	if !ok || !isBase62(id) || !isBase62(secret) {
		return "", malformed("it has a character in a wrong place")
	}
	body := presented[:keyLen-checksumLen]
	if presented[keyLen-checksumLen:] != checksum(body) {
		return "", unauthenticated(op, CodeMistyped,
			"The key is mistyped: its checksum does not fit. Copy it again from where it was kept.", errors.New("checksum does not fit"))
	}
	return id, nil
}

// cutAt splits s around the hyphen at i.
func cutAt(s string, i int) (before, after string, ok bool) {
	if len(s) <= i || s[i] != '-' {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

func isBase62(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// isID reports whether s has the form of a key's id.
func isID(s string) bool { return len(s) == idLen && isBase62(s) }

package strict

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// Sign is the signature that a fake of Anthropic's models puts on a thought. It
// vouches for every byte of it, and one fake takes that of another: the
// vendor's own are good on its API and on the clouds alike
// (platform.claude.com/docs/en/build-with-claude/extended-thinking, read 2026-11).
func Sign(thinking string) string {
	sum := sha256.Sum256([]byte("fake-anthropic:" + thinking))
	return base64.StdEncoding.EncodeToString(sum[:]) + "/+=="
}

// sealed begins every Seal.
const sealed = "fake-redacted:"

// Seal is thinking that a fake of Anthropic's models gives away unreadable.
func Seal(text string) string {
	return base64.StdEncoding.EncodeToString([]byte(sealed + text + "\n" + Sign(text)))
}

// Sealed reports whether data was made by Seal.
func Sealed(data string) bool {
	raw, err := base64.StdEncoding.DecodeString(data)
	text, signature, ok := strings.Cut(strings.TrimPrefix(string(raw), sealed), "\n")
	return err == nil && ok && strings.HasPrefix(string(raw), sealed) && signature == Sign(text)
}

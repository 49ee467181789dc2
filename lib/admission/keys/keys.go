// Package keys knows who is calling. A virtual key is the credential that the
// gateway issues to callers; only its SHA-256 is stored, and its secret is
// shown once.
package keys

import (
	"time"

	"weir/lib/provider"
)

// Record is a virtual key as stored.
type Record struct {
	ID        string // 12 characters of base62; may be logged
	Hash      [32]byte
	Team, App string
	Name      string
	Models    []string // patterns; empty allows all
	Principal string   // pattern of IAM principals; such a record has no secret
	Created   time.Time
	Expires   time.Time // zero: never
	Revoked   time.Time // zero: not revoked
}

// Caller is an authenticated caller.
type Caller struct {
	KeyID     string
	Team, App string
	Principal string
	Models    []string // patterns; empty allows all
}

// Allows reports whether the caller may use a target. A pattern allows it that
// matches the name the caller asked for, or the target as "provider/model".
func (c Caller) Allows(requested, target string) bool {
	if len(c.Models) == 0 {
		return true
	}
	for _, p := range c.Models {
		if provider.Match(p, requested) || provider.Match(p, target) {
			return true
		}
	}
	return false
}

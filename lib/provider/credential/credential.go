// Package credential holds the gateway's own secrets for providers: where one
// comes from, and how it is kept out of logs.
package credential

import (
	"context"
	"log/slog"
	"strings"
)

// Ref names a credential's sources. The zero Ref has none and is never found;
// None says that no credential is needed.
type Ref struct {
	None   bool
	Env    string // environment variable, for local use
	Secret string // member of the JSON secret, on AWS
	// AWS says that the AWS SDK finds the credential by its own chain. A Source
	// says whether there is one and hands none out.
	AWS bool `json:",omitempty"`
}

// Secret is a provider key. It prints as "[secret]" everywhere; Reveal is the
// only way to its value and belongs into an outbound header.
//
// The value is behind a pointer, because fmt calls no method of an unexported
// field or under a verb such as %p: what it prints then is an address.
type Secret struct{ value *string }

// NewSecret wraps value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal returns the value.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// String hides the value.
func (s Secret) String() string { return "[secret]" }

// GoString hides the value from %#v.
func (s Secret) GoString() string { return "[secret]" }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText hides the value from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Source finds credentials. Safe for concurrent use.
type Source interface {
	// Lookup returns the credential that r names; ok is false when the source
	// has none. fresh asks to read past caches, after a provider's 401.
	Lookup(ctx context.Context, r Ref, fresh bool) (s Secret, ok bool, err error)
}

// Env is a Source over environment variables; getenv is os.LookupEnv outside
// tests. White space around a value, such as the line's end of the file it was
// read from, is no part of it; a variable that is set but empty counts as not
// set.
type Env func(name string) (string, bool)

// Lookup implements Source.
func (e Env) Lookup(_ context.Context, r Ref, _ bool) (Secret, bool, error) {
	if r.AWS {
		return Secret{}, e.aws(), nil
	}
	if r.Env == "" {
		return Secret{}, false, nil
	}
	v, ok := e(r.Env)
	if v = strings.TrimSpace(v); !ok || v == "" {
		return Secret{}, false, nil
	}
	return NewSecret(v), true, nil
}

// Missing says what to provide for a credential that is not there.
func (e Env) Missing(r Ref) string {
	if r.AWS {
		return awsMissing
	}
	if r.Env == "" {
		return "its credential names no environment variable (credential: { env: NAME })"
	}
	return "environment variable " + r.Env + " is not set"
}

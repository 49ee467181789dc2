package credential_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"weir/lib/provider/credential"
)

const key = "sk-proj-very-secret"

// A secret is in logs, panics, traces and dumps under its mask only, in
// whatever it is wrapped.
func TestSecretsNeverPrint(t *testing.T) {
	s := credential.NewSecret(key)
	type config struct {
		Name string
		Key  credential.Secret
		Ptr  *credential.Secret
		Any  any
		List []credential.Secret
		Map  map[string]credential.Secret
		hid  credential.Secret
	}
	wrapped := config{"openai", s, &s, s, []credential.Secret{s}, map[string]credential.Secret{"k": s}, s}
	texts := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p"} {
		texts["Secret "+verb] = fmt.Sprintf(verb, s)
		texts["*Secret "+verb] = fmt.Sprintf(verb, &s)
		texts["struct "+verb] = fmt.Sprintf(verb, wrapped)
	}
	texts["error"] = fmt.Errorf("calling with %v: %w", s, fmt.Errorf("%+v", wrapped)).Error()
	for name, v := range map[string]any{"Secret": s, "struct": wrapped} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		texts["json "+name] = string(text)
		for kind, log := range map[string]func(*bytes.Buffer) slog.Handler{
			"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var b bytes.Buffer
			slog.New(log(&b)).Info("call", slog.Any("credential", v))
			texts["slog "+kind+" "+name] = b.String()
		}
	}
	hex := fmt.Sprintf("%x", key)
	for where, text := range texts {
		if strings.Contains(text, key) || strings.Contains(strings.ToLower(text), hex) || strings.Contains(text, "very-secret") {
			t.Errorf("%s shows the secret: %s", where, text)
		}
	}
	if s.Reveal() != key {
		t.Error("Reveal does not return the value")
	}
}

func TestSecretIsZero(t *testing.T) {
	if !(credential.Secret{}).IsZero() || credential.NewSecret(key).IsZero() {
		t.Error("IsZero says the contrary")
	}
}

func TestEnv(t *testing.T) {
	vars := map[string]string{"OPENAI_API_KEY": key, "EMPTY": "", "BLANK": " \n", "FROM_FILE": key + "\r\n"}
	env := credential.Env(func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	})
	for _, c := range []struct {
		why  string
		ref  credential.Ref
		want string
	}{
		{"a variable that is set", credential.Ref{Env: "OPENAI_API_KEY", Secret: "openai"}, key},
		{"a variable that is not", credential.Ref{Env: "GROQ_API_KEY"}, ""},
		{"a variable that is set and empty", credential.Ref{Env: "EMPTY"}, ""},
		{"a variable of white space", credential.Ref{Env: "BLANK"}, ""},
		{"a variable with the end of its line", credential.Ref{Env: "FROM_FILE"}, key},
		{"no variable named", credential.Ref{Secret: "openai"}, ""},
		{"nothing named", credential.Ref{}, ""},
	} {
		got, ok, err := env.Lookup(t.Context(), c.ref, true)
		if err != nil || ok != (c.want != "") || got.Reveal() != c.want {
			t.Errorf("%s: %q, %v, %v", c.why, got.Reveal(), ok, err)
		}
	}
}

// What is missing is told by the name to set, not by a value.
func TestEnvMissing(t *testing.T) {
	env := credential.Env(func(string) (string, bool) { return key, true })
	for ref, want := range map[credential.Ref]string{
		{Env: "GROQ_API_KEY"}:   "environment variable GROQ_API_KEY is not set",
		{Secret: "groq_in_aws"}: "its credential names no environment variable (credential: { env: NAME })",
	} {
		if got := env.Missing(ref); got != want {
			t.Errorf("Missing(%+v) = %q, want %q", ref, got, want)
		}
	}
}

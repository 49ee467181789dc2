package keys_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"weir/lib/admission/keys"
	"weir/lib/fault"
)

// knownChecksum was computed with another implementation of CRC-32, zlib's.
const knownChecksum = "3nFpMX"

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// source is randomness that a property test can repeat.
func source(t *rapid.T) io.Reader {
	return bytes.NewReader(rapid.SliceOfN(rapid.ByteRange(0, 247), 44, 44).Draw(t, "random"))
}

func generate(t interface{ Fatal(args ...any) }, from io.Reader) keys.Secret {
	s, err := keys.Generate(from)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGenerate(t *testing.T) {
	random := make([]byte, 44)
	for i := range random {
		random[i] = byte(i + 60) // the last digits begin the alphabet again
	}
	got := generate(t, bytes.NewReader(random))
	if want := "sk-weir-yz0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef" + knownChecksum; got.Reveal() != want {
		t.Errorf("got %s, want %s", got.Reveal(), want)
	}
	if got.ID() != "yz0123456789" {
		t.Errorf("id %s", got.ID())
	}
}

func TestGenerateThrowsBiasedBytesAway(t *testing.T) {
	// 248 to 255 would make the first eight digits likelier than the others.
	random := append(bytes.Repeat([]byte{248, 255}, 22), bytes.Repeat([]byte{61}, 44)...)
	if got := generate(t, bytes.NewReader(random)); strings.Trim(got.ID(), "z") != "" {
		t.Errorf("got %s", got.Reveal())
	}
}

func TestGenerateWithoutRandomness(t *testing.T) {
	broken := errors.New("no entropy")
	for name, r := range map[string]io.Reader{
		"a source that fails":    iotest.ErrReader(broken),
		"a source that runs dry": bytes.NewReader(make([]byte, 43)),
	} {
		if s, err := keys.Generate(r); err == nil {
			t.Errorf("%s: made %v", name, s)
		}
	}
}

func TestParse(t *testing.T) {
	good := generate(t, rand.Reader)
	if id, err := keys.Parse(good.Reveal()); err != nil || id != good.ID() {
		t.Errorf("got %s, %v; want %s", id, err, good.ID())
	}
	text := good.Reveal()
	for name, tc := range map[string]struct{ key, code, says string }{
		"empty":                 {"", keys.CodeMalformed, "sk-weir-"},
		"another vendor's":      {"sk-proj-" + text[8:], keys.CodeMalformed, "sk-weir-"},
		"the prefix alone":      {keys.Prefix, keys.CodeMalformed, "8 characters and not 59"},
		"cut":                   {text[:58], keys.CodeMalformed, "58 characters"},
		"with a line end":       {text + "\n", keys.CodeMalformed, "60 characters"},
		"wrapped":               {text[:30] + " " + text[31:], keys.CodeMalformed, "wrong place"},
		"a hyphen too early":    {text[:19] + "-" + text[19:20] + text[21:], keys.CodeMalformed, "wrong place"},
		"a letter for a hyphen": {text[:20] + "x" + text[21:], keys.CodeMalformed, "wrong place"},
		"not ASCII":             {text[:57] + "é", keys.CodeMalformed, "wrong place"},
		"lower case":            {"sk-weir-yz0123456789-abcdefghijklmnopqrstuvwxyzabcdef" + knownChecksum, keys.CodeMistyped, "checksum"},
		"two keys in one value": {text + "," + text, keys.CodeMalformed, "119 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keys.Parse(tc.key)
			f := fault.Of(err)
			if f == nil || f.Kind != fault.Unauthenticated || f.Code != tc.code || !strings.Contains(f.Message(), tc.says) || strings.Contains(f.Message(), "?.") {
				t.Fatalf("error %v, want one with code %s that says %q", err, tc.code, tc.says)
			}
			if len(tc.key) > 20 && strings.Contains(err.Error(), tc.key[20:40]) {
				t.Errorf("the error holds the key: %v", err)
			}
		})
	}
}

// TestChecksum: one wrong character, and two neighbours that changed places,
// are always found, without a look-up.
func TestChecksum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		good := generate(t, source(t)).Reveal()
		if _, err := keys.Parse(good); err != nil {
			t.Fatal(err)
		}
		at := rapid.IntRange(len(keys.Prefix), len(good)-1).Draw(t, "place")
		if good[at] == '-' {
			at++
		}
		bad := []byte(good)
		if rapid.Bool().Draw(t, "swap") && at+1 < len(good) {
			bad[at], bad[at+1] = bad[at+1], bad[at]
		} else {
			bad[at] = base62[rapid.IntRange(0, 61).Draw(t, "character")]
		}
		if string(bad) == good {
			return
		}
		_, err := keys.Parse(string(bad))
		if code := fault.Of(err); code == nil || code.Code != keys.CodeMistyped && code.Code != keys.CodeMalformed {
			t.Errorf("%s passes for %s: %v", bad, good, err)
		}
	})
}

// TestNothingPrintsASecret: whatever prints, logs or encodes a secret or what
// holds one shows the id at most.
func TestNothingPrintsASecret(t *testing.T) {
	s := generate(t, rand.Reader)
	var logs bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&logs, nil))
	text := slog.New(slog.NewTextHandler(&logs, nil))
	holder := struct {
		Key   keys.Secret
		Other *keys.Secret
		inner keys.Secret
	}{s, &s, s}
	for _, l := range []*slog.Logger{log, text} {
		l.LogAttrs(t.Context(), slog.LevelInfo, "made", slog.Any("key", s), slog.Any("in", holder), slog.String("text", s.String()))
	}
	encoded, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	out := logs.String() + string(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out += fmt.Sprintf(verb+" "+verb+"\n", s, holder)
	}
	secret := s.Reveal()[len(keys.Prefix)+13:]
	if strings.Contains(out, secret) || strings.Contains(out, fmt.Sprintf("%x", secret)) {
		t.Errorf("the secret is in\n%s", out)
	}
	if !strings.Contains(out, s.ID()) {
		t.Errorf("the id is not in\n%s", out)
	}
	var none keys.Secret
	if none.Reveal() != "" || none.ID() != "" || none.String() != "" {
		t.Error("the zero secret is something")
	}
}

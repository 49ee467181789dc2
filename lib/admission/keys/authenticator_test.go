package keys_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"weir/lib/admission/keys"
	"weir/lib/fault"
	"weir/lib/table"
	"weir/lib/table/tabletest"
	"weir/lib/table/tabletest/drivers"
)

// TestAuthenticate is the contract suite of authentication on every store.
func TestAuthenticate(t *testing.T) {
	drivers.Each(t, func(t *testing.T, tb table.Table) {
		for _, p := range []struct {
			name string
			test func(t *testing.T, tb table.Table)
		}{
			{"a key is its caller's", itsCaller},
			{"what does not authenticate", refusals},
			{"a revoked key ends within the TTL", revokedInTime},
			{"a key that is remembered expires on time", expiresInTime},
			{"a new key works soon", newKey},
			{"a store that is away", storeAway},
			{"nothing tells the key", canary},
		} {
			t.Run(p.name, func(t *testing.T) { p.test(t, tb) })
		}
	})
}

func itsCaller(t *testing.T, tb table.Table) {
	c := newClock()
	s := keys.NewStore(tb, c.now)
	a := keys.NewAuthenticator(s, keys.Options{}, c.now)
	for i := range 3 {
		spec := keys.Spec{Team: fmt.Sprintf("team-%d", i), App: "web", Models: []string{"gpt-*"}}
		r, secret := create(t, s, spec)
		for range 2 {
			got, err := a.Authenticate(t.Context(), secret.Reveal())
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(keys.Caller{KeyID: r.ID, Team: spec.Team, App: "web", Models: spec.Models}, got); diff != "" {
				t.Errorf("caller (-want +got):\n%s", diff)
			}
		}
	}
}

// forged is a well-formed key with the id of another.
func forged(t *testing.T, id string) string {
	t.Helper()
	draws := make([]byte, 0, 44)
	for i := range id {
		draws = append(draws, byte(strings.IndexByte(base62, id[i])))
	}
	return generate(t, bytes.NewReader(append(draws, make([]byte, 32)...))).Reveal()
}

func refusals(t *testing.T, tb table.Table) {
	c := newClock()
	s := keys.NewStore(tb, c.now)
	a := keys.NewAuthenticator(s, keys.Options{}, c.now)
	r, good := create(t, s, search)
	dead, revoked := create(t, s, search)
	_, expired := create(t, s, keys.Spec{Team: "search", App: "web", Expires: noon.Add(time.Minute)})
	iam, _ := create(t, s, keys.Spec{Team: "search", App: "web", Principal: "arn:aws:iam::123456789012:role/x"})
	if err := s.Revoke(t.Context(), dead.ID); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Minute)
	typo := []byte(good.Reveal())
	typo[30] = base62[(strings.IndexByte(base62, typo[30])+1)%62]

	for name, tc := range map[string]struct{ key, code, says string }{
		"nothing":                        {"", keys.CodeMalformed, "sk-weir-"},
		"a vendor's key":                 {"sk-proj-0123456789", keys.CodeMalformed, "sk-weir-"},
		"a cut key":                      {good.Reveal()[:50], keys.CodeMalformed, "50 characters"},
		"a typo":                         {string(typo), keys.CodeMistyped, "checksum"},
		"a key of nobody":                {generate(t, rand.Reader).Reveal(), "", "does not know"},
		"another secret under an id":     {forged(t, r.ID), "", "does not know"},
		"a secret for a principal":       {forged(t, iam.ID), "", "does not know"},
		"a secret for a revoked id":      {forged(t, dead.ID), "", "does not know"},
		"a revoked key":                  {revoked.Reveal(), keys.CodeRevoked, "revoked on 2026-11-22"},
		"a key that expires this moment": {expired.Reveal(), keys.CodeExpired, "2026-11-22T12:01:00.000Z"},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // from the store, then from memory
				got, err := a.Authenticate(t.Context(), tc.key)
				wantRefusal(t, err, tc.code, true)
				if msg := fault.Of(err).Message(); !strings.Contains(msg, tc.says) {
					t.Errorf("the message does not say %q: %s", tc.says, msg)
				}
				if diff := gocmp.Diff(keys.Caller{}, got); diff != "" {
					t.Errorf("caller (-want +got):\n%s", diff)
				}
			}
		})
	}
	if _, err := a.Authenticate(t.Context(), good.Reveal()); err != nil {
		t.Errorf("the good key is refused after forgeries: %v", err)
	}
}

func revokedInTime(t *testing.T, tb table.Table) {
	for name, tc := range map[string]struct{ opts, most time.Duration }{
		"10 seconds by default": {0, 10 * time.Second},
		"as it is set":          {3 * time.Second, 3 * time.Second},
		"at once":               {-1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			s := keys.NewStore(tb, c.now)
			a := keys.NewAuthenticator(s, keys.Options{TTL: tc.opts}, c.now)
			r, secret := create(t, s, search)
			admitted := func() bool {
				_, err := a.Authenticate(t.Context(), secret.Reveal())
				if err != nil {
					wantRefusal(t, err, keys.CodeRevoked, true)
				}
				return err == nil
			}
			if !admitted() {
				t.Fatal("a good key is refused")
			}
			if err := s.Revoke(t.Context(), r.ID); err != nil {
				t.Fatal(err)
			}
			if tc.most > 0 {
				// Using it does not make it live longer.
				for range 4 {
					if !admitted() {
						t.Error("what is remembered is not used")
					}
					c.advance(tc.most / 4)
				}
			}
			if admitted() {
				t.Errorf("admitted %v after it was revoked", tc.most)
			}
		})
	}
}

func expiresInTime(t *testing.T, tb table.Table) {
	c := newClock()
	s := keys.NewStore(tb, c.now)
	a := keys.NewAuthenticator(s, keys.Options{TTL: time.Hour}, c.now)
	_, secret := create(t, s, keys.Spec{Team: "search", App: "web", Expires: noon.Add(time.Second)})
	if _, err := a.Authenticate(t.Context(), secret.Reveal()); err != nil {
		t.Fatal(err)
	}
	c.advance(999 * time.Millisecond)
	if _, err := a.Authenticate(t.Context(), secret.Reveal()); err != nil {
		t.Errorf("refused before its time: %v", err)
	}
	c.advance(time.Millisecond)
	_, err := a.Authenticate(t.Context(), secret.Reveal())
	wantRefusal(t, err, keys.CodeExpired, true)
}

func newKey(t *testing.T, tb table.Table) {
	for i, tc := range []struct {
		name string
		opts keys.Options
		most time.Duration
	}{
		{"after 2 seconds by default", keys.Options{}, 2 * time.Second},
		{"as it is set", keys.Options{Unknown: 5 * time.Second}, 5 * time.Second},
		{"no later than a known one ends", keys.Options{TTL: time.Second}, time.Second},
		{"at once", keys.Options{TTL: -1}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newClock()
			s := keys.NewStore(tb, c.now)
			a := keys.NewAuthenticator(s, tc.opts, c.now)
			random := bytes.Repeat([]byte{5}, 44)
			random[0] = byte(17 + i) // its own id
			early := generate(t, bytes.NewReader(random)).Reveal()
			_, err := a.Authenticate(t.Context(), early)
			wantRefusal(t, err, "", true)

			s.SetRandom(bytes.NewReader(random))
			create(t, s, search)
			if tc.most > 0 {
				c.advance(tc.most - 1)
				_, err = a.Authenticate(t.Context(), early)
				wantRefusal(t, err, "", true) // that it is unknown is remembered
				c.advance(1)
			}
			if _, err = a.Authenticate(t.Context(), early); err != nil {
				t.Errorf("still refused: %v", err)
			}
		})
	}
}

func storeAway(t *testing.T, tb table.Table) {
	c := newClock()
	store := tabletest.NewFaulty(tb, nil)
	s := keys.NewStore(store, c.now)
	a := keys.NewAuthenticator(s, keys.Options{}, c.now)
	_, secret := create(t, s, search)
	_, other := create(t, s, search)
	authenticate := func(key string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		_, err := a.Authenticate(ctx, key)
		return err
	}
	if err := authenticate(secret.Reveal()); err != nil {
		t.Fatal(err)
	}
	store.Set(func(tabletest.Call) tabletest.Fault { return tabletest.Throttled })
	c.advance(10*time.Second - 1)
	if err := authenticate(secret.Reveal()); err != nil {
		t.Errorf("what is remembered is not used: %v", err)
	}
	wantKind(t, authenticate(other.Reveal()), fault.StoreDown)
	c.advance(1)
	wantKind(t, authenticate(secret.Reveal()), fault.StoreDown) // not a moment longer
	store.Set(nil)
	for _, key := range []keys.Secret{secret, other} {
		if err := authenticate(key.Reveal()); err != nil {
			t.Errorf("refused when the store is back: %v", err)
		}
	}
}

func canary(t *testing.T, tb table.Table) {
	var logs bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := newClock()
	store := tabletest.NewFaulty(tb, nil)
	s := keys.NewStore(store, c.now)
	r, secret := create(t, s, search)
	log.LogAttrs(t.Context(), slog.LevelInfo, "key made", slog.Any("record", r), slog.Any("secret", secret))
	key := secret.Reveal()
	tell := func(key string) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		caller, err := keys.NewAuthenticator(s, keys.Options{}, c.now).Authenticate(ctx, key)
		f := fault.Of(err)
		if f == nil {
			f = &fault.Error{}
		}
		log.LogAttrs(ctx, slog.LevelInfo, "tried", slog.Any("caller", caller), slog.Any("error", err), slog.String("public", f.Public), slog.Any("fault", f))
	}
	for i := range key {
		tell(key[:i])
	}
	tell(key)
	tell(forged(t, r.ID))
	tell(key + key)
	tell(strings.ToLower(key))
	store.Set(func(tabletest.Call) tabletest.Fault { return tabletest.LostAfter })
	tell(key)
	store.Set(nil)
	if err := s.Revoke(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	tell(key)
	lower := strings.ToLower(logs.String())
	for i := 21; i+8 <= len(key); i++ {
		if part := strings.ToLower(key[i : i+8]); strings.Contains(lower, part) {
			t.Fatalf("%q of the key is in the log:\n%s", part, logs.String())
		}
	}
	if !strings.Contains(logs.String(), r.ID) {
		t.Error("the log does not say which key it was")
	}
}

func TestCallerAllows(t *testing.T) {
	for name, tc := range map[string]struct {
		models            []string
		requested, target string
		want              bool
	}{
		"no patterns allow all":        {nil, "claude", "anthropic/claude", true},
		"by the name asked for":        {[]string{"claude"}, "claude", "anthropic/claude-sonnet-4-5", true},
		"by the target":                {[]string{"anthropic/*"}, "claude", "anthropic/claude-sonnet-4-5", true},
		"by the second pattern":        {[]string{"gpt-*", "cl*"}, "claude", "anthropic/x", true},
		"neither":                      {[]string{"gpt-*"}, "claude", "anthropic/x", false},
		"a prefix is not a pattern":    {[]string{"claude"}, "claude-opus", "anthropic/claude-opus", false},
		"a provider is not its prefix": {[]string{"bedrock/*"}, "x", "bedrockz/x", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (keys.Caller{Models: tc.models}).Allows(tc.requested, tc.target); got != tc.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
